package stream_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/processors/stream"
	"pitstop/processors/stream/streamtest"
	"pitstop/schemas/kafka"
	"pitstop/schemas/kafka/kafkatest"
	"pitstop/schemas/record"
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
			r := &kgo.Record{Topic: record.LifecycleProcessor.Changelog().Name, Partition: p, Value: []byte("half of it")}
			if err := killed.ProduceSync(t.Context(), r).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}

		began := time.Now()
		runLifecycle(t, c, "a")
		c.Produce(t, c.Client(t), record.Commands, streamtest.Start("r", began))
		for len(c.ReadAll(t, record.Outcomes)) == 0 && time.Since(began) < time.Minute {
			time.Sleep(50 * time.Millisecond)
		}
		if took := time.Since(began); took > kafka.TransactionTimeout/2 {
			t.Errorf("the first outcome came after %s", took)
		}
	})
}

// A process that was killed with offsets in its transaction keeps those of the whole
// group unstable until the broker times it out. Another one waits for that; if it
// failed instead, it would join again and again, and each time rebalance the group.
func TestOffsetsInTheTransactionOfAKilledProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := kafkatest.Start(t, 1)
		first := runLifecycle(t, c, "a")
		c.Produce(t, c.Client(t), record.Commands, streamtest.Start("r", time.Now()))
		time.Sleep(time.Second)
		first.Stop()

		streamtest.Unsettle(t, c, record.LifecycleProcessor, record.Commands, 7, kafka.TransactionTimeout)
		m := runLifecycle(t, c, "a") // and must not end
		time.Sleep(kafka.TransactionTimeout / 2)
		if err := m.Check(time.Now()); err == nil || !strings.Contains(err.Error(), "waiting for the transaction of another member") {
			t.Errorf("before it is timed out, readiness says %v", err)
		}
		now := time.Now()
		c.Produce(t, c.Client(t), record.Commands, streamtest.Request("r", now, now.Add(24*time.Hour)))
		time.Sleep(2 * kafka.TransactionTimeout)
		checkOutcomes(t, c, []string{"r"})
	})
}

// tally counts the records of a key.
type tally struct {
	N int64 `avro:"n"`
}

// pause holds a process up when its records are written and its transaction has not
// ended, until the channel is closed.
type pause <-chan struct{}

// OnProduceRecordUnbuffered waits.
func (p pause) OnProduceRecordUnbuffered(*kgo.Record, error) { <-p }

// runTally runs a member that counts.
func runTally(t *testing.T, c *kafkatest.Cluster, hooks ...kgo.Hook) (*stream.Monitor, <-chan error) {
	t.Helper()
	config := c.Config
	config.Hooks = hooks
	monitor, ended := new(stream.Monitor), make(chan error, 1)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	t.Cleanup(func() { stop(); <-done })
	go func() {
		defer close(done)
		ended <- stream.Run(ctx, stream.Processor[tally]{
			Consumer: record.Consumer{Name: record.LifecycleProcessor.Name, Reads: []record.Topic{record.Commands}, Stateful: true},
			Record: func(c *stream.Context, s *tally, _ record.Headed) error {
				s.N++
				c.Emit(record.Outcomes, &repair.Outcome{Verdict: repair.Verdict{Sequence: s.N}})
				return nil
			},
		}, stream.Options{Kafka: config, Instance: "a", Clock: time.Now, Log: c.Log, Monitor: monitor})
	}()
	return monitor, ended
}

// A process that is paused in the middle of a transaction is taken for dead, and
// another one takes its name. When it goes on, nothing of its transaction counts, and
// it ends rather than fence the other one in turn.
func TestReplacedInTheMiddleOfATransaction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := kafkatest.Start(t, 1)
		goOn := make(chan struct{})
		_, first := runTally(t, c, pause(goOn))
		time.Sleep(time.Second)
		c.Produce(t, c.Client(t), record.Commands, streamtest.Start("r", time.Now()))
		time.Sleep(time.Second) // it is paused
		second, _ := runTally(t, c)
		time.Sleep(time.Second)
		close(goOn)
		time.Sleep(5 * time.Second)
		select {
		case err := <-first:
			if !errors.Is(err, kafka.ErrFenced) {
				t.Errorf("the first ended with %v, want ErrFenced", err)
			}
		default:
			t.Error("the first still runs")
		}
		if err := second.Check(time.Now()); err != nil {
			t.Errorf("the second is not ready: %v", err)
		}
		c.Produce(t, c.Client(t), record.Commands, streamtest.Start("r", time.Now()))
		time.Sleep(time.Second)
		var counts []int64
		for _, r := range c.ReadAll(t, record.Outcomes) {
			counts = append(counts, r.(*repair.Outcome).Sequence)
		}
		if !slices.Equal(counts, []int64{1, 2}) {
			t.Errorf("the records were counted as %v", counts)
		}
	})
}

// A transaction that exceeded its timeout, say because the machine slept, is fenced
// too: but nobody took the process's name, and it may start again.
func TestTransactionThatTookTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := kafkatest.Start(t, 1)
		goOn := make(chan struct{})
		_, ended := runTally(t, c, pause(goOn))
		time.Sleep(time.Second)
		c.Produce(t, c.Client(t), record.Commands, streamtest.Start("r", time.Now()))
		time.Sleep(3 * kafka.TransactionTimeout)
		close(goOn)
		if err := <-ended; err == nil || errors.Is(err, kafka.ErrFenced) {
			t.Errorf("ended with %v, want an error that is not ErrFenced", err)
		}
		runTally(t, c)
		time.Sleep(time.Second)
		if n := len(c.ReadAll(t, record.Outcomes)); n != 1 {
			t.Errorf("%d outcomes, want 1", n)
		}
	})
}
