package stream_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/processors/notification"
	"pitstop/processors/stream"
	"pitstop/schemas/garage"
	"pitstop/schemas/kafka/kafkatest"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

func runNotification(t *testing.T, c *kafkatest.Cluster, instance string) running {
	t.Helper()
	book, err := garage.Parse(garage.Sample)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	monitor := new(stream.Monitor)
	done := make(chan error, 1)
	go func() {
		done <- stream.Run(ctx, notification.New(book, nil), stream.Options{
			Kafka: c.Config, Instance: instance, Clock: time.Now, Log: c.Log, Monitor: monitor,
		})
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

// deliver says that a mail server accepted all that was requested so far.
func deliver(t *testing.T, c *kafkatest.Cluster, cl *kgo.Client) {
	t.Helper()
	for _, r := range c.ReadAll(t, record.Notifications) {
		if n, ok := r.(*record.NotificationRequested); ok {
			head := repair.Header{EventID: "delivery-" + n.EventID, AggregateID: n.AggregateID, GarageID: n.GarageID, OccurredAt: time.Now(), CorrelationID: n.CorrelationID}
			c.Produce(t, cl, record.Deliveries, &record.DeliveryAccepted{Header: head, Notice: n.Notice, DeliveryAttempt: record.DeliveryAttempt{Attempt: n.Attempt}})
		}
	}
}

// monday sleeps until a Monday morning in opening hours: the bubble begins on a Saturday.
func monday(t *testing.T) time.Time {
	t.Helper()
	at := time.Date(2000, 1, 3, 9, 0, 0, 0, time.UTC)
	time.Sleep(time.Until(at))
	return at
}

func reachable(c *repair.StartRepair) *repair.StartRepair {
	c.Customer = repair.Contact{Language: "nl", Channels: []repair.Channel{repair.Email}}
	return c
}

// An outage lasts past the reminder, the call and the expiry of a quote, while an
// answer made in time is queued one hop before: it is approved, nobody is reminded
// or called, and nothing expires, whichever processor is back first.
func TestOutageWithAnAnswerQueued(t *testing.T) {
	for _, first := range []string{"notification", "lifecycle"} {
		t.Run(first+" first", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := kafkatest.Start(t, 2)
				cl := c.Client(t)
				now := monday(t)
				l, n := runLifecycle(t, c, "a"), runNotification(t, c, "a")
				c.Produce(t, cl, record.Commands, reachable(start("r", now)), request("r", now, now.Add(3*time.Hour)))
				time.Sleep(time.Minute)
				deliver(t, c, cl)
				time.Sleep(time.Minute)
				l.stop()
				n.stop()
				time.Sleep(time.Until(now.Add(30 * time.Minute)))
				c.Produce(t, cl, record.Commands, &repair.DecideQuote{
					Header: header("decide-r", "r", now.Add(30*time.Minute)), Revision: 1, TotalSeen: 3995, Method: repair.ByPage,
					Answers: []repair.Answer{{Line: 1, Answer: repair.Approve}},
				})
				time.Sleep(6 * time.Hour)
				if first == "notification" {
					runNotification(t, c, "a")
					time.Sleep(time.Minute)
					runLifecycle(t, c, "a")
				} else {
					runLifecycle(t, c, "a")
					time.Sleep(time.Minute)
					runNotification(t, c, "a")
				}
				time.Sleep(time.Hour)
				var events []string
				for _, r := range c.ReadAll(t, record.Events) {
					events = append(events, record.NameOf(r))
				}
				if d := cmp.Diff([]string{"RepairStarted", "ApprovalRequested", "QuoteDecided"}, events); d != "" {
					t.Errorf("events (-want +got):\n%s", d)
				}
				counts := told(t, c)
				if counts["approval_reminder"]+counts["CallTask"]+counts["expiry"] > 0 || counts["decision"] != 1 {
					t.Errorf("told %v, want the decision, and no reminder, call or expiry", counts)
				}
			})
		})
	}
}

// The same outage without an answer: one reminder, one call and one expiry, each at
// its due time.
func TestOutageWithoutAnAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := kafkatest.Start(t, 2)
		cl := c.Client(t)
		now := monday(t)
		l, n := runLifecycle(t, c, "a"), runNotification(t, c, "a")
		c.Produce(t, cl, record.Commands, reachable(start("r", now)), request("r", now, now.Add(3*time.Hour)))
		time.Sleep(time.Minute)
		deliver(t, c, cl)
		time.Sleep(90 * time.Minute)
		// Only a tick can have fired it, which waited for the marker at the end of the events.
		if told(t, c)["approval_reminder"] != 1 {
			t.Error("no reminder after an hour and a half")
		}
		l.stop()
		n.stop()
		time.Sleep(6 * time.Hour)
		runNotification(t, c, "a")
		runLifecycle(t, c, "a")
		time.Sleep(time.Hour)
		want := map[string]int{
			"repair_started": 1, "approval_required": 1, "approval_reminder": 1, "CallTask": 1, "expiry": 1,
			"NotificationRecalled": 1, // the reminder, which nobody accepted
		}
		if d := cmp.Diff(want, told(t, c)); d != "" {
			t.Errorf("told (-want +got):\n%s", d)
		}
		for _, r := range c.ReadAll(t, record.Events) {
			if e, ok := r.(*repair.QuoteExpired); ok && !e.OccurredAt.Equal(now.Add(3*time.Hour)) {
				t.Errorf("expired at %s, want its due time", e.OccurredAt)
			}
		}
	})
}

// Three idle rebalances of both processors, and then one request: one notification.
func TestIdleRebalancesOneNotification(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := kafkatest.Start(t, 4)
		cl := c.Client(t)
		now := monday(t)
		runLifecycle(t, c, "a")
		runNotification(t, c, "a")
		c.Produce(t, cl, record.Commands, reachable(start("r", now)))
		time.Sleep(time.Second)
		for range 3 {
			l, n := runLifecycle(t, c, "b"), runNotification(t, c, "b")
			time.Sleep(30 * time.Second)
			l.stop()
			n.stop()
			time.Sleep(30 * time.Second)
		}
		c.Produce(t, cl, record.Commands, request("r", now, now.Add(24*time.Hour)))
		time.Sleep(time.Minute)
		if d := cmp.Diff(map[string]int{"repair_started": 1, "approval_required": 1}, told(t, c)); d != "" {
			t.Errorf("told (-want +got):\n%s", d)
		}
	})
}
