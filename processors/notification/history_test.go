package notification

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// november is when the history of these tests, which is of May, reached the log.
var november = time.Date(2026, time.November, 10, 9, 0, 0, 0, time.UTC)

// late marks an event as one that reached the log in November, told or not.
func late[E repair.Event](fact *repair.Fact, told bool, e E) E {
	fact.History, fact.LoggedAt = !told, november
	return e
}

// past is a whole repair, as an import brings it.
func past(told bool) []repair.Event {
	begun := &repair.RepairStarted{Customer: contact("c", repair.Email, repair.Phone), ReadyAt: at(20, 16, 0)}
	first, second, withdrawn, answered := request(1), request(2), &repair.QuoteWithdrawn{Revision: 2}, decided(3, repair.Approve, repair.Reject)
	third, expired, moved := request(3), &repair.QuoteExpired{Revision: 1}, &repair.ReadyTimeChanged{Previous: at(20, 16, 0), ReadyAt: at(20, 17, 0)}
	second.Replaces = 0
	call, done := says(repair.Callback), &repair.RepairCompleted{Total: 1}
	third.Replaces = 0
	return []repair.Event{
		late(&begun.Fact, told, begun), late(&first.Fact, told, first), late(&expired.Fact, told, expired), late(&second.Fact, told, second),
		late(&withdrawn.Fact, told, withdrawn), late(&moved.Fact, told, moved), late(&third.Fact, told, third),
		late(&call.Fact, told, call), late(&answered.Fact, told, answered), late(&done.Fact, told, done),
	}
}

// play sends a repair's events, a minute apart, and lets a year pass.
func (w *world) play(events []repair.Event) []string {
	w.Helper()
	var all []string
	for i, e := range events {
		by := sam
		if e, ok := e.(*repair.MessagePosted); ok && e.Kind == repair.Callback {
			by = customer
		}
		all = append(all, w.event(at(20, 9, i), by, e)...)
	}
	return append(all, w.until(november.AddDate(1, 0, 0))...)
}

// Of history nobody is told, reminded or called: each thing that somebody would have
// been told is suppressed, with that as the reason.
func TestHistoryTellsNobody(t *testing.T) {
	expect(t, newWorld(t, sample(t)).play(past(false)),
		"no repair_started to customer: history",
		"no approval_required to customer (1): history",
		"no expiry to mechanic noor (1): history",
		"no approval_required to customer (2): history",
		"no quote_withdrawn to customer (2): history",
		"no ready_later to customer: history",
		"no approval_required to customer (3): history",
		"no message to mechanic sam: history", "no message to customer_service: history",
		"no decision to mechanic noor (3): history",
		"no repair_completed to customer: history",
	)
}

// Nor does a message to a customer whose contact was forgotten.
func TestHistoryAfterTheContactWasForgotten(t *testing.T) {
	w := newWorld(t, sample(t))
	w.play(past(false))
	call := says(repair.Callback)
	expect(t, w.event(at(21, 9, 0), customer, late(&call.Fact, false, call)), "no message to customer_service: history")
}

// What is told of history is requested when it was known: nobody waited since May. Its
// reminders count from then.
func TestToldHistoryIsRequestedWhenItWasKnown(t *testing.T) {
	w := newWorld(t, sample(t))
	got := w.play(past(true))
	if i := slices.IndexFunc(got, func(s string) bool { return strings.Contains(s, string(record.History)) }); i >= 0 {
		t.Errorf("%s", got[i])
	}
	requests := 0
	for _, o := range w.all {
		if r, ok := o.(*record.NotificationRequested); ok {
			requests++
			if r.FirstRequestedAt.Before(november) || r.OccurredAt.Before(november) {
				t.Errorf("%s was requested at %s, first at %s", r.Kind, r.OccurredAt, r.FirstRequestedAt)
			}
		}
	}
	if requests < 9 {
		t.Errorf("%d requests: %v", requests, got)
	}
}

// A quote that was asked for in history is not reminded of. What is done about it now,
// people are told.
func TestWhatHappensNowToAHistoricQuote(t *testing.T) {
	w := newWorld(t, sample(t))
	w.event(at(19, 9, 0), sam, &repair.RepairStarted{Customer: contact("c", repair.Email, repair.Phone)})
	asked := request(1)
	asked.ExpiresAt = november.AddDate(0, 0, 2)
	expect(t, w.event(at(20, 10, 0), noor, late(&asked.Fact, false, asked)), "no approval_required to customer (1): history")
	expect(t, w.until(november.AddDate(0, 0, 1)))
	expect(t, w.event(november.AddDate(0, 0, 1), customer, decided(1, repair.Approve, repair.Reject)), "decision to mechanic noor (1)")
}
