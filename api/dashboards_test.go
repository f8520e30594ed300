package api

import (
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

	"pitstop/schemas/repair"
)

// look asks for a page as a browser with a session does; token "" is none.
func (w *world) look(token, path string, headers ...string) answer {
	w.t.Helper()
	r := httptest.NewRequest("GET", path, http.NoBody)
	if token != "" {
		r.AddCookie(&http.Cookie{Name: sessionCookie, Value: token})
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	return w.do(r)
}

// submit sends a form as a browser does from this site's own page.
func (w *world) submit(path string, form url.Values, headers ...string) answer {
	w.t.Helper()
	r := httptest.NewRequest("POST", path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	return w.do(r)
}

func (a answer) page(t *testing.T, status int, says ...string) {
	t.Helper()
	if a.StatusCode != status || !strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") {
		t.Errorf("got %d %s, want the page %d", a.StatusCode, a.Header.Get("Content-Type"), status)
	}
	if got := a.Header.Get("Content-Security-Policy"); got != pagePolicy {
		t.Errorf("policy %q", got)
	}
	for _, s := range says {
		if !strings.Contains(a.text, s) {
			t.Errorf("the page does not say %q:\n%s", s, a.text)
		}
	}
}

func (w *world) session(a answer) *http.Cookie {
	w.t.Helper()
	for _, c := range a.Cookies() {
		if c.Name == sessionCookie {
			return c
		}
	}
	w.t.Fatalf("no session in %v", a.Header)
	return nil
}

// Every page, for every role, at home, abroad, and without a session.
func TestEveryPageForEveryRole(t *testing.T) {
	allowed := map[string]string{"waiting": "W", "notifications": "SW", "service": "SW", "conversation": "MSW"}
	if len(allowed) != len(pages) {
		t.Errorf("%d pages, want %d", len(pages), len(allowed))
	}
	all := map[string]repair.Role{
		"M": repair.Mechanic, "S": repair.CustomerService, "W": repair.Manager, "I": repair.Integrator, "A": repair.Admin,
	}
	w := newWorld(t)
	for _, p := range pages {
		t.Run(p.id, func(t *testing.T) {
			for letter, role := range all {
				token, before := w.token("u", role, "de-brug"), len(w.looked)
				if strings.Contains(allowed[p.id], letter) {
					w.look(token, p.path).page(t, 200, p.id+" of de-brug")
					w.look(token, p.path+"?garage=de-brug&period=30").page(t, 200, p.id+" of de-brug")
					if got := w.looked[len(w.looked)-1]; got.Query.Get("period") != "30" || got.ID != p.id || !slices.Contains(got.All, p.id) {
						t.Errorf("asked for %+v", got)
					}
					before = len(w.looked)
					for _, foreign := range []string{"?garage=noord", "?garage=de-brug&garage=noord", "?garage=*", "?garage=%00", "?garage=DE-BRUG"} {
						w.look(token, p.path+foreign).page(t, 403, "Deze garage is niet van jou")
					}
					// "Nobody waits" would be no good news of a garage that is not there.
					w.look(w.token("u", role, "de-brg", "nord"), p.path).page(t, 403, "Pitstop kent deze garage niet", "de-brg en nord")
				} else {
					w.look(token, p.path).page(t, 403, "niet voor jou", "werkplaatsmanager")
				}
				w.look(w.token("u", role), p.path).page(t, 403) // no garage
				if len(w.looked) != before {
					t.Errorf("%s sees what is not theirs: %+v", role, w.looked[before:])
				}
			}
			before := len(w.looked)
			for _, token := range []string{"", "nonsense", w.token("u", repair.Manager, "de-brug") + "x"} {
				w.look(token, p.path).page(t, 401, "Inloggen")
			}
			// A header is no session, as a session is no header: see below.
			w.call(w.token("u", repair.Manager, "de-brug"), "GET", p.path, "").page(t, 401)
			if len(w.looked) != before {
				t.Error("somebody without a session sees a page")
			}
		})
	}
}

// A session opens the pages and nothing else: what the API does, another site's
// page could then cause.
func TestSessionOpensPagesOnly(t *testing.T) {
	w := newWorld(t)
	id := w.quoted()
	for _, r := range routes {
		path, body := r.sample(id)
		req := httptest.NewRequest(r.method, path, strings.NewReader(body))
		req.AddCookie(&http.Cookie{Name: sessionCookie, Value: w.token("u", r.anyRole(), "de-brug")})
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Idempotency-Key", "k")
		w.do(req).problem(t, 401, "unauthenticated")
	}
}

func (r route) anyRole() repair.Role {
	if roles := r.roles(); len(roles) > 0 {
		return roles[0]
	}
	return repair.Mechanic
}

func TestSignIn(t *testing.T) {
	w := newWorld(t)
	manager := w.token("jan", repair.Manager, "de-brug", "noord")
	w.look("", "/sign-in").page(t, 200, `<form class="decide" method="post" action="/sign-in?lang=nl">`, "pitstop token")
	w.look("", "/sign-in", "Accept-Language: en-GB").page(t, 200, "Sign in")

	next := "/dashboards/waiting?garage=noord&period=30"
	w.look("", next).page(t, 401, `name="next" value="/dashboards/waiting?garage=noord&amp;period=30"`)
	a := w.submit("/sign-in", url.Values{"token": {"  " + manager + "\n"}, "next": {next}})
	if a.StatusCode != 303 || a.Header.Get("Location") != next {
		t.Errorf("%d to %q", a.StatusCode, a.Header.Get("Location"))
	}
	c := w.session(a)
	want := http.Cookie{Name: sessionCookie, Value: manager, Path: "/dashboards", MaxAge: 3600, HttpOnly: true, SameSite: http.SameSiteStrictMode, Raw: c.Raw}
	if diff := cmp.Diff(want, *c); diff != "" {
		t.Errorf("cookie (-want +got):\n%s", diff)
	}
	w.look(c.Value, next).page(t, 200, "waiting of noord")
	w.look(c.Value, "/dashboards/waiting").page(t, 200, "waiting of de-brug and noord")

	out := w.submit("/sign-out", nil)
	if c := w.session(out); c.MaxAge >= 0 || c.Value != "" || c.Path != "/dashboards" || out.Header.Get("Location") != "/sign-in" {
		t.Errorf("signing out gives %v to %q", c, out.Header.Get("Location"))
	}

	// It ends with the token, and says so.
	w.pass(59 * time.Minute)
	w.look(manager, next).page(t, 200)
	w.pass(2 * time.Minute)
	expired := w.look(manager, next)
	expired.page(t, 401, "Je token is verlopen", `name="next" value="/dashboards/waiting?garage=noord`)
	if c := w.session(expired); c.MaxAge >= 0 {
		t.Errorf("the dead session stays: %v", c)
	}
	w.submit("/sign-in", url.Values{"token": {manager}}).page(t, 401, "Dit token is verlopen")
}

func TestSignInRefuses(t *testing.T) {
	w := newWorld(t)
	manager := w.token("jan", repair.Manager, "de-brug")
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
		{"too large", url.Values{"token": {strings.Repeat("x", maxFormBytes+1)}}, nil, 400, "niet geldig"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := w.submit("/sign-in", tc.form, tc.headers...)
			a.page(t, tc.status, tc.says)
			if len(a.Cookies()) > 0 {
				t.Errorf("cookies %v", a.Cookies())
			}
			if strings.Contains(a.text, "<script>alert") || tc.form.Get("token") != "" && strings.Contains(a.text, tc.form.Get("token")) {
				t.Error("the page repeats what was pasted")
			}
		})
	}
	many := make([]string, 500)
	for i := range many {
		many[i] = fmt.Sprintf("garage-%d", i)
	}
	w.submit("/sign-in", url.Values{"token": {w.token("jan", repair.Manager, many...)}}).page(t, 422, "te lang voor een cookie")
	w.submit("/sign-in", url.Values{"token": {manager}}, "Sec-Fetch-Site: ", "Origin: http://example.com") // httptest's host
}

// Where to go after signing in is chosen by whoever wrote the link.
func TestSignInStaysHere(t *testing.T) {
	w := newWorld(t)
	manager := w.token("jan", repair.Manager, "de-brug")
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
		a := w.submit("/sign-in", url.Values{"token": {manager}, "next": {next}})
		if got := a.Header.Get("Location"); a.StatusCode != 303 || got != want {
			t.Errorf("next %q leads to %q, want %q", next, got, want)
		}
	}
}

func TestFirstDashboard(t *testing.T) {
	w := newWorld(t)
	for role, want := range map[repair.Role]string{repair.Manager: "/dashboards/waiting", repair.CustomerService: "/dashboards/service"} {
		a := w.look(w.token("u", role, "de-brug"), "/dashboards")
		if got := a.Header.Get("Location"); a.StatusCode != 303 || got != want {
			t.Errorf("%s goes to %q (%d), want %q", role, got, a.StatusCode, want)
		}
	}
	w.look(w.token("u", repair.Mechanic, "de-brug"), "/dashboards").page(t, 403, "geen dashboard voor jou")
	w.look(w.token("u", repair.Manager, "de-brug"), "/dashboards/nowhere").page(t, 404, "bestaat niet")
	w.look("", "/dashboards").page(t, 401)
}

// A link in a mail brings no cookie along: the page asks again from here, once.
func TestLinkFromAnotherSite(t *testing.T) {
	w := newWorld(t)
	a := w.look("", "/dashboards/waiting?period=30", "Sec-Fetch-Site: cross-site")
	a.page(t, 200, `http-equiv="refresh" content="0; url=/dashboards/waiting?period=30"`)
	w.look("", "/dashboards/waiting?period=30", "Sec-Fetch-Site: same-origin").page(t, 401)
}

func TestSessionCookieIsSecureBehindTLS(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")} })
	form := url.Values{"token": {w.token("jan", repair.Manager, "de-brug")}}
	for _, tc := range []struct {
		peer, proto string
		secure      bool
	}{{"10.1.2.3:4", "https", true}, {"10.1.2.3:4", "http", false}, {"192.0.2.1:4", "https", false}} {
		r := httptest.NewRequest("POST", "/sign-in", strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("X-Forwarded-Proto", tc.proto)
		r.RemoteAddr = tc.peer
		if got := w.session(w.do(r)).Secure; got != tc.secure {
			t.Errorf("%+v: secure is %v", tc, got)
		}
	}
}

func TestPagesAreLimited(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.Limits.Staff = 20 })
	jan := w.token("jan", repair.Manager, "de-brug")
	for range 20 {
		w.look(jan, "/dashboards/waiting").page(t, 200)
	}
	a := w.look(jan, "/dashboards/waiting")
	a.page(t, 429, "rustig")
	if a.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	w.look(w.token("eva", repair.Manager, "de-brug"), "/dashboards/waiting").page(t, 200)
	for range 2 {
		w.submit("/sign-in", url.Values{"token": {"guess"}}).page(t, 401)
	}
	w.submit("/sign-in", url.Values{"token": {"guess"}}).page(t, 429, "rustig")
}

func TestDashboardDown(t *testing.T) {
	w := newWorld(t)
	w.broken = fmt.Errorf("ClickHouse at db.internal: refused")
	a := w.look(w.token("jan", repair.Manager, "de-brug"), "/dashboards/waiting?lang=en")
	a.page(t, 503, "The figures cannot be read now")
	if strings.Contains(a.text, "db.internal") {
		t.Error("the page says what is none of its reader's business")
	}
}

// Whatever an address asks for, it gets garages of its token, or nothing.
func FuzzDashboardQuery(f *testing.F) {
	f.Add("garage=noord")
	f.Add("garage=de-brug&period=7&clock=wall&lang=en&repair='")
	f.Add("period=%ff;&garage")
	var w *world
	f.Fuzz(func(t *testing.T, query string) {
		if w == nil {
			w = newWorld(t, func(c *Config) { c.Limits.Staff = -1 })
		}
		w.t, w.looked = t, nil
		r := httptest.NewRequest("GET", "/dashboards/waiting", http.NoBody)
		r.URL.RawQuery = query
		r.AddCookie(&http.Cookie{Name: sessionCookie, Value: w.token("jan", repair.Manager, "de-brug")})
		a := w.do(r)
		if a.StatusCode != 200 && a.StatusCode != 403 {
			t.Errorf("%q: %d", query, a.StatusCode)
		}
		for _, v := range w.looked {
			if len(v.Chosen) == 0 || slices.ContainsFunc(v.Chosen, func(g string) bool { return g != "de-brug" }) {
				t.Errorf("%q shows %v", query, v.Chosen)
			}
		}
	})
}
