package notification

import (
	"errors"
	"testing"

	"pitstop/processors/stream"
	"pitstop/schemas/garage"
	"pitstop/schemas/garage/garagetest"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// Contacts are kept for a month after the last event of a repair that is over, to
// pass messages on. Then a marker is left, and nothing brings the repair back.
func TestForget(t *testing.T) {
	w := started(t)
	w.accepted(at(20, 9, 1), w.newest(record.NotifyStarted))
	w.event(at(20, 16, 0), sam, &repair.RepairCompleted{})
	w.accepted(at(20, 16, 1), w.newest(record.NotifyCompleted))
	w.event(at(20, 17, 0), desk, &repair.VehicleCollected{})

	month := at(20, 17, 0).Add(keptFor)
	w.until(month.AddDate(0, 0, -1))
	expect(t, w.event(month.AddDate(0, 0, -1), desk, says(repair.Text)), "message to customer")
	month = month.AddDate(0, 0, -1).Add(keptFor)
	w.until(month) // the message is still under way
	if s, _, _ := w.State("r1"); s.Known == nil {
		t.Error("forgotten while something is under way")
	}
	w.accepted(month, w.newest(record.NotifyMessage))
	expect(t, w.until(month.Add(keptFor)))

	later := month.Add(keptFor).AddDate(0, 1, 0)
	s, _, err := w.State("r1")
	if err != nil || s.Known != nil || s.Stage != repair.Collected || len(w.Timers("r1")) != 0 {
		t.Errorf("left: %+v %v %v", s, w.Timers("r1"), err)
	}
	if b, err := w.Codec().Encode(&s); err != nil || len(b) > 40 {
		t.Errorf("the marker takes %d bytes, %v", len(b), err)
	}
	expect(t, w.event(later, desk, says(repair.Text)), "no message to customer: forgotten")
	expect(t, w.event(later, customer, says(repair.Text)), "no message to customer_service: forgotten")
	expect(t, w.event(later, customer, says(repair.Callback)), "call customer: requested", "no message to customer_service: forgotten")
	expect(t, w.event(later, desk, says(repair.Note)))
	expect(t, w.event(later, desk, &repair.LinkRequested{Party: repair.TheApprover}), "no link to approver: forgotten")
	expect(t, w.event(later, desk, &repair.LinksRevoked{}))
	expect(t, w.failed(later, w.newest(record.NotifyCompleted)))
	if s, _, _ := w.State("r1"); s.Known != nil {
		t.Errorf("back: %+v", s)
	}
}

// What cannot be right is refused: the runtime makes a dead letter of it.
func TestRefuses(t *testing.T) {
	for _, c := range []struct {
		name  string
		event repair.Event
	}{
		{"an event of a repair that has not started", &repair.RepairCompleted{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, garagetest.Sample(t))
			*c.event.Head() = w.header(at(20, 9, 0), "x")
			out, err := w.Send(record.Events, c.event)
			if err != nil || len(out) != 1 {
				t.Fatalf("%v %v", out, err)
			}
			if _, dead := out[0].(*record.DeadLetter); !dead {
				t.Errorf("got %T", out[0])
			}
		})
	}
}

// A garage that is not in the file may be in a newer one: its events wait.
func TestAGarageThatIsNotInTheFileIsWaitedFor(t *testing.T) {
	w := newWorld(t, garagetest.Sample(t))
	e := &repair.RepairStarted{}
	*e.Head() = w.header(at(20, 9, 0), "x")
	e.GarageID = "elsewhere"
	out, err := w.Send(record.Events, e)
	if !errors.Is(err, stream.ErrNotYet) || !errors.Is(err, garage.ErrUnknown) || len(out) > 0 {
		t.Errorf("%v, %v", out, err)
	}
}
