package e2e

import (
	"context"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/schemas/kafka"
)

// log is the pipeline's Kafka, as a checker reaches it.
type log struct {
	testing.TB
	client *kgo.Client
}

func (p *process) log(t testing.TB) log {
	t.Helper()
	client, err := kgo.NewClient(
		kgo.SeedBrokers(p.Kafka), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.KeepControlRecords(), // so that a partition's end is reached
	)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return log{t, client}
}

// partitions is how many a topic has.
func (l log) partitions(topic string) int32 {
	l.Helper()
	ends, err := kafka.Ends(l.Context(), kadm.NewClient(l.client), topic)
	if err != nil || len(ends[topic]) == 0 {
		l.Fatalf("partitions of %s: %v", topic, err)
	}
	return int32(len(ends[topic]))
}

// about gives the records of a topic about a repair, or about all, in order.
func (l log) about(topic, repairID string) (found []*kgo.Record) {
	l.Helper()
	ctx, cancel := context.WithTimeout(l.Context(), patience)
	defer cancel()
	ends, err := kafka.StableEnds(ctx, kadm.NewClient(l.client), topic)
	if err != nil {
		l.Fatal(err)
	}
	from := make(map[int32]kgo.Offset)
	open := make(map[int32]int64)
	for partition, end := range ends[topic] {
		from[partition] = kgo.NewOffset().AtStart()
		if end.Offset > 0 {
			open[partition] = end.Offset
		}
	}
	l.client.AddConsumePartitions(map[string]map[int32]kgo.Offset{topic: from})
	defer l.client.PurgeTopicsFromConsuming(topic)
	for len(open) > 0 {
		fetches := l.client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			l.Fatalf("read %s: %v", topic, err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			if !r.Attrs.IsControl() && (repairID == "" || string(r.Key) == repairID) {
				found = append(found, r)
			}
			if r.Offset+1 >= open[r.Partition] {
				delete(open, r.Partition)
			}
		})
	}
	return found
}

// write appends records where they say.
func (l log) write(records ...*kgo.Record) {
	l.Helper()
	if err := l.client.ProduceSync(l.Context(), records...).FirstErr(); err != nil {
		l.Fatal(err)
	}
}

// repeat appends copies of records, as a producer that retries would.
func (l log) repeat(records ...*kgo.Record) {
	l.Helper()
	for _, r := range records {
		l.write(&kgo.Record{Topic: r.Topic, Partition: r.Partition, Key: r.Key, Value: r.Value, Headers: r.Headers})
	}
}
