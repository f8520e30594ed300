package stream_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"pitstop/processors/lifecycle"
	"pitstop/processors/stream"
	"pitstop/processors/stream/streamtest"
	"pitstop/schemas/kafka"
	"pitstop/schemas/kafka/kafkatest"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

func runLifecycle(t *testing.T, c *kafkatest.Cluster, instance string) streamtest.Member {
	t.Helper()
	return streamtest.Run(t, c, lifecycle.New(nil), instance)
}

// checkOutcomes fails the test unless every key's start and request have exactly
// one outcome each that is not a duplicate, and one event each, in order.
func checkOutcomes(t *testing.T, c *kafkatest.Cluster, keys []string) {
	t.Helper()
	outcomes := make(map[string]int)
	for _, r := range c.ReadAll(t, record.Outcomes) {
		if o := r.(*repair.Outcome); o.Result != repair.Duplicate {
			outcomes[o.CausationID]++
			if o.Code != "" {
				t.Errorf("%s was refused: %s", o.CausationID, o.Code)
			}
		}
	}
	events := make(map[string][]string)
	for _, r := range c.ReadAll(t, record.Events) {
		e := r.(repair.Event)
		events[e.Head().AggregateID] = append(events[e.Head().AggregateID], fmt.Sprint(repair.SequenceOf(e), " ", record.NameOf(e)))
	}
	for _, key := range keys {
		if outcomes["start-"+key] != 1 || outcomes["request-"+key] != 1 {
			t.Errorf("%s: %d and %d outcomes, want 1 and 1", key, outcomes["start-"+key], outcomes["request-"+key])
		}
		if d := cmp.Diff([]string{"1 RepairStarted", "2 ApprovalRequested"}, events[key]); d != "" {
			t.Errorf("%s: events (-want +got):\n%s", key, d)
		}
	}
}

func TestOneOutcomePerCommand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := kafkatest.Start(t, 4)
		runLifecycle(t, c, "a")
		cl := c.Client(t)
		now := time.Now()
		for i := range 20 {
			key := fmt.Sprintf("r%d", i)
			c.Produce(t, cl, record.Commands, streamtest.Start(key, now), streamtest.Request(key, now, now.Add(time.Hour)), streamtest.Start(key, now))
		}
		time.Sleep(10 * time.Second)
		if got := len(c.ReadAll(t, record.Outcomes)); got != 60 {
			t.Errorf("%d outcomes, want 60", got)
		}
		if got := len(c.ReadAll(t, record.Events)); got != 40 {
			t.Errorf("%d events, want 40", got)
		}
		time.Sleep(time.Hour)
		if got := len(c.ReadAll(t, record.Events)); got != 60 {
			t.Errorf("%d events after the quotes expired, want 60", got)
		}
	})
}

// While members join and leave under load, no partition number is split (Run would
// fail), no state is lost, and nothing happens twice.
func TestScaleUnderLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := kafkatest.Start(t, 12)
		cl := c.Client(t)
		var keys []string
		load := func(n int) {
			for range n {
				key := fmt.Sprintf("r%d", len(keys))
				keys = append(keys, key)
				now := time.Now()
				c.Produce(t, cl, record.Commands, streamtest.Start(key, now))
				time.Sleep(100 * time.Millisecond)
				// The second command needs the state the first one left, maybe on another member.
				c.Produce(t, cl, record.Commands, streamtest.Request(key, now, now.Add(24*time.Hour)))
			}
		}
		runLifecycle(t, c, "a")
		load(50)
		b := runLifecycle(t, c, "b")
		load(50)
		d := runLifecycle(t, c, "c")
		load(50)
		b.Stop()
		load(50)
		d.Stop()
		load(50)
		time.Sleep(time.Minute)
		checkOutcomes(t, c, keys)
	})
}

// After idle rebalances the session aborts the first transaction (it reports
// only the first revocation): the work is done again, on the state it had.
func TestIdleRebalances(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := kafkatest.Start(t, 4)
		cl := c.Client(t)
		runLifecycle(t, c, "a")
		now := time.Now()
		c.Produce(t, cl, record.Commands, streamtest.Start("r", now))
		time.Sleep(time.Second)
		for i := range 3 {
			other := runLifecycle(t, c, fmt.Sprintf("other-%d", i))
			time.Sleep(30 * time.Second)
			other.Stop()
			time.Sleep(30 * time.Second)
		}
		c.Produce(t, cl, record.Commands, streamtest.Request("r", now, now.Add(24*time.Hour)))
		time.Sleep(time.Minute)
		checkOutcomes(t, c, []string{"r"})
	})
}

// A transaction that does not commit leaves nothing behind: no committed records and
// no state.
func TestAbortedTransactions(t *testing.T) {
	faults := map[string]kfake.Fault{
		"offsets refused":    {Keys: []kmsg.Key{kmsg.TxnOffsetCommit}, Err: kerr.RebalanceInProgress, Count: 3},
		"unknown member":     {Keys: []kmsg.Key{kmsg.TxnOffsetCommit}, Err: kerr.UnknownMemberID, Count: 1},
		"illegal generation": {Keys: []kmsg.Key{kmsg.TxnOffsetCommit}, Err: kerr.IllegalGeneration, Count: 2},
		"coordinator moved":  {Keys: []kmsg.Key{kmsg.TxnOffsetCommit}, Err: kerr.NotCoordinator, Count: 2},
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := kafkatest.Start(t, 4)
				cl := c.Client(t)
				runLifecycle(t, c, "a")
				time.Sleep(time.Second)
				handle := c.Fake.Fault(fault)
				var keys []string
				now := time.Now()
				for i := range 10 {
					key := fmt.Sprintf("r%d", i)
					keys = append(keys, key)
					c.Produce(t, cl, record.Commands, streamtest.Start(key, now), streamtest.Request(key, now, now.Add(24*time.Hour)))
				}
				time.Sleep(time.Minute)
				if handle.Hits() == 0 {
					t.Fatal("the fault was not met")
				}
				checkOutcomes(t, c, keys)
			})
		})
	}
}

// A member whose heartbeats do not arrive for longer than its session timeout loses
// its partitions to another, and later gets its share again.
func TestPausedMember(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := kafkatest.Start(t, 4)
		cl := c.Client(t)
		runLifecycle(t, c, "paused")
		runLifecycle(t, c, "other")
		now := time.Now()
		var keys []string
		for i := range 20 {
			key := fmt.Sprintf("r%d", i)
			keys = append(keys, key)
			c.Produce(t, cl, record.Commands, streamtest.Start(key, now))
		}
		time.Sleep(time.Second)
		c.Fake.ControlKey(int16(kmsg.Heartbeat), func(req kmsg.Request) (kmsg.Response, error, bool) {
			c.Fake.KeepControl()
			id := req.(*kmsg.HeartbeatRequest).InstanceID
			if id != nil && *id == "pitstop.lifecycle/paused" && time.Since(now) < time.Minute {
				return nil, fmt.Errorf("lost"), true // the connection breaks
			}
			return nil, nil, false
		})
		time.Sleep(20 * time.Second) // the session timeout is 10 s
		for _, key := range keys {
			c.Produce(t, cl, record.Commands, streamtest.Request(key, now, now.Add(24*time.Hour)))
		}
		time.Sleep(2 * time.Minute)
		checkOutcomes(t, c, keys)
	})
}

// An outage lasts past a quote's expiry while a decision made in time is queued:
// the decision counts. And a command dated 2099 moves no other repair's timers.
func TestTimersDoNotOvertakeQueuedInput(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := kafkatest.Start(t, 1)
		cl := c.Client(t)
		now := time.Now()
		expires := now.Add(time.Hour)
		first := runLifecycle(t, c, "a")
		c.Produce(t, cl, record.Commands, streamtest.Start("r", now), streamtest.Request("r", now, expires), streamtest.Start("quiet", now), streamtest.Request("quiet", now, expires))
		time.Sleep(time.Minute)
		first.Stop()

		far := streamtest.Start("far", time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC))
		decide := &repair.DecideQuote{
			Header: streamtest.Header("decide-r", "r", expires.Add(-time.Microsecond)), Revision: 1, TotalSeen: 3995, Method: repair.ByPage,
			Answers: []repair.Answer{{Line: 1, Answer: repair.Approve}},
		}
		time.Sleep(2 * time.Hour) // past the expiry, with nobody there
		var queue []record.Headed
		for i := range 3000 { // more than one transaction holds, so that a tick is read in between
			queue = append(queue, streamtest.Start(fmt.Sprintf("q%d", i), now))
		}
		c.Produce(t, cl, record.Commands, append(queue, far, decide)...)
		runLifecycle(t, c, "a")
		time.Sleep(time.Minute)
		var expired []string
		for _, r := range c.ReadAll(t, record.Events) {
			if e, ok := r.(*repair.QuoteExpired); ok {
				expired = append(expired, e.AggregateID)
				if !e.OccurredAt.Equal(expires) {
					t.Errorf("%s expired at %s, want its due time %s", e.AggregateID, e.OccurredAt, expires)
				}
			}
		}
		if d := cmp.Diff([]string{"quiet"}, expired); d != "" {
			t.Errorf("expired (-want +got):\n%s", d)
		}
	})
}

// Two processes with the same instance name: one ends with a message, the other
// goes on.
func TestSameInstanceTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := kafkatest.Start(t, 4)
		run := func(ctx context.Context) error {
			return stream.Run(ctx, lifecycle.New(nil), stream.Options{Kafka: c.Config, Instance: "a", Clock: time.Now, Log: c.Log})
		}
		first := make(chan error, 1)
		ctx, stop := context.WithCancel(t.Context())
		go func() { first <- run(ctx) }()
		time.Sleep(10 * time.Second)
		second := runLifecycle(t, c, "a")
		time.Sleep(time.Minute)
		select {
		case err := <-first:
			if !errors.Is(err, kafka.ErrFenced) {
				t.Errorf("the first ended with %v, want ErrFenced", err)
			}
		default:
			t.Error("the first is still running")
		}
		stop()
		if err := second.Check(time.Now()); err != nil {
			t.Errorf("the second is not ready: %v", err)
		}
	})
}

// The brokers delete the offsets of a group that had no members for a week. A
// processor that has state then refuses to begin again.
func TestForgottenPosition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := kafkatest.Start(t, 4)
		r := runLifecycle(t, c, "a")
		at := time.Now()
		c.Produce(t, c.Client(t), record.Commands, streamtest.Start("k", at))
		time.Sleep(10 * time.Second)
		r.Stop()
		time.Sleep(8 * 24 * time.Hour)
		err := stream.Run(t.Context(), lifecycle.New(nil), stream.Options{Kafka: c.Config, Instance: "a", Clock: time.Now, Log: c.Log})
		const todo = "pitstop rebuild lifecycle --until TIME"
		if !errors.Is(err, kafka.ErrLost) || !strings.Contains(err.Error(), todo) {
			t.Errorf("it ends with %v, want ErrLost and %s", err, todo)
		}
	})
}

// One position that is lost is enough: the command after it would be missed, or those
// before it handled again.
func TestOnePartitionIsLost(t *testing.T) {
	for name, lose := range map[string]func(*testing.T, *kadm.Client){
		"gone": func(t *testing.T, adm *kadm.Client) {
			var p kadm.TopicsSet
			p.Add(record.Commands.Name, 1)
			_, err := adm.DeleteOffsets(t.Context(), record.LifecycleProcessor.Group(), p)
			if err != nil {
				t.Fatal(err)
			}
		},
		"past the end": func(t *testing.T, adm *kadm.Client) {
			var o kadm.Offsets
			o.AddOffset(record.Commands.Name, 1, 99, -1)
			if err := adm.CommitAllOffsets(t.Context(), record.LifecycleProcessor.Group(), o); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := kafkatest.Start(t, 4)
				r := runLifecycle(t, c, "a")
				for i := range 20 {
					c.Produce(t, c.Client(t), record.Commands, streamtest.Start(fmt.Sprint("k", i), time.Now()))
				}
				time.Sleep(10 * time.Second)
				r.Stop()
				time.Sleep(time.Minute) // it is out of its group
				before := len(c.ReadAll(t, record.Outcomes))
				lose(t, kadm.NewClient(c.Client(t)))
				err := stream.Run(t.Context(), lifecycle.New(nil), stream.Options{Kafka: c.Config, Instance: "a", Clock: time.Now, Log: c.Log})
				if want := "pitstop.commands[1] is " + name; !errors.Is(err, kafka.ErrLost) || err != nil && !strings.Contains(strings.ReplaceAll(err.Error(), "99, ", ""), want) {
					t.Errorf("it ends with %v, want ErrLost and %s", err, want)
				}
				if after := len(c.ReadAll(t, record.Outcomes)); after != before {
					t.Errorf("%d outcomes more", after-before)
				}
			})
		})
	}
}

// What is not a record, is misplaced or cannot be handled becomes a dead letter with
// the original bytes, and the partition goes on.
func TestDeadLetters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := kafkatest.Start(t, 1)
		cl := c.Client(t)
		runLifecycle(t, c, "a")
		now := time.Now()
		outcome, err := c.Codec.Encode(&repair.Outcome{Header: streamtest.Header("o", "r", now)})
		if err != nil {
			t.Fatal(err)
		}
		misplaced, err := c.Codec.Encode(streamtest.Start("r", now))
		if err != nil {
			t.Fatal(err)
		}
		long, err := c.Codec.Encode(streamtest.Start(strings.Repeat("r", 28), now)) // than any id
		if err != nil {
			t.Fatal(err)
		}
		bad := []*kgo.Record{
			{Key: []byte("r"), Value: []byte{0, 0, 0, 0, 1, 0xff}},
			{Key: []byte("r"), Value: nil},
			{Key: []byte("r"), Value: []byte("hello"), Headers: []kgo.RecordHeader{{Key: "traceparent", Value: []byte("00-1-2-01")}}},
			{Key: []byte("r"), Value: append([]byte{0, 0, 0, 99, 99}, misplaced[5:]...)},
			{Key: []byte("another"), Value: misplaced},
			{Key: []byte("r"), Value: outcome},
			{Key: bytes.Repeat([]byte("r"), 28), Value: long},
		}
		for _, r := range bad {
			r.Topic = record.Commands.Name
		}
		if err := cl.ProduceSync(t.Context(), bad...).FirstErr(); err != nil {
			t.Fatal(err)
		}
		c.Produce(t, cl, record.Commands, streamtest.Start("r", now), streamtest.Request("r", now, now.Add(24*time.Hour)))
		time.Sleep(2 * time.Minute) // for a minute it asks for the schema of one
		checkOutcomes(t, c, []string{"r"})
		letters := c.ReadAll(t, record.DeadLetters)
		if len(letters) != len(bad) {
			t.Fatalf("%d dead letters, want %d", len(letters), len(bad))
		}
		want := []string{"undecodable", "undecodable", "undecodable", "undecodable", "misplaced", "unhandled", "misplaced"}
		for i, r := range letters {
			d := r.(*record.DeadLetter)
			if d.Reason != want[i] || !bytes.Equal(d.Value, bad[i].Value) || d.Offset != int64(i) || d.Topic != record.Commands.Name {
				t.Errorf("dead letter %d: %s of %s@%d with %x, want %s with %x", i, d.Reason, d.Topic, d.Offset, d.Value, want[i], bad[i].Value)
			}
		}
	})
}

// A registry that says for three seconds that it does not know a schema holds the
// processor up for as long, and makes no dead letter.
func TestAReplicaOfTheRegistryLags(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := kafkatest.Start(t, 1)
		r := runLifecycle(t, c, "a")
		now := time.Now()
		newer := c.Newer(t, record.Commands, streamtest.Start("r", now))
		time.Sleep(time.Second)
		c.DenySchemas(3 * time.Second)
		if err := c.Client(t).ProduceSync(t.Context(), &kgo.Record{Topic: record.Commands.Name, Key: []byte("r"), Value: newer}).FirstErr(); err != nil {
			t.Fatal(err)
		}
		c.Produce(t, c.Client(t), record.Commands, streamtest.Request("r", now, now.Add(24*time.Hour)))
		time.Sleep(2 * time.Second)
		if err := r.Check(time.Now()); err == nil || !strings.Contains(err.Error(), "the registry does not know schema") {
			t.Errorf("readiness says %v, want the reason", err)
		}
		time.Sleep(10 * time.Second)
		if err := r.Check(time.Now()); err != nil {
			t.Errorf("readiness says %v afterwards", err)
		}
		checkOutcomes(t, c, []string{"r"})
		if n := len(c.ReadAll(t, record.DeadLetters)); n > 0 {
			t.Errorf("%d dead letters", n)
		}
	})
}

// Records with many unknown schemas hold a partition up for one minute, not each for
// its own.
func TestUnknownSchemasAreWaitedForTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := kafkatest.Start(t, 1)
		runLifecycle(t, c, "a")
		var bad []*kgo.Record
		for i := range byte(50) {
			bad = append(bad, &kgo.Record{Topic: record.Commands.Name, Key: []byte("r"), Value: []byte{0, 0, 0, 99, i, 0}})
		}
		if err := c.Client(t).ProduceSync(t.Context(), bad...).FirstErr(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(90 * time.Second)
		if n := len(c.ReadAll(t, record.DeadLetters)); n != len(bad) {
			t.Errorf("%d dead letters after a minute and a half, want %d", n, len(bad))
		}
	})
}

// Topics that are not co-partitioned are refused.
func TestUnequalPartitionCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := kafkatest.Start(t, 4)
		if err := c.Fake.DeleteTopic(record.Ticks.Name); err != nil {
			t.Fatal(err)
		}
		if err := c.Fake.CreateTopic(record.Ticks.Name, 3, nil); err != nil {
			t.Fatal(err)
		}
		err := stream.Run(t.Context(), lifecycle.New(nil), stream.Options{Kafka: c.Config, Instance: "a", Clock: time.Now, Log: c.Log})
		if err == nil {
			t.Fatal("topics with 4 and 3 partitions were accepted")
		}
	})
}
