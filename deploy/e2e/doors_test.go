package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Opening time, by hand: a garage that is open from Monday to Friday from 8:00
// to 12:30 and from 13:00 to 17:30, on Saturday from 9:00 to 13:00, and closed
// on Ascension Day, Thursday 29 May 2025.
func TestContract_LatenciesInOpeningHours(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared(t), "week")
	local := func(day, hour, minute int) string {
		return fmt.Sprintf("2025-05-%02dT%02d:%02d:00+02:00", day, hour, minute)
	}
	tell := func(begun, asked, decided, done string) {
		j := w.start(object{"occurred_at": begun})
		j.ask(object{"occurred_at": asked, "expires_at": "2099-01-01T00:00:00Z"})
		w.as("customer_service").post(j.at("/quotes/1/decision"), with(answers("approve", "approve", 38795), object{"occurred_at": decided})).taken(http.StatusOK)
		w.as("mechanic").post(j.at("/completion"), object{"occurred_at": done, "total": 67695}).taken(http.StatusOK)
	}
	tell(local(16, 16, 0), local(16, 16, 30), local(19, 9, 15), local(19, 10, 30))  // over a weekend
	tell(local(28, 12, 0), local(28, 12, 15), local(28, 13, 10), local(30, 13, 30)) // over a holiday
	seconds := func(hours, minutes int) float64 { return float64(hours*3600 + minutes*60) }
	row := func(group string, wall, opening [3]float64, n int) (f figures) {
		f.Group, f.N = group, n
		f.Wall.P50, f.Wall.P90, f.Wall.P99 = wall[0], wall[1], wall[2]
		f.Opening.P50, f.Opening.P90, f.Opening.P99 = opening[0], opening[1], opening[2]
		return f
	}
	three := func(s float64) [3]float64 { return [3]float64{s, s, s} }
	between := func(low, high float64) [3]float64 { // of two values
		return [3]float64{low + 0.5*(high-low), low + 0.9*(high-low), low + 0.99*(high-low)}
	}
	until(t, "both repairs are measured", func() string {
		if rows := w.latencies("measure=turnaround&from=2025-01-01T00:00:00Z"); len(rows) != 1 || rows[0].N != 2 {
			return fmt.Sprintf("turnaround is %+v", rows)
		}
		return ""
	})
	for _, c := range []struct {
		query string
		want  []figures
	}{
		// Friday 16:00 to Monday 10:30: 1.5 + 4 + 2.5 hours; Wednesday 12:00 to Friday 13:30: 0.5 + 4.5 + 0 + 4.5 + 0.5.
		{"measure=turnaround&from=2025-05-01T00:00:00Z&to=2025-05-20T00:00:00Z", []figures{row("", three(seconds(66, 30)), three(seconds(8, 0)), 1)}},
		{"measure=turnaround&from=2025-05-20T00:00:00Z", []figures{row("", three(seconds(49, 30)), three(seconds(10, 0)), 1)}},
		// Friday 16:30 to Monday 9:15: 1 + 4 + 1.25 hours; Wednesday 12:15 to 13:10: 15 + 10 minutes.
		{"measure=approval&from=2025-05-01T00:00:00Z&group_by=day", []figures{
			row("2025-05-16", three(seconds(64, 45)), three(seconds(6, 15)), 1), row("2025-05-28", three(seconds(0, 55)), three(seconds(0, 25)), 1),
		}},
		{"measure=approval&from=2025-05-01T00:00:00Z&group_by=mechanic", []figures{
			row("sam", between(seconds(0, 55), seconds(64, 45)), between(seconds(0, 25), seconds(6, 15)), 2),
		}},
		// Monday 9:15 to 10:30; Wednesday 13:10 to Friday 13:30: 4 h 20 + 0 + 5 h.
		{"measure=resume&from=2025-05-20T00:00:00Z&to=2025-06-01T00:00:00Z", []figures{row("", three(seconds(48, 20)), three(seconds(9, 20)), 1)}},
		{"measure=approval&from=2025-05-17T00:00:00Z&to=2025-05-18T00:00:00Z", nil},
	} {
		got := w.latencies(c.query)
		if len(got) == 0 {
			got = nil
		}
		if diff := cmp.Diff(c.want, got, near); diff != "" {
			t.Errorf("%s: -want +got\n%s", c.query, diff)
		}
	}
	for _, query := range []string{"", "measure=nonsense", "measure=approval&group_by=nonsense", "measure=approval&from=2025-05-02T00:00:00Z&to=2025-05-01T00:00:00Z"} {
		w.as("manager").get("/v1/latencies?"+query).refused(http.StatusUnprocessableEntity, "invalid")
	}
}

func TestContract_Events(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared(t), "feed")
	other := newWorld(t, w.process, "elsewhere")
	j := w.start(nil)
	other.start(nil)
	done := w.as("mechanic").post(j.at("/cancellation"), nil).taken(http.StatusOK)
	events := w.events()
	if len(events) != 2 || events[0].Type != "RepairStarted" || events[1].Type != "RepairCancelled" || events[1].Sequence != done.Sequence {
		t.Fatalf("the garage's events are %+v", events)
	}
	for _, e := range events {
		if e.GarageID != "feed" || e.Cursor == "" || e.EventID == "" || e.RepairID != j.id {
			t.Errorf("incomplete event %+v", e)
		}
	}
	// From each event's cursor comes what follows it: by page, and as a stream.
	integrator := w.as("integrator")
	page := into[struct{ Events []event }](integrator.get("/v1/events?after="+events[0].Cursor), http.StatusOK)
	if len(page.Events) != 1 || page.Events[0].EventID != events[1].EventID {
		t.Errorf("after the first event come %+v", page.Events)
	}
	board := integrator.listen(events[0].Cursor)
	if e := board.hears(j.id, "RepairCancelled"); e.EventID != events[1].EventID {
		t.Errorf("the stream says %+v", e)
	}
	next := w.start(nil)
	board.hears(next.id, "RepairStarted")
	integrator.get("/v1/events?after=nonsense").refused(http.StatusUnprocessableEntity, "invalid")
}

func TestContract_CustomersPageIsSafe(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared(t), "safe")
	j := w.start(nil)
	j.reads(j.ask(nil).Sequence)
	link := j.mailTo(j.to, "extra werk").link(t)
	p := visit(t, link)
	for name, want := range map[string]string{
		"Content-Security-Policy": "default-src 'none'", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff",
		"X-Robots-Tag": "noindex", "Cache-Control": "no-store",
	} {
		if got := p.header.Get(name); !strings.Contains(got, want) {
			t.Errorf("%s is %q, want %s", name, got, want)
		}
	}
	if p.header.Get("Set-Cookie") != "" {
		t.Error("the page sets a cookie")
	}
	// A form on somebody else's site decides nothing.
	action, values := decisionForm(link, "1", "38795")
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, action, strings.NewReader(values.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Sec-Fetch-Site", "cross-site")
	response, err := web.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusForbidden {
		t.Errorf("another site's form: %d", response.StatusCode)
	}
	// The script's view: a POST with the revision.
	if v := fetch(t, http.MethodPost, link+"/view", map[string][]string{"revision": {"1"}}); v.status >= http.StatusBadRequest {
		t.Errorf("view: %d", v.status)
	}
	// A total that no button showed is refused, and the page asks again.
	values.Set("total_seen", "1")
	if p := fetch(t, http.MethodPost, action, values); p.status != http.StatusConflict || p.form("/quotes/1/decision") == nil {
		t.Errorf("another total: %d", p.status)
	}
	if r := j.reads(3); r.Quotes[0].Status != "open" || r.Sequence != 3 {
		t.Errorf("the repair is %+v", r)
	}
}

func TestContract_Documentation(t *testing.T) {
	t.Parallel()
	p := shared(t)
	api := door{t: t, base: p.API}
	doc := into[struct {
		OpenAPI string
		Info    struct{ Title string }
		Paths   map[string]map[string]struct {
			Summary   string
			Responses map[string]any
		}
		Components struct{ Schemas map[string]any }
	}](api.get("/openapi.json"), http.StatusOK)
	if !strings.HasPrefix(doc.OpenAPI, "3.1.") || doc.Info.Title == "" {
		t.Errorf("OpenAPI %q, title %q", doc.OpenAPI, doc.Info.Title)
	}
	for _, route := range strings.Fields(`post:/v1/repairs get:/v1/repairs get:/v1/repairs/{id} patch:/v1/repairs/{id}
		post:/v1/repairs/{id}/quotes get:/v1/repairs/{id}/quotes/{revision} post:/v1/repairs/{id}/quotes/{revision}/withdrawal
		post:/v1/repairs/{id}/quotes/{revision}/decision post:/v1/repairs/{id}/completion post:/v1/repairs/{id}/collection
		post:/v1/repairs/{id}/cancellation post:/v1/repairs/{id}/messages get:/v1/repairs/{id}/timeline get:/v1/conversations
		get:/v1/events get:/v1/commands/{id} get:/v1/latencies`) {
		method, path, _ := strings.Cut(route, ":")
		if op, ok := doc.Paths[path][method]; !ok || op.Summary == "" || len(op.Responses) == 0 {
			t.Errorf("the document says nothing of %s", route)
		}
	}
	// Every reference leads somewhere.
	var follow func(v any)
	follow = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if ref, ok := v["$ref"].(string); ok {
				name := strings.TrimPrefix(ref, "#/components/schemas/")
				if _, ok := doc.Components.Schemas[name]; !ok {
					t.Errorf("%s leads nowhere", ref)
				}
			}
			for _, inner := range v {
				follow(inner)
			}
		case []any:
			for _, inner := range v {
				follow(inner)
			}
		}
	}
	var whole any
	if err := json.Unmarshal(api.get("/openapi.json").body, &whole); err != nil {
		t.Fatal(err)
	}
	follow(whole)

	docs := fetch(t, http.MethodGet, p.API+"/docs", nil)
	if docs.status != http.StatusOK || !strings.HasPrefix(docs.header.Get("Content-Type"), "text/html") {
		t.Errorf("/docs: %d, %s", docs.status, docs.header.Get("Content-Type"))
	}
	says(t, "/docs", docs.body, "/v1/repairs")
	for _, code := range []string{
		"key_missing", "unauthenticated", "forbidden", "not_found", "illegal_state", "superseded", "expired", "withdrawn", "already_decided",
		"already_started", "total_mismatch", "reason_required", "invalid", "key_reused", "rate_limited", "unavailable",
	} {
		if !strings.Contains(docs.body, "<code>"+code+"</code>") {
			t.Errorf("/docs does not explain %s", code)
		}
	}
}

func TestContract_Operations(t *testing.T) {
	t.Parallel()
	p := shared(t)
	ops := door{t: t, base: p.Metrics}
	if a := ops.get("/healthz"); a.status != http.StatusOK || string(a.body) != "ok\n" {
		t.Errorf("/healthz: %d %q", a.status, a.body)
	}
	var ready readiness
	until(t, "readiness", func() string {
		a := ops.once(http.MethodGet, "/readyz", nil)
		if a.status != http.StatusOK {
			return string(a.body)
		}
		ready = into[readiness](a, http.StatusOK)
		return ""
	})
	names := make(map[string]bool)
	for _, c := range ready.Checks {
		names[c.Name] = c.Ready
	}
	for _, role := range []string{"lifecycle", "notification", "latency", "clickhouse", "email", "api"} {
		if !names[role] {
			t.Errorf("%s is not among what is ready: %+v", role, ready)
		}
	}
	metrics := ops.get("/metrics")
	if metrics.status != http.StatusOK || !strings.HasPrefix(metrics.header.Get("Content-Type"), "text/plain") {
		t.Errorf("/metrics: %d %s", metrics.status, metrics.header.Get("Content-Type"))
	}
	says(t, "/metrics", string(metrics.body), "# HELP go_goroutines", "# TYPE pitstop_")
	for _, path := range []string{"/metrics", "/readyz", "/healthz"} { // for operators only
		door{t: t, base: p.API}.get(path).refused(http.StatusNotFound, "not_found")
	}
	var box time.Time
	for _, m := range p.mails(t, "") {
		if m.ID == "" || m.MessageID == "" || m.To == "" || m.Subject == "" || m.Text == "" || m.HTML == "" || m.ReceivedAt.Before(box) {
			t.Errorf("the mailbox has an incomplete mail, or not in order: %+v", m)
		}
		box = m.ReceivedAt
	}
}

// readiness is what /readyz says.
type readiness struct {
	Ready  bool
	Checks []struct {
		Name, Reason string
		Ready        bool
	}
}
