package kafka_test

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/schemas/kafka"
	"pitstop/schemas/kafka/kafkatest"
	"pitstop/schemas/record"
)

// A transaction whose records are the first to a topic is committed. The client may be slow
// to learn where they went, which no test can bring about: without Wait's waiting for it,
// some in 400 runs under the race detector ended as an abort.
func TestProductionOfTheFirstRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := kafkatest.Start(t, 2)
		cl := c.Client(t, kgo.TransactionalID("t"), kgo.RecordPartitioner(kgo.ManualPartitioner()))
		produced := func(n byte) *kgo.Record {
			return &kgo.Record{Topic: record.Events.Name, Partition: int32(n % 2), Key: []byte("k"), Value: []byte{n}}
		}
		for n := range byte(3) { // the last one's topic is known
			if err := cl.BeginTransaction(); err != nil {
				t.Fatal(err)
			}
			p := kafka.NewProduction(cl)
			p.Add(t.Context(), produced(n))
			if err := p.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := cl.EndTransaction(t.Context(), kgo.TryCommit); err != nil {
				t.Fatal(err)
			}
		}
		got := make(map[byte]bool)
		for _, r := range kafkatest.Records(t, c.Config, record.Events) {
			got[r.Value[0]] = true
		}
		if d := cmp.Diff(map[byte]bool{0: true, 1: true, 2: true}, got); d != "" {
			t.Errorf("committed (-want +got):\n%s", d)
		}
	})
}

// What the brokers refuse is Wait's error.
func TestProductionThatIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := kafkatest.Start(t, 1)
		cl := c.Client(t, kgo.TransactionalID("t"))
		kafkatest.RefuseWrites(c.Fake, kerr.TopicAuthorizationFailed, func() bool { return true })
		if err := cl.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		p := kafka.NewProduction(cl)
		p.Add(t.Context(), &kgo.Record{Topic: record.Events.Name, Key: []byte("k")})
		if err := p.Wait(t.Context()); !errors.Is(err, kerr.TopicAuthorizationFailed) {
			t.Errorf("got %v", err)
		}
	})
}
