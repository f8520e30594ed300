package apitest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"pitstop/api/web"
	"pitstop/schemas/repair"
)

// Token returns a token for a member of staff.
func (w *World) Token(subject string, role repair.Role, garages ...string) string {
	w.T.Helper()
	token, err := w.issuer.Issue(web.Caller{Subject: subject, Roles: []repair.Role{role}, Garages: garages}, time.Hour)
	Must(w.T, err)
	return token
}

// Answer is a response, with its body as JSON where it is JSON.
type Answer struct {
	*http.Response
	Text string
	JSON map[string]any
}

// Do sends a request to the API, and checks the answer against the documentation.
func (w *World) Do(r *http.Request) Answer {
	w.T.Helper()
	rec := httptest.NewRecorder()
	w.API.ServeHTTP(rec, r)
	a := Answer{Response: rec.Result(), Text: rec.Body.String()}
	if strings.Contains(a.Header.Get("Content-Type"), "json") {
		Must(w.T, json.Unmarshal(rec.Body.Bytes(), &a.JSON))
	}
	w.conforms(r, a)
	return a
}

// conforms checks an answer against the documentation: its status, its type, its
// headers, and all of its body.
func (w *World) conforms(r *http.Request, a Answer) {
	w.T.Helper()
	doc := w.API.OpenAPI
	for path, item := range doc.Paths {
		op := map[string]*huma.Operation{
			http.MethodGet: item.Get, http.MethodPost: item.Post, http.MethodPatch: item.Patch, http.MethodDelete: item.Delete,
		}[r.Method]
		pattern := "^" + regexp.MustCompile(`\{\w+\}`).ReplaceAllString(path, `[^/]+`) + "$"
		if op == nil || !regexp.MustCompile(pattern).MatchString(r.URL.Path) {
			continue
		}
		documented := op.Responses[fmt.Sprint(a.StatusCode)]
		if documented != nil && documented.Ref != "" {
			documented = doc.Components.Responses[strings.TrimPrefix(documented.Ref, "#/components/responses/")]
		}
		media, _, _ := strings.Cut(a.Header.Get("Content-Type"), ";")
		if documented == nil || documented.Content[media] == nil {
			w.T.Errorf("%s %s answers %d %s, which is not documented", r.Method, r.URL.Path, a.StatusCode, media)
			return
		}
		named := maps.Clone(onEveryAnswer)
		for name := range documented.Headers {
			named[http.CanonicalHeaderKey(name)] = true
		}
		for name := range a.Header {
			if !named[name] {
				w.T.Errorf("%s %s %d has a header %s, which is not documented", r.Method, r.URL.Path, a.StatusCode, name)
			}
		}
		if a.JSON == nil {
			return
		}
		var res huma.ValidateResult
		huma.Validate(doc.Components.Schemas, documented.Content[media].Schema, huma.NewPathBuffer(nil, 0), huma.ModeReadFromServer, a.JSON, &res)
		for _, err := range res.Errors {
			if !strings.Contains(err.Error(), "approver: <nil>") { // the document says that it may be null
				w.T.Errorf("%s %s %d: %v", r.Method, r.URL.Path, a.StatusCode, err)
			}
		}
		return
	}
}

// onEveryAnswer are the headers that say nothing about an answer in particular.
var onEveryAnswer = map[string]bool{
	"Content-Type": true, "X-Content-Type-Options": true, "Referrer-Policy": true, "Cache-Control": true, "Content-Security-Policy": true,
}

// Call sends a request with a token. Headers are "Name: value".
func (w *World) Call(token, method, path, body string, headers ...string) Answer {
	w.T.Helper()
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
	return w.Do(r)
}

// Key returns the header with an idempotency key.
func Key(k string) string { return "Idempotency-Key: " + k }

// The bodies of an order and of a quote for it.
const (
	OrderBody = `{"external_ref":"WO-1842","vehicle":{"plate":"k-482-tr","country":"NL","description":"Volkswagen Golf"},
		"customer":{"id":"c1","name":"J. de Vries","email":"j@example.nl","phone":"06 1234 5678","language":"nl"},
		"approver":null,"ready_at":"2026-05-20T16:00:00+02:00","bay":"3",
		"agreed":{"currency":"EUR","prices_include_vat":true,"lines":[
			{"title":"Kleine beurt en APK","details":[{"kind":"labour","description":"Beurt","quantity":"1","unit_price":28900,"vat":"21"}]}]}}`
	QuoteBody = `{"currency":"EUR","prices_include_vat":true,"answer_by":"2026-05-20T14:00:00+02:00","lines":[
		{"title":"Remschijven en remblokken vóór vervangen","urgency":"safety","consequence":"Zonder deze reparatie keuren we de auto niet goed voor de APK.","details":[
			{"kind":"part","description":"Remschijven","quantity":"2","unit_price":6900,"vat":"21"},
			{"kind":"part","description":"Remblokken","quantity":"1","unit_price":7200,"vat":"21"},
			{"kind":"labour","description":"Arbeid","quantity":"1.2","unit_price":11500,"vat":"21"}]},
		{"title":"Ruitenwissers vervangen","urgency":"advice","details":[
			{"kind":"part","description":"Ruitenwissers","quantity":"1","unit_price":3995,"vat":"21"}]}]}`
)

// Started starts a repair at de-brug and returns its id.
func (w *World) Started() string {
	w.T.Helper()
	return w.started(OrderBody)
}

func (w *World) started(body string) string {
	w.T.Helper()
	a := w.Call(w.Token("sam", repair.Mechanic, "de-brug"), "POST", "/v1/repairs", body, Key("start"))
	if a.StatusCode != http.StatusCreated {
		w.T.Fatalf("start: %d %s", a.StatusCode, a.Text)
	}
	return a.JSON["repair_id"].(string)
}

// Quoted starts a repair at de-brug, opens quote 1 and returns the repair's id.
func (w *World) Quoted() string {
	w.T.Helper()
	return w.quoted(w.Started())
}

// Leased is Quoted where a lease company decides, and not who drives the car.
func (w *World) Leased() string {
	w.T.Helper()
	return w.quoted(w.started(strings.Replace(OrderBody, `"approver":null`,
		`"approver":{"id":"lease","name":"Lease BV","email":"wagenpark@lease.example","language":"en"}`, 1)))
}

func (w *World) quoted(id string) string {
	w.T.Helper()
	a := w.Call(w.Token("sam", repair.Mechanic, "de-brug"), "POST", "/v1/repairs/"+id+"/quotes", QuoteBody, Key("quote-1"))
	if a.StatusCode != http.StatusCreated {
		w.T.Fatalf("quote: %d %s", a.StatusCode, a.Text)
	}
	return id
}
