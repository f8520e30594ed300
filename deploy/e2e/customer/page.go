package customer

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"pitstop/deploy/e2e/client"
	"pitstop/deploy/e2e/expect"
)

// Page is a page in a browser without JavaScript.
type Page struct {
	T      testing.TB
	URL    *url.URL
	Status int
	Header http.Header
	Body   string
}

// Visit opens a link.
func Visit(t testing.TB, link string) Page {
	t.Helper()
	return Fetch(t, http.MethodGet, link, nil)
}

// Fetch sends a request, with values as a form sends them, and follows no redirect.
// On a loaded machine the outcome may not be there in time, and the answer redirect
// to a page that waits for it: then Fetch returns the page that replaces it.
func Fetch(t testing.TB, method, address string, values url.Values) Page {
	t.Helper()
	p := request(t, method, address, values)
	if to, err := p.URL.Parse(p.Header.Get("Location")); err == nil && to.Query().Has("pending") {
		expect.Until(t, to.Path, func() string {
			if p = request(t, http.MethodGet, to.String(), nil); strings.Contains(p.Body, refreshes) {
				return "it is still busy"
			}
			return ""
		})
	}
	return p
}

// refreshes is in a page that reloads itself.
const refreshes = `http-equiv="refresh"`

func request(t testing.TB, method, address string, values url.Values) Page {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(values.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if values != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	response, err := client.HTTP.Do(request)
	if err != nil {
		t.Fatalf("%s %s: %v", method, address, err)
	}
	defer response.Body.Close() //nolint:errcheck // was read
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, address, err)
	}
	return Page{t, request.URL, response.StatusCode, response.Header, string(body)}
}

// Follow follows a redirect, and waits until the page no longer reloads itself.
func (p Page) Follow() Page {
	p.T.Helper()
	if p.Status != http.StatusSeeOther {
		p.T.Fatalf("%s: status %d, want a redirect: %s", p.URL.Path, p.Status, p.Body)
	}
	to, err := p.URL.Parse(p.Header.Get("Location"))
	if err != nil {
		p.T.Fatal(err)
	}
	next := Visit(p.T, to.String())
	expect.Until(p.T, to.Path, func() string {
		if next.Status == http.StatusSeeOther {
			next = next.Follow()
		}
		if strings.Contains(next.Body, refreshes) {
			next = Visit(p.T, to.String())
			return "it is still busy"
		}
		return ""
	})
	return next
}

// Form is a form of a page. Values are what it sends, initially the defaults.
type Form struct {
	Page
	action string
	Values url.Values
}

// Form returns the page's form that it, or a button of it, sends to an action of this
// suffix; nil if there is none.
func (p Page) Form(action string) *Form {
	p.T.Helper()
	root, err := html.Parse(strings.NewReader(p.Body))
	if err != nil {
		p.T.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.DataAtom != atom.Form {
			continue
		}
		to := attribute(n, "action")
		for button := range n.Descendants() {
			if other := attribute(button, "formaction"); strings.HasSuffix(other, action) {
				to = other
			}
		}
		if !strings.HasSuffix(to, action) {
			continue
		}
		if attribute(n, "method") != "post" {
			p.T.Errorf("the form %s is sent by %q, want post", action, attribute(n, "method"))
		}
		f := &Form{p, to, make(url.Values)}
		for field := range n.Descendants() {
			name, kind := attribute(field, "name"), attribute(field, "type")
			_, checked := find(field, "checked")
			sent := field.DataAtom == atom.Input && (kind != "radio" || checked) ||
				field.DataAtom == atom.Textarea || field.DataAtom == atom.Select
			if name != "" && sent {
				f.Values.Set(name, attribute(field, "value"))
			}
		}
		return f
	}
	return nil
}

// Send sends the form, with the name and value of the button that was pressed.
func (f *Form) Send(button ...string) Page {
	f.T.Helper()
	for i := 0; i < len(button); i += 2 {
		f.Values.Set(button[i], button[i+1])
	}
	to, err := f.URL.Parse(f.action)
	if err != nil {
		f.T.Fatal(err)
	}
	return Fetch(f.T, http.MethodPost, to.String(), f.Values)
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
