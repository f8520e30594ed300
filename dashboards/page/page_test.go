package page

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"pitstop/dashboards"
	"pitstop/schemas/garage/garagetest"
	"pitstop/schemas/locale"
	"pitstop/schemas/readmodel"
)

var update = flag.Bool("update", false, "write the golden files")

// now is a Wednesday, 10:00 in Utrecht.
var now = time.Date(2026, time.May, 20, 8, 0, 0, 0, time.UTC)

func at(hour, minute int) time.Time {
	return time.Date(2026, time.May, 20, hour-2, minute, 0, 0, time.UTC)
}

func day(n int) time.Time { return time.Date(2026, time.May, n, 0, 0, 0, 0, time.UTC) }

func both(s string) locale.Text { return locale.Text{NL: s, EN: s + " (en)"} }

// The panels of the tests, one of each kind, and what their queries return.
var (
	share = dashboards.Panel{
		ID: "share", Title: both("Antwoord binnen 1 uur"), Question: both("Snel genoeg?"), Definition: both("Antwoorden ÷ vragen."), Empty: both("Geen vragen."),
		Kind: dashboards.Figure, Unit: dashboards.Percent, Threshold: &dashboards.Threshold{Good: 80, Bad: 60, HigherIsBetter: true}, SQL: "share", Width: 8,
		Columns: []dashboards.Column{
			{Name: "value", Role: dashboards.Value},
			{Name: "before", Role: dashboards.Previous},
			{Name: "n", Title: both("vragen"), Unit: dashboards.Count, Role: dashboards.N},
			{Name: "young", Title: both("Nog jong"), Unit: dashboards.Count},
		},
	}
	waits = dashboards.Panel{
		ID: "waits", Title: both("Wacht nu op de klant"), Question: both("Wie bellen we?"), Empty: both("Niemand wacht."),
		Kind: dashboards.Table, Unit: dashboards.Minutes, Threshold: &dashboards.Threshold{Good: 60, Bad: 120}, Now: true, SQL: "waits", Width: 24,
		Columns: []dashboards.Column{
			{Name: "plate", Title: both("Kenteken")},
			{Name: "customer", Title: both("Klant")},
			{Name: "phone", Title: both("Telefoon")},
			{Name: "garage", Title: both("Garage")},
			{Name: "amount", Title: both("Bedrag"), Unit: dashboards.Money},
			{Name: "currency", Title: both("Valuta")},
			{Name: "state", Title: both("Stand"), Values: map[string]locale.Text{"viewed": both("bekeken")}},
			{Name: "since", Title: both("Sinds"), Unit: dashboards.Instant},
			{Name: "waiting", Title: both("Wacht"), Role: dashboards.Value},
			{Name: "repair", Title: both("Gesprek"), Role: dashboards.Link},
		},
	}
	byDay = dashboards.Panel{
		ID: "by-day", Title: both("Akkoordtijd"), Question: both("Wordt het beter?"), Definition: both("Mediaan en p90."), Empty: both("Nog geen antwoorden."),
		Kind: dashboards.Trend, Unit: dashboards.Minutes, SQL: "by-day", Width: 16,
		Columns: []dashboards.Column{
			{Name: "day", Title: both("Dag"), Unit: dashboards.Day, Role: dashboards.Label},
			{Name: "median", Title: both("mediaan"), Role: dashboards.Value},
			{Name: "p90", Title: both("9 van de 10 binnen"), Role: dashboards.Value},
			{Name: "before", Title: both("Periode ervoor"), Unit: dashboards.Minutes, Role: dashboards.Previous},
			{Name: "open", Title: both("nog open"), Unit: dashboards.Count, Role: dashboards.Value},
			{Name: "n", Title: both("antwoorden"), Unit: dashboards.Count, Role: dashboards.N},
		},
	}
	outcomes = dashboards.Panel{
		ID: "outcomes", Title: both("Uitkomst"), Question: both("Wat zeggen ze?"), Empty: both("Nog niets."), Kind: dashboards.Bars, Unit: dashboards.Count, SQL: "outcomes", Width: 12,
		Columns: []dashboards.Column{
			{Name: "answer", Title: both("Antwoord"), Role: dashboards.Label, Values: map[string]locale.Text{"approved": both("Akkoord")}},
			{Name: "value", Title: both("Aantal"), Role: dashboards.Value},
			{Name: "asked", Title: both("Gevraagd"), Unit: dashboards.Money},
			{Name: "currency", Title: both("Valuta")},
		},
	}
	rates = dashboards.Panel{ID: "lag", Title: both("Achterstand"), Kind: dashboards.Rates, Queries: []dashboards.PromQuery{{Expr: "lag"}}}

	filled = map[string]result{
		"share": {columns: []string{"value", "before", "n", "young"}, rows: [][]any{{83.26, 71.0, int64(1248), int64(3)}}},
		"waits": {columns: []string{"plate", "customer", "phone", "garage", "amount", "currency", "state", "since", "waiting", "repair"}, rows: [][]any{
			{"K-482-TR", "J. de Vries", "+31612345678", "Garage De Brug", 387.95, "EUR", "viewed", at(8, 5), 115.4, "2abc"},
			{"AB1234", `<script>alert("x")</script> & 'Zn`, "", "Garage De Brug", 1038795.0, "EUR", "mailed", at(7, 0).AddDate(0, 0, -1), 430.0, "2def"},
		}},
		"by-day": {columns: []string{"day", "median", "p90", "before", "open", "n"}, rows: [][]any{
			{day(14), 42.0, 130.5, 95.0, int64(0), int64(31)},
			{day(15), 38.5, nil, 75.0, int64(1), int64(12)},
			{day(18), 55.0, 122.0, nil, int64(0), int64(22)},
			{day(19), nil, nil, nil, int64(4), int64(0)},
			{day(20), 12.0, nil, nil, int64(7), int64(3)},
		}},
		"outcomes": {columns: []string{"answer", "value", "asked", "currency"}, rows: [][]any{
			{"approved", int64(60), 12345.5, "EUR"}, {`reject"ed<b>`, int64(12), 800.0, "EUR"}, {"expired", int64(0), nil, "EUR"},
		}},
	}
	empty = map[string]result{
		"share": {columns: filled["share"].columns, rows: [][]any{{nil, nil, int64(0), int64(2)}}}, "waits": {columns: filled["waits"].columns},
		"by-day": {columns: filled["by-day"].columns}, "outcomes": {columns: filled["outcomes"].columns},
	}
)

// world is what stands behind the pages.
type world struct {
	rows map[string]result
	errs map[string]error
	asOf time.Time
}

func newPages(t testing.TB, w *world, boards ...dashboards.Dashboard) *Pages {
	t.Helper()
	if boards == nil {
		boards = []dashboards.Dashboard{
			{ID: "waiting", Title: both("Wachten"), For: both("Voor de werkplaatsmanager."), Panels: []dashboards.Panel{waits, share, byDay, outcomes}},
			{ID: "conversation", Title: both("Gesprek"), AboutRepair: true, Panels: []dashboards.Panel{waits}},
			{ID: "pipeline", Title: both("Pijplijn"), Operator: true, Panels: []dashboards.Panel{rates}},
		}
	}
	book := garagetest.Sample(t)
	p, err := New(Config{
		All: boards, Garages: book, Log: slog.New(slog.DiscardHandler),
		AsOf: func(context.Context) (time.Time, error) { return w.asOf, w.errs["as of"] },
		Query: func(_ context.Context, sql string) ([]string, [][]any, error) {
			if err := w.errs[sql]; err != nil {
				return nil, nil, err
			}
			return w.rows[sql].columns, w.rows[sql].rows, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func visit(change ...func(*readmodel.DashboardVisit)) readmodel.DashboardVisit {
	v := readmodel.DashboardVisit{
		ID: "waiting", All: []string{"waiting", "conversation"}, Name: "Jan", CSRF: "c5rf", Garages: []string{"de-brug", "noord"}, Chosen: []string{"de-brug"},
		Query: url.Values{}, Lang: locale.NL, Now: now, Assets: "/assets/1",
	}
	for _, f := range change {
		f(&v)
	}
	return v
}

// show draws a page and checks that it is whole.
func show(t testing.TB, p *Pages, v readmodel.DashboardVisit) string {
	t.Helper()
	b, err := p.Page(t.Context(), v)
	if err != nil {
		t.Fatal(err)
	}
	balanced(t, string(b))
	return string(b)
}

// balanced checks that every element that is opened is closed, and that nothing
// needs a policy laxer than the page's.
func balanced(t testing.TB, page string) {
	t.Helper()
	var open []string
	void := " meta link input br hr img "
	for z := html.NewTokenizer(strings.NewReader(page)); ; {
		kind := z.Next()
		if kind == html.ErrorToken {
			break
		}
		token := z.Token()
		switch {
		case kind == html.StartTagToken && !strings.Contains(void, " "+token.Data+" "):
			open = append(open, token.Data)
		case kind == html.EndTagToken:
			if len(open) == 0 || open[len(open)-1] != token.Data {
				t.Fatalf("</%s> closes %v", token.Data, open)
			}
			open = open[:len(open)-1]
		}
		for _, a := range token.Attr {
			if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
				t.Errorf("<%s %s=%q>: the page's policy forbids it", token.Data, a.Key, a.Val)
			}
		}
		if (token.Data == "script" || token.Data == "style") && kind == html.StartTagToken && len(token.Attr) == 0 {
			t.Errorf("<%s> within the page", token.Data)
		}
	}
	if len(open) > 0 {
		t.Errorf("left open: %v", open)
	}
}

func TestPages(t *testing.T) {
	one := func(d dashboards.Panel) []dashboards.Dashboard {
		return []dashboards.Dashboard{{ID: "waiting", Title: both("Wachten"), For: both("Voor de manager."), Panels: []dashboards.Panel{d}}}
	}
	for _, tc := range []struct {
		name  string
		panel dashboards.Panel
		rows  map[string]result
		lang  locale.Lang
	}{
		{"figure", share, filled, locale.NL},
		{"table", waits, filled, locale.NL},
		{"trend", byDay, filled, locale.NL},
		{"bars", outcomes, filled, locale.NL},
		{"table-en", waits, filled, locale.EN},
		{"figure-en", share, filled, locale.EN},
		{"figure-empty", share, empty, locale.NL},
		{"table-empty", waits, empty, locale.NL},
		{"rates", rates, filled, locale.NL},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := newPages(t, &world{rows: tc.rows, asOf: now.Add(-5 * time.Second)}, one(tc.panel)...)
			golden(t, tc.name+".html", show(t, p, visit(func(v *readmodel.DashboardVisit) { v.Lang = tc.lang })))
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("look at the difference, then run with -update (-file +now):\n%s", diff)
	}
}

func TestHasData(t *testing.T) {
	w := &world{rows: filled, asOf: now.Add(-5 * time.Second)}
	page := show(t, newPages(t, w), visit())
	for _, says := range []string{
		"Bijgewerkt tot vandaag 9.59\u00a0uur.", "83,3%", "Goed (doel: minstens 80%)", "Hoger, dus beter (in de 7 dagen ervoor: 71%)", "Aantal vragen: 1.248",
		"K-482-TR", ">AB1234<", "€\u00a0387,95", `href="tel:&#43;31612345678">06 – 12 34 56 78<`, `href="/dashboards/conversation?lang=nl&amp;repair=2abc"`, "1\u00a0u\u00a055\u00a0min",
		"bekeken", "mailed", "vandaag 8.05\u00a0uur", "gisteren 7.00\u00a0uur", "7\u00a0u\u00a010\u00a0min", "te lang",
		"&lt;script&gt;alert(&#34;x&#34;)&lt;/script&gt; &amp; &#39;Zn", "reject&#34;ed&lt;b&gt;", "donderdag 14 mei", "Garage De Brug", "Ingelogd als Jan",
	} {
		if !strings.Contains(page, says) {
			t.Errorf("the page does not say %q", says)
		}
	}
	for _, foreign := range []string{"<script>alert", "http://", "https://", "+31612345678</td>"} {
		if strings.Contains(page, foreign) {
			t.Errorf("the page has %q", foreign)
		}
	}
}

// Half a day is not compared with the evening before it: not in a figure, a chart or
// a table. What shows the present is compared with its like, whatever the period.
func TestToday(t *testing.T) {
	present := share
	present.ID, present.Now, present.Columns = "present", true, slices.Clone(share.Columns)
	present.Columns[1].Title = both("Een week geleden")
	p := newPages(t, &world{rows: filled, asOf: now}, dashboards.Dashboard{ID: "waiting", Panels: []dashboards.Panel{share, byDay, present}})
	for period, want := range map[string]bool{"7": true, "0": false} {
		page := show(t, p, visit(func(v *readmodel.DashboardVisit) { v.Query.Set("period", period) }))
		if got := strings.Contains(page, "ervoor"); got != want {
			t.Errorf("period %s is compared with the one before: %t, want %t", period, got, want)
		}
		if !strings.Contains(page, "een week geleden: 71%") {
			t.Errorf("period %s: the present is compared with nothing", period)
		}
	}
}

// One panel that fails says so in its place; the others stand.
func TestAPanelFails(t *testing.T) {
	w := &world{rows: filled, asOf: now, errs: map[string]error{"share": errors.New("code: 241, db.internal: memory limit"), "by-day": fmt.Errorf("select: %w", context.DeadlineExceeded)}}
	page := show(t, newPages(t, w), visit())
	for _, says := range []string{"nu niet te berekenen", "duurde te lang", "K-482-TR", "Akkoord"} {
		if !strings.Contains(page, says) {
			t.Errorf("the page does not say %q", says)
		}
	}
	if strings.Contains(page, "db.internal") {
		t.Error("the page says what is none of its reader's business")
	}
	w.rows = map[string]result{"share": {columns: []string{"other"}, rows: [][]any{{int64(1)}}}}
	if page := show(t, newPages(t, &world{rows: w.rows, asOf: now}), visit()); strings.Count(page, "nu niet te berekenen") != 4 {
		t.Error("columns that are missing are not noticed")
	}
	if _, err := newPages(t, &world{errs: map[string]error{"as of": errors.New("away")}}).Page(t.Context(), visit()); err == nil {
		t.Error("without a database there is a page")
	}
}

func TestFreshness(t *testing.T) {
	for _, tc := range []struct {
		asOf time.Time
		says string
		warn bool
	}{
		{now.Add(-59 * time.Second), "Bijgewerkt tot vandaag 9.59\u00a0uur.", false},
		{now.Add(-61 * time.Second), "deze cijfers lopen achter", true},
		{time.Time{}, "Er is nog niets verwerkt", true},
	} {
		page := show(t, newPages(t, &world{rows: filled, asOf: tc.asOf}), visit())
		if !strings.Contains(page, tc.says) || strings.Contains(page, `"fresh stale"`) != tc.warn {
			t.Errorf("as of %s: the page does not say %q, or warns wrongly", tc.asOf, tc.says)
		}
	}
}

// A panel never waits in line for more than the others of its page, and every
// query gets a limit of its own.
func TestPanelsRunSideBySide(t *testing.T) {
	started := make(chan struct{}, 8)
	release := make(chan struct{})
	p := newPages(t, &world{asOf: now})
	p.Query = func(ctx context.Context, sql string) ([]string, [][]any, error) {
		if _, ok := ctx.Deadline(); !ok {
			t.Error("a query without a time limit")
		}
		started <- struct{}{}
		<-release
		return filled[sql].columns, filled[sql].rows, nil
	}
	go func() {
		for range 4 {
			<-started
		}
		close(release) // never, if they ran one by one
	}()
	show(t, p, visit())
}
