package browser

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// TextSize sets the size of the browser's text, in percent of the usual one: what
// people who read badly have set in its settings. It holds for pages opened afterwards.
func TextSize(t testing.TB, ctx context.Context, percent int64) {
	t.Helper()
	if _, err := chromedp.Call(ctx, page.SetFontSizes, page.SetFontSizesParams{
		FontSizes: &page.FontSizes{Standard: 16 * percent / 100, Fixed: 13 * percent / 100},
	}); err != nil {
		t.Fatalf("set the size of text: %v", err)
	}
}

// Readable fails the test where somebody has to scroll sideways to read the page that is
// open, or where a word is broken that would have fitted on a line of its own.
func Readable(t testing.TB, ctx context.Context, name string) {
	t.Helper()
	for _, wrong := range Value(t, ctx, chromedp.Evaluate[[]string](unreadable)) {
		t.Errorf("%s: %s", name, wrong)
	}
}

// unreadable lists what cannot be read. A word has one box for each line that it is on;
// together they are as wide as the word is.
const unreadable = `(() => {
	const wrong = [], root = document.documentElement, room = root.clientWidth;
	if (root.scrollWidth > room) wrong.push("the page is " + root.scrollWidth + " wide in a window of " + room);
	const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), range = document.createRange();
	const unseen = e => e && (getComputedStyle(e).clipPath.startsWith("inset(50%") || unseen(e.parentElement)); // read out only
	while (walker.nextNode()) {
		const text = walker.currentNode, e = text.parentElement;
		if (!e.checkVisibility() || e.closest("option, script, style, svg") || unseen(e)) continue;
		for (const word of text.data.matchAll(/[^\s\u00AD\u200B\u2013-]+/gu)) {
			range.setStart(text, word.index);
			range.setEnd(text, word.index + word[0].length);
			const boxes = [...range.getClientRects()].filter(b => b.width > 0);
			const width = boxes.reduce((sum, b) => sum + b.width, 0);
			const breaks = /[<>@\/]/.test(word[0]); // addresses and the like, anywhere
			if (boxes.length > 1 && !breaks && width < 0.75 * room) wrong.push("the word " + word[0] + " is broken over " + boxes.length + " lines");
			else if (boxes.some(b => b.right > room + 1 || b.left < -1) && getComputedStyle(e).position !== "absolute") wrong.push("the word " + word[0] + " is out of sight");
		}
	}
	return wrong;
})()`

// Accessible fails the test where axe-core, run on the page that is open, finds that
// something on it keeps people out, by the rules of WCAG 2.2 AA and its own best practices.
func Accessible(t testing.TB, ctx context.Context, name string) {
	t.Helper()
	for _, wrong := range Value(t, ctx, chromedp.Evaluate[[]string](axe(t)+`;
		axe.run(document, {resultTypes: ["violations"]}).then(found => found.violations.flatMap(v =>
			v.nodes.map(n => v.id + " (" + v.help + "): " + n.html + "\n" + n.failureSummary)))`, chromedp.EvalAwaitPromise)) {
		t.Errorf("%s: %s", name, wrong)
	}
}

// axe returns the source of axe-core, which make browser installs, too.
func axe(t testing.TB) string {
	t.Helper()
	_, source, _, _ := runtime.Caller(0)
	b, err := os.ReadFile(filepath.Join(filepath.Dir(source), "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		t.Fatalf("axe-core, which looks for what keeps people out of a page, is not installed: run make browser: %v", err)
	}
	return strings.TrimRight(string(b), "; \n")
}
