// Package kafkatest provides tests with a broker and a schema registry in memory.
// Both work inside a testing/synctest bubble: nothing waits for a real network.
package kafkatest

import (
	"encoding/binary"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sr"
	"github.com/twmb/franz-go/pkg/sr/srfake"

	"pitstop/schemas/avro"
	"pitstop/schemas/avsc"
	"pitstop/schemas/kafka"
	"pitstop/schemas/record"
)

// Cluster is a broker with the topics of the catalogue, and a registry.
type Cluster struct {
	kafka.Config
	Fake     *kfake.Cluster
	Codec    *avro.Codec
	Log      *slog.Logger
	registry *registry
}

// Start starts a cluster whose topics have that many partitions. It stops when the
// test ends. Call it inside the bubble.
func Start(t testing.TB, partitions int32) *Cluster {
	t.Helper()
	var network kfake.VirtualNetwork
	fake, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.ListenFn(network.Listen), kfake.Ports(9092))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fake.Close)
	registry := &registry{fake: srfake.NewRegistry()}
	c := &Cluster{
		Config: kafka.Config{
			Brokers: fake.ListenAddrs(), Dialer: network.DialContext,
			RegistryURL: "http://registry", RegistryTransport: registry,
		},
		Fake: fake, registry: registry,
		Log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
	cl, err := c.RegistryClient("test")
	if err != nil {
		t.Fatal(err)
	}
	if c.Codec, err = kafka.NewCodec(t.Context(), cl, "test"); err != nil {
		t.Fatal(err)
	}
	adm := kadm.NewClient(c.Client(t))
	layout := kafka.Layout{Partitions: partitions, Replication: 1, KeepForEver: true}
	steps, err := layout.Plan(t.Context(), adm)
	if err != nil {
		t.Fatal(err)
	}
	if err := layout.Apply(t.Context(), adm, steps); err != nil {
		t.Fatal(err)
	}
	return c
}

// Client returns a client of the cluster, closed when the test ends.
func (c *Cluster) Client(t testing.TB, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	base, err := c.Producer("test", c.Log)
	if err != nil {
		t.Fatal(err)
	}
	cl, err := kgo.NewClient(append(base, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return cl
}

// Produce writes records, keyed by their aggregate, and waits until the broker
// has them.
func (c *Cluster) Produce(t testing.TB, cl *kgo.Client, topic record.Topic, records ...record.Headed) {
	t.Helper()
	var out []*kgo.Record
	for _, r := range records {
		b, err := c.Codec.Encode(r)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, &kgo.Record{Topic: topic.Name, Key: []byte(r.Head().AggregateID), Value: b})
	}
	if err := cl.ProduceSync(t.Context(), out...).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

// ReadAll returns every committed record of a topic up to its end now, decoded.
func (c *Cluster) ReadAll(t testing.TB, topic record.Topic) []any {
	t.Helper()
	var out []any
	for _, r := range Records(t, c.Config, topic) {
		rec, err := c.Codec.Decode(t.Context(), r.Value)
		if err != nil {
			t.Errorf("%s[%d]@%d: %v", r.Topic, r.Partition, r.Offset, err)
		}
		out = append(out, rec)
	}
	return out
}

// Records returns every committed record of a topic up to its end now, those of a partition
// in their order. It reads up to the end and not for a time: a broker that is asked for an
// empty partition first waits seconds for a record of it.
func Records(t testing.TB, c kafka.Config, topic record.Topic) []*kgo.Record {
	t.Helper()
	opts, err := c.Opts("reader", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	cl, err := kgo.NewClient(append(opts, kgo.ConsumeTopics(topic.Name), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.KeepControlRecords())...)
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	ends, err := kafka.Ends(t.Context(), kadm.NewClient(cl), topic.Name)
	if err != nil {
		t.Fatal(err)
	}
	remaining := make(map[int32]int64)
	ends.Each(func(o kadm.ListedOffset) {
		if o.Offset > 0 {
			remaining[o.Partition] = o.Offset
		}
	})
	var out []*kgo.Record
	for len(remaining) > 0 {
		fetches := cl.PollFetches(t.Context())
		if err := fetches.Err(); err != nil {
			t.Fatal(err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			if !r.Attrs.IsControl() {
				out = append(out, r)
			}
			if r.Offset+1 >= remaining[r.Partition] {
				delete(remaining, r.Partition)
			}
		})
	}
	return out
}

// OpenTransaction leaves a transaction of somebody's open that hides what comes on a topic's
// partitions from now on, until timeout is over, or it is aborted.
func OpenTransaction(t testing.TB, c kafka.Config, whose string, timeout time.Duration, topic record.Topic, partitions ...int32) (abort func()) {
	t.Helper()
	opts, err := c.Producer("test", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	cl, err := kgo.NewClient(append(opts, kgo.TransactionalID(whose), kgo.TransactionTimeout(timeout), kgo.RecordPartitioner(kgo.ManualPartitioner()))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	if err := cl.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	for _, p := range partitions {
		if err := cl.ProduceSync(t.Context(), &kgo.Record{Topic: topic.Name, Partition: p, Value: []byte("x")}).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	return func() {
		t.Helper()
		if err := cl.EndTransaction(t.Context(), kgo.TryAbort); err != nil {
			t.Fatal(err)
		}
	}
}

// RefuseWrites makes a broker refuse every write with one of Kafka's errors, while
// the condition holds.
func RefuseWrites(cluster *kfake.Cluster, refusal *kerr.Error, while func() bool) {
	cluster.ControlKey(int16(kmsg.Produce), func(req kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		if !while() {
			return nil, nil, false
		}
		p := req.(*kmsg.ProduceRequest)
		resp := p.ResponseKind().(*kmsg.ProduceResponse)
		for _, t := range p.Topics {
			rt := kmsg.NewProduceResponseTopic()
			rt.Topic, rt.TopicID = t.Topic, t.TopicID
			for _, part := range t.Partitions {
				rp := kmsg.NewProduceResponseTopicPartition()
				rp.Partition, rp.ErrorCode = part.Partition, refusal.Code
				rt.Partitions = append(rt.Partitions, rp)
			}
			resp.Topics = append(resp.Topics, rt)
		}
		return resp, nil, true
	})
}

// Newer returns the bytes of a record as a newer version of the program writes them,
// with a field that this one does not know, under a schema that the registry knows.
func (c *Cluster) Newer(t testing.TB, topic record.Topic, rec any) []byte {
	t.Helper()
	text, err := avsc.Files.ReadFile(record.NameOf(rec) + ".avsc")
	if err != nil {
		t.Fatal(err)
	}
	var schema map[string]any
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	schema["fields"] = append(schema["fields"].([]any), map[string]any{"name": "newer", "type": "string", "default": ""})
	newer, err := json.Marshal(schema)
	if err != nil {
		t.Fatal(err)
	}
	id, _, err := c.registry.fake.RegisterSchema(topic.Name+"-"+avro.Namespace+"."+record.NameOf(rec), sr.Schema{Schema: string(newer)})
	if err != nil {
		t.Fatal(err)
	}
	b, err := c.Codec.Encode(rec)
	if err != nil {
		t.Fatal(err)
	}
	binary.BigEndian.PutUint32(b[1:], uint32(id))
	return append(b, 0) // the empty text
}

// DenySchemas makes the registry answer for a while that it knows no schema, as a
// replica does that lags behind or has just started.
func (c *Cluster) DenySchemas(d time.Duration) {
	c.registry.mu.Lock()
	defer c.registry.mu.Unlock()
	c.registry.denies = time.Now().Add(d) //nolint:forbidigo // a stopwatch
}

// registry answers requests without a network.
type registry struct {
	fake   *srfake.Registry
	mu     sync.Mutex
	denies time.Time // until when it denies that it knows a schema
}

func (g *registry) RoundTrip(r *http.Request) (*http.Response, error) {
	g.mu.Lock()
	denies := time.Now().Before(g.denies) //nolint:forbidigo // a stopwatch
	g.mu.Unlock()
	w := httptest.NewRecorder()
	if denies && strings.HasPrefix(r.URL.Path, "/schemas/ids/") {
		http.Error(w, `{"error_code":40403,"message":"Schema not found"}`, http.StatusNotFound)
	} else {
		g.fake.Handler().ServeHTTP(w, r)
	}
	return w.Result(), nil
}
