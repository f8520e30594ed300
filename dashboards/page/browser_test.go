package page

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	cdp "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"pitstop/deploy/browser"
	"pitstop/schemas/locale"
	"pitstop/schemas/readmodel"
)

// shotsEnv names a directory for pictures of what the tests saw.
const shotsEnv = "PITSTOP_SCREENSHOTS"

// served serves the page of a visit and its assets, with the policy that the API gives them.
func served(t *testing.T, p *Pages, v readmodel.DashboardVisit) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("GET /assets/1/", http.StripPrefix("/assets/1/", http.FileServerFS(p.Assets())))
	mux.HandleFunc("GET /dashboards/{id}", func(w http.ResponseWriter, r *http.Request) {
		v := v
		v.Query = r.URL.Query()
		b, err := p.Page(r.Context(), v)
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; form-action 'self'")
		_, _ = w.Write(b)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL + "/dashboards/waiting"
}

func shot(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	dir := os.Getenv(shotsEnv)
	if dir == "" {
		return
	}
	var png []byte
	if err := chromedp.Run(ctx, chromedp.FullScreenshot(&png, 100)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644); err != nil {
		t.Fatal(err)
	}
}

// On a phone and on a desk, light and dark, nothing is wider than the window, and
// every chart is as large as its panel lets it be.
func TestBrowser(t *testing.T) {
	ctx := browser.Start(t)
	address := served(t, newPages(t, &world{rows: filled, asOf: now.Add(-5 * time.Second)}), visit())
	for _, size := range []struct {
		name          string
		width, height int64
		shown         string
	}{{"phone", 390, 844, ".small svg"}, {"desk", 1280, 900, ".large svg"}} {
		for _, scheme := range []string{"light", "dark"} {
			dark := emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}})
			if err := chromedp.Run(ctx, dark); err != nil {
				t.Fatal(err)
			}
			browser.Open(t, ctx, size.width, size.height, address)
			shot(t, ctx, size.name+"-"+scheme)
			var width float64
			var line, ink string
			err := chromedp.Run(ctx,
				chromedp.Evaluate(`document.querySelector("#by-day `+size.shown+`").getBoundingClientRect().width`, &width),
				chromedp.Evaluate(`getComputedStyle(document.querySelector("#by-day `+size.shown+` path.stroke-s1")).stroke`, &line),
				chromedp.Evaluate(`getComputedStyle(document.body).color`, &ink),
			)
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]string{"light": "rgb(11, 87, 164)", "dark": "rgb(125, 184, 242)"}[scheme]
			if width < 250 || line != want {
				t.Errorf("%s %s: the chart is %.0f wide, its line %s, want %s", size.name, scheme, width, line, want)
			}
			var opened int64
			if err := chromedp.Run(ctx, chromedp.Evaluate(`for (const d of document.querySelectorAll("details")) d.open = true; document.documentElement.scrollWidth`, &opened)); err != nil {
				t.Fatal(err)
			}
			if opened > size.width {
				t.Errorf("%s: with everything opened the page is %d wide", size.name, opened)
			}
			contrast(t, ctx, size.name+" "+scheme)
		}
	}
}

// contrast checks every text against what is behind it (WCAG AA, 4.5 to 1).
func contrast(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	var poor []string
	err := chromedp.Run(ctx, chromedp.Evaluate(`(() => {
		const rgb = s => (s.match(/[\d.]+/g) || []).map(Number);
		const light = c => { const [r, g, b] = c.map(v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4); return .2126 * r + .7152 * g + .0722 * b; };
		const behind = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c.length === 3 || c[3] > 0) return c.slice(0, 3); } return [255, 255, 255]; };
		const poor = new Set();
		const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
		while (walker.nextNode()) {
			const e = walker.currentNode.parentElement;
			if (!walker.currentNode.data.trim() || !e.getClientRects().length || e.closest("option")) continue;
			const style = getComputedStyle(e), fore = rgb(e.closest("svg") ? style.fill : style.color).slice(0, 3);
			const [a, b] = [light(fore), light(behind(e))].sort((x, y) => y - x);
			if ((a + .05) / (b + .05) < 4.5) poor.add(walker.currentNode.data.trim() + ": " + ((a + .05) / (b + .05)).toFixed(2));
		}
		return [...poor];
	})()`, &poor))
	if err != nil {
		t.Fatal(err)
	}
	if len(poor) > 0 {
		t.Errorf("%s: too little contrast: %q", name, poor)
	}
}

// Without scripts the choice is a form like any other.
func TestBrowserWithoutScript(t *testing.T) {
	ctx := browser.Start(t)
	address := served(t, newPages(t, &world{rows: filled, asOf: now}), visit(func(v *readmodel.DashboardVisit) { v.Lang = locale.EN }))
	if err := chromedp.Run(ctx, emulation.SetScriptExecutionDisabled(true)); err != nil {
		t.Fatal(err)
	}
	browser.Open(t, ctx, 390, 844, address)
	var location, chosen string
	_, err := chromedp.RunResponse(ctx,
		chromedp.SetValue(`[name=period]`, "90", chromedp.ByQuery), chromedp.SetValue(`[name=clock]`, "wall", chromedp.ByQuery),
		chromedp.Click(".top button", chromedp.ByQuery),
	)
	if err == nil {
		err = chromedp.Run(ctx, chromedp.Location(&location), chromedp.TextContent(".chosen", &chosen, chromedp.ByQuery))
	}
	if err != nil {
		t.Fatal(err)
	}
	if want := address + "?lang=en&garage=de-brug&period=90&clock=wall"; location != want {
		t.Errorf("the form leads to %s, want %s", location, want)
	}
	if want := "Wednesday 20 May 2026 · Garage De Brug · 90 days · waiting time in all hours"; chosen != want {
		t.Errorf("it shows %q, want %q", chosen, want)
	}
}

// On paper there are the figures, and nothing to press.
func TestPrint(t *testing.T) {
	ctx := browser.Start(t)
	browser.Open(t, ctx, 1280, 900, served(t, newPages(t, &world{rows: filled, asOf: now}), visit()))
	var pdf []byte
	var header, chosen, wrap string
	err := chromedp.Run(ctx,
		chromedp.ActionFunc(func(ctx context.Context) (err error) {
			pdf, _, err = cdp.PrintToPDF().WithPreferCSSPageSize(true).WithPrintBackground(false).Do(ctx)
			return err
		}),
		emulation.SetEmulatedMedia().WithMedia("print"),
		chromedp.Evaluate(`getComputedStyle(document.querySelector("header")).display`, &header),
		chromedp.Evaluate(`getComputedStyle(document.querySelector(".chosen")).display`, &chosen),
		chromedp.Evaluate(`getComputedStyle(document.querySelector("td")).overflowWrap`, &wrap),
	)
	if err != nil {
		t.Fatal(err)
	}
	if header != "none" || chosen != "block" {
		t.Errorf("on paper the header is %q, what was chosen %q", header, chosen)
	}
	if wrap != "break-word" {
		t.Errorf("words break %q: a column becomes narrower than they are", wrap)
	}
	if n := sheets(pdf); n != 1 {
		t.Errorf("%d sheets of paper, want 1", n)
	}
	if dir := os.Getenv(shotsEnv); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, "print.pdf"), pdf, 0o644); err != nil {
			t.Fatal(err)
		}
		browser.Open(t, ctx, 718, 1000, served(t, newPages(t, &world{rows: filled, asOf: now}), visit()))
		shot(t, ctx, "print")
	}
}

// sheets counts the pages of a PDF.
func sheets(pdf []byte) int { return len(sheet.FindAll(pdf, -1)) }

var sheet = regexp.MustCompile(`/Type\s*/Page\b`)
