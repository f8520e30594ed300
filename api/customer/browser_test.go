package customer_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"pitstop/api/apitest"
	"pitstop/schemas/link"
	"pitstop/schemas/repair"
)

// town is a world with many repairs.
type town struct {
	*testing.T
	*apitest.World
	sam string
	n   int
}

// repair starts one, with work of its own to agree to, and returns its path in the API and
// its page.
func (w *town) repair(quote string) (at, page string) {
	w.Helper()
	w.n++
	a := w.Call(w.sam, "POST", "/v1/repairs", strings.Replace(apitest.OrderBody, "WO-1842", fmt.Sprint("WO-", w.n), 1), apitest.Key("start"))
	a.Want(w.T, 201, nil)
	id := a.JSON["repair_id"].(string)
	at = "/v1/repairs/" + id
	if quote != "" {
		w.Call(w.sam, "POST", at+"/quotes", quote, apitest.Key("q")).Want(w.T, 201, nil)
	}
	return at, w.Link(id, link.Approver)
}

func (w *town) do(at, body string) {
	w.Helper()
	if a := w.Call(w.sam, "POST", at, body, apitest.Key(at)); a.StatusCode > 299 {
		w.Fatalf("%s: %d %s", at, a.StatusCode, a.Text)
	}
}

// decide answers a quote of two lines.
func (w *town) decide(page, first, second, total string) (where string) {
	w.Helper()
	a := w.Post(page+"/quotes/1/decision", "command", "c", "confirmed", "1", "name", "Jo", "line.1", first, "line.2", second, "total_seen", total)
	if a.StatusCode != 303 {
		w.Fatalf("decide: %d", a.StatusCode)
	}
	return a.Header.Get("Location")
}

// aQuote is one of n jobs, as long as people write them, the least urgent first.
func aQuote(n, price int) string {
	titles := []string{
		"Aandrijfashoezen links en rechts vervangen", "Ruitenwissers vervangen", "Distributieriem met waterpomp vervangen",
		"Remschijven en remblokken vóór vervangen", "Vier all-season-banden leveren en monteren, uitlijnen inbegrepen", "Accu",
	}
	urgencies := []string{"advice", "soon", "safety"}
	var lines []string
	for i := range n {
		lines = append(lines, fmt.Sprintf(`{"title":%q,"urgency":%q,"consequence":"Zonder deze reparatie keuren we de auto niet goed voor de APK.","details":[
			{"kind":"part","description":"Onderdelen","quantity":"2","unit_price":%d,"vat":"21"},{"kind":"labour","quantity":"1.2","unit_price":%d,"vat":"9"}]}`,
			titles[i%len(titles)], urgencies[i%len(urgencies)], price+i, price))
	}
	return `{"currency":"EUR","prices_include_vat":true,"answer_by":"2026-05-20T14:00:00+02:00","lines":[` + strings.Join(lines, ",") + "]}"
}

// stills are pages that look the same however often they are opened, by name.
func (w *town) stills() map[string]string {
	w.Helper()
	pages := make(map[string]string)
	keep := func(name, quote string) (at, page string) {
		at, page = w.repair(quote)
		pages[name] = page
		return at, page
	}
	keep("started", "")
	keep("asked", apitest.QuoteBody)
	keep("asked one", aQuote(1, 11500))
	keep("asked twelve", aQuote(12, 4995))
	keep("asked for nothing", aQuote(2, 0))
	at, page := keep("agreed", apitest.QuoteBody)
	w.decide(page, "approve", "approve", "38795")
	w.do(at+"/messages", `{"kind":"text","text":"We zijn begonnen. Bel gerust als u de oude remschijven wilt zien."}`)
	_, page = w.repair(apitest.QuoteBody)
	pages["just agreed"] = w.decide(page, "approve", "reject", "34800")
	_, page = w.repair(apitest.QuoteBody)
	pages["just rejected"] = w.decide(page, "reject", "reject", "0")
	at, page = keep("completed for more", apitest.QuoteBody)
	w.decide(page, "approve", "reject", "34800")
	w.do(at+"/completion", `{"total":65000,"reason":"De remleiding was doorgeroest; die hebben we meteen vervangen."}`)
	at, page = keep("collected", apitest.QuoteBody)
	w.decide(page, "approve", "approve", "38795")
	w.do(at+"/completion", `{"total":67695}`)
	w.do(at+"/collection", "")
	at, _ = keep("cancelled", apitest.QuoteBody)
	w.do(at+"/cancellation", `{"reason":"x"}`)
	at, _ = keep("withdrawn", apitest.QuoteBody)
	w.do(at+"/quotes/1/withdrawal", "")
	keep("expired", strings.Replace(aQuote(2, 100), `"answer_by":"2026-05-20T14:00:00+02:00"`, `"expires_at":"2026-05-20T10:30:00+02:00"`, 1))
	_, page = w.repair("")
	pages["busy"] = page + "?after=99"
	pages["bad link"] = "/c/k1.bad"
	at, page = w.repair("")
	w.Call(w.Token("anna", repair.CustomerService, "de-brug"), "DELETE", at+"/links", "").Want(w.T, 200, nil)
	pages["ended"] = page
	w.Pass(45 * time.Minute)
	return pages
}

// The customer's way, in every state of the page, as people read it: on a phone and on a
// desk, in both languages, with large text and a zoomed page, light and dark, with scripts and
// without. Nobody has to scroll sideways, no word is broken, and nobody is kept out.
func TestBrowserWay(t *testing.T) {
	base := apitest.New(t)
	w := &town{T: t, World: base, sam: base.Token("sam", repair.Mechanic, "de-brug")}
	stills := w.stills()
	b := apitest.NewTab(t, base, 390, 844)
	for _, as := range []struct {
		name          string
		width, height int64
		text          int64
		lang          string
		dark, scripts bool
		axe           bool
	}{
		{"phone", 390, 844, 100, "nl", false, true, true},
		{"phone-dark-en", 390, 844, 100, "en", true, true, true},
		{"small-noscript", 320, 640, 100, "nl", false, false, false},
		{"small-150", 320, 640, 150, "nl", true, true, false},
		{"small-200", 320, 640, 200, "nl", false, true, true},
		{"phone-150-en", 390, 844, 150, "en", false, true, false},
		{"phone-200-noscript-en", 390, 844, 200, "en", true, false, false},
		{"phone-zoom-200", 195, 422, 100, "nl", false, true, false},
		{"desk", 1280, 900, 100, "nl", false, true, true},
		{"desk-zoom-200-en", 640, 450, 100, "en", true, true, false},
	} {
		t.Run(as.name, func(t *testing.T) {
			w.T, w.World.T = t, t
			b := b.For(t)
			b.Width, b.Height = as.width, as.height
			b.Reader(as.text, as.dark)
			b.Scripts(as.scripts)
			look := func(state string) {
				t.Helper()
				b.Look(as.name+" "+state, as.axe)
			}
			visit := func(page string) {
				t.Helper()
				joint := "?"
				if strings.Contains(page, "?") {
					joint = "&"
				}
				b.Visit(page + joint + "lang=" + as.lang)
			}
			for state, page := range stills {
				visit(page)
				if state == "asked twelve" || state == "asked" {
					apitest.Eval[bool](b, `(document.querySelectorAll("details").forEach(d => d.open = true), true)`)
				}
				look(state)
			}
			_, page := w.repair(apitest.QuoteBody)
			visit(page)
			b.Run(chromedp.Click(chromedp.CSS(`[name="line.1"][value=approve]`)))
			look("chosen one")
			b.Tap("#decide", "#error-2")
			look("one is missing")
			b.Run(chromedp.Click(chromedp.CSS(`[name="line.2"][value=reject]`)), chromedp.SetValue(chromedp.CSS("#reason-2"), "price"), chromedp.SetValue(chromedp.CSS("#text-2"), "Te duur"))
			look("chosen")
			b.Run(chromedp.SetValue(chromedp.CSS("#message"), "Kan het ook volgende week?"))
			b.Tap(`[name=kind][value=text]`, ".notice.good")
			look("asked a question")
			if got := apitest.Eval[string](b, `[...new FormData(document.forms[0])].filter(([n]) => n !== "command").join("&")`); got != "name,J. de Vries&line.1,approve&reason.1,&text.1,&line.2,reject&reason.2,price&text.2,Te duur&text," {
				t.Errorf("after a question the form has %s", got)
			}
			b.Tap("#decide", "#commit")
			look("summary")
			b.Run(chromedp.SetValue(chromedp.CSS("#name"), "Ans"))
			b.Tap("[name=change]", "#decide")
			look("going back")
			b.Tap("#decide", "#commit")
			if got := apitest.Eval[string](b, `document.querySelector("#name").value`); got != "Ans" {
				t.Errorf("the name is %q", got)
			}
			b.Want("#commit", map[string]string{"nl": "Akkoord, ik betaal €\u00a0348,00", "en": "Agree, I will pay €348.00"}[as.lang])
			b.Tap("#commit", "#answered")
			look("answered")
			if got := apitest.Eval[string](b, "document.activeElement.id"); got != "answered" {
				t.Errorf("the focus is on %q", got)
			}
			got := base.LastDecision()
			if got.TotalSeen != 34800 || len(got.Answers) != 2 || got.Answers[1].Reason != repair.ReasonPrice {
				t.Errorf("decided %+v", got)
			}
		})
	}
}

// While choosing, every sum is that of the choice. Without scripts the page shows none that
// claims to be.
func TestBrowserSums(t *testing.T) {
	base := apitest.New(t)
	w := &town{T: t, World: base, sam: base.Token("sam", repair.Mechanic, "de-brug")}
	b := apitest.NewTab(t, base, 390, 844)
	_, page := w.repair(aQuote(12, 4995))
	sums := func() string {
		return strings.ReplaceAll(apitest.Eval[string](b, `[...document.querySelectorAll(".choose .sum p, .choose .running, .choose .with")].filter(e => e.checkVisibility()).map(e => e.innerText.replace(/\s+/g, " ")).join(" | ")`), "\u00a0", " ")
	}
	want := func(want string) {
		t.Helper()
		if got := sums(); got != want {
			t.Errorf("the sums are\n%s, want\n%s", got, want)
		}
	}
	const whole = "Alles samen € 1.919,40 incl. btw | waarvan € 208,29 (21% btw) | waarvan € 59,39 (9% btw) | Met het werk dat al was afgesproken wordt het totaal € 2.208,40 incl. btw."
	b.Visit(page)
	want(whole + " | Uw keuze: nog niets extra nog 12 te kiezen")
	b.Run(chromedp.Click(chromedp.CSS(`[name="line.1"][value=approve]`)))
	want("Uw keuze € 159,84 incl. btw | waarvan € 17,34 (21% btw) | waarvan € 4,95 (9% btw) | Met het werk dat al was afgesproken wordt het totaal € 448,84 incl. btw. | Uw keuze: € 159,84 incl. btw nog 11 te kiezen")
	for n := range 12 {
		b.Run(chromedp.Click(chromedp.CSS(fmt.Sprintf(`[name="line.%d"][value=approve]`, n+1))))
	}
	chosen := strings.Replace(whole, "Alles samen", "Uw keuze", 1)
	want(chosen + " | Uw keuze: € 1.919,40 incl. btw")
	// What the field with the focus is under is never the bar.
	if covered := apitest.Eval[[]string](b, `[...document.querySelectorAll("form.decide input, form.decide select, form.decide textarea, summary")].filter(f => f.type !== "hidden" && f.checkVisibility()).filter(f => {
		scrollTo(0, 0);
		f.focus();
		const bar = document.querySelector(".act.long").getBoundingClientRect(), at = f.getBoundingClientRect();
		return at.bottom > bar.top + 1 && at.top < bar.bottom - 1 && !f.closest(".act");
	}).map(f => f.outerHTML)`); len(covered) > 0 {
		t.Errorf("the bar covers %q", covered)
	}
	if !apitest.Eval[bool](b, `(() => { scrollTo(0, 0); const bar = document.querySelector(".act.long").getBoundingClientRect(); return bar.bottom <= innerHeight + 1 && bar.top > 0.6 * innerHeight; })()`) {
		t.Error("sum and button are out of sight, or take the screen")
	}
	b.Reader(200, false)
	b.Visit(page)
	if got := apitest.Eval[string](b, `getComputedStyle(document.querySelector(".act.long")).position`); got != "static" {
		t.Errorf("with large text the bar is %s", got)
	}
	// The server says the same of all, in the summary and to whoever has no scripts.
	b.Reader(100, false)
	b.Scripts(false)
	b.Visit(page)
	want(whole)
	b.Tap("[name=all][value=approve]", "#commit")
	summary := strings.ReplaceAll(apitest.Eval[string](b, `[...document.querySelectorAll(".sum p")].map(e => e.innerText.replace(/\s+/g, " ")).join(" | ")`), "\u00a0", " ")
	if want := strings.Replace(whole, "Alles samen", "Extra te betalen", 1); summary != want {
		t.Errorf("the summary says\n%s, want\n%s", summary, want)
	}
}

// Words and amounts that fit nowhere break, and nothing else does; nobody scrolls sideways.
func TestBrowserLongWords(t *testing.T) {
	base := apitest.New(t)
	w := &town{T: t, World: base, sam: base.Token("sam", repair.Mechanic, "de-brug")}
	b := apitest.NewTab(t, base, 320, 640)
	long := strings.Repeat("Aandrijfashoesvervangingswerkzaamheden ", 3) + "https://example.nl/" + strings.Repeat("x", 80)
	at, page := w.repair(strings.NewReplacer("Ruitenwissers vervangen", long, `"unit_price":3995`, `"unit_price":99999995`).Replace(apitest.QuoteBody))
	w.do(at+"/messages", `{"kind":"text","text":"De schijven zijn echt op. `+strings.Repeat("x", 100)+`"}`)
	for _, text := range []int64{100, 200} {
		b.Reader(text, false)
		b.Visit(page)
		b.Look(fmt.Sprint("long words ", text), false)
		b.Tap("[name=all][value=approve]", "#commit")
		b.Look(fmt.Sprint("long words, summary ", text), false)
	}
}
