package clickhouse

import (
	"fmt"
	"testing"
	"time"

	"pitstop/schemas/avro"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// monday is when the stories begin: a Monday, 10:00 in Utrecht.
var monday = time.Date(2026, 5, 18, 8, 0, 0, 0, time.UTC)

// The people of the stories.
var (
	sam      = repair.Actor{Role: repair.Mechanic, ID: "sam"}
	kim      = repair.Actor{Role: repair.Mechanic, ID: "kim"}
	desk     = repair.Actor{Role: repair.CustomerService, ID: "desk"}
	customer = repair.Actor{Role: repair.Customer}
)

// story is what happens around one repair: it hands commands to the domain and
// keeps every record that follows.
type story struct {
	t       testing.TB
	codec   *avro.Codec
	id      string
	garage  string
	state   repair.Repair
	at      time.Time
	n       int
	records []any
	last    string // id of the last command
}

func (d *db) story(garage, ref string) *story {
	return &story{t: d.t, codec: d.codec, garage: garage, id: repair.RepairID(garage, "external_ref", ref), at: monday}
}

func (s *story) seal(rec any) repair.Personal {
	s.t.Helper()
	p, err := s.codec.Seal(rec)
	must(s.t, err)
	return p
}

func (s *story) text(text string) repair.Personal { return s.seal(&repair.FreeText{Text: text}) }

// after lets time pass.
func (s *story) after(d time.Duration) *story {
	s.at = s.at.Add(d)
	return s
}

func (s *story) stamp(h *repair.Header, actor repair.Actor, cause string) {
	s.n++
	h.EventID = repair.DerivedID(s.at, s.id, fmt.Sprint(s.n))
	h.AggregateID, h.GarageID, h.Actor, h.CausationID = s.id, s.garage, actor, cause
	if h.OccurredAt.IsZero() {
		h.OccurredAt = s.at
	}
	h.CorrelationID = s.last
}

// do hands a command to the domain as this actor, now.
func (s *story) do(actor repair.Actor, c repair.Command) repair.Verdict {
	s.t.Helper()
	s.stamp(c.Head(), actor, "")
	s.last = c.Head().EventID
	s.records = append(s.records, c)
	events, verdict := s.state.Handle(c)
	result := repair.Accepted
	if verdict.Code != "" {
		result = repair.Refused
	}
	for _, e := range events {
		s.stamp(e.Head(), e.Head().Actor, s.last)
		s.records = append(s.records, e)
	}
	o := &repair.Outcome{Command: record.NameOf(c), Result: result, Verdict: verdict}
	s.stamp(&o.Header, actor, s.last)
	s.records = append(s.records, o)
	return verdict
}

// must hands over a command that is to be accepted.
func (s *story) must(actor repair.Actor, c repair.Command) *story {
	s.t.Helper()
	if v := s.do(actor, c); v.Code != "" {
		s.t.Fatalf("%T is refused: %s, %s", c, v.Code, v.Detail)
	}
	return s
}

func (s *story) start(plate, name string) *story {
	s.t.Helper()
	return s.must(sam, &repair.StartRepair{
		ExternalRef: "WO-" + plate, Bay: "3",
		Vehicle: s.seal(&repair.VehicleDetails{Plate: plate, Country: "NL", Description: "Volkswagen Golf"}),
		Customer: repair.Contact{
			ID: "c-" + plate, Language: "nl", Channels: []repair.Channel{repair.Email},
			Personal: s.seal(&repair.ContactDetails{Name: name, Email: "j@example.nl", Phone: "+31612345678"}),
		},
		ReadyAt: monday.Add(6 * time.Hour),
		Agreed: repair.Work{Currency: "EUR", PricesIncludeVAT: true, Lines: []repair.Line{
			{Title: "Kleine beurt en APK", Details: []repair.Detail{{Kind: repair.Labour, Quantity: "1", UnitPrice: 28900, VAT: repair.VAT21}}},
		}},
	})
}

// ask proposes brakes (34800) and wipers (3995).
func (s *story) ask(actor repair.Actor) *story {
	s.t.Helper()
	return s.must(actor, &repair.RequestApproval{ExpiresAt: s.at.Add(24 * time.Hour), Work: repair.Work{
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

func (s *story) decide(actor repair.Actor, method repair.Method, first, second repair.AnswerKind) repair.Verdict {
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
	return s.do(actor, &repair.DecideQuote{
		Revision: int32(max(len(s.state.Revisions), 1)), Answers: answers, TotalSeen: total, Method: method,
		Evidence: s.seal(&repair.Evidence{Name: "J. de Vries", Texts: []repair.LineText{{Line: 2, Text: "kan wachten"}}}),
	})
}

func (s *story) say(actor repair.Actor, kind repair.MessageKind, text string) *story {
	s.t.Helper()
	return s.must(actor, &repair.PostMessage{Kind: kind, Text: s.text(text), TextGiven: true})
}

func (s *story) expire() *story {
	s.t.Helper()
	events := s.state.Expire(s.at)
	if len(events) == 0 {
		s.t.Fatal("nothing expires")
	}
	for _, e := range events {
		s.stamp(e.Head(), e.Head().Actor, s.last)
		s.records = append(s.records, e)
	}
	return s
}

// add keeps a record that derives from the events, stamped with now.
func (s *story) add(r record.Headed) *story {
	s.stamp(r.Head(), repair.Actor{Role: repair.System}, s.last)
	s.records = append(s.records, r)
	return s
}
