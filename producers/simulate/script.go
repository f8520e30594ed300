package simulate

import (
	"fmt"
	"math/rand/v2"
	"time"

	"pitstop/schemas/garage"
	"pitstop/schemas/repair"
	"pitstop/schemas/request"
)

// script writes the steps of one repair, one after the other. What it remembers
// is what the people know; whether a step is allowed is for the lifecycle to say.
type script struct {
	*rand.Rand
	garage   *garage.Profile
	calendar *garage.Calendar
	index    int
	ref      string
	visit
	repair         Repair
	mechanic, desk repair.Actor
	steps          []Step
	now            time.Time // when the last step happened

	agreed, approved int64
	quote            quote // the latest
	revision         int32
	sequence         int64 // of the repair's last event
	asked            int64 // of the latest request for approval, or correction of a contact
	readyAt          time.Time
}

// quote is what is known of one revision.
type quote struct {
	lines   []repair.PricedLine
	at      time.Time
	expires time.Time
	open    bool
	viewed  bool
	answers []request.Answer // once decided
}

// total returns the sum of the approved lines.
func (q quote) total(answers []request.Answer) int64 {
	var total int64
	for _, a := range answers {
		if a.Answer == repair.Approve {
			total += q.lines[a.Line-1].Total
		}
	}
	return total
}

func newScript(r *rand.Rand, g *garage.Profile, index int, v visit) *script {
	s := &script{
		Rand: r, garage: g, calendar: g.Calendar(), index: index, visit: v, now: v.at,
		ref: fmt.Sprintf("WO-%d", 10_000+index), mechanic: mechanicOf(r, g), desk: deskOf(g),
	}
	s.repair = Repair{Garage: g.ID, Customer: v.Person, Approver: v.approver, Vehicle: v.Vehicle}
	return s
}

func (s *script) chance(p float64) bool { return s.Float64() < p }

// about draws a duration around a median, with a long tail.
func (s *script) about(median time.Duration, spread float64) time.Duration {
	return about(s.Rand, median, spread)
}

// next returns the earliest instant of the next step that is not before at.
func (s *script) next(at time.Time) time.Time {
	if after := s.now.Add(time.Second); at.Before(after) {
		at = after.Add(time.Duration(s.Int64N(int64(10 * time.Minute))))
	}
	return at.Truncate(time.Millisecond)
}

// staffTime returns when staff do something that takes d of opening time from t.
func (s *script) staffTime(t time.Time, d time.Duration) time.Time {
	at := s.next(s.calendar.Add(t, d))
	if !s.calendar.IsOpen(at) {
		at = s.calendar.Add(at, time.Minute+time.Duration(s.Int64N(int64(9*time.Minute)))).Truncate(time.Millisecond)
	}
	return at
}

// customerTime returns when a customer does something that takes d from t. At night
// customers sleep, unless their garage does not.
func (s *script) customerTime(t time.Time, d time.Duration) time.Time {
	at := t.Add(d)
	local := at.In(s.garage.Location())
	morning := time.Date(local.Year(), local.Month(), local.Day(), 7, 0, 0, 0, local.Location())
	if local.Hour() >= 23 {
		morning = morning.AddDate(0, 0, 1)
	}
	if at.Before(morning) && !s.calendar.IsOpen(at) {
		at = morning.Add(time.Duration(s.Int64N(int64(90 * time.Minute))))
	}
	return s.next(at.UTC())
}

// do adds a step and moves on to when it happened.
func (s *script) do(at time.Time, who repair.Actor, body request.Body, refused repair.Code) {
	s.now = at
	s.expireQuote(at)
	after := s.asked
	if refused == "" {
		s.apply(body)
	}
	linked := after       // by the latest mail's link
	if who.Role.Staff() { // the customer's page stamps what customers do
		body.At().OccurredAt, linked = &at, 0
	}
	revision := int32(0)
	switch body.(type) {
	case *request.DecideQuote, *request.WithdrawQuote, *request.RecordView:
		revision = s.revision
	}
	s.steps = append(s.steps, Step{At: at, Repair: s.index, Refused: refused, After: after, Request: request.Request{
		Garage: s.garage.ID, RepairID: s.repair.ID, Revision: revision,
		Key: fmt.Sprintf("%s-%d", s.ref, len(s.steps)+1), Actor: who, Link: linked, Body: body,
	}})
}

// expireQuote counts the expiry of the open quote, if it is due.
func (s *script) expireQuote(at time.Time) {
	if s.quote.open && s.lateCode(at) != "" {
		s.sequence++
		s.quote.open = false
	}
}

// apply counts the event that a step causes, if it causes one.
func (s *script) apply(body request.Body) {
	switch b := body.(type) {
	case *request.RequestApproval:
		s.quote.open = true
		s.asked = s.sequence + 1
	case *request.RecordView:
		if s.quote.viewed || !s.quote.open {
			return
		}
		s.quote.viewed = true
	case *request.DecideQuote:
		if !s.quote.open { // the same answer again
			return
		}
		s.quote.open = false
	case *request.WithdrawQuote, *request.CancelRepair:
		s.quote.open = false
	case *request.StartRepair:
		if b.ReadyAt != nil {
			s.readyAt = *b.ReadyAt
		}
	case *request.Change:
		if b.ReadyAt != nil && b.ReadyAt.Equal(s.readyAt) {
			return
		}
		if b.ReadyAt != nil {
			s.readyAt = *b.ReadyAt
		} else {
			s.asked = s.sequence + 1
		}
	}
	s.sequence++
}

// mechanicOf picks one of a garage's mechanics; deskOf is its customer service.
func mechanicOf(r *rand.Rand, g *garage.Profile) repair.Actor {
	a := repair.Actor{Role: repair.Mechanic, ID: "werkplaats"}
	if len(g.Staff.Mechanics) > 0 {
		a.ID = pick(r, g.Staff.Mechanics).ID
	}
	return a
}

func deskOf(g *garage.Profile) repair.Actor {
	return repair.Actor{Role: repair.CustomerService, ID: "balie-" + g.ID}
}

// decider returns who answers a quote, driver who brought the car.
func (s *script) decider() repair.Actor {
	if s.approver != nil {
		return repair.Actor{Role: repair.Approver}
	}
	return s.driver()
}

func (s *script) driver() repair.Actor { return repair.Actor{Role: repair.Customer} }

// requested returns work as a request has it.
func requested(w repair.Work) request.Work {
	body := request.Work{Currency: w.Currency, PricesIncludeVAT: &w.PricesIncludeVAT}
	for _, l := range w.Lines {
		line := request.Line{Title: l.Title, Urgency: l.Urgency, Consequence: l.Consequence}
		for _, d := range l.Details {
			line.Details = append(line.Details, request.Detail{
				Kind: d.Kind, Description: d.Description, Quantity: d.Quantity, UnitPrice: &d.UnitPrice, VAT: d.VAT,
			})
		}
		body.Lines = append(body.Lines, line)
	}
	return body
}
