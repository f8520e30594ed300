package customer

import (
	"strings"
	"time"

	"pitstop/schemas/readmodel"
	"pitstop/schemas/repair"
)

// story sums up the repair in a headline and a few sentences.
func (v *visit) story(p *page) {
	r := v.repair
	say := func(key string, args ...any) { p.Lead = append(p.Lead, v.T(key, args...)) }
	ready := func() {
		if r.ReadyAt != nil && v.now.Before(*r.ReadyAt) {
			say("ready around", v.moment(*r.ReadyAt))
		}
	}
	open := v.open()
	switch {
	case r.State == repair.Cancelled:
		p.Head = v.T("head cancelled")
		say("cancelled lead")
	case r.State == repair.Collected:
		p.Head = v.T("head collected")
		say("thanks visit")
	case r.State == repair.Completed:
		p.Head = v.T("head completed")
		p.Lead = append(p.Lead, v.teller().Collect())
		if how := v.teller().Payment(); how != "" && v.decides && r.Total != nil && *r.Total > 0 {
			p.Lead = append(p.Lead, how)
		}
	case open != nil && !v.decides:
		p.Head = v.T("head other")
		say("waits for other")
	case open != nil:
		p.Head = v.T("head decide")
		if open.AnswerBy != nil && v.now.Before(*open.AnswerBy) {
			p.Head = v.T("head decide by", v.deadline(*open.AnswerBy))
		}
		if n := len(open.Lines); n == 1 {
			say("found one")
		} else {
			say("found many", v.count(n))
		}
	case v.justDecided() != nil:
		q := v.justDecided()
		said, next := v.said(q)
		p.Head, p.Answered = said, new(answered)
		say("decided thanks")
		p.Lead = append(p.Lead, next)
		for _, l := range inOrder(q) {
			if l.Answer == repair.Approve {
				p.Answered.Yes = append(p.Answered.Yes, l.Title)
			} else {
				p.Answered.No = append(p.Answered.No, l.Title)
			}
		}
		ready()
	default:
		p.Head = v.T("head progress")
		v.answered(p)
		ready()
		if len(r.Quotes) == 0 {
			say("nothing to do")
		}
	}
}

// justDecided returns the quote whose decision the visitor comes to see: nothing has
// happened since; nil: none.
func (v *visit) justDecided() *readmodel.Quote {
	r := v.repair
	if v.after == 0 || v.after != r.Sequence || len(r.Quotes) == 0 || !v.decides {
		return nil
	}
	q := &r.Quotes[len(r.Quotes)-1]
	if q.Status != repair.StatusDecided || q.ClosedAt == nil || v.now.Sub(*q.ClosedAt) > time.Hour {
		return nil
	}
	if n := len(r.Messages); n > 0 && r.Messages[n-1].At.After(*q.ClosedAt) {
		return nil
	}
	return q
}

// said sums up a decision in half a sentence, and says what comes of it.
func (v *visit) said(q *readmodel.Quote) (said, next string) {
	amount := v.Lang.Money(q.ApprovedTotal, q.Currency)
	switch {
	case q.Decision == repair.Rejected:
		return v.T("said none"), v.T("next none")
	case q.Decision == repair.PartlyApproved && q.ApprovedTotal == 0:
		return v.T("said part free"), v.T("next part")
	case q.Decision == repair.PartlyApproved:
		return v.T("said part", amount), v.T("next part")
	case q.ApprovedTotal == 0:
		return v.T("said all free"), v.T("next all")
	}
	return v.T("said all", amount), v.T("next all")
}

// answered says what became of the last quote.
func (v *visit) answered(p *page) {
	if len(v.repair.Quotes) == 0 {
		return
	}
	q := &v.repair.Quotes[len(v.repair.Quotes)-1]
	switch {
	case q.Status == repair.StatusExpired, q.Status == repair.StatusOpen: // expired a moment ago
		p.Lead = append(p.Lead, v.T("lapsed", v.moment(q.ExpiresAt)))
	case q.Status == repair.StatusWithdrawn:
		p.Lead = append(p.Lead, v.T("withdrawn"))
	case q.Status == repair.StatusDecided && v.decides:
		said, next := v.said(q)
		if q.Decision != repair.Rejected { // of which next says enough
			next = said + ". " + next
		}
		p.Lead = append(p.Lead, v.T("decided thanks"), next)
	}
}

// deadline returns a time, with its day unless that is today.
func (v *visit) deadline(t time.Time) string {
	if v.Lang.Day(t, v.now, v.zone) == v.Lang.Day(v.now, v.now, v.zone) {
		return v.Lang.Time(t, v.zone)
	}
	return v.Lang.Day(t, v.now, v.zone) + " " + v.Lang.Time(t, v.zone)
}

// steps lists the steps of a repair, including those to come.
func (v *visit) steps(p *page) {
	r := v.repair
	add := func(state, key, when string) { p.Steps = append(p.Steps, step{v.T(key), when, state}) }
	add("done", "step started", v.stamp(r.StartedAt))
	for _, q := range r.Quotes {
		switch q.Status {
		case repair.StatusDecided:
			add("done", "step decided", v.stamp(*q.ClosedAt))
		case repair.StatusExpired:
			add("done", "step lapsed", v.stamp(*q.ClosedAt))
		case repair.StatusWithdrawn:
			add("done", "step withdrawn", v.stamp(*q.ClosedAt))
		case repair.StatusReplaced:
			add("done", "step replaced", v.stamp(*q.ClosedAt))
		case repair.StatusOpen:
			switch {
			case !v.now.Before(q.ExpiresAt): // a moment ago
				add("done", "step lapsed", v.stamp(q.ExpiresAt))
			case v.decides:
				add("now", "step asked", v.T("waiting"))
			default:
				add("now", "step asked it", v.T("waiting"))
			}
		case repair.StatusCancelled:
		}
	}
	switch {
	case r.State == repair.Cancelled:
		add("done", "step cancelled", "")
		return
	case r.CompletedAt != nil:
		add("done", "step ready", v.stamp(*r.CompletedAt))
	case r.ReadyAt != nil && v.now.Before(*r.ReadyAt):
		add("next", "step ready", v.T("expected", v.stamp(*r.ReadyAt)))
	default:
		add("next", "step ready", "")
	}
	if r.State == repair.Collected {
		add("done", "step collected", "")
	} else {
		add("next", "step collected", "")
	}
}

// conversation shows the messages and a form for a new one.
func (v *visit) conversation(p *page) {
	for _, m := range v.repair.Messages {
		s := said{When: v.stamp(m.At), Text: m.Text, Own: m.From == v.role()}
		switch {
		case s.Own:
			s.Who = v.T("from you")
		case m.From.Staff():
			s.Who = v.garage.Name
			if mechanic, ok := v.garage.Mechanic(m.By); ok {
				s.Who = mechanic.Name + ", " + v.garage.Name
			}
		case m.From == repair.Approver:
			s.Who = v.T("from approver")
		default:
			s.Who = v.T("from them")
		}
		if m.Kind == repair.Callback {
			ask := v.T("asked to call")
			if s.Own {
				ask = v.T("you asked call")
			}
			s.Text = strings.TrimSpace(ask + "\n" + s.Text)
		}
		p.Messages = append(p.Messages, s)
	}
	if n := len(p.Messages); n > 0 && p.Messages[n-1].Own {
		p.Sent = v.sent(v.repair.Messages[len(v.repair.Messages)-1].Kind)
	}
	p.Write = &messageForm{Action: v.at("/messages"), Command: newKey(), CallHint: v.T("call me where")}
	if n := v.person.Phone; len(n) > 2 {
		p.Write.CallHint = v.T("call me on", n[len(n)-2:])
	}
}

// sent says what follows a message.
func (v *visit) sent(kind repair.MessageKind) string {
	if kind == repair.Callback {
		return v.teller().CallsBack()
	}
	return v.T("message sent") + " " + v.teller().Answers()
}
