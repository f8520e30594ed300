package api

import (
	"fmt"
	"strings"
	"time"

	"pitstop/schemas/garage"
	"pitstop/schemas/locale"
	"pitstop/schemas/repair"
	"pitstop/schemas/view"
)

// page is what the customer's templates show.
type page struct {
	voice
	Title   string
	Head    string
	Lead    []string
	Notice  *notice
	Garage  *contact // nil: not known which
	Base    string   // path of the visitor's page
	Switch  string   // path of the same page in the other language
	Refresh string   // path to load again in a few seconds; empty: none

	Car      *car
	Steps    []step
	Form     *form
	Confirm  *confirmation
	Proposal *proposal // an open quote that somebody else decides about
	Total    *total
	Agreed   []row
	Earlier  []settled
	Messages []said
	Write    *messageForm
}

// notice is said before everything else.
type notice struct {
	Kind  string // good, bad
	Head  string
	Text  string
	Links []mistake
}

// mistake points at a field of a form.
type mistake struct{ Href, Text string }

type contact struct{ Name, Phone, Tel, Hours, Address string }

type car struct {
	Description, Plate string
	Dutch              bool
}

type step struct {
	Text, When string
	State      string // done, now, next
}

type row struct{ Title, Amount string }

type total struct{ Label, Amount, Note string }

// proposal is a quote as it is shown, line by line.
type proposal struct {
	Lines             []proposed
	Total, VAT, Extra string
	ExclVAT           bool
	Until             []string
}

type proposed struct {
	Number      int32
	Title       string
	Urgency     string // as a sentence
	Class       string // as a code
	Consequence string
	Details     []row
	Minor       int64
	Amount      string
	Answer      string
	Reason      string
	Text        string
	Error       string
}

// form asks for a decision.
type form struct {
	proposal
	Revision        int32
	Action, Command string
	Currency        string
	Name            string
	NameError       string
	Reasons         []option
	Many            bool
}

type option struct{ Value, Label string }

// confirmation asks once more, for visitors without JavaScript.
type confirmation struct {
	Action  string
	Hidden  []option
	Lines   []proposed
	Total   string
	Nothing bool
	Button  string
}

// settled is a quote that is over.
type settled struct {
	Head, When string
	Lines      []proposed
}

type said struct {
	Who, When, Text string
	Own             bool
}

type messageForm struct{ Action, Command, Text, Error, CallHint string }

// visit is one visitor looking at one repair.
type visit struct {
	voice
	base    string
	query   string // language choice to carry along
	person  view.Person
	decides bool
	garage  *garage.Profile
	repair  *view.Repair
}

func (v voice) contact(p *garage.Profile) *contact {
	return &contact{
		Name: p.Name, Phone: v.Lang.Phone(p.Phone), Tel: p.Phone,
		Hours: p.OpeningHoursText(v.Lang, v.now), Address: p.Address + ", " + p.City,
	}
}

func carOf(v view.Vehicle) *car {
	return &car{
		Description: v.Description, Plate: locale.Plate(v.Plate, v.Country),
		Dutch: v.Country == "" || v.Country == "NL",
	}
}

// open is the quote that awaits an answer.
func (v *visit) open() *view.Quote {
	return v.quote(func(q view.Quote) bool { return q.Status == repair.QuoteOpen && v.now.Before(q.ExpiresAt) })
}

func (v *visit) revision(n int32) *view.Quote {
	return v.quote(func(q view.Quote) bool { return q.Revision == n })
}

func (v *visit) quote(is func(view.Quote) bool) *view.Quote {
	for i := range v.repair.Quotes {
		if is(v.repair.Quotes[i]) {
			return &v.repair.Quotes[i]
		}
	}
	return nil
}

// page shows the repair as it stands.
func (v *visit) page() *page {
	p := &page{voice: v.voice, Garage: v.contact(v.garage), Base: v.base, Car: carOf(v.repair.Vehicle)}
	v.story(p)
	v.steps(p)
	v.money(p)
	v.conversation(p)
	for _, q := range v.repair.Quotes {
		if q.Status == repair.QuoteAnswered {
			p.Earlier = append(p.Earlier, v.decided(q))
		}
	}
	if q := v.open(); q != nil && v.decides {
		p.Form = v.form(q, choice{}, nil)
	} else if q != nil {
		shown := v.proposal(q, choice{}, nil)
		p.Proposal = &shown
	}
	p.Title = fmt.Sprintf("%s – %s", p.Head, v.garage.Name)
	return p
}

// story says where things stand, in a headline and a few sentences.
func (v *visit) story(p *page) {
	r := v.repair
	say := func(key string, args ...any) { p.Lead = append(p.Lead, v.T(key, args...)) }
	ready := func() {
		if r.ReadyAt != nil {
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
		say("collect", v.garage.OpeningHoursText(v.Lang, v.now))
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
	default:
		p.Head = v.T("head progress")
		v.answered(say)
		ready()
		if len(r.Quotes) == 0 {
			say("nothing to do")
		}
	}
}

// answered tells what became of the last quote.
func (v *visit) answered(say func(string, ...any)) {
	if len(v.repair.Quotes) == 0 {
		return
	}
	q := v.repair.Quotes[len(v.repair.Quotes)-1]
	switch {
	case q.Status == repair.QuoteLapsed, q.Status == repair.QuoteOpen: // expired a moment ago
		say("lapsed", v.moment(q.ExpiresAt))
	case q.Status == repair.QuoteTakenBack:
		say("withdrawn")
	case q.Status == repair.QuoteAnswered && v.decides:
		say("decided thanks")
		amount := v.Lang.Money(q.ApprovedTotal, q.Currency)
		say(map[repair.Decision]string{
			repair.Approved: "decided all", repair.PartlyApproved: "decided part", repair.Rejected: "decided none",
		}[q.Decision], amount)
	}
}

// deadline is a time, with its day unless that is today.
func (v *visit) deadline(t time.Time) string {
	if v.Lang.Day(t, v.now, v.zone) == v.Lang.Day(v.now, v.now, v.zone) {
		return v.Lang.Time(t, v.zone)
	}
	return v.Lang.Day(t, v.now, v.zone) + " " + v.Lang.Time(t, v.zone)
}

// steps are the stations of a repair, those to come included.
func (v *visit) steps(p *page) {
	r := v.repair
	add := func(state, key, when string) { p.Steps = append(p.Steps, step{v.T(key), when, state}) }
	add("done", "step started", v.stamp(r.StartedAt))
	for _, q := range r.Quotes {
		switch q.Status {
		case repair.QuoteAnswered:
			add("done", "step decided", v.stamp(*q.ClosedAt))
		case repair.QuoteLapsed:
			add("done", "step lapsed", v.stamp(*q.ClosedAt))
		case repair.QuoteTakenBack:
			add("done", "step withdrawn", v.stamp(*q.ClosedAt))
		case repair.QuoteReplaced:
			add("done", "step replaced", v.stamp(*q.ClosedAt))
		case repair.QuoteOpen:
			key := "step asked"
			if !v.decides {
				key = "step asked it"
			}
			add("now", key, v.T("waiting"))
		case repair.QuoteAbandoned:
		}
	}
	switch {
	case r.State == repair.Cancelled:
		add("done", "step cancelled", "")
		return
	case r.CompletedAt != nil:
		add("done", "step ready", v.stamp(*r.CompletedAt))
	case r.ReadyAt != nil:
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

// money lists the agreed work and what was approved, and what it comes to.
func (v *visit) money(p *page) {
	r := v.repair
	sum := r.Agreed.Total
	for _, l := range r.Agreed.Lines {
		p.Agreed = append(p.Agreed, row{l.Title, v.Lang.Money(l.Total, r.Agreed.Currency)})
	}
	for _, q := range r.Quotes {
		for _, l := range q.Lines {
			if q.Status == repair.QuoteAnswered && l.Answer == repair.Approve {
				p.Agreed = append(p.Agreed, row{l.Title, v.Lang.Money(l.Total, q.Currency)})
				sum += l.Total
			}
		}
	}
	p.Total = &total{Label: v.T("agreed total"), Amount: v.Lang.Money(sum, r.Agreed.Currency), Note: v.Lang.InclVAT()}
	if r.Total != nil {
		p.Total = &total{Label: v.T("to pay"), Amount: v.Lang.Money(*r.Total, r.Agreed.Currency), Note: v.Lang.InclVAT()}
		if *r.Total == sum {
			p.Total.Note += ", " + v.T("as agreed")
		}
	}
}

// agreedTotal is what was agreed and approved so far.
func (v *visit) agreedTotal() int64 {
	sum := v.repair.Agreed.Total
	for _, q := range v.repair.Quotes {
		if q.Status == repair.QuoteAnswered {
			sum += q.ApprovedTotal
		}
	}
	return sum
}

// decided shows a quote that was answered.
func (v *visit) decided(q view.Quote) settled {
	how := map[repair.Method]string{repair.ByPage: "by page", repair.ByPhone: "by phone", repair.AtCounter: "at counter"}[q.Method]
	a := settled{Head: v.T("the answer"), Lines: v.proposal(&q, choice{}, nil).Lines}
	if v.decides {
		a.Head = v.T("your answer")
	}
	if q.ClosedAt != nil {
		a.When = v.T("answered at", v.stamp(*q.ClosedAt)+", "+v.T(how))
	}
	for i, l := range q.Lines {
		a.Lines[i].Answer = string(l.Answer)
		if l.Reason != "" {
			a.Lines[i].Reason = v.Lang.RejectReason(string(l.Reason))
		}
		a.Lines[i].Text = l.Text
	}
	return a
}

// proposal shows a quote line by line, with what was filled in about it.
func (v *visit) proposal(q *view.Quote, c choice, mistakes map[string]string) proposal {
	money := func(minor int64) string { return v.Lang.Money(minor, q.Currency) }
	p := proposal{Total: money(q.Total) + " " + v.Lang.InclVAT(), ExclVAT: !q.PricesIncludeVAT}
	for _, a := range q.VAT {
		if a.Amount != 0 {
			p.VAT += ", " + v.T("of which vat", money(a.Amount), v.Lang.VAT(string(a.Rate)))
		}
	}
	p.VAT = strings.TrimPrefix(p.VAT, ", ")
	if agreed := v.agreedTotal(); agreed > 0 {
		p.Extra = v.T("with agreed", money(agreed+q.Total), v.Lang.InclVAT())
	}
	if q.AnswerBy != nil && v.now.Before(*q.AnswerBy) {
		p.Until = append(p.Until, v.T("answer within", v.Lang.DayAndDate(*q.AnswerBy, v.now, v.zone), v.Lang.Time(*q.AnswerBy, v.zone)))
	}
	p.Until = append(p.Until, v.T("valid until", v.moment(q.ExpiresAt)))
	for _, l := range q.Lines {
		a := c.of(l.Line)
		shown := proposed{
			Number: l.Line, Title: l.Title, Class: string(l.Urgency), Consequence: l.Consequence,
			Minor: l.Total, Amount: money(l.Total),
			Answer: string(a.Answer), Reason: string(a.Reason), Text: a.Text, Error: mistakes[fmt.Sprintf("line.%d", l.Line)],
		}
		if l.Urgency != "" {
			shown.Urgency = v.Lang.Urgency(string(l.Urgency))
		}
		for _, d := range l.Details {
			if len(l.Details) == 1 && d.Quantity == "1" {
				break // the line says it all
			}
			shown.Details = append(shown.Details, v.detail(d, q.Currency))
		}
		p.Lines = append(p.Lines, shown)
	}
	return p
}

// detail is "Remschijven 2 × € 69,00" and what that comes to.
func (v *visit) detail(d view.Detail, currency string) row {
	amount, err := repair.Detail{Quantity: d.Quantity, UnitPrice: d.UnitPrice, VAT: d.VAT}.Amount()
	if err != nil { // checked before it got here
		return row{Title: d.Description}
	}
	title, quantity := d.Description, v.Lang.Quantity(d.Quantity)
	if d.Kind == repair.Labour {
		quantity = v.Lang.Hours(d.Quantity)
		if title == "" {
			title = v.T("labour")
		}
	}
	if d.Quantity != "1" || d.Kind == repair.Labour {
		title += fmt.Sprintf(" %s × %s", quantity, v.Lang.Money(d.UnitPrice, currency))
	}
	return row{title, v.Lang.Money(amount, currency)}
}

// form asks for a decision about a quote.
func (v *visit) form(q *view.Quote, c choice, mistakes map[string]string) *form {
	f := &form{
		proposal: v.proposal(q, c, mistakes), Revision: q.Revision,
		Action: v.at(fmt.Sprintf("/quotes/%d/decision", q.Revision)), Command: c.Command, Currency: q.Currency,
		Name: c.Name, NameError: mistakes["name"], Many: len(q.Lines) > 1,
	}
	if f.Command == "" {
		f.Command, f.Name = newKey(), v.person.Name
	}
	for _, r := range []repair.RejectReason{repair.ReasonPrice, repair.ReasonLater, repair.ReasonElsewhere, repair.ReasonOther} {
		f.Reasons = append(f.Reasons, option{string(r), v.Lang.RejectReason(string(r))})
	}
	return f
}

// confirm asks whether a complete choice is right.
func (v *visit) confirm(q *view.Quote, c choice) *page {
	p := &page{voice: v.voice, Garage: v.contact(v.garage), Base: v.base, Car: carOf(v.repair.Vehicle), Head: v.T("confirm head"), Lead: []string{v.T("confirm lead")}}
	p.Title = fmt.Sprintf("%s – %s", p.Head, v.garage.Name)
	var sum int64
	k := &confirmation{Action: v.at(fmt.Sprintf("/quotes/%d/decision", q.Revision))}
	hide := func(name, value string) { k.Hidden = append(k.Hidden, option{name, value}) }
	k.Lines = v.proposal(q, c, nil).Lines
	k.Nothing = true
	for i, a := range c.Answers {
		if a.Answer == repair.Approve {
			k.Nothing = false
			sum += k.Lines[i].Minor
		}
		hide(fmt.Sprintf("line.%d", a.Line), string(a.Answer))
		if a.Reason != "" {
			hide(fmt.Sprintf("reason.%d", a.Line), string(a.Reason))
			k.Lines[i].Reason = v.Lang.RejectReason(string(a.Reason))
		}
		if a.Text != "" {
			hide(fmt.Sprintf("text.%d", a.Line), a.Text)
		}
	}
	hide("command", c.Command)
	hide("name", c.Name)
	hide("total_seen", fmt.Sprint(sum))
	k.Total = v.Lang.Money(sum, q.Currency) + " " + v.Lang.InclVAT()
	k.Button = v.obligation(sum, k.Nothing, q.Currency)
	p.Confirm = k
	return p
}

// obligation is what the button says: what pressing it means.
func (v voice) obligation(sum int64, nothing bool, currency string) string {
	if nothing {
		return v.T("agree none")
	}
	return v.T("agree pay", v.Lang.Money(sum, currency))
}

// conversation shows the messages that are not for staff only, and a form for
// another.
func (v *visit) conversation(p *page) {
	for _, m := range v.repair.Messages {
		if m.Kind == repair.Note {
			continue
		}
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
	p.Write = &messageForm{Action: v.at("/messages"), Command: newKey(), CallHint: v.T("call me where")}
	if n := v.person.Phone; len(n) > 2 {
		p.Write.CallHint = v.T("call me on", n[len(n)-2:])
	}
}

// role is in which capacity the visitor acts: the customer decides where there
// is no separate approver.
func (v *visit) role() repair.Role {
	if v.decides && v.repair.Approver != nil {
		return repair.Approver
	}
	return repair.Customer
}

// at is a path below the visitor's page, in the language chosen.
func (v *visit) at(path string) string { return v.base + path + v.query }
