package staff_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"pitstop/api"
	"pitstop/api/apitest"
	"pitstop/api/staff"
	"pitstop/schemas/repair"
)

// Every page, for every role, in both languages, at home, abroad, and without a session.
func TestEveryPageForEveryRole(t *testing.T) {
	allowed := map[string]string{"waiting": "W", "notifications": "SW", "service": "SW", "conversation": "MSW"}
	if len(allowed) != len(staff.Pages) {
		t.Errorf("%d pages, want %d", len(staff.Pages), len(allowed))
	}
	all := map[string]repair.Role{
		"M": repair.Mechanic, "S": repair.CustomerService, "W": repair.Manager, "I": repair.Integrator, "A": repair.Admin,
	}
	said := map[string]struct{ foreign, unknown, unknowns, refused, manager string }{
		"nl": {"Deze garage is niet van jou", "Pitstop kent deze garage niet", "de-brg en nord", "je hebt die rol niet", "werkplaatsmanager"},
		"en": {"This garage is not yours", "Pitstop does not know this garage", "de-brg and nord", "you do not have that role", "workshop manager"},
	}
	w := apitest.New(t)
	for i, p := range slices.Concat(staff.Pages, staff.Pages) {
		lang := []string{"nl", "en"}[i/len(staff.Pages)]
		says, in := said[lang], "Accept-Language: "+lang
		t.Run(p.ID+" "+lang, func(t *testing.T) {
			for letter, role := range all {
				token, before := w.Token("u", role, "de-brug"), len(w.Looked)
				if strings.Contains(allowed[p.ID], letter) {
					w.Look(token, p.Path(), in).Page(t, 200, p.ID+" of de-brug")
					w.Look(token, p.Path()+"?garage=de-brug&period=30", in).Page(t, 200, p.ID+" of de-brug")
					if got := w.Looked[len(w.Looked)-1]; got.Query.Get("period") != "30" || got.ID != p.ID || string(got.Lang) != lang || !slices.Contains(got.All, p.ID) {
						t.Errorf("asked for %+v", got)
					}
					before = len(w.Looked)
					for _, foreign := range []string{"?garage=noord", "?garage=de-brug&garage=noord", "?garage=*", "?garage=%00", "?garage=DE-BRUG"} {
						w.Look(token, p.Path()+foreign, in).Page(t, 403, says.foreign)
					}
					// Of a garage that does not exist, a page must not say that nobody waits.
					w.Look(w.Token("u", role, "de-brg", "nord"), p.Path(), in).Page(t, 403, says.unknown, says.unknowns)
				} else {
					w.Look(token, p.Path(), in).Page(t, 403, says.refused, says.manager)
				}
				w.Look(w.Token("u", role), p.Path()).Page(t, 403) // no garage
				if len(w.Looked) != before {
					t.Errorf("%s sees what is not theirs: %+v", role, w.Looked[before:])
				}
			}
			before := len(w.Looked)
			for _, token := range []string{"", "nonsense", w.Token("u", repair.Manager, "de-brug") + "x"} {
				a := w.Look(token, p.Path())
				if to := a.Header.Get("Location"); a.StatusCode != 303 || to != "/sign-in?next="+url.QueryEscape(p.Path()) {
					t.Errorf("a stranger gets %d, %q", a.StatusCode, to)
				}
			}
			// The dashboards do not accept a header, as the API accepts no session: see TestSessionOpensTheAPIOnlyToItsPages in package api.
			if a := w.Call(w.Token("u", repair.Manager, "de-brug"), "GET", p.Path(), ""); a.StatusCode != 303 {
				t.Errorf("a bearer token gets %d", a.StatusCode)
			}
			if len(w.Looked) != before {
				t.Error("somebody without a session sees a page")
			}
		})
	}
}

func TestSignOut(t *testing.T) {
	w := apitest.New(t)
	jan := w.Token("jan", repair.Manager, "de-brug")
	for name, c := range map[string]struct {
		form    url.Values
		headers []string
	}{
		"no token":        {nil, nil},
		"another's token": {url.Values{"csrf": {"x"}}, nil},
		"another site":    {url.Values{"csrf": {apitest.CSRF}}, []string{"Sec-Fetch-Site: cross-site"}},
		"a neighbour":     {url.Values{"csrf": {apitest.CSRF}}, []string{"Sec-Fetch-Site: same-site"}},
		"another origin":  {url.Values{"csrf": {apitest.CSRF}}, []string{"Sec-Fetch-Site: ", "Origin: https://evil.example"}},
	} {
		a := w.Submit(jan, "/sign-out", c.form, c.headers...)
		if a.Page(t, 403, "andere site"); len(a.Cookies()) > 0 {
			t.Errorf("%s: signed out by %v", name, a.Cookies())
		}
	}
	a := w.Submit(jan, "/sign-out", url.Values{"csrf": {apitest.CSRF}})
	a.Page(t, 200, `http-equiv="refresh" content="0; url=/signed-out"`) // the provider cannot be asked where it ends its session
	if c := a.Cookies(); len(c) != 1 || c[0].Name != "pitstop_session" || c[0].Value != "" || c[0].MaxAge >= 0 || c[0].Path != "/" {
		t.Errorf("signing out leaves %v", c)
	}
	w.Get("/signed-out").Page(t, 200, "Je bent uitgelogd", `href="/sign-in"`)
	w.Submit("", "/sign-out", nil).Page(t, 200) // twice
}

// Where nobody can sign in, the pages say so, and open to nobody.
func TestNoSignIn(t *testing.T) {
	w := apitest.New(t, func(c *api.Config) { c.SignIn = nil })
	for _, path := range []string{"/sign-in", "/sign-in/callback?state=a&code=b", "/dashboards", "/dashboards/waiting"} {
		w.Look(w.Token("jan", repair.Manager, "de-brug"), path).Page(t, 503, "Inloggen is hier niet ingesteld", "PITSTOP_SESSION_KEYS")
	}
	if len(w.Looked) > 0 {
		t.Errorf("saw %v", w.Looked)
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
	if a := w.Look("", "/dashboards"); a.StatusCode != 303 || a.Header.Get("Location") != "/sign-in" {
		t.Errorf("a stranger gets %d, %q", a.StatusCode, a.Header.Get("Location"))
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
		w.Get("/sign-in/callback?state=guess&code=guess").Page(t, 400, "verlopen")
	}
	w.Get("/sign-in/callback?state=guess&code=guess").Page(t, 429, "rustig")
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
		w.SignedIn(r, w.Token("jan", repair.Manager, "de-brug"))
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
