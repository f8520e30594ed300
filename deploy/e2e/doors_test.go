package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pitstop/deploy/e2e/client"
	"pitstop/deploy/e2e/customer"
	"pitstop/deploy/e2e/expect"
	"pitstop/deploy/e2e/garage"
	"pitstop/deploy/e2e/mailbox"
)

// Opening time, by hand: a garage that is open from Monday to Friday from 8:00
// to 12:30 and from 13:00 to 17:30, on Saturday from 9:00 to 13:00, and closed
// on Ascension Day, Thursday 29 May 2025.
func TestContract_LatenciesInOpeningHours(t *testing.T) {
	t.Parallel()
	g := garage.New(t, shared(t), "week")
	local := func(day, hour, minute int) string {
		return fmt.Sprintf("2025-05-%02dT%02d:%02d:00+02:00", day, hour, minute)
	}
	tell := func(begun, asked, decided, done string) {
		j := g.Start(object{"occurred_at": begun})
		j.Ask(object{"occurred_at": asked, "expires_at": "2099-01-01T00:00:00Z"})
		g.As("customer_service").Post(j.Path("/quotes/1/decision"), garage.With(garage.Decision("approve", "approve", 38795), object{"occurred_at": decided})).Accepted(http.StatusOK)
		g.As("mechanic").Post(j.Path("/completion"), object{"occurred_at": done, "total": 67695}).Accepted(http.StatusOK)
	}
	tell(local(16, 16, 0), local(16, 16, 30), local(19, 9, 15), local(19, 10, 30))  // over a weekend
	tell(local(28, 12, 0), local(28, 12, 15), local(28, 13, 10), local(30, 13, 30)) // over a holiday
	seconds := func(hours, minutes int) float64 { return float64(hours*3600 + minutes*60) }
	row := func(group string, wall, opening [3]float64, n int) (f client.Figures) {
		f.Group, f.N = group, n
		f.Wall.P50, f.Wall.P90, f.Wall.P99 = wall[0], wall[1], wall[2]
		f.Opening.P50, f.Opening.P90, f.Opening.P99 = opening[0], opening[1], opening[2]
		return f
	}
	three := func(s float64) [3]float64 { return [3]float64{s, s, s} }
	between := func(low, high float64) [3]float64 { // of two values
		return [3]float64{low + 0.5*(high-low), low + 0.9*(high-low), low + 0.99*(high-low)}
	}
	expect.Until(t, "both repairs are measured", func() string {
		if rows := g.Latencies("measure=turnaround&from=2025-01-01T00:00:00Z"); len(rows) != 1 || rows[0].N != 2 {
			return fmt.Sprintf("turnaround is %+v", rows)
		}
		return ""
	})
	for _, c := range []struct {
		query string
		want  []client.Figures
	}{
		// Friday 16:00 to Monday 10:30: 1.5 + 4 + 2.5 hours; Wednesday 12:00 to Friday 13:30: 0.5 + 4.5 + 0 + 4.5 + 0.5.
		{"measure=turnaround&from=2025-05-01T00:00:00Z&to=2025-05-20T00:00:00Z", []client.Figures{row("", three(seconds(66, 30)), three(seconds(8, 0)), 1)}},
		{"measure=turnaround&from=2025-05-20T00:00:00Z", []client.Figures{row("", three(seconds(49, 30)), three(seconds(10, 0)), 1)}},
		// Friday 16:30 to Monday 9:15: 1 + 4 + 1.25 hours; Wednesday 12:15 to 13:10: 15 + 10 minutes.
		{"measure=approval&from=2025-05-01T00:00:00Z&group_by=day", []client.Figures{
			row("2025-05-16", three(seconds(64, 45)), three(seconds(6, 15)), 1), row("2025-05-28", three(seconds(0, 55)), three(seconds(0, 25)), 1),
		}},
		{"measure=approval&from=2025-05-01T00:00:00Z&group_by=mechanic", []client.Figures{
			row("sam", between(seconds(0, 55), seconds(64, 45)), between(seconds(0, 25), seconds(6, 15)), 2),
		}},
		// Monday 9:15 to 10:30; Wednesday 13:10 to Friday 13:30: 4 h 20 + 0 + 5 h.
		{"measure=resume&from=2025-05-20T00:00:00Z&to=2025-06-01T00:00:00Z", []client.Figures{row("", three(seconds(48, 20)), three(seconds(9, 20)), 1)}},
		{"measure=approval&from=2025-05-17T00:00:00Z&to=2025-05-18T00:00:00Z", nil},
	} {
		got := g.Latencies(c.query)
		if len(got) == 0 {
			got = nil
		}
		if diff := cmp.Diff(c.want, got, client.ToTheMicrosecond); diff != "" {
			t.Errorf("%s: -want +got\n%s", c.query, diff)
		}
	}
	for _, query := range []string{"", "measure=nonsense", "measure=approval&group_by=nonsense", "measure=approval&from=2025-05-02T00:00:00Z&to=2025-05-01T00:00:00Z"} {
		g.As("manager").Get("/v1/latencies?"+query).Refused(http.StatusUnprocessableEntity, "invalid")
	}
}

func TestContract_Events(t *testing.T) {
	t.Parallel()
	g := garage.New(t, shared(t), "feed")
	other := garage.New(t, g.Process, "elsewhere")
	j := g.Start(nil)
	other.Start(nil)
	done := g.As("mechanic").Post(j.Path("/cancellation"), nil).Accepted(http.StatusOK)
	events := g.Events()
	if len(events) != 2 || events[0].Type != "RepairStarted" || events[1].Type != "RepairCancelled" || events[1].Sequence != done.Sequence {
		t.Fatalf("the garage's events are %+v", events)
	}
	for _, e := range events {
		if e.GarageID != "feed" || e.Cursor == "" || e.EventID == "" || e.RepairID != j.ID {
			t.Errorf("incomplete event %+v", e)
		}
	}
	// From each event's cursor comes what follows it: by page, and as a stream.
	integrator := g.As("integrator")
	page := client.Decode[struct{ Events []client.Event }](integrator.Get("/v1/events?after="+events[0].Cursor), http.StatusOK)
	if len(page.Events) != 1 || page.Events[0].EventID != events[1].EventID {
		t.Errorf("after the first event come %+v", page.Events)
	}
	board := integrator.Listen(events[0].Cursor)
	if e := board.Await(j.ID, "RepairCancelled"); e.EventID != events[1].EventID {
		t.Errorf("the stream says %+v", e)
	}
	next := g.Start(nil)
	board.Await(next.ID, "RepairStarted")
	integrator.Get("/v1/events?after=nonsense").Refused(http.StatusUnprocessableEntity, "invalid")
}

func TestContract_CustomersPageIsSafe(t *testing.T) {
	t.Parallel()
	g := garage.New(t, shared(t), "safe")
	j := g.Start(nil)
	j.Read(j.Ask(nil).Sequence)
	link := j.MailTo(j.To, "extra werk").Link(t)
	p := customer.Visit(t, link)
	for name, want := range map[string]string{
		"Content-Security-Policy": "default-src 'none'", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff",
		"X-Robots-Tag": "noindex", "Cache-Control": "no-store",
	} {
		if got := p.Header.Get(name); !strings.Contains(got, want) {
			t.Errorf("%s is %q, want %s", name, got, want)
		}
	}
	if p.Header.Get("Set-Cookie") != "" {
		t.Error("the page sets a cookie")
	}
	// A form on somebody else's site decides nothing.
	action, values := garage.DecisionForm(link, "1", "38795")
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, action, strings.NewReader(values.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Sec-Fetch-Site", "cross-site")
	response, err := client.HTTP.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusForbidden {
		t.Errorf("another site's form: %d", response.StatusCode)
	}
	// The script's view: a POST with the revision.
	if v := customer.Fetch(t, http.MethodPost, link+"/view", map[string][]string{"revision": {"1"}}); v.Status >= http.StatusBadRequest {
		t.Errorf("view: %d", v.Status)
	}
	// A total that no button showed is refused, and the page asks again.
	values.Set("total_seen", "1")
	if p := customer.Fetch(t, http.MethodPost, action, values); p.Status != http.StatusConflict || p.Form("/quotes/1/decision") == nil {
		t.Errorf("another total: %d", p.Status)
	}
	if r := j.Read(3); r.Quotes[0].Status != "open" || r.Sequence != 3 {
		t.Errorf("the repair is %+v", r)
	}
}

func TestContract_Documentation(t *testing.T) {
	t.Parallel()
	p := shared(t)
	api := client.Client{T: t, Base: p.API}
	doc := client.Decode[struct {
		OpenAPI string
		Info    struct{ Title string }
		Paths   map[string]map[string]struct {
			Summary   string
			Responses map[string]any
		}
		Components struct{ Schemas map[string]any }
	}](api.Get("/openapi.json"), http.StatusOK)
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
	if err := json.Unmarshal(api.Get("/openapi.json").Body, &whole); err != nil {
		t.Fatal(err)
	}
	follow(whole)

	docs := customer.Fetch(t, http.MethodGet, p.API+"/docs", nil)
	if docs.Status != http.StatusOK || !strings.HasPrefix(docs.Header.Get("Content-Type"), "text/html") {
		t.Errorf("/docs: %d, %s", docs.Status, docs.Header.Get("Content-Type"))
	}
	expect.Says(t, "/docs", docs.Body, "/v1/repairs")
	for _, code := range []string{
		"key_missing", "unauthenticated", "forbidden", "not_found", "illegal_state", "superseded", "expired", "withdrawn", "already_decided",
		"already_started", "total_mismatch", "reason_required", "invalid", "key_reused", "rate_limited", "unavailable",
	} {
		if !strings.Contains(docs.Body, "<code>"+code+"</code>") {
			t.Errorf("/docs does not explain %s", code)
		}
	}
}

func TestContract_Operations(t *testing.T) {
	t.Parallel()
	p := shared(t)
	ops := client.Client{T: t, Base: p.Metrics}
	if a := ops.Get("/healthz"); a.Status != http.StatusOK || string(a.Body) != "ok\n" {
		t.Errorf("/healthz: %d %q", a.Status, a.Body)
	}
	var ready client.Readiness
	expect.Until(t, "readiness", func() string {
		a := ops.SendOnce(http.MethodGet, "/readyz", nil)
		if a.Status != http.StatusOK {
			return string(a.Body)
		}
		ready = client.Decode[client.Readiness](a, http.StatusOK)
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
	metrics := ops.Get("/metrics")
	if metrics.Status != http.StatusOK || !strings.HasPrefix(metrics.Header.Get("Content-Type"), "text/plain") {
		t.Errorf("/metrics: %d %s", metrics.Status, metrics.Header.Get("Content-Type"))
	}
	expect.Says(t, "/metrics", string(metrics.Body), "# HELP go_goroutines", "# TYPE pitstop_")
	for _, path := range []string{"/metrics", "/readyz", "/healthz"} { // for operators only
		client.Client{T: t, Base: p.API}.Get(path).Refused(http.StatusNotFound, "not_found")
	}
	var box time.Time
	for _, m := range mailbox.Mails(t, p.Mailbox, "") {
		if m.ID == "" || m.MessageID == "" || m.To == "" || m.Subject == "" || m.Text == "" || m.HTML == "" || m.ReceivedAt.Before(box) {
			t.Errorf("the mailbox has an incomplete mail, or not in order: %+v", m)
		}
		box = m.ReceivedAt
	}
}
