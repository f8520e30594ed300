package app

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"pitstop/processors/stream"
	"pitstop/schemas/kafka"
	"pitstop/schemas/record"
)

// place is a partition that a consumer reads.
type place struct {
	consumer, topic string
	partition       int32
}

// position is a consumer's offset in a partition, and the partition's end.
type position struct {
	place
	at, end int64
}

func (p position) lag() int64 { return max(p.end-p.at, 0) }

// positionsOf returns the positions of consumers, and the sum of the end offsets of
// all topics: two calls that return the same sum had no write in between.
func positionsOf(ctx context.Context, adm *kadm.Client, consumers []record.Consumer) (all []position, end int64, err error) {
	var topics, groups []string
	for _, t := range record.Topics() {
		topics = append(topics, t.Name)
	}
	for _, c := range consumers {
		groups = append(groups, c.Group())
	}
	committed, err := kafka.Committed(ctx, adm, groups...) // before the ends: a lag may come out too large, never too small
	if err != nil {
		return nil, 0, err
	}
	ends, err := kafka.Ends(ctx, adm, topics...)
	if err != nil {
		return nil, 0, err
	}
	ends.Each(func(e kadm.ListedOffset) { end += e.Offset })
	starts := sync.OnceValues(func() (kadm.ListedOffsets, error) { return kafka.Starts(ctx, adm, topics...) })
	for _, c := range consumers {
		for _, t := range c.Reads {
			for id, e := range ends[t.Name] {
				at, err := reached(committed[c.Group()], e, starts)
				if err != nil {
					return nil, 0, err
				}
				all = append(all, position{place{c.Name, t.Name, id}, at, e.Offset})
			}
		}
	}
	return all, end, nil
}

// reached returns the offset that a group committed, else the partition's start.
func reached(committed kadm.OffsetResponses, end kadm.ListedOffset, starts func() (kadm.ListedOffsets, error)) (int64, error) {
	if o, ok := committed.Lookup(end.Topic, end.Partition); ok || end.Offset == 0 {
		return o.At, nil
	}
	all, err := starts()
	start, _ := all.Lookup(end.Topic, end.Partition)
	return start.Offset, err
}

// ages estimate the lag of consumers in seconds. The age of the next record would
// have to be read; instead they remember when an end offset was seen.
type ages map[place]age

type age struct {
	done time.Time // everything logged until then has been read
	end  int64     // the next end to reach, and when it was seen
	at   time.Time
}

// of returns a consumer's lag in time, as far as is known.
func (a ages) of(p position, now time.Time) time.Duration {
	g, known := a[p.place]
	switch {
	case p.lag() == 0, !known:
		g = age{done: now, end: p.end, at: now}
	case p.at >= g.end:
		g = age{done: g.at, end: p.end, at: now}
	}
	a[p.place] = g
	return now.Sub(g.done)
}

// Lag returns the lag in records of each of record.Consumers, and the sum of the end
// offsets of all topics.
func (p *Pipeline) Lag(ctx context.Context) (behind []int64, end int64, err error) {
	positions, end, err := positionsOf(ctx, p.adm, record.Consumers)
	if err != nil {
		return nil, 0, err
	}
	behind = make([]int64, len(record.Consumers))
	for i, c := range record.Consumers {
		for _, at := range positions {
			if at.consumer == c.Name {
				behind[i] += at.lag()
			}
		}
	}
	return behind, end, nil
}

// Settled waits until no timer is due and every consumer has no lag, twice in a row
// without a write in between.
func (p *Pipeline) Settled(ctx context.Context, now func() time.Time) error {
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	quiet := int64(-1)
	for {
		behind, end, err := p.Lag(ctx)
		if err != nil {
			return err
		}
		switch {
		case slices.Max(behind) > 0, slices.ContainsFunc(p.monitors, func(m *stream.Monitor) bool { return m.Due(now()) }):
			quiet = -1
		case end == quiet:
			return nil
		default:
			quiet = end
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-look.C:
		}
	}
}
