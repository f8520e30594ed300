// Package customer opens the customer's page as customers do: on a phone, in a real
// browser, or in a browser without JavaScript.
package customer

import (
	"context"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"pitstop/deploy/browser"
	"pitstop/deploy/e2e/expect"
)

// Phone is a real browser of a phone's width, with a page open.
type Phone struct {
	testing.TB
	ctx context.Context
}

// OpenOnPhone starts a browser and opens a link in it. The browser ends with the test.
func OpenOnPhone(t testing.TB, link string) *Phone {
	t.Helper()
	p := &Phone{t, browser.Start(t)}
	p.Open(link)
	return p
}

// Open opens a link in the same browser.
func (p *Phone) Open(link string) {
	p.Helper()
	browser.Open(p, p.ctx, 390, 844, link)
}

// Do runs steps in the browser.
func (p *Phone) Do(steps ...chromedp.Action[chromedp.Void]) {
	p.Helper()
	if err := chromedp.Do(p.ctx, steps...); err != nil {
		p.Fatalf("in the browser: %v", err)
	}
}

// Answer taps an answer to a line of the quote, approve or reject.
func (p *Phone) Answer(line, answer string) {
	p.Helper()
	p.Do(chromedp.Click(chromedp.CSS(`[name="line.` + line + `"][value=` + answer + `]`)))
}

// Check taps the button that leads to the summary, and waits for it.
func (p *Phone) Check() {
	p.Helper()
	p.Do(chromedp.Click(chromedp.CSS("#decide")), chromedp.WaitReady(chromedp.CSS(".confirm")))
}

// Commit puts a name to the summary that is shown, and taps the button that commits.
func (p *Phone) Commit(name string) {
	p.Helper()
	p.Do(chromedp.SetValue(chromedp.CSS("#name"), name), chromedp.Click(chromedp.CSS("#commit")))
}

// Text returns the text of an element as the page shows it.
func (p *Phone) Text(selector string) string {
	p.Helper()
	return browser.Value(p, p.ctx, chromedp.Text(chromedp.CSS(selector)))
}

// Title returns the page's title.
func (p *Phone) Title() string {
	p.Helper()
	return browser.Value(p, p.ctx, chromedp.Title())
}

// Shows waits until the page shows these words, on this page or the next one.
func (p *Phone) Shows(words ...string) {
	p.Helper()
	expect.Until(p, "the page", func() string {
		text, err := chromedp.Run(p.ctx, chromedp.Text(chromedp.CSS("main")))
		if err != nil {
			return err.Error()
		}
		for _, w := range words {
			if !strings.Contains(expect.Plain(text), w) {
				return w + " is not in: " + text
			}
		}
		return ""
	})
}

// Asks reports whether the page has the form for a decision.
func (p *Phone) Asks() bool {
	p.Helper()
	return browser.Value(p, p.ctx, chromedp.Evaluate[bool](`document.querySelector("form[action$='/decision']") !== null`))
}
