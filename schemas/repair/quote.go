package repair

import (
	"fmt"
	"slices"
	"strings"
)

// Urgency says how much a proposed job matters.
type Urgency string

// The urgencies of a line. Agreed work has none.
const (
	Safety Urgency = "safety"
	Soon   Urgency = "soon"
	Advice Urgency = "advice"
)

// Compare orders urgencies as people are told of them: what is for their safety first.
func (u Urgency) Compare(other Urgency) int {
	order := []Urgency{Safety, Soon, Advice}
	return slices.Index(order, u) - slices.Index(order, other)
}

// DetailKind says what is charged for.
type DetailKind string

// The kinds of detail.
const (
	Part   DetailKind = "part"
	Labour DetailKind = "labour"
)

// VATRate is a rate in percent, or none where no VAT applies.
type VATRate string

// The rates of a detail.
const (
	VAT21   VATRate = "21"
	VAT9    VATRate = "9"
	VAT0    VATRate = "0"
	VATNone VATRate = "none"
)

// vatRates lists the rates with their percentages, highest first: the order in
// which amounts of VAT are shown.
var vatRates = []struct {
	rate    VATRate
	percent int64
}{{VAT21, 21}, {VAT9, 9}, {VAT0, 0}, {VATNone, 0}}

func (r VATRate) known() bool {
	for _, v := range vatRates {
		if v.rate == r {
			return true
		}
	}
	return false
}

// Detail is one part or one piece of labour within a line.
type Detail struct {
	// part or labour.
	Kind DetailKind `avro:"kind"`
	// What it is.
	Description string `avro:"description"`
	// How many or how long (hours), as a decimal with at most three places, e.g. 1.2.
	Quantity string `avro:"quantity"`
	// Price of one, in minor units of the quote's currency.
	UnitPrice int64 `avro:"unit_price"`
	// VAT rate in percent: 21, 9, 0 or none.
	VAT VATRate `avro:"vat"`
}

// Line is one decidable job: labour is never approved without its part.
type Line struct {
	// What the job is.
	Title string `avro:"title"`
	// safety, soon or advice; empty for agreed work.
	Urgency Urgency `avro:"urgency"`
	// What happens without it.
	Consequence string `avro:"consequence"`
	// The parts and labour of the job.
	Details []Detail `avro:"details"`
}

// Work is work as proposed, before it is priced.
type Work struct {
	// ISO 4217 currency of every price.
	Currency string `avro:"currency"`
	// Whether unit prices include VAT.
	PricesIncludeVAT bool `avro:"prices_include_vat"`
	// The jobs.
	Lines []Line `avro:"lines"`
}

// PricedLine is a line with its number and its total.
type PricedLine struct {
	// Number within the quote, from 1.
	Number int32 `avro:"number" json:"line"`
	// Total including VAT, in minor units.
	Total int64 `avro:"total"`
	Line
}

// VATAmount is the VAT contained in a total.
type VATAmount struct {
	// The rate in percent.
	Rate VATRate `avro:"rate"`
	// The VAT in minor units.
	Amount int64 `avro:"amount"`
}

// Quote is priced work: every total includes VAT and is the sum of its lines.
type Quote struct {
	// ISO 4217 currency of every amount.
	Currency string `avro:"currency"`
	// Whether unit prices include VAT; totals always do.
	PricesIncludeVAT bool `avro:"prices_include_vat"`
	// The jobs with their totals.
	Lines []PricedLine `avro:"lines"`
	// Sum of the lines, in minor units.
	Total int64 `avro:"total"`
	// The VAT contained in the total, per rate, highest rate first.
	VAT []VATAmount `avro:"vat"`
}

// Bounds that keep every amount far from overflowing and every quote readable.
const (
	maxLines     = 100
	maxDetails   = 100
	maxUnitPrice = 100_000_000       // a million euros in cents
	maxQuantity  = 1_000_000         // with 3 decimals: 10^9 · 10^8 fits in an int64
	maxTotal     = 1_000_000_000_000 // ten billion euros in cents
	maxText      = 10_000            // bytes
	milli        = 1000              // quantities are kept in thousandths
)

// FieldError says what is wrong with one field of a command.
type FieldError struct {
	// JSON pointer to the field within the command.
	Pointer string `avro:"pointer" json:"pointer"`
	// What is wrong and what would be right.
	Detail string `avro:"detail" json:"detail"`
}

// Validate reports everything that is wrong with the work, with pointers below
// at. Agreed work may be empty; proposed work needs a line, and every line an urgency.
func (w Work) Validate(at string, proposed bool) []FieldError {
	var errs []FieldError
	bad := func(pointer, format string, args ...any) {
		errs = append(errs, FieldError{at + pointer, fmt.Sprintf(format, args...)})
	}
	if len(w.Currency) != 3 || strings.Trim(w.Currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" { // the door knows which there are
		bad("/currency", "%.40q is not an ISO 4217 currency code such as EUR", w.Currency)
	}
	if proposed && len(w.Lines) == 0 {
		bad("/lines", "a quote needs at least one line")
	}
	if len(w.Lines) > maxLines {
		bad("/lines", "%d lines are more than %d", len(w.Lines), maxLines)
		return errs
	}
	for i, l := range w.Lines {
		line := fmt.Sprintf("/lines/%d", i)
		if strings.TrimSpace(l.Title) == "" {
			bad(line+"/title", "a line needs a title")
		}
		if len(l.Title)+len(l.Consequence) > maxText {
			bad(line+"/title", "title and consequence together are longer than %d bytes", maxText)
		}
		switch {
		case l.Urgency == "" && !proposed:
		case l.Urgency == Safety, l.Urgency == Soon, l.Urgency == Advice:
		default:
			bad(line+"/urgency", "%.40q is not one of safety, soon, advice", l.Urgency)
		}
		if len(l.Details) == 0 {
			bad(line+"/details", "a line needs at least one part or labour")
		}
		if len(l.Details) > maxDetails {
			bad(line+"/details", "%d details are more than %d", len(l.Details), maxDetails)
			continue
		}
		for j, d := range l.Details {
			detail := fmt.Sprintf("%s/details/%d", line, j)
			if d.Kind != Part && d.Kind != Labour {
				bad(detail+"/kind", "%.40q is not one of part, labour", d.Kind)
			}
			if len(d.Description) > maxText {
				bad(detail+"/description", "longer than %d bytes", maxText)
			}
			if _, err := thousandths(d.Quantity); err != nil {
				bad(detail+"/quantity", "%v", err)
			}
			if d.UnitPrice < 0 || d.UnitPrice > maxUnitPrice {
				bad(detail+"/unit_price", "must lie between 0 and %d minor units", maxUnitPrice)
			}
			if !d.VAT.known() {
				bad(detail+"/vat", "%.40q is not one of 21, 9, 0, none", d.VAT)
			}
		}
	}
	if len(errs) == 0 {
		if _, err := w.Price(); err != nil {
			bad("/lines", "%v", err)
		}
	}
	return errs
}

// Price computes every total in minor units. It rounds half up: the amount of each
// detail; where prices exclude VAT, the gross per line and rate; and the VAT shown
// per rate r, gross × r / (100 + r). Totals are sums of lines. It returns an error
// only for work that Validate finds wrong.
func (w Work) Price() (Quote, error) {
	q := Quote{Currency: w.Currency, PricesIncludeVAT: w.PricesIncludeVAT}
	gross := make(map[VATRate]int64)
	for i, l := range w.Lines {
		perRate, err := l.Gross(w.PricesIncludeVAT)
		if err != nil {
			return Quote{}, fmt.Errorf("line %d: %w", i+1, err)
		}
		line := PricedLine{Number: int32(i + 1), Line: l}
		for rate, amount := range perRate {
			gross[rate] += amount
			line.Total += amount
		}
		q.Lines = append(q.Lines, line)
		q.Total += line.Total
	}
	if q.Total > maxTotal {
		return Quote{}, fmt.Errorf("the lines come to %d minor units, more than %d", q.Total, maxTotal)
	}
	for _, v := range vatRates {
		if g, used := gross[v.rate]; used && g != 0 && v.rate != VATNone {
			q.VAT = append(q.VAT, VATAmount{v.rate, divide(g*v.percent, 100+v.percent)})
		}
	}
	return q, nil
}

// Gross returns what a line comes to with VAT, per rate: what the VAT in a total is
// computed from. It returns an error only for a line that Validate finds wrong.
func (l Line) Gross(pricesIncludeVAT bool) (map[VATRate]int64, error) {
	gross := make(map[VATRate]int64)
	for _, d := range l.Details {
		amount, err := d.Amount()
		if err != nil {
			return nil, err
		}
		gross[d.VAT] += amount
	}
	if !pricesIncludeVAT {
		for _, v := range vatRates {
			if net, used := gross[v.rate]; used {
				gross[v.rate] = divide(net*(100+v.percent), 100)
			}
		}
	}
	return gross, nil
}

// Amount returns quantity × unit price in minor units, rounded half up; it includes
// VAT where the work's unit prices do. It returns an error only for a detail that
// Validate finds wrong.
func (d Detail) Amount() (int64, error) {
	q, err := thousandths(d.Quantity)
	if err != nil {
		return 0, err
	}
	if !d.VAT.known() {
		return 0, fmt.Errorf("VAT rate %.40q is not one of 21, 9, 0, none", d.VAT)
	}
	if d.UnitPrice < 0 || d.UnitPrice > maxUnitPrice {
		return 0, fmt.Errorf("unit price %d is out of bounds", d.UnitPrice)
	}
	return divide(q*d.UnitPrice, milli), nil
}

// divide divides two non-negative integers, rounding half up.
func divide(n, d int64) int64 { return (n + d/2) / d }

// thousandths parses a decimal quantity such as "2", "1.2" or "0.125".
func thousandths(s string) (int64, error) {
	whole, frac, dotted := strings.Cut(s, ".")
	if whole == "" || dotted && frac == "" || len(whole) > 7 || len(frac) > 3 {
		return 0, fmt.Errorf("%.40q is not a quantity such as 2 or 1.2 (at most three decimals)", s)
	}
	var n int64
	for _, c := range whole + frac + "000"[len(frac):] {
		if c < '0' || c > '9' {
			return 0, fmt.Errorf("%.40q is not a quantity such as 2 or 1.2 (at most three decimals)", s)
		}
		n = n*10 + int64(c-'0')
	}
	if n == 0 || n > maxQuantity*milli {
		return 0, fmt.Errorf("quantity %q must be above 0 and at most %d", s, maxQuantity)
	}
	return n, nil
}
