package notification

import (
	"testing"
	"time"

	"pitstop/schemas/garage/garagetest"
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
	expect(t, newWorld(t, garagetest.Sample(t)).play(past(false)),
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
	w := newWorld(t, garagetest.Sample(t))
	w.play(past(false))
	call := says(repair.Callback)
	expect(t, w.event(at(21, 9, 0), customer, late(&call.Fact, false, call)), "no message to customer_service: history")
}

// What is told of history is requested when it was known: nobody waited since May. What
// was over by then is not told.
func TestToldHistoryIsRequestedWhenItWasKnown(t *testing.T) {
	w := newWorld(t, garagetest.Sample(t))
	expect(t, w.play(past(true)),
		"repair_started to customer",
		"no approval_required to customer (1): moment_passed out_of_date",
		"no expiry to mechanic noor (1): moment_passed out_of_date",
		"no approval_required to customer (2): moment_passed out_of_date",
		"no quote_withdrawn to customer (2): not_told",
		"no ready_later to customer: moment_passed out_of_date",
		"no approval_required to customer (3): moment_passed out_of_date",
		"call customer: requested", "message to mechanic sam", "message to customer_service",
		"decision to mechanic noor (3)",
		"recall repair_started to customer: completed", "recall decision to mechanic noor (3): completed",
		"repair_completed to customer",
	)
	for _, o := range w.all {
		if r, ok := o.(*record.NotificationRequested); ok {
			if r.FirstRequestedAt.Before(november) || r.OccurredAt.Before(november) {
				t.Errorf("%s was requested at %s, first at %s", r.Kind, r.OccurredAt, r.FirstRequestedAt)
			}
		}
	}
}

// Of a quote that had expired when it was known nobody is told, reminded or asked to call
// the customer, whether they have an address or not; nor of its end.
func TestTellingOfAnOldQuote(t *testing.T) {
	for name, channels := range map[string][]repair.Channel{"by mail": {repair.Email, repair.Phone}, "without an address": {repair.Phone}} {
		for end, c := range map[string]struct {
			event func() (repair.Event, *repair.Fact)
			want  string
		}{
			"expired": {
				func() (repair.Event, *repair.Fact) { e := &repair.QuoteExpired{Revision: 1}; return e, &e.Fact },
				"no expiry to mechanic noor (1): moment_passed out_of_date",
			},
			"withdrawn": {
				func() (repair.Event, *repair.Fact) { e := &repair.QuoteWithdrawn{Revision: 1}; return e, &e.Fact },
				"no quote_withdrawn to customer (1): not_told",
			},
		} {
			w := newWorld(t, garagetest.Sample(t))
			w.event(at(20, 9, 0), sam, &repair.RepairStarted{Customer: contact("c", channels...)})
			asked := request(1)
			got := w.event(at(20, 10, 0), noor, late(&asked.Fact, true, asked))
			e, fact := c.event()
			got = append(got, w.event(at(21, 17, 30), system, late(fact, true, e))...)
			t.Log(name, end)
			expect(t, append(got, w.until(november.AddDate(1, 0, 0))...), "no approval_required to customer (1): moment_passed out_of_date", c.want)
		}
	}
}

// One that is still open then is asked about, with all that follows.
func TestTellingOfAnOldQuoteThatIsOpen(t *testing.T) {
	w := newWorld(t, garagetest.Sample(t))
	w.event(at(20, 9, 0), sam, &repair.RepairStarted{Customer: contact("c", repair.Phone)})
	asked := request(1)
	asked.ExpiresAt = november.Add(time.Hour)
	expect(t, w.event(at(20, 10, 0), noor, late(&asked.Fact, true, asked)),
		"no approval_required to customer (1): no_address", "call customer (1): no_address")
	expect(t, w.event(asked.ExpiresAt, system, &repair.QuoteExpired{Revision: 1}),
		"no approval_reminder to customer (1): moment_passed expired", "expiry to mechanic noor (1)")
}

// A quote that was asked for in history is not reminded of. What is done about it now,
// people are told.
func TestWhatHappensNowToAHistoricQuote(t *testing.T) {
	w := newWorld(t, garagetest.Sample(t))
	w.event(at(19, 9, 0), sam, &repair.RepairStarted{Customer: contact("c", repair.Email, repair.Phone)})
	asked := request(1)
	asked.ExpiresAt = november.AddDate(0, 0, 2)
	expect(t, w.event(at(20, 10, 0), noor, late(&asked.Fact, false, asked)), "no approval_required to customer (1): history")
	expect(t, w.until(november.AddDate(0, 0, 1)))
	expect(t, w.event(november.AddDate(0, 0, 1), customer, decided(1, repair.Approve, repair.Reject)), "decision to mechanic noor (1)")
}
