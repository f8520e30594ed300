package customer_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"pitstop/api/apitest"
	"pitstop/schemas/link"
	"pitstop/schemas/repair"
)

// focusField moves the focus to the n-th field that a person can use, and returns what it is;
// "" after the last one.
const focusField = `(() => {
	const field = [...document.querySelectorAll("input, select, textarea")].filter(f => f.type !== "hidden" && f.checkVisibility())[%d];
	if (!field) return "";
	field.focus();
	return field.localName + " " + field.name + " " + field.value;
})()`

// chosen is all that the page would send, but for what is typed into a text of several lines,
// where Enter begins one; and that it is still this page.
const chosen = `(window.same ??= Math.random()) + ": " + [...document.forms].map(f =>
	f.action + " " + [...new FormData(f)].filter(([name]) => !f.elements[name].matches?.("textarea")).join("&")).join(" and ")`

// focus is what has the focus.
const focus = `document.activeElement?.outerHTML ?? "nothing"`

// Enter, in any field of any form, changes no choice, sends nothing, leads to no other page
// and leaves the focus where it is, in a browser that runs scripts and in one that does not.
func TestBrowserEnterDoesNothing(t *testing.T) {
	w := apitest.New(t)
	b := apitest.NewTab(t, w, 390, 844)
	page := w.Link(w.Quoted(), link.Approver)
	sent := func() (n int) {
		return w.Count(func(c repair.Command) bool { _, view := c.(*repair.RecordView); return !view })
	}
	press := func(where string, least int) {
		t.Helper()
		was, before, fields := apitest.Eval[string](b, chosen), sent(), 0
		for ; ; fields++ {
			field := apitest.Eval[string](b, fmt.Sprintf(focusField, fields))
			if field == "" {
				break
			}
			focused := apitest.Eval[string](b, focus)
			b.Run(chromedp.KeyEvent(kb.Enter), chromedp.KeyEvent(kb.Enter))
			if is := apitest.Eval[string](b, chosen); is != was {
				t.Fatalf("%s: after Enter in %s the page sends\n%s, and did\n%s", where, field, is, was)
			}
			if now := apitest.Eval[string](b, focus); now != focused {
				t.Errorf("%s: Enter in %s moves the focus to %s", where, field, now)
			}
			b.Run(chromedp.KeyEvent(kb.Escape)) // closes a list of choices
		}
		if fields < least {
			t.Errorf("%s: %d fields, want %d", where, fields, least)
		}
		if n := sent() - before; n > 0 {
			t.Errorf("%s: %d commands were sent", where, n)
		}
	}
	for _, scripts := range []bool{true, false} {
		b.Scripts(scripts)
		in := func(state string) string { return fmt.Sprintf("%s, scripts %t", state, scripts) }
		b.Visit(page)
		press(in("nothing chosen"), 5)
		b.Run(chromedp.Click(chromedp.CSS(`[name="line.1"][value=approve]`)))
		b.Tap("#decide", "#error-2")
		press(in("one is missing"), 5)
		b.Run(chromedp.Click(chromedp.CSS(`[name="line.2"][value=reject]`)))
		press(in("chosen"), 7) // the reason, and the remark
		b.Tap("#decide", "#commit")
		press(in("summary"), 1)
		apitest.Eval[bool](b, `(document.querySelector("#name").removeAttribute("required"), document.querySelector("#name").value = " ", true)`)
		b.Tap("#commit", "#name-error")
		press(in("no name"), 1)
		b.Tap("[name=change]", "#decide")
		press(in("going back"), 7)
	}
	b.Tap("#decide", "#commit")
	b.Run(chromedp.SetValue(chromedp.CSS("#name"), "Jo"))
	b.Tap("#commit", ".settled")
	press("answered", 1)
}
