package page

import (
	"cmp"
	"fmt"
	"math"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"pitstop/dashboards"
	"pitstop/schemas/locale"
)

// none is shown for a missing value, or one of too few to say.
const none = "–"

// cell is one value as it is shown.
type cell struct {
	Text   string
	Href   string // empty: no link
	Tel    string // a number to call; empty: none
	Number bool   // aligned on its end
	Label  string // the column's title, for cells that stand alone
	Note   string // what its colour says, in words
	Class  string
	Head   bool // names the row
	Bar    int  // length of its bar, of 1000
}

// number returns a value as a number; false: it is none.
func number(v any) (float64, bool) {
	switch x := v.(type) {
	case int64:
		return float64(x), true
	case float64:
		return x, true
	}
	return 0, false
}

// named returns the words that a column has for a value.
func named(c dashboards.Column, v any) (words locale.Text, ok bool) {
	words, ok = c.Values[fmt.Sprint(v)]
	return words, ok
}

// text writes a value in the unit of its column.
func (r renderer) text(c dashboards.Column, v any) string {
	if v == nil {
		return none
	}
	if name, ok := named(c, v); ok {
		return name.In(r.Lang)
	}
	n, isNumber := number(v)
	switch {
	case c.Unit == dashboards.Instant || c.Unit == dashboards.Day:
		return r.when(c.Unit, v)
	case c.Unit == dashboards.None || !isNumber:
		return r.plain(v)
	}
	return r.quantity(c.Unit, n)
}

func (r renderer) plain(v any) string {
	switch x := v.(type) {
	case bool:
		if x {
			return r.T("yes")
		}
		return r.T("no")
	case time.Time:
		return r.when(dashboards.Instant, x)
	case float64:
		return r.decimal(x, 2)
	}
	if s := strings.TrimSpace(fmt.Sprint(v)); s != "" {
		return s
	}
	return none
}

// quantity writes a number with its unit: "83%", "1 u 05 min", "€ 387,95".
func (r renderer) quantity(u dashboards.Unit, n float64) string {
	switch u {
	case dashboards.Percent:
		return r.decimal(n, 1) + "%"
	case dashboards.Minutes:
		return r.duration(n * 60)
	case dashboards.Seconds:
		if n == 0 {
			return "0\u00a0s"
		}
		return r.duration(n)
	case dashboards.Hours:
		return r.decimal(n, 1) + "\u00a0" + r.T("hours")
	case dashboards.Money:
		return r.Lang.Amount(n, r.currency)
	case dashboards.PerSecond:
		return r.decimal(n, 2) + "/s"
	default:
		return r.decimal(n, 0)
	}
}

// duration writes seconds as people say them: "0,4 s", "4 s", "12 min", "1 u 05 min".
func (r renderer) duration(seconds float64) string {
	switch minutes := math.Round(seconds / 60); {
	case seconds > 0 && seconds < 0.95:
		return r.decimal(max(seconds, 0.1), 1) + "\u00a0s"
	case seconds < 59.5 && seconds != 0:
		return r.decimal(seconds, 0) + "\u00a0s"
	case minutes < 60:
		return r.decimal(minutes, 0) + "\u00a0min"
	default:
		hour := "h"
		if r.dutch() {
			hour = "u"
		}
		if int(minutes)%60 == 0 {
			return r.decimal(minutes/60, 0) + "\u00a0" + hour
		}
		return fmt.Sprintf("%s\u00a0%s\u00a0%02d\u00a0min", r.decimal(math.Floor(minutes/60), 0), hour, int(minutes)%60)
	}
}

// decimal writes a number, rounded to at most some decimals: "1.234,5" or "1,234.5".
func (r renderer) decimal(n float64, decimals int) string {
	text := strconv.FormatFloat(n, 'f', decimals, 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	sign := ""
	if strings.HasPrefix(text, "-") {
		sign, text = "−", text[1:]
	}
	whole, fraction, _ := strings.Cut(text, ".")
	thousands, point := ",", "."
	if r.dutch() {
		thousands, point = ".", ","
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + thousands + whole[i:]
	}
	if text == "0" {
		sign = ""
	}
	if fraction == "" {
		return sign + whole
	}
	return sign + whole + point + fraction
}

// when writes a moment in the garage's time zone, or a day.
func (r renderer) when(u dashboards.Unit, v any) string {
	t, ok := v.(time.Time)
	if !ok {
		s := fmt.Sprint(v)
		if t, ok = parseDay(s); !ok {
			return s
		}
	}
	if u == dashboards.Day {
		return r.Lang.Date(noon(t), r.Now, time.UTC)
	}
	return r.Lang.Day(t, r.Now, r.zone) + " " + strings.ReplaceAll(r.Lang.Time(t, r.zone), " ", "\u00a0")
}

func parseDay(s string) (time.Time, bool) {
	t, err := time.Parse(time.DateOnly, s)
	return t, err == nil
}

// noon returns noon of a date, so that its weekday is the same in any zone.
func noon(t time.Time) time.Time { return t.Truncate(24 * time.Hour).Add(12 * time.Hour) }

// cell returns a value of a row as a column shows it.
func (r renderer) cell(c dashboards.Column, row map[string]any) cell {
	v := row[c.Name]
	if code, ok := row["currency"].(string); ok && code != "" {
		r.currency = code
	}
	shown := cell{Text: r.text(c, v), Label: r.title(c)}
	if _, words := named(c, v); !words {
		_, shown.Number = number(v)
	}
	if shown.Text == none {
		shown.Class = "none"
	}
	s, _ := v.(string)
	switch {
	case s == "":
	case c.Role == dashboards.Link:
		shown.Text, shown.Href, shown.Label, shown.Class = r.T("conversation"), r.conversation(s), "", "link"
	case c.Name == "phone":
		shown.Text, shown.Class = r.Lang.Phone(s), "phone"
		if dialled.MatchString(s) {
			shown.Tel = s
		}
	case c.Name == "plate":
		shown.Class = "plate"
	case c.Name == "mechanic" || c.Name == "name" && (row["who"] == "mechanic" || row["recipient"] == "mechanic"):
		shown.Text = r.mechanic(s)
	}
	return shown
}

// mechanic returns the name that the shown garages have for a mechanic's id; the id
// itself where they do not agree, or have none.
func (r renderer) mechanic(id string) string {
	found := ""
	for _, g := range r.shown {
		m, ok := g.Mechanic(id)
		switch {
		case !ok:
		case found != "" && found != m.Name:
			return id
		default:
			found = m.Name
		}
	}
	return cmp.Or(found, id)
}

// dialled matches a number as phones take it.
var dialled = regexp.MustCompile(`^\+[0-9]{6,15}$`)

// conversation returns the path of the page about a repair.
func (r renderer) conversation(repair string) string {
	return "/dashboards/conversation?" + url.Values{"repair": {repair}, "lang": {string(r.Lang)}}.Encode()
}
