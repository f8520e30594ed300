// Package browser runs a real browser for tests: the Chromium of an npm package,
// which needs no root and nothing installed on the system. make browser installs
// the package; the first test that starts the browser unpacks it.
package browser

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// Env names the environment variable with the path of a Chromium or Chrome to
// use instead of the package's.
const Env = "PITSTOP_BROWSER"

// patience bounds the use of a browser by one test, which would otherwise wait
// forever for an element that never appears. A busy machine takes long to read the
// browser from disk.
const patience = 5 * time.Minute

// Start starts a browser with one empty tab and returns the context that
// chromedp's actions take. The browser ends with the test.
func Start(t testing.TB) context.Context {
	t.Helper()
	path, env, err := find()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	options := append([]chromedp.ExecAllocatorOption{chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck},
		chromedp.ExecPath(path),
		chromedp.Env(env...),
		chromedp.CombinedOutput(t.Output()),
		chromedp.Flag("headless", "shell"),
		chromedp.NoSandbox, // as root, and in containers, Chromium has none
		chromedp.Flag("no-zygote", true),
		chromedp.DisableGPU,
		chromedp.Flag("in-process-gpu", true),
		chromedp.Flag("font-render-hinting", "none"), // the same picture everywhere
		chromedp.Flag("hide-scrollbars", true),
	)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel) // waits until the browser has ended
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start browser %s: %v", path, err)
	}
	return ctx
}

// Open shows url in a window of width by height CSS pixels, a phone's where width is
// under 600, and waits until the page and its fonts have loaded. The test fails where
// the page is wider than the window: nobody should have to scroll sideways.
func Open(t testing.TB, ctx context.Context, width, height int64, url string) {
	t.Helper()
	err := chromedp.Do(ctx,
		chromedp.EmulateViewport(width, height, emulated(width)...),
		chromedp.Navigate(url), // waits for the load event
	)
	if err != nil {
		t.Fatalf("open %s: %v", url, err)
	}
	pageWidth := Value(t, ctx, chromedp.Evaluate[int64]("document.fonts.ready.then(() => document.documentElement.scrollWidth)", chromedp.EvalAwaitPromise))
	if pageWidth > width {
		t.Errorf("%s is %d pixels wide in a window of %d: people must scroll sideways", url, pageWidth, width)
	}
}

// Screenshot opens url as [Open] does and writes a PNG of the whole page, at least
// as tall as the window, to file.
func Screenshot(t testing.TB, ctx context.Context, width, height int64, url, file string) {
	t.Helper()
	Open(t, ctx, width, height, url)
	png := Picture(t, ctx)
	if err := os.WriteFile(file, png, 0o600); err != nil {
		t.Fatalf("keep the picture of %s: %v", url, err)
	}
}

// Picture returns a PNG of the whole page that is open, in a window that is as tall. What
// chromedp and the browser have for that lose the size of text, so it is set again.
func Picture(t testing.TB, ctx context.Context) []byte {
	t.Helper()
	is := Value(t, ctx, chromedp.Evaluate[struct{ Width, Height, Seen, Text int64 }](`(() => { const e = document.documentElement; return {
		Width: e.clientWidth, Height: Math.max(e.scrollHeight, innerHeight), Seen: innerHeight, Text: Math.round(parseFloat(getComputedStyle(e).fontSize) / 0.16)}; })()`))
	resize := func(height int64) {
		if err := chromedp.Do(ctx, chromedp.EmulateViewport(is.Width, height, emulated(is.Width)...)); err != nil {
			t.Fatalf("resize the window: %v", err)
		}
		TextSize(t, ctx, is.Text)
	}
	resize(is.Height)
	defer resize(is.Seen)
	return Value(t, ctx, chromedp.CaptureScreenshot())
}

// emulated returns what a window of a width is: under 600 a phone's.
func emulated(width int64) []chromedp.EmulateViewportOption {
	if width < 600 {
		return []chromedp.EmulateViewportOption{chromedp.EmulateMobile, chromedp.EmulateTouch}
	}
	return nil
}

// Value runs an action in the browser and returns its value. The test fails where
// the action does.
func Value[T any](t testing.TB, ctx context.Context, action chromedp.Action[T]) T {
	t.Helper()
	v, err := chromedp.Run(ctx, action)
	if err != nil {
		t.Fatalf("in the browser: %v", err)
	}
	return v
}
