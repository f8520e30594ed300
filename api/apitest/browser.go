package apitest

import (
	"context"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"pitstop/deploy/browser"
)

// shotsEnv names a directory for pictures of what the tests saw.
const shotsEnv = "PITSTOP_SCREENSHOTS"

// Tab is a page in a real browser.
type Tab struct {
	t             *testing.T
	ctx           context.Context
	url           string
	Width, Height int64
}

// NewTab opens the API in a browser whose window is that large.
func NewTab(t *testing.T, w *World, width, height int64) *Tab {
	t.Helper()
	server := httptest.NewServer(w.API)
	t.Cleanup(server.Close)
	return &Tab{t: t, ctx: browser.Start(t), url: server.URL, Width: width, Height: height}
}

// For returns the tab for a subtest.
func (b *Tab) For(t *testing.T) *Tab {
	own := *b
	own.t = t
	return &own
}

// Run runs actions of chromedp.
func (b *Tab) Run(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

// Scripts says whether pages opened from now on may run scripts.
func (b *Tab) Scripts(run bool) {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !run})
	Must(b.t, err)
}

// Reader sets how people read the pages opened from now on: the size of their text in
// percent, and whether they have dark pages.
func (b *Tab) Reader(text int64, dark bool) {
	b.t.Helper()
	browser.TextSize(b.t, b.ctx, text)
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	Must(b.t, err)
}

// Look checks that the page can be read, keeps a picture of it, and, where asked to, checks
// that it keeps nobody out.
func (b *Tab) Look(name string, accessible bool) {
	b.t.Helper()
	browser.Readable(b.t, b.ctx, name)
	if accessible {
		browser.Accessible(b.t, b.ctx, name)
	}
	b.Shot(name)
}

// Eval returns the value of an expression in the page, which may run no scripts itself.
func Eval[T any](b *Tab, expression string) T {
	b.t.Helper()
	return browser.Value(b.t, b.ctx, chromedp.Evaluate[T](expression))
}

// Tap clicks an element, and waits for what its page or the next one then has.
func (b *Tab) Tap(selector, then string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Click(chromedp.CSS(selector)), chromedp.WaitReady(chromedp.CSS(then))); err != nil {
		b.t.Fatalf("after %s the page has no %s: %v\n%s", selector, then, err, b.Text("main"))
	}
	for !Eval[bool](b, `document.readyState === "complete"`) { // a page that runs no scripts tells nobody
		b.Run(chromedp.Sleep(5 * time.Millisecond))
	}
}

// Visit opens a page, which must not be wider than the window.
func (b *Tab) Visit(path string) {
	b.t.Helper()
	browser.Open(b.t, b.ctx, b.Width, b.Height, b.url+path)
}

// Text returns the text of an element.
func (b *Tab) Text(selector string) string {
	b.t.Helper()
	return browser.Value(b.t, b.ctx, chromedp.TextContent(chromedp.CSS(selector)))
}

// Shot keeps a picture of the whole page, where asked for.
func (b *Tab) Shot(name string) {
	b.t.Helper()
	dir := os.Getenv(shotsEnv)
	if dir == "" {
		return
	}
	png := browser.Picture(b.t, b.ctx)
	Must(b.t, os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644))
}

// Want checks the text of an element.
func (b *Tab) Want(selector, want string) {
	b.t.Helper()
	if got := b.Text(selector); got != want {
		b.t.Errorf("%s says %q, want %q", selector, got, want)
	}
}
