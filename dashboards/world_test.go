package dashboards_test

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"pitstop/processors/latency"
	"pitstop/processors/lifecycle"
	"pitstop/processors/notification"
	"pitstop/processors/stream"
	"pitstop/schemas/garage"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// The people of the scenario.
var (
	sam      = repair.Actor{Role: repair.Mechanic, ID: "sam"}
	noor     = repair.Actor{Role: repair.Mechanic, ID: "noor"}
	desk     = repair.Actor{Role: repair.CustomerService, ID: "els"}
	customer = repair.Actor{Role: repair.Customer, ID: "c1"}
)

// world runs the pipeline without a log: commands through lifecycle, what follows
// through notification and latency, and mails through a server that the scenario
// commands. It keeps every record that would be on a topic.
type world struct {
	t            testing.TB
	lifecycle    *stream.Driver[lifecycle.State]
	notification *stream.Driver[notification.State]
	latency      *stream.Driver[latency.State]
	now          time.Time
	mails        []mail
	records      []any
	plan         []step
	// answers of the mail server to a repair's mails to the customer's side, in
	// turn: accepted, deferred or failed; afterwards it accepts.
	answers map[string][]string
}

// mail is an attempt that the server will answer.
type mail struct {
	at      time.Time
	request *record.NotificationRequested
}

func newWorld(t testing.TB, book *garage.Book, begin time.Time) *world {
	t.Helper()
	w := &world{t: t, now: begin, answers: make(map[string][]string)}
	var err error
	w.lifecycle, err = stream.NewDriver(lifecycle.New(nil))
	must(t, err)
	w.notification, err = stream.NewDriver(notification.New(book, func(time.Time) bool { return true }))
	must(t, err)
	w.latency, err = stream.NewDriver(latency.New(book))
	must(t, err)
	return w
}

// until advances time, minute by minute, as the ticks of the processors do.
func (w *world) until(at time.Time) {
	w.t.Helper()
	if at.Before(w.now) {
		w.t.Fatalf("it is %s already, not %s", w.now, at)
	}
	for ; !w.now.After(at); w.now = w.now.Add(time.Minute) {
		w.follow(w.lifecycle.Advance(w.now))
		w.follow(w.notification.Advance(w.now))
		w.deliver()
	}
	w.now = at
}

// do plans a command that is to be accepted.
func (w *world) do(at time.Time, r car, by repair.Actor, c repair.Command) {
	w.plan = append(w.plan, step{at, r, by, c, repair.Accepted})
}

// refused has the command planned last be refused.
func (w *world) refused() { w.plan[len(w.plan)-1].result = repair.Refused }

// play lets happen what is planned, by time, and lets it become end.
func (w *world) play(end time.Time) {
	w.t.Helper()
	slices.SortStableFunc(w.plan, func(a, b step) int { return a.at.Compare(b.at) })
	for i, s := range w.plan {
		w.until(s.at)
		*s.command.Head() = repair.Header{
			EventID: repair.CommandID(s.car.garage, s.car.id(), repair.Actor{}, strconv.Itoa(i)), AggregateID: s.car.id(), GarageID: s.car.garage,
			OccurredAt: s.at, Actor: s.by,
		}
		out, err := w.lifecycle.Send(record.Commands, s.command.(record.Headed))
		for _, o := range out {
			if o, ok := o.(*repair.Outcome); ok && o.Result != s.result {
				w.t.Fatalf("%s of %s is %s: %s", o.Command, s.car.plate, o.Result, o.Detail)
			}
		}
		w.records = append(w.records, s.command)
		w.follow(out, err)
	}
	w.until(end)
}

// follow hands on what a processor emitted.
func (w *world) follow(out []any, err error) {
	w.t.Helper()
	must(w.t, err)
	for _, o := range out {
		w.records = append(w.records, o)
		switch o := o.(type) {
		case *repair.Outcome, *record.Latency:
		case repair.Event:
			w.follow(w.latency.Send(record.Events, o.(record.Headed)))
			w.follow(w.notification.Send(record.Events, o.(record.Headed)))
		case *record.NotificationRequested:
			w.follow(w.latency.Send(record.Notifications, o))
			w.mails = append(w.mails, mail{o.OccurredAt.Add(time.Minute), o})
		case *record.NotificationSuppressed:
			w.follow(w.latency.Send(record.Notifications, o))
		case *record.CallTask:
			w.follow(w.latency.Send(record.Notifications, o))
		default:
			w.t.Fatalf("a processor emitted %T: %+v", o, o)
		}
	}
}

// deliver emits the server's answers that are due: each a minute after the request.
func (w *world) deliver() {
	w.t.Helper()
	slices.SortStableFunc(w.mails, func(a, b mail) int { return a.at.Compare(b.at) })
	for len(w.mails) > 0 && !w.mails[0].at.After(w.now) {
		m := w.mails[0]
		w.mails = w.mails[1:]
		answer := "accepted"
		if left := w.answers[m.request.AggregateID]; len(left) > 0 && m.request.Recipient.Role.CustomerSide() {
			answer, w.answers[m.request.AggregateID] = left[0], left[1:]
		}
		h := repair.Header{
			AggregateID: m.request.AggregateID, GarageID: m.request.GarageID, OccurredAt: m.at,
			Actor: repair.Actor{Role: repair.System}, CausationID: m.request.EventID, CorrelationID: m.request.CorrelationID,
		}
		h.EventID = repair.DerivedID(m.at, m.request.NotificationID, strconv.Itoa(int(m.request.Attempt)))
		attempt := record.DeliveryAttempt{Attempt: m.request.Attempt, Code: map[string]int32{"accepted": 250, "deferred": 451, "failed": 550}[answer]}
		var d record.Headed
		switch answer {
		case "deferred":
			d = &record.DeliveryDeferred{Header: h, Notice: m.request.Notice, DeliveryAttempt: attempt}
		case "failed":
			d = &record.DeliveryFailed{Header: h, Notice: m.request.Notice, DeliveryAttempt: attempt}
		default:
			d = &record.DeliveryAccepted{Header: h, Notice: m.request.Notice, DeliveryAttempt: attempt}
		}
		w.records = append(w.records, d)
		w.follow(w.latency.Send(record.Deliveries, d))
		w.follow(w.notification.Send(record.Deliveries, d))
	}
}

func (w *world) seal(rec any) repair.Personal {
	w.t.Helper()
	p, err := w.lifecycle.Codec().Seal(rec)
	must(w.t, err)
	return p
}

// car is a repair, known by its plate.
type car struct{ garage, plate string }

func (c car) id() string { return repair.RepairID(c.garage, "external_ref", c.plate) }

// start registers a car; promised zero: nothing is. A customer without an e-mail
// address has a phone.
func (w *world) start(at time.Time, c car, promised time.Time, email string, approver *repair.Contact) {
	w.t.Helper()
	contact := w.person("Klant "+c.plate, email, "+31612345678")
	country := "NL"
	if c.garage == "oost" {
		country = "JP"
	}
	w.do(at, c, sam, &repair.StartRepair{
		ExternalRef: c.plate, Vehicle: w.seal(&repair.VehicleDetails{Plate: c.plate, Country: country, Description: "Volkswagen Golf"}),
		Customer: contact, Approver: approver, ReadyAt: promised, Agreed: work(c, 28900),
	})
}

func (w *world) person(name, email, phone string) repair.Contact {
	w.t.Helper()
	c := repair.Contact{Language: "nl", Channels: []repair.Channel{repair.Phone}, Personal: w.seal(&repair.ContactDetails{Name: name, Email: email, Phone: phone})}
	if email != "" {
		c.Channels = append(c.Channels, repair.Email)
	}
	return c
}

// work has a line for each amount, in minor units incl. VAT.
func work(c car, amounts ...int64) repair.Work {
	currency := "EUR"
	if c.garage == "oost" {
		currency = "JPY"
	}
	w := repair.Work{Currency: currency, PricesIncludeVAT: true}
	for i, amount := range amounts {
		w.Lines = append(w.Lines, repair.Line{Title: "Werk " + strconv.Itoa(i+1), Details: []repair.Detail{
			{Kind: repair.Labour, Quantity: "1", UnitPrice: amount, VAT: repair.VAT21},
		}})
	}
	return w
}

func (w *world) ask(at time.Time, c car, by repair.Actor, expires time.Time, amounts ...int64) {
	w.t.Helper()
	lines := work(c, amounts...)
	for i := range lines.Lines {
		lines.Lines[i].Urgency = repair.Soon
	}
	w.do(at, c, by, &repair.RequestApproval{Work: lines, ExpiresAt: expires})
}

// decide answers line by line: an amount for yes, a reason for no.
func (w *world) decide(at time.Time, c car, by repair.Actor, how repair.Method, revision int32, answers ...any) {
	w.t.Helper()
	d := &repair.DecideQuote{Revision: revision, Method: how, Evidence: w.seal(&repair.Evidence{Name: "Klant"})}
	for i, a := range answers {
		answer := repair.Answer{Line: int32(i + 1)}
		switch a := a.(type) {
		case int:
			answer.Answer, d.TotalSeen = repair.Approve, d.TotalSeen+int64(a)
		case repair.RejectReason:
			answer.Answer, answer.Reason = repair.Reject, a
		}
		d.Answers = append(d.Answers, answer)
	}
	w.do(at, c, by, d)
}

func (w *world) view(at time.Time, c car, revision int32) {
	w.t.Helper()
	w.do(at, c, customer, &repair.RecordView{Revision: revision})
}

func (w *world) say(at time.Time, c car, by repair.Actor, kind repair.MessageKind) {
	w.t.Helper()
	w.do(at, c, by, &repair.PostMessage{Kind: kind, Text: w.seal(&repair.FreeText{Text: "tekst"}), TextGiven: true})
}

// complete says that the work is done, at a price that was agreed.
func (w *world) complete(at time.Time, c car) {
	w.t.Helper()
	w.do(at, c, sam, &repair.CompleteRepair{Total: 28900})
}

// step is a command of the plan.
type step struct {
	at      time.Time
	car     car
	by      repair.Actor
	command repair.Command
	result  repair.Result // it is to have
}
