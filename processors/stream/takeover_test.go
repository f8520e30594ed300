package stream_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/processors/lifecycle"
	"pitstop/processors/stream"
	"pitstop/schemas"
	"pitstop/schemas/kafka"
	"pitstop/schemas/kafka/kafkatest"
	"pitstop/schemas/repair"
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

// tally is a count of the records of a key.
type tally struct {
	N int64 `avro:"n"`
}

// A process that stands still in the middle of a transaction is taken for dead, and
// another one takes its name. When it goes on, nothing of its transaction counts, and
// it ends rather than throw the other one out in turn.
func TestReplacedInTheMiddleOfATransaction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := kafkatest.Start(t, 1)
		goOn := make(chan struct{})
		first, second := make(chan error, 1), make(chan error, 1)
		ctx, stop := context.WithCancel(t.Context())
		run := func(ended chan error, wait <-chan struct{}) *stream.Monitor {
			m := new(stream.Monitor)
			go func() {
				ended <- stream.Run(ctx, stream.Processor[tally]{
					Name: lifecycle.Name, Inputs: []stream.Input{{Topic: schemas.Commands}},
					Record: func(c *stream.Context, s *tally, _ schemas.Headed) error {
						s.N++
						c.Emit(schemas.Outcomes, &repair.Outcome{Verdict: repair.Verdict{Sequence: s.N}})
						if wait != nil {
							<-wait
						}
						return nil
					},
				}, stream.Options{Kafka: c.Config, Instance: "a", Clock: time.Now, Log: c.Log, Monitor: m})
			}()
			return m
		}
		run(first, goOn)
		time.Sleep(time.Second)
		c.Produce(t, c.Client(t), schemas.Commands, start("r", time.Now()))
		time.Sleep(time.Second) // it stands still
		monitor := run(second, nil)
		time.Sleep(time.Second)
		close(goOn)
		time.Sleep(time.Minute)
		select {
		case err := <-first:
			if !errors.Is(err, stream.ErrFenced) {
				t.Errorf("the first ended with %v, want ErrFenced", err)
			}
		default:
			t.Error("the first still runs")
		}
		if err := monitor.Check(time.Now()); err != nil {
			t.Errorf("the second is not ready: %v", err)
		}
		c.Produce(t, c.Client(t), schemas.Commands, start("r", time.Now()))
		time.Sleep(time.Second)
		for i, r := range c.ReadAll(t, schemas.Outcomes) {
			if n := r.(*repair.Outcome).Sequence; n != int64(i+1) {
				t.Errorf("outcome %d counts %d records", i, n)
			}
		}
		stop()
		if err := <-second; err != nil {
			t.Error(err)
		}
	})
}
