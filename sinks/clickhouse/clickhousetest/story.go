package clickhousetest

import (
	"fmt"
	"testing"
	"time"

	"pitstop/schemas/avro"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// Monday is when the stories start: a Monday, 10:00 in Utrecht.
var Monday = time.Date(2026, 5, 18, 8, 0, 0, 0, time.UTC)

// The people of the stories.
var (
	Sam      = repair.Actor{Role: repair.Mechanic, ID: "sam"}
	Kim      = repair.Actor{Role: repair.Mechanic, ID: "kim"}
	Desk     = repair.Actor{Role: repair.CustomerService, ID: "desk"}
	Customer = repair.Actor{Role: repair.Customer}
)

// Story is what happens around one repair: it hands commands to the domain and
// collects every record that follows.
type Story struct {
	ID      string // of the repair
	State   repair.Repair
	At      time.Time // now
	Last    string    // id of the last command
	Records []any

	t      testing.TB
	codec  *avro.Codec
	garage string
	n      int // records stamped so far
}

// NewStory starts the story of a garage's repair with the order number ref, on Monday.
func NewStory(t testing.TB, codec *avro.Codec, garage, ref string) *Story {
	return &Story{t: t, codec: codec, garage: garage, ID: repair.RepairID(garage, "external_ref", ref), At: Monday}
}

// Story is [NewStory] with the codec of the database.
func (d *DB) Story(garage, ref string) *Story { return NewStory(d.t, d.Codec, garage, ref) }

// Seal encodes personal data into an envelope.
func (s *Story) Seal(rec any) repair.Personal {
	s.t.Helper()
	p, err := s.codec.Seal(rec)
	Must(s.t, err)
	return p
}

// Text seals a text that somebody wrote.
func (s *Story) Text(text string) repair.Personal { return s.Seal(&repair.FreeText{Text: text}) }

// After advances the time.
func (s *Story) After(d time.Duration) *Story {
	s.At = s.At.Add(d)
	return s
}

// Stamp fills in the header of a record that the actor causes now.
func (s *Story) Stamp(h *repair.Header, actor repair.Actor, cause string) {
	s.n++
	h.EventID = repair.DerivedID(s.At, s.ID, fmt.Sprint(s.n))
	h.AggregateID, h.GarageID, h.Actor, h.CausationID = s.ID, s.garage, actor, cause
	if h.OccurredAt.IsZero() {
		h.OccurredAt = s.At
	}
	h.CorrelationID = s.Last
}

// Do sends a command to the domain as the actor, now.
func (s *Story) Do(actor repair.Actor, c repair.Command) repair.Verdict {
	s.t.Helper()
	s.Stamp(c.Head(), actor, "")
	s.Last = c.Head().EventID
	s.Records = append(s.Records, c)
	events, verdict := s.State.Handle(c)
	result := repair.Accepted
	if verdict.Code != "" {
		result = repair.Refused
	}
	for _, e := range events {
		s.Stamp(e.Head(), e.Head().Actor, s.Last)
		s.Records = append(s.Records, e)
	}
	o := &repair.Outcome{Command: record.NameOf(c), Result: result, Verdict: verdict}
	s.Stamp(&o.Header, actor, s.Last)
	s.Records = append(s.Records, o)
	return verdict
}

// Must is Do for a command that has to be accepted.
func (s *Story) Must(actor repair.Actor, c repair.Command) *Story {
	s.t.Helper()
	if v := s.Do(actor, c); v.Code != "" {
		s.t.Fatalf("%T is refused: %s, %s", c, v.Code, v.Detail)
	}
	return s
}

// Start starts the repair of a car with a plate, for a customer with a name.
func (s *Story) Start(plate, name string) *Story {
	s.t.Helper()
	return s.Must(Sam, &repair.StartRepair{
		ExternalRef: "WO-" + plate, Bay: "3",
		Vehicle: s.Seal(&repair.VehicleDetails{Plate: plate, Country: "NL", Description: "Volkswagen Golf"}),
		Customer: repair.Contact{
			ID: "c-" + plate, Language: "nl", Channels: []repair.Channel{repair.Email},
			Personal: s.Seal(&repair.ContactDetails{Name: name, Email: "j@example.nl", Phone: "+31612345678"}),
		},
		ReadyAt: Monday.Add(6 * time.Hour),
		Agreed: repair.Work{Currency: "EUR", PricesIncludeVAT: true, Lines: []repair.Line{
			{Title: "Kleine beurt en APK", Details: []repair.Detail{{Kind: repair.Labour, Quantity: "1", UnitPrice: 28900, VAT: repair.VAT21}}},
		}},
	})
}

// Ask opens a quote for brakes (34800) and wipers (3995).
func (s *Story) Ask(actor repair.Actor) *Story {
	s.t.Helper()
	return s.Must(actor, &repair.RequestApproval{ExpiresAt: s.At.Add(24 * time.Hour), Work: repair.Work{
		Currency: "EUR", PricesIncludeVAT: true, Lines: []repair.Line{
			{Title: "Remmen", Urgency: repair.Safety, Consequence: "Geen APK", Details: []repair.Detail{
				{Kind: repair.Part, Description: "Schijven", Quantity: "2", UnitPrice: 6900, VAT: repair.VAT21},
				{Kind: repair.Part, Description: "Blokken", Quantity: "1", UnitPrice: 7200, VAT: repair.VAT21},
				{Kind: repair.Labour, Quantity: "1.2", UnitPrice: 11500, VAT: repair.VAT21},
			}},
			{Title: "Ruitenwissers", Urgency: repair.Advice, Details: []repair.Detail{
				{Kind: repair.Part, Quantity: "1", UnitPrice: 3995, VAT: repair.VAT21},
			}},
		},
	}})
}

// Decide answers the two lines of the last quote.
func (s *Story) Decide(actor repair.Actor, method repair.Method, first, second repair.AnswerKind) repair.Verdict {
	s.t.Helper()
	var total int64
	answers := []repair.Answer{{Line: 1, Answer: first}, {Line: 2, Answer: second}}
	for i, amount := range []int64{34800, 3995} {
		if answers[i].Answer == repair.Approve {
			total += amount
		} else {
			answers[i].Reason = repair.ReasonPrice
		}
	}
	return s.Do(actor, &repair.DecideQuote{
		Revision: int32(max(len(s.State.Revisions), 1)), Answers: answers, TotalSeen: total, Method: method,
		Evidence: s.Seal(&repair.Evidence{Name: "J. de Vries", Texts: []repair.LineText{{Line: 2, Text: "kan wachten"}}}),
	})
}

// Say posts a message.
func (s *Story) Say(actor repair.Actor, kind repair.MessageKind, text string) *Story {
	s.t.Helper()
	return s.Must(actor, &repair.PostMessage{Kind: kind, Text: s.Text(text), TextGiven: true})
}

// Expire lets the open quote expire.
func (s *Story) Expire() *Story {
	s.t.Helper()
	events := s.State.Expire(s.At, s.At)
	if len(events) == 0 {
		s.t.Fatal("nothing expires")
	}
	for _, e := range events {
		s.Stamp(e.Head(), e.Head().Actor, s.Last)
		s.Records = append(s.Records, e)
	}
	return s
}

// Add collects a record that derives from the events, stamped with now.
func (s *Story) Add(r record.Headed) *Story {
	s.Stamp(r.Head(), repair.Actor{Role: repair.System}, s.Last)
	s.Records = append(s.Records, r)
	return s
}

// Call adds a call task about a revision (0: none), caused by the last event.
func (s *Story) Call(why record.CallReason, revision int32) *Story {
	return s.Add(&record.CallTask{Reason: why, RestsOn: s.State.Sequence, Revision: revision, Recipient: Customer})
}

// Wait returns a wait in the garage brug: open without an outcome, else of length
// wall, of which opening within opening hours.
func Wait(id string, measure record.Measure, mechanic string, from time.Time, outcome string, wall, opening time.Duration) *record.Latency {
	l := &record.Latency{
		Header:    repair.Header{EventID: id + outcome, AggregateID: "r-" + id, GarageID: "brug", OccurredAt: from.Add(wall)},
		LatencyID: id, Measure: measure, Version: 1, StartedAt: from, Mechanic: mechanic, Outcome: outcome,
	}
	if outcome != "" {
		l.Version, l.EndedAt = 2, from.Add(wall)
		l.WallMicros, l.OpeningMicros = wall.Microseconds(), opening.Microseconds()
	}
	return l
}
