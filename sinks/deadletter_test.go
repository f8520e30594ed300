package sinks

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/schemas/avro"
	"pitstop/schemas/kafka/kafkatest"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

func TestBadRecordsGoToTheDeadLetters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, m := newRig(t), new(memory)
		misplaced, err := r.codec.Encode(&record.Tick{Processor: "lifecycle", Time: time.Unix(1, 0)})
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
			b.Topic, b.Key = record.Events.Name, []byte("k")
			r.produce(b)
		}
		r.produceEvents(2, 10)
		c := r.sink("")
		metrics := prometheus.NewRegistry()
		c.Metrics = NewMetrics(metrics)
		c.Prepare = func(_ context.Context, m *Message) error {
			if m.Record.(record.Headed).Head().EventID == "e1" {
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
			if d.Consumer != "test" || d.Topic != record.Events.Name || d.Partition != bad[i].Partition || d.Offset != bad[i].Offset {
				t.Errorf("dead letter %d says it was %s's, at %s[%d]@%d", i, d.Consumer, d.Topic, d.Partition, d.Offset)
			}
			if !bytes.Equal(bad[i].Value, d.Value) || string(d.Key) != "k" {
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

// A batch that waits for its target comes again and again: each bad record in it is a
// dead letter once.
func TestADeadLetterIsWrittenOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, m := newRig(t), new(memory)
		m.failWith(func([]Message) (int, error) { return 0, fmt.Errorf("%w: closed for an hour", ErrAway) })
		for range 3 {
			r.produce(&kgo.Record{Topic: record.Events.Name, Key: []byte("r1"), Value: []byte("bad")}, r.event(1))
		}
		c := r.sink("")
		metrics := prometheus.NewRegistry()
		c.Metrics = NewMetrics(metrics)
		stop := r.start(c, m)
		pass(time.Hour)
		if n := len(r.deadLetters()); n != 3 {
			t.Errorf("%d dead letters after an hour, want one for each of 3 records", n)
		}
		m.failWith(nil)
		pass(time.Minute)
		must(t, stop())
		if n := len(r.deadLetters()); n != 3 {
			t.Errorf("%d dead letters, want 3", n)
		}
		if n := count(t, metrics, "pitstop_sink_dead_letters_total"); n != 3 {
			t.Errorf("%v dead letters are counted, want 3", n)
		}
		m.want(t, 1, 3) // the three copies of one event
	})
}

// A key longer than any id makes a dead letter, and one whose own key is not too long: or
// the sink that reads the dead letters would make another of it, for ever.
func TestKeysLongerThanAnID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		long := r.event(1)
		long.Key = bytes.Repeat([]byte("k"), 28)
		r.produce(long)
		c := r.sink("")
		c.Consumer.Reads = []record.Topic{record.Events, record.DeadLetters}
		stop := r.start(c, nowhere{})
		pass(5 * time.Second)
		must(t, stop())
		letters := r.deadLetters()
		if len(letters) != 1 || letters[0].Reason != "misplaced" || !bytes.Equal(letters[0].Key, long.Key) {
			t.Errorf("the dead letters are %v", letters)
		}
	})
}

// nowhere is a target that takes everything.
type nowhere struct{}

// Write does nothing.
func (nowhere) Write(_ context.Context, m []Message) (int, error) { return len(m), nil }

// registry is a schema registry that is empty, and may be unavailable.
type registry struct {
	mu    sync.Mutex
	away  error
	ids   int
	asked int // how often for a schema
}

func (r *registry) set(away error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.away = away
}

func (r *registry) times() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.asked
}

func (r *registry) SchemaText(context.Context, int) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked++
	if r.away != nil {
		return "", r.away
	}
	return "", fmt.Errorf("%w: no such schema", avro.ErrUndecodable)
}

func (r *registry) Lookup(context.Context, string, string) (int, bool, error) {
	r.ids++
	return r.ids, true, nil
}

func (r *registry) Latest(context.Context, string) (string, bool, error) { return "", false, nil }

func (r *registry) Create(context.Context, string, string) (int, error) { return 0, nil }

func TestSinkWaitsForTheRegistry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, m := newRig(t), new(memory)
		reg := new(registry)
		must(t, r.codec.Register(t.Context(), reg, record.PersonalPrefix))
		reg.set(errors.New("registry is away"))
		unknown := []byte{0, 0, 0, 9, 9, 1}
		r.produce(r.event(1), &kgo.Record{Topic: record.Events.Name, Key: []byte("r1"), Value: unknown}, r.event(18))
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
		pass(2 * time.Minute) // for one of them it is asked again
		must(t, stop())
		m.want(t, 2, 2) // records before the unknown one were not held back, nor repeated
		if n := len(r.deadLetters()); n != 1 {
			t.Errorf("%d dead letters, want the unknown record", n)
		}
	})
}

// A registry that says for three seconds that it does not know a schema holds the sink
// up for as long, and makes no dead letter.
func TestAReplicaOfTheRegistryLags(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster, m := kafkatest.Start(t, 1), new(memory)
		r := &rig{t: t, config: cluster.Config, codec: cluster.Codec, client: cluster.Client(t), log: cluster.Log}
		e := &repair.MessagePosted{Kind: repair.Text, Header: repair.Header{EventID: "e", AggregateID: "r", OccurredAt: time.Unix(1, 0)}}
		newer := &kgo.Record{Topic: record.Events.Name, Key: []byte("r"), Value: cluster.Newer(t, record.Events, e)}
		c := r.sink("")
		stop := r.start(c, m)
		pass(time.Second)
		cluster.DenySchemas(3 * time.Second)
		r.produce(r.event(1), newer, r.event(2))
		pass(2 * time.Second)
		if err := c.Progress.Check(time.Now()); err == nil || !strings.Contains(err.Error(), "the registry does not know schema") {
			t.Errorf("readiness says %v, want the reason", err)
		}
		pass(20 * time.Second)
		must(t, stop())
		m.want(t, 3, 3)
		if n := len(cluster.ReadAll(t, record.DeadLetters)); n > 0 {
			t.Errorf("%d dead letters", n)
		}
	})
}

// Records with many unknown schemas hold a sink up for about a minute, not each for its
// own.
func TestUnknownSchemasAreWaitedForTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, m := newRig(t), new(memory)
		must(t, r.codec.Register(t.Context(), new(registry), record.PersonalPrefix))
		var bad []*kgo.Record
		for i := range byte(30) {
			bad = append(bad, &kgo.Record{Topic: record.Events.Name, Key: []byte("r"), Value: []byte{0, 0, 0, 99, i, 0}})
		}
		r.produce(bad...)
		stop := r.start(r.sink(""), m)
		pass(90 * time.Second)
		must(t, stop())
		if n := len(r.deadLetters()); n != len(bad) {
			t.Errorf("%d dead letters after a minute and a half, want %d", n, len(bad))
		}
	})
}

// However many records there are of one unknown schema, and whether a sink writes batches
// or makes deliveries, the registry is asked for it a few times, ever further apart.
func TestTheRegistryIsNotPestered(t *testing.T) {
	for name, start := range map[string]func(*rig) (topic string){
		"batches": func(r *rig) string {
			c := r.sink("")
			c.Limits.Records = 500
			r.start(c, new(memory))
			return record.Events.Name
		},
		"deliveries": func(r *rig) string {
			p := &post{T: r.t, Cluster: &kafkatest.Cluster{Config: r.config, Codec: r.codec, Log: r.log}, now: func() time.Time { return time.Unix(0, 0) }}
			p.start()
			return record.Notifications.Name
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cluster, reg := kafkatest.Start(t, 1), new(registry)
				r := &rig{t: t, config: cluster.Config, codec: cluster.Codec, client: cluster.Client(t), log: slog.New(slog.DiscardHandler)}
				must(t, r.codec.Register(t.Context(), reg, record.PersonalPrefix))
				topic := start(r)
				pass(5 * time.Second)
				asked := func(schema byte, within time.Duration) int {
					var unknown []*kgo.Record
					for range 500 {
						unknown = append(unknown, &kgo.Record{Topic: topic, Key: []byte("r"), Value: []byte{0, 0, 0, 99, schema, 0}})
					}
					before := reg.times()
					r.produce(unknown...)
					pass(within)
					return reg.times() - before
				}
				if n := asked(1, 30*time.Second); n < 5 || n > 10 {
					t.Errorf("asked %d times in half a minute", n)
				}
				pass(time.Minute) // it is believed
				if n := asked(2, time.Second); n < 3 || n > 5 {
					t.Errorf("asked %d times in a second about the next", n)
				}
			})
		})
	}
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
