package sinks

import (
	"context"
	"fmt"
	"time"

	"pitstop/schemas"
)

// Mark says that everything a partition held at AsOf has been written.
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
	now := l.Now() // before the ends are asked for
	ends, err := l.admin.ListEndOffsets(ctx, l.topics...)
	if err != nil {
		return nil, err
	}
	starts, err := l.admin.ListStartOffsets(ctx, l.topics...)
	if err != nil {
		return nil, err
	}
	committed, err := l.admin.FetchOffsets(ctx, schemas.Prefix+l.Name)
	if err != nil {
		return nil, err
	}
	var marks []Mark
	next := make(targets, len(l.targets))
	for topic, partitions := range ends {
		for id, end := range partitions {
			if end.Err != nil {
				return nil, fmt.Errorf("%s[%d]: %w", topic, id, end.Err)
			}
			position := int64(-1)
			if start, ok := starts.Lookup(topic, id); ok {
				position = start.Offset // what is before it is gone
			}
			if o, ok := committed.Lookup(topic, id); ok {
				position = max(position, o.At)
			}
			p := partition{topic, id}
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
	return marks, nil
}
