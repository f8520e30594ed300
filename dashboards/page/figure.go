package page

import (
	"fmt"
	"strconv"
	"unicode"
	"unicode/utf8"

	"pitstop/dashboards"
)

// figure is one big number and what to compare it with.
type figure struct {
	Name    string // of the value
	Value   string
	Verdict string // good, fair or bad; empty: no threshold
	Words   string // the same in words, with the target
	Before  string // the period before, and the direction
	Others  []cell
}

func (r renderer) figure(p *panel, d dashboards.Panel, row map[string]any) {
	f := new(figure)
	values := columnsOf(d, dashboards.Value)
	for i, c := range values {
		if i > 0 {
			f.Others = append(f.Others, r.cell(c, row))
			continue
		}
		n, ok := measured(c, row[c.Name])
		f.Name, f.Value = c.Title.In(r.Lang), r.cell(c, row).Text
		if !ok {
			continue
		}
		f.Verdict, f.Words = r.verdict(d, n)
		for _, c := range columnsOf(d, dashboards.Previous) {
			if before, ok := measured(c, row[c.Name]); ok {
				f.Before = r.before(d, c, n, before)
				break
			}
		}
	}
	for _, c := range columnsOf(d, dashboards.N) {
		p.N = r.T("number of", c.Title.In(r.Lang), r.text(c, row[c.Name]))
	}
	for _, c := range columnsOf(d, dashboards.Plain) {
		f.Others = append(f.Others, r.cell(c, row))
	}
	p.Figure = f
}

// measured returns a value that can be compared; false: there is none, or words for it.
func measured(c dashboards.Column, v any) (float64, bool) {
	if _, words := named(c, v); words {
		return 0, false
	}
	return number(v)
}

// others returns what is beside a figure that has no value: the columns that are
// not 0.
func (r renderer) others(d dashboards.Panel, row map[string]any) (found []cell) {
	for _, c := range columnsOf(d, dashboards.Plain) {
		if n, ok := number(row[c.Name]); ok && n != 0 {
			found = append(found, r.cell(c, row))
		}
	}
	return found
}

// verdict compares a number with the threshold, and returns a class and words.
func (r renderer) verdict(d dashboards.Panel, n float64) (class, words string) {
	t := d.Threshold
	if t == nil {
		return "", ""
	}
	target := "at most"
	good, bad := n <= t.Good, n > t.Bad
	if t.HigherIsBetter {
		target = "at least"
		good, bad = n >= t.Good, n < t.Bad
	}
	class = "fair"
	switch {
	case good:
		class = "good"
	case bad:
		class = "bad"
	}
	if t.Good == 0 && !t.HigherIsBetter {
		target = "exactly"
	}
	return class, r.T(class) + " (" + r.T(target, r.quantity(d.Unit, t.Good)) + ")"
}

// before says what the figure was in the period before, and in which direction it
// goes.
func (r renderer) before(d dashboards.Panel, c dashboards.Column, n, before float64) string {
	was := r.text(c, before)
	when := r.T("before " + strconv.Itoa(r.days))
	if d.Now { // the column says which time it is compared with
		when = lowerFirst(c.Title.In(r.Lang))
	}
	direction := "same"
	if r.text(c, n) != was {
		better := ""
		if t := d.Threshold; t != nil {
			better = " worse"
			if (n > before) == t.HigherIsBetter {
				better = " better"
			}
		}
		direction = map[bool]string{true: "up", false: "down"}[n > before] + better
	}
	return fmt.Sprintf("%s (%s: %s)", r.T(direction), when, was)
}

// lowerFirst writes a title as within a sentence.
func lowerFirst(s string) string { return mapFirst(s, unicode.ToLower) }

// title returns the heading of a column. What is counted has a title that is a word
// within a sentence.
func (r renderer) title(c dashboards.Column) string {
	if c.Role == dashboards.N {
		return mapFirst(c.Title.In(r.Lang), unicode.ToUpper)
	}
	return c.Title.In(r.Lang)
}

func mapFirst(s string, as func(rune) rune) string {
	first, size := utf8.DecodeRuneInString(s)
	return string(as(first)) + s[size:]
}
