package notification

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"pitstop/processors/stream"
	"pitstop/schemas/garage"
	"pitstop/schemas/garage/garagetest"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

var (
	sam      = repair.Actor{Role: repair.Mechanic, ID: "sam"}
	noor     = repair.Actor{Role: repair.Mechanic, ID: "noor"}
	partner  = repair.Actor{Role: repair.Integrator, ID: "dms"}
	desk     = repair.Actor{Role: repair.CustomerService, ID: "els"}
	customer = repair.Actor{Role: repair.Customer}
	approver = repair.Actor{Role: repair.Approver}
	system   = repair.Actor{Role: repair.System}
)

// at is a time in May 2026 at de-brug (open on weekdays from 8:00 to 17:30, but
// not on Monday the 25th). The 20th is a Wednesday.
func at(day, hour, minute int) time.Time {
	return time.Date(2026, time.May, day, hour-2, minute, 0, 0, time.UTC)
}

func contact(id string, channels ...repair.Channel) repair.Contact {
	return repair.Contact{ID: id, Channels: channels, Personal: repair.Personal{Bytes: []byte(id)}}
}

// world is one repair on a driver. It numbers the events and keeps what came of them.
type world struct {
	rapid.TB
	*stream.Driver[State]
	garage   string
	sequence int64
	all      []any
}

func newWorld(t rapid.TB, book *garage.Book) *world {
	t.Helper()
	d, err := stream.NewDriver(New(book, nil))
	if err != nil {
		t.Fatal(err)
	}
	d.Twice(7)
	return &world{TB: t, Driver: d, garage: "de-brug"}
}

// started is a repair of a customer with an e-mail address and a phone, begun by
// sam on Wednesday at nine.
func started(t rapid.TB) *world {
	t.Helper()
	w := newWorld(t, garagetest.Sample(t))
	w.event(at(20, 9, 0), sam, &repair.RepairStarted{Customer: contact("c", repair.Email, repair.Phone), ReadyAt: at(20, 16, 0)})
	return w
}

// asked is a repair whose first quote was sent at ten, and expires on Thursday.
func asked(t rapid.TB) *world {
	t.Helper()
	w := started(t)
	w.event(at(20, 10, 0), noor, request(1))
	return w
}

func request(revision int32) *repair.ApprovalRequested {
	return &repair.ApprovalRequested{
		Revision: revision, Replaces: revision - 1, AskedBy: noor, ExpiresAt: at(21, 17, 30),
		Quote: repair.Quote{Currency: "EUR", Total: 38795, Lines: []repair.PricedLine{
			{Number: 1, Total: 34800, Line: repair.Line{Title: "brakes"}},
			{Number: 2, Total: 3995, Line: repair.Line{Title: "wipers"}},
		}},
	}
}

func decided(revision int32, answers ...repair.AnswerKind) *repair.QuoteDecided {
	d := &repair.QuoteDecided{Revision: revision, Decision: repair.PartlyApproved, Method: repair.ByPage}
	for i, a := range answers {
		d.Answers = append(d.Answers, repair.Answer{Line: int32(i + 1), Answer: a})
	}
	return d
}

func says(kind repair.MessageKind) *repair.MessagePosted {
	return &repair.MessagePosted{Kind: kind, Text: repair.Personal{Bytes: []byte("words")}}
}

// event sends an event that occurred at a time, by somebody, and returns what came
// of it in short.
func (w *world) event(when time.Time, by repair.Actor, e repair.Event) []string {
	w.Helper()
	w.sequence++
	*e.Head() = w.header(when, "event", strconv.FormatInt(w.sequence, 10))
	e.Head().Actor = by
	reflect.ValueOf(e).Elem().FieldByName("Sequence").SetInt(w.sequence)
	return w.keep(w.Send(record.Events, e))
}

func (w *world) header(when time.Time, parts ...string) repair.Header {
	return repair.Header{
		EventID: repair.DerivedID(when, parts...), AggregateID: "r1", GarageID: w.garage, OccurredAt: when, CorrelationID: "c1",
	}
}

// newest returns the newest attempt at a kind of notification.
func (w *world) newest(kind record.NotificationKind) *record.NotificationRequested {
	w.Helper()
	for i := len(w.all) - 1; i >= 0; i-- {
		if r, ok := w.all[i].(*record.NotificationRequested); ok && r.Kind == kind {
			return r
		}
	}
	w.Fatalf("no %s was requested", kind)
	return nil
}

// accepted, deferred and failed say what became of an attempt.
func (w *world) accepted(when time.Time, r *record.NotificationRequested) []string {
	w.Helper()
	return w.delivery(&record.DeliveryAccepted{Header: w.header(when, "accepted", r.EventID), Notice: r.Notice, DeliveryAttempt: record.DeliveryAttempt{Attempt: r.Attempt}})
}

func (w *world) deferred(when time.Time, r *record.NotificationRequested) []string {
	w.Helper()
	return w.delivery(&record.DeliveryDeferred{Header: w.header(when, "deferred", r.EventID), Notice: r.Notice, DeliveryAttempt: record.DeliveryAttempt{Attempt: r.Attempt}})
}

func (w *world) failed(when time.Time, r *record.NotificationRequested) []string {
	w.Helper()
	return w.delivery(&record.DeliveryFailed{Header: w.header(when, "failed", r.EventID), Notice: r.Notice, DeliveryAttempt: record.DeliveryAttempt{Attempt: r.Attempt}})
}

// withheld says that a sink did not make an attempt.
func (w *world) withheld(when time.Time, r *record.NotificationRequested, why record.WithheldReason, because string) []string {
	w.Helper()
	return w.delivery(&record.DeliveryWithheld{Header: w.header(when, "withheld", r.EventID), Notice: r.Notice, Attempt: r.Attempt, Reason: why, Because: because})
}

// allArrive says at a time that every attempt so far was accepted.
func (w *world) allArrive(when time.Time) *world {
	w.Helper()
	for _, o := range w.all {
		if r, ok := o.(*record.NotificationRequested); ok {
			w.accepted(when, r)
		}
	}
	return w
}

func (w *world) delivery(d record.Headed) []string {
	w.Helper()
	return w.keep(w.Send(record.Deliveries, d))
}

// until lets time pass.
func (w *world) until(when time.Time) []string {
	w.Helper()
	return w.keep(w.Advance(when))
}

func (w *world) keep(out []any, err error) []string {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
	var short []string
	for _, o := range out {
		if d, dead := o.(*record.DeadLetter); dead {
			w.Fatalf("dead letter: %s", d.Detail)
		}
		if r, told := o.(*record.NotificationRequested); told && !slices.Contains(record.NotificationKinds, r.Kind) {
			w.Errorf("%s is not among record.NotificationKinds", r.Kind)
		}
		short = append(short, inShort(o))
	}
	w.all = append(w.all, out...)
	return short
}

func inShort(o any) string {
	about := func(to repair.Actor, revision int32) string {
		s := strings.TrimSpace(string(to.Role) + " " + to.ID)
		if revision > 0 {
			s += fmt.Sprintf(" (%d)", revision)
		}
		return s
	}
	switch o := o.(type) {
	case *record.NotificationRequested:
		s := fmt.Sprintf("%s to %s", o.Kind, about(o.Recipient, o.Revision))
		if o.Attempt > 1 {
			s += fmt.Sprintf(", try %d", o.Attempt)
		}
		return s
	case *record.NotificationSuppressed:
		s := fmt.Sprintf("no %s to %s: %s", o.Kind, about(o.Recipient, o.Revision), o.Reason)
		return strings.TrimSpace(s + " " + o.Because)
	case *record.NotificationRecalled:
		return fmt.Sprintf("recall %s to %s: %s", o.Kind, about(o.Recipient, o.Revision), o.Because)
	case *record.CallTask:
		return fmt.Sprintf("call %s: %s", about(o.Recipient, o.Revision), o.Reason)
	}
	return fmt.Sprintf("%T", o)
}

func expect(t rapid.TB, got []string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}
