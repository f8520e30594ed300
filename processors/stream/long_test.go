package stream_test

import (
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/processors/stream"
	"pitstop/processors/stream/streamtest"
	"pitstop/schemas/kafka/kafkatest"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// long skips a test that takes minutes, unless they are asked for: make test-long.
func long(t *testing.T) {
	t.Helper()
	if os.Getenv("PITSTOP_TEST_LONG") == "" {
		t.Skip("takes minutes: make test-long")
	}
}

// until waits until something holds.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for began := time.Now(); !holds(); time.Sleep(100 * time.Millisecond) {
		if time.Since(began) > 20*time.Minute {
			t.Fatalf("not after 20 minutes: %s", what)
		}
	}
}

// Two million timers are due when a member starts. Each fires once, over some hundred
// transactions, none of which is aborted.
func TestLong_TwoMillionTimers(t *testing.T) {
	long(t)
	const n = 2_000_000
	c := kafkatest.Start(t, 4)
	p := new(slowly)
	t.Run("a first start", func(t *testing.T) {
		m := run(t, c, p.processor(), time.Now)
		commands(t, c, 8)
		until(t, "the commands are handled", func() bool { return m.count(t, "pitstop_processor_records_total", "lifecycle") >= 8 })
	})
	change, err := c.Codec.Encode(&record.Change{Timers: []record.TimerEntry{{Name: "due", Due: time.Now().Add(-time.Hour), CorrelationID: "c"}}})
	if err != nil {
		t.Fatal(err)
	}
	cl, failed := c.Client(t), make(chan error, 1)
	for i := range n {
		r := &kgo.Record{Topic: record.LifecycleProcessor.Changelog().Name, Key: fmt.Appendf(nil, "key-%023d", i), Value: change}
		cl.Produce(t.Context(), r, func(_ *kgo.Record, err error) {
			if err != nil {
				select {
				case failed <- err:
				default:
				}
			}
		})
	}
	if err := cl.Flush(t.Context()); err != nil || len(failed) > 0 {
		t.Fatal(err, len(failed))
	}
	began := time.Now()
	m := run(t, c, p.processor(), time.Now)
	until(t, "all have fired", func() bool { return p.firings() >= n && !m.Due(time.Now()) })
	t.Logf("%d timers fired within %s, in %d transactions", n, time.Since(began), m.count(t, transactions, "committed"))
	if aborted := m.count(t, transactions, "aborted"); aborted > 0 || p.firings() != n {
		t.Errorf("%d transactions were aborted, %d timers fired", aborted, p.firings())
	}
	if got := m.count(t, "pitstop_processor_outputs_total", record.Outcomes.Name); got != n {
		t.Errorf("%d answers, want %d", got, n)
	}
}

// A thousand commands wait for a repair whose state takes a megabyte.
func TestLong_LargeState(t *testing.T) {
	long(t)
	c := kafkatest.Start(t, 1)
	m := run(t, c, stream.Processor[hoard]{
		Consumer: record.Consumer{Name: record.LifecycleProcessor.Name, Reads: []record.Topic{record.Commands}, Stateful: true},
		Record: func(c *stream.Context, s *hoard, _ record.Headed) error {
			for i := range 10_000 - len(s.Things) {
				s.Things = append(s.Things, thing{fmt.Sprintf("%099d", i)})
			}
			if s.N++; s.N > 2000 {
				return errors.New("too many")
			}
			c.Emit(record.Outcomes, &repair.Outcome{Verdict: repair.Verdict{Sequence: s.N}})
			return nil
		},
	}, time.Now)
	var all []record.Headed
	want := make(map[int64]int)
	for i := range 1000 {
		all, want[int64(i+1)] = append(all, streamtest.Start("r", time.Now())), 1
	}
	began := time.Now()
	c.Produce(t, c.Client(t), record.Commands, all...)
	until(t, "all are handled", func() bool { return m.count(t, "pitstop_processor_records_total", "lifecycle") >= 1000 })
	t.Logf("handled within %s, in %d transactions", time.Since(began), m.count(t, transactions, "committed"))
	if d := cmp.Diff(want, answers(t, c)); d != "" {
		t.Errorf("answers (-want +got):\n%s", d)
	}
	if aborted := m.count(t, transactions, "aborted"); aborted > 0 {
		t.Errorf("%d transactions were aborted", aborted)
	}
}

// hoard is a large state of many parts.
type hoard struct {
	N      int64   `avro:"n"`
	Things []thing `avro:"things"`
}

type thing struct {
	Name string `avro:"name"`
}
