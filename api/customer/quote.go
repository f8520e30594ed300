package customer

import (
	"fmt"
	"strings"

	"pitstop/schemas/readmodel"
	"pitstop/schemas/repair"
)

// money lists the agreed and the approved work, with the total.
func (v *visit) money(p *page) {
	r := v.repair
	sum := r.Agreed.Total
	for _, l := range r.Agreed.Lines {
		p.Agreed = append(p.Agreed, row{l.Title, v.Lang.Money(l.Total, r.Agreed.Currency)})
	}
	for _, q := range r.Quotes {
		for _, l := range q.Lines {
			if q.Status == repair.StatusDecided && l.Answer == repair.Approve {
				p.Agreed = append(p.Agreed, row{l.Title, v.Lang.Money(l.Total, q.Currency)})
				sum += l.Total
			}
		}
	}
	p.Total = &total{Label: v.T("agreed total"), Amount: v.Lang.Money(sum, r.Agreed.Currency), Note: v.Lang.InclVAT()}
	if p.Owed = r.Total != nil; p.Owed {
		p.Total = &total{Label: v.T("to pay"), Amount: v.Lang.Money(*r.Total, r.Agreed.Currency), Note: v.Lang.InclVAT()}
		if *r.Total == sum {
			p.Total.Note += ", " + v.T("as agreed")
		}
	}
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
	for i, l := range q.Lines {
		a.Lines[i].Answer = string(l.Answer)
		if l.Reason != "" {
			a.Lines[i].Reason = v.Lang.RejectReason(string(l.Reason))
		}
		a.Lines[i].Text = l.Text
	}
	return a
}

// proposal shows a quote line by line, with what the visitor filled in.
func (v *visit) proposal(q *readmodel.Quote, c choice, mistakes map[string]string) proposal {
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
	if v.decides && q.AnswerBy != nil && v.now.Before(*q.AnswerBy) {
		p.Until = append(p.Until, v.T("answer within", v.Lang.DayAndDate(*q.AnswerBy, v.now, v.zone), v.Lang.Time(*q.AnswerBy, v.zone)))
	}
	if v.decides {
		p.Until = append(p.Until, v.T("valid until", v.moment(q.ExpiresAt)))
	}
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
				break // it would only repeat the line
			}
			shown.Details = append(shown.Details, v.detail(d, q.Currency))
		}
		p.Lines = append(p.Lines, shown)
	}
	return p
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
	if d.Quantity != "1" || d.Kind == repair.Labour {
		title += fmt.Sprintf(" %s × %s", quantity, v.Lang.Money(d.UnitPrice, currency))
	}
	return row{title, v.Lang.Money(amount, currency)}
}

// form asks for a decision about a quote.
func (v *visit) form(q *readmodel.Quote, c choice, mistakes map[string]string) *form {
	f := &form{
		proposal: v.proposal(q, c, mistakes), Revision: q.Revision,
		Action: v.at(fmt.Sprintf("/quotes/%d/decision", q.Revision)), Command: c.Command, Currency: q.Currency,
		Name: c.Name, Many: len(q.Lines) > 1,
	}
	if f.Command == "" {
		f.Command, f.Name = newKey(), v.person.Name
	}
	for _, r := range []repair.RejectReason{repair.ReasonPrice, repair.ReasonLater, repair.ReasonElsewhere, repair.ReasonOther} {
		f.Reasons = append(f.Reasons, option{string(r), v.Lang.RejectReason(string(r))})
	}
	return f
}
