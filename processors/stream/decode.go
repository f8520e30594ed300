package stream

import (
	"context"
	"errors"
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
// schema it waits: an unreachable registry must not make dead letters.
func (m *member) decode(ctx context.Context, fetches kgo.Fetches) ([]partitionBatch, error) {
	order := m.logic.topics()
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
	var batch []partitionBatch
	for partition, topics := range byPartition {
		b := partitionBatch{partition: partition}
		for _, topic := range order {
			for _, r := range topics[topic] {
				c, err := m.decodeRecord(ctx, r)
				if err != nil {
					return nil, err
				}
				b.records = append(b.records, c)
			}
		}
		batch = append(batch, b)
	}
	slices.SortFunc(batch, func(a, b partitionBatch) int { return int(a.partition) - int(b.partition) })
	return batch, nil
}

func (m *member) decodeRecord(ctx context.Context, r *kgo.Record) (consumed, error) {
	c := consumed{Record: r}
	if r.Attrs.IsControl() {
		return c, nil
	}
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		c.decoded, c.err = m.codec.Decode(ctx, r.Value)
		if c.err == nil || errors.Is(c.err, avro.ErrUndecodable) {
			return c, nil
		}
		m.Log.Warn("waiting for the schema registry", "error", c.err)
		m.Monitor.Stalled(c.err.Error())
		select {
		case <-ctx.Done():
			return c, ctx.Err()
		case <-time.After(wait):
		}
	}
}
