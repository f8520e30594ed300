package api_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/google/go-cmp/cmp"

	"pitstop/api"
	"pitstop/api/apitest"
	"pitstop/api/staff"
	"pitstop/api/web"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// sample returns a request that every route takes, about a repair with quote 1 open:
// the example of the documentation, but for what depends on that quote.
func sample(r api.Route, id string) (path, body string) {
	path = strings.NewReplacer("{id}", id, "{revision}", "1").Replace(r.Path)
	body = api.Examples[r.ID]
	switch r.ID {
	case "start-repair":
		body = `{"vehicle":{"plate":"AB12"},"customer":{"name":"X"},"agreed":{"lines":[]}}`
	case "request-approval":
		body = apitest.QuoteBody
	case "decide-quote":
		body = `{"lines":[{"line":1,"answer":"approve"},{"line":2,"answer":"approve"}],"total_seen":38795,"method":"phone","name":"J"}`
	}
	if r.ID == "get-latencies" {
		path += "?measure=approval"
	}
	return path, body
}

// Every route, for every role, at home, abroad, and without a token.
func TestEveryRouteForEveryRole(t *testing.T) {
	// Who may do what, said once more: the table of routes must say the same.
	allowed := map[string]string{
		"POST /v1/repairs": "MI", "GET /v1/repairs": "MSWI", "GET /v1/repairs/{id}": "MSWI", "PATCH /v1/repairs/{id}": "MSI",
		"POST /v1/repairs/{id}/quotes": "MI", "GET /v1/repairs/{id}/quotes/{revision}": "MSI",
		"POST /v1/repairs/{id}/quotes/{revision}/withdrawal": "MI", "POST /v1/repairs/{id}/quotes/{revision}/decision": "MS",
		"POST /v1/repairs/{id}/completion": "MI", "POST /v1/repairs/{id}/collection": "MSI", "POST /v1/repairs/{id}/cancellation": "MSI",
		"POST /v1/repairs/{id}/messages": "MS", "GET /v1/repairs/{id}/timeline": "MS", "GET /v1/conversations": "S",
		"POST /v1/repairs/{id}/links": "MS", "DELETE /v1/repairs/{id}/links": "S",
		"GET /v1/events": "MSI", "GET /v1/commands/{id}": "MSWIA", "GET /v1/latencies": "W",
	}
	roles := map[string]repair.Role{
		"M": repair.Mechanic, "S": repair.CustomerService, "W": repair.Manager, "I": repair.Integrator, "A": repair.Admin,
	}
	if len(allowed) != len(api.Routes()) {
		t.Errorf("%d routes, want %d", len(api.Routes()), len(allowed))
	}
	for _, r := range api.Routes() {
		name := r.Method + " " + r.Path
		t.Run(strings.ReplaceAll(name, "/", "|"), func(t *testing.T) {
			w := apitest.New(t)
			path, body := sample(r, w.Quoted())
			for letter, role := range roles {
				a := w.Call(w.Token("u", role, "de-brug"), r.Method, path, body, apitest.Key("k"+letter))
				if strings.Contains(allowed[name], letter) {
					if a.StatusCode >= 300 && a.StatusCode != 409 {
						t.Errorf("%s may: got %d %s", role, a.StatusCode, a.Text)
					}
				} else {
					a.Problem(t, 403, "forbidden")
					if !strings.Contains(a.Header.Get("WWW-Authenticate"), "insufficient_scope") {
						t.Errorf("challenge %q", a.Header.Get("WWW-Authenticate"))
					}
				}
				w.Call(w.Token("u", role), r.Method, path, body, apitest.Key("k2")).Problem(t, 403, "forbidden") // no garage
			}
			before := len(w.Sent)
			for _, token := range []string{"", "nonsense", w.Token("u", repair.Mechanic, "de-brug") + "x"} {
				a := w.Call(token, r.Method, path, body, apitest.Key("k"))
				a.Problem(t, 401, "unauthenticated")
				if !strings.HasPrefix(a.Header.Get("WWW-Authenticate"), "Bearer ") {
					t.Errorf("challenge %q", a.Header.Get("WWW-Authenticate"))
				}
			}
			if strings.Contains(r.Path, "/repairs/{id}") {
				role := r.Roles[0]
				w.Call(w.Token("u", role, "noord"), r.Method, path, body, apitest.Key("k3")).Problem(t, 404, "not_found")
				bad, _ := sample(r, "nonsense")
				w.Call(w.Token("u", role, "de-brug"), r.Method, bad, body, apitest.Key("k4")).Problem(t, 404, "not_found")
			}
			if r.Keyed {
				a := w.Call(w.Token("u", r.Roles[0], "de-brug"), r.Method, path, body)
				a.Problem(t, 400, "key_missing")
				w.Call(w.Token("u", r.Roles[0], "de-brug"), r.Method, path, body, apitest.Key(" ")).Problem(t, 400, "key_missing")
			}
			for _, cmd := range w.Sent[before:] {
				if cmd.Head().GarageID == "de-brug" {
					t.Errorf("a refused request sent %T", cmd)
				}
			}
		})
	}
}

// Every address of every door: what it says to somebody without a token, a session
// or a link, and that there are no others.
func TestEveryAddressForStrangers(t *testing.T) {
	want := map[string]int{
		"GET /": 303, "GET /docs": 200, "GET /openapi.json": 200, "GET /assets/{version}/{name}": 200,
		"GET /c/{token}": 404, "GET /c/{token}/": 404, "POST /c/{token}/quotes/{revision}/decision": 404, "POST /c/{token}/messages": 404, "POST /c/{token}/view": 404,
		"GET /sign-in": 503, "GET /sign-in/callback": 400, "POST /sign-out": 200, "GET /signed-out": 200, "GET /dashboards": 303, "GET /dashboards/*": 303,
	}
	for _, r := range api.Routes() {
		want[r.Method+" "+r.Path] = 401
	}
	for _, p := range staff.Pages {
		want["GET "+p.Path()] = 303
	}
	w := apitest.New(t)
	got := make(map[string]int)
	apitest.Must(t, chi.Walk(w.API.Handler.(chi.Routes), func(method, route string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		path := strings.NewReplacer("{name}", "pages.css", "{", "", "}", "", "*", "nowhere").Replace(route)
		got[method+" "+route] = w.Call("", method, path, "").StatusCode
		return nil
	}))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("addresses (-want +got):\n%s", diff)
	}
	if len(w.Sent) > 0 || len(w.Looked) > 0 {
		t.Errorf("strangers sent %v and saw %v", w.Sent, w.Looked)
	}
}

// A session's cookie opens the pages and nothing else: what the API does, another site's
// page could then cause. With its CSRF token it is as good as a bearer token.
func TestSessionOpensTheAPIOnlyToItsPages(t *testing.T) {
	w := apitest.New(t)
	id := w.Quoted()
	sent := len(w.Sent)
	for _, r := range api.Routes() {
		path, body := sample(r, id)
		ask := func(status int, headers ...string) apitest.Answer {
			req := httptest.NewRequest(r.Method, path, strings.NewReader(body))
			w.SignedIn(req, w.Token("u", anyRole(r), "de-brug"))
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("Idempotency-Key", "k "+r.Path)
			for i := 0; i < len(headers); i += 2 {
				req.Header.Set(headers[i], headers[i+1])
			}
			a := w.Do(req)
			if status != 0 && a.StatusCode != status {
				t.Errorf("%s %s with %q: %d, want %d", r.Method, path, headers, a.StatusCode, status)
			}
			return a
		}
		ask(401)
		ask(401, "Authorization", "Bearer x", "X-CSRF-Token", apitest.CSRF)
		ask(403, "X-CSRF-Token", "x")
		if r.Method != http.MethodGet {
			ask(403, "X-CSRF-Token", apitest.CSRF, "Sec-Fetch-Site", "cross-site")
			ask(403, "X-CSRF-Token", apitest.CSRF, "Sec-Fetch-Site", "same-site")
		}
		if len(w.Sent) > sent {
			t.Errorf("a foreign call sent %v", w.Sent[sent:])
		}
		if a := ask(0, "X-CSRF-Token", apitest.CSRF, "Sec-Fetch-Site", "same-origin"); a.StatusCode == 401 || a.StatusCode == 403 {
			t.Errorf("%s %s: the page's own call gets %d: %s", r.Method, path, a.StatusCode, a.Text)
		}
		sent = len(w.Sent)
	}
}

func anyRole(r api.Route) repair.Role {
	if len(r.Roles) > 0 {
		return r.Roles[0]
	}
	return repair.Mechanic
}

func TestDocumentationPage(t *testing.T) {
	w := apitest.New(t)
	a := w.Call("", "GET", "/docs", "")
	if a.StatusCode != 200 || !strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") {
		t.Fatalf("%d %v", a.StatusCode, a.Header)
	}
	for _, r := range api.Routes() {
		if !strings.Contains(a.Text, r.Path) || !strings.Contains(a.Text, r.Summary) {
			t.Errorf("%s is not documented", r.Path)
		}
	}
	for _, c := range web.Kinds {
		if !strings.Contains(a.Text, string(c.Code)) {
			t.Errorf("problem %s is not documented", c.Code)
		}
	}
	for _, e := range repair.Events {
		if !strings.Contains(a.Text, "<h3>"+record.NameOf(e)+"</h3>") {
			t.Errorf("the event %s is not documented", record.NameOf(e))
		}
	}
	for _, chapter := range []string{"Tokens", "Idempotency keys", "Retries", "Limits", "Reading", "Events", "Times, amounts and texts", "What may change within v1"} {
		if !strings.Contains(a.Text, ">"+chapter+"</h2>") {
			t.Errorf("there is no chapter %s", chapter)
		}
	}
	for _, figure := range []string{"3000 requests in 10 seconds", "300 in 10 seconds", "16 streams", "256 KiB"} { // those in force
		if !strings.Contains(a.Text, figure) {
			t.Errorf("the page does not say %q", figure)
		}
	}
	for _, foreign := range []string{"http://", "https://", "//cdn", "<script"} {
		if strings.Contains(a.Text, foreign) {
			t.Errorf("the page loads or links %q", foreign)
		}
	}
}
