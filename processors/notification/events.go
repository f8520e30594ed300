package notification

import (
	"fmt"

	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// event tells people what happened.
func (s step) event(e repair.Event) error {
	started, starts := e.(*repair.RepairStarted)
	switch {
	case starts && s.Stage != repair.NotStarted:
		return fmt.Errorf("the repair is %s and starts again", s.Stage)
	case starts:
		s.start(started)
	case s.Stage == repair.NotStarted:
		return fmt.Errorf("a %s of a repair that has not started", record.NameOf(e))
	case s.Known == nil:
		s.afterwards(e)
		return nil
	}
	if actor := e.Head().Actor; actor.Role == repair.Mechanic {
		s.Known.Mechanic = actor
	}
	s.happened(e)
	if !s.Stage.Open() {
		s.SetTimer(forgetTimer, s.Time().Add(keptFor))
	}
	return nil
}

func (s step) start(e *repair.RepairStarted) {
	s.Known = &Known{
		GarageID: e.GarageID, Customer: e.Customer, Approver: e.Approver, Vehicle: e.Vehicle, ExternalRef: e.ExternalRef,
		ReadyAt: e.ReadyAt, Currency: e.Agreed.Currency, AgreedTotal: e.Agreed.Total, ApprovedTotal: e.Agreed.Total,
	}
	for _, l := range e.Agreed.Lines {
		s.Known.Done = append(s.Known.Done, record.DoneLine{Title: l.Title, Total: l.Total})
	}
}

// whileOpen lists the notifications that are pointless once the work is over.
var whileOpen = []record.NotificationKind{
	record.NotifyStarted, record.NotifyReadyLater, record.NotifyDecision, record.NotifyExpiry,
}

// happened is the table of who is told what of each event, and which notifications
// it makes pointless.
func (s step) happened(event repair.Event) {
	k, seq := s.Known, repair.SequenceOf(event)
	s.Stage, k.Sequence = s.Stage.After(event), seq
	asked := s.close(repair.EffectOf(event).Quote)
	switch e := event.(type) {
	case *repair.RepairStarted:
		s.tell(s.draft(record.NotifyStarted, s.customer(), seq, 0))

	case *repair.ApprovalRequested:
		s.pass(string(s.Stage), record.NotifyQuoteWithdrawn, record.NotifyExpiry)
		k.Asked = &Asked{
			Revision: e.Revision, Sequence: seq, Quote: e.Quote, AnswerBy: e.AnswerBy, ExpiresAt: e.ExpiresAt, AskedBy: e.AskedBy,
			Lapsed: !e.ExpiresAt.After(s.known), Replaced: s.replaced(asked),
		}
		s.ask()

	case *repair.QuoteDecided:
		s.settle(asked.Quote, e)
		d := s.draft(record.NotifyDecision, s.staff(asked.AskedBy), seq, e.Revision).about(asked)
		d.Decision, d.Answers, d.Method, d.Evidence = e.Decision, e.Answers, e.Method, e.Evidence
		s.tell(d)
		if e.Actor.Role.CustomerSide() && !s.history {
			s.heard()
		}

	case *repair.QuoteExpired:
		d := s.draft(record.NotifyExpiry, s.staff(asked.AskedBy), seq, e.Revision).about(asked)
		if asked.Lapsed && !s.history {
			s.suppress(d.Notice, record.MomentPassed, outOfDate)
			break
		}
		s.tell(d)

	case *repair.QuoteWithdrawn:
		d := s.draft(record.NotifyQuoteWithdrawn, s.approver(), seq, e.Revision).about(asked)
		d.Text, d.Ended = e.Reason, repair.StatusWithdrawn
		s.takeBack(d, asked)

	case *repair.ReadyTimeChanged:
		k.ReadyAt = e.ReadyAt
		s.pass(string(repair.StatusReplaced), record.NotifyReadyLater)
		k.News = nil
		if !e.Previous.IsZero() && e.ReadyAt.After(e.Previous) {
			d := s.draft(record.NotifyReadyLater, s.customer(), seq, 0)
			d.PreviousReadyAt = e.Previous
			s.news(d)
		}

	case *repair.RepairCompleted:
		s.pass(string(s.Stage), append(whileOpen, record.NotifyQuoteWithdrawn)...)
		d := s.draft(record.NotifyCompleted, s.customer(), seq, 0)
		d.Total, d.Text = e.Total, e.Reason
		s.news(d)

	case *repair.VehicleCollected:
		s.pass(string(s.Stage), record.NotifyCompleted)
		k.News = nil

	case *repair.RepairCancelled: // why is the garage's affair; a withdrawal before it is still news
		s.pass(string(s.Stage), whileOpen...)
		k.News = nil
		if asked.Revision > 0 {
			d := s.draft(record.NotifyQuoteWithdrawn, s.approver(), seq, asked.Revision).about(asked)
			d.Ended = repair.StatusCancelled
			s.takeBack(d, asked)
		}

	case *repair.ContactCorrected:
		s.correct(e)

	case *repair.MessagePosted:
		s.message(e)

	case *repair.LinkRequested:
		s.pass(string(repair.StatusReplaced), record.NotifyLink)
		s.tell(s.draft(record.NotifyLink, s.current(repair.Actor{Role: repair.Role(e.Party)}), seq, 0))

	case *repair.LinksRevoked:
		s.pass("links_revoked", record.NotifyLink)
		s.renew("links_revoked", repair.Customer, repair.Approver)

	case *repair.QuoteViewed: // nobody waits for this
	}
}

// message passes a message on to the other side: the customer's to the mechanic and
// to customer service, the garage's to whoever wrote last on the customer's side.
// A request to be called stops the reminders, and makes a call task; a question pauses them
// until the garage replies.
func (s step) message(e *repair.MessagePosted) {
	if e.Kind == repair.Note {
		return
	}
	if !e.Actor.Role.CustomerSide() {
		if s.writer().actor == s.approver().actor {
			s.resume()
		}
		d := s.draft(record.NotifyMessage, s.writer(), e.Sequence, 0)
		d.MessageKind, d.Text, d.From, d.WrittenAt = e.Kind, e.Text, e.Actor, e.OccurredAt
		s.tell(d)
		return
	}
	s.Known.Writer = e.Actor.Role
	if e.Kind == repair.Callback {
		s.callback()
		s.call(record.CallRequested, "", e.Sequence, 0, s.writer())
	} else {
		s.pause(e.Actor.Role)
	}
	s.hear(e)
}

// afterwards handles an event after the contacts were forgotten: neither a message nor
// a fresh link can be passed on, and the timeline says so. A call task can still be made.
func (s step) afterwards(event repair.Event) {
	to := recipient{actor: repair.Actor{Role: repair.Customer}}
	if e, ok := event.(*repair.LinkRequested); ok {
		to.actor.Role = repair.Role(e.Party)
		s.suppress(s.name(record.NotifyLink, to, e.Sequence, 0), record.Forgotten, "")
		return
	}
	e, ok := event.(*repair.MessagePosted)
	if !ok || e.Kind == repair.Note {
		return
	}
	if e.Kind == repair.Callback {
		s.call(record.CallRequested, "", e.Sequence, 0, to)
	}
	if e.Actor.Role.CustomerSide() {
		to = s.desk()
	}
	why := record.Forgotten
	if s.history {
		why = record.History
	}
	s.suppress(s.name(record.NotifyMessage, to, e.Sequence, 0), why, "")
}
