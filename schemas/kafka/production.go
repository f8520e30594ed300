package kafka

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Production is what is produced in one transaction. It is for one goroutine.
type Production struct {
	client *kgo.Client
	first  *kgo.FirstErrPromise
	places map[place]struct{} // that records went to; for the promises until Wait has waited for those
}

// NewProduction returns one of a client that is in a transaction.
func NewProduction(cl *kgo.Client) *Production {
	return &Production{client: cl, first: kgo.AbortingFirstErrPromise(cl), places: make(map[place]struct{})}
}

// Add produces a record. The first that fails aborts those that are on their way.
func (p *Production) Add(ctx context.Context, r *kgo.Record) {
	done := p.first.Promise()
	p.client.Produce(ctx, r, func(r *kgo.Record, err error) {
		if err == nil {
			p.places[place{r.Topic, r.Partition}] = struct{}{}
		}
		done(r, err)
	})
}

// Wait waits until the brokers have every record, and returns the first error. Only then
// may the transaction end.
//
// It waits for the client, too. The first records to a topic are on their way before
// franz-go 1.22.3 has stored that topic's partitions (storePartitionsUpdate defers it).
// A transaction that ends in between, without offsets, seems empty to it: it is aborted,
// and EndTransaction returns no error.
func (p *Production) Wait(ctx context.Context) error {
	if err := p.client.Flush(ctx); err != nil {
		return fmt.Errorf("produce: %w", err)
	}
	if err := p.first.Err(); err != nil {
		return fmt.Errorf("produce: %w", err)
	}
	for at := range p.places {
		for !p.stored(at) {
			select {
			case <-ctx.Done():
				return fmt.Errorf("produce: find %s[%d]: %w", at.topic, at.partition, ctx.Err())
			case <-time.After(time.Millisecond):
			}
		}
	}
	return nil
}

// stored reports whether the client knows a partition that it has written to.
func (p *Production) stored(at place) bool {
	leader, _, _ := p.client.PartitionLeader(at.topic, at.partition)
	return leader >= 0
}
