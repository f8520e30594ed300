package grafana

import (
	"encoding/json"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"pitstop/dashboards"
	"pitstop/schemas/locale"
)

// board is what the tests read of a dashboard's JSON.
type board struct {
	ID, Version         any
	UID, Title, Refresh string
	Editable            *bool
	Tags                []string
	Time                struct{ From, To string }
	Links               []struct{ URL string }
	Templating          struct{ List []struct{ Name string } }
	Panels              []panelJSON
}

type panelJSON struct {
	ID                 int
	Title, Description string
	Datasource         struct{ Type, UID string }
	GridPos            struct{ X, Y, W, H int }
	FieldConfig        struct {
		Defaults  struct{ NoValue string }
		Overrides []struct{ Matcher struct{ Options string } }
	}
	Targets []struct {
		RefID, RawSQL, Expr, EditorType, QueryType, PluginVersion string
		Format                                                    int
		Datasource                                                struct{ Type, UID string }
	}
}

// written returns every dashboard's JSON in every language, by its file's name.
func written(t *testing.T) map[string][]byte {
	t.Helper()
	all := make(map[string][]byte)
	for _, lang := range locale.Langs {
		files, err := operator(lang).Files("/etc/grafana/provisioning")
		if err != nil {
			t.Fatal(err)
		}
		for name, b := range files {
			if path.Ext(name) == ".json" {
				all[string(lang)+"/"+path.Base(name)] = b
			}
		}
	}
	if len(all) != len(dashboards.All)*len(locale.Langs) {
		t.Fatalf("%d files of %d dashboards in %d languages", len(all), len(dashboards.All), len(locale.Langs))
	}
	return all
}

func read(t *testing.T, name string, b []byte) board {
	t.Helper()
	var d board
	if err := json.Unmarshal(b, &d); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return d
}

var variable = regexp.MustCompile(`\$\{?(\w+)(:\w+)?\}?`)

// used returns the variables and macros in a query.
func used(query string) map[string]bool {
	names := make(map[string]bool)
	for _, m := range variable.FindAllStringSubmatch(query, -1) {
		names[m[1]] = true
	}
	return names
}

func TestDashboardsAreWhole(t *testing.T) {
	macros := []string{"__fromTime_ms", "__toTime_ms", "__rate_interval"}
	for file, b := range written(t) {
		t.Run(file, func(t *testing.T) {
			d := read(t, file, b)
			if d.ID != nil || d.Version != nil || d.Editable == nil || *d.Editable || d.Refresh != "1m" || d.Time.From != "now-7d" || !slices.Contains(d.Tags, tag) {
				t.Errorf("head is %+v", d)
			}
			if d.UID+".json" != path.Base(file) || d.Title == "" || len(d.Panels) == 0 {
				t.Errorf("dashboard %s %q has %d panels", d.UID, d.Title, len(d.Panels))
			}
			defined, wanted := make(map[string]bool), make(map[string]bool)
			for _, v := range d.Templating.List {
				defined[v.Name] = true
			}
			cells := make(map[[2]int]int)
			for i, p := range d.Panels {
				if p.ID != i+1 || p.Title == "" || p.Datasource.UID == "" || len(p.Targets) == 0 || p.FieldConfig.Defaults.NoValue == "" {
					t.Errorf("panel %d %q lacks something", p.ID, p.Title)
				}
				if !regexp.MustCompile(`(?s)^\*\*.+\*\*\n\n.+`).MatchString(p.Description) {
					t.Errorf("panel %q is described as %q", p.Title, p.Description)
				}
				for _, q := range p.Targets {
					if q.Datasource != p.Datasource || (q.RawSQL == "") == (q.Expr == "") {
						t.Errorf("panel %q asks %+v", p.Title, q)
					}
					if q.RawSQL != "" && (q.EditorType != "sql" || q.QueryType != "table" || q.Format != 1 || q.PluginVersion < "4" || q.Datasource.UID != clickhouseUID) {
						t.Errorf("panel %q asks ClickHouse as %+v", p.Title, q)
					}
					for name := range used(q.RawSQL + q.Expr) {
						switch {
						case slices.Contains(macros, name):
						case defined[name]:
							wanted[name] = true
						default:
							t.Errorf("panel %q uses $%s, which nothing defines", p.Title, name)
						}
					}
				}
				for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
					for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
						if other := cells[[2]int{x, y}]; other != 0 || x >= 24 {
							t.Fatalf("panel %q lies over panel %d, or out of the grid", p.Title, other)
						}
						cells[[2]int{x, y}] = p.ID
					}
				}
			}
			if !maps.Equal(defined, wanted) {
				t.Errorf("variables %v are defined, %v used", defined, wanted)
			}
		})
	}
}

// Grafana puts a space between a number and its suffix, and none between a prefix
// and its number.
func TestUnits(t *testing.T) {
	for file, b := range written(t) {
		for _, unit := range regexp.MustCompile(`"(prefix|suffix):[^"]*"`).FindAllString(string(b), -1) {
			if strings.HasPrefix(unit, `"suffix: `) || (strings.HasPrefix(unit, `"prefix`) && !strings.HasSuffix(unit, ` "`)) {
				t.Errorf("%s has unit %s", file, unit)
			}
		}
	}
	for currency, want := range map[string]string{"EUR": "prefix:€ ", "SEK": "prefix:SEK ", "": "none"} {
		if got := (style{currency: currency}).unit(dashboards.Money).unit; got != want {
			t.Errorf("amounts in %q have unit %q, want %q", currency, got, want)
		}
	}
}

// The links to the other dashboards are seen at once: a placement would move them
// into a menu of Grafana's.
func TestPlacement(t *testing.T) {
	for file, b := range written(t) {
		if strings.Contains(string(b), `"placement": "inControlsMenu"`) {
			t.Errorf("%s has something in the menu", file)
		}
	}
}

// Each link leads to a dashboard that there is.
func TestLinks(t *testing.T) {
	files := written(t)
	known := make(map[string]bool)
	for file := range files {
		known["/d/"+strings.TrimSuffix(path.Base(file), ".json")] = true
	}
	address := regexp.MustCompile(`/d/[a-z0-9-]+`)
	links := 0
	for file, b := range files {
		for _, a := range address.FindAllString(string(b), -1) {
			links++
			if !known[a] {
				t.Errorf("%s links to %s", file, a)
			}
		}
	}
	if links == 0 {
		t.Error("no links")
	}
}

func TestPositions(t *testing.T) {
	var panels []dashboards.Panel
	for _, size := range [][2]uint32{{24, 3}, {12, 4}, {6, 5}, {12, 2}, {6, 1}, {6, 1}} {
		panels = append(panels, dashboards.Panel{Width: size[0], Height: size[1]})
	}
	var got []string
	for _, p := range positions(panels) {
		b, _ := json.Marshal([]uint32{p.X, p.Y})
		got = append(got, string(b))
	}
	if want := "[0,0] [0,3] [12,3] [0,8] [12,8] [18,8]"; strings.Join(got, " ") != want {
		t.Errorf("positions %s, want %s", got, want)
	}
}

// Missing values say so, codes have names, and a column of
// ids leads to its conversations.
func TestColumn(t *testing.T) {
	s := style{lang: locale.NL, siblings: []dashboards.Dashboard{{ID: conversation}}}
	b, err := marshal(s.properties(dashboards.Panel{Kind: dashboards.Table}, dashboards.Column{
		Name: "repair", Title: locale.Text{NL: "Gesprek"}, Role: dashboards.Link, Values: map[string]locale.Text{"x": {NL: "Naam"}},
	}))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"value": "Gesprek"`, `"match": "null+nan"`, `"text": "–"`, `"x": {`, `"text": "Naam"`,
		`"url": "/d/pitstop-conversation?var-repair=${__value.raw}&${__url_time_range}"`,
	} {
		if !strings.Contains(string(b), want) {
			t.Errorf("no %s in %s", want, b)
		}
	}
}

func TestThresholds(t *testing.T) {
	for _, tc := range []struct {
		t    *dashboards.Threshold
		want string
	}{
		{nil, `text`},
		{&dashboards.Threshold{Good: 30, Bad: 120}, `green, yellow from 30.001, red from 120.001`},
		{&dashboards.Threshold{Good: 90, Bad: 70, HigherIsBetter: true}, `red, yellow from 70, green from 90`},
		{&dashboards.Threshold{Good: 1, Bad: 1, HigherIsBetter: true}, `red, green from 1`},
		{&dashboards.Threshold{}, `green, red from 0.001`},
	} {
		var steps []string
		for _, s := range thresholds(tc.t).Steps {
			step := s.Color
			if s.Value != nil {
				b, _ := json.Marshal(*s.Value)
				step += " from " + string(b)
			}
			steps = append(steps, step)
		}
		if got := strings.Join(steps, ", "); got != tc.want {
			t.Errorf("%+v is %s, want %s", tc.t, got, tc.want)
		}
	}
}

// Grafana takes $ in a file for a variable of the environment, except in queries.
func TestRulesInFiles(t *testing.T) {
	files, err := operator(locale.NL).Files("/etc/grafana/provisioning")
	if err != nil {
		t.Fatal(err)
	}
	var read struct {
		Groups []struct {
			Interval string
			Rules    []struct {
				UID, Title, Condition, For, NoDataState, ExecErrState string
				Annotations                                           map[string]string
				Data                                                  []struct {
					RefID         string `yaml:"refId"`
					DatasourceUID string `yaml:"datasourceUid"`
					Model         map[string]any
				}
			}
		}
	}
	if err := yaml.Unmarshal(files["alerting/pitstop.yaml"], &read); err != nil {
		t.Fatal(err)
	}
	if len(read.Groups) != 1 || len(read.Groups[0].Rules) != len(operator(locale.NL).Alerts) {
		t.Fatalf("groups: %+v", read.Groups)
	}
	for _, r := range read.Groups[0].Rules {
		if strings.Contains(r.Title+r.Annotations["summary"], "$") {
			t.Errorf("rule %s says %s", r.UID, r.Annotations["summary"])
		}
		if len(r.UID) > 40 || r.Title == "" || r.Condition != "B" || len(r.Data) != 2 || r.Data[1].DatasourceUID != "__expr__" {
			t.Errorf("rule %+v", r)
		}
		if sql, ok := r.Data[0].Model["rawSql"].(string); ok && len(used(sql)) > 0 {
			t.Errorf("rule %s uses %v, which a rule has not", r.UID, used(sql))
		}
	}
}
