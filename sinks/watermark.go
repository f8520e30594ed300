package sinks

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"pitstop/schemas/kafka"
)

// Watermark says that everything a partition held at AsOf has been written; with
// EndToEnd as its topic, also all that follows from it.
type Watermark struct {
	Topic     string
	Partition int32
	AsOf      time.Time
}

// targets holds, for each partition with a lag, an end offset and when it was seen.
type targets map[partition]target

type partition struct {
	topic string
	id    int32
}

type target struct {
	end int64
	at  time.Time
}

// askLimit bounds the queries of offsets.
const askLimit = 5 * time.Second

// report checks that the brokers answer and, for Config.Watermarks, the group's
// progress: a partition whose committed offset has reached the end it had at some
// time is written up to that time, whichever member wrote it. So watermarks advance
// on idle topics too, and under load they lag by about a watermarkInterval more.
// Records of an open transaction count as not written.
func (l *loop) report(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	if l.Watermarks == nil {
		if err := kafka.Reach(ctx, l.client); err != nil {
			return fmt.Errorf("%w: no broker answers: %w", ErrAway, err)
		}
		return nil
	}
	watermarks, err := l.watermarks(ctx)
	if err != nil {
		return fmt.Errorf("%w: ask the brokers how far the sink is: %w", ErrAway, err)
	}
	if len(watermarks) == 0 {
		return nil
	}
	return l.Watermarks(ctx, watermarks)
}

func (l *loop) watermarks(ctx context.Context) ([]Watermark, error) {
	now := l.Now() // before the offsets are read
	stages := append(slices.Clone(l.Upstream), Stage{l.Consumer.Group(), l.topics})
	o, err := l.offsets(ctx, stages)
	if err != nil {
		return nil, err
	}
	return append(l.written(o, now), l.endToEnd(o, now, stages)...), nil
}

// offsets are the committed offsets of groups, and the partitions' starts and ends.
type offsets struct {
	committed    map[string]kadm.OffsetResponses
	starts, ends kadm.ListedOffsets
}

func (l *loop) offsets(ctx context.Context, stages []Stage) (o offsets, err error) {
	groups := make([]string, len(stages))
	for i, s := range stages {
		groups[i] = s.Group
	}
	if o.committed, err = kafka.Committed(ctx, l.admin, groups...); err != nil { // before the ends: see positions
		return o, err
	}
	if o.ends, err = kafka.Ends(ctx, l.admin, l.topics...); err != nil {
		return o, err
	}
	o.starts, err = kafka.Starts(ctx, l.admin, l.topics...)
	return o, err
}

func (o offsets) reached(group, topic string, id int32) int64 {
	position := int64(-1)
	if start, ok := o.starts.Lookup(topic, id); ok {
		position = start.Offset // earlier records are deleted
	}
	if c, ok := o.committed[group].Lookup(topic, id); ok {
		position = max(position, c.At)
	}
	return position
}

func (o offsets) positions(id int32) positions {
	return positions{
		reached: func(group, topic string) int64 { return o.reached(group, topic, id) },
		end:     func(topic string) int64 { e, _ := o.ends.Lookup(topic, id); return e.Offset },
	}
}

// written returns the watermarks of the sink itself.
func (l *loop) written(o offsets, now time.Time) (watermarks []Watermark) {
	next := make(targets, len(l.targets))
	for topic, partitions := range o.ends {
		for id, end := range partitions {
			position, p := o.reached(l.Consumer.Group(), topic, id), partition{topic, id}
			t, waiting := l.targets[p]
			switch {
			case position >= end.Offset:
				watermarks = append(watermarks, Watermark{topic, id, now})
				continue
			case !waiting:
				t = target{end.Offset, now}
			case position >= t.end:
				watermarks = append(watermarks, Watermark{topic, id, t.at})
				t = target{end.Offset, now}
			}
			next[p] = t
		}
	}
	l.targets = next
	return watermarks
}

// endToEnd returns the watermarks of EndToEnd, where there are stages before the sink.
func (l *loop) endToEnd(o offsets, now time.Time, stages []Stage) (watermarks []Watermark) {
	if len(l.Upstream) == 0 {
		return nil
	}
	underWay := make(map[int32]*inFlight)
	o.ends.Each(func(e kadm.ListedOffset) {
		id := e.Partition
		if _, followed := underWay[id]; followed { // on another topic
			return
		}
		last, next := follow(l.underWay[id], now, o.positions(id), stages)
		if !last.IsZero() {
			watermarks = append(watermarks, Watermark{EndToEnd, id, last})
		}
		underWay[id] = next
	})
	l.underWay = underWay
	return watermarks
}
