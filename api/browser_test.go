package api

import (
	"context"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"pitstop/deploy/browser"
	"pitstop/schemas/link"
	"pitstop/schemas/repair"
)

// shotsEnv names a directory for pictures of what the tests saw.
const shotsEnv = "PITSTOP_SCREENSHOTS"

// tab is a page in a real browser.
type tab struct {
	t             *testing.T
	ctx           context.Context
	url           string
	width, height int64
}

func newTab(t *testing.T, w *world, width, height int64) *tab {
	t.Helper()
	server := httptest.NewServer(w.handler)
	t.Cleanup(server.Close)
	return &tab{t: t, ctx: browser.Start(t), url: server.URL, width: width, height: height}
}

func (b *tab) run(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

// visit opens a page, which must not be wider than the window.
func (b *tab) visit(path string) {
	b.t.Helper()
	browser.Open(b.t, b.ctx, b.width, b.height, b.url+path)
}

func (b *tab) text(selector string) string {
	b.t.Helper()
	return browser.Value(b.t, b.ctx, chromedp.TextContent(chromedp.CSS(selector)))
}

// shot keeps a picture of the whole page, where asked for.
func (b *tab) shot(name string) {
	b.t.Helper()
	dir := os.Getenv(shotsEnv)
	if dir == "" {
		return
	}
	png := browser.Value(b.t, b.ctx, chromedp.FullScreenshot(100))
	must(b.t, os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644))
}

func (b *tab) want(selector, want string) {
	b.t.Helper()
	if got := b.text(selector); got != want {
		b.t.Errorf("%s says %q, want %q", selector, got, want)
	}
}

// last is the newest command that the lifecycle got.
func (w *world) last() repair.Command {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.sent[len(w.sent)-1]
}

// lastDecision is the last decision that was sent: the page's script tells by itself,
// at any time, that somebody looks at it.
func lastDecision(w *world) *repair.DecideQuote {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range slices.Backward(w.sent) {
		if d, ok := c.(*repair.DecideQuote); ok {
			return d
		}
	}
	return new(repair.DecideQuote)
}

func TestBrowserDecides(t *testing.T) {
	for _, size := range []struct {
		name          string
		width, height int64
	}{{"phone", 390, 844}, {"desktop", 1280, 900}} {
		t.Run(size.name, func(t *testing.T) {
			w := newWorld(t)
			b := newTab(t, w, size.width, size.height)
			b.visit(w.page(w.quoted(), link.Approver))
			b.shot(size.name + "-1-asked")
			b.want("#decide", "Kies eerst bij elk onderdeel ja of nee")
			b.run(chromedp.Click(chromedp.CSS(`[name="line.1"][value=approve]`)), chromedp.Click(chromedp.CSS("#decide")))
			b.want("#error-2", "Kies bij onderdeel 2 ja of nee.")
			b.run(chromedp.Click(chromedp.CSS(`[name="line.2"][value=approve]`)))
			b.want("#decide", "Akkoord, ik betaal €\u00a0387,95")
			b.run(chromedp.Click(chromedp.CSS(`[name="line.1"][value=reject]`)), chromedp.Click(chromedp.CSS(`[name="line.2"][value=reject]`)))
			b.want("#decide", "Niet akkoord, niets extra doen")
			b.run(chromedp.Click(chromedp.CSS(`[name="line.1"][value=approve]`)), chromedp.SetValue(chromedp.CSS("#reason-2"), "price"))
			b.want("#decide", "Akkoord, ik betaal €\u00a0348,00")
			b.shot(size.name + "-2-chosen")
			b.run(chromedp.Click(chromedp.CSS("#decide")), chromedp.WaitReady(".settled"))
			b.shot(size.name + "-3-decided")
			got := lastDecision(w)
			if got.TotalSeen != 34800 || len(got.Answers) != 2 || got.Answers[1].Reason != repair.ReasonPrice {
				t.Errorf("decided %+v", got)
			}
		})
	}
}

func TestBrowserWithoutScript(t *testing.T) {
	w := newWorld(t)
	b := newTab(t, w, 390, 844)
	_, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	must(t, err)
	b.visit(w.page(w.quoted(), link.Approver) + "?lang=en")
	b.shot("noscript-1-asked")
	b.run(chromedp.Click(chromedp.CSS("#decide")), chromedp.WaitReady("#notice"))
	b.shot("noscript-2-missing")
	b.run(chromedp.Click(chromedp.CSS(`[name="line.1"][value=approve]`)), chromedp.Click(chromedp.CSS(`[name="line.2"][value=reject]`)),
		chromedp.Click(chromedp.CSS("#decide")), chromedp.WaitReady(".confirm"))
	b.shot("noscript-3-confirm")
	b.want(".act button", "Agree, I will pay €348.00")
	b.run(chromedp.Click(chromedp.CSS(".act button")), chromedp.WaitReady(".settled"))
	b.shot("noscript-4-decided")
}

// The pages around a decision. Nothing may be wider than a phone.
func TestBrowserPages(t *testing.T) {
	w := newWorld(t)
	b := newTab(t, w, 390, 844)
	sam := w.token("sam", repair.Mechanic, "de-brug")
	fits := func(name string) {
		t.Helper()
		b.shot("pages-" + name)
		width := browser.Value(t, b.ctx, chromedp.Evaluate[int64]("document.documentElement.scrollWidth"))
		if width > 390 {
			t.Errorf("%s is %d wide", name, width)
		}
	}
	id := w.started()
	page, at := w.page(id, link.Approver), "/v1/repairs/"+id
	b.visit(page)
	fits("started")
	long := strings.Repeat("Aandrijfashoesvervangingswerkzaamheden ", 3)
	body := strings.NewReplacer("Ruitenwissers vervangen", long, `"unit_price":3995`, `"unit_price":99999995`, "Remblokken", long+"https://example.nl/"+strings.Repeat("x", 80)).Replace(quoteBody)
	w.call(sam, "POST", at+"/quotes", body, key("q1")).want(t, 201, nil)
	w.call(sam, "POST", at+"/messages", `{"kind":"text","text":"De schijven zijn echt op. Ik heb foto’s gemaakt; bel gerust als u ze wilt zien. `+strings.Repeat("x", 100)+`"}`, key("m1")).want(t, 201, nil)
	b.visit(page)
	b.run(chromedp.Evaluate[chromedp.Void](`document.querySelectorAll("details").forEach(d => d.open = true)`))
	fits("long")
	b.run(chromedp.SendKeys(chromedp.CSS("#message"), "Kan het ook volgende week?"), chromedp.Click(chromedp.CSS(`.write [value=callback]`)), chromedp.WaitReady(".message.own"))
	fits("asked")
	w.call(sam, "POST", at+"/quotes", quoteBody, key("q2")).want(t, 201, nil)
	b.run(chromedp.Click(chromedp.CSS(`[name=all][value=approve]`)), chromedp.Click(chromedp.CSS("#decide")), chromedp.WaitReady("#notice"))
	fits("superseded")
	w.pass(3 * 24 * time.Hour)
	b.visit(page + "?lang=en")
	fits("expired")
	sam = w.token("sam", repair.Mechanic, "de-brug")
	w.call(sam, "POST", at+"/quotes", strings.Replace(quoteBody, `"answer_by":"2026-05-20T14:00:00+02:00",`, "", 1), key("q3")).want(t, 201, nil)
	b.visit(w.page(id, link.Customer))
	fits("driver")
	b.visit(page)
	b.run(chromedp.Click(chromedp.CSS(`[name=all][value=reject]`)), chromedp.Click(chromedp.CSS("#decide")), chromedp.WaitReady(".settled"))
	fits("rejected")
	w.call(sam, "POST", at+"/completion", `{"total":28900}`, key("c")).want(t, 200, nil)
	b.visit(page)
	fits("completed")
	b.visit(page + "?after=99")
	fits("busy")
	b.visit("/c/k1.bad")
	fits("bad-link")
	b.visit("/docs")
	b.width, b.height = 1280, 900
	b.visit("/docs")
	b.shot("docs")
}
