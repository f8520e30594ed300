package api_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"pitstop/api"
	"pitstop/api/apitest"
	"pitstop/schemas/link"
	"pitstop/schemas/repair"
)

// Every read, for every role that may use it: what staff wrote for themselves, and where
// a customer decided from, are for mechanics and customer service only.
func TestWhatEveryRoleSees(t *testing.T) {
	const note, address, browser = "Klant klinkt boos", "203.0.113.7", "Testfox/1.0"
	w := apitest.New(t)
	sam := w.Token("sam", repair.Mechanic, "de-brug")
	id := w.Quoted()
	page := w.Link(id, link.Approver)
	r := apitest.FormRequest(page+"/quotes/1/decision", "command", "c1", "line.1", "approve", "line.2", "reject", "reason.2", "price",
		"name", "Jo de Vries", "confirmed", "1", "total_seen", "34800")
	r.RemoteAddr, r.Header["User-Agent"] = address+":5555", []string{browser}
	if a := w.Do(r); a.StatusCode != 303 {
		t.Fatalf("decision: %d %s", a.StatusCode, a.Text)
	}
	w.Call(sam, "POST", "/v1/repairs/"+id+"/messages", `{"kind":"text","text":"Tot zo"}`, apitest.Key("text")).Want(t, 201, nil)
	command := w.Call(sam, "POST", "/v1/repairs/"+id+"/messages", `{"kind":"note","text":"`+note+`"}`, apitest.Key("note"))
	command.Want(t, 201, nil)

	path := strings.NewReplacer("{id}", id, "{revision}", "1", "/v1/commands/"+id, "/v1/commands/"+command.JSON["command_id"].(string), "/v1/latencies", "/v1/latencies?measure=approval")
	confidential := []repair.Role{repair.Mechanic, repair.CustomerService}
	shown := make(map[string]bool) // secrets that somebody saw somewhere
	look := func(where string, role repair.Role, text string) {
		for _, secret := range []string{note, address, browser, `"note"`} {
			if !strings.Contains(text, secret) {
				continue
			}
			shown[secret] = true
			if !slices.Contains(confidential, role) {
				t.Errorf("%s shows %s to %s: %s", where, secret, role, text)
			}
		}
	}
	roles := []repair.Role{repair.Mechanic, repair.CustomerService, repair.Manager, repair.Integrator, repair.Admin}
	for _, route := range api.Routes() {
		if route.Method != http.MethodGet {
			continue
		}
		for _, role := range roles {
			a := w.Call(w.Token("u", role, "de-brug"), "GET", path.Replace(path.Replace(route.Path)), "")
			if allowed := len(route.Roles) == 0 || slices.Contains(route.Roles, role); allowed == (a.StatusCode == 403) {
				t.Errorf("%s for %s: %d %s", route.ID, role, a.StatusCode, a.Text)
			}
			look(route.ID, role, a.Text)
		}
	}
	for _, role := range roles[:4] {
		look("the stream", role, stream(t, w, w.Token("u", role, "de-brug"), "/v1/events", `"Tot zo"`))
	}
	look("the customer's page", repair.Customer, w.Get(page).Text)
	if len(shown) != 4 {
		t.Errorf("mechanics and customer service see only %v", shown)
	}
	a := w.Call(w.Token("u", repair.Integrator, "de-brug"), "GET", "/v1/events", "")
	if !strings.Contains(a.Text, "Jo de Vries") || !strings.Contains(a.Text, "Tot zo") || !strings.Contains(a.Text, `"approved_total":34800`) {
		t.Errorf("an integrator misses what is for everybody: %s", a.Text)
	}
}

// stream returns what a stream of events says until it has said the words.
func stream(t *testing.T, w *apitest.World, token, path, until string, headers ...string) string {
	t.Helper()
	out := newClient(t, until)
	w.API.ServeHTTP(out, out.request(token, path, headers...))
	return out.text.String()
}

func (l *client) request(token, path string, headers ...string) *http.Request {
	r := httptest.NewRequestWithContext(l.ctx, http.MethodGet, path, nil)
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Accept", "text/event-stream")
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	return r
}
