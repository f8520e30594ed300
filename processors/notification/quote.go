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

// ask asks whoever decides about the quote, and sets the timer of the call; there is none
// in history. That somebody else was asked before, reminded and perhaps called, is undone.
func (s step) ask() {
	a := s.Known.Asked
	a.Accepted, a.Refused, a.Called = false, false, false
	for n := range a.Reminders {
		s.CancelTimer(remindTimer + strconv.Itoa(int(n)))
	}
	a.Reminders, a.Reminded = int32(len(s.garage.Approval.RemindAfter)), 0
	if s.history || a.Lapsed {
		a.Reminders = 0
	}
	s.inTime(callTimer, s.garage.Approval.CallAfter)
	if s.simulated || !s.approver().reachable {
		s.setReminders()
	}
	s.tell(s.draft(record.NotifyApprovalRequired, s.approver(), a.Sequence, a.Revision))
}

// inTime sets a timer after some opening time, unless the quote has expired by then, or
// this is history.
func (s step) inTime(timer string, after time.Duration) {
	s.CancelTimer(timer)
	if due := s.garage.Calendar().Add(s.known, after); !s.history && due.Before(s.Known.Asked.ExpiresAt) {
		s.SetTimer(timer, due)
	}
}

// setReminders sets the timers of the reminders that have not been sent. Their time counts
// from now.
func (s step) setReminders() {
	a := s.Known.Asked
	for n := a.Reminded; n < a.Reminders && int(n) < len(s.garage.Approval.RemindAfter); n++ {
		s.inTime(remindTimer+strconv.Itoa(int(n)), s.garage.Approval.RemindAfter[n])
	}
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

// correct replaces a contact. What is on its way to another address is made anew. If it is
// who decides about the open quote, they are asked anew: the links sent before have ended.
func (s step) correct(e *repair.ContactCorrected) {
	k := s.Known
	if e.Party == repair.TheApprover {
		k.Approver = &e.Contact
	} else {
		k.Customer = e.Contact
	}
	if e.SameAddress {
		return
	}
	decides := k.Approver == nil || e.Party == repair.TheApprover
	if k.Asked != nil && decides {
		s.pass("contact_corrected", record.NotifyApprovalRequired, record.NotifyReminder)
	}
	s.renew("contact_corrected", repair.Role(e.Party))
	if k.Asked != nil && decides {
		s.ask()
	}
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

// takeBack tells that a quote was withdrawn to whoever was asked about it; where it is
// not known whether they were, once it is; where they were not, nobody.
func (s step) takeBack(d draft, asked Asked) {
	if asked.Accepted || s.history || s.simulated {
		s.tell(d)
		return
	}
	i := slices.IndexFunc(s.Known.Pending, func(p Pending) bool {
		return p.Request.Kind == record.NotifyApprovalRequired && p.Request.Revision == asked.Revision
	})
	if i < 0 {
		s.suppress(d.Notice, record.NotTold, "")
		return
	}
	s.tellAfter(d, s.Known.Pending[i].Request.NotificationID)
}

// stopReminders records every reminder that has not been sent as suppressed.
func (s step) stopReminders(because string) {
	a := s.Known.Asked
	for ; a.Reminded < a.Reminders; a.Reminded++ {
		number := strconv.Itoa(int(a.Reminded))
		s.CancelTimer(remindTimer + number)
		s.suppress(s.name(record.NotifyReminder, s.approver(), a.Sequence, a.Revision, number), record.MomentPassed, because)
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
