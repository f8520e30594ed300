package stream

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/schemas/avro"
)

// partitionBatch holds what one poll returned for one partition number, topic by
// topic in the order of the processor's inputs.
type partitionBatch struct {
	partition int32
	records   []consumed
}

type consumed struct {
	*kgo.Record
	decoded any
	err     error // why there is no decoded
}

// decode decodes the records of a poll. While the registry cannot be asked about a
// schema, or does not know it yet, it waits: neither must make dead letters.
func (m *member) decode(ctx context.Context, fetches kgo.Fetches) ([]partitionBatch, error) {
	batch := m.order(fetches)
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		err := m.decodeAll(ctx, batch)
		if err == nil {
			return batch, nil
		}
		m.Log.Warn("waiting for the schema registry", "error", err)
		m.Monitor.Stalled(err.Error())
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(wait):
		}
	}
}

// order sorts what a poll returned by partition, then by topic.
func (m *member) order(fetches kgo.Fetches) (batch []partitionBatch) {
	byPartition := make(map[int32]map[string][]*kgo.Record)
	fetches.EachPartition(func(p kgo.FetchTopicPartition) {
		if len(p.Records) == 0 {
			return
		}
		if byPartition[p.Partition] == nil {
			byPartition[p.Partition] = make(map[string][]*kgo.Record)
		}
		byPartition[p.Partition][p.Topic] = append(byPartition[p.Partition][p.Topic], p.Records...)
	})
	for _, partition := range slices.Sorted(maps.Keys(byPartition)) {
		b := partitionBatch{partition: partition}
		for _, topic := range m.logic.consumer.Subscription() {
			for _, r := range byPartition[partition][topic] {
				b.records = append(b.records, consumed{Record: r})
			}
		}
		batch = append(batch, b)
	}
	return batch
}

// decodeAll decodes those records that are not yet, and returns why not all could be.
// Of the schemas that the registry does not know it asks for every one: so they are
// waited for together, and not one after the other.
func (m *member) decodeAll(ctx context.Context, batch []partitionBatch) (unknown error) {
	for _, b := range batch {
		for i := range b.records {
			c := &b.records[i]
			if c.Attrs.IsControl() || c.decoded != nil || c.err != nil {
				continue
			}
			decoded, err := m.codec.Decode(ctx, c.Value)
			switch {
			case err == nil || errors.Is(err, avro.ErrUndecodable):
				c.decoded, c.err = decoded, err
			case errors.Is(err, avro.ErrUnknownSchema):
				unknown = err
			default:
				return err
			}
		}
	}
	return unknown
}
