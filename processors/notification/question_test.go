package notification

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"pitstop/processors/stream"
	"pitstop/schemas/garage/garagetest"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// Who has asked something is not told that they have not answered while the garage owes
// the reply. The rest of the reminder's time counts on from the reply; the call stays.
func TestAQuestionPausesTheReminders(t *testing.T) {
	const reminder, call = "approval_reminder to customer (1)", "call customer (1): no_answer"
	asks := func(w *world, hour, minute int) { w.event(at(20, hour, minute), customer, says(repair.Text)) }
	replies := func(w *world, hour, minute int) { w.event(at(20, hour, minute), sam, says(repair.Text)) }
	const owed, decidedBefore = "no approval_reminder to customer (1): reply_owed", "no approval_reminder to customer (1): moment_passed decided"
	asked := func(t rapid.TB) *world { return asked(t).allArrive(at(20, 10, 0)) }

	t.Run("the rest counts on from the reply", func(t *testing.T) {
		w := asked(t)
		asks(w, 10, 20)
		expect(t, w.until(at(20, 11, 30)))
		replies(w, 11, 30)
		expect(t, w.until(at(20, 12, 9)), call)
		expect(t, w.until(at(20, 12, 10)), reminder)
	})
	t.Run("but at least a quarter of an hour of it", func(t *testing.T) {
		w := asked(t)
		asks(w, 10, 55)
		replies(w, 11, 30)
		expect(t, w.until(at(20, 11, 44)))
		expect(t, w.until(at(20, 11, 45)), reminder)
	})
	t.Run("in opening time", func(t *testing.T) {
		w := asked(t)
		asks(w, 10, 50)
		expect(t, w.event(at(20, 17, 25), sam, says(repair.Text))[:1], call)
		expect(t, w.until(at(21, 8, 9)))
		expect(t, w.until(at(21, 8, 10)), reminder)
	})
	t.Run("no reply, no reminder", func(t *testing.T) {
		w := asked(t)
		asks(w, 10, 20)
		asks(w, 10, 40) // more of the same
		expect(t, w.until(at(20, 17, 0)), call)
		expect(t, w.event(at(21, 17, 30), system, &repair.QuoteExpired{Revision: 1}), owed, "expiry to mechanic noor (1)")
	})
	t.Run("an answer before the reminder would have been due", func(t *testing.T) {
		w := asked(t)
		asks(w, 10, 20)
		expect(t, w.event(at(20, 10, 30), customer, decided(1))[:1], decidedBefore)
	})
	t.Run("an answer after that", func(t *testing.T) {
		w := asked(t)
		asks(w, 10, 20)
		expect(t, w.event(at(20, 11, 0), customer, decided(1))[:1], owed)
	})
	t.Run("a note is no reply", func(t *testing.T) {
		w := asked(t)
		asks(w, 10, 20)
		w.event(at(20, 10, 30), sam, says(repair.Note))
		expect(t, w.until(at(20, 11, 30)))
	})
	t.Run("a new revision is one", func(t *testing.T) {
		w := asked(t)
		asks(w, 10, 20)
		w.event(at(20, 10, 30), noor, request(2))
		w.allArrive(at(20, 10, 30))
		expect(t, w.until(at(20, 11, 30)), "approval_reminder to customer (2)")
	})
	t.Run("a question before the request has arrived", func(t *testing.T) {
		w := started(t)
		w.event(at(20, 10, 0), noor, request(1))
		asks(w, 10, 5)
		w.allArrive(at(20, 10, 10))
		expect(t, w.until(at(20, 11, 30)))
		replies(w, 11, 30)
		w.accepted(at(20, 11, 30), w.newest(record.NotifyMessage))
		expect(t, w.until(at(20, 12, 29)), call)
		expect(t, w.until(at(20, 12, 30)), reminder)
	})
	t.Run("answered before the request has arrived", func(t *testing.T) {
		w := started(t)
		w.event(at(20, 10, 0), noor, request(1))
		asks(w, 10, 5)
		replies(w, 10, 6)
		expect(t, w.until(at(20, 11, 20)))
		w.allArrive(at(20, 11, 20))
		expect(t, w.until(at(20, 12, 19)), "call customer (1): no_answer")
		expect(t, w.until(at(20, 12, 20)), reminder)
	})
	t.Run("a reminder that has not gone out is recalled", func(t *testing.T) {
		w := asked(t)
		w.until(at(20, 11, 0))
		sent := w.newest(record.NotifyReminder)
		expect(t, w.event(at(20, 11, 1), customer, says(repair.Text))[:1], "recall approval_reminder to customer (1): reply_owed")
		expect(t, w.withheld(at(20, 11, 1), sent, record.Recalled, "reply_owed"), owed)
	})
	t.Run("who does not decide pauses nothing", func(t *testing.T) {
		w := newWorld(t, garagetest.Sample(t))
		other := contact("a", repair.Email)
		w.event(at(20, 9, 0), sam, &repair.RepairStarted{Customer: contact("c", repair.Email), Approver: &other})
		w.event(at(20, 10, 0), noor, request(1))
		w.allArrive(at(20, 10, 0))
		asks(w, 10, 20)
		expect(t, w.until(at(20, 11, 0)), "approval_reminder to approver (1)")
	})
	t.Run("nor is it replied to by an answer to another", func(t *testing.T) {
		w := newWorld(t, garagetest.Sample(t))
		other := contact("a", repair.Email)
		w.event(at(20, 9, 0), sam, &repair.RepairStarted{Customer: contact("c", repair.Email), Approver: &other})
		w.event(at(20, 10, 0), noor, request(1))
		w.allArrive(at(20, 10, 0))
		w.event(at(20, 10, 10), approver, says(repair.Text))
		asks(w, 10, 15)
		expect(t, w.event(at(20, 10, 20), sam, says(repair.Text)), "message to customer")
		expect(t, w.until(at(20, 11, 30)))
		w.event(at(20, 11, 30), approver, says(repair.Text))
		expect(t, w.event(at(20, 11, 30), sam, says(repair.Text)), "message to approver")
		expect(t, w.until(at(20, 12, 19)), "call approver (1): no_answer")
		expect(t, w.until(at(20, 12, 20)), "approval_reminder to approver (1)")
	})
	t.Run("of two reminders both move", func(t *testing.T) {
		w := newWorld(t, garagetest.Sample(t))
		w.garage = "noord"
		w.event(at(20, 8, 30), sam, &repair.RepairStarted{Customer: contact("c", repair.Email)})
		w.event(at(20, 9, 0), sam, request(1))
		w.allArrive(at(20, 9, 0))
		asks(w, 9, 40)
		replies(w, 10, 0)
		w.all = nil
		w.until(at(20, 12, 0))
		var got []time.Time
		for _, o := range w.all {
			if r, ok := o.(*record.NotificationRequested); ok && r.Kind == record.NotifyReminder {
				got = append(got, r.OccurredAt)
			}
		}
		if diff := cmp.Diff([]time.Time{at(20, 10, 15), at(20, 11, 0)}, got); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	})
	t.Run("in a simulation", func(t *testing.T) {
		w := started(t)
		var err error
		if w.Driver, err = stream.NewDriver(New(garagetest.Sample(t), func(time.Time) bool { return true })); err != nil {
			t.Fatal(err)
		}
		w.event(at(20, 9, 0), sam, &repair.RepairStarted{Customer: contact("c", repair.Email)})
		w.event(at(20, 10, 0), noor, request(1))
		asks(w, 10, 20)
		replies(w, 11, 30)
		expect(t, w.until(at(20, 12, 9)), call)
		expect(t, w.until(at(20, 12, 10)), reminder)
	})
}
