package e2e

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"pitstop/deploy/browser"
)

// phone is a browser of a phone's width with the customer's page open.
type phone struct {
	testing.TB
	ctx context.Context
}

func openOnPhone(t testing.TB, link string) *phone {
	t.Helper()
	p := &phone{t, browser.Start(t)}
	p.open(link)
	return p
}

func (p *phone) open(link string) {
	p.Helper()
	browser.Open(p, p.ctx, 390, 844, link)
}

func (p *phone) do(steps ...chromedp.Action[chromedp.Void]) {
	p.Helper()
	if err := chromedp.Do(p.ctx, steps...); err != nil {
		p.Fatalf("in the browser: %v", err)
	}
}

// answer taps the answer to a line.
func (p *phone) answer(line, answer string) {
	p.Helper()
	p.do(chromedp.Click(chromedp.CSS(`[name="line.` + line + `"][value=` + answer + `]`)))
}

// text is what the page shows of an element.
func (p *phone) text(selector string) string {
	p.Helper()
	return browser.Value(p, p.ctx, chromedp.Text(chromedp.CSS(selector)))
}

// shows waits until the page shows these words, on this page or the next one.
func (p *phone) shows(words ...string) {
	p.Helper()
	until(p, "the page", func() string {
		text, err := chromedp.Run(p.ctx, chromedp.Text(chromedp.CSS("main")))
		if err != nil {
			return err.Error()
		}
		for _, w := range words {
			if !strings.Contains(plain(text), w) {
				return w + " is not in: " + text
			}
		}
		return ""
	})
}

// asks reports whether the page has the form for a decision.
func (p *phone) asks() bool {
	p.Helper()
	return browser.Value(p, p.ctx, chromedp.Evaluate[bool](`document.querySelector("form[action$='/decision']") !== null`))
}

// page is the customer's page without a browser.
type page struct {
	t      testing.TB
	url    *url.URL
	status int
	header http.Header
	body   string
}

// visit fetches a page as a browser without JavaScript does.
func visit(t testing.TB, link string) page {
	t.Helper()
	return fetch(t, http.MethodGet, link, nil)
}

// fetch is one request. On a machine under load its outcome may not be there in
// time: then the answer is the one of the page that waits for it.
func fetch(t testing.TB, method, address string, values url.Values) page {
	t.Helper()
	p := request(t, method, address, values)
	if to, err := p.url.Parse(p.header.Get("Location")); err == nil && to.Query().Has("pending") {
		until(t, to.Path, func() string {
			if p = request(t, http.MethodGet, to.String(), nil); strings.Contains(p.body, refreshes) {
				return "it is still busy"
			}
			return ""
		})
	}
	return p
}

// refreshes is what a page has that fetches itself again.
const refreshes = `http-equiv="refresh"`

func request(t testing.TB, method, address string, values url.Values) page {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(values.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if values != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	response, err := web.Do(request)
	if err != nil {
		t.Fatalf("%s %s: %v", method, address, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, address, err)
	}
	return page{t, request.URL, response.StatusCode, response.Header, string(body)}
}

// follow goes where a redirect leads, and there until the page does not refresh itself.
func (p page) follow() page {
	p.t.Helper()
	if p.status != http.StatusSeeOther {
		p.t.Fatalf("%s: status %d, want a redirect: %s", p.url.Path, p.status, p.body)
	}
	to, err := p.url.Parse(p.header.Get("Location"))
	if err != nil {
		p.t.Fatal(err)
	}
	next := visit(p.t, to.String())
	until(p.t, to.Path, func() string {
		if next.status == http.StatusSeeOther {
			next = next.follow()
		}
		if strings.Contains(next.body, refreshes) {
			next = visit(p.t, to.String())
			return "it is still busy"
		}
		return ""
	})
	return next
}

// form is a form of a page, with what it sends if nobody touches it.
type form struct {
	page
	action string
	values url.Values
}

// form gives the page's form whose action ends in this; nil: it has none.
func (p page) form(action string) *form {
	p.t.Helper()
	root, err := html.Parse(strings.NewReader(p.body))
	if err != nil {
		p.t.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.DataAtom != atom.Form || !strings.HasSuffix(attribute(n, "action"), action) {
			continue
		}
		if attribute(n, "method") != "post" {
			p.t.Errorf("the form %s is sent by %q, want post", action, attribute(n, "method"))
		}
		f := &form{p, attribute(n, "action"), make(url.Values)}
		for field := range n.Descendants() {
			name, kind := attribute(field, "name"), attribute(field, "type")
			_, checked := find(field, "checked")
			sent := field.DataAtom == atom.Input && (kind != "radio" || checked) ||
				field.DataAtom == atom.Textarea || field.DataAtom == atom.Select
			if name != "" && sent {
				f.values.Set(name, attribute(field, "value"))
			}
		}
		return f
	}
	return nil
}

// send sends the form, with the name and value of the button that was pressed.
func (f *form) send(button ...string) page {
	f.t.Helper()
	for i := 0; i < len(button); i += 2 {
		f.values.Set(button[i], button[i+1])
	}
	to, err := f.url.Parse(f.action)
	if err != nil {
		f.t.Fatal(err)
	}
	return fetch(f.t, http.MethodPost, to.String(), f.values)
}

func attribute(n *html.Node, name string) string {
	value, _ := find(n, name)
	return value
}

func find(n *html.Node, name string) (value string, found bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}
