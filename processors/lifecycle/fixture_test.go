package lifecycle_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pitstop/processors/lifecycle"
	"pitstop/processors/stream"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

var (
	noon = time.Date(2026, time.May, 20, 12, 0, 0, 0, time.UTC)
	sam  = repair.Actor{Role: repair.Mechanic, ID: "sam"}
)

// day is a lifecycle on a driver, and all it emitted.
type day struct {
	testing.TB
	*stream.Driver[lifecycle.State]
	n        int // commands sent
	outcomes []*repair.Outcome
	events   []repair.Event
	dead     []*record.DeadLetter
}

func begin(t testing.TB) *day {
	t.Helper()
	d := drive(t, lifecycle.New(nil))
	if _, bench := t.(*testing.B); !bench {
		d.Twice(7)
	}
	return d
}

func drive(t testing.TB, p stream.Processor[lifecycle.State]) *day {
	t.Helper()
	d, err := stream.NewDriver(p)
	if err != nil {
		t.Fatal(err)
	}
	return &day{TB: t, Driver: d}
}

// rebuilt returns a lifecycle whose state fold makes, until it gets its first command.
func rebuilt(t testing.TB) *day {
	t.Helper()
	p, fold := lifecycle.New(nil), lifecycle.Fold()
	handle := p.Record
	p.Record = func(c *stream.Context, s *lifecycle.State, rec record.Headed) error {
		if _, ok := rec.(repair.Command); ok {
			return handle(c, s, rec)
		}
		return fold.Record(c, s, rec)
	}
	return drive(t, p)
}

// fold folds records that reached the log at a time.
func (d *day) fold(logged time.Time, topic record.Topic, records ...record.Headed) {
	d.Helper()
	d.LogTime = logged
	d.keep(d.Send(topic, records...))
}

// of fills in the header of a command of repair r1, with an id of its own.
func (d *day) of(c repair.Command, at time.Time) repair.Command {
	d.n++
	h := c.Head()
	*h = repair.Header{EventID: repair.CommandID("de-brug", "r1", sam, fmt.Sprint(d.n)), AggregateID: "r1", GarageID: "de-brug", OccurredAt: at, Actor: sam}
	h.CorrelationID = h.EventID
	return c
}

// do sends commands at a time and returns what followed.
func (d *day) do(at time.Time, commands ...repair.Command) []any {
	d.Helper()
	var out []any
	for _, c := range commands {
		out = append(out, d.send(d.of(c, at))...)
	}
	return out
}

func (d *day) send(commands ...repair.Command) []any {
	d.Helper()
	var out []any
	for _, c := range commands {
		out = append(out, d.keep(d.Send(record.Commands, c.(record.Headed)))...)
	}
	return out
}

func (d *day) until(now time.Time) []any {
	d.Helper()
	return d.keep(d.Advance(now))
}

func (d *day) keep(out []any, err error) []any {
	d.Helper()
	if err != nil {
		d.Fatal(err)
	}
	for _, o := range out {
		switch o := o.(type) {
		case *repair.Outcome:
			d.outcomes = append(d.outcomes, o)
		case repair.Event:
			d.events = append(d.events, o)
		case *record.DeadLetter:
			d.dead = append(d.dead, o)
		}
	}
	return out
}

// last returns the latest outcome.
func (d *day) last() *repair.Outcome {
	d.Helper()
	if len(d.outcomes) == 0 {
		d.Fatal("there is no outcome")
	}
	return d.outcomes[len(d.outcomes)-1]
}

func (d *day) state() lifecycle.State {
	d.Helper()
	s, _, err := d.State("r1")
	if err != nil {
		d.Fatal(err)
	}
	return s
}

func names(out []any) string {
	var all []string
	for _, o := range out {
		name := record.NameOf(o)
		if o, ok := o.(*repair.Outcome); ok {
			name = string(o.Result)
			if o.Code != "" {
				name += ":" + string(o.Code)
			}
		}
		all = append(all, name)
	}
	return strings.Join(all, " ")
}

func line(price int64) repair.Line {
	return repair.Line{Title: "job", Urgency: repair.Soon, Details: []repair.Detail{
		{Kind: repair.Part, Quantity: "1", UnitPrice: price, VAT: repair.VAT21},
	}}
}

func start() *repair.StartRepair {
	return &repair.StartRepair{Agreed: repair.Work{Currency: "EUR", PricesIncludeVAT: true, Lines: []repair.Line{line(28900)}}}
}

func request(expires time.Time) *repair.RequestApproval {
	return &repair.RequestApproval{
		Work: repair.Work{Currency: "EUR", PricesIncludeVAT: true, Lines: []repair.Line{line(34800)}}, ExpiresAt: expires,
	}
}

func approve(revision int32) *repair.DecideQuote {
	return &repair.DecideQuote{Revision: revision, Answers: []repair.Answer{{Line: 1, Answer: repair.Approve}}, TotalSeen: 34800, Method: repair.ByPage}
}

func message() *repair.PostMessage { return &repair.PostMessage{Kind: repair.Text, TextGiven: true} }
