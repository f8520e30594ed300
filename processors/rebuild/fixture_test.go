package rebuild_test

import (
	"context"
	"testing"
	"time"

	"pitstop/processors/latency"
	"pitstop/processors/lifecycle"
	"pitstop/processors/notification"
	"pitstop/processors/rebuild"
	"pitstop/processors/stream/streamtest"
	"pitstop/schemas/avro"
	"pitstop/schemas/garage/garagetest"
	"pitstop/schemas/kafka"
	"pitstop/schemas/kafka/kafkatest"
	"pitstop/schemas/record"
)

func runLifecycle(t *testing.T, c *kafkatest.Cluster, instance string) streamtest.Member {
	return streamtest.Run(t, c, lifecycle.New(nil), instance)
}

// begun returns a cluster on which lifecycle has started repairs and was stopped.
func begun(t *testing.T, partitions int32, at time.Time, keys ...string) *kafkatest.Cluster {
	t.Helper()
	c := kafkatest.Start(t, partitions)
	l := runLifecycle(t, c, "a")
	for _, key := range keys {
		c.Produce(t, c.Client(t), record.Commands, streamtest.Start(key, at))
	}
	time.Sleep(time.Minute)
	l.Stop()
	time.Sleep(time.Minute)
	return c
}

func runNotification(t *testing.T, c *kafkatest.Cluster, instance string) streamtest.Member {
	return streamtest.Run(t, c, notification.New(garagetest.Sample(t), nil), instance)
}

func runLatency(t *testing.T, c *kafkatest.Cluster, instance string) streamtest.Member {
	return streamtest.Run(t, c, latency.New(garagetest.Sample(t)), instance)
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
	for _, r := range kafkatest.Records(t, c.Config, consumer.Changelog()) {
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

func options(c *kafkatest.Cluster) rebuild.Options {
	return rebuild.Options{Kafka: c.Config, Log: c.Log, Tell: func(string) {}}
}

// rebuilds are the processors and how each is rebuilt.
func rebuilds(t *testing.T, c *kafkatest.Cluster) map[string]func(context.Context, rebuild.Options) error {
	b := garagetest.Sample(t)
	return map[string]func(context.Context, rebuild.Options) error{
		"lifecycle": func(ctx context.Context, o rebuild.Options) error {
			return rebuild.Run(ctx, record.LifecycleProcessor, lifecycle.Fold(), o)
		},
		"notification": func(ctx context.Context, o rebuild.Options) error {
			return rebuild.Run(ctx, record.NotificationProcessor, notification.New(b, nil), o)
		},
		"latency": func(ctx context.Context, o rebuild.Options) error {
			return rebuild.Run(ctx, record.LatencyProcessor, latency.New(b), o)
		},
	}
}
