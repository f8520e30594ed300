package grafana

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pitstop/dashboards"
	"pitstop/dashboards/grafana/grafanatest"
	"pitstop/schemas/locale"
)

// start returns a Grafana, and a Server that logs in to it as its administrator.
func start(t *testing.T) (*grafanatest.Server, Server) {
	t.Helper()
	fake := grafanatest.New()
	h := httptest.NewServer(fake)
	t.Cleanup(h.Close)
	return fake, Server{
		URL: h.URL, User: grafanatest.User, Password: grafanatest.Password,
		Timeout: 5 * time.Second, Wait: time.Millisecond,
	}
}

// of is a small organisation.
func of(id string) Organisation {
	return Organisation{
		Name: NameOf(id), Lang: locale.NL, Dashboards: []dashboards.Dashboard{dashboards.Waiting},
		Alerts: []dashboards.Alert{{
			ID: "too-long", Title: locale.Text{NL: "Te lang", EN: "Too long"},
			Summary: locale.Text{NL: "{{ $labels.plate }} wacht", EN: "{{ $labels.plate }} waits"},
			SQL:     "SELECT plate, 1 AS value FROM conversations WHERE waiting", For: time.Minute, Severity: dashboards.Warning,
		}},
		ClickHouse: ClickHouse{Host: "clickhouse", Port: 9000, Database: "pitstop_readers", User: "pitstop_reader_" + id, Password: "of " + id},
	}
}

// outcome returns what a run reported, a line for each organisation and for each object
// that is not as it should be.
func outcome(run func(context.Context, []Organisation, func(Report)) error, organisations ...Organisation) string {
	var b strings.Builder
	err := run(context.Background(), organisations, func(r Report) {
		fmt.Fprintf(&b, "%s new=%v", r.Organisation, r.New)
		if r.Err != nil {
			fmt.Fprintf(&b, " error: %v", r.Err)
		}
		b.WriteString("\n")
		for _, s := range r.Steps {
			if s.Verb == Keep && s.Err == nil {
				continue
			}
			fmt.Fprintf(&b, "  %s %s %s", s.Verb, s.Kind, s.UID)
			for _, f := range s.Fields {
				fmt.Fprintf(&b, "\n    %s", f)
			}
			if s.Err != nil {
				fmt.Fprintf(&b, " error: %v", s.Err)
			}
			b.WriteString("\n")
		}
	})
	if err != nil {
		fmt.Fprintf(&b, "error: %v\n", err)
	}
	return b.String()
}

func expect(t *testing.T, what, got, want string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

const created = `Pitstop brug new=true
  create folder pitstop
  create data source pitstop-clickhouse
  create dashboard pitstop-waiting
  create alert rules Pitstop
`

func TestApplyCreatesThenKeeps(t *testing.T) {
	for _, fills := range []bool{false, true} {
		fake, grafana := start(t)
		fake.Fills = fills
		expect(t, "plan", outcome(grafana.Plan, of("brug")), created)
		if len(fake.Writes) > 0 {
			t.Fatalf("plan wrote %v", fake.Writes)
		}
		expect(t, "apply", outcome(grafana.Apply, of("brug")), created)
		in := "Pitstop brug"
		expect(t, "writes", strings.Join(fake.Writes, "\n"), strings.Join([]string{
			"POST /api/orgs in Main Org.", // the administrator's own
			"POST /api/folders in " + in, "POST /api/datasources in " + in, "POST /api/dashboards/db in " + in,
			"PUT /api/v1/provisioning/folder/pitstop/rule-groups/Pitstop in " + in,
		}, "\n"))
		fake.Writes = nil
		expect(t, "plan again", outcome(grafana.Plan, of("brug")), "Pitstop brug new=false\n")
		expect(t, "apply again", outcome(grafana.Apply, of("brug")), "Pitstop brug new=false\n")
		if len(fake.Writes) > 0 {
			t.Errorf("with fills %v the second apply wrote %v", fills, fake.Writes)
		}
		if got := fake.Organisation(in).Sources[clickhouseUID]["secret"]; !cmp.Equal(got, grafanatest.Object{"password": "of brug"}) {
			t.Errorf("the data source was given %v", got)
		}
	}
}

// What somebody changed by hand shows in the plan, and apply puts it back, at once:
// however far behind Grafana's index of dashboards is.
func TestApplyPutsBack(t *testing.T) {
	fake, grafana := start(t)
	fake.Behind = true
	outcome(grafana.Apply, of("brug"))
	o := fake.Organisation("Pitstop brug")
	o.Folders[folderUID]["title"] = "Mine"
	d := o.Dashboards["pitstop-waiting"]["dashboard"].(grafanatest.Object)
	d["title"], d["editable"] = "Wait", true
	d["links"] = []any{grafanatest.Object{"title": "elsewhere"}}
	panel := d["panels"].([]any)[0].(grafanatest.Object)
	panel["targets"].([]any)[0].(grafanatest.Object)["rawSql"] = "SELECT 1"
	panel["transformations"] = []any{grafanatest.Object{"id": "limit"}}
	o.Sources[clickhouseUID]["jsonData"].(grafanatest.Object)["tlsSkipVerify"] = true
	o.Rules[groupTitle]["rules"].([]any)[0].(grafanatest.Object)["isPaused"] = true
	want := fmt.Sprintf(`Pitstop brug new=false
  change folder pitstop
    title: "Mine" -> "Pitstop"
  change data source pitstop-clickhouse
    settings.tlsSkipVerify: true -> nothing
  change dashboard pitstop-waiting
    editable: true -> false
    panels[%s].targets[A].rawSql: "SELECT 1" -> a text of %d characters
    panels[%s].transformations: list of 1 -> nothing
    title: "Wait" -> "Wachten"
    links: list of 1 -> nothing
  change alert rules Pitstop
    rules[Te lang].isPaused: true -> false
`, panel["title"], len([]rune(dashboards.Waiting.Panels[0].SQL)), panel["title"])
	expect(t, "plan", outcome(grafana.Plan, of("brug")), want)
	expect(t, "apply", outcome(grafana.Apply, of("brug")), want)
	expect(t, "plan after", outcome(grafana.Plan, of("brug")), "Pitstop brug new=false\n")
}

func TestApplyChangesThePassword(t *testing.T) {
	fake, grafana := start(t)
	o := of("brug")
	outcome(grafana.Apply, o)
	o.ClickHouse.Password = "another"
	want := "Pitstop brug new=false\n  change data source pitstop-clickhouse\n    password, or certificates to trust\n"
	expect(t, "plan", outcome(grafana.Plan, o), want)
	expect(t, "apply", outcome(grafana.Apply, o), want)
	expect(t, "again", outcome(grafana.Apply, o), "Pitstop brug new=false\n")
	source := fake.Organisation("Pitstop brug").Sources[clickhouseUID]
	if got := source["secret"].(grafanatest.Object)["password"]; got != "another" {
		t.Errorf("the password is %v", got)
	}
	o.ClickHouse.CA = "PEM"
	expect(t, "other certificates", outcome(grafana.Apply, o), `Pitstop brug new=false
  change data source pitstop-clickhouse
    secrets.tlsCACert: false -> true
    password, or certificates to trust
    settings.tlsAuthWithCACert: nothing -> true
`)
	source = fake.Organisation("Pitstop brug").Sources[clickhouseUID]
	source["secret"].(grafanatest.Object)["theirs"] = "x"
	expect(t, "again", outcome(grafana.Apply, o), "Pitstop brug new=false\n")
	if public := fmt.Sprint(source["jsonData"]); strings.Contains(public, "another") {
		t.Errorf("the password stands in %s", public)
	}
}

// Only what is Pitstop's goes when no definition has it any more.
func TestApplyRemoves(t *testing.T) {
	fake, grafana := start(t)
	outcome(grafana.Apply, of("brug"))
	o := fake.Organisation("Pitstop brug")
	add := func(uid string, tags ...any) {
		o.Dashboards[uid] = grafanatest.Object{"folderUid": folderUID, "dashboard": grafanatest.Object{"uid": uid, "title": uid, "tags": tags}}
	}
	add("pitstop-old", tag)
	add("ad8c1f", tag)         // a copy that somebody made
	add("pitstop-not", "mine") // not tagged
	rule := func(uid, group string) grafanatest.Object {
		return grafanatest.Object{"rules": []any{grafanatest.Object{"uid": uid, "ruleGroup": group, "folderUID": folderUID}}}
	}
	o.Rules["Old"], o.Rules["Mine"] = rule("pitstop-old", "Old"), rule("f00", "Mine")
	want := "Pitstop brug new=false\n  delete dashboard pitstop-old\n  delete alert rules Old\n"
	expect(t, "plan", outcome(grafana.Plan, of("brug")), want)
	expect(t, "apply", outcome(grafana.Apply, of("brug")), want)
	expect(t, "again", outcome(grafana.Apply, of("brug")), "Pitstop brug new=false\n")
	if len(o.Dashboards) != 3 || len(o.Rules) != 2 {
		t.Errorf("left are %d dashboards and %d groups", len(o.Dashboards), len(o.Rules))
	}
}

func TestApplyKeepsOrganisationsApart(t *testing.T) {
	fake, grafana := start(t)
	outcome(grafana.Apply, of("brug"), of("noord"))
	for _, id := range []string{"brug", "noord"} {
		source := fake.Organisation(NameOf(id)).Sources[clickhouseUID]
		if got := source["jsonData"].(grafanatest.Object)["username"]; got != "pitstop_reader_"+id {
			t.Errorf("organisation of %s logs in as %v", id, got)
		}
	}
	if main := fake.Organisation("Main Org."); len(main.Sources)+len(main.Dashboards)+len(main.Folders)+len(main.Rules) > 0 {
		t.Error("something was written into an organisation of another name")
	}
}

func TestToken(t *testing.T) {
	_, grafana := start(t)
	grafana.User, grafana.Password, grafana.Token = "", "", grafanatest.Token
	o := of("brug")
	expect(t, "another name", outcome(grafana.Apply, o),
		"Pitstop brug new=false error: organisation Pitstop brug: the token is of organisation \"Main Org.\": give --organisation \"Main Org.\" if that is meant, or another token\nerror: 1 of 1 organisations failed\n")
	o.Name = "Main Org."
	if got := outcome(grafana.Apply, o); strings.Contains(got, "error") {
		t.Errorf("apply: %s", got)
	}
	expect(t, "again", outcome(grafana.Plan, o), "Main Org. new=false\n")
}

// Between reading and writing somebody else saves: it is compared again.
func TestApplyAgainstOthers(t *testing.T) {
	fake, grafana := start(t)
	outcome(grafana.Apply, of("brug"))
	o := fake.Organisation("Pitstop brug")
	saved := o.Dashboards["pitstop-waiting"]["dashboard"].(grafanatest.Object)
	saved["title"] = "Wait"
	fake.Before = func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPost {
			fake.Before = nil
			saved["version"], saved["title"] = saved["version"].(float64)+1, "Waits"
		}
		return false
	}
	expect(t, "apply", outcome(grafana.Apply, of("brug")),
		"Pitstop brug new=false\n  change dashboard pitstop-waiting\n    title: \"Waits\" -> \"Wachten\"\n")
	expect(t, "again", outcome(grafana.Plan, of("brug")), "Pitstop brug new=false\n")
}

// refuse answers a request about the data source of one organisation, the first
// n times.
func refuse(fake *grafanatest.Server, n int, answer func(http.ResponseWriter, *http.Request)) {
	var left atomic.Int64 // a request that was given up may still come to its handler
	left.Store(int64(n))
	fake.Before = func(w http.ResponseWriter, r *http.Request) bool {
		about := strings.HasPrefix(r.URL.Path, "/api/datasources") && r.Header.Get("X-Grafana-Org-Id") == "2"
		if !about || left.Add(-1) < 0 {
			return false
		}
		answer(w, r)
		return true
	}
}

func reply(status int, body string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func page(status int) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "<html>proxy</html>")
	}
}

func cutOff(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", "1000")
	_, _ = io.WriteString(w, `{"uid": "pitstop-`)
}

func slow(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

const always = 1 << 30

// A failure names the object and the organisation and says why, and the other
// organisation is applied all the same.
func TestFailures(t *testing.T) {
	for name, tc := range map[string]struct {
		times  int
		answer func(http.ResponseWriter, *http.Request)
		want   string // of the error; empty: none
	}{
		"401":                 {always, reply(401, `{"message":"Invalid username or password"}`), "401 Unauthorized: Invalid username or password (is the user, password or token right?)"},
		"403":                 {always, reply(403, `{"message":"Permissions needed: datasources:write"}`), "403 Forbidden: Permissions needed: datasources:write"},
		"404 of a proxy":      {always, page(404), "404 Not Found: a web page where Grafana's API should be"},
		"200 of a proxy":      {always, page(200), "200 OK: a web page where Grafana's API should be"},
		"409 for ever":        {always, reply(409, `{"message":"data source with the same name already exists"}`), "409 Conflict: data source with the same name already exists (something else there has its name, or it was provisioned from files)"},
		"412 for ever":        {always, reply(412, `{"message":"changed"}`), "412 Precondition Failed: changed (somebody changes it at the same time)"},
		"412 twice":           {2, reply(412, `{"message":"changed"}`), ""},
		"5xx for ever":        {always, reply(503, `{"message":"database is locked"}`), "503 Service Unavailable: database is locked"},
		"5xx three times":     {3, reply(500, `{}`), ""},
		"429 once":            {1, reply(429, ``), ""},
		"redirect":            {always, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/login", http.StatusFound) }, "302 Found: it points to /login (is --grafana-url right?)"},
		"slow for ever":       {always, slow, "no answer within 100ms"},
		"slow once":           {1, slow, ""},
		"cut off for ever":    {always, cutOff, "unexpected EOF"},
		"cut off once":        {1, cutOff, ""},
		"no JSON":             {always, reply(200, `{"uid": `), "unexpected EOF"},
		"null":                {always, reply(200, `null`), "settings: nothing -> something"},
		"an unknown success":  {always, reply(202, `{}`), "202"},
		"an unknown refusal":  {always, reply(418, `{"message":"teapot"}`), "418 I'm a teapot: teapot"},
		"of the wrong kind":   {always, reply(200, `[1]`), "cannot unmarshal array"},
		"wrong kind of field": {always, reply(200, `{"jsonData": 3}`), "settings: 3 -> something"},
	} {
		t.Run(name, func(t *testing.T) {
			fake, grafana := start(t)
			outcome(grafana.Apply, of("a"))
			if strings.HasPrefix(name, "slow") {
				grafana.Timeout = 100 * time.Millisecond
			}
			refuse(fake, tc.times, tc.answer)
			var reports []Report
			err := grafana.Plan(t.Context(), []Organisation{of("a"), of("b")}, func(r Report) { reports = append(reports, r) })
			if len(reports) != 2 || reports[1].Failed() {
				t.Fatalf("the other organisation: %+v", reports)
			}
			step := reports[0].Steps[1]
			if step.Kind != DataSource || step.UID != clickhouseUID || len(reports[0].Steps) != 4 {
				t.Fatalf("steps: %+v", reports[0].Steps)
			}
			switch {
			case strings.Contains(tc.want, "->"): // an answer that Grafana may give
				if err != nil || step.Verb != Change || !strings.Contains(fmt.Sprint(step.Fields), tc.want) {
					t.Errorf("step is %+v, error %v", step, err)
				}
			case tc.want == "":
				if err != nil || step.Err != nil || step.Verb != Keep {
					t.Errorf("step is %+v, error %v", step, err)
				}
			default:
				if step.Err == nil || !strings.Contains(step.Err.Error(), tc.want) {
					t.Errorf("step says %v, want %s", step.Err, tc.want)
				}
				if err == nil || err.Error() != "1 of 2 organisations failed" {
					t.Errorf("in all: %v", err)
				}
			}
		})
	}
}
