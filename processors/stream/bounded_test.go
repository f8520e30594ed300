package stream_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"pitstop/processors/stream"
	"pitstop/processors/stream/streamtest"
	"pitstop/schemas/kafka"
	"pitstop/schemas/kafka/kafkatest"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// slowly is a processor whose records and timers take as long as they are told: each
// record adds one to its key, sets a timer that adds a hundred, and is answered, as is
// each timer.
type slowly struct {
	timer  time.Duration
	due    time.Time // zero: no timer is set
	mu     sync.Mutex
	record time.Duration
	fired  int
}

func (p *slowly) processor() stream.Processor[tally] {
	answer := func(c *stream.Context, s *tally, n int64) {
		s.N += n
		c.Emit(record.Outcomes, &repair.Outcome{Verdict: repair.Verdict{Sequence: s.N}})
	}
	return stream.Processor[tally]{
		Consumer: record.LifecycleProcessor,
		Record: func(c *stream.Context, s *tally, _ record.Headed) error {
			p.mu.Lock()
			took := p.record
			p.mu.Unlock()
			time.Sleep(took)
			answer(c, s, 1)
			if !p.due.IsZero() {
				c.SetTimer("due", p.due)
			}
			return nil
		},
		Timer: func(c *stream.Context, s *tally, _ stream.Timer) error {
			p.mu.Lock()
			p.fired++
			p.mu.Unlock()
			time.Sleep(p.timer)
			answer(c, s, 100)
			return nil
		},
	}
}

// firings returns how many timers have fired.
func (p *slowly) firings() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fired
}

func (p *slowly) takes(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.record = d
}

// member is a processor that runs, and must go on running until the test ends.
type member struct {
	streamtest.Member
	metrics *prometheus.Registry
	log     *warnings
}

// warnings is a log.
type warnings struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write adds to the log.
func (w *warnings) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(p)
}

// String returns all of it.
func (w *warnings) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

func run[S any](t *testing.T, c *kafkatest.Cluster, p stream.Processor[S], clock func() time.Time) member {
	t.Helper()
	m := member{metrics: prometheus.NewRegistry(), log: new(warnings)}
	m.Member = streamtest.Run(t, c, p, "a", func(o *stream.Options) {
		o.Clock, o.Metrics = clock, stream.NewMetrics(m.metrics)
		o.Log = slog.New(slog.NewTextHandler(m.log, &slog.HandlerOptions{Level: slog.LevelWarn}))
	})
	return m
}

// count returns a metric, summed up over the series that have a label's value.
func (m member) count(t *testing.T, name, value string) (n int) {
	t.Helper()
	families, err := m.metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, s := range f.GetMetric() {
			for _, l := range s.GetLabel() {
				if f.GetName() == name && l.GetValue() == value {
					n += int(s.GetCounter().GetValue()) + int(s.GetHistogram().GetSampleCount())
				}
			}
		}
	}
	return n
}

const transactions = "pitstop_processor_transaction_duration_seconds"

// commands produces a command for each of so many keys.
func commands(t *testing.T, c *kafkatest.Cluster, n int) {
	t.Helper()
	var all []record.Headed
	for i := range n {
		all = append(all, streamtest.Start(fmt.Sprintf("r%d", i), time.Now()))
	}
	c.Produce(t, c.Client(t), record.Commands, all...)
}

// answers counts the outcomes by their sequence.
func answers(t *testing.T, c *kafkatest.Cluster) map[int64]int {
	t.Helper()
	n := make(map[int64]int)
	for _, r := range c.ReadAll(t, record.Outcomes) {
		n[r.(*repair.Outcome).Sequence]++
	}
	return n
}

// A tick finds 1,000 timers due, which take 50 s together: they fire over several
// transactions, each once, though no new input comes. So do those of the other
// partition meanwhile.
func TestManyTimersDueAtOneTick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 1000
		c := kafkatest.Start(t, 2)
		p := &slowly{timer: 50 * time.Millisecond, due: time.Now().Add(time.Hour)}
		m := run(t, c, p.processor(), time.Now)
		commands(t, c, n)
		time.Sleep(time.Hour + 10*time.Second)
		if fired := p.firings(); fired == 0 || fired == n {
			t.Errorf("%d timers fired within 10 s", fired)
		}
		partitions := make(map[int32]bool)
		for i, r := range outcomes(t, c) {
			if i >= n {
				partitions[r.Partition] = true
			}
		}
		if len(partitions) != 2 {
			t.Errorf("timers fired of partitions %v", partitions)
		}
		time.Sleep(2 * time.Minute)
		if d := cmp.Diff(map[int64]int{1: n, 101: n}, answers(t, c)); d != "" {
			t.Errorf("answers (-want +got):\n%s", d)
		}
		if aborted := m.count(t, transactions, "aborted"); aborted > 0 || p.firings() != n {
			t.Errorf("%d transactions were aborted, %d timers fired, want none and %d", aborted, p.firings(), n)
		}
		if m.Due(time.Now()) {
			t.Error("a timer is still due")
		}
	})
}

// outcomes returns the committed records of the outcomes, in the order of their time.
func outcomes(t *testing.T, c *kafkatest.Cluster) []*kgo.Record {
	t.Helper()
	all := kafkatest.Records(t, c.Config, record.Outcomes)
	slices.SortStableFunc(all, func(a, b *kgo.Record) int { return a.Timestamp.Compare(b.Timestamp) })
	return all
}

// A queue of 1,000 records, at 30 ms each, takes longer than any transaction may: they
// go into several, and none is aborted.
func TestQueueOnASlowMachine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := kafkatest.Start(t, 1)
		commands(t, c, 1000)
		m := run(t, c, (&slowly{record: 30 * time.Millisecond}).processor(), time.Now)
		time.Sleep(2 * time.Minute)
		if d := cmp.Diff(map[int64]int{1: 1000}, answers(t, c)); d != "" {
			t.Errorf("answers (-want +got):\n%s", d)
		}
		if aborted := m.count(t, transactions, "aborted"); aborted > 0 {
			t.Errorf("%d transactions were aborted", aborted)
		}
		if err := m.Check(time.Now()); err != nil {
			t.Error(err)
		}
	})
}

// A machine that grows slow at once gives up what it will not finish in time, and goes on
// with less; when it is quick again, with more.
func TestMachineThatGrowsSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := kafkatest.Start(t, 1)
		p := new(slowly)
		m := run(t, c, p.processor(), time.Now)
		commands(t, c, 2000)
		time.Sleep(time.Minute)
		p.takes(100 * time.Millisecond)
		commands(t, c, 200)
		time.Sleep(10 * time.Second)
		if err := m.Check(time.Now()); err != nil {
			t.Errorf("after one abort: %v", err)
		}
		time.Sleep(3 * time.Minute)
		p.takes(0)
		before := m.count(t, transactions, "committed")
		commands(t, c, 2000)
		time.Sleep(time.Minute)
		if d := cmp.Diff(map[int64]int{1: 2000, 2: 2000, 3: 200}, answers(t, c)); d != "" {
			t.Errorf("answers (-want +got):\n%s", d)
		}
		if aborted := m.count(t, transactions, "aborted"); aborted != 1 {
			t.Errorf("%d transactions were aborted, want 1", aborted)
		}
		if n := m.count(t, transactions, "committed") - before; n > 20 {
			t.Errorf("2,000 records took %d transactions", n)
		}
	})
}

// A member whose transactions are aborted twice in a row is not ready and says why; and is
// ready when one is committed, or when nothing is left to be done.
func TestAbortedTwiceInARow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := kafkatest.Start(t, 1)
		m := run(t, c, new(slowly).processor(), time.Now)
		time.Sleep(time.Second)
		refused := func(times int) *kfake.FaultHandle {
			return c.Fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.TxnOffsetCommit}, Err: kerr.RebalanceInProgress, Count: times})
		}
		refused(1)
		commands(t, c, 10)
		time.Sleep(time.Minute)
		if err := m.Check(time.Now()); err != nil {
			t.Errorf("after one abort: %v", err)
		}
		forEver := refused(-1)
		commands(t, c, 10)
		time.Sleep(time.Minute)
		const want = "transactions in a row were aborted, the last because the group was rebalanced meanwhile"
		if err := m.Check(time.Now()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("readiness says %v, want %q", err, want)
		}
		if hits := forEver.Hits(); hits > 30 {
			t.Errorf("tried %d times in a minute", hits)
		}
		forEver.Remove()
		time.Sleep(time.Minute)
		if err := m.Check(time.Now()); err != nil {
			t.Errorf("after a commit: %v", err)
		}
		if d := cmp.Diff(map[int64]int{1: 10, 2: 10}, answers(t, c)); d != "" {
			t.Errorf("answers (-want +got):\n%s", d)
		}
	})
}

// tardy holds every transaction up until its time is over.
type tardy struct{}

// OnProduceRecordUnbuffered waits.
func (tardy) OnProduceRecordUnbuffered(*kgo.Record, error) { time.Sleep(2 * kafka.TransactionTimeout) }

// A member that ended twice because its transaction took too long is not ready when it is
// started again, not even while it waits: it may well fail in the same way.
func TestAbortedAndRestored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := kafkatest.Start(t, 1)
		m, quick := new(stream.Monitor), c.Config
		attempt := func(ctx context.Context, config kafka.Config) error {
			return stream.Run(ctx, new(slowly).processor(), stream.Options{Kafka: config, Instance: "a", Clock: time.Now, Log: c.Log, Monitor: m})
		}
		c.Hooks = []kgo.Hook{tardy{}}
		commands(t, &kafkatest.Cluster{Config: quick, Codec: c.Codec, Log: c.Log}, 1)
		for range 2 {
			if err := attempt(t.Context(), c.Config); err == nil {
				t.Fatal("it did not end")
			}
		}
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		done := make(chan error, 1)
		var said []string
		go func() {
			for range 300 {
				time.Sleep(10 * time.Millisecond)
				if err := m.Check(time.Now()); err != nil {
					said = append(said, err.Error())
				} else if len(answers(t, &kafkatest.Cluster{Config: quick, Codec: c.Codec, Log: c.Log})) == 0 {
					t.Error("ready before it committed anything")
				}
			}
			done <- m.Check(time.Now())
		}()
		if err := attempt(ctx, quick); err != nil {
			t.Error(err)
		}
		if err := <-done; err != nil {
			t.Errorf("after a commit: %v", err)
		}
		if len(said) == 0 || !strings.Contains(said[0], "2 transactions in a row were aborted, the last because") {
			t.Errorf("readiness said %q", said)
		}
	})
}

// sluggish takes its time over every record that a broker has acknowledged.
type sluggish struct{}

// OnProduceRecordUnbuffered waits.
func (sluggish) OnProduceRecordUnbuffered(*kgo.Record, error) { time.Sleep(100 * time.Millisecond) }

// Where writing what comes of 100 records takes 20 s, the member is aborted once, and goes
// on with as many as can be written in time.
func TestWritingTakesLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := kafkatest.Start(t, 1)
		commands(t, c, 200)
		slow := c.Config
		slow.Hooks = []kgo.Hook{sluggish{}}
		m, metrics := new(stream.Monitor), prometheus.NewRegistry()
		o := stream.Options{Kafka: slow, Instance: "a", Clock: time.Now, Log: c.Log, Monitor: m, Metrics: stream.NewMetrics(metrics)}
		if err := stream.Run(t.Context(), new(slowly).processor(), o); err == nil {
			t.Fatal("it was not aborted")
		}
		ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
		defer stop()
		if err := stream.Run(ctx, new(slowly).processor(), o); err != nil {
			t.Error(err)
		}
		if d := cmp.Diff(map[int64]int{1: 200}, answers(t, c)); d != "" {
			t.Errorf("answers (-want +got):\n%s", d)
		}
		if n := (member{metrics: metrics}).count(t, transactions, "aborted"); n != 1 {
			t.Errorf("%d transactions were aborted, want 1", n)
		}
	})
}

// quicken makes a member go on to many records in a transaction.
func quicken(t *testing.T, c *kafkatest.Cluster) {
	t.Helper()
	commands(t, c, 200)
	time.Sleep(10 * time.Second)
}

// Of the records of one key in one transaction one fails, or makes the state too large
// for the changelog: it alone is a dead letter, and what it did is dropped, but nothing
// that those before and after it did.
func TestOneOfManyFails(t *testing.T) {
	for name, test := range map[string]struct {
		fails   string
		grow    int // bytes that each record adds to the state
		reason  string
		letters int
		want    []int64
	}{
		"none":              {"", 0, "", 0, []int64{1, 2, 3, 4, 5}},
		"the third":         {"2", 0, kafka.Unhandled, 1, []int64{1, 2, 3, 4}},
		"too large in time": {"", 300_000, kafka.TooLarge, 2, []int64{1, 2, 3}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := kafkatest.Start(t, 1)
				p := stream.Processor[heap]{
					Consumer: record.LifecycleProcessor,
					Record: func(c *stream.Context, s *heap, r record.Headed) error {
						s.N++
						c.SetTimer(r.Head().EventID, time.Now().Add(time.Minute))
						c.Emit(record.Outcomes, &repair.Outcome{Verdict: repair.Verdict{Sequence: s.N}})
						if c.Key() == "r" {
							s.Bytes = append(s.Bytes, make([]byte, test.grow)...)
						}
						if r.Head().EventID == test.fails {
							return errors.New("oh")
						}
						return nil
					},
					Timer: func(c *stream.Context, s *heap, timer stream.Timer) error {
						if c.Key() == "r" {
							c.Emit(record.Events, &repair.VehicleCollected{Fact: repair.Fact{Sequence: s.N}})
						}
						return nil
					},
				}
				m := run(t, c, p, time.Now)
				quicken(t, c)
				var all []record.Headed
				for i := range 5 {
					cmd := streamtest.Start("r", time.Now())
					cmd.EventID = strconv.Itoa(i)
					all = append(all, cmd)
				}
				c.Produce(t, c.Client(t), record.Commands, all...)
				time.Sleep(5 * time.Minute)
				if name == "none" && m.count(t, transactions, "aborted") > 0 {
					t.Error("a transaction was aborted")
				}
				var got []int64
				for _, r := range c.ReadAll(t, record.Outcomes) {
					if o := r.(*repair.Outcome); o.AggregateID == "r" {
						got = append(got, o.Sequence)
					}
				}
				if d := cmp.Diff(test.want, got); d != "" {
					t.Errorf("answers (-want +got):\n%s", d)
				}
				letters := c.ReadAll(t, record.DeadLetters)
				if len(letters) != test.letters {
					t.Errorf("%d dead letters, want %d", len(letters), test.letters)
				}
				for _, r := range letters {
					if d := r.(*record.DeadLetter); d.Reason != test.reason {
						t.Errorf("a dead letter %s: %s, want %s", d.Reason, d.Detail, test.reason)
					}
				}
				if n := len(c.ReadAll(t, record.Events)); n != len(test.want) {
					t.Errorf("%d timers fired, want those of the %d that were handled", n, len(test.want))
				}
			})
		})
	}
}

// heap is a state that grows.
type heap struct {
	N     int64  `avro:"n"`
	Bytes []byte `avro:"bytes"`
}

// A clock that is two days ahead for a second ends nothing that has an hour to go: its ticks
// count as two minutes ahead of the brokers, which is counted, and told once.
func TestClockAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := kafkatest.Start(t, 2)
		began := time.Now()
		p := &slowly{due: began.Add(time.Hour)}
		m := run(t, c, p.processor(), func() time.Time {
			now := time.Now()
			if since := now.Sub(began); since > time.Minute && since < time.Minute+time.Second {
				return now.Add(48 * time.Hour)
			}
			return now
		})
		commands(t, c, 10)
		time.Sleep(57 * time.Minute)
		if fired := p.firings(); fired > 0 {
			t.Errorf("%d timers fired, three minutes before they are due at the earliest", fired)
		}
		if n := m.count(t, "pitstop_processor_clock_ahead_total", "lifecycle"); n == 0 {
			t.Error("it was not counted")
		}
		if n := strings.Count(m.log.String(), "a clock is ahead of the brokers'"); n != 1 {
			t.Errorf("it was told %d times:\n%s", n, m.log)
		}
		time.Sleep(5 * time.Minute)
		if fired := p.firings(); fired != 10 {
			t.Errorf("%d timers fired after their time, want 10", fired)
		}
	})
}
