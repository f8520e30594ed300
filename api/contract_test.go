package api_test

import (
	"errors"
	"fmt"
	"html"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"pitstop/api"
	"pitstop/api/apitest"
	"pitstop/schemas/readmodel"
	"pitstop/schemas/repair"
)

// A whole repair, with the bodies of the contract.
func TestARepairFromStartToEnd(t *testing.T) {
	w := apitest.New(t)
	sam := w.Token("sam", repair.Mechanic, "de-brug")
	service := w.Token("anna", repair.CustomerService, "de-brug")

	a := w.Call(sam, "POST", "/v1/repairs", apitest.OrderBody, apitest.Key("k1"))
	id := repair.RepairID("de-brug", "external_ref", "WO-1842")
	a.Want(t, 201, map[string]any{"repair_id": id, "result": "accepted", "state": "in_progress", "sequence": 1.0})
	if diff := cmp.Diff([]string{"command_id", "repair_id", "result", "sequence", "state"}, slices.Sorted(maps.Keys(a.JSON))); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
	at := "/v1/repairs/" + id
	if got := a.Header.Get("Location"); got != at {
		t.Errorf("Location %q, want %q", got, at)
	}

	a = w.Call(sam, "POST", at+"/quotes", apitest.QuoteBody, apitest.Key("k2"))
	a.Want(t, 201, map[string]any{
		"result": "accepted", "state": "awaiting_approval", "sequence": 2.0, "revision": 1.0, "currency": "EUR", "total": 38795.0,
		"vat":   []any{map[string]any{"rate": "21", "amount": 6733.0}},
		"lines": []any{map[string]any{"line": 1.0, "total": 34800.0}, map[string]any{"line": 2.0, "total": 3995.0}},
	})
	if got := a.Header.Get("Location"); got != at+"/quotes/1" {
		t.Errorf("Location %q", got)
	}

	w.Call(sam, "GET", at+"?after=2", "").Want(t, 200, map[string]any{"state": "awaiting_approval", "sequence": 2.0, "waiting_for": "customer", "approver": nil})
	w.Call(sam, "GET", at+"/quotes/1", "").Want(t, 200, map[string]any{"revision": 1.0, "status": "open", "total": 38795.0})
	w.Call(sam, "GET", at+"/quotes/2", "").Problem(t, 404, "not_found")

	w.Call(service, "POST", at+"/messages", `{"kind":"note","text":"Belt om twee uur terug"}`, apitest.Key("k3")).Want(t, 201, map[string]any{"result": "accepted", "sequence": 3.0})
	w.Call(service, "PATCH", at, `{"ready_at":"2026-05-20T17:00:00+02:00"}`, apitest.Key("k4")).Want(t, 200, map[string]any{"result": "accepted", "sequence": 4.0})
	w.Call(service, "PATCH", at, `{"contact":{"name":"J. de Vries","email":"jdv@example.nl"}}`, apitest.Key("k5")).Want(t, 200, map[string]any{"sequence": 5.0})

	decision := `{"lines":[{"line":1,"answer":"approve"},{"line":2,"answer":"reject","reason":"price","text":"te duur"}],"total_seen":34800,"method":"phone","name":"J. de Vries"}`
	w.Call(service, "POST", at+"/quotes/1/decision", decision, apitest.Key("k6")).Want(t, 200, map[string]any{
		"result": "accepted", "state": "in_progress", "sequence": 6.0, "decision": "partly_approved", "approved_total": 34800.0,
	})
	w.Call(sam, "POST", at+"/completion", `{"total":63701}`, apitest.Key("k7")).Problem(t, 409, "reason_required")
	w.Call(sam, "POST", at+"/completion", `{"total":63701,"reason":"Klem nodig"}`, apitest.Key("k8")).Want(t, 200, map[string]any{"state": "completed"})
	w.Call(sam, "POST", at+"/collection", "", apitest.Key("k9")).Want(t, 200, map[string]any{"state": "collected"})
	w.Call(sam, "POST", at+"/cancellation", `{"reason":"te laat"}`, apitest.Key("k10")).Problem(t, 409, "illegal_state")

	a = w.Call(service, "GET", at+"/timeline", "")
	var kinds []string
	for _, e := range a.JSON["entries"].([]any) {
		kinds = append(kinds, e.(map[string]any)["kind"].(string))
	}
	want := []string{"RepairStarted", "ApprovalRequested", "MessagePosted", "ReadyTimeChanged", "ContactCorrected", "QuoteDecided", "RepairCompleted", "VehicleCollected"}
	if diff := cmp.Diff(want, kinds); diff != "" || a.JSON["as_of"] == nil {
		t.Errorf("timeline (-want +got):\n%s\n%s", diff, a.Text)
	}
}

func TestRefusalsOfQuotes(t *testing.T) {
	w := apitest.New(t)
	sam := w.Token("sam", repair.Mechanic, "de-brug")
	at := "/v1/repairs/" + w.Quoted()
	decide := func(lines, total string) string {
		return `{"lines":[` + lines + `],"total_seen":` + total + `,"method":"counter","name":"J"}`
	}
	yes := decide(`{"line":1,"answer":"approve"},{"line":2,"answer":"approve"}`, "38795")
	w.Call(sam, "POST", at+"/quotes/1/decision", decide(`{"line":1,"answer":"approve"}`, "34800"), apitest.Key("a")).Problem(t, 422, "invalid")
	w.Call(sam, "POST", at+"/quotes/1/decision", decide(`{"line":1,"answer":"approve"},{"line":2,"answer":"approve"}`, "1"), apitest.Key("b")).Problem(t, 409, "total_mismatch")
	w.Call(sam, "POST", at+"/quotes/9/decision", yes, apitest.Key("c")).Problem(t, 404, "not_found")
	w.Call(sam, "POST", at+"/quotes", apitest.QuoteBody, apitest.Key("d")).Want(t, 201, map[string]any{"revision": 2.0})
	w.Call(sam, "POST", at+"/quotes/1/decision", yes, apitest.Key("e")).Problem(t, 409, "superseded")
	w.Call(sam, "POST", at+"/quotes/2/decision", yes, apitest.Key("f")).Want(t, 200, map[string]any{"decision": "approved", "approved_total": 38795.0})
	w.Call(sam, "POST", at+"/quotes/2/decision", yes, apitest.Key("g")).Want(t, 200, map[string]any{"decision": "approved"}) // the same answer
	w.Call(sam, "POST", at+"/quotes/2/decision", decide(`{"line":1,"answer":"reject"},{"line":2,"answer":"reject"}`, "0"), apitest.Key("h")).Problem(t, 409, "already_decided")
	w.Call(sam, "POST", at+"/quotes", apitest.QuoteBody, apitest.Key("i")).Want(t, 201, map[string]any{"revision": 3.0})
	w.Call(sam, "POST", at+"/quotes/3/withdrawal", "", apitest.Key("j")).Want(t, 200, map[string]any{"state": "in_progress"})
	w.Call(sam, "POST", at+"/quotes/3/decision", yes, apitest.Key("k")).Problem(t, 409, "withdrawn")
	w.Call(sam, "POST", at+"/quotes", apitest.QuoteBody, apitest.Key("l")).Want(t, 201, map[string]any{"revision": 4.0})
	w.Pass(3 * 24 * time.Hour)
	sam = w.Token("sam", repair.Mechanic, "de-brug")
	w.Call(sam, "POST", at+"/quotes/4/decision", yes, apitest.Key("m")).Problem(t, 409, "expired")
	w.Call(sam, "POST", "/v1/repairs", apitest.OrderBody, apitest.Key("n")).Problem(t, 409, "already_started")
}

func TestRepetitions(t *testing.T) {
	w := apitest.New(t)
	sam := w.Token("sam", repair.Mechanic, "de-brug")
	at := "/v1/repairs/" + w.Started()
	for _, tt := range []struct{ name, method, path, body, other string }{
		{"start", "POST", "/v1/repairs", `{"vehicle":{"plate":"AB12"},"customer":{"name":"X"},"agreed":{"lines":[]}}`, `{"vehicle":{"plate":"AB13"},"customer":{"name":"X"},"agreed":{"lines":[]}}`},
		{"quote", "POST", at + "/quotes", apitest.QuoteBody, strings.Replace(apitest.QuoteBody, "3995", "3996", 1)},
		{"message", "POST", at + "/messages", `{"kind":"text","text":"Klaar om 4 uur"}`, `{"kind":"text","text":"Klaar om 5 uur"}`},
		{"refused", "POST", at + "/completion", `{"total":99999999}`, `{"total":99999998}`},
		{"change", "PATCH", at, `{"ready_at":"2026-05-20T17:00:00+02:00"}`, `{"ready_at":"2026-05-20T18:00:00+02:00"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			first := w.Call(sam, tt.method, tt.path, tt.body, apitest.Key("once-"+tt.name))
			again := w.Call(sam, tt.method, tt.path, tt.body, apitest.Key("once-"+tt.name))
			if first.StatusCode != again.StatusCode || first.Text != again.Text {
				t.Errorf("first %d %s\nagain %d %s", first.StatusCode, first.Text, again.StatusCode, again.Text)
			}
			if first.Header.Get("Idempotent-Replayed") != "" || again.Header.Get("Idempotent-Replayed") != "true" {
				t.Errorf("replayed: first %q, again %q", first.Header.Get("Idempotent-Replayed"), again.Header.Get("Idempotent-Replayed"))
			}
			if first.Header.Get("Location") != again.Header.Get("Location") {
				t.Errorf("Location: first %q, again %q", first.Header.Get("Location"), again.Header.Get("Location"))
			}
			w.Call(sam, tt.method, tt.path, tt.other, apitest.Key("once-"+tt.name)).Problem(t, 422, "key_reused")
		})
	}
}

// A key counts within its repair, for its caller. What starts a repair counts within
// the repair that its order number names; a blank one is none, and then the caller's key
// names the repair.
func TestAKeyCountsWithinItsRepairForItsCaller(t *testing.T) {
	w := apitest.New(t)
	sam, noor := w.Token("sam", repair.Mechanic, "de-brug"), w.Token("noor", repair.Mechanic, "de-brug")
	start := func(token, ref, key string) apitest.Answer {
		return w.Call(token, "POST", "/v1/repairs", strings.Replace(apitest.OrderBody, "WO-1842", ref, 1), apitest.Key(key))
	}
	repairOf := func(a apitest.Answer) string {
		a.Want(t, 201, map[string]any{"result": "accepted"})
		return a.JSON["repair_id"].(string)
	}
	first := repairOf(start(sam, "WO-1", "k"))
	for what, other := range map[string]apitest.Answer{
		"another order number":      start(sam, "WO-2", "k"),
		"no order number":           start(sam, "", "k"),
		"another caller, without":   start(noor, "", "k"),
		"another key, blank number": start(sam, " ", "k2"),
	} {
		if repairOf(other) == first {
			t.Errorf("%s: the same repair", what)
		}
	}
	start(noor, "WO-1", "k").Problem(t, 409, "already_started")
	start(noor, "WO-2", "k").Problem(t, 409, "already_started")
	ids := map[string]bool{repairOf(start(sam, "", "k9")): true}
	ids[repairOf(start(noor, "", "k9"))] = true
	for i, blank := range []string{" ", "\u00a0", "\u200b", "\u2060 \ufeff", "\u3000"} {
		a := start(sam, blank, fmt.Sprint("blank", i))
		ids[repairOf(a)] = true
		if got := w.Call(sam, "GET", a.Header.Get("Location"), ""); got.JSON["external_ref"] != nil {
			t.Errorf("%q is kept as %q", blank, got.JSON["external_ref"])
		}
	}
	if len(ids) != 7 {
		t.Errorf("%d repairs, want 7", len(ids))
	}

	say := func(token, text string) apitest.Answer {
		return w.Call(token, "POST", "/v1/repairs/"+first+"/messages", `{"kind":"text","text":"`+text+`"}`, apitest.Key("m"))
	}
	say(sam, "hoi").Want(t, 201, map[string]any{"sequence": 2.0})
	say(noor, "dag").Want(t, 201, map[string]any{"sequence": 3.0})
	if a := say(sam, "hoi"); a.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("the same again: %v", a.Header)
	}
	say(sam, "dag").Problem(t, 422, "key_reused")
}

// A deadline or a promise in the past is refused, but in history; and the same request
// again gets the same answer when its deadline has passed.
func TestTimesInThePast(t *testing.T) {
	w := apitest.New(t)
	sam := w.Token("sam", repair.Mechanic, "de-brug")
	at := "/v1/repairs/" + w.Started()
	when := func(d time.Duration) string { return apitest.Begin.Add(d).Format(time.RFC3339) }
	times := func(occurred, expires time.Duration) string {
		return fmt.Sprintf(`{"occurred_at":%q,"expires_at":%q,%s`, when(occurred), when(expires), strings.Replace(apitest.QuoteBody, `"answer_by":"2026-05-20T14:00:00+02:00",`, "", 1)[1:])
	}
	for name, c := range map[string]struct{ method, path, body, pointer string }{
		"a quote that expired":           {"POST", at + "/quotes", times(0, -time.Second), "/expires_at"},
		"one that expired on its way":    {"POST", at + "/quotes", times(-time.Hour, -time.Minute), "/expires_at"},
		"a promise of yesterday":         {"PATCH", at, `{"ready_at":"` + when(-24*time.Hour) + `"}`, "/ready_at"},
		"a start with a promise, passed": {"POST", "/v1/repairs", strings.NewReplacer("WO-1842", "WO-2", "2026-05-20T16:00:00+02:00", when(-time.Second)).Replace(apitest.OrderBody), "/ready_at"},
	} {
		a := w.Call(sam, c.method, c.path, c.body, apitest.Key(name))
		a.Problem(t, 422, "invalid")
		if got := a.JSON["errors"].([]any)[0].(map[string]any)["pointer"]; got != c.pointer {
			t.Errorf("%s: the error is at %v", name, got)
		}
	}
	w.Call(sam, "POST", "/v1/repairs", strings.NewReplacer("WO-1842", "WO-3", `"bay"`, `"occurred_at":"2026-05-01T08:00:00Z","bay"`, "2026-05-20T16", "2026-05-01T16").Replace(apitest.OrderBody), apitest.Key("history")).
		Want(t, 201, nil)

	soon := times(0, time.Minute)
	w.Call(sam, "POST", at+"/quotes", soon, apitest.Key("soon")).Want(t, 201, map[string]any{"revision": 1.0})
	w.Pass(time.Hour)
	again := w.Call(sam, "POST", at+"/quotes", soon, apitest.Key("soon"))
	again.Want(t, 201, map[string]any{"revision": 1.0})
	if again.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("%v", again.Header)
	}
}

// Promising again what was promised changes nothing; once that has passed, it is
// refused like any other promise in the past, and not for callers who only repeat a request.
func TestTheSamePromiseOnceItHasPassed(t *testing.T) {
	w := apitest.New(t)
	sam, body := w.Token("sam", repair.Mechanic, "de-brug"), `{"ready_at":"2026-05-20T16:00:00+02:00"}`
	at := "/v1/repairs/" + w.Started()
	w.Call(sam, "PATCH", at, body, apitest.Key("in time")).Want(t, 200, map[string]any{"sequence": 1.0})
	w.Pass(24 * time.Hour)
	sam = w.Token("sam", repair.Mechanic, "de-brug")
	late := w.Call(sam, "PATCH", at, body, apitest.Key("late"))
	late.Problem(t, 422, "invalid")
	if got := late.JSON["errors"].([]any)[0].(map[string]any)["pointer"]; got != "/ready_at" {
		t.Errorf("the error is at %v", got)
	}
	w.Call(sam, "PATCH", at, body, apitest.Key("in time")).Want(t, 200, map[string]any{"sequence": 1.0})
}

func TestOutcomesThatAreLate(t *testing.T) {
	w := apitest.New(t)
	sam := w.Token("sam", repair.Mechanic, "de-brug")
	at := "/v1/repairs/" + w.Started()
	a := w.Call(sam, "POST", at+"/quotes", apitest.QuoteBody, apitest.Key("k1"), "Prefer: respond-async")
	a.Want(t, 202, map[string]any{"result": "pending"})
	if diff := cmp.Diff([]string{"command_id", "repair_id", "result"}, slices.Sorted(maps.Keys(a.JSON))); diff != "" {
		t.Errorf("fields of 202 (-want +got):\n%s", diff)
	}
	if a.Header.Get("Location") != "/v1/commands/"+a.JSON["command_id"].(string) || a.Header.Get("Preference-Applied") != "respond-async" {
		t.Errorf("headers of 202: %v", a.Header)
	}
	w.Silent, w.Lagging = true, true
	a = w.Call(sam, "POST", at+"/messages", `{"kind":"text","text":"x"}`, apitest.Key("k2"))
	a.Want(t, 202, map[string]any{"result": "pending"})
	where := a.Header.Get("Location")
	w.Call(sam, "GET", where, "").Want(t, 200, map[string]any{"result": "pending"})
	w.Lagging = false
	w.Call(sam, "GET", where, "").Want(t, 200, map[string]any{"result": "accepted", "state": "awaiting_approval", "sequence": 3.0})
	w.Call(w.Token("noor", repair.Mechanic, "de-brug"), "GET", where, "").Problem(t, 404, "not_found")
	w.Call(w.Token("sam", repair.Mechanic, "noord"), "GET", where, "").Problem(t, 404, "not_found")
	w.Call(sam, "GET", "/v1/commands/nonsense", "").Problem(t, 404, "not_found")
}

// A client that passes the sequence of the answer reads what it wrote.
func TestReadingWhatWasWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := apitest.New(t, func(c *api.Config) { c.Patience = time.Minute })
		sam := w.Token("sam", repair.Mechanic, "de-brug")
		id := w.Started()
		w.Lagging = true
		w.Call(sam, "POST", "/v1/repairs/"+id+"/quotes", apitest.QuoteBody, apitest.Key("k1"))
		w.Call(sam, "GET", "/v1/repairs/"+id, "").Want(t, 200, map[string]any{"sequence": 1.0})
		time.AfterFunc(time.Second, w.CatchUp)
		w.Call(sam, "GET", "/v1/repairs/"+id+"?after=2", "").Want(t, 200, map[string]any{"sequence": 2.0, "state": "awaiting_approval"})
	})
}

func TestWhoseGarage(t *testing.T) {
	w := apitest.New(t)
	both := w.Token("dms", repair.Integrator, "de-brug", "noord")
	at := "/v1/repairs/" + w.Started()
	// A token of one garage starts there; with one of several, the request says where.
	a := w.Call(both, "POST", "/v1/repairs", `{"vehicle":{"plate":"AB12"},"customer":{"name":"X"},"agreed":{"lines":[]}}`, apitest.Key("k1"))
	a.Problem(t, 422, "invalid")
	if got := a.JSON["errors"].([]any)[0].(map[string]any)["pointer"]; got != "/garage" {
		t.Errorf("pointer %v", got)
	}
	body := `{"garage":"noord","vehicle":{"plate":"AB12"},"customer":{"name":"X"},"agreed":{"lines":[]}}`
	w.Call(both, "POST", "/v1/repairs", body, apitest.Key("k2")).Want(t, 201, nil)
	w.Call(w.Token("sam", repair.Mechanic, "de-brug"), "POST", "/v1/repairs", body, apitest.Key("k3")).Problem(t, 403, "forbidden")
	// The body and the query may both say it, and not each something else.
	w.Call(both, "POST", "/v1/repairs?garage=noord", body, apitest.Key("k2")).Want(t, 201, nil)
	a = w.Call(both, "POST", "/v1/repairs?garage=de-brug", body, apitest.Key("k9"))
	a.Problem(t, 422, "invalid")
	if got := a.JSON["errors"].([]any)[0].(map[string]any)["pointer"]; got != "/garage" {
		t.Errorf("pointer %v", got)
	}
	// About a repair, the read model knows, or the query says it.
	w.Call(both, "POST", at+"/quotes", apitest.QuoteBody, apitest.Key("k4")).Want(t, 201, nil)
	w.Call(both, "POST", at+"/quotes?garage=de-brug", apitest.QuoteBody, apitest.Key("k5")).Want(t, 201, nil)
	w.Call(both, "POST", at+"/quotes?garage=noord", apitest.QuoteBody, apitest.Key("k6")).Problem(t, 404, "not_found")
	w.Call(both, "POST", at+"/quotes?garage=elsewhere", apitest.QuoteBody, apitest.Key("k7")).Problem(t, 404, "not_found")
	w.Call(both, "POST", "/v1/repairs/"+repair.RepairID("x", "y", "z")+"/quotes", apitest.QuoteBody, apitest.Key("k8")).Problem(t, 404, "not_found")
	w.Call(both, "GET", "/v1/repairs?garage=elsewhere", "").Problem(t, 403, "forbidden")
}

func TestLists(t *testing.T) {
	w := apitest.New(t)
	w.Started()
	sam := w.Token("sam", repair.Mechanic, "de-brug")
	anna := w.Token("anna", repair.CustomerService, "de-brug")
	boss := w.Token("boss", repair.Manager, "de-brug")
	w.Call(sam, "GET", "/v1/repairs?state=in_progress,completed&changed_since=2026-05-20T10:00:00%2B02:00&plate=k-482-tr&external_ref=WO-1842", "").Want(t, 200, nil)
	if diff := cmp.Diff(readmodel.RepairFilter{Garages: []string{"de-brug"}, States: []repair.State{"in_progress", "completed"}, ChangedSince: apitest.Begin, Plate: "K482TR", ExternalRef: "WO-1842", Limit: 50}, w.Asked[0]); diff != "" {
		t.Errorf("filter (-want +got):\n%s", diff)
	}
	w.Call(w.Token("femke", repair.Mechanic, "noord"), "GET", "/v1/repairs", "").Want(t, 200, map[string]any{"items": []any{}})
	w.Call(sam, "GET", "/v1/repairs?cursor=bogus", "").Problem(t, 422, "invalid")
	for _, bad := range []string{"state=broken", "state=completed,broken", "state=completed,", "state=completed&state=in_progress", "changed_since=yesterday", "changed_since="} {
		w.Call(sam, "GET", "/v1/repairs?"+bad, "").Problem(t, 422, "invalid")
	}
	w.Call(anna, "GET", "/v1/conversations?filter=needs-reply&q=vries", "").Want(t, 200, map[string]any{"items": []any{}})
	if diff := cmp.Diff(readmodel.ConversationFilter{Garages: []string{"de-brug"}, Filter: "needs-reply", Query: "vries", Sort: "waiting", Limit: 50}, w.Asked[len(w.Asked)-1]); diff != "" {
		t.Errorf("filter (-want +got):\n%s", diff)
	}
	w.Call(anna, "GET", "/v1/conversations?sort=loudest", "").Problem(t, 422, "invalid")
	w.Call(boss, "GET", "/v1/latencies?measure=approval&group_by=day&garage=de-brug&from=2026-05-01T00:00:00Z&to=2026-05-20T00:00:00Z", "").
		Want(t, 200, map[string]any{"measure": "approval", "rows": []any{}})
	for _, bad := range []string{"", "?measure=patience", "?measure=approval&group_by=moon", "?measure=approval&from=yesterday", "?measure=approval&from=2026-05-21T00:00:00Z&to=2026-05-20T00:00:00Z"} {
		w.Call(boss, "GET", "/v1/latencies"+bad, "").Problem(t, 422, "invalid")
	}
	w.Call(boss, "GET", "/v1/latencies?measure=approval&garage=noord", "").Problem(t, 403, "forbidden")
}

func TestEventPages(t *testing.T) {
	w := apitest.New(t)
	w.Quoted()
	dms := w.Token("dms", repair.Integrator, "de-brug")
	a := w.Call(dms, "GET", "/v1/events?limit=1", "")
	a.Want(t, 200, map[string]any{"cursor": "c1"})
	if e := a.JSON["events"].([]any)[0].(map[string]any); e["type"] != "RepairStarted" || e["cursor"] != "c1" || e["external_ref"] != "WO-1842" {
		t.Errorf("event %v", e)
	}
	if e := w.Call(dms, "GET", "/v1/events?after=c1", "").JSON["events"].([]any)[0].(map[string]any); e["type"] != "ApprovalRequested" || e["external_ref"] != "WO-1842" {
		t.Errorf("event %v", e)
	}
	w.Call(dms, "GET", "/v1/events?after=c2", "").Want(t, 200, map[string]any{"events": []any{}, "cursor": "c2"})
	w.Call(dms, "GET", "/v1/events?limit=1&after=", "").Want(t, 200, map[string]any{"cursor": "c1"}) // an empty cursor is where it begins
	w.Call(w.Token("x", repair.Integrator, "noord"), "GET", "/v1/events", "").Want(t, 200, map[string]any{"events": []any{}})
	a = w.Call(dms, "GET", "/v1/events?after=bogus", "")
	a.Problem(t, 422, "invalid")
}

func TestWhenThingsAreAway(t *testing.T) {
	w := apitest.New(t)
	sam := w.Token("sam", repair.Mechanic, "de-brug")
	at := "/v1/repairs/" + w.Started()
	w.Broken = errors.New("secret detail of the store")
	for _, a := range []apitest.Answer{
		w.Call(sam, "GET", at, ""),
		w.Call(sam, "GET", at+"?after=1", ""),
		w.Call(sam, "GET", "/v1/repairs", ""),
		w.Call(sam, "GET", "/v1/events", ""),
		w.Call(sam, "POST", at+"/quotes", apitest.QuoteBody, apitest.Key("k")),
	} {
		a.Problem(t, 503, "unavailable")
		if strings.Contains(a.Text, "secret") || a.Header.Get("Retry-After") == "" {
			t.Errorf("%v %s", a.Header, a.Text)
		}
	}
}

// Every route that writes has an example of its body, which succeeds on a repair
// after the examples that must come before it.
func TestExamples(t *testing.T) {
	before := map[string][]string{ // of others none but start-repair
		"decide-quote":    {"request-approval"},
		"withdraw-quote":  {"request-approval"},
		"complete-repair": {"request-approval", "decide-quote"},
		"collect-vehicle": {"request-approval", "decide-quote", "complete-repair"},
	}
	w := apitest.New(t)
	sam := w.Token("sam", repair.Mechanic, "de-brug")
	routes := make(map[string]api.Route)
	for _, r := range api.Routes() {
		routes[r.ID] = r
	}
	for id, r := range routes {
		if r.Keyed != (api.Examples[id] != "") {
			t.Errorf("%s takes a body: %t; it has an example: %t", id, r.Keyed, !r.Keyed)
		}
		if !r.Keyed {
			continue
		}
		order := "WO-" + id
		story := slices.Concat([]string{"start-repair"}, before[id], []string{id})
		if id == "start-repair" {
			story = story[1:]
		}
		at := ""
		for _, step := range story {
			path := strings.NewReplacer("{id}", at, "{revision}", "1").Replace(routes[step].Path)
			body := strings.Replace(api.Examples[step], "WO-1842", order, 1)
			a := w.Call(sam, routes[step].Method, path, body, apitest.Key(id+step))
			if a.StatusCode/100 != 2 {
				t.Errorf("%s: the example of %s: %d %s", id, step, a.StatusCode, a.Text)
				break
			}
			at = a.JSON["repair_id"].(string)
		}
	}
	page := html.UnescapeString(w.Get("/docs").Text)
	for id, example := range api.Examples {
		if !strings.Contains(page, "<pre>"+example+"</pre>") {
			t.Errorf("the documentation does not show the example of %s", id)
		}
	}
}
