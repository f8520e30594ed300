package staff_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pitstop/api"
	"pitstop/api/apitest"
	"pitstop/api/staff"
	"pitstop/api/web"
	"pitstop/schemas/repair"
)

// Every page, for every role, at home, abroad, and without a session.
func TestEveryPageForEveryRole(t *testing.T) {
	allowed := map[string]string{"waiting": "W", "notifications": "SW", "service": "SW", "conversation": "MSW"}
	if len(allowed) != len(staff.Pages) {
		t.Errorf("%d pages, want %d", len(staff.Pages), len(allowed))
	}
	all := map[string]repair.Role{
		"M": repair.Mechanic, "S": repair.CustomerService, "W": repair.Manager, "I": repair.Integrator, "A": repair.Admin,
	}
	w := apitest.New(t)
	for _, p := range staff.Pages {
		t.Run(p.ID, func(t *testing.T) {
			for letter, role := range all {
				token, before := w.Token("u", role, "de-brug"), len(w.Looked)
				if strings.Contains(allowed[p.ID], letter) {
					w.Look(token, p.Path()).Page(t, 200, p.ID+" of de-brug")
					w.Look(token, p.Path()+"?garage=de-brug&period=30").Page(t, 200, p.ID+" of de-brug")
					if got := w.Looked[len(w.Looked)-1]; got.Query.Get("period") != "30" || got.ID != p.ID || !slices.Contains(got.All, p.ID) {
						t.Errorf("asked for %+v", got)
					}
					before = len(w.Looked)
					for _, foreign := range []string{"?garage=noord", "?garage=de-brug&garage=noord", "?garage=*", "?garage=%00", "?garage=DE-BRUG"} {
						w.Look(token, p.Path()+foreign).Page(t, 403, "Deze garage is niet van jou")
					}
					// Of a garage that does not exist, a page must not say that nobody waits.
					w.Look(w.Token("u", role, "de-brg", "nord"), p.Path()).Page(t, 403, "Pitstop kent deze garage niet", "de-brg en nord")
				} else {
					w.Look(token, p.Path()).Page(t, 403, "niet voor jou", "werkplaatsmanager")
				}
				w.Look(w.Token("u", role), p.Path()).Page(t, 403) // no garage
				if len(w.Looked) != before {
					t.Errorf("%s sees what is not theirs: %+v", role, w.Looked[before:])
				}
			}
			before := len(w.Looked)
			for _, token := range []string{"", "nonsense", w.Token("u", repair.Manager, "de-brug") + "x"} {
				w.Look(token, p.Path()).Page(t, 401, "Inloggen")
			}
			// The dashboards do not accept a header, as the API accepts no session: see TestSessionOpensPagesOnly in package api.
			w.Call(w.Token("u", repair.Manager, "de-brug"), "GET", p.Path(), "").Page(t, 401)
			if len(w.Looked) != before {
				t.Error("somebody without a session sees a page")
			}
		})
	}
}

func TestSignIn(t *testing.T) {
	w := apitest.New(t)
	manager := w.Token("jan", repair.Manager, "de-brug", "noord")
	w.Look("", "/sign-in").Page(t, 200, `<form class="decide" method="post" action="/sign-in?lang=nl">`, "pitstop token")
	w.Look("", "/sign-in", "Accept-Language: en-GB").Page(t, 200, "Sign in")

	next := "/dashboards/waiting?garage=noord&period=30"
	w.Look("", next).Page(t, 401, `name="next" value="/dashboards/waiting?garage=noord&amp;period=30"`)
	a := w.Submit("/sign-in", url.Values{"token": {"  " + manager + "\n"}, "next": {next}})
	if a.StatusCode != 303 || a.Header.Get("Location") != next {
		t.Errorf("%d to %q", a.StatusCode, a.Header.Get("Location"))
	}
	c := w.Session(a)
	want := http.Cookie{Name: apitest.SessionCookie, Value: manager, Path: "/dashboards", MaxAge: 3600, HttpOnly: true, SameSite: http.SameSiteStrictMode, Raw: c.Raw}
	if diff := cmp.Diff(want, *c); diff != "" {
		t.Errorf("cookie (-want +got):\n%s", diff)
	}
	w.Look(c.Value, next).Page(t, 200, "waiting of noord")
	w.Look(c.Value, "/dashboards/waiting").Page(t, 200, "waiting of de-brug and noord")

	out := w.Submit("/sign-out", nil)
	if c := w.Session(out); c.MaxAge >= 0 || c.Value != "" || c.Path != "/dashboards" || out.Header.Get("Location") != "/sign-in" {
		t.Errorf("signing out sets %v and leads to %q", c, out.Header.Get("Location"))
	}

	// The session ends with the token, and the page says so.
	w.Pass(59 * time.Minute)
	w.Look(manager, next).Page(t, 200)
	w.Pass(2 * time.Minute)
	expired := w.Look(manager, next)
	expired.Page(t, 401, "Je token is verlopen", `name="next" value="/dashboards/waiting?garage=noord`)
	if c := w.Session(expired); c.MaxAge >= 0 {
		t.Errorf("the dead session stays: %v", c)
	}
	w.Submit("/sign-in", url.Values{"token": {manager}}).Page(t, 401, "Dit token is verlopen")
}

func TestSignInRefuses(t *testing.T) {
	w := apitest.New(t)
	manager := w.Token("jan", repair.Manager, "de-brug")
	for _, tc := range []struct {
		name    string
		form    url.Values
		headers []string
		status  int
		says    string
	}{
		{"nothing", url.Values{}, nil, 422, "Plak eerst je token"},
		{"nonsense", url.Values{"token": {"<script>alert(1)</script>"}}, nil, 401, "niet geldig"},
		{"half a token", url.Values{"token": {manager[:len(manager)-9]}}, nil, 401, "niet geldig"},
		{"another site", url.Values{"token": {manager}}, []string{"Sec-Fetch-Site: cross-site"}, 403, "andere site"},
		{"a neighbour's page", url.Values{"token": {manager}}, []string{"Sec-Fetch-Site: same-site"}, 403, "andere site"},
		{"another origin", url.Values{"token": {manager}}, []string{"Sec-Fetch-Site: ", "Origin: https://evil.example"}, 403, "andere site"},
		{"hidden origin", url.Values{"token": {manager}}, []string{"Sec-Fetch-Site: ", "Origin: null"}, 403, "andere site"},
		{"too large", url.Values{"token": {strings.Repeat("x", 64<<10+1)}}, nil, 413, "niet geldig"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := w.Submit("/sign-in", tc.form, tc.headers...)
			a.Page(t, tc.status, tc.says)
			if len(a.Cookies()) > 0 {
				t.Errorf("cookies %v", a.Cookies())
			}
			if strings.Contains(a.Text, "<script>alert") || tc.form.Get("token") != "" && strings.Contains(a.Text, tc.form.Get("token")) {
				t.Error("the page repeats what was pasted")
			}
		})
	}
	many := make([]string, 500)
	for i := range many {
		many[i] = fmt.Sprintf("garage-%d", i)
	}
	w.Submit("/sign-in", url.Values{"token": {w.Token("jan", repair.Manager, many...)}}).Page(t, 422, "te lang voor een cookie")
	w.Submit("/sign-in", url.Values{"token": {manager}}, "Sec-Fetch-Site: ", "Origin: http://example.com") // httptest's host
}

// Where to go after signing in is chosen by whoever wrote the link.
func TestSignInStaysHere(t *testing.T) {
	w := apitest.New(t)
	manager := w.Token("jan", repair.Manager, "de-brug")
	for next, want := range map[string]string{
		"":                              "/dashboards",
		"/dashboards/waiting?x=1":       "/dashboards/waiting?x=1",
		"https://evil.example/":         "/dashboards",
		"//evil.example/dashboards/":    "/dashboards",
		"/\\evil.example":               "/dashboards",
		"/dashboards@evil.example":      "/dashboards",
		"javascript:alert(1)":           "/dashboards",
		"/v1/repairs":                   "/dashboards",
		"/dashboards/\r\nSet-Cookie: a": "/dashboards",
	} {
		a := w.Submit("/sign-in", url.Values{"token": {manager}, "next": {next}})
		if got := a.Header.Get("Location"); a.StatusCode != 303 || got != want {
			t.Errorf("next %q leads to %q, want %q", next, got, want)
		}
	}
}

func TestFirstDashboard(t *testing.T) {
	w := apitest.New(t)
	for role, want := range map[repair.Role]string{repair.Manager: "/dashboards/waiting", repair.CustomerService: "/dashboards/service"} {
		a := w.Look(w.Token("u", role, "de-brug"), "/dashboards")
		if got := a.Header.Get("Location"); a.StatusCode != 303 || got != want {
			t.Errorf("%s goes to %q (%d), want %q", role, got, a.StatusCode, want)
		}
	}
	w.Look(w.Token("u", repair.Mechanic, "de-brug"), "/dashboards").Page(t, 403, "geen dashboard voor jou")
	w.Look(w.Token("u", repair.Manager, "de-brug"), "/dashboards/nowhere").Page(t, 404, "bestaat niet")
	w.Look("", "/dashboards").Page(t, 401)
}

// A link in a mail brings no cookie along: the page reloads from here, once.
func TestLinkFromAnotherSite(t *testing.T) {
	w := apitest.New(t)
	a := w.Look("", "/dashboards/waiting?period=30", "Sec-Fetch-Site: cross-site")
	a.Page(t, 200, `http-equiv="refresh" content="0; url=/dashboards/waiting?period=30"`)
	w.Look("", "/dashboards/waiting?period=30", "Sec-Fetch-Site: same-origin").Page(t, 401)
}

func TestSessionCookieIsSecureBehindTLS(t *testing.T) {
	w := apitest.New(t, func(c *api.Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")} })
	form := url.Values{"token": {w.Token("jan", repair.Manager, "de-brug")}}
	for _, tc := range []struct {
		peer, proto string
		secure      bool
	}{{"10.1.2.3:4", "https", true}, {"10.1.2.3:4", "http", false}, {"192.0.2.1:4", "https", false}} {
		r := httptest.NewRequest("POST", "/sign-in", strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("X-Forwarded-Proto", tc.proto)
		r.RemoteAddr = tc.peer
		if got := w.Session(w.Do(r)).Secure; got != tc.secure {
			t.Errorf("%+v: secure is %v", tc, got)
		}
	}
}

func TestPagesAreLimited(t *testing.T) {
	w := apitest.New(t, func(c *api.Config) { c.Limits.Staff = 20 })
	jan := w.Token("jan", repair.Manager, "de-brug")
	for range 10 { // whatever the page
		w.Look(jan, "/dashboards/waiting").Page(t, 200)
		w.Look(jan, "/dashboards/service").Page(t, 200)
	}
	a := w.Look(jan, "/dashboards/waiting")
	a.Page(t, 429, "rustig")
	if a.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	w.Look(w.Token("eva", repair.Manager, "de-brug"), "/dashboards/waiting").Page(t, 200)
	for range 2 {
		w.Submit("/sign-in", url.Values{"token": {"guess"}}).Page(t, 401)
	}
	w.Submit("/sign-in", url.Values{"token": {"guess"}}).Page(t, 429, "rustig")
}

func TestDashboardDown(t *testing.T) {
	w := apitest.New(t)
	w.Broken = fmt.Errorf("ClickHouse at db.internal: refused")
	a := w.Look(w.Token("jan", repair.Manager, "de-brug"), "/dashboards/waiting?lang=en")
	a.Page(t, 503, "The figures cannot be read now")
	if strings.Contains(a.Text, "db.internal") {
		t.Error("the page says what is none of its reader's business")
	}
}

// Whatever the query, a page shows garages of the token, or nothing.
func FuzzDashboardQuery(f *testing.F) {
	f.Add("garage=noord")
	f.Add("garage=de-brug&period=7&clock=wall&lang=en&repair='")
	f.Add("period=%ff;&garage")
	var w *apitest.World
	f.Fuzz(func(t *testing.T, query string) {
		if w == nil {
			w = apitest.New(t, func(c *api.Config) { c.Limits.Staff = -1 })
		}
		w.T, w.Looked = t, nil
		r := httptest.NewRequest("GET", "/dashboards/waiting", http.NoBody)
		r.URL.RawQuery = query
		r.AddCookie(&http.Cookie{Name: apitest.SessionCookie, Value: w.Token("jan", repair.Manager, "de-brug")})
		a := w.Do(r)
		if a.StatusCode != 200 && a.StatusCode != 403 {
			t.Errorf("%q: %d", query, a.StatusCode)
		}
		for _, v := range w.Looked {
			if len(v.Chosen) == 0 || slices.ContainsFunc(v.Chosen, func(g string) bool { return g != "de-brug" }) {
				t.Errorf("%q shows %v", query, v.Chosen)
			}
		}
	})
}

// away is an identity provider that cannot be asked.
type away struct{}

func (away) Authenticate(context.Context, string) (web.Caller, error) {
	return web.Caller{}, web.ErrAway
}

// A session outlives an identity provider that is away.
func TestTheProviderIsAway(t *testing.T) {
	w := apitest.New(t, func(c *api.Config) { c.Auth = away{} })
	for _, a := range []apitest.Answer{
		w.Look("a token", "/dashboards/waiting"),
		w.Submit("/sign-in", url.Values{"token": {"a token"}}),
	} {
		a.Page(t, 503, "De identiteitsprovider antwoordt niet")
		if len(a.Cookies()) > 0 {
			t.Errorf("cookies %v", a.Cookies())
		}
	}
}
