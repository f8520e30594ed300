package repair

import (
	"fmt"
	"time"
)

// Handle decides about a command: the events that follow from it, in order and
// already applied to the state, and the verdict its sender gets. A refused
// command has no events and changes nothing. Event ids are left to the caller.
//
// The events occur when the command did, but never before the repair's last event.
func (r *Repair) Handle(c Command) ([]Event, Verdict) {
	d := decision{Repair: r, cmd: c}
	refusal := d.decide()
	v := Verdict{Revision: d.revisionNo, Decision: d.outcome, ApprovedTotal: d.approved}
	if refusal != nil {
		d.events = nil
		v = *refusal
	}
	if !d.foreign() { // what another garage's repair is up to is none of the sender's business
		v.State, v.Sequence = r.State, r.Sequence
	}
	return d.events, v
}

// Expire answers for the customer who did not: the open revision is over at its
// own due time. Nothing follows when no revision is open or due by then.
func (r *Repair) Expire(at time.Time) []Event {
	n := r.OpenRevision()
	if n == 0 || at.Before(r.Revisions[n-1].ExpiresAt) {
		return nil
	}
	e := &QuoteExpired{Revision: n}
	e.GarageID, e.Actor = r.GarageID, Actor{Role: System}
	r.record(e, at)
	return []Event{e}
}

// record stamps a fact with its place in the repair's history and applies it.
func (r *Repair) record(e Event, at time.Time) {
	e.Head().OccurredAt = later(at, r.LastAt)
	e.fact().Sequence = r.Sequence + 1
	r.Apply(e)
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// decision is one command on its way to a verdict.
type decision struct {
	*Repair
	cmd        Command
	events     []Event
	revisionNo int32
	outcome    Decision
	approved   int64
}

func (d *decision) emit(e Event) {
	h, c := e.Head(), d.cmd.Head()
	h.GarageID, h.Actor = c.GarageID, c.Actor
	d.record(e, c.OccurredAt)
	d.events = append(d.events, e)
}

func refuse(code Code, format string, args ...any) *Verdict {
	return &Verdict{Code: code, Detail: fmt.Sprintf(format, args...)}
}

// maxErrors bounds what a verdict lists, because it is kept: a command can hold
// more mistakes than there is room for in a record.
const maxErrors = 50

func invalid(errs []FieldError) *Verdict {
	if len(errs) == 0 {
		return nil
	}
	if n := len(errs) - maxErrors; n > 0 {
		errs = append(errs[:maxErrors:maxErrors], FieldError{"", fmt.Sprintf("and %d more mistakes", n)})
	}
	return &Verdict{Code: Invalid, Detail: "the command has mistakes", Errors: errs}
}

// foreign reports whether the repair is another garage's than the sender's.
func (d *decision) foreign() bool {
	return d.State != NotStarted && d.GarageID != d.cmd.Head().GarageID
}

func (d *decision) decide() *Verdict {
	h := d.cmd.Head()
	start, starts := d.cmd.(*StartRepair)
	switch {
	case d.foreign(), d.State == NotStarted && !starts:
		return refuse(NotFound, "no repair %s in garage %s", h.AggregateID, h.GarageID)
	case starts:
		return d.start(start)
	}
	switch c := d.cmd.(type) {
	case *PostMessage:
		return d.post(c)
	case *RecordView:
		return d.view(c)
	case *DecideQuote:
		return d.answer(c)
	case *WithdrawQuote:
		return d.withdraw(c)
	case *RequestApproval:
		return d.request(c)
	case *CompleteRepair:
		return d.complete(c)
	case *CollectVehicle:
		if d.State != Completed {
			return d.illegal("only a completed repair's vehicle can be collected")
		}
		d.emit(&VehicleCollected{})
	case *CancelRepair:
		if !d.State.Open() {
			return d.illegal("only open work can be cancelled")
		}
		d.emit(&RepairCancelled{Reason: c.Reason})
	case *ChangeReadyTime:
		if !d.State.Open() {
			return d.illegal("the promised time can change only while work is open")
		}
		if c.ReadyAt.Equal(d.ReadyAt) {
			return nil
		}
		d.emit(&ReadyTimeChanged{Previous: d.ReadyAt, ReadyAt: c.ReadyAt})
	case *CorrectContact:
		if d.State.Final() {
			return d.illegal("the repair is over")
		}
		if c.Party != TheCustomer && c.Party != TheApprover {
			return invalid([]FieldError{{"/party", "must be customer or approver"}})
		}
		d.emit(&ContactCorrected{Party: c.Party, Contact: c.Contact})
	default:
		return refuse(Invalid, "command %T is not known", d.cmd)
	}
	return nil
}

func (d *decision) illegal(why string) *Verdict {
	return refuse(IllegalState, "the repair is %s: %s", d.State, why)
}

func (d *decision) start(c *StartRepair) *Verdict {
	if d.State != NotStarted {
		return refuse(AlreadyStarted, "this repair was started before and is %s", d.State)
	}
	errs := c.Agreed.Validate("/agreed", false)
	if c.GarageID == "" {
		errs = append(errs, FieldError{"/garage_id", "is missing"})
	}
	if v := invalid(errs); v != nil {
		return v
	}
	agreed, err := c.Agreed.Price()
	if err != nil {
		return invalid([]FieldError{{"/agreed", err.Error()}})
	}
	d.emit(&RepairStarted{
		ExternalRef: c.ExternalRef, Vehicle: c.Vehicle, Customer: c.Customer, Approver: c.Approver,
		ReadyAt: c.ReadyAt, Bay: c.Bay, Agreed: agreed,
	})
	return nil
}

func (d *decision) request(c *RequestApproval) *Verdict {
	if !d.State.Open() {
		return d.illegal("extra work can be proposed only while work is open")
	}
	errs := c.Work.Validate("", true)
	if c.Work.Currency != d.Currency {
		errs = append(errs, FieldError{"/currency", fmt.Sprintf("the repair is in %s", d.Currency)})
	}
	at := later(c.OccurredAt, d.LastAt) // when it will have been requested
	if !c.ExpiresAt.After(at) {
		errs = append(errs, FieldError{"/expires_at", "must lie after the request"})
	}
	if !c.AnswerBy.IsZero() && (c.AnswerBy.After(c.ExpiresAt) || !c.AnswerBy.After(at)) {
		errs = append(errs, FieldError{"/answer_by", "must lie after the request and not after expires_at"})
	}
	if v := invalid(errs); v != nil {
		return v
	}
	quote, err := c.Work.Price()
	if err != nil {
		return invalid([]FieldError{{"/lines", err.Error()}})
	}
	d.revisionNo = int32(len(d.Revisions) + 1)
	d.emit(&ApprovalRequested{
		Revision: d.revisionNo, Replaces: d.OpenRevision(), Quote: quote,
		AnswerBy: c.AnswerBy, ExpiresAt: c.ExpiresAt, AskedBy: c.Actor,
	})
	return nil
}

// undecided gives the open revision n, or the reason it cannot be acted upon.
func (d *decision) undecided(n int32, at time.Time) (*Revision, *Verdict) {
	rev := d.revision(n)
	if rev == nil {
		if len(d.Revisions) == 0 && d.State.Final() {
			return nil, d.illegal("its quotes are closed")
		}
		return nil, refuse(NotFound, "the repair has no quote %d", n)
	}
	switch rev.Status {
	case QuoteOpen:
		if !at.Before(rev.ExpiresAt) {
			return rev, refuse(Expired, "quote %d expired at %s", n, rev.ExpiresAt.Format(time.RFC3339))
		}
		return rev, nil
	case QuoteReplaced:
		return rev, refuse(Superseded, "quote %d was replaced by a newer one; quote %d is the latest", n, len(d.Revisions))
	case QuoteLapsed:
		return rev, refuse(Expired, "quote %d expired at %s", n, rev.ExpiresAt.Format(time.RFC3339))
	case QuoteTakenBack:
		return rev, refuse(Withdrawn, "quote %d was withdrawn by the garage", n)
	case QuoteAnswered:
		return rev, refuse(AlreadyDecided, "quote %d was decided before", n)
	case QuoteAbandoned:
		return rev, d.illegal("its quotes are closed")
	}
	return rev, d.illegal("the quote is " + string(rev.Status))
}

func (d *decision) withdraw(c *WithdrawQuote) *Verdict {
	if _, refusal := d.undecided(c.Revision, c.OccurredAt); refusal != nil {
		return refusal
	}
	d.revisionNo = c.Revision
	d.emit(&QuoteWithdrawn{Revision: c.Revision, Reason: c.Reason})
	return nil
}

func (d *decision) complete(c *CompleteRepair) *Verdict {
	switch {
	case d.State == AwaitingApproval:
		return d.illegal("a quote awaits an answer; withdraw it first")
	case d.State != InProgress:
		return d.illegal("only work in progress can be completed")
	case c.Total < 0 || c.Total > maxTotal:
		return invalid([]FieldError{{"/total", fmt.Sprintf("must lie between 0 and %d minor units", maxTotal)}})
	case c.Total > d.AgreedTotal+d.ApprovedTotal && !c.ReasonGiven:
		return refuse(ReasonRequired, "%d is more than the %d that was agreed and approved: state a reason, or ask for approval",
			c.Total, d.AgreedTotal+d.ApprovedTotal)
	}
	d.emit(&RepairCompleted{
		Total: c.Total, AgreedTotal: d.AgreedTotal, ApprovedTotal: d.ApprovedTotal, Currency: d.Currency,
		ReasonGiven: c.ReasonGiven, Reason: c.Reason,
	})
	return nil
}

func (d *decision) post(c *PostMessage) *Verdict {
	switch {
	case c.Kind != Text && c.Kind != Note && c.Kind != Callback:
		return invalid([]FieldError{{"/kind", "must be text, note or callback"}})
	case c.Kind != Callback && !c.TextGiven:
		return invalid([]FieldError{{"/text", "must not be empty"}})
	case c.Kind == Note && !c.Actor.Role.Staff():
		return invalid([]FieldError{{"/kind", "only staff write notes"}})
	case c.Kind == Callback && !c.Actor.Role.CustomerSide():
		return invalid([]FieldError{{"/kind", "only the customer asks to be called"}})
	}
	d.emit(&MessagePosted{Kind: c.Kind, Text: c.Text})
	return nil
}

// view records that a person saw an open quote for the first time; seeing it
// again, or seeing one that is over, is accepted and changes nothing.
func (d *decision) view(c *RecordView) *Verdict {
	rev := d.revision(c.Revision)
	if rev == nil && !d.State.Final() {
		return refuse(NotFound, "the repair has no quote %d", c.Revision)
	}
	d.revisionNo = c.Revision
	if rev != nil && rev.Status == QuoteOpen && !rev.Viewed {
		d.emit(&QuoteViewed{Revision: c.Revision})
	}
	return nil
}
