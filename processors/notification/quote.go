package notification

import (
	"slices"
	"strconv"
	"time"

	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// This file is about the quote that awaits an answer: the request for approval, its
// reminders and the call when nobody answers, who is asked anew, and its end.

// afterReply is the least opening time between the garage's reply to whoever decides and
// the reminder that waited for it.
const afterReply = 15 * time.Minute

// contactCorrected is why something was not told at an address that was another one by then.
const contactCorrected = "contact_corrected"

// ask asks whoever decides about the quote, and sets the timer of the call; there is none
// in history. That somebody else was asked before, reminded and perhaps called, is undone.
func (s step) ask() {
	a := s.Known.Asked
	a.Accepted, a.Refused, a.Called = false, false, false
	for n := range a.Reminders {
		s.CancelTimer(remindTimer + strconv.Itoa(int(n)))
	}
	a.Reminders, a.Reminded = int32(len(s.garage.Approval.RemindAfter)), 0
	a.Counted, a.WaitedMicros = time.Time{}, 0
	s.CancelTimer(callTimer)
	if s.history || a.Lapsed {
		a.Reminders = 0
	} else {
		s.inTime(callTimer, s.garage.Approval.CallAfter)
	}
	s.setReminders()
	before := ""
	if i := s.unsettled(a.Revision); i >= 0 {
		before = s.Known.Pending[i].Request.NotificationID
	}
	s.tellAfter(s.draft(record.NotifyApprovalRequired, s.approver(), a.Sequence, a.Revision), before)
}

// inTime sets a timer after some opening time, unless the quote has expired by then.
func (s step) inTime(timer string, after time.Duration) {
	s.CancelTimer(timer)
	if due := s.garage.Calendar().Add(s.known, after); due.Before(s.Known.Asked.ExpiresAt) {
		s.SetTimer(timer, due)
	}
}

// setReminders sets the timers of the reminders that have not been sent. Their time counts
// from now; it does not before the fate of the request is known, nor while the garage owes
// a reply.
func (s step) setReminders() {
	a := s.Known.Asked
	if !a.Owed.IsZero() || !a.Accepted && !a.Refused && !s.simulated && s.approver().reachable {
		return
	}
	a.Counted = s.known
	after := s.garage.Approval.RemindAfter
	for n := a.Reminded; n < a.Reminders && int(n) < len(after); n++ {
		s.inTime(remindTimer+strconv.Itoa(int(n)), after[n]-s.waited())
	}
}

// waited returns the opening time that has counted for the reminders.
func (s step) waited() time.Duration {
	a := s.Known.Asked
	waited := time.Duration(a.WaitedMicros) * time.Microsecond
	if !a.Counted.IsZero() {
		waited += s.garage.Calendar().Open(a.Counted, s.known)
	}
	return waited
}

// pause stops the reminders' time when whoever decides has asked something: until the garage
// has replied, nobody says that they have not answered.
func (s step) pause(by repair.Role) {
	a := s.Known.Asked
	if a == nil || !a.Owed.IsZero() || by != s.approver().actor.Role {
		return
	}
	a.Owed, a.WaitedMicros, a.Counted = s.known, s.waited().Microseconds(), time.Time{}
	for n := a.Reminded; n < a.Reminders; n++ {
		s.CancelTimer(remindTimer + strconv.Itoa(int(n)))
	}
	if !s.simulated {
		s.pass(string(record.ReplyOwed), record.NotifyReminder)
	}
}

// resume lets the reminders' time go on, now that the garage has replied: the rest of it,
// but at least afterReply, or the whole wait of the next reminder if that is shorter.
func (s step) resume() {
	a := s.Known.Asked
	if a == nil || a.Owed.IsZero() {
		return
	}
	a.Owed = time.Time{}
	if next := int(a.Reminded); next < len(s.garage.Approval.RemindAfter) {
		after := s.garage.Approval.RemindAfter[next]
		a.WaitedMicros = min(a.WaitedMicros, (after - min(after, afterReply)).Microseconds())
	}
	s.setReminders()
}

// remind sends the next reminder, in place of one that has not gone out yet.
func (s step) remind() {
	a := s.Known.Asked
	a.Reminded++
	if !s.simulated {
		s.pass(string(repair.StatusReplaced), record.NotifyReminder)
	}
	d := s.draft(record.NotifyReminder, s.approver(), a.Sequence, a.Revision)
	if a.Refused {
		s.suppress(d.Notice, record.AddressRefused, "")
		return
	}
	s.tell(d)
}

// unanswered asks somebody to call about the quote: nobody has answered, or nobody could,
// as the request has not arrived.
func (s step) unanswered() {
	a := s.Known.Asked
	why, kind := record.CallNoAnswer, record.NotificationKind("")
	if !a.Accepted && !s.simulated {
		why, kind = record.CallUndeliverable, record.NotifyApprovalRequired
	}
	s.call(why, kind, a.Sequence, a.Revision, s.approver())
}

// taken sets the timers of the reminders once a mail server has accepted a request for
// approval whose moment has not passed: their time counts from there.
func (s step) taken(p Pending) {
	if !s.asksNow(p) {
		return
	}
	s.Known.Asked.Accepted = true
	if !s.simulated {
		s.setReminders()
	}
}

// toldBefore records that a revision was told after all that a later one has replaced.
func (s step) toldBefore(p Pending) {
	if len(p.Jobs) == 0 {
		return
	}
	if a := s.Known.Asked; a != nil {
		a.Replaced = p.Jobs
	}
	for i := range s.Known.Pending {
		if q := &s.Known.Pending[i]; q.TakesBack != "" {
			q.Request.Replaced = p.Jobs
		}
	}
}

// refused records that an address refused a request for approval for good: no reminder is
// sent to an address that refused it, and each says so when it would have been due.
func (s step) refused(p Pending) {
	if !s.asksNow(p) {
		return
	}
	s.Known.Asked.Refused = true
	if !s.simulated {
		s.setReminders()
	}
}

// asksNow reports whether a notification asks for an answer that is awaited.
func (s step) asksNow(p Pending) bool {
	return s.Known.Asked != nil && p.Request.Kind == record.NotifyApprovalRequired && p.Passed == ""
}

// callback stops the reminders: the customer has answered them by asking to be called,
// which is a call task of its own.
func (s step) callback() {
	if a := s.Known.Asked; a != nil {
		s.stopReminders(string(repair.Callback))
		a.Called = true
	}
}

// firstCall reports whether a revision awaits an answer and nobody was asked to call
// about it, and records that now somebody is.
func (s step) firstCall(revision int32) bool {
	a := s.Known.Asked
	if a == nil || a.Revision != revision || a.Called {
		return false
	}
	a.Called = true
	return true
}

// correct replaces a contact. What is on its way to another address is made anew. The links
// sent to the address before have ended, so the other one is told the newest that matters.
func (s step) correct(e *repair.ContactCorrected) {
	k := s.Known
	other := e.Party == repair.TheApprover && k.Approver == nil // is to decide from now on
	if e.Party == repair.TheApprover {
		k.Approver = &e.Contact
	} else {
		k.Customer = e.Contact
	}
	if e.SameAddress {
		return
	}
	decides := k.Approver == nil || e.Party == repair.TheApprover
	if decides { // who was told of an earlier revision is not who is told from now on
		s.forgetReplaced()
	}
	news := s.newsAgain()
	switch {
	case k.Asked != nil && decides:
		s.pass(contactCorrected, record.NotifyApprovalRequired, record.NotifyReminder)
		s.renew(contactCorrected, repair.Role(e.Party))
		if k.Asked.Replaced = nil; other {
			k.Asked.Owed = time.Time{}
		}
		s.ask()
	case e.Party == repair.TheCustomer && news != nil:
		s.pass(contactCorrected, news.Kind)
		s.renew(contactCorrected, repair.Customer)
		s.tell(*news)
	default:
		s.renew(contactCorrected, repair.Role(e.Party))
	}
}

// newsAgain returns what a corrected address of the customer's is told, now; nil if there is
// nothing that matters.
func (s step) newsAgain() *draft {
	n := s.Known.News
	if n == nil {
		return nil
	}
	d := s.draft(n.Kind, s.customer(), n.RestsOn, 0)
	d.PreviousReadyAt, d.Total, d.Text = n.PreviousReadyAt, n.Total, n.Text
	if s.complete(d).OutOfDate(s.known) {
		return nil
	}
	return &d
}

// close ends the quote that awaits an answer and everything about it, and returns it.
// If there is none, or as is empty, close does nothing.
func (s step) close(as repair.QuoteStatus) Asked {
	a := s.Known.Asked
	if a == nil || as == "" {
		return Asked{}
	}
	s.stopReminders(string(as))
	s.CancelTimer(callTimer)
	s.pass(string(as), record.NotifyApprovalRequired, record.NotifyReminder)
	s.Known.Asked = nil
	return *a
}

// takeBack tells that a quote is off to whoever was asked about it, or about one that it
// replaced; where it is not known whether they were, once it is; where they were not, nobody.
func (s step) takeBack(d draft, asked Asked) {
	i := s.unsettled(asked.Revision)
	switch {
	case asked.Accepted || s.history || s.simulated:
		s.tell(d)
	case i >= 0:
		d.Replaced = asked.Replaced
		s.tellAfter(d, s.Known.Pending[i].Request.NotificationID)
	case len(asked.Replaced) > 0:
		d.Replaced = asked.Replaced
		s.tell(d)
	default:
		s.suppress(d.Notice, record.NotTold, "")
	}
}

// unsettled returns the index of the newest request for approval of a revision that is over,
// or of those that it replaced, of which it is not known whether it was told; or -1. In a
// simulation there is none.
func (s step) unsettled(revision int32) int {
	pending := s.Known.Pending
	for i := len(pending) - 1; i >= 0 && !s.simulated; i-- {
		switch p := pending[i]; {
		case p.Request.Kind != record.NotifyApprovalRequired || p.Passed == "" || p.Passed == contactCorrected:
		case p.Request.Revision == revision || len(p.Jobs) > 0:
			return i
		}
	}
	return -1
}

// replaced returns the jobs of the quote that was replaced, if whoever decides was told of
// it; else of the one before. Where that is not known yet, it is added once it is.
func (s step) replaced(asked Asked) []record.DoneLine {
	if asked.Revision == 0 {
		s.forgetReplaced()
		return nil
	}
	var jobs []record.DoneLine
	for _, l := range asked.Quote.Lines {
		jobs = append(jobs, record.DoneLine{Title: l.Title, Total: l.Total})
	}
	if asked.Accepted || s.simulated && s.approver().reachable && !asked.Lapsed {
		return jobs
	}
	if i := s.unsettled(asked.Revision); i >= 0 && s.Known.Pending[i].Request.Revision == asked.Revision {
		s.Known.Pending[i].Jobs = jobs
	}
	return asked.Replaced
}

// forgetReplaced makes that of what was replaced nobody is told, even if it was told.
func (s step) forgetReplaced() {
	for i := range s.Known.Pending {
		s.Known.Pending[i].Jobs = nil
	}
}

// stopReminders records every reminder that has not been sent as suppressed: for what ended
// their time, or because they would have been sent but for the reply that the garage owes.
func (s step) stopReminders(because string) {
	a := s.Known.Asked
	waited := s.waited()
	if !a.Owed.IsZero() {
		waited += s.garage.Calendar().Open(a.Owed, s.known)
	}
	for ; a.Reminded < a.Reminders; a.Reminded++ {
		number, why := strconv.Itoa(int(a.Reminded)), because
		s.CancelTimer(remindTimer + number)
		if n := int(a.Reminded); !a.Owed.IsZero() && n < len(s.garage.Approval.RemindAfter) && s.garage.Approval.RemindAfter[n] <= waited {
			why = string(record.ReplyOwed)
		}
		s.suppress(s.name(record.NotifyReminder, s.approver(), a.Sequence, a.Revision, number), record.MomentPassed, why)
	}
}

// settle adds the jobs of a decided quote to those done or declined. A job that was
// rejected before and is approved now is no longer declined.
func (s step) settle(q repair.Quote, e *repair.QuoteDecided) {
	k := s.Known
	k.ApprovedTotal += e.ApprovedTotal
	for _, a := range e.Answers {
		if a.Line < 1 || int(a.Line) > len(q.Lines) {
			continue
		}
		job := record.DoneLine{Title: q.Lines[a.Line-1].Title, Total: q.Lines[a.Line-1].Total}
		k.Declined = slices.DeleteFunc(k.Declined, func(d record.DoneLine) bool { return d.Title == job.Title })
		if a.Answer == repair.Approve {
			k.Done = append(k.Done, job)
		} else {
			k.Declined = append(k.Declined, job)
		}
	}
}

// about fills in a quote that no longer awaits an answer.
func (d draft) about(a Asked) draft {
	d.Quote, d.AnswerBy, d.ExpiresAt = &a.Quote, a.AnswerBy, a.ExpiresAt
	return d
}
