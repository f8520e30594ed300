package sinks

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"

	"pitstop/schemas/record"
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
	stages := append(slices.Clone(l.Through), Stage{l.group(), l.topics})
	o, err := l.offsets(ctx, stages)
	if err != nil {
		return nil, err
	}
	return append(l.written(o, now), l.through(o, now, stages)...), nil
}

// group is the consumer group of the sink.
func (l *loop) group() string { return record.Prefix + l.Name }

// offsets are how far groups have come, and where the partitions begin and end.
type offsets struct {
	committed    kadm.FetchOffsetsResponses
	starts, ends kadm.ListedOffsets
}

func (l *loop) offsets(ctx context.Context, stages []Stage) (o offsets, err error) {
	groups := make([]string, len(stages))
	for i, s := range stages {
		groups[i] = s.Group
	}
	o.committed = l.admin.FetchManyOffsets(ctx, groups...) // before the ends: see sight
	for _, group := range o.committed {
		if group.Err != nil && !errors.Is(group.Err, kerr.GroupIDNotFound) { // one that has not begun has read nothing
			return o, group.Err
		}
	}
	if o.ends, err = l.admin.ListEndOffsets(ctx, l.topics...); err == nil {
		err = o.ends.Error()
	}
	if err != nil {
		return o, err
	}
	o.starts, err = l.admin.ListStartOffsets(ctx, l.topics...)
	return o, err
}

func (o offsets) reached(group, topic string, id int32) int64 {
	position := int64(-1)
	if start, ok := o.starts.Lookup(topic, id); ok {
		position = start.Offset // what is before it is gone
	}
	if c, ok := o.committed[group].Fetched.Lookup(topic, id); ok {
		position = max(position, c.At)
	}
	return position
}

func (o offsets) sight(id int32) sight {
	return sight{
		reached: func(group, topic string) int64 { return o.reached(group, topic, id) },
		end:     func(topic string) int64 { e, _ := o.ends.Lookup(topic, id); return e.Offset },
	}
}

// written are the marks of the sink itself.
func (l *loop) written(o offsets, now time.Time) (marks []Mark) {
	next := make(targets, len(l.targets))
	for topic, partitions := range o.ends {
		for id, end := range partitions {
			position, p := o.reached(l.group(), topic, id), partition{topic, id}
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
	return marks
}

// through are the marks of Everything, where there are stages before the sink.
func (l *loop) through(o offsets, now time.Time, stages []Stage) (marks []Mark) {
	if len(l.Through) == 0 {
		return nil
	}
	waves := make(map[int32]*wave)
	o.ends.Each(func(e kadm.ListedOffset) {
		id := e.Partition
		if _, followed := waves[id]; followed { // on another topic
			return
		}
		last, under := follow(l.waves[id], now, o.sight(id), stages)
		if !last.IsZero() {
			marks = append(marks, Mark{Everything, id, last})
		}
		waves[id] = under
	})
	l.waves = waves
	return marks
}
