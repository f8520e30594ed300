package sinks

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/schemas"
	"pitstop/schemas/kafka"
	"pitstop/schemas/repair"
)

const partitions = 4

// rig is a broker in memory and what a test needs around it. It is made inside
// a synctest bubble.
type rig struct {
	t      *testing.T
	config kafka.Config
	codec  *schemas.Codec
	client *kgo.Client
	log    *slog.Logger
}

func newRig(t *testing.T) *rig {
	t.Helper()
	var net kfake.VirtualNetwork
	cluster, err := kfake.NewCluster(
		kfake.NumBrokers(1), kfake.Ports(9092), kfake.ListenFn(net.Listen),
		kfake.SeedTopics(partitions, schemas.Events.Name, schemas.DeadLetters.Name),
	)
	must(t, err)
	t.Cleanup(cluster.Close)
	codec, err := schemas.NewCodec()
	must(t, err)
	r := &rig{
		t: t, codec: codec, log: slog.New(slog.DiscardHandler),
		config: kafka.Config{Brokers: cluster.ListenAddrs(), RegistryURL: "http://localhost", Dialer: net.DialContext},
	}
	opts, err := r.config.Producer("test", r.log)
	must(t, err)
	r.client, err = kgo.NewClient(opts...)
	must(t, err)
	t.Cleanup(r.client.Close)
	return r
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// event is the n-th of many.
func (r *rig) event(n int) *kgo.Record {
	e := &repair.MessagePosted{Kind: repair.Text}
	e.AggregateID, e.EventID, e.OccurredAt = fmt.Sprint("r", n%17), fmt.Sprint("e", n), time.Unix(int64(n), 0)
	value, err := r.codec.Encode(e)
	must(r.t, err)
	return &kgo.Record{Topic: schemas.Events.Name, Key: []byte(e.AggregateID), Value: value}
}

func (r *rig) produce(records ...*kgo.Record) {
	r.t.Helper()
	must(r.t, r.client.ProduceSync(r.t.Context(), records...).FirstErr())
}

func (r *rig) produceEvents(from, to int) {
	for n := from; n < to; n++ {
		r.produce(r.event(n))
	}
}

func (r *rig) sink(instance string) Config {
	return Config{
		Name: "test", Instance: instance, Topics: []schemas.Topic{schemas.Events},
		Kafka: r.config, Codec: r.codec, Progress: new(kafka.Progress), Now: time.Now, Log: r.log,
		Limits: Limits{Records: 50, Age: 100 * time.Millisecond, Write: 5 * time.Second},
	}
}

// start runs a sink; stop ends it and gives what it returned.
func (r *rig) start(c Config, w Writer) (stop func() error) {
	ctx, cancel := context.WithCancel(r.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- Run(ctx, c, w) }()
	stop = sync.OnceValue(func() error { cancel(); return <-ended })
	r.t.Cleanup(func() { _ = stop() })
	return stop
}

// lag is the number of records that the group has not committed, markers included.
func (r *rig) lag() int64 {
	lags, err := kadm.NewClient(r.client).Lag(r.t.Context(), schemas.Prefix+"test")
	must(r.t, err)
	must(r.t, lags.Error())
	return lags.Sorted()[0].Lag.Total()
}

// memory is a Writer that remembers, and fails as it is told.
type memory struct {
	mu    sync.Mutex
	rows  map[string]int // how often each event was written
	order map[int32][]int64
	fail  func(batch []Message) (done int, err error)
}

func (m *memory) Write(_ context.Context, batch []Message) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	done, err := len(batch), error(nil)
	if m.fail != nil {
		if d, e := m.fail(batch); e != nil {
			done, err = d, e
		}
	}
	for _, msg := range batch[:done] {
		if m.rows == nil {
			m.rows, m.order = make(map[string]int), make(map[int32][]int64)
		}
		m.rows[msg.Record.(schemas.Headed).Head().EventID]++
		m.order[msg.Partition] = append(m.order[msg.Partition], msg.Offset)
	}
	return done, err
}

func (m *memory) failWith(f func([]Message) (int, error)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail = f
}

// count gives the number of events, and of writings of them.
func (m *memory) count() (events, writings int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, n := range m.rows {
		events, writings = events+1, writings+n
	}
	return events, writings
}

func (m *memory) want(t *testing.T, events, writings int) {
	t.Helper()
	if e, w := m.count(); e != events || w != writings {
		t.Errorf("wrote %d events in %d writings, want %d in %d", e, w, events, writings)
	}
}

func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestSinkWritesEverythingOnceThroughRebalances(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, m := newRig(t), new(memory)
		stop := r.start(r.sink(""), m)
		r.produceEvents(0, 100)
		pass(time.Second)
		stopSecond := r.start(r.sink(""), m)
		r.produceEvents(100, 200)
		pass(5 * time.Second)
		must(t, stopSecond())
		r.produceEvents(200, 300)
		pass(5 * time.Second)
		must(t, stop())
		m.want(t, 300, 300)
		if lag := r.lag(); lag != 0 {
			t.Errorf("lag is %d after everything was written", lag)
		}
		for p, offsets := range m.order {
			if !slices.IsSorted(offsets) {
				t.Errorf("partition %d was written out of order: %d", p, offsets)
			}
		}
	})
}

func TestSinkWaitsForATargetThatIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, m := newRig(t), new(memory)
		c := r.sink("one")
		r.produceEvents(0, 40)
		tries := 0
		m.failWith(func([]Message) (int, error) { tries++; return 0, fmt.Errorf("%w: connection refused", ErrAway) })
		stop := r.start(c, m)
		pass(2 * time.Minute) // twice the rebalance timeout
		if err := c.Progress.Check(time.Now()); err == nil || !strings.Contains(err.Error(), "connection refused") {
			t.Errorf("readiness says %v, want the reason", err)
		}
		if tries > 25 {
			t.Errorf("tried %d times in two minutes", tries)
		}
		// Nothing is held meanwhile: another member joins and leaves at once.
		second := r.sink("two")
		stopSecond := r.start(second, new(memory))
		pass(20 * time.Second)
		must(t, stopSecond())
		m.failWith(nil)
		pass(time.Minute)
		if err := c.Progress.Check(time.Now()); err != nil {
			t.Errorf("readiness says %v after the target came back", err)
		}
		must(t, stop())
	})
}

func TestSinkGoesOnWhereAPartialWriteStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, m := newRig(t), new(memory)
		r.produceEvents(0, 40)
		r.produce(&kgo.Record{Topic: schemas.Events.Name, Key: []byte("r1"), Value: []byte("junk")})
		r.produceEvents(40, 60)
		first := true
		m.failWith(func(batch []Message) (int, error) {
			if !first {
				return 0, nil
			}
			first = false
			return len(batch) / 3, fmt.Errorf("%w: login refused", ErrAway)
		})
		stop := r.start(r.sink(""), m)
		pass(time.Minute)
		must(t, stop())
		m.want(t, 60, 60)
		if lag := r.lag(); lag != 0 {
			t.Errorf("lag is %d", lag)
		}
	})
}

func TestSinkEndsOnAnErrorThatWaitingDoesNotCure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, m := newRig(t), new(memory)
		r.produceEvents(0, 5)
		broken := errors.New("no such table")
		m.failWith(func([]Message) (int, error) { return 0, broken })
		if err := Run(t.Context(), r.sink(""), m); !errors.Is(err, broken) {
			t.Fatalf("Run returned %v, want %v", err, broken)
		}
		m.failWith(nil)
		stop := r.start(r.sink(""), m)
		pass(10 * time.Second)
		must(t, stop())
		m.want(t, 5, 5)
	})
}

func TestTwoProcessesWithOneInstance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		stopFirst := r.start(r.sink("one"), new(memory))
		pass(5 * time.Second)
		stopSecond := r.start(r.sink("one"), new(memory))
		pass(30 * time.Second)
		if err := stopFirst(); !errors.Is(err, ErrFenced) || !strings.Contains(err.Error(), "one") {
			t.Errorf("the first ended with %v, want it to be fenced", err)
		}
		must(t, stopSecond())
	})
}

func TestSinkIsNotReadyBeforeItIsInItsGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		c := r.sink("one")
		c.Kafka.Brokers = []string{"localhost:1"} // nobody there
		stop := r.start(c, new(memory))
		pass(time.Minute)
		if err := c.Progress.Check(time.Now()); err == nil {
			t.Error("it is ready without a broker")
		}
		must(t, stop())
	})
}

func TestBadRecordsGoToTheDeadLetters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, m := newRig(t), new(memory)
		misplaced, err := r.codec.Encode(&schemas.Tick{Processor: "lifecycle", Time: time.Unix(1, 0)})
		must(t, err)
		refused := r.event(1)
		large := bytes.Repeat([]byte{7}, 900_000)
		bad := []*kgo.Record{
			{Value: nil},
			{Value: []byte("not a record"), Headers: []kgo.RecordHeader{{Key: "traceparent", Value: []byte("00-1")}}},
			{Value: misplaced},
			{Value: refused.Value},
			{Value: large, Headers: []kgo.RecordHeader{{Key: "h", Value: large[:95_000]}}},
		}
		for _, b := range bad {
			b.Topic, b.Key = schemas.Events.Name, []byte("k")
			r.produce(b)
		}
		r.produceEvents(2, 10)
		c := r.sink("")
		metrics := prometheus.NewRegistry()
		c.Metrics = NewMetrics(metrics)
		c.Prepare = func(_ context.Context, m *Message) error {
			if m.Record.(schemas.Headed).Head().EventID == "e1" {
				return fmt.Errorf("%w: cannot be opened", ErrUnhandled)
			}
			return nil
		}
		stop := r.start(c, m)
		pass(5 * time.Second)
		must(t, stop())
		m.want(t, 8, 8)
		if lag := r.lag(); lag != 0 {
			t.Errorf("lag is %d: the partition did not go on", lag)
		}
		letters := r.deadLetters()
		var reasons []string
		for i, d := range letters {
			reasons = append(reasons, d.Reason)
			if d.Consumer != "test" || d.Topic != schemas.Events.Name || d.Partition != bad[i].Partition || d.Offset != bad[i].Offset {
				t.Errorf("dead letter %d says it was %s's, at %s[%d]@%d", i, d.Consumer, d.Topic, d.Partition, d.Offset)
			}
			if !bytes.HasPrefix(bad[i].Value, d.Value) || string(d.Key) != "k" {
				t.Errorf("dead letter %d does not hold the original bytes", i)
			}
		}
		want := []string{"undecodable", "undecodable", "misplaced", "unhandled", "undecodable"}
		if diff := cmp.Diff(want, reasons); diff != "" {
			t.Errorf("reasons (-want +got):\n%s", diff)
		}
		if n := count(t, metrics, "pitstop_sink_dead_letters_total"); n != 5 {
			t.Errorf("%v dead letters are counted", n)
		}
		if n := count(t, metrics, "pitstop_sink_records_total"); n != 13 {
			t.Errorf("%v records are counted", n)
		}
		if h := letters[1].Headers; len(h) != 1 || h[0].Key != "traceparent" {
			t.Errorf("headers are %v", h)
		}
	})
}

// registry is a schema registry that knows nothing, and may be away.
type registry struct {
	mu   sync.Mutex
	away error
	ids  int
}

func (r *registry) set(away error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.away = away
}

func (r *registry) SchemaText(context.Context, int) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.away != nil {
		return "", r.away
	}
	return "", fmt.Errorf("%w: no such schema", schemas.ErrUndecodable)
}

func (r *registry) Lookup(context.Context, string, string) (int, bool, error) {
	r.ids++
	return r.ids, true, nil
}
func (r *registry) Latest(context.Context, string) (string, bool, error) { return "", false, nil }
func (r *registry) Create(context.Context, string, string) (int, error)  { return 0, nil }

func TestSinkWaitsForTheRegistry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, m := newRig(t), new(memory)
		reg := new(registry)
		must(t, r.codec.Register(t.Context(), reg, schemas.PersonalSubjects))
		reg.set(errors.New("registry is away"))
		unknown := []byte{0, 0, 0, 9, 9, 1}
		r.produce(r.event(1), &kgo.Record{Topic: schemas.Events.Name, Key: []byte("r1"), Value: unknown}, r.event(18))
		c := r.sink("")
		stop := r.start(c, m)
		pass(time.Minute)
		if err := c.Progress.Check(time.Now()); err == nil || !strings.Contains(err.Error(), "registry is away") {
			t.Errorf("readiness says %v, want the reason", err)
		}
		if n := len(r.deadLetters()); n != 0 {
			t.Errorf("%d dead letters while the registry is away", n)
		}
		reg.set(nil)
		pass(time.Minute)
		must(t, stop())
		m.want(t, 2, 2) // what came before the unknown one was not held back, nor done again
		if n := len(r.deadLetters()); n != 1 {
			t.Errorf("%d dead letters, want the unknown record", n)
		}
	})
}

// count sums up a metric over its labels.
func count(t *testing.T, r *prometheus.Registry, name string) (sum float64) {
	t.Helper()
	families, err := r.Gather()
	must(t, err)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == name {
				sum += m.GetCounter().GetValue()
			}
		}
	}
	return sum
}

// deadLetters reads the dead letters in the order in which their records came.
func (r *rig) deadLetters() []*schemas.DeadLetter {
	r.t.Helper()
	opts, err := r.config.Opts("test", r.log)
	must(r.t, err)
	cl, err := kgo.NewClient(append(opts, kgo.ConsumeTopics(schemas.DeadLetters.Name))...)
	must(r.t, err)
	defer cl.Close()
	ctx, cancel := context.WithTimeout(r.t.Context(), time.Second)
	defer cancel()
	var letters []*schemas.DeadLetter
	for ctx.Err() == nil {
		cl.PollFetches(ctx).EachRecord(func(rec *kgo.Record) {
			d, err := r.codec.Decode(r.t.Context(), rec.Value)
			must(r.t, err)
			letters = append(letters, d.(*schemas.DeadLetter))
		})
	}
	slices.SortFunc(letters, func(a, b *schemas.DeadLetter) int { return int(a.Offset - b.Offset) })
	return letters
}

func TestMarksFollowWhatIsWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, m := newRig(t), new(memory)
		latest := make(map[int32]time.Time)
		everything := make(map[int32]time.Time)
		c := r.sink("")
		c.Through = []Stage{{"pitstop.stands-still", []string{schemas.Events.Name}}}
		c.Mark = func(_ context.Context, marks []Mark) error {
			for _, k := range marks {
				if k.Topic == Everything {
					everything[k.Partition] = k.AsOf
				} else {
					latest[k.Partition] = k.AsOf
				}
			}
			return nil
		}
		stop := r.start(c, m)
		behind := func() time.Duration {
			if len(latest) != partitions {
				t.Fatalf("%d partitions have marks, want %d", len(latest), partitions)
			}
			var most time.Duration
			for _, at := range latest {
				most = max(most, time.Since(at))
			}
			return most
		}
		pass(10 * time.Second)
		if b := behind(); b > 2*time.Second {
			t.Errorf("on an empty log, marks are %s behind", b)
		}
		r.produceTransaction(20)
		pass(10 * time.Second)
		if b := behind(); b > 2*time.Second {
			t.Errorf("after a transaction, marks are %s behind", b)
		}
		m.failWith(func([]Message) (int, error) { return 0, ErrAway })
		r.produceEvents(100, 150) // on every partition
		pass(time.Minute)
		if b := behind(); b < time.Minute {
			t.Errorf("marks are only %s behind, but nothing was written for a minute", b)
		}
		m.failWith(nil)
		pass(30 * time.Second)
		if b := behind(); b > 2*time.Second {
			t.Errorf("after catching up, marks are %s behind", b)
		}
		latest = everything // a stage has read nothing since the log was empty
		if b := behind(); b < 90*time.Second {
			t.Errorf("everything is only %s behind, but a stage stands still", b)
		}
		must(t, stop())
	})
}

// produceTransaction leaves markers at the ends of the partitions.
func (r *rig) produceTransaction(n int) {
	r.t.Helper()
	opts, err := r.config.Producer("test", r.log)
	must(r.t, err)
	cl, err := kgo.NewClient(append(opts, kgo.TransactionalID("t"))...)
	must(r.t, err)
	defer cl.Close()
	for _, commit := range []kgo.TransactionEndTry{kgo.TryCommit, kgo.TryAbort} {
		must(r.t, cl.BeginTransaction())
		for i := range n {
			must(r.t, cl.ProduceSync(r.t.Context(), r.event(1000+i)).FirstErr())
		}
		must(r.t, cl.EndTransaction(r.t.Context(), commit))
	}
}

func TestLimitsMustFitTheRebalanceTimeout(t *testing.T) {
	for _, tc := range []struct {
		limits Limits
		want   string
	}{
		{Limits{Records: 1, Age: time.Second, Write: 58 * time.Second}, ""},
		{Limits{Records: 1, Age: time.Second, Write: 59 * time.Second}, "rebalance timeout"},
		{Limits{Records: 0, Age: time.Second, Write: time.Second}, "must be positive"},
	} {
		c := Config{
			Name: "test", Topics: []schemas.Topic{schemas.Events}, Limits: tc.limits,
			Kafka: kafka.Config{Brokers: []string{"localhost:9092"}, RegistryURL: "http://localhost"},
		}
		err := c.Validate()
		if (tc.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%+v: %v, want %q", tc.limits, err, tc.want)
		}
	}
}
