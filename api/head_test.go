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
	"pitstop/schemas/link"
	"pitstop/schemas/repair"
)

// HEAD answers as GET does, without the body, at every address of every door.
func TestHeadWhereGetIs(t *testing.T) {
	w := apitest.New(t)
	id := w.Quoted()
	server := httptest.NewServer(w.API)
	defer server.Close()
	samples := make(map[string]string)
	for _, r := range api.Routes() {
		samples[r.Path], _ = sample(r, id)
	}
	fill := strings.NewReplacer("/c/{token}", w.Link(id, link.Approver), "{version}", "x", "{name}", "pages.css", "*", "nowhere", "{id}", id, "{revision}", "1")
	token := w.Token("u", repair.Manager, "de-brug")
	seen := 0
	apitest.Must(t, chi.Walk(w.API.Handler.(chi.Routes), func(method, route string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		if method != http.MethodGet {
			return nil
		}
		seen++
		path := samples[route]
		if path == "" {
			path = fill.Replace(route)
		}
		for _, r := range api.Routes() {
			if r.Path == route && r.Method == http.MethodGet {
				token = w.Token("u", anyRole(r), "de-brug")
			}
		}
		ask := func(method string) (int, http.Header) {
			r, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, http.NoBody)
			apitest.Must(t, err)
			r.Header.Set("Authorization", "Bearer "+token)
			r.Header.Set("Accept-Encoding", "gzip") // the client asks for it by itself, but not with HEAD
			w.SignedIn(r, w.Token("u", repair.Manager, "de-brug"))
			a, err := http.DefaultTransport.RoundTrip(r)
			apitest.Must(t, err)
			defer a.Body.Close()
			a.Header.Del("Date")
			a.Header.Del("Content-Length") // may be left out for HEAD
			a.Header.Del("Transfer-Encoding")
			return a.StatusCode, a.Header
		}
		status, header := ask("GET")
		gotStatus, got := ask("HEAD")
		if diff := cmp.Diff(header, got); status != gotStatus || diff != "" {
			t.Errorf("%s: GET %d, HEAD %d; headers (-GET +HEAD):\n%s", path, status, gotStatus, diff)
		}
		return nil
	}))
	if seen < 15 {
		t.Errorf("only %d addresses", seen)
	}
	for path, want := range map[string][]string{
		"/v1/repairs/" + id:                          {"GET", "HEAD", "PATCH"},
		w.Link(id, link.Approver):                    {"GET", "HEAD"},
		w.Link(id, link.Approver) + "/view":          {"POST"},
		"/v1/repairs/" + id + "/quotes/1/withdrawal": {"POST"},
	} {
		if diff := cmp.Diff(want, w.Call(token, "DELETE", path, "").Header.Values("Allow")); diff != "" {
			t.Errorf("Allow of %s (-want +got):\n%s", path, diff)
		}
	}
}

// A stream of events has no end: its HEAD does not wait for it.
func TestHeadOfAStream(t *testing.T) {
	w := apitest.New(t)
	w.Quoted()
	a := w.Call(w.Token("dms", repair.Integrator, "de-brug"), "HEAD", "/v1/events", "", "Accept: text/event-stream")
	if a.StatusCode != 200 || a.Header.Get("Content-Type") != "text/event-stream" || a.Text != "" {
		t.Errorf("%d %v %q", a.StatusCode, a.Header, a.Text)
	}
}
