package rebuild_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"pitstop/processors/latency"
	"pitstop/processors/lifecycle"
	"pitstop/processors/notification"
	"pitstop/processors/rebuild"
	"pitstop/processors/stream/streamtest"
	"pitstop/schemas/garage/garagetest"
	"pitstop/schemas/kafka"
	"pitstop/schemas/kafka/kafkatest"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// What is rebuilt is what was there, with timers; what was not, is forgotten. Nobody is
// told anything again, and what was still to come comes when the processors start.
func TestRebuild(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		at := streamtest.Monday()
		c := kafkatest.Start(t, 2)
		cl := c.Client(t)
		l, n := runLifecycle(t, c, "a"), runNotification(t, c, "a")
		m := runLatency(t, c, "a")
		for _, key := range []string{"answered", "waits", "over"} {
			c.Produce(t, cl, record.Commands, streamtest.Start(key, at), streamtest.Request(key, at, at.Add(8*time.Hour)))
		}
		c.Produce(t, cl, record.Commands, streamtest.Start("answered", at)) // again
		time.Sleep(time.Minute)
		c.Produce(t, cl, record.Deliveries, streamtest.Accepted(t, c)...)
		c.Produce(t, cl, record.Commands,
			&repair.DecideQuote{Header: streamtest.Header("decide", "answered", at.Add(time.Minute)), Revision: 1, TotalSeen: 3995, Method: repair.ByPhone, Answers: []repair.Answer{{Line: 1, Answer: repair.Approve}}},
			&repair.CancelRepair{Header: streamtest.Header("cancel", "over", at.Add(time.Minute))})
		time.Sleep(90 * time.Minute) // the reminder has gone out
		l.Stop()
		n.Stop()
		m.Stop()
		before := streamtest.Told(t, c)
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
			for _, r := range kafkatest.Records(t, c.Config, consumer.Changelog())[:1] {
				for _, key := range []string{"ghost", "waits"} {
					if err := cl.ProduceSync(t.Context(), &kgo.Record{Topic: r.Topic, Key: []byte(key), Value: []byte("spoiled")}).FirstErr(); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		time.Sleep(time.Hour) // the call is due meanwhile
		for range 2 {         // and once more
			for name, again := range rebuilds(t, c) {
				if err := again(t.Context(), options(c)); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
			}
			outcome := cmpopts.IgnoreFields(lifecycle.Remembered{}, "At") // the outcome's time, and not the command's
			soon := cmpopts.EquateApproxTime(5 * time.Second)
			if d := cmp.Diff(was, look(), outcome, soon); d != "" {
				t.Errorf("state (-was +is):\n%s", d)
			}
		}
		if d := cmp.Diff(before, streamtest.Told(t, c)); d != "" {
			t.Errorf("while rebuilding, told (-want +got):\n%s", d)
		}
		runLifecycle(t, c, "a")
		runNotification(t, c, "a")
		runLatency(t, c, "a")
		time.Sleep(10 * time.Minute)
		before["CallTask"]++
		if d := cmp.Diff(before, streamtest.Told(t, c)); d != "" {
			t.Errorf("afterwards, told (-want +got):\n%s", d)
		}
		c.Produce(t, cl, record.Commands, streamtest.Start("waits", at)) // remembered
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
		at := streamtest.Monday()
		c := kafkatest.Start(t, 1)
		cl := c.Client(t)
		runLifecycle(t, c, "a")
		n := runNotification(t, c, "a")
		c.Produce(t, cl, record.Commands, streamtest.Start("a", at))
		time.Sleep(time.Minute)
		n.Stop()
		stopped := time.Now()
		time.Sleep(time.Minute)
		c.Produce(t, cl, record.Commands, streamtest.Start("b", at))
		time.Sleep(time.Minute)
		again := rebuilds(t, c)["notification"]
		if err := again(t.Context(), options(c)); err != nil {
			t.Fatal(err)
		}
		// The same without a position: then it must be told when that was.
		if _, err := kadm.NewClient(cl).DeleteGroup(t.Context(), record.NotificationProcessor.Group()); err != nil {
			t.Fatal(err)
		}
		o := options(c)
		if err := again(t.Context(), o); !errors.Is(err, kafka.ErrLost) || !strings.Contains(err.Error(), "--until") {
			t.Errorf("without a position it says %v", err)
		}
		o.Until = stopped
		if err := again(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		runNotification(t, c, "a")
		time.Sleep(time.Minute)
		if got := streamtest.Told(t, c)["repair_started"]; got != 2 {
			t.Errorf("%d customers are told that work began, want each of 2 once", got)
		}
	})
}

// It waits for the transaction of a process that was killed, and rebuilds the state of the
// position that this leaves, whether it is aborted or, in the end, committed. Where that
// stays open for too long it says what to do.
func TestRebuildWaitsForAnOpenTransaction(t *testing.T) {
	for name, test := range map[string]struct {
		timeout   time.Duration
		committed bool
		repairs   int
		err       string
	}{
		"that times out":    {timeout: kafka.TransactionTimeout, repairs: 1},
		"that is committed": {timeout: kafka.TransactionTimeout, committed: true, repairs: 2},
		"that stays open":   {timeout: 10 * time.Minute, repairs: 1, err: "kafka-transactions.sh"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				at := streamtest.Monday()
				c := kafkatest.Start(t, 1)
				cl := c.Client(t)
				runLifecycle(t, c, "a")
				n := runNotification(t, c, "a")
				c.Produce(t, cl, record.Commands, streamtest.Start("a", at))
				time.Sleep(time.Minute)
				n.Stop()
				c.Produce(t, cl, record.Commands, streamtest.Start("b", at))
				time.Sleep(time.Minute)
				ends, err := kafka.StableEnds(t.Context(), kadm.NewClient(cl), record.Events.Name)
				if err != nil {
					t.Fatal(err)
				}
				commit := streamtest.Unsettle(t, c, record.NotificationProcessor, record.Events, ends[record.Events.Name][0].Offset, test.timeout)
				if test.committed {
					go func() {
						time.Sleep(kafka.TransactionTimeout / 2)
						commit()
					}()
				}
				err = rebuilds(t, c)["notification"](t.Context(), options(c))
				if test.err == "" && err != nil || test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)) {
					t.Errorf("it says %v", err)
				}
				if got := len(changelog(t, c, record.NotificationProcessor, notification.State{})); got != test.repairs {
					t.Errorf("there is a state of %d repairs, want %d", got, test.repairs)
				}
			})
		})
	}
}

func TestRebuildRefusesWhileAMemberLives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := kafkatest.Start(t, 1)
		runLifecycle(t, c, "front")
		time.Sleep(time.Minute)
		err := rebuilds(t, c)["lifecycle"](t.Context(), options(c))
		if err == nil || !strings.Contains(err.Error(), "lifecycle is running: stop pitstop.lifecycle/front") {
			t.Errorf("it says %v", err)
		}
	})
}

// Interrupted at any moment, it leaves each partition as it was or as it should be.
func TestRebuildIsInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := begun(t, 2, streamtest.Monday(), "a", "b", "c", "d", "e", "f")
		was := changelog(t, c, record.LifecycleProcessor, lifecycle.State{})
		for words := range 4 {
			ctx, cancel := context.WithCancel(t.Context())
			o, said := options(c), 0
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

// A role that starts while its state is rebuilt ends that, whether it is still there or has
// gone again: what has been written by then stays, nothing else is, and the role goes on.
func TestARoleThatStartsMeanwhile(t *testing.T) {
	for name, gone := range map[string]bool{"and runs": false, "and is stopped again": true} {
		t.Run(name, func(t *testing.T) { synctest.Test(t, func(t *testing.T) { testStartedMeanwhile(t, gone) }) })
	}
}

func testStartedMeanwhile(t *testing.T, gone bool) {
	at := streamtest.Monday()
	keys := []string{"a", "b", "c", "d", "e", "f"}
	c := begun(t, 2, at, keys...)
	cl := c.Client(t)
	var l streamtest.Member
	o := options(c)
	partitions := 0
	o.Tell = func(string) { // the first partition is written
		if partitions++; partitions > 1 {
			return
		}
		l = runLifecycle(t, c, "b")
		for _, key := range keys {
			c.Produce(t, cl, record.Commands, streamtest.Request(key, at, at.Add(8*time.Hour)))
		}
		time.Sleep(time.Minute)
		if gone {
			l.Stop()
			time.Sleep(time.Minute)
		}
	}
	want := "lifecycle is running: stop pitstop.lifecycle/b"
	if gone {
		want = "lifecycle has run meanwhile"
	}
	if err := rebuilds(t, c)["lifecycle"](t.Context(), o); err == nil || !strings.Contains(err.Error(), want) || partitions != 1 {
		t.Errorf("after %d partitions it says %v", partitions, err)
	}
	if gone {
		l = runLifecycle(t, c, "b")
		time.Sleep(time.Minute)
	}
	for _, key := range keys {
		c.Produce(t, cl, record.Commands, &repair.CancelRepair{Header: streamtest.Header("cancel-"+key, key, time.Now())})
	}
	time.Sleep(time.Minute)
	if err := l.Check(time.Now()); err != nil {
		t.Errorf("afterwards it is not ready: %v", err)
	}
	accepted := 0
	for _, r := range c.ReadAll(t, record.Outcomes) {
		if r.(*repair.Outcome).Result == repair.Accepted {
			accepted++
		}
	}
	if accepted != 3*len(keys) {
		t.Errorf("%d commands were accepted, want %d", accepted, 3*len(keys))
	}
	for key, k := range changelog(t, c, record.LifecycleProcessor, lifecycle.State{}) {
		if s := k.State.(*lifecycle.State); s.Repair.Sequence != 3 || s.Repair.State != repair.Cancelled {
			t.Errorf("%s: the state is of sequence %d, %s", key, s.Repair.Sequence, s.Repair.State)
		}
	}
}

// A role that starts while a partition is written, after the last look for one, reads the
// new state: it waits for the end of the transaction.
func TestARoleThatStartsDuringTheLastTransaction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		at := streamtest.Monday()
		c := begun(t, 1, at, "a")
		cl := c.Client(t)
		changelog := record.LifecycleProcessor.Changelog().Name
		if err := cl.ProduceSync(t.Context(), &kgo.Record{Topic: changelog, Key: []byte("a")}).FirstErr(); err != nil { // it is lost
			t.Fatal(err)
		}
		var once sync.Once
		c.Fake.ControlKey(int16(kmsg.EndTxn), func(kmsg.Request) (kmsg.Response, error, bool) {
			c.Fake.KeepControl()
			once.Do(func() {
				runLifecycle(t, c, "b")
				c.Fake.SleepControl(func() { time.Sleep(5 * time.Second) })
			})
			return nil, nil, false
		})
		if err := rebuilds(t, c)["lifecycle"](t.Context(), options(c)); err != nil {
			t.Fatal(err)
		}
		c.Produce(t, cl, record.Commands, streamtest.Request("a", at, at.Add(8*time.Hour)))
		time.Sleep(time.Minute)
		outcomes := c.ReadAll(t, record.Outcomes)
		if o := outcomes[len(outcomes)-1].(*repair.Outcome); o.Result != repair.Accepted || o.Sequence != 2 {
			t.Errorf("the next command is %s: %s", o.Result, o.Code)
		}
	})
}

// It writes the changelog of the consumer that it is asked for, whatever folds its state is
// called.
func TestRebuildWritesTheChangelogOfTheConsumer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := begun(t, 1, streamtest.Monday(), "a")
		was := changelog(t, c, record.LifecycleProcessor, lifecycle.State{})
		if err := c.Client(t).ProduceSync(t.Context(), &kgo.Record{Topic: record.LifecycleProcessor.Changelog().Name, Key: []byte("a")}).FirstErr(); err != nil { // it is lost
			t.Fatal(err)
		}
		from := lifecycle.Fold()
		from.Consumer.Name = record.LatencyProcessor.Name
		if err := rebuild.Run(t.Context(), record.LifecycleProcessor, from, options(c)); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(was, changelog(t, c, record.LifecycleProcessor, lifecycle.State{}),
			cmpopts.IgnoreFields(lifecycle.Remembered{}, "At"), cmpopts.EquateApproxTime(5*time.Second)); d != "" {
			t.Errorf("state (-was +is):\n%s", d)
		}
	})
}

// What started a repair is known to the rebuilt state where its outcome is deleted, too.
func TestTheStartOfAnOldRepairIsKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		at := streamtest.Monday()
		c := begun(t, 1, at, "a")
		cl := c.Client(t)
		time.Sleep(24 * time.Hour)
		adm := kadm.NewClient(cl)
		for _, topic := range []record.Topic{record.Commands, record.Outcomes} { // as retention does
			ends, err := kafka.Ends(t.Context(), adm, topic.Name)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := adm.DeleteRecords(t.Context(), ends.Offsets()); err != nil {
				t.Fatal(err)
			}
		}
		if err := rebuilds(t, c)["lifecycle"](t.Context(), options(c)); err != nil {
			t.Fatal(err)
		}
		runLifecycle(t, c, "a")
		other := streamtest.Start("a", at)
		other.Digest = "another body"
		c.Produce(t, cl, record.Commands, streamtest.Start("a", at), other)
		time.Sleep(time.Minute)
		var got []string
		for _, r := range c.ReadAll(t, record.Outcomes) {
			o := r.(*repair.Outcome)
			got = append(got, fmt.Sprint(o.Result, " ", o.Code))
		}
		if d := cmp.Diff([]string{"duplicate ", "duplicate key_reused"}, got); d != "" {
			t.Errorf("outcomes (-want +got):\n%s", d)
		}
	})
}

// What a demonstration has played at its own time is rebuilt as it was: told which times
// are simulated, a processor handles them as it did.
func TestRebuildOfASimulation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		played := streamtest.Monday()
		time.Sleep(30 * 24 * time.Hour)
		simulated := func(at time.Time) bool { return at.Before(played.Add(24 * time.Hour)) }
		c := kafkatest.Start(t, 1)
		cl := c.Client(t)
		l, n := streamtest.Run(t, c, lifecycle.New(simulated), "a"), streamtest.Run(t, c, notification.New(garagetest.Sample(t), simulated), "a")
		c.Produce(t, cl, record.Commands, streamtest.Start("a", played), streamtest.Request("a", played, time.Now().Add(8*time.Hour)))
		time.Sleep(time.Second)
		c.Produce(t, cl, record.Commands, streamtest.Request("b", played, time.Now().Add(8*time.Hour))) // has not started
		time.Sleep(time.Minute)
		l.Stop()
		n.Stop()
		look := func() map[string]kept { return changelog(t, c, record.NotificationProcessor, notification.State{}) }
		was := look()
		if err := rebuild.Run(t.Context(), record.NotificationProcessor, notification.New(garagetest.Sample(t), simulated), options(c)); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(was, look()); d != "" {
			t.Errorf("state (-was +is):\n%s", d)
		}
		if err := rebuild.Run(t.Context(), record.NotificationProcessor, notification.New(garagetest.Sample(t), nil), options(c)); err != nil {
			t.Fatal(err)
		}
		if cmp.Equal(was, look()) {
			t.Error("it makes no difference what is simulated, so this test shows nothing")
		}
	})
}
