package sinks

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"

	"pitstop/schemas"
)

// Mark says that everything a partition held at AsOf has been written; of
// Everything, with all that follows from it.
type Mark struct {
	Topic     string
	Partition int32
	AsOf      time.Time
}

// targets are, per partition that is behind, an end it had and when it had it.
type targets map[partition]target

type partition struct {
	topic string
	id    int32
}

type target struct {
	end int64
	at  time.Time
}

// patience is how long the brokers may take to say how far everything is.
const patience = 5 * time.Second

// beat finds out whether the brokers answer and, where somebody asks, how far
// the group has come: a partition whose committed offset has reached the end it
// had at some time is written up to that time, whoever of the group wrote it.
// So marks advance on an idle log too, and under load they lag by about a pulse
// more. What an open transaction holds counts as not written.
func (l *loop) beat(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if l.Mark == nil {
		if err := l.client.Ping(ctx); err != nil {
			return fmt.Errorf("%w: no broker answers: %w", ErrAway, err)
		}
		return nil
	}
	marks, err := l.marks(ctx)
	if err != nil {
		return fmt.Errorf("%w: ask the brokers how far the sink is: %w", ErrAway, err)
	}
	if len(marks) == 0 {
		return nil
	}
	return l.Mark(ctx, marks)
}

func (l *loop) marks(ctx context.Context) ([]Mark, error) {
	now := l.Now() // before anything is asked for
	own := schemas.Prefix + l.Name
	stages := append(slices.Clone(l.Through), Stage{own, l.topics})
	groups := make([]string, len(stages))
	for i, s := range stages {
		groups[i] = s.Group
	}
	committed := l.admin.FetchManyOffsets(ctx, groups...) // before the ends: see sight
	for _, group := range committed {
		if group.Err != nil && !errors.Is(group.Err, kerr.GroupIDNotFound) { // one that has not begun has read nothing
			return nil, group.Err
		}
	}
	ends, err := l.admin.ListEndOffsets(ctx, l.topics...)
	if err == nil {
		err = ends.Error()
	}
	if err != nil {
		return nil, err
	}
	starts, err := l.admin.ListStartOffsets(ctx, l.topics...)
	if err != nil {
		return nil, err
	}
	reached := func(group, topic string, id int32) int64 {
		position := int64(-1)
		if start, ok := starts.Lookup(topic, id); ok {
			position = start.Offset // what is before it is gone
		}
		if o, ok := committed[group].Fetched.Lookup(topic, id); ok {
			position = max(position, o.At)
		}
		return position
	}

	var marks []Mark
	next := make(targets, len(l.targets))
	sights := make(map[int32]sight)
	for topic, partitions := range ends {
		for id, end := range partitions {
			sights[id] = sight{
				reached: func(group, topic string) int64 { return reached(group, topic, id) },
				end:     func(topic string) int64 { e, _ := ends.Lookup(topic, id); return e.Offset },
			}
			position, p := reached(own, topic, id), partition{topic, id}
			t, waiting := l.targets[p]
			switch {
			case position >= end.Offset:
				marks = append(marks, Mark{topic, id, now})
				continue
			case !waiting:
				t = target{end.Offset, now}
			case position >= t.end:
				marks = append(marks, Mark{topic, id, t.at})
				t = target{end.Offset, now}
			}
			next[p] = t
		}
	}
	l.targets = next
	if len(l.Through) == 0 {
		return marks, nil
	}
	waves := make(map[int32]*wave)
	for id, s := range sights {
		through, under := follow(l.waves[id], now, s, stages)
		if !through.IsZero() {
			marks = append(marks, Mark{Everything, id, through})
		}
		waves[id] = under
	}
	l.waves = waves
	return marks, nil
}
