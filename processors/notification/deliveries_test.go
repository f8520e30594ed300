package notification

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"pitstop/schemas/garage/garagetest"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// A mail that is deferred is tried eight times within about half an hour.
// Then somebody calls.
func TestTries(t *testing.T) {
	w := asked(t)
	begin := at(20, 10, 0)
	now := begin
	for try := int32(1); try < tries; try++ {
		if got := w.deferred(now, w.newest(record.NotifyApprovalRequired)); len(got) != 0 {
			t.Fatalf("try %d: %q", try, got)
		}
		timers := w.Timers("r1")
		due := timers[0].Due
		pause := float64(firstWait) * math.Pow(2, float64(try-1))
		if d := due.Sub(now); d < time.Duration(0.9*pause) || d > time.Duration(1.1*pause) {
			t.Errorf("after try %d: a wait of %v, want about %v", try, d, time.Duration(pause))
		}
		if got := w.until(due.Add(-time.Microsecond)); len(got) != 0 {
			t.Fatalf("before try %d is due: %q", try+1, got)
		}
		w.until(due)
		r := w.newest(record.NotifyApprovalRequired)
		first := w.all[1].(*record.NotificationRequested)
		if r.Attempt != try+1 || r.NotificationID != first.NotificationID || !r.FirstRequestedAt.Equal(begin) || r.Quote == nil {
			t.Fatalf("try %d: %+v", try+1, r)
		}
		now = due
	}
	if total := now.Sub(begin); total < 24*time.Minute || total > 31*time.Minute {
		t.Errorf("the eighth try came after %v", total)
	}
	expect(t, w.deferred(now, w.newest(record.NotifyApprovalRequired)),
		"no approval_required to customer (1): tries_used_up", "call customer (1): undeliverable")
	expect(t, w.until(at(20, 13, 0))) // no reminder of what did not arrive, and no second call
}

// The waits of two notifications differ, those of one do not.
func TestJitter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id, attempt := rapid.String().Draw(t, "id"), rapid.Int32Range(1, tries-1).Draw(t, "attempt")
		d, pause := wait(id, attempt), firstWait<<(attempt-1)
		if d != wait(id, attempt) || d%time.Microsecond != 0 || d < pause*9/10 || d > pause*11/10 {
			t.Errorf("wait(%q, %d) = %v", id, attempt, d)
		}
	})
	if wait("a", 1) == wait("b", 1) {
		t.Error("two notifications wait for exactly as long")
	}
}

// A refusal for good makes a call task at once, whoever the mail was for on the
// customer's side; about a revision, once.
func TestRefusedForGood(t *testing.T) {
	w := started(t)
	expect(t, w.failed(at(20, 9, 1), w.newest(record.NotifyStarted)), "call customer: undeliverable")
	w.event(at(20, 10, 0), noor, request(1))
	expect(t, w.failed(at(20, 10, 1), w.newest(record.NotifyApprovalRequired)), "call customer (1): undeliverable")
	expect(t, w.until(at(20, 17, 0)), "no approval_reminder to customer (1): address_refused")
	w.event(at(21, 9, 0), customer, decided(1))
	expect(t, w.failed(at(21, 9, 1), w.newest(record.NotifyDecision)))
	w.event(at(21, 10, 0), sam, &repair.RepairCompleted{})
	expect(t, w.failed(at(21, 10, 1), w.newest(record.NotifyCompleted)), "call customer: undeliverable")
}

// Nobody calls the garage's own people, or a customer who has asked for it already.
func TestNoCall(t *testing.T) {
	w := asked(t)
	w.event(at(20, 10, 10), customer, says(repair.Callback))
	expect(t, w.failed(at(20, 10, 11), w.newest(record.NotifyMessage)))
	expect(t, w.failed(at(20, 10, 11), w.newest(record.NotifyApprovalRequired)))
	expect(t, w.until(at(20, 17, 0)))
}

// The first thing that ended a notification's moment is the reason.
func TestFirstReason(t *testing.T) {
	w := asked(t)
	one := w.newest(record.NotifyApprovalRequired)
	w.event(at(20, 10, 0), noor, request(2))
	w.event(at(20, 10, 0), customer, decided(2))
	expect(t, w.deferred(at(20, 10, 1), one), "no approval_required to customer (1): moment_passed replaced")
}

// A reminder that is refused for good makes the call task earlier.
func TestReminderRefused(t *testing.T) {
	w := asked(t)
	w.accepted(at(20, 10, 1), w.newest(record.NotifyApprovalRequired))
	w.until(at(20, 11, 1))
	expect(t, w.failed(at(20, 11, 1), w.newest(record.NotifyReminder)), "call customer (1): undeliverable")
	expect(t, w.until(at(20, 17, 0)))
}

// Without an address, the reason is recorded, and somebody calls if it must reach the
// customer.
func TestNoAddress(t *testing.T) {
	w := newWorld(t, garagetest.Sample(t))
	phone := contact("c", repair.Phone)
	expect(t, w.event(at(20, 9, 0), sam, &repair.RepairStarted{Customer: phone}), "no repair_started to customer: no_address")
	expect(t, w.event(at(20, 10, 0), noor, request(1)),
		"no approval_required to customer (1): no_address", "call customer (1): no_address")
	task := w.all[2].(*record.CallTask)
	want := &record.CallTask{
		Reason: record.CallNoAddress, RestsOn: 2, Revision: 1, Kind: record.NotifyApprovalRequired, Recipient: customer, Contact: phone,
	}
	if diff := cmp.Diff(want, task, cmpopts.IgnoreTypes(repair.Header{})); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	expect(t, w.until(at(20, 17, 0)), "no approval_reminder to customer (1): no_address")
	w.event(at(21, 9, 0), desk, decided(1))
	expect(t, w.event(at(21, 9, 30), sam, says(repair.Text)), "no message to customer: no_address", "call customer: no_address")
	expect(t, w.event(at(21, 10, 0), sam, &repair.RepairCompleted{}),
		"recall decision to mechanic noor (1): completed", "no repair_completed to customer: no_address", "call customer: no_address")
}

// A second delivery of an attempt, or one of an earlier attempt, changes nothing.
func TestStaleDeliveries(t *testing.T) {
	w := asked(t)
	one := w.newest(record.NotifyApprovalRequired)
	w.deferred(at(20, 10, 1), one)
	before, _, _ := w.State("r1")
	timers := w.Timers("r1")
	expect(t, w.deferred(at(20, 10, 2), one))
	expect(t, w.failed(at(20, 10, 2), one))
	after, _, _ := w.State("r1")
	if diff := cmp.Diff(before, after) + cmp.Diff(timers, w.Timers("r1")); diff != "" {
		t.Errorf("a second refusal of the same attempt changed\n%s", diff)
	}
	expect(t, w.until(at(20, 10, 5)), "approval_required to customer (1), try 2")
	two := w.newest(record.NotifyApprovalRequired)
	expect(t, w.failed(at(20, 10, 6), one))
	expect(t, w.accepted(at(20, 10, 6), two))
	expect(t, w.failed(at(20, 10, 7), two))
	expect(t, w.deferred(at(20, 10, 7), two))
	expect(t, w.accepted(at(20, 10, 7), two))
	expect(t, w.until(at(20, 10, 59)))
}

// An attempt that was made twice and accepted in the end is not followed by another.
func TestAcceptedAfterDeferred(t *testing.T) {
	w := asked(t)
	one := w.newest(record.NotifyApprovalRequired)
	w.deferred(at(20, 10, 1), one)
	w.accepted(at(20, 10, 1), one)
	expect(t, w.until(at(20, 10, 59)))
}

// A corrected contact is used from then on, and whoever decides is asked anew where the
// address is another one; reminders and the call count from then on.
func TestContactCorrected(t *testing.T) {
	correct := func(party repair.Party, id string, channels ...repair.Channel) *repair.ContactCorrected {
		return &repair.ContactCorrected{Party: party, Contact: contact(id, channels...)}
	}
	settled := func(t *testing.T) *world { // the mail about the start has arrived
		w := asked(t)
		w.accepted(at(20, 10, 0), first(w, record.NotifyStarted))
		return w
	}
	t.Run("the next try", func(t *testing.T) {
		w := started(t)
		w.deferred(at(20, 9, 1), w.newest(record.NotifyStarted))
		expect(t, w.event(at(20, 9, 1), desk, correct(repair.TheCustomer, "new", repair.Email)))
		expect(t, w.until(at(20, 9, 5)), "repair_started to customer, try 2")
		if got := w.newest(record.NotifyStarted).Contact.ID; got != "new" {
			t.Errorf("sent to %q", got)
		}
	})
	t.Run("an address that is none any more", func(t *testing.T) {
		w := started(t)
		w.event(at(20, 9, 0), sam, &repair.RepairCompleted{})
		w.deferred(at(20, 9, 1), w.newest(record.NotifyCompleted))
		expect(t, w.event(at(20, 9, 1), desk, correct(repair.TheCustomer, "new", repair.Phone)),
			"no repair_completed to customer: moment_passed contact_corrected",
			"no repair_completed to customer: no_address", "call customer: no_address")
		expect(t, w.until(at(20, 9, 5)))
	})
	t.Run("while the request waits for another try", func(t *testing.T) {
		w := settled(t)
		w.deferred(at(20, 10, 1), w.newest(record.NotifyApprovalRequired))
		expect(t, w.event(at(20, 10, 1), desk, correct(repair.TheCustomer, "new", repair.Email)),
			"no approval_required to customer (1): moment_passed contact_corrected", "approval_required to customer (1)")
		expect(t, w.until(at(20, 10, 59)))
	})
	t.Run("after a refusal for good", func(t *testing.T) {
		w := settled(t)
		w.failed(at(20, 10, 1), w.newest(record.NotifyApprovalRequired))
		expect(t, w.event(at(20, 10, 20), desk, correct(repair.TheCustomer, "new", repair.Email)), "approval_required to customer (1)")
		w.accepted(at(20, 10, 30), w.newest(record.NotifyApprovalRequired))
		expect(t, w.until(at(20, 17, 0)), "approval_reminder to customer (1)", "call customer (1): no_answer")
	})
	t.Run("after it arrived", func(t *testing.T) {
		w := settled(t)
		w.accepted(at(20, 10, 1), w.newest(record.NotifyApprovalRequired))
		expect(t, w.event(at(20, 10, 20), desk, correct(repair.TheCustomer, "new", repair.Email)), "approval_required to customer (1)")
		r := w.newest(record.NotifyApprovalRequired)
		if r.Contact.ID != "new" || r.RestsOn != 2 || r.Sequence != 3 {
			t.Errorf("asked %q, rests on %d, link of %d", r.Contact.ID, r.RestsOn, r.Sequence)
		}
		w.accepted(at(20, 10, 21), r)
		expect(t, w.until(at(20, 11, 20)))
		expect(t, w.until(at(20, 11, 21)), "approval_reminder to customer (1)")
		if got := w.newest(record.NotifyReminder); got.Contact.ID != "new" || got.Sequence != 3 {
			t.Errorf("the reminder went to %q with a link of %d", got.Contact.ID, got.Sequence)
		}
		expect(t, w.until(at(20, 12, 19)))
		expect(t, w.until(at(20, 12, 20)), "call customer (1): no_answer")
	})
	t.Run("after everything", func(t *testing.T) {
		w := settled(t)
		w.accepted(at(20, 10, 1), w.newest(record.NotifyApprovalRequired))
		expect(t, w.until(at(20, 14, 0)), "approval_reminder to customer (1)", "call customer (1): no_answer")
		w.accepted(at(20, 14, 0), w.newest(record.NotifyReminder))
		expect(t, w.event(at(20, 14, 0), desk, correct(repair.TheCustomer, "new", repair.Email)), "approval_required to customer (1)")
		w.accepted(at(20, 14, 1), w.newest(record.NotifyApprovalRequired))
		expect(t, w.until(at(20, 17, 0)), "approval_reminder to customer (1)", "call customer (1): no_answer")
	})
	t.Run("at the same address", func(t *testing.T) {
		same := correct(repair.TheCustomer, "renamed", repair.Email)
		same.SameAddress = true
		w := settled(t)
		w.deferred(at(20, 10, 1), w.newest(record.NotifyApprovalRequired))
		expect(t, w.event(at(20, 10, 1), desk, same))
		expect(t, w.until(at(20, 10, 5)), "approval_required to customer (1), try 2")
		if got := w.newest(record.NotifyApprovalRequired).Contact.ID; got != "renamed" {
			t.Errorf("the next try went to %q", got)
		}
		w.accepted(at(20, 10, 6), w.newest(record.NotifyApprovalRequired))
		expect(t, w.until(at(20, 12, 0)), "approval_reminder to customer (1)", "call customer (1): no_answer")
	})
	t.Run("what becomes of the old address does not matter", func(t *testing.T) {
		for _, fate := range []func(*world, time.Time, *record.NotificationRequested) []string{(*world).accepted, (*world).failed} {
			w := settled(t)
			old := w.newest(record.NotifyApprovalRequired)
			w.event(at(20, 10, 0), desk, correct(repair.TheCustomer, "new", repair.Email))
			expect(t, fate(w, at(20, 10, 1), old))
			expect(t, w.event(at(20, 10, 2), desk, correct(repair.TheCustomer, "newer", repair.Email)),
				"recall approval_required to customer (1): contact_corrected", "approval_required to customer (1)")
			w.accepted(at(20, 10, 2), w.newest(record.NotifyApprovalRequired))
			expect(t, w.until(at(20, 11, 2)), "approval_reminder to customer (1)")
		}
	})
	t.Run("another one decides", func(t *testing.T) {
		w := settled(t)
		w.accepted(at(20, 10, 1), w.newest(record.NotifyApprovalRequired))
		expect(t, w.event(at(20, 10, 20), desk, correct(repair.TheApprover, "boss", repair.Email)), "approval_required to approver (1)")
		expect(t, w.event(at(20, 10, 21), desk, correct(repair.TheCustomer, "new", repair.Email)))
		r := w.newest(record.NotifyApprovalRequired)
		if r.Contact.ID != "boss" || !r.Decides || r.RestsOn != 2 {
			t.Errorf("asked: %+v", r)
		}
	})
	t.Run("what is on its way to the old address is made anew", func(t *testing.T) {
		for name, fate := range map[string]func(*world, *record.NotificationRequested) []string{
			"withheld": func(w *world, r *record.NotificationRequested) []string {
				return w.withheld(at(20, 9, 6), r, record.Recalled, "contact_corrected")
			},
			"refused for good": func(w *world, r *record.NotificationRequested) []string { return w.failed(at(20, 9, 6), r) },
		} {
			t.Run(name, func(t *testing.T) {
				w := started(t)
				one := w.newest(record.NotifyStarted)
				expect(t, w.event(at(20, 9, 5), desk, correct(repair.TheCustomer, "new", repair.Email)), "recall repair_started to customer: contact_corrected")
				expect(t, fate(w, one), "repair_started to customer, try 2")
				if got := w.newest(record.NotifyStarted).Contact.ID; got != "new" {
					t.Errorf("sent to %q", got)
				}
			})
		}
		w := started(t) // the mail had gone out by then
		expect(t, w.event(at(20, 9, 5), desk, correct(repair.TheCustomer, "new", repair.Email)), "recall repair_started to customer: contact_corrected")
		expect(t, w.accepted(at(20, 9, 6), w.newest(record.NotifyStarted)))
		w = started(t) // and what is no longer true is not
		one := w.newest(record.NotifyStarted)
		w.event(at(20, 9, 5), desk, correct(repair.TheCustomer, "new", repair.Email))
		expect(t, w.event(at(20, 9, 6), sam, &repair.RepairCompleted{}))
		expect(t, w.withheld(at(20, 9, 7), one, record.Recalled, "contact_corrected"),
			"no repair_started to customer: moment_passed completed", "repair_completed to customer")
	})
	t.Run("and goes before what is asked of the new address", func(t *testing.T) {
		w := asked(t)
		begun, one := w.newest(record.NotifyStarted), w.newest(record.NotifyApprovalRequired)
		expect(t, w.event(at(20, 10, 5), desk, correct(repair.TheCustomer, "new", repair.Email)),
			"recall approval_required to customer (1): contact_corrected", "recall repair_started to customer: contact_corrected")
		expect(t, w.withheld(at(20, 10, 6), one, record.Recalled, "contact_corrected"),
			"no approval_required to customer (1): moment_passed contact_corrected")
		expect(t, w.withheld(at(20, 10, 6), begun, record.Recalled, "contact_corrected"),
			"repair_started to customer, try 2", "approval_required to customer (1)")
	})
	t.Run("a request with a link that has ended is made anew", func(t *testing.T) {
		for name, fate := range map[string]func(*world, *record.NotificationRequested) []string{
			"withheld": func(w *world, r *record.NotificationRequested) []string {
				return w.withheld(at(20, 10, 2), r, record.Recalled, "links_revoked")
			},
			"refused for good": func(w *world, r *record.NotificationRequested) []string { return w.failed(at(20, 10, 2), r) },
		} {
			t.Run(name, func(t *testing.T) {
				w := asked(t)
				begun, one := w.newest(record.NotifyStarted), w.newest(record.NotifyApprovalRequired)
				expect(t, w.event(at(20, 10, 1), desk, &repair.LinksRevoked{}),
					"recall repair_started to customer: links_revoked", "recall approval_required to customer (1): links_revoked")
				expect(t, fate(w, one))
				expect(t, fate(w, begun), "repair_started to customer, try 2", "approval_required to customer (1), try 2")
				if got := w.newest(record.NotifyApprovalRequired).Sequence; got != 3 {
					t.Errorf("with a link of %d", got)
				}
			})
		}
	})
	t.Run("another one decides, who has no address", func(t *testing.T) {
		w := settled(t)
		w.accepted(at(20, 10, 1), w.newest(record.NotifyApprovalRequired))
		expect(t, w.event(at(20, 10, 20), desk, correct(repair.TheApprover, "boss", repair.Phone)),
			"no approval_required to approver (1): no_address", "call approver (1): no_address")
	})
}

// Mails to one person about one repair go in the order in which they arose.
func TestInOrder(t *testing.T) {
	t.Run("what comes after a deferred mail is held", func(t *testing.T) {
		w := started(t)
		w.deferred(at(20, 9, 1), w.newest(record.NotifyStarted))
		expect(t, w.event(at(20, 9, 1), sam, says(repair.Text)))
		expect(t, w.event(at(20, 9, 1), customer, says(repair.Text)), "message to mechanic sam", "message to customer_service")
		expect(t, w.until(at(20, 9, 2)), "repair_started to customer, try 2")
		expect(t, w.event(at(20, 9, 2), noor, request(1)))
		if s, _, _ := w.State("r1"); len(s.Known.Pending) != 5 {
			t.Errorf("pending: %+v", s.Known.Pending)
		}
	})
	t.Run("until that one has its end", func(t *testing.T) {
		for name, end := range map[string]func(*world, *record.NotificationRequested) []string{
			"accepted": func(w *world, r *record.NotificationRequested) []string { return w.accepted(at(20, 9, 3), r) },
			"failed":   func(w *world, r *record.NotificationRequested) []string { return w.failed(at(20, 9, 3), r)[1:] }, // after the call task
		} {
			t.Run(name, func(t *testing.T) {
				w := started(t)
				w.deferred(at(20, 9, 1), w.newest(record.NotifyStarted))
				expect(t, w.event(at(20, 9, 1), sam, says(repair.Text)))
				expect(t, w.event(at(20, 9, 1), noor, request(1)))
				w.until(at(20, 9, 2))
				w.deferred(at(20, 9, 2), w.newest(record.NotifyStarted))
				w.until(at(20, 9, 3))
				expect(t, end(w, w.newest(record.NotifyStarted)), "message to customer", "approval_required to customer (1)")
				if r := w.newest(record.NotifyApprovalRequired); r.Attempt != 1 || !r.FirstRequestedAt.Equal(at(20, 9, 1)) || r.Quote == nil {
					t.Errorf("attempt %d, first requested at %s", r.Attempt, r.FirstRequestedAt)
				}
			})
		}
	})
	t.Run("what is held when its moment passes is not sent", func(t *testing.T) {
		w := started(t)
		w.deferred(at(20, 9, 1), w.newest(record.NotifyStarted))
		expect(t, w.event(at(20, 9, 1), noor, request(1)))
		expect(t, w.event(at(20, 9, 1), desk, decided(1)),
			"no approval_reminder to customer (1): moment_passed decided", "no approval_required to customer (1): moment_passed decided",
			"decision to mechanic noor (1)")
		expect(t, w.event(at(20, 9, 1), sam, &repair.RepairCompleted{}),
			"no repair_started to customer: moment_passed completed", "recall decision to mechanic noor (1): completed", "repair_completed to customer")
	})
	t.Run("a sink that held back the later one does not count as a try", func(t *testing.T) {
		w := asked(t)
		one, two := w.newest(record.NotifyStarted), w.newest(record.NotifyApprovalRequired)
		w.deferred(at(20, 10, 1), one)
		expect(t, w.withheld(at(20, 10, 1), two, record.OutOfOrder, ""))
		expect(t, w.until(at(20, 10, 2)), "repair_started to customer, try 2")
		expect(t, w.accepted(at(20, 10, 2), w.newest(record.NotifyStarted)), "approval_required to customer (1), try 2")
	})
	t.Run("nor does it wait for what has had its end meanwhile", func(t *testing.T) {
		w := asked(t)
		one, two := w.newest(record.NotifyStarted), w.newest(record.NotifyApprovalRequired)
		w.deferred(at(20, 10, 1), one)
		w.accepted(at(20, 10, 1), one)
		expect(t, w.withheld(at(20, 10, 1), two, record.OutOfOrder, ""), "approval_required to customer (1), try 2")
	})
}

// What is out of date by the clock when its turn comes is not sent, and somebody calls.
func TestOutOfDate(t *testing.T) {
	w := asked(t)
	expect(t, w.withheld(at(21, 17, 30), w.newest(record.NotifyApprovalRequired), record.OutOfDate, ""),
		"no approval_required to customer (1): moment_passed out_of_date", "call customer (1): undeliverable")
	w = started(t)
	w.event(at(20, 10, 0), sam, &repair.ReadyTimeChanged{Previous: at(20, 16, 0), ReadyAt: at(20, 17, 0)})
	expect(t, w.withheld(at(20, 17, 1), w.newest(record.NotifyReadyLater), record.OutOfDate, ""),
		"no ready_later to customer: moment_passed out_of_date", "call customer: undeliverable")
}

// A sink whose clock was two days ahead for a moment ends nothing, and delays nothing.
func TestASinksClockThatWasAhead(t *testing.T) {
	w := asked(t)
	ahead := w.newest(record.NotifyApprovalRequired)
	w.LogTime = at(20, 10, 1)
	expect(t, w.withheld(at(22, 10, 1), ahead, record.OutOfDate, ""))
	expect(t, w.until(at(20, 10, 5)), "approval_required to customer (1), try 2")
	w.deferred(at(22, 10, 1), w.newest(record.NotifyApprovalRequired))
	expect(t, w.until(at(20, 10, 10)), "approval_required to customer (1), try 3")
}

// One that is as much ahead as a clock may be is believed, but not before that.
func TestASinksClockThatIsALittleAhead(t *testing.T) {
	expires := at(21, 17, 30)
	for before, want := range map[time.Duration][]string{
		repair.MaxAhead:                    {"no approval_required to customer (1): moment_passed out_of_date", "call customer (1): undeliverable"},
		repair.MaxAhead + time.Microsecond: nil,
	} {
		w := asked(t)
		w.LogTime = expires.Add(-before)
		expect(t, w.withheld(expires, w.newest(record.NotifyApprovalRequired), record.OutOfDate, ""), want...)
	}
}
