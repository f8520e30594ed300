package api

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

	"pitstop/schemas/repair"
)

// The contract's list of codes.
func TestCodes(t *testing.T) {
	want := map[int]string{
		400: "key_missing", 401: "unauthenticated", 403: "forbidden", 404: "not_found",
		409: "illegal_state superseded expired withdrawn already_decided already_started total_mismatch reason_required",
		422: "invalid key_reused", 429: "rate_limited", 503: "unavailable",
	}
	for status, names := range want {
		for name := range strings.FieldsSeq(names) {
			p := problem(repair.Code(name), "why")
			if p.Status != status || string(p.Code) != name || p.Type != "urn:pitstop:problem:"+name || p.Title == "" || p.Detail != "why" {
				t.Errorf("%s: %+v, want status %d", name, p, status)
			}
		}
	}
	if p := problem("made_up", ""); p.Status != 500 {
		t.Errorf("an unknown code has status %d", p.Status)
	}
}

func TestMalformedRequests(t *testing.T) {
	w := newWorld(t)
	sam := w.token("sam", repair.Mechanic, "de-brug")
	at := "/v1/repairs/" + w.started()
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
		{"too large", "POST", "/v1/repairs", `{"bay":"` + strings.Repeat("x", maxBodyBytes) + `"}`, nil, 413, "too_large", nil},
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
		{"revision 0", "POST", at + "/quotes/0/withdrawal", ``, nil, 422, "invalid", []string{"/revision"}},
		{"no such address", "GET", "/v1/nothing", ``, nil, 404, "not_found", nil},
		{"no such method", "DELETE", at, ``, nil, 405, "method_not_allowed", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := w.call(sam, tt.method, tt.path, tt.body, append([]string{key(tt.name)}, tt.headers...)...)
			a.problem(t, tt.status, tt.code)
			var got []string
			errs, _ := a.json["errors"].([]any)
			for _, e := range errs {
				got = append(got, e.(map[string]any)["pointer"].(string))
				if e.(map[string]any)["detail"] == "" {
					t.Errorf("no detail: %v", e)
				}
			}
			if diff := cmp.Diff(tt.pointers, got); diff != "" {
				t.Errorf("pointers (-want +got):\n%s\n%s", diff, a.text)
			}
			if tt.code == "method_not_allowed" && cmp.Diff([]string{"GET", "PATCH"}, a.Header.Values("Allow")) != "" {
				t.Errorf("Allow: %v", a.Header.Values("Allow"))
			}
		})
	}
}

func TestPointers(t *testing.T) {
	for location, want := range map[string]string{
		"body": "", "body.a": "/a", "body.lines[0].details[12].vat": "/lines/0/details/12/vat", "query.measure": "/measure", "body[3].x": "/3/x",
	} {
		if got := pointer(location); got != want {
			t.Errorf("%s became %q, want %q", location, got, want)
		}
	}
}

// What went wrong inside is not for callers.
func TestNothingInternalIsShown(t *testing.T) {
	err := huma.NewError(http.StatusInternalServerError, "unexpected error occurred", errors.New("pq: password is hunter2"))
	if s := fmt.Sprintf("%+v", err); strings.Contains(s, "hunter2") {
		t.Error(s)
	}
	s := &server{Config: Config{Log: slog.New(slog.DiscardHandler)}}
	rec := httptest.NewRecorder()
	s.recoverer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("hunter2") })).ServeHTTP(rec, httptest.NewRequest("GET", "/", nil))
	if rec.Code != 500 || strings.Contains(rec.Body.String(), "hunter2") {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
}
