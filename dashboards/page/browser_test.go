package page

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
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
	if err := os.WriteFile(filepath.Join(dir, name+".png"), browser.Picture(t, ctx), 0o644); err != nil {
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
			_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
			})
			if err != nil {
				t.Fatal(err)
			}
			browser.Open(t, ctx, size.width, size.height, address)
			shot(t, ctx, size.name+"-"+scheme)
			width := browser.Value(t, ctx, chromedp.Evaluate[float64](`document.querySelector("#by-day `+size.shown+`").getBoundingClientRect().width`))
			line := browser.Value(t, ctx, chromedp.Evaluate[string](`getComputedStyle(document.querySelector("#by-day `+size.shown+` path.stroke-s1")).stroke`))
			want := map[string]string{"light": "rgb(11, 87, 164)", "dark": "rgb(125, 184, 242)"}[scheme]
			if width < 250 || line != want {
				t.Errorf("%s %s: the chart is %.0f wide, its line %s, want %s", size.name, scheme, width, line, want)
			}
			opened := browser.Value(t, ctx, chromedp.Evaluate[int64](`for (const d of document.querySelectorAll("details")) d.open = true; document.documentElement.scrollWidth`))
			if opened > size.width {
				t.Errorf("%s: with everything opened the page is %d wide", size.name, opened)
			}
			contrast(t, ctx, size.name+" "+scheme)
			browser.Accessible(t, ctx, size.name+" "+scheme)
		}
	}
}

// With large text nothing is wider than a phone, and words stay whole.
func TestBrowserLargeText(t *testing.T) {
	ctx := browser.Start(t)
	address := served(t, newPages(t, &world{rows: filled, asOf: now.Add(-5 * time.Second)}), visit())
	for _, text := range []int64{100, 150, 200} {
		browser.TextSize(t, ctx, text)
		for _, width := range []int64{320, 390, 640} {
			name := fmt.Sprintf("%d at %d%%", width, text)
			browser.Open(t, ctx, width, 700, address)
			browser.Readable(t, ctx, name)
			shot(t, ctx, name)
		}
	}
}

// contrast checks every text against what is behind it (WCAG AA, 4.5 to 1).
func contrast(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	poor := browser.Value(t, ctx, chromedp.Evaluate[[]string](`(() => {
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
	})()`))
	if len(poor) > 0 {
		t.Errorf("%s: too little contrast: %q", name, poor)
	}
}

// Without scripts the choice is a form like any other.
func TestBrowserWithoutScript(t *testing.T) {
	ctx := browser.Start(t)
	address := served(t, newPages(t, &world{rows: filled, asOf: now}), visit(func(v *readmodel.DashboardVisit) { v.Lang = locale.EN }))
	_, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	if err != nil {
		t.Fatal(err)
	}
	browser.Open(t, ctx, 390, 844, address)
	_, err = chromedp.RunResponse(ctx,
		chromedp.SetValue(chromedp.CSS(`[name=period]`), "90"), chromedp.SetValue(chromedp.CSS(`[name=clock]`), "wall"),
		chromedp.Click(chromedp.CSS(".top button")),
	)
	if err != nil {
		t.Fatal(err)
	}
	location := browser.Value(t, ctx, chromedp.Location())
	chosen := browser.Value(t, ctx, chromedp.TextContent(chromedp.CSS(".chosen")))
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
	pdf := browser.Value(t, ctx, chromedp.PrintToPDF(chromedp.PDFPreferCSSPageSize())) // without backgrounds
	_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
	if err != nil {
		t.Fatal(err)
	}
	header := browser.Value(t, ctx, chromedp.Evaluate[string](`getComputedStyle(document.querySelector("header")).display`))
	chosen := browser.Value(t, ctx, chromedp.Evaluate[string](`getComputedStyle(document.querySelector(".chosen")).display`))
	wrap := browser.Value(t, ctx, chromedp.Evaluate[string](`getComputedStyle(document.querySelector("td")).overflowWrap`))
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
