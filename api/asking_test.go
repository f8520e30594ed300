package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"pitstop/schemas/repair"
)

// Asking the API.

func (w *world) token(subject string, role repair.Role, garages ...string) string {
	w.t.Helper()
	token, err := w.issuer.Issue(Caller{Subject: subject, Roles: []repair.Role{role}, Garages: garages}, time.Hour)
	must(w.t, err)
	return token
}

// answer is what came back, with its body as JSON where it is some.
type answer struct {
	*http.Response
	text string
	json map[string]any
}

func (w *world) do(r *http.Request) answer {
	w.t.Helper()
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	a := answer{Response: rec.Result(), text: rec.Body.String()}
	if strings.Contains(a.Header.Get("Content-Type"), "json") {
		must(w.t, json.Unmarshal(rec.Body.Bytes(), &a.json))
		w.conforms(r, a)
	}
	return a
}

// conforms checks a JSON answer against the documentation.
func (w *world) conforms(r *http.Request, a answer) {
	w.t.Helper()
	schemas := w.server.openapi.Components.Schemas
	for _, route := range routes {
		pattern := "^" + regexp.MustCompile(`\{\w+\}`).ReplaceAllString(route.path, `[^/]+`) + "$"
		if r.Method != route.method || !regexp.MustCompile(pattern).MatchString(r.URL.Path) {
			continue
		}
		documented := w.server.operationOf(route).Responses[fmt.Sprint(a.StatusCode)]
		media, _, _ := strings.Cut(a.Header.Get("Content-Type"), ";")
		if documented == nil || documented.Content[media] == nil {
			w.t.Errorf("%s %s answers %d %s, which is not documented", r.Method, r.URL.Path, a.StatusCode, media)
			return
		}
		var res huma.ValidateResult
		huma.Validate(schemas, documented.Content[media].Schema, huma.NewPathBuffer(nil, 0), huma.ModeReadFromServer, a.json, &res)
		for _, err := range res.Errors {
			if !strings.Contains(err.Error(), "approver: <nil>") { // see document
				w.t.Errorf("%s %s %d: %v", r.Method, r.URL.Path, a.StatusCode, err)
			}
		}
		return
	}
}

// call asks as whoever the token is for. Headers are "Name: value".
func (w *world) call(token, method, path, body string, headers ...string) answer {
	w.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	return w.do(r)
}

func key(k string) string { return "Idempotency-Key: " + k }

// The example order of the garage's text.
const (
	orderBody = `{"external_ref":"WO-1842","vehicle":{"plate":"k-482-tr","country":"NL","description":"Volkswagen Golf"},
		"customer":{"id":"c1","name":"J. de Vries","email":"j@example.nl","phone":"06 1234 5678","language":"nl"},
		"approver":null,"ready_at":"2026-05-20T16:00:00+02:00","bay":"3",
		"agreed":{"currency":"EUR","prices_include_vat":true,"lines":[
			{"title":"Kleine beurt en APK","details":[{"kind":"labour","description":"Beurt","quantity":"1","unit_price":28900,"vat":"21"}]}]}}`
	quoteBody = `{"currency":"EUR","prices_include_vat":true,"answer_by":"2026-05-20T14:00:00+02:00","lines":[
		{"title":"Remschijven en remblokken vóór vervangen","urgency":"safety","consequence":"Zonder deze reparatie keuren we de auto niet goed voor de APK.","details":[
			{"kind":"part","description":"Remschijven","quantity":"2","unit_price":6900,"vat":"21"},
			{"kind":"part","description":"Remblokken","quantity":"1","unit_price":7200,"vat":"21"},
			{"kind":"labour","description":"Arbeid","quantity":"1.2","unit_price":11500,"vat":"21"}]},
		{"title":"Ruitenwissers vervangen","urgency":"advice","details":[
			{"kind":"part","description":"Ruitenwissers","quantity":"1","unit_price":3995,"vat":"21"}]}]}`
)

// started gives a repair at de-brug, quoted one with quote 1 open.
func (w *world) started() string {
	w.t.Helper()
	a := w.call(w.token("sam", repair.Mechanic, "de-brug"), "POST", "/v1/repairs", orderBody, key("start"))
	if a.StatusCode != http.StatusCreated {
		w.t.Fatalf("start: %d %s", a.StatusCode, a.text)
	}
	return a.json["repair_id"].(string)
}

func (w *world) quoted() string {
	w.t.Helper()
	id := w.started()
	a := w.call(w.token("sam", repair.Mechanic, "de-brug"), "POST", "/v1/repairs/"+id+"/quotes", quoteBody, key("quote-1"))
	if a.StatusCode != http.StatusCreated {
		w.t.Fatalf("quote: %d %s", a.StatusCode, a.text)
	}
	return id
}
