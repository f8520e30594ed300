package api_test

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/go-cmp/cmp"

	"pitstop/api"
	"pitstop/api/apitest"
	"pitstop/api/web"
	"pitstop/schemas/repair"
)

func TestMalformedRequests(t *testing.T) {
	w := apitest.New(t)
	sam := w.Token("sam", repair.Mechanic, "de-brug")
	at := "/v1/repairs/" + w.Started()
	for _, tt := range []struct {
		name, method, path, body string
		headers                  []string
		status                   int
		code                     string
		pointers                 []string
	}{
		{"no JSON", "POST", "/v1/repairs", `{"vehicle":`, nil, 400, "malformed", nil},
		{"no body", "POST", "/v1/repairs", ``, nil, 400, "malformed", nil},
		{"not an object", "POST", "/v1/repairs", `[1]`, nil, 422, "invalid", []string{""}},
		{"a form", "POST", "/v1/repairs", `a=b`, []string{"Content-Type: application/x-www-form-urlencoded"}, 415, "unsupported_media_type", nil},
		{"too large", "POST", "/v1/repairs", `{"bay":"` + strings.Repeat("x", api.MaxBodyBytes) + `"}`, nil, 413, "too_large", nil},
		{
			"wrong types", "POST", "/v1/repairs", `{"vehicle":{"plate":7},"customer":{},"agreed":{"lines":[{"title":"x","details":[{"kind":"air","quantity":1,"unit_price":"1"}]}]}}`, nil, 422, "invalid",
			[]string{"/agreed/lines/0/details/0/kind", "/agreed/lines/0/details/0/quantity", "/agreed/lines/0/details/0/unit_price", "/customer/name", "/vehicle/plate"},
		},
		{"unknown field", "POST", at + "/completion", `{"total":1,"tip":5}`, nil, 422, "invalid", []string{"/tip"}},
		{"null where a number belongs", "POST", at + "/completion", `{"total":null}`, nil, 422, "invalid", []string{"/total"}},
		{"both changes", "PATCH", at, `{"ready_at":"2026-05-20T17:00:00Z","contact":{"name":"x"}}`, nil, 422, "invalid", []string{""}},
		{"bad time", "PATCH", at, `{"ready_at":"tomorrow"}`, nil, 422, "invalid", []string{"/ready_at"}},
		{"from the future", "POST", at + "/collection", `{"occurred_at":"2026-05-20T08:03:00Z"}`, nil, 422, "invalid", []string{"/occurred_at"}},
		{"key too long", "POST", at + "/collection", ``, []string{"Idempotency-Key: " + strings.Repeat("k", 201)}, 422, "invalid", []string{"/Idempotency-Key"}},
		{"a key that is not UTF-8", "POST", at + "/collection", ``, []string{"Idempotency-Key: \xff\xfe"}, 422, "invalid", []string{""}},
		{"revision 0", "POST", at + "/quotes/0/withdrawal", ``, nil, 422, "invalid", []string{"/revision"}},
		{"no such address", "GET", "/v1/nothing", ``, nil, 404, "not_found", nil},
		{"no such method", "DELETE", at, ``, nil, 405, "method_not_allowed", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := w.Call(sam, tt.method, tt.path, tt.body, append([]string{apitest.Key(tt.name)}, tt.headers...)...)
			a.Problem(t, tt.status, tt.code)
			var got []string
			errs, _ := a.JSON["errors"].([]any)
			for _, e := range errs {
				got = append(got, e.(map[string]any)["pointer"].(string))
				if e.(map[string]any)["detail"] == "" {
					t.Errorf("no detail: %v", e)
				}
			}
			if diff := cmp.Diff(tt.pointers, got); diff != "" {
				t.Errorf("pointers (-want +got):\n%s\n%s", diff, a.Text)
			}
			if tt.code == "method_not_allowed" && cmp.Diff([]string{"GET", "HEAD", "PATCH"}, a.Header.Values("Allow")) != "" {
				t.Errorf("Allow: %v", a.Header.Values("Allow"))
			}
		})
	}
}

// A header that names one thing, given twice, is not understood.
func TestHeadersThatAreGivenTwice(t *testing.T) {
	w := apitest.New(t)
	sam := w.Token("sam", repair.Mechanic, "de-brug")
	for name, ask := range map[string]struct{ method, path string }{
		"Idempotency-Key": {"POST", "/v1/repairs/" + w.Started() + "/collection"}, "Last-Event-ID": {"GET", "/v1/events"},
	} {
		r := httptest.NewRequest(ask.method, ask.path, nil)
		r.Header.Set("Authorization", "Bearer "+sam)
		r.Header.Add(name, "c1")
		r.Header.Add(name, "c2")
		a := w.Do(r)
		a.Problem(t, 422, "invalid")
		if diff := cmp.Diff([]any{map[string]any{"pointer": "/" + name, "detail": "is given 2 times"}}, a.JSON["errors"]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestAMissingParameterIsNamed(t *testing.T) {
	w := apitest.New(t)
	a := w.Call(w.Token("jan", repair.Manager, "de-brug"), "GET", "/v1/latencies", "")
	a.Problem(t, 422, "invalid")
	if diff := cmp.Diff([]any{map[string]any{"pointer": "/measure", "detail": "is missing"}}, a.JSON["errors"]); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
}

// What went wrong inside is not for callers.
func TestNothingInternalIsShown(t *testing.T) {
	err := huma.NewError(http.StatusInternalServerError, "unexpected error occurred", errors.New("pq: password is hunter2"))
	if s := fmt.Sprintf("%+v", err); strings.Contains(s, "hunter2") {
		t.Error(s)
	}
	rec := httptest.NewRecorder()
	web.Recover(slog.New(slog.DiscardHandler))(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("hunter2") })).ServeHTTP(rec, httptest.NewRequest("GET", "/", nil))
	if rec.Code != 500 || strings.Contains(rec.Body.String(), "hunter2") {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
}
