package page

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pitstop/dashboards"
	"pitstop/schemas/garage"
	"pitstop/schemas/readmodel"
)

// The rows of these tests have the columns that their panels declare, in that
// order, and the list has those of the real ones.
func TestFixtures(t *testing.T) {
	for _, d := range []dashboards.Panel{share, waits, byDay, outcomes} {
		var declared []string
		for _, c := range d.Columns {
			declared = append(declared, c.Name)
		}
		if diff := cmp.Diff(declared, filled[d.SQL].columns); diff != "" {
			t.Errorf("%s (-declared +given):\n%s", d.ID, diff)
		}
		for _, row := range filled[d.SQL].rows {
			if len(row) != len(declared) {
				t.Errorf("%s: a row of %d values, want %d", d.ID, len(row), len(declared))
			}
		}
	}
	quotes := realPanel(t, "open-quotes")
	for _, c := range waits.Columns {
		if !slices.ContainsFunc(quotes.Columns, func(quote dashboards.Column) bool { return quote.Name == c.Name }) {
			t.Errorf("no open quote has a column %q", c.Name)
		}
	}
}

// realPanel is one that garages see.
func realPanel(t *testing.T, id string) dashboards.Panel {
	t.Helper()
	for _, board := range dashboards.All {
		for _, d := range board.Panels {
			if d.ID == id {
				return d
			}
		}
	}
	t.Fatalf("there is no panel %q", id)
	return dashboards.Panel{}
}

// Where a real panel says that somebody is a mechanic, the page says who.
func TestMechanics(t *testing.T) {
	r := newPages(t, &world{}).renderer(visit())
	mechanics := r.shown[0].Staff.Mechanics
	if len(mechanics) == 0 {
		t.Fatal("the garage has no mechanics")
	}
	for id, role := range map[string]string{"unreached": "recipient", "timeline": "who"} {
		d := realPanel(t, id)
		at := slices.IndexFunc(d.Columns, func(c dashboards.Column) bool { return c.Name == "name" })
		for person, want := range map[string]string{"mechanic": mechanics[0].Name, "customer": mechanics[0].ID} {
			if got := r.cell(d.Columns[at], map[string]any{role: person, "name": mechanics[0].ID}).Text; got != want {
				t.Errorf("%s: the name of a %s is %q, want %q", id, person, got, want)
			}
		}
	}
}

// Where nothing was counted there is no figure, let alone a good one; 0 of
// something is one. What waits beside it is said all the same.
func TestNoFigure(t *testing.T) {
	count := dashboards.Panel{
		ID: "count", Title: both("Niet bereikt"), Question: both("Hoe vaak?"), Empty: both("Niets te berichten."),
		Kind: dashboards.Figure, Unit: dashboards.Count, Threshold: &dashboards.Threshold{Good: 0, Bad: 3}, SQL: "count",
		Columns: []dashboards.Column{
			{Name: "value", Role: dashboards.Value},
			{Name: "before", Role: dashboards.Previous},
			{Name: "n", Title: both("berichten"), Role: dashboards.N},
			{Name: "open", Title: both("Nog onderweg"), Unit: dashboards.Count},
		},
	}
	for _, tc := range []struct {
		row        []any
		says, none []string
	}{
		{[]any{int64(0), int64(2), int64(1), int64(0)}, []string{"good", "Aantal berichten: 1", "Lager, dus beter"}, []string{"Niets te berichten."}},
		{[]any{int64(0), int64(2), int64(0), int64(0)}, []string{"Niets te berichten."}, []string{"good", "Aantal", "beter", "Nog onderweg"}},
		{[]any{nil, int64(2), int64(0), int64(7)}, []string{"Niets te berichten.", "Nog onderweg</dt><dd>7<"}, []string{"good", "Aantal", "beter"}},
		{[]any{nil, nil, nil, nil}, []string{"Niets te berichten."}, []string{"good", "Aantal", "beter", "Nog onderweg"}},
	} {
		w := &world{asOf: now, rows: map[string]result{"count": {columns: []string{"value", "before", "n", "open"}, rows: [][]any{tc.row}}}}
		page := show(t, newPages(t, w, dashboards.Dashboard{ID: "waiting", Panels: []dashboards.Panel{count}}), visit())
		_, panel, _ := strings.Cut(page, "<section")
		for _, text := range tc.says {
			if !strings.Contains(panel, text) {
				t.Errorf("%v: it does not say %q", tc.row, text)
			}
		}
		for _, text := range tc.none {
			if strings.Contains(panel, text) {
				t.Errorf("%v: it says %q", tc.row, text)
			}
		}
	}
}

// A wait in which no opening time has passed is not said to be short, let alone good; nor
// is it compared with another. So say the real panels, in figures and in lists.
func TestOnlyOutsideOpeningHours(t *testing.T) {
	d := realPanel(t, "approval-time")
	d.SQL = "time"
	var columns []string
	for _, c := range d.Columns {
		columns = append(columns, c.Name)
	}
	for _, tc := range []struct {
		row        []any
		says, none []string
	}{
		{[]any{0., 12., int64(3), nil, nil, int64(0)}, []string{"buiten openingstijd", "Aantal antwoorden: 3"}, []string{"0\u00a0min", "Goed", "ervoor"}},
		{[]any{12., 0., int64(3), nil, nil, int64(0)}, []string{"12\u00a0min", "Goed"}, []string{"0\u00a0min<", "openingstijd</", "Hoger"}},
		{[]any{0.4, 12., int64(3), nil, nil, int64(0)}, []string{"24\u00a0s", "Goed", "beter"}, []string{"buiten openingstijd"}},
		{[]any{nil, 12., int64(0), nil, nil, int64(2)}, []string{"Nog open"}, []string{"buiten openingstijd", "Goed"}},
	} {
		w := &world{asOf: now, rows: map[string]result{d.SQL: {columns: columns, rows: [][]any{tc.row}}}}
		_, panel, _ := strings.Cut(show(t, newPages(t, w, dashboards.Dashboard{ID: "waiting", Panels: []dashboards.Panel{d}}), visit()), "<section")
		panel, _, _ = strings.Cut(panel, "<details")
		for _, text := range tc.says {
			if !strings.Contains(panel, text) {
				t.Errorf("%v: it does not say %q: %s", tc.row, text, panel)
			}
		}
		for _, text := range tc.none {
			if strings.Contains(panel, text) {
				t.Errorf("%v: it says %q: %s", tc.row, text, panel)
			}
		}
	}
	r := newPages(t, &world{}).renderer(visit())
	for _, id := range []string{"open-quotes", "unanswered", "calls"} {
		for _, c := range realPanel(t, id).Columns {
			if got := r.cell(c, map[string]any{c.Name: 0.}); c.Name == "waiting" && (got.Text != "buiten openingstijd" || got.Number) {
				t.Errorf("%s: %+v", id, got)
			}
		}
	}
}

// A list says how many rows there are, and that it shows the first of them only.
func TestCut(t *testing.T) {
	d := waits
	d.Columns = append(slices.Clone(waits.Columns), dashboards.Column{Name: "total", Title: both("Regels in totaal"), Unit: dashboards.Count, Role: dashboards.N})
	for total, want := range map[int64]string{2: "Wie bellen we?</p>", 1345: "Wie bellen we? Hier staan de eerste 2 van 1.345.</p>"} {
		rows := result{columns: append(slices.Clone(filled["waits"].columns), "total")}
		for _, row := range filled["waits"].rows {
			rows.rows = append(rows.rows, append(slices.Clone(row), total))
		}
		w := &world{asOf: now, rows: map[string]result{d.SQL: rows}}
		page := show(t, newPages(t, w, dashboards.Dashboard{ID: "waiting", Panels: []dashboards.Panel{d}}), visit())
		if heading := "Wacht nu op de klant (" + map[int64]string{2: "2", 1345: "1.345"}[total] + ")"; !strings.Contains(page, heading) || !strings.Contains(page, want) {
			t.Errorf("of %d it does not say %q and %q", total, heading, want)
		}
		if strings.Contains(page, "Regels in totaal") {
			t.Error("every row says how many there are")
		}
	}
}

// Somebody of several garages reads a conversation by the clock and in the
// currency of the repair's garage, and sees which one that is; a list of several
// says whose clock it is.
func TestGaragesThatDiffer(t *testing.T) {
	sample := string(garage.Sample)
	first, second, found := strings.Cut(sample, "  - id: noord")
	second, replaced := strings.Replace(second, "Europe/Amsterdam", "Atlantic/Azores", 1), strings.Contains(second, "Europe/Amsterdam")
	if !found || !replaced {
		t.Fatal("the sample has changed")
	}
	if strings.Contains(second, "    currency:") {
		t.Fatal("the sample has changed: noord has a currency")
	}
	book, err := garage.Parse([]byte(first + "  - id: noord\n    currency: CHF" + second))
	if err != nil {
		t.Fatal(err)
	}
	noord, _ := book.Garage("noord")
	car := dashboards.Panel{
		ID: "car", Title: both("De auto"), Question: both("Welke?"), Kind: dashboards.Table, SQL: "car",
		Columns: []dashboards.Column{{Name: "plate", Title: both("Kenteken")}, {Name: "garage", Title: both("Garage")}, {Name: "started", Title: both("Begonnen"), Unit: dashboards.Instant}},
	}
	timeline := dashboards.Panel{
		ID: "timeline", Title: both("Tijdlijn"), Question: both("Wat?"), Kind: dashboards.Table, SQL: "timeline",
		Columns: []dashboards.Column{{Name: "at", Title: both("Wanneer"), Unit: dashboards.Instant}, {Name: "amount", Title: both("Bedrag"), Unit: dashboards.Money}},
	}
	w := &world{asOf: now, rows: map[string]result{
		"car":      {columns: []string{"plate", "garage", "started"}, rows: [][]any{{"K-482-TR", noord.Name, at(9, 0)}}},
		"timeline": {columns: []string{"at", "amount"}, rows: [][]any{{at(9, 30), 12.5}}},
	}}
	p := newPages(t, w, dashboards.Dashboard{ID: "waiting", Panels: []dashboards.Panel{car}}, dashboards.Dashboard{ID: "conversation", AboutRepair: true, Panels: []dashboards.Panel{timeline, car}})
	p.Garages = book
	both := visit(func(v *readmodel.DashboardVisit) { v.Chosen = []string{"de-brug", "noord"} })
	brug := "Tijden volgens de klok van Garage De Brug."
	for _, tc := range []struct {
		name       string
		visit      readmodel.DashboardVisit
		says, none []string
	}{
		{"conversation", change(both, "conversation"), []string{"vandaag 7.00\u00a0uur", "vandaag 7.30\u00a0uur", "CHF", "12,50", noord.Name}, []string{"vandaag 9", brug}},
		{"both", both, []string{"vandaag 9.00\u00a0uur", noord.Name, `<th scope="col" role="columnheader">Garage<`, brug}, nil},
		{"one", visit(func(v *readmodel.DashboardVisit) { v.Chosen = []string{"noord"} }), []string{"vandaag 7.00\u00a0uur"}, []string{`role="columnheader">Garage<`, brug, "volgens"}},
	} {
		page := show(t, p, tc.visit)
		for _, text := range tc.says {
			if !strings.Contains(page, text) {
				t.Errorf("%s: it does not say %q", tc.name, text)
			}
		}
		for _, text := range tc.none {
			if strings.Contains(page, text) {
				t.Errorf("%s: it says %q", tc.name, text)
			}
		}
	}
	// Of garages with one clock there is nothing to say.
	if page := show(t, newPages(t, w, dashboards.Dashboard{ID: "waiting", Panels: []dashboards.Panel{car}}), both); strings.Contains(page, "volgens de klok") {
		t.Error("it says whose clock it is, though there is one")
	}
}

func change(v readmodel.DashboardVisit, id string) readmodel.DashboardVisit {
	v.ID = id
	return v
}
