package repair_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"pitstop/schemas/repair"
)

func detail(quantity string, unitPrice int64, vat repair.VATRate) repair.Detail {
	return repair.Detail{Kind: repair.Part, Quantity: quantity, UnitPrice: unitPrice, VAT: vat}
}

func line(details ...repair.Detail) repair.Line {
	return repair.Line{Title: "job", Urgency: repair.Soon, Details: details}
}

func excluding(lines ...repair.Line) repair.Work {
	return repair.Work{Currency: "EUR", Lines: lines}
}

func TestPrice(t *testing.T) {
	vat := func(pairs ...any) (out []repair.VATAmount) {
		for i := 0; i < len(pairs); i += 2 {
			out = append(out, repair.VATAmount{Rate: pairs[i].(repair.VATRate), Amount: int64(pairs[i+1].(int))})
		}
		return out
	}
	for name, c := range map[string]struct {
		work  repair.Work
		lines []int64
		total int64
		vat   []repair.VATAmount
	}{
		"agreed beforehand": {work(service), []int64{28900}, 28900, vat(repair.VAT21, 5016)},
		"the example order": {work(brakes, wipers), []int64{34800, 3995}, 38795, vat(repair.VAT21, 6733)},
		"nothing":           {work(), nil, 0, nil},

		"half a cent rounds up":            {work(line(detail("0.5", 1, repair.VAT0))), []int64{1}, 1, vat(repair.VAT0, 0)},
		"less than half rounds down":       {work(line(detail("0.499", 1, repair.VAT0))), []int64{0}, 0, nil},
		"each detail is rounded by itself": {work(line(detail("0.5", 1, repair.VAT0), detail("0.5", 1, repair.VAT0))), []int64{2}, 2, vat(repair.VAT0, 0)},
		"quantities with decimals":         {work(line(detail("1.2", 11500, repair.VAT21), detail("0.125", 333, repair.VAT21))), []int64{13842}, 13842, vat(repair.VAT21, 2402)},

		"VAT comes on top per line and rate": {
			// 10.03 + 10.03 = 20.06; with 21 %: 24.2726. One by one it would be 12.14 + 12.14 = 24.28.
			excluding(line(detail("1", 1003, repair.VAT21), detail("1", 1003, repair.VAT21))), []int64{2427}, 2427, vat(repair.VAT21, 421),
		},
		"VAT on top, half a cent rounds up":    {excluding(line(detail("1", 50, repair.VAT9))), []int64{55}, 55, vat(repair.VAT9, 5)},
		"VAT on top of each line, not the sum": {excluding(line(detail("1", 50, repair.VAT9)), line(detail("1", 50, repair.VAT9))), []int64{55, 55}, 110, vat(repair.VAT9, 9)},
		"mixed rates, included": {
			work(line(detail("1", 12100, repair.VAT21), detail("1", 10900, repair.VAT9), detail("1", 500, repair.VATNone), detail("1", 700, repair.VAT0))),
			[]int64{24200},
			24200, vat(repair.VAT21, 2100, repair.VAT9, 900, repair.VAT0, 0),
		},
		"mixed rates, on top": {
			excluding(line(detail("1", 10000, repair.VAT9), detail("1", 10000, repair.VAT21)), line(detail("1", 500, repair.VATNone))),
			[]int64{23000, 500},
			23500, vat(repair.VAT21, 2100, repair.VAT9, 900),
		},
		"the VAT shown is of the sum over lines": {
			// 3 × 0.01 at 21 % holds 0.52 cent; each line's own would be nothing.
			work(line(detail("1", 1, repair.VAT21)), line(detail("1", 1, repair.VAT21)), line(detail("1", 1, repair.VAT21))),
			[]int64{1, 1, 1},
			3, vat(repair.VAT21, 1),
		},
		"given away": {work(line(detail("1", 0, repair.VAT21))), []int64{0}, 0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			q, err := c.work.Price()
			if err != nil {
				t.Fatal(err)
			}
			var totals []int64
			for i, l := range q.Lines {
				if int(l.Number) != i+1 {
					t.Errorf("line %d has number %d", i+1, l.Number)
				}
				if d := cmp.Diff(c.work.Lines[i], l.Line); d != "" {
					t.Errorf("line %d is another:\n%s", i+1, d)
				}
				totals = append(totals, l.Total)
			}
			got := repair.Quote{Currency: q.Currency, Total: q.Total, VAT: q.VAT}
			if d := cmp.Diff(repair.Quote{Currency: "EUR", Total: c.total, VAT: c.vat}, got); d != "" {
				t.Error(d)
			}
			if d := cmp.Diff(c.lines, totals); d != "" {
				t.Errorf("line totals:\n%s", d)
			}
		})
	}
}

// Every total is the sum of its lines and no VAT is more than what it is part of,
// up to the bounds; and what Validate lets pass has a price.
func TestPriceProperties(t *testing.T) {
	rates := []repair.VATRate{repair.VAT21, repair.VAT9, repair.VAT0, repair.VATNone}
	rapid.Check(t, func(t *rapid.T) {
		details := rapid.Custom(func(t *rapid.T) repair.Detail {
			quantity := fmt.Sprintf("%d.%03d", rapid.Int64Range(0, 999_999).Draw(t, "whole"), rapid.Int64Range(1, 999).Draw(t, "thousandths"))
			return detail(quantity, rapid.Int64Range(0, 100_000_000).Draw(t, "price"), rapid.SampledFrom(rates).Draw(t, "rate"))
		})
		lines := rapid.Custom(func(t *rapid.T) repair.Line {
			return line(rapid.SliceOfN(details, 1, 5).Draw(t, "details")...)
		})
		w := repair.Work{
			Currency: "EUR", PricesIncludeVAT: rapid.Bool().Draw(t, "included"),
			Lines: rapid.SliceOfN(lines, 1, 5).Draw(t, "lines"),
		}
		q, err := w.Price()
		if errs := w.Validate("", true); (err != nil) != (len(errs) > 0) {
			t.Fatalf("Validate finds %v, Price %v", errs, err)
		}
		if err != nil {
			return
		}
		var total, plain int64
		for i, l := range q.Lines {
			total += l.Total
			for _, d := range w.Lines[i].Details {
				amount, _ := d.Amount()
				plain += amount
			}
		}
		if q.Total != total || q.Total < plain || w.PricesIncludeVAT && q.Total != plain {
			t.Fatalf("total %d of lines %d and details %d", q.Total, total, plain)
		}
		var vat int64
		for _, v := range q.VAT {
			vat += v.Amount
		}
		if vat < 0 || vat > q.Total-int64(float64(q.Total)/1.22) {
			t.Fatalf("VAT %d in %d", vat, q.Total)
		}
	})
}

func TestValidate(t *testing.T) {
	change := func(f func(*repair.Work)) repair.Work {
		w := work(line(detail("1", 100, repair.VAT21)))
		f(&w)
		return w
	}
	changeDetail := func(f func(*repair.Detail)) repair.Work {
		return change(func(w *repair.Work) { f(&w.Lines[0].Details[0]) })
	}
	quantity := func(s string) repair.Work { return changeDetail(func(d *repair.Detail) { d.Quantity = s }) }
	long := strings.Repeat("x", 10_001)
	for name, c := range map[string]struct {
		work repair.Work
		want string // pointers, space-separated; empty: nothing is wrong
	}{
		"fine":                  {change(func(*repair.Work) {}), ""},
		"no currency":           {change(func(w *repair.Work) { w.Currency = "" }), "/currency"},
		"lower-case currency":   {change(func(w *repair.Work) { w.Currency = "eur" }), "/currency"},
		"long currency":         {change(func(w *repair.Work) { w.Currency = "EURO" }), "/currency"},
		"no lines":              {change(func(w *repair.Work) { w.Lines = nil }), "/lines"},
		"too many lines":        {change(func(w *repair.Work) { w.Lines = make([]repair.Line, 101) }), "/lines"},
		"no title":              {change(func(w *repair.Work) { w.Lines[0].Title = " \t" }), "/lines/0/title"},
		"a novel for a title":   {change(func(w *repair.Work) { w.Lines[0].Title = long }), "/lines/0/title"},
		"no urgency":            {change(func(w *repair.Work) { w.Lines[0].Urgency = "" }), "/lines/0/urgency"},
		"unknown urgency":       {change(func(w *repair.Work) { w.Lines[0].Urgency = "now" }), "/lines/0/urgency"},
		"no details":            {change(func(w *repair.Work) { w.Lines[0].Details = nil }), "/lines/0/details"},
		"too many details":      {change(func(w *repair.Work) { w.Lines[0].Details = make([]repair.Detail, 101) }), "/lines/0/details"},
		"unknown kind":          {changeDetail(func(d *repair.Detail) { d.Kind = "fee" }), "/lines/0/details/0/kind"},
		"a novel of a detail":   {changeDetail(func(d *repair.Detail) { d.Description = long }), "/lines/0/details/0/description"},
		"negative price":        {changeDetail(func(d *repair.Detail) { d.UnitPrice = -1 }), "/lines/0/details/0/unit_price"},
		"highest price":         {changeDetail(func(d *repair.Detail) { d.UnitPrice = 100_000_000 }), ""},
		"price above":           {changeDetail(func(d *repair.Detail) { d.UnitPrice = 100_000_001 }), "/lines/0/details/0/unit_price"},
		"unknown VAT":           {changeDetail(func(d *repair.Detail) { d.VAT = "19" }), "/lines/0/details/0/vat"},
		"no VAT said":           {changeDetail(func(d *repair.Detail) { d.VAT = "" }), "/lines/0/details/0/vat"},
		"thousandths":           {quantity("0.001"), ""},
		"highest quantity":      {quantity("1000000"), ""},
		"highest, with zeroes":  {quantity("1000000.000"), ""},
		"quantity above":        {quantity("1000000.001"), "/lines/0/details/0/quantity"},
		"endless quantity":      {quantity(strings.Repeat("9", 30)), "/lines/0/details/0/quantity"},
		"nothing of it":         {quantity("0"), "/lines/0/details/0/quantity"},
		"nothing, to the point": {quantity("0.000"), "/lines/0/details/0/quantity"},
		"ten-thousandths":       {quantity("0.0001"), "/lines/0/details/0/quantity"},
		"negative quantity":     {quantity("-1"), "/lines/0/details/0/quantity"},
		"signed quantity":       {quantity("+1"), "/lines/0/details/0/quantity"},
		"comma":                 {quantity("1,2"), "/lines/0/details/0/quantity"},
		"no digits before":      {quantity(".5"), "/lines/0/details/0/quantity"},
		"no digits after":       {quantity("5."), "/lines/0/details/0/quantity"},
		"two points":            {quantity("1.2.3"), "/lines/0/details/0/quantity"},
		"exponent":              {quantity("1e3"), "/lines/0/details/0/quantity"},
		"blanks":                {quantity(" 1"), "/lines/0/details/0/quantity"},
		"other digits":          {quantity("١"), "/lines/0/details/0/quantity"},
		"empty":                 {quantity(""), "/lines/0/details/0/quantity"},
		"more than all money":   {work(line(detail("1000000", 100_000_000, repair.VAT21))), "/lines"},
		"everything at once": {
			repair.Work{Lines: []repair.Line{{Details: []repair.Detail{{UnitPrice: -1}}}}},
			"/currency /lines/0/title /lines/0/urgency /lines/0/details/0/kind /lines/0/details/0/quantity /lines/0/details/0/unit_price /lines/0/details/0/vat",
		},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, e := range c.work.Validate("/work", true) {
				if e.Detail == "" || len(e.Detail) > 200 {
					t.Errorf("%s has %d bytes of detail", e.Pointer, len(e.Detail))
				}
				got = append(got, strings.TrimPrefix(e.Pointer, "/work"))
			}
			if d := cmp.Diff(strings.Fields(c.want), got); d != "" && (c.want != "" || len(got) > 0) {
				t.Error(d)
			}
		})
	}
	if errs := (repair.Work{Currency: "EUR"}).Validate("", false); len(errs) > 0 {
		t.Errorf("agreed work without lines: %v", errs)
	}
	if errs := work(service).Validate("", false); len(errs) > 0 {
		t.Errorf("agreed work without urgency: %v", errs)
	}
}

// The most expensive order that can be described is refused, not miscounted.
func TestNoAmountOverflows(t *testing.T) {
	for _, included := range []bool{true, false} {
		w := repair.Work{Currency: "EUR", PricesIncludeVAT: included}
		for range 100 {
			var details []repair.Detail
			for range 100 {
				details = append(details, detail("1000000", 100_000_000, repair.VAT21))
			}
			w.Lines = append(w.Lines, line(details...))
		}
		if q, err := w.Price(); err == nil {
			t.Errorf("priced at %d, VAT %v", q.Total, q.VAT)
		}
	}
	// As much as there may be, in one line at the highest rate.
	w := excluding(line(detail("8264.462", 100_000_000, repair.VAT21)))
	q, err := w.Price()
	if err != nil {
		t.Fatal(err)
	}
	if q.Total != 999_999_902_000 || q.VAT[0].Amount != 173_553_702_000 {
		t.Errorf("total %d, VAT %v", q.Total, q.VAT)
	}
}

// A verdict is kept, so it must stay small whatever the command holds.
func TestAVerdictIsBounded(t *testing.T) {
	var r repair.Repair
	accept(t, &r, start(noon), request(noon))
	junk := strings.Repeat("\x00", 100_000)
	c := request(noon)
	c.Work.Lines = nil
	for range 100 {
		c.Work.Lines = append(c.Work.Lines, repair.Line{
			Urgency: repair.Urgency(junk),
			Details: make([]repair.Detail, 100),
		})
	}
	c.Work.Lines[0].Details[0] = repair.Detail{Kind: repair.DetailKind(junk), Quantity: junk, VAT: repair.VATRate(junk)}
	answers := decide(1, repair.Reject, 0, noon)
	answers.Answers = make([]repair.Answer, 200_000)
	for _, c := range []repair.Command{c, answers} {
		_, v := r.Handle(c)
		size := len(v.Detail)
		for _, e := range v.Errors {
			size += len(e.Pointer) + len(e.Detail)
		}
		if v.Code != repair.Invalid || size > 20_000 {
			t.Errorf("%T: %s with %d mistakes in %d bytes", c, v.Code, len(v.Errors), size)
		}
		if last := v.Errors[len(v.Errors)-1].Detail; !strings.Contains(last, "more mistakes") {
			t.Errorf("the last of many mistakes is %q", last)
		}
	}
}
