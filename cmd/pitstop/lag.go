package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"pitstop/processors/latency"
	"pitstop/processors/lifecycle"
	"pitstop/processors/notification"
	"pitstop/processors/stream"
	"pitstop/schemas"
	"pitstop/sinks/clickhouse"
	"pitstop/sinks/email"
)

// readers are the consumer groups and what each reads.
var readers = []struct {
	name   string
	topics []schemas.Topic
}{
	{lifecycle.Name, []schemas.Topic{schemas.Commands, schemas.Ticks}},
	{notification.Name, []schemas.Topic{schemas.Events, schemas.Deliveries, schemas.Ticks}},
	{latency.Name, []schemas.Topic{schemas.Events, schemas.Notifications, schemas.Deliveries}},
	{"clickhouse", clickhouse.Topics},
	{email.Name, []schemas.Topic{schemas.Notifications}},
}

// lag gives how many records each reader has not read, and the sum of the ends of
// all topics, which tells whether anything was written in between. The embedded
// topics begin at 0: nothing is ever deleted from them.
func (p *pipeline) lag(ctx context.Context) (behind []int64, end int64, err error) {
	var topics, groups []string
	for _, t := range schemas.Topics() {
		topics = append(topics, t.Name)
	}
	for _, r := range readers {
		groups = append(groups, schemas.Prefix+r.name)
	}
	committed := p.adm.FetchManyOffsets(ctx, groups...) // before the ends: a lag may be too large, never too small
	if err := committed.Error(); err != nil {
		return nil, 0, fmt.Errorf("ask for committed offsets: %w", err)
	}
	ends, err := p.adm.ListEndOffsets(ctx, topics...)
	if err != nil {
		return nil, 0, fmt.Errorf("ask for ends: %w", err)
	}
	ends.Each(func(e kadm.ListedOffset) {
		if e.Err != nil {
			err = errors.Join(err, fmt.Errorf("end of %s[%d]: %w", e.Topic, e.Partition, e.Err))
		}
	})
	if err != nil {
		return nil, 0, err
	}
	for _, partitions := range ends {
		for _, e := range partitions {
			end += e.Offset
		}
	}
	behind = make([]int64, len(readers))
	for i, r := range readers {
		for _, t := range r.topics {
			for id, e := range ends[t.Name] {
				at, _ := committed[groups[i]].Fetched.Lookup(t.Name, id)
				behind[i] += max(e.Offset-max(at.At, 0), 0)
			}
		}
	}
	return behind, end, nil
}

// settled waits until every reader has read all there is, twice in a row without
// anything new in between, and no timer is due.
func (p *pipeline) settled(now func() time.Time) func(context.Context) error {
	return func(ctx context.Context) error {
		look := time.NewTicker(5 * time.Millisecond)
		defer look.Stop()
		quiet := int64(-1)
		for {
			behind, end, err := p.lag(ctx)
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
}
