package customer_test

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"pitstop/api/apitest"
	"pitstop/schemas/link"
	"pitstop/schemas/repair"
)

func TestBrowserDecides(t *testing.T) {
	for _, size := range []struct {
		name          string
		width, height int64
	}{{"phone", 390, 844}, {"desktop", 1280, 900}} {
		t.Run(size.name, func(t *testing.T) {
			w := apitest.New(t)
			b := apitest.NewTab(t, w, size.width, size.height)
			b.Visit(w.Link(w.Quoted(), link.Approver))
			b.Shot(size.name + "-1-asked")
			b.Run(chromedp.Click(chromedp.CSS(`[name="line.1"][value=approve]`)), chromedp.Click(chromedp.CSS("#decide")), chromedp.WaitReady(chromedp.CSS("#error-2")))
			b.Want("#error-2", "Kies bij onderdeel 2 ja of nee.")
			b.Run(chromedp.Click(chromedp.CSS(`[name="line.2"][value=reject]`)), chromedp.SetValue(chromedp.CSS("#reason-2"), "price"))
			b.Shot(size.name + "-2-chosen")
			b.Run(chromedp.Click(chromedp.CSS("#decide")), chromedp.WaitReady(chromedp.CSS(".confirm")))
			b.Want("#commit", "Akkoord, ik betaal €\u00a0348,00")
			b.Run(chromedp.Click(chromedp.CSS("#commit")), chromedp.WaitReady(chromedp.CSS(".settled")))
			b.Shot(size.name + "-3-decided")
			got := w.LastDecision()
			if got.TotalSeen != 34800 || len(got.Answers) != 2 || got.Answers[1].Reason != repair.ReasonPrice {
				t.Errorf("decided %+v", got)
			}
		})
	}
}

func TestBrowserWithoutScript(t *testing.T) {
	w := apitest.New(t)
	b := apitest.NewTab(t, w, 390, 844)
	b.Scripts(false)
	b.Visit(w.Link(w.Quoted(), link.Approver) + "?lang=en")
	b.Shot("noscript-1-asked")
	b.Run(chromedp.Click(chromedp.CSS("#decide")), chromedp.WaitReady("#notice"))
	b.Shot("noscript-2-missing")
	b.Run(chromedp.Click(chromedp.CSS(`[name="line.1"][value=approve]`)), chromedp.Click(chromedp.CSS(`[name="line.2"][value=reject]`)),
		chromedp.Click(chromedp.CSS("#decide")), chromedp.WaitReady(".confirm"))
	b.Shot("noscript-3-confirm")
	b.Want("#commit", "Agree, I will pay €348.00")
	b.Run(chromedp.Click(chromedp.CSS("#commit")), chromedp.WaitReady(".settled"))
	b.Shot("noscript-4-decided")
}

// The pages around a decision. Nothing may be wider than a phone.
func TestBrowserPages(t *testing.T) {
	w := apitest.New(t)
	b := apitest.NewTab(t, w, 390, 844)
	sam := w.Token("sam", repair.Mechanic, "de-brug")
	fits := func(name string) {
		t.Helper()
		b.Shot("pages-" + name)
		if width := b.ScrollWidth(); width > 390 {
			t.Errorf("%s is %d wide", name, width)
		}
	}
	id := w.Started()
	page, at := w.Link(id, link.Approver), "/v1/repairs/"+id
	b.Visit(page)
	fits("started")
	long := strings.Repeat("Aandrijfashoesvervangingswerkzaamheden ", 3)
	body := strings.NewReplacer("Ruitenwissers vervangen", long, `"unit_price":3995`, `"unit_price":99999995`, "Remblokken", long+"https://example.nl/"+strings.Repeat("x", 80)).Replace(apitest.QuoteBody)
	w.Call(sam, "POST", at+"/quotes", body, apitest.Key("q1")).Want(t, 201, nil)
	w.Call(sam, "POST", at+"/messages", `{"kind":"text","text":"De schijven zijn echt op. Ik heb foto’s gemaakt; bel gerust als u ze wilt zien. `+strings.Repeat("x", 100)+`"}`, apitest.Key("m1")).Want(t, 201, nil)
	b.Visit(page)
	b.Run(chromedp.Evaluate[chromedp.Void](`document.querySelectorAll("details").forEach(d => d.open = true)`))
	fits("long")
	b.Run(chromedp.SendKeys(chromedp.CSS("#message"), "Kan het ook volgende week?"), chromedp.Click(chromedp.CSS(`.write [value=callback]`)), chromedp.WaitReady(".message.own"))
	fits("asked")
	w.Call(sam, "POST", at+"/quotes", apitest.QuoteBody, apitest.Key("q2")).Want(t, 201, nil)
	b.Run(chromedp.Click(chromedp.CSS(`[name=all][value=approve]`)), chromedp.WaitReady("#notice"))
	fits("superseded")
	w.Pass(3 * 24 * time.Hour)
	b.Visit(page + "?lang=en")
	fits("expired")
	sam = w.Token("sam", repair.Mechanic, "de-brug")
	w.Call(sam, "POST", at+"/quotes", strings.Replace(apitest.QuoteBody, `"answer_by":"2026-05-20T14:00:00+02:00",`, "", 1), apitest.Key("q3")).Want(t, 201, nil)
	b.Visit(page)
	b.Run(chromedp.Click(chromedp.CSS(`[name=all][value=reject]`)), chromedp.WaitReady(chromedp.CSS(".confirm")))
	fits("summary")
	b.Run(chromedp.Click(chromedp.CSS("#commit")), chromedp.WaitReady(".settled"))
	fits("rejected")
	w.Call(sam, "POST", at+"/completion", `{"total":28900}`, apitest.Key("c")).Want(t, 200, nil)
	b.Visit(page)
	fits("completed")
	b.Visit(page + "?after=99")
	fits("busy")
	b.Visit("/c/k1.bad")
	fits("bad-link")
	w.Call(w.Token("anna", repair.CustomerService, "de-brug"), "DELETE", at+"/links", "").Want(t, 200, nil)
	b.Visit(page)
	fits("ended")
	b.Visit(page + "?lang=en")
	fits("ended-en")
	b.Width, b.Height = 1280, 900
	b.Visit(page)
	b.Shot("pages-ended-desk")

	w = apitest.New(t)
	b = apitest.NewTab(t, w, 390, 844)
	b.Visit(w.Link(w.Leased(), link.Customer))
	fits("driver")
}
