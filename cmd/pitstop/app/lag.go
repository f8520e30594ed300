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

// place is a partition as a consumer sees it.
type place struct {
	consumer, topic string
	partition       int32
}

// position is how far a consumer is there.
type position struct {
	place
	at, end int64
}

func (p position) lag() int64 { return max(p.end-p.at, 0) }

// positionsOf returns how far consumers are, and the sum of the ends of all topics,
// which tells whether anything was written in between.
func positionsOf(ctx context.Context, adm *kadm.Client, consumers []record.Consumer) (all []position, end int64, err error) {
	var topics, groups []string
	for _, t := range record.Topics() {
		topics = append(topics, t.Name)
	}
	for _, c := range consumers {
		groups = append(groups, c.Group())
	}
	committed, err := kafka.Committed(ctx, adm, groups...) // before the ends: a lag may be too large, never too small
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

// reached is how far a group is: where it committed, else where the topic begins.
func reached(committed kadm.OffsetResponses, end kadm.ListedOffset, starts func() (kadm.ListedOffsets, error)) (int64, error) {
	if o, ok := committed.Lookup(end.Topic, end.Partition); ok || end.Offset == 0 {
		return o.At, nil
	}
	all, err := starts()
	start, _ := all.Lookup(end.Topic, end.Partition)
	return start.Offset, err
}

// ages remember what tells how long consumers are behind: not the age of a record,
// which would have to be read, but when an end was seen that is reached now.
type ages map[place]age

type age struct {
	done time.Time // all that was logged until then has been read
	end  int64     // the next one to reach, and when it was seen
	at   time.Time
}

// of returns how long a consumer is behind, as far as is known.
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

// Lag returns how many records each of record.Consumers has not read, and the sum of
// the ends of all topics.
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

// Settled waits until every consumer has read all there is, twice in a row without
// anything new in between, and no timer is due.
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
