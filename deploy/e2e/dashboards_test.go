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
)

// ago is an instant some minutes before now, as bodies have it.
func ago(minutes int) string {
	return time.Now().Add(-time.Duration(minutes) * time.Minute).UTC().Format(time.RFC3339)
}

// askedAndAnswered is a repair whose quote waited for some minutes.
func (w *world) askedAndAnswered(minutesAgo, minutes int) *job {
	w.Helper()
	j := w.start(object{"occurred_at": ago(minutesAgo + 60)})
	j.ask(object{"occurred_at": ago(minutesAgo), "expires_at": "2099-01-01T00:00:00Z"})
	w.as("customer_service").post(j.at("/quotes/1/decision"), with(answers("approve", "reject", 34800), object{"occurred_at": ago(minutesAgo - minutes)})).taken(http.StatusOK)
	return j
}

// board is a browser with a dashboard open.
type board struct {
	*world
	ctx context.Context
}

func (b *board) run(steps ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.Fatalf("in the browser: %v", err)
	}
}

// goes runs what leads to another page, and waits for that page.
func (b *board) goes(steps ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	until(b, "the page with all of its panels", func() string {
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

// tookTooLong is what a panel says on a busy machine, until it is asked again.
const tookTooLong = "Dit onderdeel duurde te lang"

func (b *board) text(selector string) string {
	b.Helper()
	return plain(browser.Value(b, b.ctx, chromedp.Text(chromedp.CSS(selector))))
}

func (b *board) says(selector string, words ...string) {
	b.Helper()
	says(b, selector, b.text(selector), words...)
}

// A manager signs in at eight in the morning and sees whom to call; the figures
// are those of the API, and nothing of another garage.
func TestDashboards(t *testing.T) {
	t.Parallel()
	w, other := newWorld(t, shared(t), "board"), newWorld(t, shared(t), "hidden")
	for _, minutes := range []int{20, 50, 130} {
		w.askedAndAnswered(300, minutes)
	}
	w.askedAndAnswered(20*24*60, 10)
	other.askedAndAnswered(300, 5)
	open := w.start(object{"occurred_at": ago(120), "customer": object{
		"id": "c1", "name": `Piet <script>document.title="x"</script> & 'Zn`, "email": "piet@example.nl", "phone": "+31687654321", "language": "nl",
	}})
	open.ask(object{"occurred_at": ago(95), "expires_at": "2099-01-01T00:00:00Z"})
	secret := other.start(object{"occurred_at": ago(120), "vehicle": object{"plate": "GG-999-G", "country": "NL"}, "customer": object{"id": "c2", "name": "Geheim", "email": "geheim@example.nl"}})
	secret.ask(object{"occurred_at": ago(95), "expires_at": "2099-01-01T00:00:00Z"})
	week := "measure=approval&from=" + url.QueryEscape(ago(7*24*60))
	var counted figures
	until(t, "the waits are measured", func() string {
		rows := w.latencies(week)
		if len(rows) != 1 || rows[0].N != 3 || rows[0].Open != 1 || len(other.latencies(week)) != 1 {
			return fmt.Sprintf("approval is %+v", rows)
		}
		counted = rows[0]
		return ""
	})

	token := w.token(t, "manager", "baas", "board")
	for _, size := range []struct {
		name          string
		width, height int64
	}{{"phone", 390, 844}, {"desk", 1280, 900}} {
		b := &board{w, browser.Start(t)}
		home := w.API + "/dashboards/waiting"
		browser.Open(t, b.ctx, size.width, size.height, home)
		b.says("h1", "Inloggen")
		b.run(chromedp.SendKeys(chromedp.CSS("#token"), "nonsense"))
		b.goes(chromedp.Click(chromedp.CSS(".act button")))
		b.says("#notice", "Dit token is hier niet geldig")
		b.run(chromedp.SetValue(chromedp.CSS("#token"), token))
		b.goes(chromedp.Click(chromedp.CSS(".act button")))
		b.says("h1", "Wachten")
		b.says("#open-quotes", "K-482-TR", "€ 387,95", "06 – 87 65 43 21", `Piet <script>document.title="x"</script> & 'Zn`, "1 u 3")
		b.says("#approval-time", fmt.Sprintf("%.0f min", counted.Opening.P50/60), fmt.Sprintf("Aantal antwoorden: %d", counted.N))
		b.says("#answered-in-time", "50%", "Aantal vragen om akkoord: 4")
		whole := browser.Value(b, b.ctx, chromedp.Evaluate[string](`document.documentElement.outerHTML + document.cookie`))
		for _, foreign := range []string{"Geheim", "GG-999-G", "geheim@", token} {
			if strings.Contains(whole, foreign) {
				t.Errorf("%s: the page has %q", size.name, foreign)
			}
		}
		// A longer period, by the form.
		b.run(chromedp.SetValue(chromedp.CSS("[name=period]"), "30"))
		b.goes(chromedp.Click(chromedp.CSS(".top button")))
		b.says("#approval-time", fmt.Sprintf("Aantal antwoorden: %d", w.latencies("measure=approval&from=" + url.QueryEscape(ago(30*24*60)))[0].N))
		b.says("#open-quotes", "K-482-TR") // is about now, whatever the period
		// The next one opens the address that is left behind, by chance or not.
		if title := browser.Value(b, b.ctx, chromedp.Title()); title != "Wachten – Pitstop" {
			t.Errorf("%s: a customer's name did %q", size.name, title)
		}
		b.goes(chromedp.Click(chromedp.CSS("footer.page button")))
		b.says("h1", "Inloggen")
		browser.Open(t, b.ctx, size.width, size.height, home)
		b.says("h1", "Inloggen")
		left, err := chromedp.Call(b.ctx, network.GetCookies, network.GetCookiesParams{URLs: []string{home}})
		if err != nil {
			t.Fatal(err)
		}
		if len(left.Cookies) > 0 {
			t.Errorf("%s: after signing out there is %+v", size.name, left.Cookies[0])
		}
	}
	if said := w.said.String(); strings.Contains(said, token) {
		t.Error("the token is in the log")
	}
}

// The manager of one garage gets nothing of another, whatever is asked.
func TestDashboards_OfOneGarage(t *testing.T) {
	t.Parallel()
	w, other := newWorld(t, shared(t), "fence"), newWorld(t, shared(t), "beyond")
	w.start(nil).ask(nil)
	secret := other.start(object{"vehicle": object{"plate": "GG-999-G", "country": "NL"}})
	secret.ask(nil)
	both := w.token(t, "manager", "baas", "fence,beyond")
	until(t, "both garages have an open quote", func() string {
		if _, body := w.look(both, "/dashboards/waiting"); !strings.Contains(body, "GG-999-G") || !strings.Contains(body, "K-482-TR") {
			return "not yet"
		}
		return ""
	})
	mine := w.token(t, "manager", "baas", "fence")
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
			until(t, id+query, func() string {
				if status, body = w.look(mine, "/dashboards/"+id+query); strings.Contains(body, tookTooLong) {
					return body
				}
				return ""
			})
			if status != want || strings.Contains(body, "GG-999-G") || strings.Contains(body, "niet te berekenen") {
				t.Errorf("%s%s: %d, want %d:\n%s", id, query, status, want, body)
			}
		}
	}
	if _, body := w.look(mine, "/dashboards/conversation?repair="+secret.id); strings.Contains(body, "GG-999-G") || strings.Contains(body, "Ruitenwissers") {
		t.Errorf("a conversation of another garage is shown:\n%s", body)
	}
	for _, token := range []string{w.token(t, "mechanic", "sam", "fence"), w.token(t, "integrator", "dms", "fence")} {
		if status, _ := w.look(token, "/dashboards/waiting"); status != http.StatusForbidden {
			t.Errorf("who is no manager gets %d", status)
		}
	}
}

// look asks for a page with a session.
func (p *process) look(token, path string) (status int, body string) {
	request, err := http.NewRequest(http.MethodGet, p.API+path, http.NoBody)
	if err != nil {
		return 0, err.Error()
	}
	request.AddCookie(&http.Cookie{Name: "pitstop_session", Value: token})
	response, err := web.Do(request)
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
