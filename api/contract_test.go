package api

import (
	"context"
	"errors"
	"fmt"
	"html"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pitstop/schemas/readmodel"
	"pitstop/schemas/repair"
)

// want checks the status and exactly these fields of a JSON answer.
func (a answer) want(t *testing.T, status int, fields map[string]any) {
	t.Helper()
	if a.StatusCode != status {
		t.Errorf("status %d, want %d: %s", a.StatusCode, status, a.text)
		return
	}
	for name, want := range fields {
		if diff := cmp.Diff(want, a.json[name]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func (a answer) problem(t *testing.T, status int, code string) {
	t.Helper()
	a.want(t, status, map[string]any{"code": code, "type": "urn:pitstop:problem:" + code, "status": float64(status)})
	if got := a.Header.Get("Content-Type"); a.StatusCode == status && got != "application/problem+json" {
		t.Errorf("content type %q", got)
	}
	if title, _ := a.json["title"].(string); title == "" {
		t.Errorf("no title: %s", a.text)
	}
}

func keys(m map[string]any) []string { return sortedKeys(m) }

// A whole repair, with the bodies of the contract.
func TestARepairFromStartToEnd(t *testing.T) {
	w := newWorld(t)
	sam := w.token("sam", repair.Mechanic, "de-brug")
	service := w.token("anna", repair.CustomerService, "de-brug")

	a := w.call(sam, "POST", "/v1/repairs", orderBody, key("k1"))
	id := repair.RepairID("de-brug", "external_ref", "WO-1842")
	a.want(t, 201, map[string]any{"repair_id": id, "result": "accepted", "state": "in_progress", "sequence": 1.0})
	if diff := cmp.Diff([]string{"command_id", "repair_id", "result", "sequence", "state"}, keys(a.json)); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
	at := "/v1/repairs/" + id
	if got := a.Header.Get("Location"); got != at {
		t.Errorf("Location %q, want %q", got, at)
	}

	a = w.call(sam, "POST", at+"/quotes", quoteBody, key("k2"))
	a.want(t, 201, map[string]any{
		"result": "accepted", "state": "awaiting_approval", "sequence": 2.0, "revision": 1.0, "currency": "EUR", "total": 38795.0,
		"vat":   []any{map[string]any{"rate": "21", "amount": 6733.0}},
		"lines": []any{map[string]any{"line": 1.0, "total": 34800.0}, map[string]any{"line": 2.0, "total": 3995.0}},
	})
	if got := a.Header.Get("Location"); got != at+"/quotes/1" {
		t.Errorf("Location %q", got)
	}

	w.call(sam, "GET", at+"?after=2", "").want(t, 200, map[string]any{"state": "awaiting_approval", "sequence": 2.0, "waiting_for": "customer", "approver": nil})
	w.call(sam, "GET", at+"/quotes/1", "").want(t, 200, map[string]any{"revision": 1.0, "status": "open", "total": 38795.0})
	w.call(sam, "GET", at+"/quotes/2", "").problem(t, 404, "not_found")

	w.call(service, "POST", at+"/messages", `{"kind":"note","text":"Belt om twee uur terug"}`, key("k3")).want(t, 201, map[string]any{"result": "accepted", "sequence": 3.0})
	w.call(service, "PATCH", at, `{"ready_at":"2026-05-20T17:00:00+02:00"}`, key("k4")).want(t, 200, map[string]any{"result": "accepted", "sequence": 4.0})
	w.call(service, "PATCH", at, `{"contact":{"name":"J. de Vries","email":"jdv@example.nl"}}`, key("k5")).want(t, 200, map[string]any{"sequence": 5.0})

	decision := `{"lines":[{"line":1,"answer":"approve"},{"line":2,"answer":"reject","reason":"price","text":"te duur"}],"total_seen":34800,"method":"phone","name":"J. de Vries"}`
	w.call(service, "POST", at+"/quotes/1/decision", decision, key("k6")).want(t, 200, map[string]any{
		"result": "accepted", "state": "in_progress", "sequence": 6.0, "decision": "partly_approved", "approved_total": 34800.0,
	})
	w.call(sam, "POST", at+"/completion", `{"total":63701}`, key("k7")).problem(t, 409, "reason_required")
	w.call(sam, "POST", at+"/completion", `{"total":63701,"reason":"Klem nodig"}`, key("k8")).want(t, 200, map[string]any{"state": "completed"})
	w.call(sam, "POST", at+"/collection", "", key("k9")).want(t, 200, map[string]any{"state": "collected"})
	w.call(sam, "POST", at+"/cancellation", `{"reason":"te laat"}`, key("k10")).problem(t, 409, "illegal_state")

	a = w.call(service, "GET", at+"/timeline", "")
	var kinds []string
	for _, e := range a.json["entries"].([]any) {
		kinds = append(kinds, e.(map[string]any)["kind"].(string))
	}
	want := []string{"RepairStarted", "ApprovalRequested", "MessagePosted", "ReadyTimeChanged", "ContactCorrected", "QuoteDecided", "RepairCompleted", "VehicleCollected"}
	if diff := cmp.Diff(want, kinds); diff != "" || a.json["as_of"] == nil {
		t.Errorf("timeline (-want +got):\n%s\n%s", diff, a.text)
	}
}

func TestRefusalsOfQuotes(t *testing.T) {
	w := newWorld(t)
	sam := w.token("sam", repair.Mechanic, "de-brug")
	at := "/v1/repairs/" + w.quoted()
	decide := func(lines, total string) string {
		return `{"lines":[` + lines + `],"total_seen":` + total + `,"method":"counter","name":"J"}`
	}
	yes := decide(`{"line":1,"answer":"approve"},{"line":2,"answer":"approve"}`, "38795")
	w.call(sam, "POST", at+"/quotes/1/decision", decide(`{"line":1,"answer":"approve"}`, "34800"), key("a")).problem(t, 422, "invalid")
	w.call(sam, "POST", at+"/quotes/1/decision", decide(`{"line":1,"answer":"approve"},{"line":2,"answer":"approve"}`, "1"), key("b")).problem(t, 409, "total_mismatch")
	w.call(sam, "POST", at+"/quotes/9/decision", yes, key("c")).problem(t, 404, "not_found")
	w.call(sam, "POST", at+"/quotes", quoteBody, key("d")).want(t, 201, map[string]any{"revision": 2.0})
	w.call(sam, "POST", at+"/quotes/1/decision", yes, key("e")).problem(t, 409, "superseded")
	w.call(sam, "POST", at+"/quotes/2/decision", yes, key("f")).want(t, 200, map[string]any{"decision": "approved", "approved_total": 38795.0})
	w.call(sam, "POST", at+"/quotes/2/decision", yes, key("g")).want(t, 200, map[string]any{"decision": "approved"}) // the same answer
	w.call(sam, "POST", at+"/quotes/2/decision", decide(`{"line":1,"answer":"reject"},{"line":2,"answer":"reject"}`, "0"), key("h")).problem(t, 409, "already_decided")
	w.call(sam, "POST", at+"/quotes", quoteBody, key("i")).want(t, 201, map[string]any{"revision": 3.0})
	w.call(sam, "POST", at+"/quotes/3/withdrawal", "", key("j")).want(t, 200, map[string]any{"state": "in_progress"})
	w.call(sam, "POST", at+"/quotes/3/decision", yes, key("k")).problem(t, 409, "withdrawn")
	w.call(sam, "POST", at+"/quotes", quoteBody, key("l")).want(t, 201, map[string]any{"revision": 4.0})
	w.pass(3 * 24 * time.Hour)
	sam = w.token("sam", repair.Mechanic, "de-brug")
	w.call(sam, "POST", at+"/quotes/4/decision", yes, key("m")).problem(t, 409, "expired")
	w.call(sam, "POST", "/v1/repairs", orderBody, key("n")).problem(t, 409, "already_started")
}

func TestRepetitions(t *testing.T) {
	w := newWorld(t)
	sam := w.token("sam", repair.Mechanic, "de-brug")
	at := "/v1/repairs/" + w.started()
	for _, tt := range []struct{ name, method, path, body, other string }{
		{"start", "POST", "/v1/repairs", `{"vehicle":{"plate":"AB12"},"customer":{"name":"X"},"agreed":{"lines":[]}}`, `{"vehicle":{"plate":"AB13"},"customer":{"name":"X"},"agreed":{"lines":[]}}`},
		{"quote", "POST", at + "/quotes", quoteBody, strings.Replace(quoteBody, "3995", "3996", 1)},
		{"message", "POST", at + "/messages", `{"kind":"text","text":"Klaar om 4 uur"}`, `{"kind":"text","text":"Klaar om 5 uur"}`},
		{"refused", "POST", at + "/completion", `{"total":99999999}`, `{"total":99999998}`},
		{"change", "PATCH", at, `{"ready_at":"2026-05-20T17:00:00+02:00"}`, `{"ready_at":"2026-05-20T18:00:00+02:00"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			first := w.call(sam, tt.method, tt.path, tt.body, key("once-"+tt.name))
			again := w.call(sam, tt.method, tt.path, tt.body, key("once-"+tt.name))
			if first.StatusCode != again.StatusCode || first.text != again.text {
				t.Errorf("first %d %s\nagain %d %s", first.StatusCode, first.text, again.StatusCode, again.text)
			}
			if first.Header.Get("Idempotent-Replayed") != "" || again.Header.Get("Idempotent-Replayed") != "true" {
				t.Errorf("replayed: first %q, again %q", first.Header.Get("Idempotent-Replayed"), again.Header.Get("Idempotent-Replayed"))
			}
			if first.Header.Get("Location") != again.Header.Get("Location") {
				t.Errorf("Location: first %q, again %q", first.Header.Get("Location"), again.Header.Get("Location"))
			}
			w.call(sam, tt.method, tt.path, tt.other, key("once-"+tt.name)).problem(t, 422, "key_reused")
		})
	}
}

func TestOutcomesThatAreLate(t *testing.T) {
	w := newWorld(t)
	sam := w.token("sam", repair.Mechanic, "de-brug")
	at := "/v1/repairs/" + w.started()
	a := w.call(sam, "POST", at+"/quotes", quoteBody, key("k1"), "Prefer: respond-async")
	a.want(t, 202, map[string]any{"result": "pending"})
	if diff := cmp.Diff([]string{"command_id", "repair_id", "result"}, keys(a.json)); diff != "" {
		t.Errorf("fields of 202 (-want +got):\n%s", diff)
	}
	if a.Header.Get("Location") != "/v1/commands/"+a.json["command_id"].(string) || a.Header.Get("Preference-Applied") != "respond-async" {
		t.Errorf("headers of 202: %v", a.Header)
	}
	w.silent, w.lagging = true, true
	a = w.call(sam, "POST", at+"/messages", `{"kind":"text","text":"x"}`, key("k2"))
	a.want(t, 202, map[string]any{"result": "pending"})
	where := a.Header.Get("Location")
	w.call(sam, "GET", where, "").want(t, 200, map[string]any{"result": "pending"})
	w.lagging = false
	w.call(sam, "GET", where, "").want(t, 200, map[string]any{"result": "accepted", "state": "awaiting_approval", "sequence": 3.0})
	w.call(w.token("noor", repair.Mechanic, "de-brug"), "GET", where, "").problem(t, 404, "not_found")
	w.call(w.token("sam", repair.Mechanic, "noord"), "GET", where, "").problem(t, 404, "not_found")
	w.call(sam, "GET", "/v1/commands/nonsense", "").problem(t, 404, "not_found")
}

// A reader who passes the sequence of the answer sees what it wrote.
func TestReadingWhatWasWritten(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.Patience = time.Minute })
	sam := w.token("sam", repair.Mechanic, "de-brug")
	id := w.started()
	w.lagging = true
	w.call(sam, "POST", "/v1/repairs/"+id+"/quotes", quoteBody, key("k1"))
	w.call(sam, "GET", "/v1/repairs/"+id, "").want(t, 200, map[string]any{"sequence": 1.0})
	done := make(chan answer)
	go func() { done <- w.call(sam, "GET", "/v1/repairs/"+id+"?after=2", "") }()
	w.catchUp()
	(<-done).want(t, 200, map[string]any{"sequence": 2.0, "state": "awaiting_approval"})
}

func TestWhoseGarage(t *testing.T) {
	w := newWorld(t)
	both := w.token("dms", repair.Integrator, "de-brug", "noord")
	at := "/v1/repairs/" + w.started()
	// A token of one garage starts there; one of several says where.
	a := w.call(both, "POST", "/v1/repairs", `{"vehicle":{"plate":"AB12"},"customer":{"name":"X"},"agreed":{"lines":[]}}`, key("k1"))
	a.problem(t, 422, "invalid")
	if got := a.json["errors"].([]any)[0].(map[string]any)["pointer"]; got != "/garage" {
		t.Errorf("pointer %v", got)
	}
	body := `{"garage":"noord","vehicle":{"plate":"AB12"},"customer":{"name":"X"},"agreed":{"lines":[]}}`
	w.call(both, "POST", "/v1/repairs", body, key("k2")).want(t, 201, nil)
	w.call(w.token("sam", repair.Mechanic, "de-brug"), "POST", "/v1/repairs", body, key("k3")).problem(t, 403, "forbidden")
	// About a repair, the read model knows, or the query says it.
	w.call(both, "POST", at+"/quotes", quoteBody, key("k4")).want(t, 201, nil)
	w.call(both, "POST", at+"/quotes?garage=de-brug", quoteBody, key("k5")).want(t, 201, nil)
	w.call(both, "POST", at+"/quotes?garage=noord", quoteBody, key("k6")).problem(t, 404, "not_found")
	w.call(both, "POST", at+"/quotes?garage=elsewhere", quoteBody, key("k7")).problem(t, 404, "not_found")
	w.call(both, "POST", "/v1/repairs/"+repair.RepairID("x", "y", "z")+"/quotes", quoteBody, key("k8")).problem(t, 404, "not_found")
	w.call(both, "GET", "/v1/repairs?garage=elsewhere", "").problem(t, 403, "forbidden")
}

func TestLists(t *testing.T) {
	w := newWorld(t)
	w.started()
	sam := w.token("sam", repair.Mechanic, "de-brug")
	anna := w.token("anna", repair.CustomerService, "de-brug")
	boss := w.token("boss", repair.Manager, "de-brug")
	w.call(sam, "GET", "/v1/repairs?state=in_progress&plate=k-482-tr&external_ref=WO-1842", "").want(t, 200, nil)
	if diff := cmp.Diff(readmodel.RepairFilter{Garages: []string{"de-brug"}, State: "in_progress", Plate: "K482TR", ExternalRef: "WO-1842", Limit: 50}, w.asked[0]); diff != "" {
		t.Errorf("filter (-want +got):\n%s", diff)
	}
	w.call(w.token("femke", repair.Mechanic, "noord"), "GET", "/v1/repairs", "").want(t, 200, map[string]any{"items": []any{}})
	w.call(sam, "GET", "/v1/repairs?cursor=bogus", "").problem(t, 422, "invalid")
	w.call(sam, "GET", "/v1/repairs?state=broken", "").problem(t, 422, "invalid")
	w.call(anna, "GET", "/v1/conversations?filter=needs-reply&q=vries", "").want(t, 200, map[string]any{"items": []any{}})
	if diff := cmp.Diff(readmodel.ConversationFilter{Garages: []string{"de-brug"}, Filter: "needs-reply", Query: "vries", Sort: "waiting", Limit: 50}, w.asked[len(w.asked)-1]); diff != "" {
		t.Errorf("filter (-want +got):\n%s", diff)
	}
	w.call(anna, "GET", "/v1/conversations?sort=loudest", "").problem(t, 422, "invalid")
	w.call(boss, "GET", "/v1/latencies?measure=approval&group_by=day&garage=de-brug&from=2026-05-01T00:00:00Z&to=2026-05-20T00:00:00Z", "").
		want(t, 200, map[string]any{"measure": "approval", "rows": []any{}})
	for _, bad := range []string{"", "?measure=patience", "?measure=approval&group_by=moon", "?measure=approval&from=yesterday", "?measure=approval&from=2026-05-21T00:00:00Z&to=2026-05-20T00:00:00Z"} {
		w.call(boss, "GET", "/v1/latencies"+bad, "").problem(t, 422, "invalid")
	}
	w.call(boss, "GET", "/v1/latencies?measure=approval&garage=noord", "").problem(t, 403, "forbidden")
}

func TestEventPages(t *testing.T) {
	w := newWorld(t)
	w.quoted()
	dms := w.token("dms", repair.Integrator, "de-brug")
	a := w.call(dms, "GET", "/v1/events?limit=1", "")
	a.want(t, 200, map[string]any{"cursor": "c1"})
	if e := a.json["events"].([]any)[0].(map[string]any); e["type"] != "RepairStarted" || e["cursor"] != "c1" {
		t.Errorf("event %v", e)
	}
	w.call(dms, "GET", "/v1/events?after=c2", "").want(t, 200, map[string]any{"events": []any{}, "cursor": "c2"})
	w.call(w.token("x", repair.Integrator, "noord"), "GET", "/v1/events", "").want(t, 200, map[string]any{"events": []any{}})
	a = w.call(dms, "GET", "/v1/events?after=bogus", "")
	a.problem(t, 422, "invalid")
}

func TestEventStream(t *testing.T) {
	w := newWorld(t)
	w.quoted()
	ctx, cancel := context.WithCancel(t.Context())
	r, _ := http.NewRequestWithContext(ctx, http.MethodGet, "/v1/events", nil)
	r.Header.Set("Authorization", "Bearer "+w.token("dms", repair.Integrator, "de-brug"))
	r.Header.Set("Accept", "text/event-stream")
	r.Header.Set("Last-Event-ID", "c1")
	out := &lineWriter{header: make(http.Header), want: "event: ApprovalRequested", found: cancel}
	w.handler.ServeHTTP(out, r)
	if got := out.header.Get("Content-Type"); got != "text/event-stream" {
		t.Errorf("content type %q", got)
	}
	if !strings.HasPrefix(out.text.String(), "id: c2\nevent: ApprovalRequested\ndata: {") || strings.Contains(out.text.String(), "RepairStarted") {
		t.Errorf("stream:\n%s", out.text.String())
	}
}

// lineWriter is a client that goes once it has read what it wants.
type lineWriter struct {
	header http.Header
	text   strings.Builder
	want   string
	found  func()
}

func (l *lineWriter) Header() http.Header              { return l.header }
func (l *lineWriter) WriteHeader(int)                  {}
func (l *lineWriter) Flush()                           {}
func (l *lineWriter) SetReadDeadline(time.Time) error  { return nil }
func (l *lineWriter) SetWriteDeadline(time.Time) error { return nil }
func (l *lineWriter) Write(b []byte) (int, error) {
	l.text.Write(b)
	if strings.Contains(l.text.String(), l.want) {
		l.found()
	}
	return len(b), nil
}

func TestWhenThingsAreAway(t *testing.T) {
	w := newWorld(t)
	sam := w.token("sam", repair.Mechanic, "de-brug")
	at := "/v1/repairs/" + w.started()
	w.broken = errors.New("secret detail of the store")
	for _, a := range []answer{
		w.call(sam, "GET", at, ""),
		w.call(sam, "GET", at+"?after=1", ""),
		w.call(sam, "GET", "/v1/repairs", ""),
		w.call(sam, "GET", "/v1/events", ""),
		w.call(sam, "POST", at+"/quotes", quoteBody, key("k")),
	} {
		a.problem(t, 503, "unavailable")
		if strings.Contains(a.text, "secret") || a.Header.Get("Retry-After") == "" {
			t.Errorf("%v %s", a.Header, a.text)
		}
	}
}

// Every route that writes has an example of its body, and one after the other they do
// what the routes are for.
func TestExamples(t *testing.T) {
	w := newWorld(t)
	sam := w.token("sam", repair.Mechanic, "de-brug")
	sent := make(map[string]bool)
	send := func(route, method, path, body string) answer {
		t.Helper()
		sent[route] = true
		a := w.call(sam, method, "/v1/repairs"+path, body, key(fmt.Sprint(len(w.sent))))
		if a.StatusCode/100 != 2 {
			t.Errorf("the example of %s: %d %s", route, a.StatusCode, a.text)
		}
		return a
	}
	at := "/" + send("start-repair", "POST", "", examples["start-repair"]).json["repair_id"].(string)
	for _, step := range []struct{ route, method, path string }{
		{"change-repair", "PATCH", ""},
		{"request-approval", "POST", "/quotes"},
		{"decide-quote", "POST", "/quotes/1/decision"},
		{"request-approval", "POST", "/quotes"},
		{"withdraw-quote", "POST", "/quotes/2/withdrawal"},
		{"post-message", "POST", "/messages"},
		{"complete-repair", "POST", "/completion"},
		{"collect-vehicle", "POST", "/collection"},
	} {
		send(step.route, step.method, at+step.path, examples[step.route])
	}
	other := send("start-repair", "POST", "", strings.Replace(examples["start-repair"], "WO-1842", "WO-1843", 1))
	send("cancel-repair", "POST", "/"+other.json["repair_id"].(string)+"/cancellation", examples["cancel-repair"])
	for _, r := range routes {
		if r.writes() != sent[r.id] || r.writes() != (examples[r.id] != "") {
			t.Errorf("%s has no example, or none that works", r.id)
		}
	}
	page := html.UnescapeString(w.open("/docs").text)
	for id, example := range examples {
		if !strings.Contains(page, "<pre>"+example+"</pre>") {
			t.Errorf("the documentation does not show the example of %s", id)
		}
	}
}
