package api_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"

	"pitstop/api"
	"pitstop/api/apitest"
	"pitstop/api/web"
	"pitstop/schemas/repair"
)

// In a bubble, the window lasts however long the requests take.
func TestRateLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := apitest.New(t, func(c *api.Config) { c.Limits = web.Limits{Staff: 20, Customer: 3} })
		sam, noor := w.Token("sam", repair.Mechanic, "de-brug"), w.Token("noor", repair.Mechanic, "de-brug")
		for range 10 { // whatever the route
			w.Call(sam, "GET", "/v1/repairs", "").Want(t, 200, nil)
			w.Call(sam, "GET", "/v1/commands/"+repair.CommandID("g", "r", repair.Actor{}, "k"), "").Want(t, 200, nil)
		}
		a := w.Call(sam, "GET", "/v1/repairs", "")
		a.Problem(t, 429, "rate_limited")
		if a.Header.Get("Retry-After") != "10" {
			t.Errorf("Retry-After %q", a.Header.Get("Retry-After"))
		}
		w.Call(noor, "GET", "/v1/repairs", "").Want(t, 200, nil) // somebody else

		w.Call("bogus", "GET", "/v1/repairs", "").Problem(t, 401, "unauthenticated")
		w.Call("bogus", "GET", "/v1/events", "").Problem(t, 401, "unauthenticated")
		w.Call("bogus2", "GET", "/v1/repairs", "").Problem(t, 429, "rate_limited")

		for range 3 {
			if a := w.Get("/c/some.bad.token"); a.StatusCode != 404 {
				t.Errorf("status %d", a.StatusCode)
			}
		}
		page := w.Get("/c/some.bad.token")
		if page.StatusCode != 429 || !strings.HasPrefix(page.Header.Get("Content-Type"), "text/html") || page.Header.Get("Retry-After") == "" {
			t.Errorf("%d %v", page.StatusCode, page.Header)
		}
	})
}

// away is an identity provider that cannot be asked.
type away struct{}

func (away) Authenticate(context.Context, string) (web.Caller, error) {
	return web.Caller{}, web.ErrAway
}

// While the identity provider is away nobody is told that their token is bad, however
// often they ask.
func TestTheProviderIsAway(t *testing.T) {
	w := apitest.New(t, func(c *api.Config) { c.Auth, c.Limits.Staff = away{}, 20 })
	for range 50 {
		a := w.Call("a token", "GET", "/v1/repairs", "")
		a.Problem(t, 503, "unavailable")
		if a.Header.Get("Retry-After") == "" || a.Header.Get("WWW-Authenticate") != "" {
			t.Fatalf("%v", a.Header)
		}
	}
	w.Call("", "GET", "/v1/repairs", "").Problem(t, 401, "unauthenticated")
}
