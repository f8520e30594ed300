package repair

import (
	"cmp"
	"time"
)

// Event is a fact about a repair. It never changes. The linter reports every type
// switch on it that leaves an event out.
//
//sumtype:decl
type Event interface {
	Head() *Header
	fact() *Fact
}

// Events lists every event, empty.
var Events = []Event{
	new(RepairStarted), new(ApprovalRequested), new(QuoteWithdrawn), new(QuoteDecided), new(QuoteExpired),
	new(ReadyTimeChanged), new(ContactCorrected), new(RepairCompleted), new(VehicleCollected), new(RepairCancelled),
	new(MessagePosted), new(QuoteViewed), new(LinkRequested), new(LinksRevoked),
}

// Fact is what every event carries besides its Header.
type Fact struct {
	// Position within the repair's events, from 1 without gaps.
	Sequence int64 `avro:"sequence"`
	// Whether it is history, of which nobody is told: it reached the log more than a day after it occurred, or is the end of such a quote.
	History bool `avro:"history,added"`
	// When it reached the log, if that was more than two minutes after it occurred, or of an expiry more than a day; absent: it was not.
	LoggedAt time.Time `avro:"logged_at,added"`
}

func (f *Fact) fact() *Fact { return f }

// IsHistory reports whether nobody is told of the event.
func IsHistory(e Event) bool { return e.fact().History }

// KnownAt returns when the event was known: when it occurred, or reached the log if
// that was later.
func KnownAt(e Event) time.Time { return later(e.Head().OccurredAt, e.fact().LoggedAt) }

// SequenceOf returns the event's position among its repair's events.
func SequenceOf(e Event) int64 { return e.fact().Sequence }

// RepairStarted says that work began.
type RepairStarted struct {
	Header
	Fact
	// The garage's own order number; empty: it has none.
	ExternalRef string `avro:"external_ref"`
	// A VehicleDetails record: plate, country, description.
	Vehicle Personal `avro:"vehicle"`
	// Whose car it is.
	Customer Contact `avro:"customer"`
	// Who decides about extra work; absent: the customer.
	Approver *Contact `avro:"approver"`
	// When the car is promised to be ready; absent: nothing was promised.
	ReadyAt time.Time `avro:"ready_at"`
	// The bay (brug) the car stands in; empty: not said.
	Bay string `avro:"bay"`
	// The work agreed beforehand, with its price.
	Agreed Quote `avro:"agreed"`
	// Keyed digest of the plain request that started it; empty: not known.
	Digest string `avro:"digest,added" json:"-"`
}

// ApprovalRequested says that a quote awaits an answer.
type ApprovalRequested struct {
	Header
	Fact
	// Number of this quote within the repair, from 1.
	Revision int32 `avro:"revision"`
	// The revision this one replaced while undecided; 0: none.
	Replaces int32 `avro:"replaces"`
	// The extra work, with its price.
	Quote Quote `avro:"quote"`
	// Until when the customer is asked to answer; absent: not said.
	AnswerBy time.Time `avro:"answer_by"`
	// When the quote expires.
	ExpiresAt time.Time `avro:"expires_at,required"`
	// The mechanic who asked, and is told the answer.
	AskedBy Actor `avro:"asked_by"`
}

// QuoteWithdrawn says that a quote was taken back undecided.
type QuoteWithdrawn struct {
	Header
	Fact
	// The withdrawn revision.
	Revision int32 `avro:"revision"`
	// A FreeText record: why.
	Reason Personal `avro:"reason"`
}

// Decision sums up the answers to a quote.
type Decision string

// The decisions.
const (
	Approved       Decision = "approved"
	PartlyApproved Decision = "partly_approved"
	Rejected       Decision = "rejected"
)

// QuoteDecided says what was answered, line by line.
type QuoteDecided struct {
	Header
	Fact
	// The decided revision.
	Revision int32 `avro:"revision"`
	// approved, partly_approved or rejected.
	Decision Decision `avro:"decision"`
	// One answer per line, by line number.
	Answers []Answer `avro:"answers"`
	// Sum of the approved lines, in minor units.
	ApprovedTotal int64 `avro:"approved_total"`
	// page, phone or counter.
	Method Method `avro:"method"`
	// An Evidence record: name, address, browser, remarks.
	Evidence Personal `avro:"evidence"`
}

// QuoteExpired says that nobody answered in time.
type QuoteExpired struct {
	Header
	Fact
	// The expired revision.
	Revision int32 `avro:"revision"`
}

// ReadyTimeChanged says that the promise moved.
type ReadyTimeChanged struct {
	Header
	Fact
	// The promise until now; absent: there was none.
	Previous time.Time `avro:"previous"`
	// The promise from now on.
	ReadyAt time.Time `avro:"ready_at,required"`
}

// ContactCorrected says that a contact was corrected.
type ContactCorrected struct {
	Header
	Fact
	// customer or approver.
	Party Party `avro:"party"`
	// The contact from now on.
	Contact Contact `avro:"contact"`
	// Whether the e-mail address is the one of before; if not, the links sent before have ended.
	SameAddress bool `avro:"same_address,added"`
}

// RepairCompleted says that the car is ready.
type RepairCompleted struct {
	Header
	Fact
	// What there is to pay, including VAT, in minor units.
	Total int64 `avro:"total"`
	// What was agreed beforehand, in minor units.
	AgreedTotal int64 `avro:"agreed_total"`
	// The approved lines of every revision together, in minor units.
	ApprovedTotal int64 `avro:"approved_total"`
	// ISO 4217 currency of the amounts.
	Currency string `avro:"currency"`
	// Whether a reason was stated.
	ReasonGiven bool `avro:"reason_given"`
	// A FreeText record: why the total differs.
	Reason Personal `avro:"reason"`
}

// VehicleCollected says that the customer has the car back.
type VehicleCollected struct {
	Header
	Fact
}

// RepairCancelled says that the repair will not be completed.
type RepairCancelled struct {
	Header
	Fact
	// A FreeText record: why.
	Reason Personal `avro:"reason"`
}

// MessagePosted says that somebody said something.
type MessagePosted struct {
	Header
	Fact
	// text, note (staff only) or callback (asks to be called).
	Kind MessageKind `avro:"kind"`
	// A FreeText record: the words.
	Text Personal `avro:"text"`
}

// QuoteViewed says that a person opened the page of a quote for the first time.
type QuoteViewed struct {
	Header
	Fact
	// The revision that was shown.
	Revision int32 `avro:"revision"`
}

// LinkRequested says that somebody is to get a fresh link by mail.
type LinkRequested struct {
	Header
	Fact
	// customer, or approver: whoever decides about extra work.
	Party Party `avro:"party"`
}

// LinksRevoked says that the links made so far have ended.
type LinksRevoked struct {
	Header
	Fact
}

// Effect is what an event does to the state of a repair and the status of its quotes.
type Effect struct {
	// State is the repair's new state; NotStarted: the event does not change it.
	State State
	// Quote is the new status of the open revision; empty: it stays open. At most
	// one revision of a repair is open, so an event never closes any other.
	Quote QuoteStatus
}

// EffectOf returns the effect of an event. It depends on the event's type only: an
// empty event of the type has the same effect.
func EffectOf(e Event) Effect {
	switch e.(type) {
	case *RepairStarted:
		return Effect{State: InProgress}
	case *ApprovalRequested: // and opens a revision
		return Effect{AwaitingApproval, StatusReplaced}
	case *QuoteDecided:
		return Effect{InProgress, StatusDecided}
	case *QuoteExpired:
		return Effect{InProgress, StatusExpired}
	case *QuoteWithdrawn:
		return Effect{InProgress, StatusWithdrawn}
	case *RepairCompleted:
		return Effect{State: Completed}
	case *VehicleCollected:
		return Effect{State: Collected}
	case *RepairCancelled:
		return Effect{Cancelled, StatusCancelled}
	case *QuoteViewed, *ReadyTimeChanged, *ContactCorrected, *MessagePosted, *LinkRequested, *LinksRevoked:
	}
	return Effect{}
}

// After returns the state that an event moves a repair in state s to.
func (s State) After(e Event) State { return cmp.Or(EffectOf(e).State, s) }

// Apply folds an event into the state. Events must be applied in order of sequence.
func (r *Repair) Apply(e Event) {
	texts := textsOf(e)
	r.Sequence, r.LastAt, r.Texts = e.fact().Sequence, e.Head().OccurredAt, r.Texts+texts
	if e.Head().Actor.Role.CustomerSide() {
		r.SaidTexts += texts
	}
	r.State = r.State.After(e)
	if n, as := r.OpenRevision(), EffectOf(e).Quote; n > 0 && as != "" {
		r.Revisions[n-1].Status = as
	}
	switch e := e.(type) {
	case *RepairStarted:
		r.GarageID, r.Customer = e.GarageID, Holder{Contact: &e.Customer}
		if e.Approver != nil {
			r.Approver = &Holder{Contact: e.Approver}
		}
		r.Currency, r.AgreedTotal, r.ReadyAt = e.Agreed.Currency, e.Agreed.Total, e.ReadyAt
	case *ApprovalRequested:
		rev := Revision{Status: StatusOpen, ExpiresAt: e.ExpiresAt, History: e.History}
		for _, l := range e.Quote.Lines {
			rev.LineTotals = append(rev.LineTotals, l.Total)
		}
		r.Revisions = append(r.Revisions, rev)
	case *QuoteDecided:
		if rev := r.revision(e.Revision); rev != nil {
			rev.Answers, rev.ApprovedTotal = e.Answers, e.ApprovedTotal
		}
		r.ApprovedTotal += e.ApprovedTotal
	case *QuoteViewed:
		if rev := r.revision(e.Revision); rev != nil {
			rev.Viewed = true
		}
	case *ReadyTimeChanged:
		r.ReadyAt = e.ReadyAt
	case *QuoteWithdrawn, *QuoteExpired, *RepairCompleted, *VehicleCollected, *RepairCancelled: // nothing beyond their Effect
	case *ContactCorrected:
		if e.Party == TheApprover && r.Approver == nil {
			r.Approver = new(Holder)
		}
		r.holder(e.Party).correct(e)
	case *LinksRevoked:
		r.Customer.Since = e.Sequence
		if r.Approver != nil {
			r.Approver.Since = e.Sequence
		}
	case *MessagePosted:
		if e.Actor.Role.CustomerSide() {
			r.Said++
		}
	case *LinkRequested: // nothing a later command depends on
	}
}
