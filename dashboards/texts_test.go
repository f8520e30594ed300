package dashboards_test

import (
	"cmp"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"pitstop/dashboards"
	"pitstop/schemas/locale"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

var id = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// Everything has a stable name of its own and a text in every language.
func TestTexts(t *testing.T) {
	check := func(where, name string, texts ...locale.Text) {
		if !id.MatchString(name) {
			t.Errorf("%s: %q is no id", where, name)
		}
		for i, text := range texts {
			if strings.TrimSpace(text.NL) == "" || strings.TrimSpace(text.EN) == "" {
				t.Errorf("%s: text %d is missing: %+v", where, i+1, text)
			}
		}
	}
	var boards []string
	for _, d := range dashboards.All {
		check(d.ID, d.ID, d.Title, d.For)
		if slices.Contains(boards, d.ID) {
			t.Errorf("two dashboards are called %s", d.ID)
		}
		boards = append(boards, d.ID)
		var names []string
		for _, p := range d.Panels {
			where := d.ID + "/" + p.ID
			check(where, p.ID, p.Title, p.Question, p.Definition, p.Empty)
			if slices.Contains(names, p.ID) {
				t.Errorf("%s: two panels have this name", where)
			}
			names = append(names, p.ID)
			if !strings.HasSuffix(p.Question.NL, "?") || !strings.HasSuffix(p.Definition.NL, ".") {
				t.Errorf("%s: a question ends in ?, a definition in a full stop", where)
			}
			if p.SQL != "" && p.Now && strings.Contains(p.SQL, "$__") {
				t.Errorf("%s shows the present, but asks for the period", where)
			}
			for _, c := range p.Columns {
				check(where+"/"+c.Name, strings.ReplaceAll(c.Name, "_", "-"), c.Title)
				for code, text := range c.Values {
					check(where+"/"+c.Name, "code", text)
					if code == "" {
						t.Errorf("%s: nothing has a name", where)
					}
				}
				for _, kind := range record.NotificationKinds {
					if _, named := c.Values[string(kind)]; c.Name == "about" && !named {
						t.Errorf("%s/about: %s has no name", where, kind)
					}
				}
			}
		}
	}
	for _, a := range slices.Concat(dashboards.Alerts, dashboards.PipelineAlerts) {
		check(a.ID, a.ID, a.Title, a.Summary)
		if (a.SQL == "") == (a.Expr == "") || strings.Contains(a.SQL, "$__") || strings.Contains(a.SQL, "${") {
			t.Errorf("%s: an alert has SQL or PromQL, without variables", a.ID)
		}
	}
}

// A panel's columns have the roles and units from which its picture is drawn.
func TestPanelsCanBeDrawn(t *testing.T) {
	for _, d := range dashboards.All {
		for _, p := range d.Panels {
			where := d.ID + "/" + p.ID
			roles := make(map[dashboards.Role]int)
			for _, c := range p.Columns {
				roles[c.Role]++
				if c.Role == dashboards.Value && c.Unit != p.Unit {
					t.Errorf("%s: the value %s is in %q, the panel in %q", where, c.Name, c.Unit, p.Unit)
				}
			}
			switch values, labels := roles[dashboards.Value], roles[dashboards.Label]; p.Kind {
			case dashboards.Figure:
				if values != 1 || labels != 0 {
					t.Errorf("%s: a figure has one value, not %d, and no label", where, values)
				}
			case dashboards.Trend, dashboards.Bars:
				if values == 0 || labels != 1 {
					t.Errorf("%s: %s have values, not %d, and one label, not %d", where, p.Kind, values, labels)
				}
			case dashboards.Table:
				if labels != 0 {
					t.Errorf("%s: a table has no label", where)
				}
			case dashboards.Rates:
				if len(p.Queries) == 0 {
					t.Errorf("%s has no queries", where)
				}
			default:
				t.Errorf("%s: a panel is no %q", where, p.Kind)
			}
			if _, err := os.Stat("sql/" + cmp.Or(p.File, p.ID) + ".sql"); p.SQL != "" && err != nil {
				t.Errorf("%s: %v", where, err)
			}
		}
	}
}

// The timeline has a name for everything that can stand on it: each event, of a
// decision and a message each kind that managers may see, and each record about a notification.
func TestTimelineNamesEverything(t *testing.T) {
	what := timelineValues("what")
	kinds := map[string][]string{
		"QuoteDecided":  {string(repair.Approved), string(repair.PartlyApproved), string(repair.Rejected)},
		"MessagePosted": {string(repair.Text), string(repair.Callback)},
		// The view of the timeline leaves out what the roles say to each other.
		"NotificationRecalled": nil, "DeliveryWithheld": nil,
	}
	if what["CommandRefused"] == (locale.Text{}) {
		t.Error("a command that was refused has no name on the timeline")
	}
	named := 1
	for _, rec := range record.Types() {
		if !slices.ContainsFunc([]record.Topic{record.Events, record.Notifications, record.Deliveries}, func(topic record.Topic) bool {
			return record.Belongs(topic.Name, reflect.New(rec).Interface())
		}) {
			continue
		}
		names, several := kinds[rec.Name()]
		if !several {
			names = []string{rec.Name()}
		}
		for _, name := range names {
			if named++; what[name] == (locale.Text{}) {
				t.Errorf("%s has no name on the timeline: give it one in conversation.go", name)
			}
		}
	}
	if named != len(what) {
		t.Errorf("the timeline has %d names for %d things", len(what), named)
	}
}

// Every method, code and reason that can stand beside a row of the timeline has words.
func TestTimelineExplainsEverything(t *testing.T) {
	details := timelineValues("detail")
	for name, types := range map[string][]string{
		"../schemas/repair": {"Method", "Code"}, "../schemas/record": {"SuppressReason", "CallReason"},
	} {
		for _, typ := range types {
			values := constantsOf(t, name, typ)
			if len(values) < 3 {
				t.Fatalf("%s has %d constants of type %s", name, len(values), typ)
			}
			for _, value := range values {
				// A key that was used for another request makes a duplicate, which is no row.
				if value != string(repair.KeyReused) && details[value] == (locale.Text{}) {
					t.Errorf("%s %s has no words on the timeline: give it some in conversation.go or columns.go", typ, value)
				}
			}
		}
	}
}

// timelineValues returns the names of what a column of the timeline may hold.
func timelineValues(column string) map[string]locale.Text {
	for _, p := range dashboards.Conversation.Panels {
		for _, c := range p.Columns {
			if p.ID == "timeline" && c.Name == column {
				return c.Values
			}
		}
	}
	return nil
}

// constantsOf returns the values of a package's constants of a type.
func constantsOf(t *testing.T, dir, typ string) (values []string) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	must(t, err)
	for _, name := range names {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		must(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			if is, ok := spec.Type.(*ast.Ident); ok && is.Name == typ {
				for _, v := range spec.Values {
					if lit, ok := v.(*ast.BasicLit); ok {
						value, err := strconv.Unquote(lit.Value)
						must(t, err)
						values = append(values, value)
					}
				}
			}
			return true
		})
	}
	return values
}

// The queries show plates as the pages and mails do.
func TestPlates(t *testing.T) {
	db := newDatabase(t, garages(t))
	var car dashboards.Panel
	for _, p := range panels() {
		if p.ID == "car" {
			car = p
		}
	}
	functions, _, found := strings.Cut(car.SQL, "\nSELECT")
	if !found {
		t.Fatalf("the query has changed: %s", car.SQL)
	}
	rapid.Check(t, func(rt *rapid.T) {
		var plates, literals, want []string
		country := rapid.SampledFrom([]string{"", "NL", "DE"}).Draw(rt, "country")
		for range 50 {
			plate := rapid.StringMatching(`[A-Z]{0,4}[0-9]{0,4}[A-Z]{0,4}[0-9]{0,3}|[A-Z0-9]{6}|[A-Z]{1,2}[0-9]{2,3}[A-Z]{1,3}`).Draw(rt, "plate")
			plates = append(plates, plate)
			literals = append(literals, "'"+plate+"'")
			want = append(want, locale.Plate(plate, country))
		}
		_, rows, err := db.Select(t.Context(), functions+"\nSELECT shown(p, '"+country+"') FROM (SELECT arrayJoin(["+strings.Join(literals, ", ")+"]) AS p)")
		if err != nil {
			rt.Fatal(err)
		}
		for i, row := range rows {
			if row[0] != want[i] {
				rt.Fatalf("%s of %q is shown as %v, not %s", plates[i], country, row[0], want[i])
			}
		}
	})
}
