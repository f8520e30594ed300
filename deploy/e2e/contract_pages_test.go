package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"pitstop/deploy/e2e/client"
	"pitstop/deploy/e2e/customer"
	"pitstop/deploy/e2e/expect"
	"pitstop/deploy/e2e/garage"
	"pitstop/deploy/e2e/mailbox"
)

func TestContract_CustomersPageIsSafe(t *testing.T) {
	t.Parallel()
	g := garage.New(t, shared(t), "safe")
	j := g.Start(nil)
	j.Read(j.Ask(nil).Sequence)
	link := j.MailTo(j.To, "Extra werk").Link(t)
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
	// A form on another site decides nothing.
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
	// A total that the form did not show is refused, and the page asks again.
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
		Components map[string]map[string]any
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
	// Every reference resolves.
	var follow func(v any)
	follow = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if ref, ok := v["$ref"].(string); ok {
				kind, name, _ := strings.Cut(strings.TrimPrefix(ref, "#/components/"), "/")
				if _, ok := doc.Components[kind][name]; !ok {
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
