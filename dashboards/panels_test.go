package dashboards_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pitstop/dashboards"
	"pitstop/schemas/avro"
	"pitstop/schemas/readmodel"
	"pitstop/sinks/clickhouse"
)

// expected is what a panel shows for a choice.
type expected struct {
	panel string
	dashboards.Choice
	rows [][]any
}

// at and so on make the choices: the default is the last seven days, in opening hours.
func chosen(garages ...string) dashboards.Choice {
	return dashboards.Choice{Garages: garages, From: from, To: now, Now: now, Clock: dashboards.Opening}
}

func wall(garages ...string) dashboards.Choice {
	c := chosen(garages...)
	c.Clock = dashboards.Wall
	return c
}

// before is a period of two days, two weeks ago: nothing came before it.
func before(garages ...string) dashboards.Choice {
	c := chosen(garages...)
	c.From, c.To = brug(19, 0, 0), brug(21, 0, 0)
	return c
}

func about(r car, garages ...string) dashboards.Choice {
	c := chosen(garages...)
	c.Repair = r.id()
	return c
}

// panels are those on ClickHouse, each once.
func panels() []dashboards.Panel {
	var all []dashboards.Panel
	for _, d := range dashboards.All {
		for _, p := range d.Panels {
			if p.SQL != "" && !slices.ContainsFunc(all, func(o dashboards.Panel) bool { return o.ID == p.ID }) {
				all = append(all, p)
			}
		}
	}
	return all
}

func (d database) show(t *testing.T, p dashboards.Panel, c dashboards.Choice) [][]any {
	t.Helper()
	columns, rows, err := d.Select(t.Context(), dashboards.Expand(p.SQL, c))
	if err != nil {
		t.Fatalf("%s: %v", p.ID, err)
	}
	var declared []string
	for _, c := range p.Columns {
		declared = append(declared, c.Name)
	}
	if diff := cmp.Diff(declared, columns); diff != "" && len(columns) > 0 {
		t.Fatalf("%s has other columns (-declared +selected):\n%s", p.ID, diff)
	}
	return rows
}

// TestPanels expects of every panel the rows that were derived by hand from the
// scenario, which the pipeline itself turned into records.
func TestPanels(t *testing.T) {
	db := filled(t)
	byID := make(map[string]dashboards.Panel)
	for _, p := range panels() {
		byID[p.ID] = p
	}
	shown := make(map[string]bool)
	for _, e := range slices.Concat(onWaiting, onNotifications, onService, onConversation) {
		shown[e.panel] = true
		t.Run(fmt.Sprintf("%s of %v in %s from %s", e.panel, e.Garages, e.Clock, e.From.Format("Jan 2")), func(t *testing.T) {
			p, ok := byID[e.panel]
			if !ok {
				t.Fatal("there is no such panel")
			}
			want := slices.Clone(e.rows)
			for i, row := range want {
				if len(row) == len(p.Columns)-1 { // a list: all of its rows are here
					want[i] = append(slices.Clip(row), len(want))
				}
			}
			if diff := cmp.Diff(numbers(want), numbers(db.show(t, p, e.Choice)), equal); diff != "" {
				t.Errorf("(-by hand +shown):\n%s", diff)
			}
		})
	}
	for id := range byID {
		if !shown[id] {
			t.Errorf("nothing is said about %s", id)
		}
	}
}

// A list that is cut says how many rows there are in all.
func TestCut(t *testing.T) {
	db := filled(t)
	for _, p := range panels() {
		cut := strings.Replace(p.SQL, "\nLIMIT 200\n", "\nLIMIT 1\n", 1)
		if cut == p.SQL {
			if strings.Contains(p.SQL, "\nLIMIT") && p.Kind == dashboards.Table {
				t.Errorf("%s is cut elsewhere", p.ID)
			}
			continue
		}
		all := db.show(t, p, chosen("brug", "oost"))
		p.SQL = cut
		rows := db.show(t, p, chosen("brug", "oost"))
		if len(all) == 0 || len(rows) != 1 || rows[0][len(p.Columns)-1] != int64(len(all)) {
			t.Errorf("%s: cut to one of %d rows it shows %v", p.ID, len(all), rows)
		}
	}
}

// equal takes for equal what differs by less than three seconds: how long a mail
// waits for its second try is a little different for each.
var equal = cmp.Options{cmpopts.EquateApprox(0, 0.05), cmpopts.EquateApproxTime(3 * time.Second), cmpopts.EquateEmpty()}

// numbers makes one type of all numbers.
func numbers(rows [][]any) [][]any {
	for _, row := range rows {
		for i, v := range row {
			switch n := v.(type) {
			case int:
				row[i] = float64(n)
			case int64:
				row[i] = float64(n)
			}
		}
	}
	return rows
}

// A garage without anything, and no garage at all, have figures of nothing.
func TestNothing(t *testing.T) {
	db := filled(t)
	for _, p := range panels() {
		for _, c := range []dashboards.Choice{chosen("leeg"), wall("leeg"), chosen(), chosen(`o'\`)} {
			rows := db.show(t, p, c)
			switch {
			case p.ID == dashboards.Freshness.ID: // it is of the whole
			case p.Kind != dashboards.Figure && len(rows) > 0:
				t.Errorf("%s shows %v", p.ID, rows)
			case p.Kind == dashboards.Figure && len(rows) != 1:
				t.Errorf("%s has %d rows", p.ID, len(rows))
			case p.Kind == dashboards.Figure:
				for i, v := range rows[0] {
					n, whole := v.(int64)
					f, _ := v.(float64)
					if v != nil && (n != 0 || f != 0 || !whole && p.Columns[i].Unit != dashboards.Hours) {
						t.Errorf("%s says %v of %s", p.ID, v, p.Columns[i].Name)
					}
				}
			}
		}
	}
}

// Records that come again, in other batches and another order, change no figure.
func TestReplay(t *testing.T) {
	want := filled(t)
	got := newDatabase(t, garages(t))
	records := scenario(t)
	random := rand.New(rand.NewPCG(1, 2))
	again := slices.Concat(records, records)
	random.Shuffle(len(again), func(i, j int) { again[i], again[j] = again[j], again[i] })
	for batch := range slices.Chunk(again, 97) {
		got.insert(t, batch)
	}
	for _, p := range panels() {
		if p.ID == dashboards.Freshness.ID {
			continue
		}
		for _, c := range []dashboards.Choice{chosen("brug", "oost"), wall("brug"), before("brug"), about(partly, "brug")} {
			if diff := cmp.Diff(want.show(t, p, c), got.show(t, p, c)); diff != "" {
				t.Errorf("%s (-once +twice):\n%s", p.ID, diff)
			}
		}
	}
}

// The figures of an approval equal those of the API.
func TestFiguresOfTheAPI(t *testing.T) {
	db := filled(t)
	for _, c := range []dashboards.Choice{chosen("brug"), chosen("brug", "oost"), wall("oost"), before("brug")} {
		answer, err := db.Latencies(t.Context(), latencyQuery("approval", c))
		must(t, err)
		var want, got [][]any
		for _, r := range answer.Rows {
			p := r.Opening
			if c.Clock == dashboards.Wall {
				p = r.Wall
			}
			var median any
			if r.N > 0 {
				median = p.P50 / 60
			}
			want = append(want, []any{r.Group, median, r.N, r.Open})
		}
		for _, p := range panels() {
			if p.ID == "approval-by-day" {
				for _, r := range db.show(t, p, c) {
					if r[4] != int64(0) || r[5] != int64(0) {
						got = append(got, []any{r[0].(time.Time).Format(time.DateOnly), r[1], r[4], r[5]})
					}
				}
			}
		}
		if diff := cmp.Diff(numbers(want), numbers(got)); diff != "" {
			t.Errorf("of %v (-API +panel):\n%s", c.Garages, diff)
		}
	}
}

// Who waits is who waits in the API's lists, of which the panel about messages leaves
// out the cars that are collected and the repairs that are cancelled.
func TestListsOfTheAPI(t *testing.T) {
	db := filled(t)
	for filter, id := range map[string]string{"waiting": "open-quotes", "needs-reply": "unanswered", "call": "calls"} {
		c := chosen("brug", "oost")
		listed, err := db.Conversations(t.Context(), readmodel.ConversationFilter{Garages: c.Garages, Filter: filter})
		must(t, err)
		var want, got []string
		for _, item := range listed.Items {
			if over := item.State == "collected" || item.State == "cancelled"; !over || id != "unanswered" {
				want = append(want, item.RepairID)
			}
		}
		for _, p := range panels() {
			if p.ID == id {
				for _, r := range db.show(t, p, c) {
					got = append(got, r[len(r)-2].(string)) // the link
				}
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" || len(want) == 0 {
			t.Errorf("%s (-API +panel):\n%s", filter, diff)
		}
	}
}

var codec = sync.OnceValues(func() (*avro.Codec, error) { return avro.NewCodec() })

func (d database) insert(t testing.TB, records []any) {
	t.Helper()
	c, err := codec()
	must(t, err)
	must(t, clickhouse.Insert(t.Context(), d.conn, c, records...))
}

// filled is a database with the scenario in it.
func filled(t testing.TB) database {
	t.Helper()
	return fill(t, newDatabase(t, garages(t)))
}

func fill(t testing.TB, db database) database {
	t.Helper()
	db.insert(t, scenario(t))
	must(t, db.conn.Exec(t.Context(), "INSERT INTO freshness VALUES ('events', 0, ?), ('events', 1, ?)", now.Add(-time.Second), now.Add(-4*time.Second)))
	return db
}
