package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"pitstop/deploy/browser"
	"pitstop/deploy/e2e/client"
	"pitstop/deploy/e2e/expect"
	"pitstop/deploy/e2e/garage"
)

// ago returns the time some minutes before now, as in request bodies.
func ago(minutes int) string {
	return time.Now().Add(-time.Duration(minutes) * time.Minute).UTC().Format(time.RFC3339)
}

// askedAndAnswered returns a repair whose quote was open for some minutes.
func askedAndAnswered(g *garage.Garage, minutesAgo, minutes int) *garage.Job {
	g.Helper()
	j := g.Start(object{"occurred_at": ago(minutesAgo + 60)})
	j.Ask(object{"occurred_at": ago(minutesAgo), "expires_at": "2099-01-01T00:00:00Z"})
	g.As("customer_service").Post(j.Path("/quotes/1/decision"), garage.With(garage.Decision("approve", "reject", 34800), object{"occurred_at": ago(minutesAgo - minutes)})).Accepted(http.StatusOK)
	return j
}

// board is a browser with a dashboard open.
type board struct {
	*garage.Garage
	ctx context.Context
}

func (b *board) run(steps ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.Fatalf("in the browser: %v", err)
	}
}

// goes runs steps that navigate, and waits for the new page.
func (b *board) goes(steps ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	expect.Until(b, "the page with all of its panels", func() string {
		if _, err := chromedp.RunResponse(b.ctx, steps...); err != nil {
			b.Fatalf("in the browser: %v", err)
		}
		steps = []chromedp.Action[chromedp.Void]{chromedp.Reload()}
		if text := b.text("body"); strings.Contains(text, tookTooLong) {
			return text
		}
		return ""
	})
}

// tookTooLong is what a panel may say on a busy machine, until the page is reloaded.
const tookTooLong = "Dit onderdeel duurde te lang"

func (b *board) text(selector string) string {
	b.Helper()
	return expect.Plain(browser.Value(b, b.ctx, chromedp.Text(chromedp.CSS(selector))))
}

func (b *board) says(selector string, words ...string) {
	b.Helper()
	expect.Says(b, selector, b.text(selector), words...)
}

// A manager signs in at eight in the morning and sees whom to call; the figures
// are those of the API, and nothing of another garage.
func TestDashboards(t *testing.T) {
	t.Parallel()
	g, other := garage.New(t, shared(t), "board"), garage.New(t, shared(t), "hidden")
	for _, minutes := range []int{20, 50, 130} {
		askedAndAnswered(g, 300, minutes)
	}
	askedAndAnswered(g, 20*24*60, 10)
	askedAndAnswered(other, 300, 5)
	open := g.Start(object{"occurred_at": ago(120), "customer": object{
		"id": "c1", "name": `Piet <script>document.title="x"</script> & 'Zn`, "email": "piet@example.nl", "phone": "+31687654321", "language": "nl",
	}})
	open.Ask(object{"occurred_at": ago(95), "expires_at": "2099-01-01T00:00:00Z"})
	secret := other.Start(object{"occurred_at": ago(120), "vehicle": object{"plate": "GG-999-G", "country": "NL"}, "customer": object{"id": "c2", "name": "Geheim", "email": "geheim@example.nl"}})
	secret.Ask(object{"occurred_at": ago(95), "expires_at": "2099-01-01T00:00:00Z"})
	week := "measure=approval&from=" + url.QueryEscape(ago(7*24*60))
	var counted client.Figures
	expect.Until(t, "the waits are measured", func() string {
		rows := g.Latencies(week)
		if len(rows) != 1 || rows[0].N != 3 || rows[0].Open != 1 || len(other.Latencies(week)) != 1 {
			return fmt.Sprintf("approval is %+v", rows)
		}
		counted = rows[0]
		return ""
	})

	signIn := g.API + "/sign-in?login_hint=board/baas@board.example&next=/dashboards/waiting"
	for _, size := range []struct {
		name          string
		width, height int64
	}{{"phone", 390, 844}, {"desk", 1280, 900}} {
		b := &board{g, browser.Start(t)}
		home := g.API + "/dashboards/waiting"
		browser.Open(t, b.ctx, size.width, size.height, home)
		b.says("h1", "Wie ben je?") // at the identity provider
		b.goes(chromedp.Navigate(signIn))
		b.says("h1", "Wachten")
		b.says("#open-quotes", "K-482-TR", "€ 387,95", "06 – 87 65 43 21", `Piet <script>document.title="x"</script> & 'Zn`, "1 u 3")
		b.says("#approval-time", fmt.Sprintf("%.0f min", counted.Opening.P50/60), fmt.Sprintf("Aantal antwoorden: %d", counted.N))
		b.says("#answered-in-time", "50%", "Aantal vragen om akkoord: 4")
		whole := browser.Value(b, b.ctx, chromedp.Evaluate[string](`document.documentElement.outerHTML + document.cookie`))
		for _, foreign := range []string{"Geheim", "GG-999-G", "geheim@", "pitstop_session"} {
			if strings.Contains(whole, foreign) {
				t.Errorf("%s: the page has %q", size.name, foreign)
			}
		}
		// A longer period, by the form.
		b.run(chromedp.SetValue(chromedp.CSS("[name=period]"), "30"))
		b.goes(chromedp.Click(chromedp.CSS(".top button")))
		b.says("#approval-time", fmt.Sprintf("Aantal antwoorden: %d", g.Latencies("measure=approval&from=" + url.QueryEscape(ago(30*24*60)))[0].N))
		b.says("#open-quotes", "K-482-TR") // shows now, whatever the period
		// Another member of staff opens the address that this one left in the browser.
		if title := browser.Value(b, b.ctx, chromedp.Title()); title != "Wachten – Pitstop" {
			t.Errorf("%s: a customer's name did %q", size.name, title)
		}
		b.run(chromedp.Click(chromedp.CSS("footer.page button")))
		expect.Until(b, "signing out, at the identity provider, too", func() string {
			// Between two pages there is none to ask.
			if at, err := chromedp.Run(b.ctx, chromedp.Location()); err != nil || at != g.API+"/signed-out" {
				return fmt.Sprintf("still at %s (%v)", at, err)
			}
			return ""
		})
		b.says("h1", "Je bent uitgelogd")
		browser.Open(t, b.ctx, size.width, size.height, home)
		b.says("h1", "Wie ben je?")
		left, err := chromedp.Call(b.ctx, network.GetCookies, network.GetCookiesParams{URLs: []string{home}})
		if err != nil {
			t.Fatal(err)
		}
		if len(left.Cookies) > 0 {
			t.Errorf("%s: after signing out there is %+v", size.name, left.Cookies[0])
		}
	}
	if said := g.Said.String(); strings.Contains(said, "eyJ") {
		t.Error("a token is in the log")
	}
}

// The manager of one garage sees nothing of another, whatever the request.
func TestDashboards_OfOneGarage(t *testing.T) {
	t.Parallel()
	g, other := garage.New(t, shared(t), "fence"), garage.New(t, shared(t), "beyond")
	g.Start(nil).Ask(nil)
	secret := other.Start(object{"vehicle": object{"plate": "GG-999-G", "country": "NL"}})
	secret.Ask(nil)
	both := g.SignIn(t, "manager") // of all garages
	expect.Until(t, "both garages have an open quote", func() string {
		if _, body := look(both, g.API+"/dashboards/waiting?garage=fence&garage=beyond"); !strings.Contains(body, "GG-999-G") || !strings.Contains(body, "K-482-TR") {
			return "not yet"
		}
		return ""
	})
	mine := g.SignIn(t, "fence/baas@fence.example")
	for query, want := range map[string]int{
		"":                                 http.StatusOK,
		"?garage=":                         http.StatusOK,
		"?garage=fence":                    http.StatusOK,
		"?garage=beyond":                   http.StatusForbidden,
		"?garage=fence&garage=beyond":      http.StatusForbidden,
		"?garage=fence%27,%27beyond":       http.StatusForbidden,
		"?garage=fence%27)%20OR%20(%271":   http.StatusForbidden,
		"?repair=%27)%20OR%20(%271%27=%27": http.StatusOK,
		"?clock=wall%27,%27&period=9999":   http.StatusOK,
	} {
		for _, id := range []string{"waiting", "notifications", "service", "conversation"} {
			var status int
			var body string
			expect.Until(t, id+query, func() string {
				if status, body = look(mine, g.API+"/dashboards/"+id+query); strings.Contains(body, tookTooLong) {
					return body
				}
				return ""
			})
			if status != want || strings.Contains(body, "GG-999-G") || strings.Contains(body, "niet te berekenen") {
				t.Errorf("%s%s: %d, want %d:\n%s", id, query, status, want, body)
			}
		}
	}
	if _, body := look(mine, g.API+"/dashboards/conversation?repair="+secret.ID); strings.Contains(body, "GG-999-G") || strings.Contains(body, "Ruitenwissers") {
		t.Errorf("a conversation of another garage is shown:\n%s", body)
	}
	if status, _ := look(g.SignIn(t, "fence/sam"), g.API+"/dashboards/waiting"); status != http.StatusForbidden {
		t.Errorf("who is no manager gets %d", status)
	}
}

// look requests a page with the session of a client.
func look(c *http.Client, address string) (status int, body string) {
	response, err := c.Get(address)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err.Error()
	}
	return response.StatusCode, string(b)
}
