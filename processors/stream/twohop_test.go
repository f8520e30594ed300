package stream_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"pitstop/processors/notification"
	"pitstop/processors/stream/streamtest"
	"pitstop/schemas/garage/garagetest"
	"pitstop/schemas/kafka/kafkatest"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

func runNotification(t *testing.T, c *kafkatest.Cluster, instance string) streamtest.Member {
	t.Helper()
	return streamtest.Run(t, c, notification.New(garagetest.Sample(t), nil), instance)
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
				now := streamtest.Monday()
				l, n := runLifecycle(t, c, "a"), runNotification(t, c, "a")
				c.Produce(t, cl, record.Commands, streamtest.Start("r", now), streamtest.Request("r", now, now.Add(3*time.Hour)))
				time.Sleep(time.Minute)
				c.Produce(t, cl, record.Deliveries, streamtest.Accepted(t, c)...)
				time.Sleep(time.Minute)
				l.Stop()
				n.Stop()
				time.Sleep(time.Until(now.Add(30 * time.Minute)))
				c.Produce(t, cl, record.Commands, &repair.DecideQuote{
					Header: streamtest.Header("decide-r", "r", now.Add(30*time.Minute)), Revision: 1, TotalSeen: 3995, Method: repair.ByPage,
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
				counts := streamtest.Told(t, c)
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
		now := streamtest.Monday()
		l, n := runLifecycle(t, c, "a"), runNotification(t, c, "a")
		c.Produce(t, cl, record.Commands, streamtest.Start("r", now), streamtest.Request("r", now, now.Add(3*time.Hour)))
		time.Sleep(time.Minute)
		c.Produce(t, cl, record.Deliveries, streamtest.Accepted(t, c)...)
		time.Sleep(90 * time.Minute)
		// Only a tick can have fired it, which waited for the marker at the end of the events.
		if streamtest.Told(t, c)["approval_reminder"] != 1 {
			t.Error("no reminder after an hour and a half")
		}
		l.Stop()
		n.Stop()
		time.Sleep(6 * time.Hour)
		runNotification(t, c, "a")
		runLifecycle(t, c, "a")
		time.Sleep(time.Hour)
		want := map[string]int{
			"repair_started": 1, "approval_required": 1, "approval_reminder": 1, "CallTask": 1, "expiry": 1,
			"NotificationRecalled": 1, // the reminder, which nobody accepted
		}
		if d := cmp.Diff(want, streamtest.Told(t, c)); d != "" {
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
		now := streamtest.Monday()
		runLifecycle(t, c, "a")
		runNotification(t, c, "a")
		c.Produce(t, cl, record.Commands, streamtest.Start("r", now))
		time.Sleep(time.Second)
		for range 3 {
			l, n := runLifecycle(t, c, "b"), runNotification(t, c, "b")
			time.Sleep(30 * time.Second)
			l.Stop()
			n.Stop()
			time.Sleep(30 * time.Second)
		}
		c.Produce(t, cl, record.Commands, streamtest.Request("r", now, now.Add(24*time.Hour)))
		time.Sleep(time.Minute)
		if d := cmp.Diff(map[string]int{"repair_started": 1, "approval_required": 1}, streamtest.Told(t, c)); d != "" {
			t.Errorf("told (-want +got):\n%s", d)
		}
	})
}
