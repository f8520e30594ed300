package stream_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/schemas"
	"pitstop/schemas/kafka"
	"pitstop/schemas/kafka/kafkatest"
)

// A process that was killed left a transaction open. The one that is started in its
// place ends it and goes on at once, rather than wait for the broker to time it out.
func TestOpenTransactionOfAKilledProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := kafkatest.Start(t, 4)
		killed := c.Client(t, kgo.TransactionalID("pitstop.lifecycle/a"),
			kgo.TransactionTimeout(kafka.TransactionTimeout), kgo.RecordPartitioner(kgo.ManualPartitioner()))
		if err := killed.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		for p := range int32(4) {
			r := &kgo.Record{Topic: schemas.Changelog("lifecycle").Name, Partition: p, Value: []byte("half of it")}
			if err := killed.ProduceSync(t.Context(), r).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}

		began := time.Now()
		runLifecycle(t, c, "a")
		c.Produce(t, c.Client(t), schemas.Commands, start("r", began))
		for len(c.ReadAll(t, schemas.Outcomes)) == 0 && time.Since(began) < time.Minute {
			time.Sleep(50 * time.Millisecond)
		}
		if took := time.Since(began); took > kafka.TransactionTimeout/2 {
			t.Errorf("the first outcome came after %s", took)
		}
	})
}
