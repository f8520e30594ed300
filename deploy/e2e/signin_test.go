package e2e

import (
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"pitstop/deploy/browser"
	"pitstop/deploy/e2e/expect"
	"pitstop/deploy/e2e/garage"
)

// desk is a browser of a member of staff.
type desk struct {
	*board
	api string
}

// newDesk opens a browser in Dutch.
func newDesk(g *garage.Garage, api string) *desk {
	g.Helper()
	d := &desk{&board{g, browser.Start(g)}, api}
	if _, err := chromedp.Call(d.ctx, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: network.Headers{"Accept-Language": "nl"}}); err != nil {
		g.Fatal(err)
	}
	return d
}

// open opens an address of the API, or another one.
func (d *desk) open(at string) {
	d.Helper()
	if strings.HasPrefix(at, "/") {
		at = d.api + at
	}
	browser.Open(d, d.ctx, 1280, 900, at)
}

// at returns the address that is open, without that of the API.
func (d *desk) at() string {
	d.Helper()
	return strings.TrimPrefix(browser.Value(d, d.ctx, chromedp.Location()), d.api)
}

// is fails the test where another address is open, or the page has another heading.
func (d *desk) is(where, heading string) {
	d.Helper()
	if at := d.at(); at != where {
		d.Fatalf("the browser is at %s, not at %s: %s", at, where, d.text("body"))
	}
	d.says("h1", heading)
}

// shows reports whether the page has something private.
func (d *desk) shows(private string) bool {
	d.Helper()
	return strings.Contains(browser.Value(d, d.ctx, chromedp.Evaluate[string]("document.documentElement.outerHTML")), private)
}

// cookie returns the value of a cookie.
func (d *desk) cookie(name string) string {
	d.Helper()
	all, err := chromedp.Call(d.ctx, network.GetCookies, network.GetCookiesParams{URLs: []string{d.api + "/dashboards"}})
	if err != nil {
		d.Fatal(err)
	}
	for _, c := range all.Cookies {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// signOut uses the page's own button.
func (d *desk) signOut() {
	d.Helper()
	d.run(chromedp.Click(chromedp.CSS(`form[action="/sign-out"] button`)))
	// By a page that leads on to the provider, which leads back: in between there is no page
	// to ask.
	expect.Until(d, "the provider has sent the browser back", func() string {
		says, err := chromedp.Run(d.ctx, chromedp.Evaluate[string](`location.pathname + " " + (document.querySelector("h1")?.innerText ?? "")`))
		if err != nil {
			return err.Error()
		}
		if !strings.HasPrefix(says, "/signed-out ") || !strings.Contains(says, "uitgelogd") {
			return says
		}
		return ""
	})
}

// A manager signs in at the embedded provider as everybody tries Pitstop first, sees
// their garage and no other, signs out, and leaves nothing in the browser.
func TestSignIn(t *testing.T) {
	t.Parallel()
	g, other := garage.New(t, shared(t), "desk"), garage.New(t, shared(t), "till")
	g.Start(nil).Ask(nil)
	other.Start(object{"vehicle": object{"plate": "GG-999-G", "country": "NL"}}).Ask(nil)
	expect.Until(t, "both garages have an open quote", func() string {
		for _, x := range []*garage.Garage{g, other} {
			if len(x.List("customer_service", "/v1/repairs?state=awaiting_approval").Items) == 0 {
				return x.ID + " has none"
			}
		}
		return ""
	})

	d := newDesk(g, g.API)
	const home = "/dashboards/waiting?garage=desk"
	begin := "/sign-in?next=" + url.QueryEscape(home)
	d.open(begin)
	d.says("h1", "Wie ben je?")
	if at := d.at(); !strings.HasPrefix(at, g.Provider+"/login") {
		t.Fatalf("it asks at %s", at)
	}
	browser.Accessible(t, d.ctx, "the provider's page")
	d.run(chromedp.SendKeys(chromedp.CSS("#q"), "garage desk"))
	d.goes(chromedp.Click(chromedp.CSS(".search button")))
	d.goes(chromedp.Click(chromedp.CSS(`button[value="desk/baas@desk.example"]`)))
	d.is(home, "Wachten")
	d.says("#open-quotes", "K-482-TR")

	d.open("/dashboards/waiting?garage=till")
	if d.shows("GG-999-G") || d.text("h1") == "Wachten" {
		t.Errorf("another garage's page says %s", d.text("body"))
	}

	d.open(home)
	d.signOut()
	if left := d.cookie("pitstop_session"); left != "" {
		t.Errorf("after signing out there is a session: %s", left)
	}
	for range 2 {
		d.run(chromedp.NavigateBack())
		if d.shows("K-482-TR") {
			t.Errorf("back after signing out, %s shows what is private", d.at())
		}
	}
	d.open(home)
	if d.shows("K-482-TR") {
		t.Error("the page opens without a session")
	}
	d.open(begin)
	d.says("h1", "Wie ben je?") // nobody is remembered
}

// A link that names somebody signs them in without a question, as those of the banner.
func TestSignIn_ByALink(t *testing.T) {
	t.Parallel()
	g := garage.New(t, shared(t), "hint")
	d := newDesk(g, g.API)
	link := func(hint, next string) string {
		return "/sign-in?" + url.Values{"login_hint": {hint}, "next": {next}}.Encode()
	}
	d.open(link("hint/baas@hint.example", "/dashboards/waiting"))
	d.is("/dashboards/waiting", "Wachten")
	// Somebody else by another link, in the same browser.
	d.open(link("hint/balie@hint.example", "/dashboards/service"))
	d.is("/dashboards/service", d.text("h1"))
	d.open("/dashboards/waiting")
	d.says("h1", "Deze pagina is niet voor jou")
	// Nobody is sent to another site.
	for _, next := range []string{"https://elsewhere.example/", "//elsewhere.example/", `/\elsewhere.example`, "/dashboards/../../x"} {
		d.open(link("hint/baas@hint.example", next))
		if at := d.at(); !strings.HasPrefix(at, "/dashboards/") {
			t.Errorf("next=%s leads to %s", next, at)
		}
	}
	d.open(link("hint/nobody", "/dashboards/waiting"))
	d.says("h1", "Wie ben je?")
}
