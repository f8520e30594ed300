// Package request holds the JSON of the write side and turns it into commands: what
// the API, the customer's page and the importer accept, checked, sealed and
// identified. The same request always has the same ids and the same digest, so a
// retry through any process is the same command. schemas/readmodel is its
// counterpart for reading.
//
// In the bodies, pointers are fields that may be absent or null; amounts are
// integers in minor units, times are RFC 3339.
package request

import (
	"fmt"
	"strings"
	"time"

	"pitstop/schemas/repair"
)

// Request is one request for a command, and what its receiver knows about it.
type Request struct {
	Garage   string       // the garage its sender acts for
	RepairID string       // empty for StartRepair: it follows from the garage and the reference
	Revision int32        // of the quote it is about; 0: none
	Key      string       // the idempotency key
	Actor    repair.Actor // who sends it
	Link     int64        // the sequence that the sender's link names; 0 for staff
	// Now is when it was received; zero: the time of the Builder's clock.
	Now time.Time
	// IP and UserAgent of a customer who decides; empty for staff.
	IP, UserAgent string
	// Body is a pointer to one of this package's bodies.
	Body Body
}

// Invalid lists everything that is wrong with a request.
type Invalid struct{ Errors []repair.FieldError }

func (e *Invalid) Error() string {
	all := make([]string, len(e.Errors))
	for i, f := range e.Errors {
		all[i] = fmt.Sprintf("%s: %s", f.Pointer, f.Detail)
	}
	return "invalid request: " + strings.Join(all, "; ")
}

// Vehicle is a car.
type Vehicle struct {
	Plate       string `json:"plate" maxLength:"32" example:"K482TR" doc:"Number plate, with or without hyphens."`
	Country     string `json:"country,omitempty" maxLength:"2" example:"NL" doc:"ISO 3166 country of the plate; absent: NL."`
	Description string `json:"description,omitempty" maxLength:"200" example:"Volkswagen Golf" doc:"Make and model."`
}

// Person is a customer or an approver.
type Person struct {
	ID       string `json:"id,omitempty" maxLength:"100" doc:"The garage's own id of the person."`
	Name     string `json:"name" maxLength:"200" example:"J. de Vries"`
	Email    string `json:"email,omitempty" maxLength:"254" example:"j@example.nl"`
	Phone    string `json:"phone,omitempty" maxLength:"40" example:"+31612345678" doc:"E.164, or as one dials it in the garage's country."`
	Language string `json:"language,omitempty" maxLength:"35" example:"nl" doc:"BCP 47 language the person reads; absent: the garage's."`
}

// Detail is one part or one piece of labour.
type Detail struct {
	Kind        repair.DetailKind `json:"kind" enum:"part,labour"`
	Description string            `json:"description,omitempty" maxLength:"500"`
	Quantity    string            `json:"quantity" maxLength:"11" example:"1.2" doc:"Pieces or hours, as a decimal with at most three places, above 0 and up to a million."`
	UnitPrice   *int64            `json:"unit_price" nullable:"false" minimum:"0" maximum:"100000000" doc:"Price of one, in minor units."`
	VAT         repair.VATRate    `json:"vat,omitempty" enum:"21,9,0,none" doc:"VAT rate in percent; absent: the garage's."`
}

// Line is one decidable job.
type Line struct {
	Title       string         `json:"title" maxLength:"500"`
	Urgency     repair.Urgency `json:"urgency,omitempty" doc:"safety, soon or advice; needed in a quote, none in agreed work."`
	Consequence string         `json:"consequence,omitempty" doc:"What happens without it."`
	Details     []Detail       `json:"details" minItems:"1" maxItems:"100"`
}

// Work is work to be priced.
type Work struct {
	Currency         string `json:"currency,omitempty" example:"EUR" doc:"ISO 4217; absent: the garage's."`
	PricesIncludeVAT *bool  `json:"prices_include_vat,omitempty" doc:"Absent: they do."`
	Lines            []Line `json:"lines" maxItems:"100"`
}

// Body is what a command is made of. A pointer to each of the bodies below is one.
type Body interface {
	// At returns the time that the body may carry, and whether to tell people then.
	At() *When
	// command returns the command, with d's checks of what it holds.
	command(d *draft, ask repair.Ask) repair.Command
}

// bodies are the bodies, by the command that each is made into.
var bodies = map[string]func() Body{
	"StartRepair":     func() Body { return new(StartRepair) },
	"RequestApproval": func() Body { return new(RequestApproval) },
	"WithdrawQuote":   func() Body { return new(WithdrawQuote) },
	"DecideQuote":     func() Body { return new(DecideQuote) },
	"ChangeReadyTime": func() Body { return new(Change) },
	"CorrectContact":  func() Body { return new(Change) },
	"CompleteRepair":  func() Body { return new(CompleteRepair) },
	"CollectVehicle":  func() Body { return new(CollectVehicle) },
	"CancelRepair":    func() Body { return new(CancelRepair) },
	"PostMessage":     func() Body { return new(PostMessage) },
	"RecordView":      func() Body { return new(RecordView) },
	"RequestLink":     func() Body { return new(RequestLink) },
	"RevokeLinks":     func() Body { return new(RevokeLinks) },
}

// NewBody returns an empty body of a command by name, as Request.Body takes it; nil
// when there is no such command.
func NewBody(command string) Body {
	if empty := bodies[command]; empty != nil {
		return empty()
	}
	return nil
}

// When is the time a request may carry: something may be reported after it
// happened; and whether people are told of it then.
type When struct {
	OccurredAt *time.Time `json:"occurred_at,omitempty" doc:"When it happened; absent: now. At most two minutes ahead of the clock."`
	Tell       bool       `json:"tell,omitempty" doc:"Tell people although it happened more than a day ago. Without it that is history: measured and shown, but nobody is told."`
}

// At returns what a body that embeds it carries.
func (w *When) At() *When { return w }

// StartRepair registers a vehicle for repair.
type StartRepair struct {
	When
	Garage      string     `json:"garage,omitempty" doc:"Needed when the sender acts for several garages."`
	ExternalRef string     `json:"external_ref,omitempty" maxLength:"100" example:"WO-1842" doc:"The garage's own order number, unique within it."`
	Vehicle     Vehicle    `json:"vehicle"`
	Customer    Person     `json:"customer"`
	Approver    *Person    `json:"approver,omitempty" doc:"Who decides about extra work; absent or null: the customer."`
	ReadyAt     *time.Time `json:"ready_at,omitempty" doc:"When the car is promised to be ready."`
	Bay         string     `json:"bay,omitempty" maxLength:"50"`
	Agreed      Work       `json:"agreed" doc:"The work agreed beforehand."`
}

func (b *StartRepair) command(d *draft, ask repair.Ask) repair.Command {
	d.RepairID = d.repairID(b)
	return &repair.StartRepair{
		Ask: ask, ExternalRef: d.line("/external_ref", b.ExternalRef, 100),
		Vehicle: d.vehicle(b.Vehicle), Customer: d.contact("/customer", b.Customer),
		Approver: d.approver(b.Approver), ReadyAt: d.time("/ready_at", b.ReadyAt),
		Bay: d.line("/bay", b.Bay, 50), Agreed: d.work("/agreed", b.Agreed, false),
	}
}

// RequestApproval proposes extra work.
type RequestApproval struct {
	When
	Work
	AnswerBy  *time.Time `json:"answer_by,omitempty" doc:"Until when the customer is asked to answer."`
	ExpiresAt *time.Time `json:"expires_at,omitempty" doc:"When the quote expires; absent: at the close of the garage's second opening day."`
}

func (b *RequestApproval) command(d *draft, ask repair.Ask) repair.Command {
	answerBy, expiresAt := d.deadlines(b)
	return &repair.RequestApproval{Ask: ask, Work: d.work("", b.Work, true), AnswerBy: answerBy, ExpiresAt: expiresAt}
}

// WithdrawQuote withdraws a quote.
type WithdrawQuote struct {
	When
	Reason string `json:"reason,omitempty" maxLength:"2000"`
}

func (b *WithdrawQuote) command(d *draft, ask repair.Ask) repair.Command {
	return &repair.WithdrawQuote{Ask: ask, Revision: d.Revision, Reason: d.text("/reason", b.Reason)}
}

// Answer answers one line of a quote.
type Answer struct {
	Line   int32               `json:"line" minimum:"1" maximum:"100" doc:"The line's number, from 1."`
	Answer repair.AnswerKind   `json:"answer" enum:"approve,reject"`
	Reason repair.RejectReason `json:"reason,omitempty" doc:"Why it was rejected: price, later, elsewhere or other."`
	Text   string              `json:"text,omitempty" maxLength:"2000"`
}

// DecideQuote answers every line of one revision.
type DecideQuote struct {
	When
	Lines     []Answer      `json:"lines" minItems:"1" maxItems:"100" doc:"Every line of the quote exactly once. Their texts have at most 5000 characters together."`
	TotalSeen *int64        `json:"total_seen" nullable:"false" minimum:"0" doc:"Sum of the approved lines, in minor units: what the decider was told."`
	Method    repair.Method `json:"method" enum:"phone,counter" doc:"How the answer was given."`
	Name      string        `json:"name,omitempty" maxLength:"200" doc:"Who gave it."`
}

func (b *DecideQuote) command(d *draft, ask repair.Ask) repair.Command { return d.decision(ask, b) }

// ContactChange changes a contact. A field is nil if it is absent, and points to nil if
// it is null.
type ContactChange struct {
	ID       **string `json:"id,omitempty" maxLength:"100" doc:"The garage's own id of the person."`
	Name     **string `json:"name,omitempty" maxLength:"200" example:"J. de Vries" doc:"It cannot be removed."`
	Email    **string `json:"email,omitempty" maxLength:"254" example:"j@example.nl"`
	Phone    **string `json:"phone,omitempty" maxLength:"40" example:"+31612345678" doc:"E.164, or as one dials it in the garage's country."`
	Language **string `json:"language,omitempty" maxLength:"35" example:"nl" doc:"BCP 47 language the person reads."`
}

// Text returns a field of a ContactChange with a text.
func Text(text string) **string {
	given := &text
	return &given
}

// Change moves the promised time or corrects a contact, not both.
type Change struct {
	When
	ReadyAt *time.Time     `json:"ready_at,omitempty" doc:"The new promise."`
	Contact *ContactChange `json:"contact,omitempty" doc:"What changes of the contact: what is absent stays, null removes. Another e-mail address ends the links sent before, and is told the newest that still matters: what is asked, that the car is ready, or that it will be later than promised."`
	Party   repair.Party   `json:"party,omitempty" enum:"customer,approver" doc:"Whose contact; absent: the customer's."`
}

func (b *Change) command(d *draft, ask repair.Ask) repair.Command { return d.change(ask, b) }

// CompleteRepair reports that the work is done.
type CompleteRepair struct {
	When
	Total  *int64 `json:"total" nullable:"false" minimum:"0" doc:"What there is to pay, including VAT, in minor units."`
	Reason string `json:"reason,omitempty" maxLength:"2000" doc:"Needed above what was agreed and approved."`
}

func (b *CompleteRepair) command(d *draft, ask repair.Ask) repair.Command {
	reason := d.text("/reason", b.Reason)
	return &repair.CompleteRepair{
		Ask: ask, Total: d.amount("/total", b.Total), ReasonGiven: len(reason.Bytes) > 0, Reason: reason,
	}
}

// CollectVehicle reports that the car was collected.
type CollectVehicle struct {
	When
}

func (b *CollectVehicle) command(_ *draft, ask repair.Ask) repair.Command {
	return &repair.CollectVehicle{Ask: ask}
}

// CancelRepair ends a repair that will not be completed.
type CancelRepair struct {
	When
	Reason string `json:"reason,omitempty" maxLength:"2000"`
}

func (b *CancelRepair) command(d *draft, ask repair.Ask) repair.Command {
	return &repair.CancelRepair{Ask: ask, Reason: d.text("/reason", b.Reason)}
}

// PostMessage sends a message to the other side.
type PostMessage struct {
	When
	Kind repair.MessageKind `json:"kind" enum:"text,note" doc:"text: to the customer; note: for staff only."`
	Text string             `json:"text" maxLength:"5000"`
}

func (b *PostMessage) command(d *draft, ask repair.Ask) repair.Command { return d.message(ask, b) }

// RecordView records that a person opened the page of a quote.
type RecordView struct {
	When
}

func (b *RecordView) command(d *draft, ask repair.Ask) repair.Command {
	return &repair.RecordView{Ask: ask, Revision: d.Revision}
}

// RequestLink asks for a fresh link by mail.
type RequestLink struct {
	When
	Party repair.Party `json:"party,omitempty" enum:"customer,approver" doc:"To whom; absent: to the customer. approver: to whoever decides about extra work."`
}

func (b *RequestLink) command(d *draft, ask repair.Ask) repair.Command {
	return &repair.RequestLink{Ask: ask, Party: d.party(b.Party)}
}

// RevokeLinks ends every link to a repair.
type RevokeLinks struct {
	When
}

func (b *RevokeLinks) command(_ *draft, ask repair.Ask) repair.Command {
	return &repair.RevokeLinks{Ask: ask}
}
