// Package topics reads and writes the topics of a pipeline from outside.
package topics

import (
	"context"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/deploy/e2e/expect"
)

// Log is a connection to the Kafka of a pipeline.
type Log struct {
	testing.TB
	Client *kgo.Client
}

// Open connects to Kafka; the connection is closed when the test ends.
func Open(t testing.TB, brokers string) Log {
	t.Helper()
	client, err := kgo.NewClient(
		kgo.SeedBrokers(brokers), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.KeepControlRecords(), // or a partition's end would never be reached
	)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return Log{t, client}
}

// Partitions returns the number of partitions of a topic.
func (l Log) Partitions(topic string) int32 {
	l.Helper()
	ends, err := kadm.NewClient(l.Client).ListEndOffsets(l.Context(), topic)
	if err != nil || ends.Error() != nil || len(ends[topic]) == 0 {
		l.Fatalf("partitions of %s: %v, %v", topic, err, ends.Error())
	}
	return int32(len(ends[topic]))
}

// About returns the records of a topic about a repair, or about all if repairID is
// empty, each partition in order.
func (l Log) About(topic, repairID string) (found []*kgo.Record) {
	l.Helper()
	ctx, cancel := context.WithTimeout(l.Context(), expect.Patience)
	defer cancel()
	ends, err := kadm.NewClient(l.Client).ListCommittedOffsets(ctx, topic)
	if err != nil || ends.Error() != nil {
		l.Fatalf("ends of %s: %v, %v", topic, err, ends.Error())
	}
	from := make(map[int32]kgo.Offset)
	open := make(map[int32]int64)
	for partition, end := range ends[topic] {
		from[partition] = kgo.NewOffset().AtStart()
		if end.Offset > 0 {
			open[partition] = end.Offset
		}
	}
	l.Client.AddConsumePartitions(map[string]map[int32]kgo.Offset{topic: from})
	defer l.Client.PurgeTopicsFromConsuming(topic)
	for len(open) > 0 {
		fetches := l.Client.PollFetches(ctx)
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

// Write produces records to the topic and partition that each names.
func (l Log) Write(records ...*kgo.Record) {
	l.Helper()
	if err := l.Client.ProduceSync(l.Context(), records...).FirstErr(); err != nil {
		l.Fatal(err)
	}
}

// Repeat produces copies of records, as a producer that retries may.
func (l Log) Repeat(records ...*kgo.Record) {
	l.Helper()
	for _, r := range records {
		l.Write(&kgo.Record{Topic: r.Topic, Partition: r.Partition, Key: r.Key, Value: r.Value, Headers: r.Headers})
	}
}
