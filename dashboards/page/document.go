package page

import (
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"pitstop/dashboards"
	"pitstop/schemas/locale"
)

// staleAfter is how old figures may be before the page warns.
const staleAfter = time.Minute

// document is what the template shows.
type document struct {
	renderer
	ID, Title, For string
	Fresh          string
	Stale          bool
	Links          []link // to the other dashboards
	Switch         string // path of the same page in the other language
	Other          locale.Lang
	Repair         string // carried along where a page is about one
	Choices        bool   // a period and a clock mean something here
	Periods        []option
	Choosable      []option // garages; fewer than two: no choice
	Clocks         []option
	Summary        string // the date and the choice in words, for paper
	Clock          string // whose times they are, where garages differ
	Panels         []panel
}

type link struct {
	Href, Text string
	Here       bool
}

type option struct {
	Value, Text string
	Chosen      bool
}

// period returns the chosen period in words.
func (r renderer) period() string { return r.T(strconv.Itoa(r.days)) }

// document adds to the panels what surrounds them on the page.
func (p *Pages) document(r renderer, board dashboards.Dashboard, asOf time.Time, panels []panel) document {
	d := document{
		renderer: r, ID: board.ID, Title: board.Title.In(r.Lang), For: board.For.In(r.Lang), Panels: panels,
		Choices: !board.AboutRepair, Other: locale.EN,
	}
	if board.AboutRepair {
		d.Repair = r.choice.Repair
	}
	d.Fresh, d.Stale = r.T("no data yet"), true
	if !asOf.IsZero() {
		d.Stale = r.Now.Sub(asOf) > staleAfter
		d.Fresh = r.T(map[bool]string{true: "stale", false: "fresh"}[d.Stale], r.when(dashboards.Instant, asOf))
	}
	for _, id := range r.All {
		if other, ok := p.dashboard(id); ok && (!other.AboutRepair || id == board.ID) {
			d.Links = append(d.Links, link{"/dashboards/" + id + "?" + r.query(r.Lang, "").Encode(), other.Title.In(r.Lang), id == board.ID})
		}
	}
	if r.Lang == locale.EN {
		d.Other = locale.NL
	}
	d.Switch = "/dashboards/" + board.ID + "?" + r.query(d.Other, d.Repair).Encode()
	for _, days := range periods {
		value := strconv.Itoa(days)
		d.Periods = append(d.Periods, option{value, r.T(value), days == r.days})
	}
	all := len(r.choice.Garages) == len(r.profiles)
	d.Choosable = append(d.Choosable, option{"", r.T("all garages"), all})
	var names []string
	for _, g := range r.profiles {
		chosen := false
		for _, id := range r.choice.Garages {
			chosen = chosen || id == g.ID
		}
		d.Choosable = append(d.Choosable, option{g.ID, g.Name, chosen && !all})
		if chosen {
			names = append(names, g.Name)
		}
	}
	if len(r.profiles) < 2 || board.AboutRepair {
		d.Choosable = nil
	}
	for _, c := range []dashboards.Clock{dashboards.Opening, dashboards.Wall} {
		d.Clocks = append(d.Clocks, option{string(c), r.T(string(c)), c == r.choice.Clock})
	}
	d.Summary = mapFirst(r.Lang.Date(r.Now, time.Time{}, r.zone), unicode.ToUpper) // with the year: paper stays
	if d.Choices {
		d.Summary += " · " + r.summary(names)
	}
	if r.zoneOf != "" {
		d.Clock = r.T("zone", r.zoneOf)
	}
	return d
}

// summary says what was chosen.
func (r renderer) summary(names []string) string {
	if len(names) > 5 {
		names = append(names[:4:4], r.T("and others", len(names)-4))
	}
	return strings.Join([]string{r.Lang.And(names...), r.period(), r.T("waits in", r.T(string(r.choice.Clock)))}, " · ")
}

// query returns the parameters of the choice.
func (r renderer) query(lang locale.Lang, repair string) url.Values {
	q := url.Values{"lang": {string(lang)}}
	if r.days != defaultPeriod {
		q.Set("period", strconv.Itoa(r.days))
	}
	if r.choice.Clock != dashboards.Opening {
		q.Set("clock", string(r.choice.Clock))
	}
	if len(r.choice.Garages) != len(r.profiles) {
		q["garage"] = r.choice.Garages
	}
	if repair != "" {
		q.Set("repair", repair)
	}
	return q
}

// Who returns the line that says who is signed in.
func (d document) Who() string { return d.T("signed in", d.Name) }
