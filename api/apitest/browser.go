package apitest

import (
	"context"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

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

// Run runs actions of chromedp.
func (b *Tab) Run(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

// DisableScripts keeps the pages from running scripts.
func (b *Tab) DisableScripts() {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	Must(b.t, err)
}

// ScrollWidth returns the width of the page in pixels.
func (b *Tab) ScrollWidth() int64 {
	b.t.Helper()
	return browser.Value(b.t, b.ctx, chromedp.Evaluate[int64]("document.documentElement.scrollWidth"))
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
	png := browser.Value(b.t, b.ctx, chromedp.FullScreenshot(100))
	Must(b.t, os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644))
}

// Want checks the text of an element.
func (b *Tab) Want(selector, want string) {
	b.t.Helper()
	if got := b.Text(selector); got != want {
		b.t.Errorf("%s says %q, want %q", selector, got, want)
	}
}
