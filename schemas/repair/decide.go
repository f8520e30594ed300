package repair

import (
	"fmt"
	"time"
)

// MaxAhead is how far what anybody says of a time may be ahead of the log, or of whoever
// hears it. A clock that is wrong must not end what has days to go.
const MaxAhead = 2 * time.Minute

// lateAfter is the age at which what reaches the log was not known when it occurred: people
// can be told, and wait, only from then on.
const lateAfter = 2 * time.Minute

// HistoryAfter is the age at which what reaches the log is history.
const HistoryAfter = 24 * time.Hour

// Handle is HandleLogged for a command that reached the log when it occurred.
func (r *Repair) Handle(c Command) ([]Event, Verdict) { return r.HandleLogged(c, c.Head().OccurredAt) }

// HandleLogged accepts or refuses a command that reached the log at a time. It returns
// the events that follow, in order and already applied to the state, and the verdict
// for the sender. A refused command has no events and changes nothing. Event ids are
// left to the caller.
//
// The events occur when the command did, but never before the repair's last event.
func (r *Repair) HandleLogged(c Command, logged time.Time) ([]Event, Verdict) {
	h := handling{Repair: r, cmd: c, logged: logged}
	refusal := h.decide()
	if refusal == nil && h.event != nil {
		refusal = h.full(h.event)
	}
	v := Verdict{Revision: h.revisionNo, Decision: h.decision, ApprovedTotal: h.approved}
	var events []Event
	switch {
	case refusal != nil:
		v = *refusal
	case h.event != nil:
		r.record(h.event, c.Head().OccurredAt)
		events = []Event{h.event}
	}
	if !h.foreign() { // another garage learns nothing about the repair
		v.State, v.Sequence = r.State, r.Sequence
	}
	return events, v
}

// Expire closes the open revision if it is due by then, and returns the event that
// says so, which reached the log at a time. No event follows when no revision is open
// or due.
func (r *Repair) Expire(at, logged time.Time) []Event {
	n := r.OpenRevision()
	if n == 0 || at.Before(r.Revisions[n-1].ExpiresAt) {
		return nil
	}
	e := &QuoteExpired{Revision: n}
	e.GarageID, e.Actor = r.GarageID, Actor{Role: System}
	e.History = r.Revisions[n-1].History
	if isHistory(at, logged) {
		e.LoggedAt = logged
	}
	r.record(e, at)
	return []Event{e}
}

// record sets an event's time and sequence, and applies it.
func (r *Repair) record(e Event, at time.Time) {
	e.Head().OccurredAt = later(at, r.LastAt)
	e.fact().Sequence = r.Sequence + 1
	r.Apply(e)
}

// isHistory reports whether what occurred at a time was history when it reached the log.
func isHistory(at, logged time.Time) bool { return logged.Sub(at) > HistoryAfter }

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// handling is one command while it is handled, and its verdict so far.
type handling struct {
	*Repair
	cmd        Command
	logged     time.Time
	event      Event // what follows from it; nil: nothing
	revisionNo int32
	decision   Decision
	approved   int64
}

// emit says which event follows from the command, unless the repair is too full for it.
func (h *handling) emit(e Event) {
	head, c := e.Head(), h.cmd.Head()
	head.GarageID, head.Actor = c.GarageID, c.Actor
	if h.logged.Sub(c.OccurredAt) > lateAfter {
		f := e.fact()
		f.History, f.LoggedAt = isHistory(c.OccurredAt, h.logged) && !h.cmd.ask().Tell, h.logged
	}
	h.event = e
}

func refuse(code Code, format string, args ...any) *Verdict {
	return &Verdict{Code: code, Detail: fmt.Sprintf(format, args...)}
}

// maxErrors bounds the errors of a verdict, because verdicts are kept: a command
// can hold more mistakes than fit in a record.
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

// now returns the time that a deadline must lie after: when the command reached the
// log. What is history may name one that has passed since.
func (h *handling) now() time.Time {
	at := h.cmd.Head().OccurredAt
	if isHistory(at, h.logged) {
		return at
	}
	return later(at, h.logged)
}

// foreign reports whether the repair belongs to another garage than the sender.
func (h *handling) foreign() bool {
	return h.State != NotStarted && h.GarageID != h.cmd.Head().GarageID
}

func (h *handling) decide() *Verdict {
	head := h.cmd.Head()
	if v := invalid(head.check()); v != nil {
		return v
	}
	if head.OccurredAt.Sub(h.logged) > MaxAhead {
		return invalid([]FieldError{{"/occurred_at", fmt.Sprintf("lies more than two minutes ahead of the log, of %s: set the clock of the machine that took the request", h.logged.UTC().Format(time.RFC3339))}})
	}
	if _, starts := h.cmd.(*StartRepair); h.foreign() || h.State == NotStarted && !starts {
		return refuse(NotFound, "no repair %s in garage %s", head.AggregateID, head.GarageID)
	}
	if h.ended(h.cmd) {
		return refuse(LinkEnded, "this link has ended: the contact was corrected, or the links were revoked, after it was made")
	}
	switch c := h.cmd.(type) {
	case *StartRepair:
		return h.start(c)
	case *PostMessage:
		return h.post(c)
	case *RecordView:
		return h.view(c)
	case *DecideQuote:
		return h.answer(c)
	case *WithdrawQuote:
		return h.withdraw(c)
	case *RequestApproval:
		return h.request(c)
	case *CompleteRepair:
		return h.complete(c)
	case *CollectVehicle:
		if h.State != Completed {
			return h.illegal("only a completed repair's vehicle can be collected")
		}
		h.emit(&VehicleCollected{})
	case *CancelRepair:
		if !h.State.Open() {
			return h.illegal("only open work can be cancelled")
		}
		h.emit(&RepairCancelled{Reason: c.Reason})
	case *ChangeReadyTime:
		if !h.State.Open() {
			return h.illegal("the promised time can change only while work is open")
		}
		if v := invalid(h.promise(c.ReadyAt)); v != nil || c.ReadyAt.Equal(h.ReadyAt) {
			return v
		}
		h.emit(&ReadyTimeChanged{Previous: h.ReadyAt, ReadyAt: c.ReadyAt})
	case *CorrectContact:
		return h.correct(c)
	case *RequestLink:
		if !c.Party.known() {
			return invalid([]FieldError{{"/party", "must be customer or approver"}})
		}
		h.emit(&LinkRequested{Party: c.Party})
	case *RevokeLinks:
		h.emit(&LinksRevoked{})
	default:
		return refuse(Invalid, "command %T is not known", h.cmd)
	}
	return nil
}

func (h *handling) illegal(why string) *Verdict {
	return refuse(IllegalState, "the repair is %s: %s", h.State, why)
}

func (h *handling) start(c *StartRepair) *Verdict {
	if h.State != NotStarted {
		return refuse(AlreadyStarted, "this repair was started before and is %s", h.State)
	}
	errs := append(c.Agreed.Validate("/agreed", false), h.promise(c.ReadyAt)...)
	if c.GarageID == "" {
		errs = append(errs, FieldError{"/garage_id", "is missing"})
	}
	errs = append(errs, c.Customer.check("/customer")...)
	if c.Approver != nil {
		errs = append(errs, c.Approver.check("/approver")...)
	}
	if v := invalid(errs); v != nil {
		return v
	}
	agreed, err := c.Agreed.Price()
	if err != nil {
		return invalid([]FieldError{{"/agreed", err.Error()}})
	}
	h.emit(&RepairStarted{
		ExternalRef: c.ExternalRef, Vehicle: c.Vehicle, Customer: c.Customer, Approver: c.Approver,
		ReadyAt: c.ReadyAt, Bay: c.Bay, Agreed: agreed, Digest: c.Digest,
	})
	return nil
}

// promise returns what is wrong with a promised time, which may be absent.
func (h *handling) promise(readyAt time.Time) []FieldError {
	if readyAt.IsZero() || !readyAt.Before(h.now()) {
		return nil
	}
	return []FieldError{{"/ready_at", "lies in the past"}}
}

func (h *handling) request(c *RequestApproval) *Verdict {
	if !h.State.Open() {
		return h.illegal("extra work can be proposed only while work is open")
	}
	errs := c.Work.Validate("", true)
	if c.Work.Currency != h.Currency {
		errs = append(errs, FieldError{"/currency", fmt.Sprintf("the repair is in %s", h.Currency)})
	}
	at := later(h.now(), h.LastAt) // when it will have been requested
	if !c.ExpiresAt.After(at) {
		errs = append(errs, FieldError{"/expires_at", "must lie after the request, and in the future"})
	}
	if !c.AnswerBy.IsZero() && (c.AnswerBy.After(c.ExpiresAt) || !c.AnswerBy.After(at)) {
		errs = append(errs, FieldError{"/answer_by", "must lie after the request, in the future, and not after expires_at"})
	}
	if v := invalid(errs); v != nil {
		return v
	}
	quote, err := c.Work.Price()
	if err != nil {
		return invalid([]FieldError{{"/lines", err.Error()}})
	}
	h.revisionNo = int32(len(h.Revisions) + 1)
	h.emit(&ApprovalRequested{
		Revision: h.revisionNo, Replaces: h.OpenRevision(), Quote: quote,
		AnswerBy: c.AnswerBy, ExpiresAt: c.ExpiresAt, AskedBy: c.Actor,
	})
	return nil
}

// undecided returns revision n, nil if there is none, and a refusal unless the
// revision is open and has not expired at that time.
func (h *handling) undecided(n int32, at time.Time) (*Revision, *Verdict) {
	rev := h.revision(n)
	if rev == nil {
		if len(h.Revisions) == 0 && h.State.Final() {
			return nil, h.illegal("its quotes are closed")
		}
		return nil, refuse(NotFound, "the repair has no quote %d", n)
	}
	switch rev.Status {
	case StatusOpen:
		if !at.Before(rev.ExpiresAt) {
			return rev, refuse(Expired, "quote %d expired at %s", n, rev.ExpiresAt.Format(time.RFC3339))
		}
		return rev, nil
	case StatusReplaced:
		return rev, refuse(Superseded, "quote %d was replaced by a newer one; quote %d is the latest", n, len(h.Revisions))
	case StatusExpired:
		return rev, refuse(Expired, "quote %d expired at %s", n, rev.ExpiresAt.Format(time.RFC3339))
	case StatusWithdrawn:
		return rev, refuse(Withdrawn, "quote %d was withdrawn by the garage", n)
	case StatusDecided:
		return rev, refuse(AlreadyDecided, "quote %d was decided before", n)
	case StatusCancelled:
		return rev, h.illegal("its quotes are closed")
	}
	return rev, h.illegal("the quote is " + string(rev.Status))
}

func (h *handling) withdraw(c *WithdrawQuote) *Verdict {
	if _, refusal := h.undecided(c.Revision, c.OccurredAt); refusal != nil {
		return refusal
	}
	h.revisionNo = c.Revision
	h.emit(&QuoteWithdrawn{Revision: c.Revision, Reason: c.Reason})
	return nil
}

func (h *handling) complete(c *CompleteRepair) *Verdict {
	switch {
	case h.State == AwaitingApproval:
		return h.illegal("a quote awaits an answer; withdraw it first")
	case h.State != InProgress:
		return h.illegal("only work in progress can be completed")
	case c.Total < 0 || c.Total > maxTotal:
		return invalid([]FieldError{{"/total", fmt.Sprintf("must lie between 0 and %d minor units", maxTotal)}})
	case c.Total > h.AgreedTotal+h.ApprovedTotal && !c.ReasonGiven:
		return refuse(ReasonRequired, "%d is more than the %d that was agreed and approved: state a reason, or ask for approval",
			c.Total, h.AgreedTotal+h.ApprovedTotal)
	}
	h.emit(&RepairCompleted{
		Total: c.Total, AgreedTotal: h.AgreedTotal, ApprovedTotal: h.ApprovedTotal, Currency: h.Currency,
		ReasonGiven: c.ReasonGiven, Reason: c.Reason,
	})
	return nil
}

func (h *handling) post(c *PostMessage) *Verdict {
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
	h.emit(&MessagePosted{Kind: c.Kind, Text: c.Text})
	return nil
}

// view records that a person saw an open quote for the first time; seeing it
// again, or seeing one that is over, is accepted and changes nothing.
func (h *handling) view(c *RecordView) *Verdict {
	rev := h.revision(c.Revision)
	if rev == nil && !h.State.Final() {
		return refuse(NotFound, "the repair has no quote %d", c.Revision)
	}
	h.revisionNo = c.Revision
	if rev != nil && rev.Status == StatusOpen && !rev.Viewed {
		h.emit(&QuoteViewed{Revision: c.Revision})
	}
	return nil
}
