package query

import (
	"cmp"
	"encoding/json"
	"fmt"
	"time"

	"pitstop/schemas/readmodel"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// fact is one event as the table has it.
type fact struct {
	repairID, garageID string
	sequence           int64
	kind               string
	at                 time.Time
	actor              repair.Actor
	data               []byte // the event as JSON
}

// kinds has an empty event of every kind.
var kinds = func() map[string]repair.Event {
	all := make(map[string]repair.Event)
	for _, e := range repair.Events {
		all[record.NameOf(e)] = e
	}
	return all
}()

// The parts of the events' JSON that a readmodel.Repair shows.
type (
	startedBody struct {
		ExternalRef string            `json:"external_ref"`
		Vehicle     readmodel.Vehicle `json:"vehicle"`
		Customer    readmodel.Person  `json:"customer"`
		Approver    *readmodel.Person `json:"approver"`
		Agreed      workBody          `json:"agreed"`
	}
	workBody struct {
		Currency         string           `json:"currency"`
		PricesIncludeVAT bool             `json:"prices_include_vat"`
		Lines            []readmodel.Line `json:"lines"`
		Total            int64            `json:"total"`
		VAT              []readmodel.VAT  `json:"vat"`
	}
	quoteBody struct { // of all events about a revision
		Revision      int32            `json:"revision"`
		Quote         workBody         `json:"quote"`
		AnswerBy      *time.Time       `json:"answer_by"`
		ExpiresAt     time.Time        `json:"expires_at"`
		AskedBy       repair.Actor     `json:"asked_by"`
		Decision      repair.Decision  `json:"decision"`
		Answers       []readmodel.Line `json:"answers"`
		ApprovedTotal int64            `json:"approved_total"`
		Method        repair.Method    `json:"method"`
		Evidence      struct {
			Name  string           `json:"name"`
			Texts []readmodel.Line `json:"texts"`
		} `json:"evidence"`
	}
	anyBody struct { // of any event: what it says holds from then on
		ReadyAt  *time.Time `json:"ready_at"`
		Bay      string     `json:"bay"`
		Revision *int32     `json:"revision"`
		Replaces *int32     `json:"replaces"` // of an event that opens Revision
	}
	contactBody struct {
		Party       repair.Party     `json:"party"`
		Contact     readmodel.Person `json:"contact"`
		SameAddress bool             `json:"same_address"`
	}
	completedBody struct {
		Total  int64  `json:"total"`
		Reason string `json:"reason"`
	}
	messageBody struct {
		Kind repair.MessageKind `json:"kind"`
		Text string             `json:"text"`
	}
)

// fold builds a repair from its events, in the order of their sequence. Duplicate and
// missing events do no harm: what is missing is not shown.
func fold(facts []fact) (*readmodel.Repair, error) {
	r := &readmodel.Repair{
		Quotes: []readmodel.Quote{}, Messages: []readmodel.Message{},
		Agreed: workBody{}.view(),
	}
	f := folder{Repair: r}
	for _, e := range facts {
		if e.sequence <= r.Sequence {
			continue
		}
		r.RepairID, r.GarageID, r.Sequence = e.repairID, e.garageID, e.sequence
		if err := f.apply(e); err != nil {
			return nil, fmt.Errorf("event %d, %s: %w", e.sequence, e.kind, err)
		}
	}
	r.WaitingFor = waitingFor(r.State, f.unanswered)
	return r, nil
}

// waitingFor returns who has to act next. The view conversations does the same in SQL.
func waitingFor(s repair.State, unanswered bool) readmodel.WaitingFor {
	switch {
	case s == repair.AwaitingApproval:
		return readmodel.ForCustomer
	case s == repair.InProgress, unanswered:
		return readmodel.ForMechanic
	}
	return readmodel.ForNobody
}

type folder struct {
	*readmodel.Repair
	unanswered bool // a message of the customer awaits a reply
}

func (f *folder) apply(e fact) error {
	if e.actor.Role == repair.Mechanic { // who acted last works on the car
		f.Mechanic = e.actor.ID
	}
	event := kinds[e.kind] // nil: a kind of a newer version
	effect := repair.EffectOf(event)
	f.State = f.State.After(event)
	if effect.State == repair.Completed || effect.State.Final() {
		f.unanswered = false
	}
	err := read(e, func(b anyBody) {
		f.ReadyAt, f.Bay = cmp.Or(b.ReadyAt, f.ReadyAt), cmp.Or(b.Bay, f.Bay)
		if q := f.closes(b); q != nil && effect.Quote != "" {
			q.Status, q.ClosedAt = effect.Quote, &e.at
		}
	})
	if err != nil {
		return err
	}
	switch event.(type) { //nolint:gochecksumtype // its effect is there; this is what else is shown of it
	case *repair.RepairStarted:
		return read(e, func(b startedBody) {
			f.StartedAt = e.at
			f.ExternalRef, f.Vehicle, f.Customer, f.Approver = b.ExternalRef, b.Vehicle, b.Customer, b.Approver
			f.Agreed = b.Agreed.view()
		})
	case *repair.ApprovalRequested:
		return read(e, func(b quoteBody) {
			f.Quotes = append(f.Quotes, readmodel.Quote{
				Revision: b.Revision, Status: repair.StatusOpen, Work: b.Quote.view(),
				RequestedAt: e.at, AskedBy: b.AskedBy.ID, AnswerBy: b.AnswerBy, ExpiresAt: b.ExpiresAt,
			})
		})
	case *repair.QuoteViewed:
		return read(e, func(b quoteBody) {
			if q := f.revision(b.Revision); q != nil && q.ViewedAt == nil {
				q.ViewedAt = &e.at
			}
		})
	case *repair.QuoteDecided:
		return read(e, func(b quoteBody) {
			if q := f.revision(b.Revision); q != nil {
				b.decide(q, e.actor)
			}
		})
	case *repair.ContactCorrected:
		return read(e, func(b contactBody) {
			if b.Party == repair.TheApprover {
				f.Approver = &b.Contact
			} else {
				f.Customer = b.Contact
			}
			if !b.SameAddress {
				*f.LinksSince.Of(b.Party) = e.sequence
			}
		})
	case *repair.LinksRevoked:
		f.LinksSince = readmodel.LinksSince{Customer: e.sequence, Approver: e.sequence}
	case *repair.RepairCompleted:
		return read(e, func(b completedBody) { f.CompletedAt, f.Total, f.TotalReason = &e.at, &b.Total, b.Reason })
	case *repair.MessagePosted:
		return read(e, func(b messageBody) {
			f.Messages = append(f.Messages, readmodel.Message{At: e.at, Kind: b.Kind, From: e.actor.Role, By: e.actor.ID, Text: b.Text})
			switch {
			case e.actor.Role.CustomerSide():
				f.unanswered = true
			case b.Kind == repair.Text: // a note is no reply
				f.unanswered = false
			}
		})
	}
	return nil
}

// read decodes the body of a fact for use.
func read[B any](e fact, use func(B)) error {
	var b B
	if err := json.Unmarshal(e.data, &b); err != nil {
		return err
	}
	use(b)
	return nil
}

// decide applies a decision to its quote.
func (b quoteBody) decide(q *readmodel.Quote, by repair.Actor) {
	q.Decision, q.ApprovedTotal, q.Method = b.Decision, b.ApprovedTotal, b.Method
	q.DecidedBy = cmp.Or(b.Evidence.Name, by.ID)
	for _, a := range b.Answers {
		if l := line(q, a.Line); l != nil {
			l.Answer, l.Reason = a.Answer, a.Reason
		}
	}
	for _, t := range b.Evidence.Texts {
		if l := line(q, t.Line); l != nil {
			l.Text = t.Text
		}
	}
}

// revision returns the quote with this number, nil when there is none.
func (f *folder) revision(n int32) *readmodel.Quote {
	for i := range f.Quotes {
		if f.Quotes[i].Revision == n {
			return &f.Quotes[i]
		}
	}
	return nil
}

// open returns the quote that awaits an answer, nil when there is none.
func (f *folder) open() *readmodel.Quote {
	for i := range f.Quotes {
		if f.Quotes[i].Status == repair.StatusOpen {
			return &f.Quotes[i]
		}
	}
	return nil
}

// closes returns the quote that an event closes, nil when there is none: the one that
// it names, since the open one may be another where events are missing, or else the
// open one.
func (f *folder) closes(b anyBody) *readmodel.Quote {
	switch {
	case b.Replaces != nil:
		return f.revision(*b.Replaces)
	case b.Revision != nil:
		return f.revision(*b.Revision)
	}
	return f.open()
}

func line(q *readmodel.Quote, n int32) *readmodel.Line {
	for i := range q.Lines {
		if q.Lines[i].Line == n {
			return &q.Lines[i]
		}
	}
	return nil
}

func (w workBody) view() readmodel.Work {
	v := readmodel.Work{
		Currency: w.Currency, PricesIncludeVAT: w.PricesIncludeVAT, Total: w.Total,
		VAT: append([]readmodel.VAT{}, w.VAT...), Lines: append([]readmodel.Line{}, w.Lines...), // lists are never null
	}
	for i := range v.Lines {
		if v.Lines[i].Details == nil {
			v.Lines[i].Details = []readmodel.Detail{}
		}
	}
	return v
}
