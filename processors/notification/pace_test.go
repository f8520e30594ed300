package notification

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pitstop/schemas/garage/garagetest"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// Reminders count opening time from the acceptance of the request, the call task from the
// request.
func TestPace(t *testing.T) {
	const layout = "Mon 15:04"
	for _, c := range []struct {
		name, garage string
		requested    time.Time
		want         []string
	}{
		{"in the morning", "de-brug", at(20, 10, 0), []string{"Wed 11:00 reminder", "Wed 12:00 call"}},
		{"before the close", "de-brug", at(20, 17, 0), []string{"Thu 08:30 reminder", "Thu 09:30 call"}},
		{"after hours", "de-brug", at(20, 22, 0), []string{"Thu 09:00 reminder", "Thu 10:00 call"}},
		{"over a weekend and a holiday", "de-brug", at(22, 16, 45), []string{"Tue 08:15 reminder", "Tue 09:15 call"}},
		{"over lunch, two reminders", "noord", at(20, 11, 30), []string{"Wed 12:15 reminder", "Wed 13:30 reminder", "Wed 14:00 call"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, garagetest.Sample(t))
			w.garage = c.garage
			w.event(c.requested.Add(-time.Hour), sam, &repair.RepairStarted{Customer: contact("c", repair.Email)})
			ask := request(1)
			ask.ExpiresAt = c.requested.AddDate(0, 0, 7)
			w.event(c.requested, sam, ask)
			w.allArrive(c.requested)
			w.all = nil
			w.until(c.requested.AddDate(0, 0, 6))
			var got []string
			for _, o := range w.all {
				what, h := "reminder", o.(record.Headed).Head()
				switch o.(type) {
				case *record.CallTask:
					what = "call"
				case *record.NotificationRecalled: // the reminder before, which nobody delivers here
					continue
				}
				got = append(got, h.OccurredAt.Add(2*time.Hour).Format(layout)+" "+what)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

// However many ticks there are, a reminder is sent once.
func TestOneReminder(t *testing.T) {
	w := asked(t).allArrive(at(20, 10, 0))
	for range 3 {
		w.until(at(20, 10, 59))
	}
	expect(t, w.until(at(20, 11, 0)), "approval_reminder to customer (1)")
	expect(t, w.until(at(20, 11, 0)))
	expect(t, w.until(at(20, 11, 30)))
	expect(t, w.until(at(20, 15, 0)), "call customer (1): no_answer")
	expect(t, w.until(at(21, 15, 0)))
}

// What would be due when the quote has expired is not sent.
func TestNothingIsDueAfterExpiry(t *testing.T) {
	w := started(t)
	ask := request(1)
	ask.ExpiresAt = at(20, 11, 0)
	w.event(at(20, 10, 0), noor, ask)
	w.allArrive(at(20, 10, 1))
	expect(t, w.until(at(20, 12, 0)))
	expect(t, w.event(at(20, 11, 0), system, &repair.QuoteExpired{Revision: 1}),
		"no approval_reminder to customer (1): moment_passed expired", "expiry to mechanic noor (1)")
}

// After an outage, an answer that was given in time is handled before any timer.
func TestOutage(t *testing.T) {
	w := asked(t).allArrive(at(20, 10, 1))
	expect(t, w.event(at(20, 10, 50), customer, decided(1)),
		"no approval_reminder to customer (1): moment_passed decided", "decision to mechanic noor (1)")
	expect(t, w.until(at(22, 12, 0)))
}

// Each answer, and everything else that ends a quote, stops all that is about it.
func TestStops(t *testing.T) {
	for _, end := range []struct {
		because string
		by      repair.Actor
		event   func() repair.Event
	}{
		{"decided", customer, func() repair.Event { return decided(1) }},
		{"expired", system, func() repair.Event { return &repair.QuoteExpired{Revision: 1} }},
		{"withdrawn", sam, func() repair.Event { return &repair.QuoteWithdrawn{Revision: 1} }},
		{"replaced", sam, func() repair.Event { return request(2) }},
		{"cancelled", sam, func() repair.Event { return &repair.RepairCancelled{} }},
	} {
		noReminder := "no approval_reminder to customer (1): moment_passed " + end.because
		noMail := "no approval_required to customer (1): moment_passed " + end.because
		recall := "recall approval_required to customer (1): " + end.because
		ofRequest := func(got []string) (others []string) { // without what becomes of a withdrawal's mail, and of the next request
			for _, s := range got {
				if !strings.Contains(s, "quote_withdrawn") && !strings.Contains(s, "(2)") {
					others = append(others, s)
				}
			}
			return others
		}
		t.Run(end.because+", the mail waits for another try", func(t *testing.T) {
			w := asked(t)
			w.deferred(at(20, 10, 30), w.newest(record.NotifyApprovalRequired))
			expect(t, w.event(at(20, 10, 30), end.by, end.event())[:2], noReminder, noMail)
			for _, timer := range w.Timers("r1") {
				if strings.HasPrefix(timer.Name, retryTimer) {
					t.Errorf("left: %+v", timer)
				}
			}
			nothingMore(t, w)
		})
		t.Run(end.because+", the mail is under way and is withheld", func(t *testing.T) {
			w := asked(t)
			expect(t, w.event(at(20, 10, 30), end.by, end.event())[:2], noReminder, recall)
			expect(t, ofRequest(w.withheld(at(20, 10, 31), first(w, record.NotifyApprovalRequired), record.Recalled, end.because)), noMail)
			nothingMore(t, w)
		})
		t.Run(end.because+", the mail is refused for now afterwards", func(t *testing.T) {
			w := asked(t)
			expect(t, w.event(at(20, 10, 30), end.by, end.event())[:2], noReminder, recall)
			expect(t, ofRequest(w.deferred(at(20, 10, 31), first(w, record.NotifyApprovalRequired))), noMail)
			nothingMore(t, w)
		})
		t.Run(end.because+", the mail is refused for good afterwards", func(t *testing.T) {
			w := asked(t)
			w.event(at(20, 10, 30), end.by, end.event())
			expect(t, ofRequest(w.failed(at(20, 10, 31), first(w, record.NotifyApprovalRequired))))
			nothingMore(t, w)
		})
	}
}

// nothingMore lets time pass in which nothing about revision 1 may come.
func nothingMore(t *testing.T, w *world) {
	t.Helper()
	for _, s := range w.until(at(21, 17, 0)) {
		if strings.Contains(s, "(1)") {
			t.Errorf("after the end: %s", s)
		}
	}
}

// first returns the first attempt at a kind of notification.
func first(w *world, kind record.NotificationKind) *record.NotificationRequested {
	for _, o := range w.all {
		if r, ok := o.(*record.NotificationRequested); ok && r.Kind == kind {
			return r
		}
	}
	w.Fatalf("no %s was requested", kind)
	return nil
}

// A mail that waits for another try is not sent once its moment has passed.
func TestMomentPasses(t *testing.T) {
	later := func() *repair.ReadyTimeChanged {
		return &repair.ReadyTimeChanged{Previous: at(20, 16, 0), ReadyAt: at(20, 17, 0)}
	}
	for _, c := range []struct {
		name  string
		kind  record.NotificationKind
		given func(w *world)
		by    repair.Actor
		event repair.Event
		want  string
	}{
		{
			"started", record.NotifyStarted, func(*world) {}, sam, &repair.RepairCompleted{},
			"no repair_started to customer: moment_passed completed",
		},
		{
			"ready later", record.NotifyReadyLater, func(w *world) { w.event(at(20, 9, 30), sam, later()) }, sam,
			&repair.ReadyTimeChanged{Previous: at(20, 17, 0), ReadyAt: at(20, 16, 30)},
			"no ready_later to customer: moment_passed replaced",
		},
		{"withdrawn", record.NotifyQuoteWithdrawn, func(w *world) {
			w.event(at(20, 9, 30), noor, request(1))
			w.allArrive(at(20, 9, 31))
			w.event(at(20, 9, 40), noor, &repair.QuoteWithdrawn{Revision: 1})
		}, noor, request(2), "no quote_withdrawn to customer (1): moment_passed awaiting_approval"},
		{"decision", record.NotifyDecision, func(w *world) {
			w.event(at(20, 9, 30), noor, request(1))
			w.allArrive(at(20, 9, 31))
			w.event(at(20, 9, 40), customer, decided(1))
		}, noor, &repair.RepairCompleted{}, "no decision to mechanic noor (1): moment_passed completed"},
		{
			"completed", record.NotifyCompleted, func(w *world) { w.event(at(20, 9, 40), sam, &repair.RepairCompleted{}) },
			desk, &repair.VehicleCollected{}, "no repair_completed to customer: moment_passed collected",
		},
		{
			"fresh link, asked for again", record.NotifyLink, func(w *world) { w.event(at(20, 9, 40), desk, &repair.LinkRequested{Party: repair.TheCustomer}) },
			desk, &repair.LinkRequested{Party: repair.TheCustomer}, "no link to customer: moment_passed replaced",
		},
		{
			"fresh link, revoked", record.NotifyLink, func(w *world) { w.event(at(20, 9, 40), desk, &repair.LinkRequested{Party: repair.TheCustomer}) },
			desk, &repair.LinksRevoked{}, "no link to customer: moment_passed links_revoked",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := started(t)
			c.given(w)
			w.deferred(at(20, 10, 0), w.newest(c.kind))
			got := w.event(at(20, 10, 0), c.by, c.event)
			if len(got) == 0 || got[0] != c.want {
				t.Errorf("got %q, want %q first", got, c.want)
			}
			w.all = nil
			w.until(at(21, 10, 0))
			for _, o := range w.all {
				if n, ok := o.(*record.NotificationRequested); ok && n.Kind == c.kind {
					t.Errorf("after its moment: %s", inShort(o))
				}
			}
		})
	}
}

// After an outage of the relay, only the last reminder goes out.
func TestAReminderReplacesOneUnderWay(t *testing.T) {
	w := newWorld(t, garagetest.Sample(t))
	w.garage = "noord"
	w.event(at(20, 9, 0), sam, &repair.RepairStarted{Customer: contact("c", repair.Email)})
	ask := request(1)
	w.event(at(20, 9, 30), sam, ask)
	w.allArrive(at(20, 9, 30))
	expect(t, w.until(at(20, 10, 30)), "approval_reminder to customer (1)")
	one := w.newest(record.NotifyReminder)
	expect(t, w.until(at(20, 11, 20)), "recall approval_reminder to customer (1): replaced", "approval_reminder to customer (1)")
	expect(t, w.withheld(at(20, 11, 21), one, record.Recalled, "replaced"), "no approval_reminder to customer (1): moment_passed replaced")
}

// A reminder never comes before its request was accepted, and its time counts from there.
func TestAReminderFollowsTheAcceptance(t *testing.T) {
	w := asked(t)
	expect(t, w.until(at(20, 11, 30)))
	w.accepted(at(20, 11, 30), w.newest(record.NotifyApprovalRequired))
	expect(t, w.until(at(20, 12, 29)), "call customer (1): no_answer")
	expect(t, w.until(at(20, 12, 30)), "approval_reminder to customer (1)")
}

// Where nothing was delivered, nobody can have answered: the call task says so.
func TestTheCallSaysWhatHappened(t *testing.T) {
	expect(t, asked(t).until(at(20, 12, 0)), "call customer (1): undeliverable")
	w := asked(t)
	w.deferred(at(20, 12, 0), w.newest(record.NotifyApprovalRequired))
	expect(t, w.until(at(20, 12, 0)), "call customer (1): undeliverable")
	if task := w.all[len(w.all)-1].(*record.CallTask); task.Kind != record.NotifyApprovalRequired {
		t.Errorf("about %q", task.Kind)
	}
}

// Who was not asked is not told that the question is withdrawn, or cancelled with the repair.
func TestThatAQuoteIsOffIsToldToWhomTheRequestWasTold(t *testing.T) {
	for because, end := range map[repair.QuoteStatus]func() repair.Event{
		repair.StatusWithdrawn: func() repair.Event { return &repair.QuoteWithdrawn{Revision: 1} },
		repair.StatusCancelled: func() repair.Event { return &repair.RepairCancelled{} },
	} {
		t.Run(string(because), func(t *testing.T) {
			const told, notTold = "quote_withdrawn to customer (1)", "no quote_withdrawn to customer (1): not_told"
			ended := func(w *world) []string { return w.event(at(20, 10, 30), noor, end()) }
			last := func(got []string) string { return got[len(got)-1] }
			t.Run("accepted", func(t *testing.T) {
				w := asked(t).allArrive(at(20, 10, 1))
				expect(t, []string{last(ended(w))}, told)
				if r := w.newest(record.NotifyQuoteWithdrawn); r.Ended != because || r.Quote == nil || len(r.Replaced) > 0 {
					t.Errorf("the mail says %q of %v", r.Ended, r.Quote)
				}
			})
			t.Run("under way, then accepted", func(t *testing.T) {
				w := asked(t)
				w.accepted(at(20, 10, 1), first(w, record.NotifyStarted))
				expect(t, []string{last(ended(w))}, "recall approval_required to customer (1): "+string(because))
				expect(t, w.accepted(at(20, 10, 31), first(w, record.NotifyApprovalRequired)), told)
			})
			t.Run("under way, then withheld", func(t *testing.T) {
				w := asked(t)
				ended(w)
				expect(t, w.withheld(at(20, 10, 31), first(w, record.NotifyApprovalRequired), record.Recalled, string(because)),
					"no approval_required to customer (1): moment_passed "+string(because), notTold)
			})
			t.Run("waiting for another try", func(t *testing.T) {
				w := asked(t)
				w.deferred(at(20, 10, 30), w.newest(record.NotifyApprovalRequired))
				expect(t, []string{last(ended(w))}, notTold)
			})
		})
	}
}

// A withdrawal that has not gone out when the repair is cancelled still is news: whoever was
// asked need not answer.
func TestAWithdrawalOutlivesTheRepair(t *testing.T) {
	w := asked(t).allArrive(at(20, 10, 1))
	w.event(at(20, 10, 30), noor, &repair.QuoteWithdrawn{Revision: 1})
	w.deferred(at(20, 10, 30), w.newest(record.NotifyQuoteWithdrawn))
	expect(t, w.event(at(20, 10, 30), sam, &repair.RepairCancelled{}))
	expect(t, w.until(at(20, 10, 31)), "quote_withdrawn to customer (1), try 2")
}
