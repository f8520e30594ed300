package sinks

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/schemas/avro"
	"pitstop/schemas/kafka"
	"pitstop/schemas/kafka/kafkatest"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

const partitions = 4

// rig is a broker in memory with its client and codec. It must be made inside a
// synctest bubble.
type rig struct {
	t      *testing.T
	config kafka.Config
	codec  *avro.Codec
	client *kgo.Client
	log    *slog.Logger
}

func newRig(t *testing.T) *rig {
	t.Helper()
	var net kfake.VirtualNetwork
	cluster, err := kfake.NewCluster(
		kfake.NumBrokers(1), kfake.Ports(9092), kfake.ListenFn(net.Listen),
		kfake.SeedTopics(partitions, record.Events.Name, record.DeadLetters.Name),
	)
	must(t, err)
	t.Cleanup(cluster.Close)
	codec, err := avro.NewCodec()
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

// event returns the n-th event.
func (r *rig) event(n int) *kgo.Record {
	e := &repair.MessagePosted{Kind: repair.Text}
	e.AggregateID, e.EventID, e.OccurredAt = fmt.Sprint("r", n%17), fmt.Sprint("e", n), time.Unix(int64(n), 0)
	value, err := r.codec.Encode(e)
	must(r.t, err)
	return &kgo.Record{Topic: record.Events.Name, Key: []byte(e.AggregateID), Value: value}
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
		Consumer: record.Consumer{Name: "test", Reads: []record.Topic{record.Events}}, Instance: instance,
		Kafka: r.config, Codec: r.codec, Progress: new(kafka.Progress), Now: time.Now, Log: r.log,
		Limits: Limits{Records: 50, Age: 100 * time.Millisecond, Write: 5 * time.Second},
	}
}

// start runs a sink; stop ends it and returns what it returned.
func (r *rig) start(c Config, w Writer) (stop func() error) {
	ctx, cancel := context.WithCancel(r.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- Run(ctx, c, w) }()
	stop = sync.OnceValue(func() error { cancel(); return <-ended })
	r.t.Cleanup(func() { _ = stop() })
	return stop
}

// lag returns the number of records that the group has not committed, markers included.
func (r *rig) lag() int64 {
	lags, err := kadm.NewClient(r.client).Lag(r.t.Context(), record.Prefix+"test")
	must(r.t, err)
	must(r.t, lags.Error())
	return lags.Sorted()[0].Lag.Total()
}

// memory is a Writer to memory, which fails on demand.
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
		m.rows[msg.Record.(record.Headed).Head().EventID]++
		m.order[msg.Partition] = append(m.order[msg.Partition], msg.Offset)
	}
	return done, err
}

func (m *memory) failWith(f func([]Message) (int, error)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail = f
}

// count returns the number of events, and how often they were written in all.
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

// deadLetters returns the dead letters in the order of their records.
func (r *rig) deadLetters() []*record.DeadLetter {
	r.t.Helper()
	var letters []*record.DeadLetter
	for _, rec := range kafkatest.Records(r.t, r.config, record.DeadLetters) {
		d, err := r.codec.Decode(r.t.Context(), rec.Value)
		must(r.t, err)
		letters = append(letters, d.(*record.DeadLetter))
	}
	slices.SortFunc(letters, func(a, b *record.DeadLetter) int { return int(a.Offset - b.Offset) })
	return letters
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
		written := kafka.NewProduction(cl)
		for i := range n {
			written.Add(r.t.Context(), r.event(1000+i))
		}
		must(r.t, written.Wait(r.t.Context()))
		must(r.t, cl.EndTransaction(r.t.Context(), commit))
	}
}
