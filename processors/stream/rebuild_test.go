package stream_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/processors/latency"
	"pitstop/processors/lifecycle"
	"pitstop/processors/notification"
	"pitstop/processors/stream"
	"pitstop/schemas/avro"
	"pitstop/schemas/garage"
	"pitstop/schemas/kafka"
	"pitstop/schemas/kafka/kafkatest"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

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

func rebuildOptions(c *kafkatest.Cluster) stream.RebuildOptions {
	return stream.RebuildOptions{Kafka: c.Config, Log: c.Log, Tell: func(string) {}}
}

// rebuilds are the processors and how each is rebuilt.
func rebuilds(t *testing.T, c *kafkatest.Cluster) map[string]func(context.Context, stream.RebuildOptions) error {
	b := book(t)
	return map[string]func(context.Context, stream.RebuildOptions) error{
		"lifecycle": func(ctx context.Context, o stream.RebuildOptions) error {
			return stream.Rebuild(ctx, lifecycle.New(nil), lifecycle.Fold(), o)
		},
		"notification": func(ctx context.Context, o stream.RebuildOptions) error {
			return stream.Rebuild(ctx, notification.New(b, nil), notification.New(b, nil), o)
		},
		"latency": func(ctx context.Context, o stream.RebuildOptions) error {
			return stream.Rebuild(ctx, latency.New(b), latency.New(b), o)
		},
	}
}

// What is rebuilt is what was there, with timers; what was not, is forgotten. Nobody is
// told anything again, and what was still to come comes when the processors start.
func TestRebuild(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		at := monday(t)
		c := kafkatest.Start(t, 2)
		cl := c.Client(t)
		l, n := runLifecycle(t, c, "a"), runNotification(t, c, "a")
		m := runLatency(t, c)
		for _, key := range []string{"answered", "waits", "over"} {
			c.Produce(t, cl, record.Commands, reachable(start(key, at)), request(key, at, at.Add(8*time.Hour)))
		}
		c.Produce(t, cl, record.Commands, start("answered", at)) // again
		time.Sleep(time.Minute)
		c.Produce(t, cl, record.Deliveries, deliveries(t, c)...)
		c.Produce(t, cl, record.Commands,
			&repair.DecideQuote{Header: header("decide", "answered", at.Add(time.Minute)), Revision: 1, TotalSeen: 3995, Method: repair.ByPhone, Answers: []repair.Answer{{Line: 1, Answer: repair.Approve}}},
			&repair.CancelRepair{Header: header("cancel", "over", at.Add(time.Minute))})
		time.Sleep(90 * time.Minute) // the reminder has gone out
		l.stop()
		n.stop()
		m.stop()
		before := told(t, c)
		if before["approval_reminder"] != 1 {
			t.Fatalf("told %v", before)
		}
		type snapshot struct{ Lifecycle, Notification, Latency map[string]kept }
		look := func() snapshot {
			return snapshot{
				changelog(t, c, record.LifecycleProcessor, lifecycle.State{}),
				changelog(t, c, record.NotificationProcessor, notification.State{}),
				changelog(t, c, record.LatencyProcessor, latency.State{}),
			}
		}
		was := look()
		for _, consumer := range record.Processors() { // what somebody spoiled
			for _, r := range rawRecords(t, c, consumer.Changelog())[:1] {
				for _, key := range []string{"ghost", "waits"} {
					if err := cl.ProduceSync(t.Context(), &kgo.Record{Topic: r.Topic, Key: []byte(key), Value: []byte("spoiled")}).FirstErr(); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		time.Sleep(time.Hour) // the call is due meanwhile
		for range 2 {         // and once more
			for name, rebuild := range rebuilds(t, c) {
				if err := rebuild(t.Context(), rebuildOptions(c)); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
			}
			outcome := cmpopts.IgnoreFields(lifecycle.Remembered{}, "At") // the outcome's time, and not the command's
			soon := cmpopts.EquateApproxTime(5 * time.Second)
			if d := cmp.Diff(was, look(), outcome, soon); d != "" {
				t.Errorf("state (-was +is):\n%s", d)
			}
		}
		if d := cmp.Diff(before, told(t, c)); d != "" {
			t.Errorf("while rebuilding, told (-want +got):\n%s", d)
		}
		runLifecycle(t, c, "a")
		runNotification(t, c, "a")
		runLatency(t, c)
		time.Sleep(10 * time.Minute)
		before["CallTask"]++
		if d := cmp.Diff(before, told(t, c)); d != "" {
			t.Errorf("afterwards, told (-want +got):\n%s", d)
		}
		c.Produce(t, cl, record.Commands, start("waits", at)) // remembered
		time.Sleep(time.Minute)
		outcomes := c.ReadAll(t, record.Outcomes)
		if o := outcomes[len(outcomes)-1].(*repair.Outcome); o.Result != repair.Duplicate {
			t.Errorf("a command that comes again is %s", o.Result)
		}
	})
}

// What a processor had not read when it was stopped is handled when it starts, and told.
func TestRebuildLeavesTheBacklog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		at := monday(t)
		c := kafkatest.Start(t, 1)
		cl := c.Client(t)
		runLifecycle(t, c, "a")
		n := runNotification(t, c, "a")
		c.Produce(t, cl, record.Commands, reachable(start("a", at)))
		time.Sleep(time.Minute)
		n.stop()
		stopped := time.Now()
		time.Sleep(time.Minute)
		c.Produce(t, cl, record.Commands, reachable(start("b", at)))
		time.Sleep(time.Minute)
		rebuild := rebuilds(t, c)["notification"]
		if err := rebuild(t.Context(), rebuildOptions(c)); err != nil {
			t.Fatal(err)
		}
		// The same without a position: then it must be told when that was.
		if _, err := kadm.NewClient(cl).DeleteGroup(t.Context(), record.NotificationProcessor.Group()); err != nil {
			t.Fatal(err)
		}
		o := rebuildOptions(c)
		if err := rebuild(t.Context(), o); !errors.Is(err, kafka.ErrLost) || !strings.Contains(err.Error(), "--until") {
			t.Errorf("without a position it says %v", err)
		}
		o.Until = stopped
		if err := rebuild(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		runNotification(t, c, "a")
		time.Sleep(time.Minute)
		if got := told(t, c)["repair_started"]; got != 2 {
			t.Errorf("%d customers are told that work began, want each of 2 once", got)
		}
	})
}

func TestRebuildRefusesWhileAMemberLives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := kafkatest.Start(t, 1)
		runLifecycle(t, c, "front")
		time.Sleep(time.Minute)
		err := rebuilds(t, c)["lifecycle"](t.Context(), rebuildOptions(c))
		if err == nil || !strings.Contains(err.Error(), "lifecycle is running: stop pitstop.lifecycle/front") {
			t.Errorf("it says %v", err)
		}
	})
}

// Interrupted at any moment, it leaves each partition as it was or as it should be.
func TestRebuildIsInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		at := monday(t)
		c := kafkatest.Start(t, 2)
		l := runLifecycle(t, c, "a")
		for _, key := range []string{"a", "b", "c", "d", "e", "f"} {
			c.Produce(t, c.Client(t), record.Commands, start(key, at))
		}
		time.Sleep(time.Minute)
		l.stop()
		time.Sleep(time.Minute)
		was := changelog(t, c, record.LifecycleProcessor, lifecycle.State{})
		for words := range 4 {
			ctx, cancel := context.WithCancel(t.Context())
			o, said := rebuildOptions(c), 0
			o.Tell = func(string) {
				if said++; said > words {
					cancel()
				}
			}
			_ = rebuilds(t, c)["lifecycle"](ctx, o) // interrupted, or done
			cancel()
			if d := cmp.Diff(was, changelog(t, c, record.LifecycleProcessor, lifecycle.State{}),
				cmpopts.IgnoreFields(lifecycle.Remembered{}, "At"), cmpopts.EquateApproxTime(5*time.Second)); d != "" {
				t.Errorf("interrupted after %d words, state (-was +is):\n%s", words, d)
			}
		}
		r := runLifecycle(t, c, "a")
		time.Sleep(time.Minute)
		if err := r.Check(time.Now()); err != nil {
			t.Errorf("afterwards it is not ready: %v", err)
		}
	})
}

func runLatency(t *testing.T, c *kafkatest.Cluster) running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	monitor, done := new(stream.Monitor), make(chan error, 1)
	go func() {
		done <- stream.Run(ctx, latency.New(book(t)), stream.Options{Kafka: c.Config, Instance: "a", Clock: time.Now, Log: c.Log, Monitor: monitor})
	}()
	stopped := false
	stop := func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(stop)
	return running{monitor, stop}
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
