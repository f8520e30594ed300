package simulate

import (
	"math/rand/v2"
	"strings"
	"time"

	"pitstop/schemas/repair"
	"pitstop/schemas/request"
)

// play writes the whole course of a repair.
func (s *script) play() {
	s.start()
	if s.chance(0.02) {
		s.cancel("Klant ziet ervan af")
		return
	}
	if s.repair.mailMayFail() && s.chance(0.4) {
		s.correctContact()
	}
	quotes := 0
	switch x := s.Float64(); {
	case x < 0.14:
		quotes = 2
	case x < 0.72:
		quotes = 1
	}
	for range quotes {
		if over := s.extraWork(); over {
			return
		}
	}
	if s.chance(0.12) {
		s.readyLater()
	}
	if s.chance(0.06) {
		s.do(s.staffTime(s.now, s.about(20*time.Minute, 0.5)), s.mechanic,
			&request.PostMessage{Kind: repair.Note, Text: pick(s.Rand, notes)}, "")
	}
	s.complete()
	s.afterwards()
}

func (s *script) start() {
	jobs := some(s.Rand, agreedJobs, 1+s.IntN(2))
	w, q := price(s.garage, s.lang, s.approver == nil, jobs)
	s.agreed = q.Total
	body := &request.StartRepair{
		Vehicle: s.Vehicle, Customer: s.Person, Approver: s.approver, Agreed: requested(w),
		Bay: bay(s.Rand),
	}
	// A garage without a system of its own has no order numbers.
	if s.chance(0.93) {
		body.ExternalRef = s.ref
		s.repair.ID = repair.RepairID(s.garage.ID, "external_ref", s.ref)
	} else {
		s.repair.ID = repair.RepairIDByKey(s.garage.ID, s.mechanic, s.ref+"-1")
	}
	if s.chance(0.85) {
		ready := s.calendar.Add(s.now, s.about(4*time.Hour, 0.4)).Truncate(15 * time.Minute)
		if ready.After(s.now) {
			body.ReadyAt = &ready
		}
	}
	s.do(s.now, s.mechanic, body, "")
	s.steps[0].RepairID = "" // it follows from the reference
}

func bay(r *rand.Rand) string { return string(rune('1' + r.IntN(6))) }

// propose asks for approval of other jobs than before.
func (s *script) propose(after time.Duration) {
	n := 1
	switch x := s.Float64(); {
	case x < 0.18:
		n = 3
	case x < 0.6:
		n = 2
	}
	w, q := price(s.garage, s.lang, s.approver == nil, some(s.Rand, extraJobs, n))
	at := s.staffTime(s.now, after)
	s.expireQuote(at)
	s.quote = quote{lines: q.Lines, at: at, expires: s.calendar.CloseOfOpeningDay(at, s.garage.Approval.ExpiresOnDay)}
	body := &request.RequestApproval{Work: requested(w)}
	if by := s.calendar.Add(at, 2*time.Hour).Truncate(15 * time.Minute); s.chance(0.7) && by.After(at) && by.Before(s.quote.expires) {
		body.AnswerBy = &by
	}
	s.revision++
	s.do(at, s.mechanic, body, "")
}

// extraWork proposes work and tells what becomes of it; it reports whether that
// was the end of the repair.
func (s *script) extraWork() (over bool) {
	s.propose(s.about(50*time.Minute, 0.6))
	switch x := s.Float64(); {
	case x < 0.06:
		s.propose(s.about(15*time.Minute, 0.5)) // found one more thing: replaces the first
	case x < 0.09:
		at := s.staffTime(s.now, s.about(20*time.Minute, 0.5))
		s.do(at, s.mechanic, &request.WithdrawQuote{Reason: pick(s.Rand, withdrawals)}, s.lateCode(at))
		return false
	case x < 0.10:
		s.cancel("Klant haalt de auto zonder reparatie op")
		return true
	case x < 0.12: // forgot that the quote is open
		if at := s.staffTime(s.now, s.about(10*time.Minute, 0.5)); s.lateCode(at) == "" {
			s.do(at, s.mechanic, &request.CompleteRepair{Total: &s.agreed}, repair.IllegalState)
		}
	}
	s.answer()
	return false
}

// lateCode returns the refusal of a step about the open quote at a time; empty: it
// is not too late.
func (s *script) lateCode(at time.Time) repair.Code {
	if !at.Before(s.quote.expires) {
		return repair.Expired
	}
	return ""
}

// answer lets the customer decide, or not.
func (s *script) answer() {
	called := s.staffTime(s.calendar.Add(s.quote.at, s.garage.Approval.CallAfter), s.about(25*time.Minute, 0.7))
	decider := s.Person
	if s.approver != nil {
		decider = *s.approver
	}
	if decider.Email == "" || strings.HasSuffix(decider.Email, "@"+deadDomain) { // the call task came at once
		s.byPhone(s.staffTime(s.now, s.about(20*time.Minute, 0.6)))
		return
	}
	if s.chance(0.09) { // no answer at all
		if s.chance(0.5) {
			s.byPhone(called)
		} else {
			s.silence()
		}
		return
	}
	viewed := s.customerTime(s.now, s.about(13*time.Minute, 1.1))
	if s.lateCode(viewed) != "" {
		s.silence()
		return
	}
	s.do(viewed, s.decider(), &request.RecordView{}, "")
	switch x := s.Float64(); {
	case x < 0.04:
		s.do(s.customerTime(s.now, s.about(2*time.Minute, 0.5)), s.decider(),
			&request.PostMessage{Kind: repair.Callback, Text: pick(s.Rand, callbacks).In(s.lang)}, "")
		s.byPhone(s.staffTime(s.now, s.about(18*time.Minute, 0.6)))
		return
	case x < 0.16:
		s.conversation(s.decider())
	}
	decided := s.customerTime(s.now, s.about(5*time.Minute, 1.2))
	called = s.staffTime(called, 0)
	switch {
	case called.Before(decided) && s.chance(0.5):
		s.byPhone(called)
	case s.lateCode(decided) != "":
		s.silence()
	default:
		s.byPage(decided, "")
	}
}

// byPage answers on the page that the mail's link opens.
func (s *script) byPage(at time.Time, refused repair.Code) {
	answers := s.answers()
	s.decide(at, s.decider(), &request.DecideQuote{Method: repair.ByPage}, answers, refused)
	switch {
	case refused != "" || !s.chance(0.06):
	case s.chance(0.6): // once more, from another device
		s.decide(s.customerTime(s.now, s.about(2*time.Minute, 0.5)), s.decider(), &request.DecideQuote{Method: repair.ByPage}, answers, "")
	default: // too late for second thoughts
		other := make([]request.Answer, len(answers))
		for i, a := range answers {
			other[i] = request.Answer{Line: a.Line, Answer: repair.Approve}
			if a.Answer == repair.Approve {
				other[i].Answer = repair.Reject
			}
		}
		s.decide(s.customerTime(s.now, s.about(10*time.Minute, 0.5)), s.decider(), &request.DecideQuote{Method: repair.ByPage}, other, repair.AlreadyDecided)
	}
}

// byPhone has staff record an answer; or learn that it is too late for one.
func (s *script) byPhone(at time.Time) {
	who, method := s.desk, repair.ByPhone
	if s.chance(0.4) {
		who = s.mechanic
	}
	if s.chance(0.2) {
		method = repair.AtCounter
	}
	s.decide(at, who, &request.DecideQuote{Method: method, Name: s.signature()}, s.answers(), s.lateCode(at))
}

func (s *script) decide(at time.Time, who repair.Actor, body *request.DecideQuote, answers []request.Answer, refused repair.Code) {
	total := s.quote.total(answers)
	body.Lines, body.TotalSeen = answers, &total
	if body.Method == repair.ByPage { // the page wants a name
		body.Name = s.signature()
	}
	s.do(at, who, body, refused)
	if refused == "" && s.quote.answers == nil {
		s.quote.answers = answers
		s.approved += total
	}
}

// signature is the name of whoever decides.
func (s *script) signature() string {
	if s.approver != nil {
		return s.approver.Name
	}
	return s.Name
}

// answers chooses: safety first, and not everything at any price.
func (s *script) answers() []request.Answer {
	mood := s.Float64()
	var all []request.Answer
	for _, l := range s.quote.lines {
		yes := 0.97
		switch {
		case mood < 0.08:
			yes = 0
		case mood < 0.5 && l.Urgency == repair.Advice:
			yes = 0.25
		case mood < 0.5 && l.Urgency == repair.Soon:
			yes = 0.6
		}
		a := request.Answer{Line: l.Number, Answer: repair.Approve}
		if !s.chance(yes) {
			a.Answer = repair.Reject
			a.Reason = pick(s.Rand, []repair.RejectReason{
				repair.ReasonPrice, repair.ReasonPrice, repair.ReasonLater, repair.ReasonLater, repair.ReasonElsewhere, repair.ReasonOther, "",
			})
			if s.chance(0.2) {
				a.Text = pick(s.Rand, remarks).In(s.lang)
			}
		}
		all = append(all, a)
	}
	return all
}

// silence lets the quote expire. Some answer when it is too late; some garages ask again.
func (s *script) silence() {
	if s.chance(0.4) {
		at := s.customerTime(s.quote.expires, s.about(3*time.Hour, 0.8))
		s.byPage(at, repair.Expired)
	} else {
		s.now = s.next(s.quote.expires)
	}
	if s.chance(0.35) {
		s.propose(s.about(40*time.Minute, 0.5))
		s.byPhone(s.staffTime(s.now, s.about(30*time.Minute, 0.6)))
	}
}

// conversation is a question and its answer.
func (s *script) conversation(who repair.Actor) {
	q := pick(s.Rand, questions)
	s.do(s.customerTime(s.now, s.about(4*time.Minute, 0.8)), who, &request.PostMessage{Kind: repair.Text, Text: q.ask.In(s.lang)}, "")
	by := s.mechanic
	if s.chance(0.5) {
		by = s.desk
	}
	if s.chance(0.93) {
		s.do(s.staffTime(s.now, s.about(14*time.Minute, 0.9)), by, &request.PostMessage{Kind: repair.Text, Text: q.reply.In(s.lang)}, "")
	}
}

func (s *script) correctContact() {
	at := s.staffTime(s.now, s.about(30*time.Minute, 0.5))
	s.Email = address("nieuw."+s.Name, s.index, goodDomain)
	s.do(at, s.desk, &request.Change{Contact: &request.ContactChange{Email: request.Text(s.Email)}}, "")
}

func (s *script) readyLater() {
	at := s.staffTime(s.now, s.about(25*time.Minute, 0.6))
	ready := s.calendar.Add(at, s.about(5*time.Hour, 0.5)).Truncate(15 * time.Minute).Add(15 * time.Minute)
	who := s.mechanic
	if s.chance(0.3) {
		who = s.desk
	}
	s.do(at, who, &request.Change{ReadyAt: &ready}, "")
}

func (s *script) complete() {
	total := s.agreed + s.approved
	body := &request.CompleteRepair{Total: &total}
	at := s.staffTime(s.now, s.about(110*time.Minute, 0.6))
	switch x := s.Float64(); {
	case x < 0.05:
		total -= total / 20
	case x < 0.08:
		total += 1500
		body.Reason = "Extra bouten en klemmen, telefonisch besproken"
		if s.chance(0.5) { // forgot to say why
			s.do(at, s.mechanic, &request.CompleteRepair{Total: &total}, repair.ReasonRequired)
			at = s.staffTime(s.now, 2*time.Minute)
		}
	}
	s.do(at, s.mechanic, body, "")
}

func (s *script) afterwards() {
	switch x := s.Float64(); {
	case x < 0.05:
		s.do(s.customerTime(s.now, s.about(20*time.Minute, 0.8)), s.driver(), &request.PostMessage{Kind: repair.Text, Text: pick(s.Rand, thanks).In(s.lang)}, "")
	case x < 0.08:
		s.conversation(s.driver())
	}
	if s.chance(0.96) {
		s.do(s.staffTime(s.now, s.about(150*time.Minute, 0.8)), s.desk, &request.CollectVehicle{}, "")
	}
}

func (s *script) cancel(why string) {
	s.do(s.staffTime(s.now, s.about(30*time.Minute, 0.6)), s.desk, &request.CancelRepair{Reason: why}, "")
}
