package customer

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"pitstop/schemas/readmodel"
	"pitstop/schemas/repair"
	"pitstop/schemas/wording"
)

// total returns a price, and that it includes VAT, where there is one.
func (v voice) total(minor int64, currency string) string {
	if minor == 0 {
		return v.Lang.Price(minor, currency)
	}
	return v.Lang.Price(minor, currency) + " " + v.Lang.InclVAT()
}

// money lists the agreed and the approved work, with the total.
func (v *visit) money(p *page) {
	r := v.repair
	for _, l := range r.Agreed.Lines {
		p.Agreed = append(p.Agreed, row{l.Title, v.Lang.Price(l.Total, r.Agreed.Currency)})
	}
	for _, q := range r.Quotes {
		for _, l := range inOrder(&q) {
			if q.Status == repair.StatusDecided && l.Answer == repair.Approve {
				p.Agreed = append(p.Agreed, row{l.Title, v.Lang.Price(l.Total, q.Currency)})
			}
		}
	}
	agreed := v.agreedTotal()
	show := func(key string, minor int64) {
		p.Total = &total{Label: v.T(key), Amount: v.total(minor, r.Agreed.Currency)}
	}
	if p.Done = r.Total != nil; !p.Done {
		show("agreed total", agreed)
		return
	}
	switch {
	case r.State == repair.Collected || !v.decides:
		show("total", *r.Total)
	case *r.Total == 0:
		show("nothing to pay", 0)
		p.Total.Amount = ""
	default:
		show("to pay", *r.Total)
	}
	p.Total.Note, p.Total.Why = v.differs(*r.Total, agreed), r.TotalReason
}

// differs compares what there is to pay with what was agreed, if anything was.
func (v *visit) differs(total, agreed int64) string {
	money := func(minor int64) string { return v.Lang.Money(minor, v.repair.Agreed.Currency) }
	switch {
	case agreed == 0:
		return ""
	case total == agreed:
		return v.T("as agreed")
	case total < agreed:
		return v.T("less than agreed", money(agreed-total))
	}
	return v.T("more than agreed", money(total-agreed))
}

// agreedTotal returns the total of what was agreed and approved so far.
func (v *visit) agreedTotal() int64 {
	sum := v.repair.Agreed.Total
	for _, q := range v.repair.Quotes {
		if q.Status == repair.StatusDecided {
			sum += q.ApprovedTotal
		}
	}
	return sum
}

// decided shows a quote that was answered.
func (v *visit) decided(q readmodel.Quote) settled {
	how := map[repair.Method]string{repair.ByPage: "by page", repair.ByPhone: "by phone", repair.AtCounter: "at counter"}[q.Method]
	a := settled{Head: v.T("the answer"), Lines: v.proposal(&q, choice{}, nil).Lines}
	if v.decides {
		a.Head = v.T("your answer")
	}
	if q.ClosedAt != nil {
		a.When = v.T("answered at", v.stamp(*q.ClosedAt)+", "+v.T(how))
	}
	for i, l := range inOrder(&q) {
		a.Lines[i].Answer = string(l.Answer)
		if l.Reason != "" {
			a.Lines[i].Reason = v.Lang.RejectReason(string(l.Reason))
		}
		a.Lines[i].Text = l.Text
	}
	return a
}

// inOrder returns the lines of a quote as mails have them.
func inOrder(q *readmodel.Quote) []readmodel.Line {
	return slices.SortedStableFunc(slices.Values(q.Lines), func(a, b readmodel.Line) int { return a.Urgency.Compare(b.Urgency) })
}

// proposal shows a quote line by line, with what the visitor filled in.
func (v *visit) proposal(q *readmodel.Quote, c choice, mistakes map[string]string) proposal {
	p := proposal{Sum: v.sum(q, q.Lines), ExclVAT: !q.PricesIncludeVAT}
	if v.decides {
		asked := wording.Question{AskedAt: q.RequestedAt, ExpiresAt: q.ExpiresAt, Phone: v.person.Phone != ""}
		if q.AnswerBy != nil {
			asked.AnswerBy = *q.AnswerBy
		}
		if v.repair.ReadyAt != nil {
			asked.ReadyAt = *v.repair.ReadyAt
		}
		p.Until = []string{strings.Join(v.teller().Follows(asked), " ")}
		if v.teller().Asks(asked) {
			p.Until = append(p.Until, v.T("valid until", v.moment(q.ExpiresAt)))
		}
	}
	for i, l := range inOrder(q) {
		a := c.of(l.Line)
		shown := proposed{
			Line: l.Line, Title: l.Title, Class: string(l.Urgency), Consequence: l.Consequence,
			Minor: l.Total, Gross: gross(q, l), Amount: v.Lang.Price(l.Total, q.Currency),
			Answer: string(a.Answer), Reason: string(a.Reason), Text: a.Text, Error: mistakes[fmt.Sprintf("line.%d", l.Line)],
		}
		if len(q.Lines) > 1 {
			shown.Number = i + 1
		}
		if l.Urgency != "" {
			shown.Urgency = v.Lang.Urgency(string(l.Urgency))
		}
		for _, d := range l.Details {
			if len(l.Details) == 1 && d.Quantity == "1" {
				break // it would only repeat the line
			}
			shown.Details = append(shown.Details, v.detail(d, q.Currency))
		}
		p.Lines = append(p.Lines, shown)
	}
	return p
}

// sum returns what some lines of a quote come to, with the VAT in it for every rate of the
// quote, and with what was agreed before.
func (v *visit) sum(q *readmodel.Quote, lines []readmodel.Line) sum {
	work := repair.Work{PricesIncludeVAT: q.PricesIncludeVAT}
	var minor int64
	for _, l := range lines {
		minor += l.Total
		work.Lines = append(work.Lines, lineOf(l))
	}
	priced, _ := work.Price() // was priced before it got here
	s := sum{Total: v.total(minor, q.Currency), Agreed: v.agreedTotal()}
	for _, of := range q.VAT {
		c := contained{Rate: string(of.Rate), Says: v.T("of which vat", "{amount}", v.Lang.VAT(string(of.Rate)))}
		for _, in := range priced.VAT {
			if in.Rate == of.Rate && in.Amount != 0 {
				c.Text = v.T("of which vat", v.Lang.Money(in.Amount, q.Currency), v.Lang.VAT(c.Rate))
			}
		}
		s.VAT = append(s.VAT, c)
	}
	if s.Agreed > 0 {
		s.With = v.T("with agreed", v.Lang.Money(s.Agreed+minor, q.Currency), v.Lang.InclVAT())
		s.Says = v.T("with agreed", "{amount}", v.Lang.InclVAT())
	}
	return s
}

func lineOf(l readmodel.Line) repair.Line {
	var line repair.Line
	for _, d := range l.Details {
		line.Details = append(line.Details, repair.Detail{Kind: d.Kind, Quantity: d.Quantity, UnitPrice: d.UnitPrice, VAT: d.VAT})
	}
	return line
}

// gross writes what a line comes to per rate, for the script to compute the VAT from.
func gross(q *readmodel.Quote, l readmodel.Line) string {
	of, _ := lineOf(l).Gross(q.PricesIncludeVAT) // was priced before it got here
	var b strings.Builder
	for _, rate := range slices.Sorted(maps.Keys(of)) {
		fmt.Fprintf(&b, " %s:%d", rate, of[rate])
	}
	return strings.TrimSpace(b.String())
}

// detail returns "Remschijven 2 × € 69,00" and the amount.
func (v *visit) detail(d readmodel.Detail, currency string) row {
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
	if d.UnitPrice > 0 && (d.Quantity != "1" || d.Kind == repair.Labour) {
		title += fmt.Sprintf(" %s × %s", quantity, v.Lang.Money(d.UnitPrice, currency))
	}
	return row{title, v.Lang.Price(amount, currency)}
}

// form asks for a decision about a quote.
func (v *visit) form(q *readmodel.Quote, c choice, mistakes map[string]string) *form {
	f := &form{
		proposal: v.proposal(q, c, mistakes), Revision: q.Revision,
		Action: v.at(fmt.Sprintf("/quotes/%d/decision", q.Revision)), Command: c.Command, Currency: q.Currency,
		Name: c.Name, Many: len(q.Lines) > 1, Long: len(q.Lines) > 4,
	}
	if f.Command == "" {
		f.Command, f.Name = newKey(), v.person.Name
	}
	for _, r := range []repair.RejectReason{repair.ReasonPrice, repair.ReasonLater, repair.ReasonElsewhere, repair.ReasonOther} {
		f.Reasons = append(f.Reasons, option{string(r), v.Lang.RejectReason(string(r))})
	}
	return f
}
