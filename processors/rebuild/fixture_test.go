package rebuild_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/processors/latency"
	"pitstop/processors/lifecycle"
	"pitstop/processors/notification"
	"pitstop/processors/rebuild"
	"pitstop/processors/stream"
	"pitstop/schemas/avro"
	"pitstop/schemas/garage"
	"pitstop/schemas/kafka"
	"pitstop/schemas/kafka/kafkatest"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

func header(id, key string, at time.Time) repair.Header {
	return repair.Header{
		EventID: id, AggregateID: key, GarageID: "de-brug", OccurredAt: at,
		Actor: repair.Actor{Role: repair.Mechanic, ID: "sam"}, CorrelationID: id,
	}
}

func start(key string, at time.Time) *repair.StartRepair {
	return &repair.StartRepair{
		Header: header("start-"+key, key, at), Ask: repair.Ask{Digest: "body-" + key}, Agreed: repair.Work{Currency: "EUR"},
		Customer: repair.Contact{Language: "nl", Channels: []repair.Channel{repair.Email}},
	}
}

func request(key string, at, expires time.Time) *repair.RequestApproval {
	line := repair.Line{Title: "wipers", Urgency: repair.Advice, Details: []repair.Detail{
		{Kind: repair.Part, Quantity: "1", UnitPrice: 3995, VAT: repair.VAT21},
	}}
	return &repair.RequestApproval{
		Header: header("request-"+key, key, at), ExpiresAt: expires,
		Work: repair.Work{Currency: "EUR", PricesIncludeVAT: true, Lines: []repair.Line{line}},
	}
}

// monday sleeps until a Monday morning in opening hours: the bubble begins on a Saturday.
func monday(t *testing.T) time.Time {
	t.Helper()
	at := time.Date(2000, 1, 3, 9, 0, 0, 0, time.UTC)
	time.Sleep(time.Until(at))
	return at
}

// running is a member that runs until stop is called or the test ends.
type running struct {
	*stream.Monitor
	stop func()
}

func run[S any](t *testing.T, c *kafkatest.Cluster, p stream.Processor[S], instance string) running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	monitor, done := new(stream.Monitor), make(chan error, 1)
	go func() {
		done <- stream.Run(ctx, p, stream.Options{Kafka: c.Config, Instance: instance, Clock: time.Now, Log: c.Log, Monitor: monitor})
	}()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return running{monitor, stop}
}

func runLifecycle(t *testing.T, c *kafkatest.Cluster, instance string) running {
	return run(t, c, lifecycle.New(nil), instance)
}

func runNotification(t *testing.T, c *kafkatest.Cluster, instance string) running {
	return run(t, c, notification.New(book(t), nil), instance)
}

func runLatency(t *testing.T, c *kafkatest.Cluster, instance string) running {
	return run(t, c, latency.New(book(t)), instance)
}

// told counts what people were told, by kind, and the other records on the topic
// by name.
func told(t *testing.T, c *kafkatest.Cluster) map[string]int {
	t.Helper()
	counts := make(map[string]int)
	for _, r := range c.ReadAll(t, record.Notifications) {
		if n, ok := r.(*record.NotificationRequested); ok {
			counts[string(n.Kind)]++
		} else {
			counts[record.NameOf(r)]++
		}
	}
	return counts
}

// deliveries accepts every mail that was asked for.
func deliveries(t *testing.T, c *kafkatest.Cluster) (all []record.Headed) {
	t.Helper()
	for _, r := range c.ReadAll(t, record.Notifications) {
		if n, ok := r.(*record.NotificationRequested); ok {
			h := header("delivery-"+n.EventID, n.AggregateID, time.Now())
			all = append(all, &record.DeliveryAccepted{Header: h, Notice: n.Notice, DeliveryAttempt: record.DeliveryAttempt{Attempt: n.Attempt}})
		}
	}
	return all
}

// kept is what a processor's changelog says of a key.
type kept struct {
	State  any
	Timers []record.TimerEntry
}

// changelog returns what is on a processor's changelog by key.
func changelog(t *testing.T, c *kafkatest.Cluster, consumer record.Consumer, state any) map[string]kept {
	t.Helper()
	registry, err := c.RegistryClient("test")
	if err != nil {
		t.Fatal(err)
	}
	codec, err := kafka.NewCodec(t.Context(), registry, consumer.Changelog().Name, state)
	if err != nil {
		t.Fatal(err)
	}
	latest := make(map[string][]byte)
	for _, r := range rawRecords(t, c, consumer.Changelog()) {
		latest[string(r.Key)] = r.Value
	}
	all := make(map[string]kept)
	for key, value := range latest {
		if len(value) > 0 {
			all[key] = opened(t, codec, value)
		}
	}
	return all
}

func opened(t *testing.T, codec *avro.Codec, value []byte) (k kept) {
	t.Helper()
	decoded, err := codec.Decode(t.Context(), value)
	if err != nil {
		t.Fatal(err)
	}
	change := decoded.(*record.Change)
	if k.Timers = change.Timers; len(change.State) > 0 {
		if k.State, err = codec.Decode(t.Context(), change.State); err != nil {
			t.Fatal(err)
		}
	}
	return k
}

func rawRecords(t *testing.T, c *kafkatest.Cluster, topic record.Topic) (all []*kgo.Record) {
	t.Helper()
	cl := c.Client(t, kgo.ConsumeTopics(topic.Name), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	defer cl.Close()
	for {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		records := cl.PollFetches(ctx).Records()
		cancel()
		if len(records) == 0 {
			return all
		}
		all = append(all, records...)
	}
}

func book(t *testing.T) *garage.Book {
	t.Helper()
	b, err := garage.Parse(garage.Sample)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func options(c *kafkatest.Cluster) rebuild.Options {
	return rebuild.Options{Kafka: c.Config, Log: c.Log, Tell: func(string) {}}
}

// rebuilds are the processors and how each is rebuilt.
func rebuilds(t *testing.T, c *kafkatest.Cluster) map[string]func(context.Context, rebuild.Options) error {
	b := book(t)
	return map[string]func(context.Context, rebuild.Options) error{
		"lifecycle": func(ctx context.Context, o rebuild.Options) error {
			return rebuild.Run(ctx, lifecycle.New(nil), lifecycle.Fold(), o)
		},
		"notification": func(ctx context.Context, o rebuild.Options) error {
			return rebuild.Run(ctx, notification.New(b, nil), notification.New(b, nil), o)
		},
		"latency": func(ctx context.Context, o rebuild.Options) error {
			return rebuild.Run(ctx, latency.New(b), latency.New(b), o)
		},
	}
}
