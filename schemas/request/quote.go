package request

import (
	"fmt"
	"unicode/utf8"

	"github.com/bojanz/currency"

	"pitstop/schemas/repair"
	"pitstop/schemas/typed"
)

// maxUserAgent bounds, in bytes, what a browser says about itself.
const maxUserAgent = 500

// work fills in the garage's currency and VAT rate and checks the rest as the
// lifecycle will.
func (d *draft) work(at string, w Work, proposed bool) repair.Work {
	work := repair.Work{
		Currency: w.Currency, PricesIncludeVAT: w.PricesIncludeVAT == nil || *w.PricesIncludeVAT,
	}
	if work.Currency == "" {
		work.Currency = d.garage.Currency
	}
	if !currency.IsValid(work.Currency) {
		d.bad(at+"/currency", "%.40q is not an ISO 4217 currency code such as EUR", work.Currency)
	}
	for i, l := range w.Lines {
		line := repair.Line{Title: d.line(fmt.Sprintf("%s/lines/%d/title", at, i), l.Title, 500), Urgency: l.Urgency}
		line.Consequence = d.prose(fmt.Sprintf("%s/lines/%d/consequence", at, i), l.Consequence)
		for j, x := range l.Details {
			pointer := fmt.Sprintf("%s/lines/%d/details/%d", at, i, j)
			detail := repair.Detail{
				Kind: x.Kind, Description: d.line(pointer+"/description", x.Description, 500),
				Quantity: x.Quantity, UnitPrice: d.amount(pointer+"/unit_price", x.UnitPrice), VAT: x.VAT,
			}
			if detail.VAT == "" {
				detail.VAT = repair.VATRate(d.garage.VAT)
			}
			line.Details = append(line.Details, detail)
		}
		work.Lines = append(work.Lines, line)
	}
	seen := make(map[string]bool)
	for _, e := range d.errs {
		seen[e.Pointer] = true
	}
	for _, e := range work.Validate(at, proposed) {
		if !seen[e.Pointer] {
			d.errs = append(d.errs, e)
		}
	}
	return work
}

// decision checks what can be known without the quote: lifecycle knows its lines.
func (d *draft) decision(ask repair.Ask, body *DecideQuote) repair.Command {
	c := &repair.DecideQuote{
		Ask: ask, Revision: d.Revision, Method: body.Method,
		TotalSeen: d.amount("/total_seen", body.TotalSeen),
	}
	switch {
	case d.Actor.Role.Staff() && body.Method != repair.ByPhone && body.Method != repair.AtCounter:
		d.bad("/method", "must be phone or counter")
	case !d.Actor.Role.Staff() && body.Method != repair.ByPage:
		d.bad("/method", "must be page")
	}
	evidence := repair.Evidence{IP: d.IP, UserAgent: typed.Clean(d.UserAgent[:min(len(d.UserAgent), maxUserAgent)])}
	if d.Actor.Role.Staff() {
		evidence.Name = d.required("/name", body.Name, 200) // there is no other trace of who said it
	} else {
		evidence.Name = d.line("/name", body.Name, 200)
	}
	if len(body.Lines) == 0 {
		d.bad("/lines", "every line of the quote needs an answer")
	}
	answered, remarks := make(map[int32]bool), 0
	for i, a := range body.Lines {
		at := fmt.Sprintf("/lines/%d", i)
		answer := repair.Answer{Line: a.Line, Answer: a.Answer, Reason: a.Reason}
		d.errs = append(d.errs, answer.Validate(at, answered)...)
		c.Answers = append(c.Answers, answer)
		if text := d.prose(at+"/text", a.Text); text != "" {
			evidence.Texts = append(evidence.Texts, repair.LineText{Line: a.Line, Text: text})
			if remarks += utf8.RuneCountInString(text); remarks > MaxText {
				d.bad(at+"/text", "makes the texts %d characters together, more than %d", remarks, MaxText)
			}
		}
	}
	c.Evidence = d.seal("/name", &evidence)
	return c
}

func (d *draft) message(ask repair.Ask, body *PostMessage) repair.Command {
	staff := d.Actor.Role.Staff()
	switch {
	case body.Kind == repair.Text:
	case body.Kind == repair.Note && staff, body.Kind == repair.Callback && !staff:
	case staff:
		d.bad("/kind", "must be text or note")
	default:
		d.bad("/kind", "must be text or callback")
	}
	text := d.text("/text", body.Text)
	if len(text.Bytes) == 0 && body.Kind != repair.Callback {
		d.bad("/text", "is missing")
	}
	return &repair.PostMessage{Ask: ask, Kind: body.Kind, Text: text, TextGiven: len(text.Bytes) > 0}
}
