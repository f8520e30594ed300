package stream_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"pgregory.net/rapid"

	"pitstop/processors/latency"
	"pitstop/processors/lifecycle"
	"pitstop/processors/notification"
	"pitstop/processors/stream"
	"pitstop/schemas/garage"
	"pitstop/schemas/garage/garagetest"
	"pitstop/schemas/kafka"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// pile is one repair in all three processors, which somebody fills as far as it goes.
type pile struct {
	t            failing
	lifecycle    *stream.Driver[lifecycle.State]
	notification *stream.Driver[notification.State]
	latency      *stream.Driver[latency.State]
	at           time.Time
	sent         int
	revision     int32
	relay        relay
	sizes        map[string]int // the largest record on each changelog
}

// relay is what becomes of mails.
type relay string

const (
	away      relay = "away" // nothing: they wait in the sink
	deferring relay = "deferring"
	accepting relay = "accepting"
	refusing  relay = "refusing"
)

type failing interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// pileID is as long as a key may be.
var pileID = repair.RepairID("de-brug", "external_ref", "WO-1842")

func newPile(t failing, book *garage.Book, at time.Time) *pile {
	t.Helper()
	p := &pile{t: t, at: at, relay: away, sizes: make(map[string]int)}
	var err error
	if p.lifecycle, err = stream.NewDriver(lifecycle.New(nil)); err != nil {
		t.Fatal(err)
	}
	if p.notification, err = stream.NewDriver(notification.New(book, nil)); err != nil {
		t.Fatal(err)
	}
	if p.latency, err = stream.NewDriver(latency.New(book)); err != nil {
		t.Fatal(err)
	}
	return p
}

// phase does something again and again in one transaction of each processor, up to so many
// times or until it is refused, and then sees that all that is kept fits on the log.
func (p *pile) phase(times int, command func() (repair.Actor, repair.Command)) (accepted int) {
	p.t.Helper()
	p.together(func() {
		for accepted < times && p.do(command()) {
			accepted++
		}
	})
	p.measure()
	return accepted
}

func (p *pile) together(do func()) {
	p.t.Helper()
	err := p.lifecycle.Together(func() error {
		return p.notification.Together(func() error {
			return p.latency.Together(func() error { do(); return nil })
		})
	})
	if err != nil {
		p.t.Fatal(err)
	}
}

// do sends a command, lets all follow from it, and reports whether it was accepted.
func (p *pile) do(by repair.Actor, c repair.Command) bool {
	p.t.Helper()
	p.at = p.at.Add(5 * time.Minute) // each message of the customer is told in mails of its own
	p.sent++
	id := repair.CommandID("de-brug", pileID, by, fmt.Sprint(p.sent))
	*c.Head() = repair.Header{EventID: id, CorrelationID: id, AggregateID: pileID, GarageID: "de-brug", OccurredAt: p.at, Actor: by}
	accepted := false
	for _, o := range p.follow(p.lifecycle.Send(record.Commands, c.(record.Headed))) {
		switch o := o.(type) {
		case *repair.Outcome:
			accepted = o.Code == ""
		case repair.Event:
			if asked, ok := o.(*repair.ApprovalRequested); ok {
				p.revision = asked.Revision
			}
			p.waits(record.Events, o.(record.Headed))
			p.told(p.notification.Send(record.Events, o.(record.Headed)))
		}
	}
	return accepted
}

// told passes on what the notification processor asks for, and what becomes of it.
func (p *pile) told(out []any, err error) {
	p.t.Helper()
	for _, o := range p.follow(out, err) {
		p.waits(record.Notifications, o.(record.Headed))
		n, ok := o.(*record.NotificationRequested)
		if !ok {
			continue
		}
		attempt := record.DeliveryAttempt{Attempt: n.Attempt}
		head := repair.Header{EventID: repair.DerivedID(p.at, n.EventID), AggregateID: pileID, GarageID: "de-brug", OccurredAt: p.at, CorrelationID: n.CorrelationID}
		var became record.Headed
		switch p.relay {
		case away:
			continue
		case deferring:
			became = &record.DeliveryDeferred{Header: head, Notice: n.Notice, DeliveryAttempt: attempt}
		case accepting:
			became = &record.DeliveryAccepted{Header: head, Notice: n.Notice, DeliveryAttempt: attempt}
		case refusing:
			became = &record.DeliveryFailed{Header: head, Notice: n.Notice, DeliveryAttempt: attempt}
		}
		p.waits(record.Deliveries, became)
		p.told(p.notification.Send(record.Deliveries, became))
	}
}

func (p *pile) waits(topic record.Topic, rec record.Headed) {
	p.t.Helper()
	p.follow(p.latency.Send(topic, rec))
}

func (p *pile) follow(out []any, err error) []any {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
	for _, o := range out {
		if d, ok := o.(*record.DeadLetter); ok {
			p.t.Fatalf("a dead letter of %s: %s %s", d.Consumer, d.Reason, d.Detail)
		}
	}
	return out
}

// measure sees that the state of every processor fits.
func (p *pile) measure() {
	p.t.Helper()
	measure(p, record.LifecycleProcessor, p.lifecycle)
	measure(p, record.NotificationProcessor, p.notification)
	measure(p, record.LatencyProcessor, p.latency)
}

func measure[S any](p *pile, c record.Consumer, d *stream.Driver[S]) {
	p.t.Helper()
	s, _, err := d.State(pileID)
	if err != nil {
		p.t.Fatal(err)
	}
	state, err := d.Codec().Encode(&s)
	if err != nil {
		p.t.Fatal(err)
	}
	change := &record.Change{State: state}
	for _, timer := range d.Timers(pileID) {
		change.Timers = append(change.Timers, record.TimerEntry{Name: timer.Name, Due: timer.Due, CorrelationID: pileID})
	}
	r := &kgo.Record{Topic: c.Changelog().Name, Key: []byte(pileID)}
	if r.Value, err = d.Codec().Encode(change); err != nil {
		p.t.Fatal(err)
	}
	if err := kafka.Fits(r); err != nil {
		p.t.Fatalf("%s: %v", c.Name, err)
	}
	p.sizes[c.Name] = max(p.sizes[c.Name], kafka.Size(r))
}

var (
	pileSam   = repair.Actor{Role: repair.Mechanic, ID: "sam"}
	pileDesk  = repair.Actor{Role: repair.CustomerService, ID: strings.Repeat("e", 255)}
	pileOwner = repair.Actor{Role: repair.Customer}
)

func words(n int) repair.Personal { return repair.Personal{Bytes: make([]byte, n)} }

func contactOf(n int) repair.Contact {
	return repair.Contact{Language: "nl", Channels: []repair.Channel{repair.Email, repair.Phone}, Personal: words(n)}
}

func (p *pile) begin() {
	p.t.Helper()
	approver := contactOf(3900)
	start := &repair.StartRepair{Customer: contactOf(3900), Approver: &approver, Agreed: quoteOf(1, 1, 100), ReadyAt: p.at.Add(24 * time.Hour)}
	if p.phase(1, func() (repair.Actor, repair.Command) { return pileSam, start }) != 1 {
		p.t.Fatal("it does not begin")
	}
}

// quoteOf returns work of so many lines with so many details, and titles of a length.
func quoteOf(lines, details, title int) repair.Work {
	w := repair.Work{Currency: "EUR", PricesIncludeVAT: true}
	for range lines {
		l := repair.Line{Title: strings.Repeat("x", title), Urgency: repair.Safety}
		for range details {
			l.Details = append(l.Details, repair.Detail{Kind: repair.Labour, Quantity: "1", UnitPrice: 99_999, VAT: repair.VATNone})
		}
		w.Lines = append(w.Lines, l)
	}
	return w
}

// What somebody can do again and again.

func (p *pile) writes(by repair.Actor, n int) func() (repair.Actor, repair.Command) {
	return func() (repair.Actor, repair.Command) {
		return by, &repair.PostMessage{Kind: repair.Text, Text: words(n), TextGiven: true}
	}
}

func (p *pile) asks(w repair.Work) func() (repair.Actor, repair.Command) {
	return func() (repair.Actor, repair.Command) {
		return pileSam, &repair.RequestApproval{Work: w, ExpiresAt: p.at.Add(1000 * time.Hour)}
	}
}

// asksAndEnds asks for work, and then decides or withdraws that with so many bytes of words.
func (p *pile) asksAndEnds(w repair.Work, answer repair.AnswerKind, n int) func() (repair.Actor, repair.Command) {
	asks, asked := p.asks(w), false
	return func() (repair.Actor, repair.Command) {
		if asked = !asked; asked {
			return asks()
		}
		if answer == "" {
			return pileSam, &repair.WithdrawQuote{Revision: p.revision, Reason: words(n)}
		}
		c := &repair.DecideQuote{Revision: p.revision, Method: repair.AtCounter, Evidence: words(n)}
		priced, err := w.Price()
		if err != nil {
			p.t.Fatal(err)
		}
		for i := range w.Lines {
			c.Answers = append(c.Answers, repair.Answer{Line: int32(i + 1), Answer: answer})
		}
		if answer == repair.Approve {
			c.TotalSeen = priced.Total
		} else {
			for i := range c.Answers {
				c.Answers[i].Reason = repair.ReasonElsewhere
			}
		}
		return pileDesk, c
	}
}

func (p *pile) corrects(party repair.Party) func() (repair.Actor, repair.Command) {
	return func() (repair.Actor, repair.Command) {
		c := contactOf(1000)
		c.Address = fmt.Sprint(p.sent) // another one each time: whoever decides is asked anew
		for _, f := range []repair.ContactField{repair.ContactName, repair.ContactEmail, repair.ContactPhone} {
			c.Corrected = append(c.Corrected, repair.Correction{Field: f, Personal: words(900)})
		}
		return pileDesk, &repair.CorrectContact{Party: party, Contact: c, Fields: []repair.ContactField{repair.ContactName, repair.ContactEmail, repair.ContactPhone}}
	}
}

func (p *pile) postpones() (repair.Actor, repair.Command) {
	return pileSam, &repair.ChangeReadyTime{ReadyAt: p.at.Add(1000 * time.Hour)}
}

func (p *pile) asksForALink() (repair.Actor, repair.Command) {
	return pileDesk, &repair.RequestLink{Party: repair.TheCustomer}
}

func (p *pile) revokes() (repair.Actor, repair.Command) { return pileDesk, &repair.RevokeLinks{} }

// errs does what is refused, with many mistakes, until as much as can be is remembered.
func (p *pile) errs() {
	p.together(func() {
		for range 60 {
			p.do(pileSam, &repair.DecideQuote{Revision: p.revision, Method: "letter", Answers: make([]repair.Answer, 100)})
		}
	})
	p.measure()
}

// ends completes the repair, and lets its car be collected.
func (p *pile) ends() {
	p.phase(1, func() (repair.Actor, repair.Command) {
		return pileSam, &repair.WithdrawQuote{Revision: p.revision, Reason: words(2000)}
	})
	p.phase(1, func() (repair.Actor, repair.Command) {
		return pileSam, &repair.CompleteRepair{Total: 1, Reason: words(2000)}
	})
	p.phase(1, func() (repair.Actor, repair.Command) { return pileSam, &repair.CollectVehicle{} })
}

// All that a repair may pile up (see schemas/repair/limits.go) fits in one record of every
// processor's changelog: what takes most in each of them, while no mail goes out.
func TestAFullRepairFits(t *testing.T) {
	book := garagetest.Sample(t)
	for name, fill := range map[string]func(p *pile){
		"mails": func(p *pile) {
			p.phase(1000, p.writes(pileOwner, 250))
			p.phase(1000, p.writes(pileSam, 500))
			p.phase(1000, p.asks(quoteOf(1, 1, 1)))
			p.phase(1000, p.postpones)
			p.phase(1000, p.asksForALink)
			p.phase(1000, p.revokes)
			p.phase(1000, p.corrects(repair.TheApprover))
		},
		"titles of jobs that were done": func(p *pile) {
			p.phase(1000, p.writes(pileOwner, 280))
			p.phase(1000, p.asksAndEnds(quoteOf(1, 1, 4000), repair.Approve, 2000))
			p.phase(1000, p.corrects(repair.TheApprover))
		},
		"lines that were declined": func(p *pile) {
			p.phase(1000, p.asksAndEnds(quoteOf(100, 1, 1), repair.Reject, 2000))
			p.phase(1000, p.writes(pileOwner, 1))
		},
		"details": func(p *pile) { p.phase(1000, p.asksAndEnds(quoteOf(10, 100, 1), repair.Approve, 2000)) },
		"remarks": func(p *pile) { p.phase(1000, p.asksAndEnds(quoteOf(1, 1, 1), repair.Approve, 20_000)) },
		"a remark as long as a command": func(p *pile) {
			p.phase(400, p.writes(pileSam, 450))
			p.phase(1000, p.asksAndEnds(quoteOf(1, 1, 1), repair.Approve, 980_000))
			p.phase(1, p.asks(quoteOf(1, 1, 1)))
			p.phase(1, func() (repair.Actor, repair.Command) {
				return pileSam, &repair.WithdrawQuote{Revision: p.revision, Reason: words(980_000)}
			})
		},
		"withdrawals": func(p *pile) { p.phase(1000, p.asksAndEnds(quoteOf(1, 1, 2000), "", 2000)) },
	} {
		for _, r := range []relay{away, deferring} {
			t.Run(name+" while the relay is "+string(r), func(t *testing.T) {
				p := newPile(t, book, time.Date(2026, time.May, 20, 12, 0, 0, 0, time.UTC))
				p.begin()
				p.relay = r
				fill(p)
				p.errs()
				p.ends()
				t.Logf("at most %v bytes", p.sizes)
			})
		}
	}
}

// Whatever is accepted, in whatever order and size, and whatever becomes of the mails:
// every processor's state fits in a record of its changelog, and nothing is given up on.
func TestAnyHistoryFits(t *testing.T) {
	book := garagetest.Sample(t)
	most := make(map[string]int)
	rapid.Check(t, func(rt *rapid.T) {
		p := newPile(rt, book, time.Date(2026, time.May, 20, 12, 0, 0, 0, time.UTC))
		p.begin()
		size := rapid.SampledFrom([]int{1, 100, 2000, 10_000, 20_000})
		for range rapid.IntRange(1, 5).Draw(rt, "phases") {
			p.relay = rapid.SampledFrom([]relay{away, away, deferring, accepting, refusing}).Draw(rt, "relay")
			work := quoteOf(rapid.SampledFrom([]int{1, 10, 100}).Draw(rt, "lines"), rapid.SampledFrom([]int{1, 10}).Draw(rt, "details"), rapid.SampledFrom([]int{1, 100, 9000}).Draw(rt, "title"))
			n := size.Draw(rt, "size")
			again := rapid.SampledFrom([]func() (repair.Actor, repair.Command){
				p.writes(pileOwner, n), p.writes(pileSam, n), p.asks(work), p.asksAndEnds(work, repair.Approve, n), p.asksAndEnds(work, repair.Reject, n),
				p.asksAndEnds(work, "", n), p.corrects(repair.TheApprover), p.corrects(repair.TheCustomer), p.postpones, p.asksForALink, p.revokes,
			}).Draw(rt, "what")
			p.phase(rapid.SampledFrom([]int{1, 10, 60}).Draw(rt, "times"), again)
			if rapid.Bool().Draw(rt, "time passes") {
				p.together(func() {
					p.at = p.at.Add(time.Duration(rapid.IntRange(1, 48).Draw(rt, "hours")) * time.Hour)
					p.told(p.notification.Advance(p.at))
				})
				p.measure()
			}
		}
		for name, n := range p.sizes {
			most[name] = max(most[name], n)
		}
	})
	t.Logf("at most %v bytes", most)
}
