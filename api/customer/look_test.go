package customer_test

import (
	"errors"
	"fmt"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pitstop/api/apitest"
	"pitstop/api/web"
	"pitstop/schemas/link"
	"pitstop/schemas/repair"
)

func TestPageShowsEverything(t *testing.T) {
	w := apitest.New(t)
	page := w.Link(w.Quoted(), link.Approver)
	w.Get(page).Has(t, 200,
		`<html lang="nl">`, "Garage De Brug", "030 – 123 45 67", "K-482-TR", "Volkswagen Golf", "Graag uw antwoord vóór 14.00 uur",
		"Remschijven en remblokken vóór vervangen", "€ 348,00", "Nodig voor uw veiligheid.", "Zonder deze reparatie keuren we de auto niet goed voor de APK.",
		"Remschijven 2 × € 69,00", "Arbeid 1,2 uur × € 115,00", "Ruitenwissers vervangen", "€ 39,95",
		"€ 387,95 incl. btw", "waarvan € 67,33 (21% btw)", "€ 676,95 incl. btw",
		"vandaag, woensdag 20 mei, vóór 14.00 uur", "tot morgen, donderdag 21 mei, 17.30 uur",
		"Kleine beurt en APK", "€ 289,00", "Stel een vraag", "Bel mij terug", theForm)
	w.Get(page+"?lang=en").Has(t, 200, `<html lang="en">`, "Please answer before 14:00", "€348.00", "Needed for your safety.", "1.2 hours × €115.00", "today, Wednesday 20 May, before 14:00")
}

// The day that a quote expired reads well, today's too.
func TestPageOfAnExpiredQuote(t *testing.T) {
	w := apitest.New(t)
	page := w.Link(w.Quoted(), link.Approver)
	w.Pass(32 * time.Hour)
	w.Get(page).Has(t, 200, "Het voorstel is verlopen zonder antwoord (vandaag, donderdag 21 mei, 17.30 uur).", "!"+theForm)
	w.Get(page+"?lang=en").Has(t, 200, "The proposal expired without an answer (today, Thursday 21 May, 17:30).")
}

func TestOpeningAPageChangesNothing(t *testing.T) {
	w := apitest.New(t)
	page := w.Link(w.Quoted(), link.Approver)
	before := len(w.Sent)
	for _, path := range []string{page, page + "?lang=en", page + "/?after=1", page + "?pending=x", page + "/quotes/1/decision", page + "/view"} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			w.Call("", method, path, "")
		}
	}
	if len(w.Sent) != before {
		t.Errorf("commands were sent: %v", w.Sent[before:])
	}
}

func TestHeadersOfPages(t *testing.T) {
	w := apitest.New(t)
	a := w.Get(w.Link(w.Quoted(), link.Approver))
	for name, want := range map[string]string{
		"Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow", "X-Content-Type-Options": "nosniff",
		"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": web.PagePolicy,
	} {
		if got := a.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	for _, inline := range []string{"<style", "style=", "onclick", "javascript:", "http://", "https://"} {
		if strings.Contains(a.Text, inline) {
			t.Errorf("the page holds %q", inline)
		}
	}
	asset := regexp.MustCompile(`/assets/[0-9a-f]+/pages\.css`).FindString(a.Text)
	if a := w.Get(asset); a.StatusCode != 200 || !strings.Contains(a.Header.Get("Cache-Control"), "immutable") {
		t.Errorf("style sheet: %d %v", a.StatusCode, a.Header)
	}
	for _, none := range []string{"/assets/x/..%2f..%2fapi.go", path.Dir(asset) + "/static", path.Dir(asset) + "/none.js"} {
		if a := w.Get(none); a.StatusCode != 404 || a.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %v", none, a.StatusCode, a.Header)
		}
	}
}

func TestLinksThatDoNotWork(t *testing.T) {
	w := apitest.New(t)
	id := w.Quoted()
	good := w.Link(id, link.Approver)
	strangers, err := link.NewKeys(link.Key{ID: "k1", Secret: []byte(strings.Repeat("x", link.MinKeyBytes))})
	apitest.Must(t, err)
	claims := link.Claims{Garage: "de-brug", Repair: id, Audience: link.Approver, Expires: apitest.Begin.Add(time.Hour)}
	foreign := claims
	foreign.Garage = "noord"
	for _, tt := range []struct {
		name, path string
		status     int
		says       []string
	}{
		{"cut off", good[:len(good)-4], 404, []string{"Deze link werkt niet", "Open de link opnieuw vanuit de mail."}},
		{"forged", "/c/" + strangers.Sign(claims), 404, []string{"Deze link werkt niet"}},
		{
			"expired", "/c/" + w.Links.Sign(link.Claims{Garage: "de-brug", Repair: id, Audience: link.Approver, Expires: apitest.Begin}), 410,
			[]string{"Deze link is verlopen", "Garage De Brug", "030 – 123 45 67"},
		},
		{"another garage's repair", "/c/" + w.Links.Sign(foreign), 200, []string{"We zetten uw gegevens klaar", "Autobedrijf Noord"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := len(w.Sent)
			says := slices.Concat(tt.says, []string{"!K-482-TR", "!Remschijven", "!" + theForm})
			w.Get(tt.path).Has(t, tt.status, says...)
			w.Post(tt.path+"/quotes/1/decision", confirmed...).Has(t, tt.status, says...)
			w.Post(tt.path+"/messages", "text", "x").Has(t, tt.status, says...)
			w.Post(tt.path+"/view", "revision", "1").Has(t, tt.status, says...)
			if len(w.Sent) != before {
				t.Errorf("commands were sent: %v", w.Sent[before:])
			}
		})
	}
	w.Get(good[:len(good)-4], "Accept-Language: en-GB,en;q=0.9").Has(t, 404, "This link does not work")
}

func TestSendingFails(t *testing.T) {
	w := apitest.New(t)
	page := w.Link(w.Quoted(), link.Approver)
	fail := errors.New("no broker")
	w.Unsent = fail
	w.Post(page+"/quotes/1/decision", confirmed...).Has(t, 503, "Nog niet verstuurd", "het telt maar één keer", "Akkoord, ik betaal € 348,00", `name="command" value="c1"`)
	w.Post(page+"/messages", "command", "m1", "kind", "text", "text", "Hoe laat?").Has(t, 503, "Nog niet verstuurd", ">Hoe laat?</textarea>", `name="command" value="m1"`)
	w.Post(page+"/view", "revision", "1").Has(t, 503)
	w.Unsent = nil
	if a := w.Post(page+"/quotes/1/decision", confirmed...); a.StatusCode != 303 {
		t.Errorf("tried again: %d", a.StatusCode)
	}
	w.Broken = fail
	w.Get(page).Has(t, 503, "Even niet bereikbaar", "!no broker")
}

func TestViews(t *testing.T) {
	w := apitest.New(t)
	id := w.Leased()
	page := w.Link(id, link.Approver)
	views := func() (n int) {
		for _, cmd := range w.Sent {
			if _, ok := cmd.(*repair.RecordView); ok {
				n++
			}
		}
		return n
	}
	w.Post(w.Link(id, link.Customer)+"/view", "revision", "1") // does not decide, so this view does not count
	w.Post(page+"/view", "revision", "7")
	if views() != 0 {
		t.Fatalf("%d views too many", views())
	}
	if a := w.Post(page+"/view", "revision", "1"); a.StatusCode != 204 || views() != 1 {
		t.Errorf("%d, %d views", a.StatusCode, views())
	}
	w.Post(page+"/view", "revision", "1")
	w.Post(page+"/messages", "text", "x", "kind", "text")
	if views() != 1 {
		t.Errorf("seen before: %d views, want 1", views())
	}
	// Any other form counts as a view, and comes before what it says.
	w = apitest.New(t)
	w.Post(w.Link(w.Quoted(), link.Approver)+"/messages", "text", "Hoe laat?", "kind", "text")
	n := len(w.Sent)
	if _, ok := w.Sent[n-2].(*repair.RecordView); !ok {
		t.Errorf("before the message came %T", w.Sent[n-2])
	}
}

func TestMessages(t *testing.T) {
	w := apitest.New(t)
	id := w.Quoted()
	page := w.Link(id, link.Approver)
	w.Post(page+"/messages", "command", "m1", "kind", "text", "text", " ").Has(t, 422, "Schrijf eerst uw vraag", `href="#message"`)
	w.Post(page+"/messages", "command", "m1", "kind", "note", "text", "x").Has(t, 422)
	for _, kind := range []string{"text", "callback"} {
		a := w.Post(page+"/messages", "command", "m1", "kind", kind, "text", "Kan het ook morgen?")
		if a.StatusCode != 303 {
			t.Fatalf("%s: %d %s", kind, a.StatusCode, a.Text)
		}
		w.Get(a.Header.Get("Location")).Has(t, 200, "Kan het ook morgen?", theForm) // asking decides nothing
	}
	n := len(w.Sent)
	w.Post(page+"/messages", "command", "m1", "kind", "text", "text", "Kan het ook morgen?") // sent twice
	if got := w.Sent[n].Head().EventID; got != w.Sent[n-2].Head().EventID {
		t.Error("the same form sent twice is two messages")
	}
	anna := w.Token("anna", repair.CustomerService, "de-brug")
	w.Call(anna, "POST", "/v1/repairs/"+id+"/messages", `{"kind":"note","text":"Lastige klant"}`, apitest.Key("n"))
	w.Call(w.Token("sam", repair.Mechanic, "de-brug"), "POST", "/v1/repairs/"+id+"/messages", `{"kind":"text","text":"Morgen kan ook"}`, apitest.Key("o"))
	w.Get(page).Has(t, 200, "Sam, Garage De Brug", "Morgen kan ook", "U vroeg om teruggebeld te worden.", "eindigt op 78", "!Lastige klant")
}

// Jobs are numbered as mails number them: what safety needs first. One needs no number.
func TestJobsAreInTheOrderOfTheMail(t *testing.T) {
	base := apitest.New(t)
	w := &town{T: t, World: base, sam: base.Token("sam", repair.Mechanic, "de-brug")}
	_, page := w.repair(aQuote(3, 1000))
	w.Get(page).Has(t, 200, "1. Distributieriem met waterpomp vervangen", "2. Ruitenwissers vervangen", "3. Aandrijfashoezen links en rechts vervangen", `id="line-3" data-gross="21:2004 9:1200"`)
	w.Post(page+"/quotes/1/decision", "line.3", "approve").Has(t, 422, `<a href="#line-2">Kies bij onderdeel 2 ja of nee.</a>`, `<a href="#line-1">Kies bij onderdeel 3 ja of nee.</a>`, "!onderdeel 1 ja")
	w.Post(page+"/quotes/1/decision", "line.1", "reject", "line.2", "reject", "line.3", "approve", "name", "Jo").
		Has(t, 200, "<b>Ja:</b> 1. Distributieriem", "<b>Nee:</b> 2. Ruitenwissers", `name="line.3" value="approve"`, `name="total_seen" value="3204"`, "€ 32,04 incl. btw", "waarvan € 3,48 (21% btw)", "waarvan € 0,99 (9% btw)", "€ 321,04 incl. btw")
	_, page = w.repair(aQuote(1, 1000))
	w.Get(page).Has(t, 200, "<span>Aandrijfashoezen", "We vonden iets dat extra werk vraagt.", "!Alles ja", "!Onderdeel 1", "!1. ")
	w.Post(page+"/quotes/1/decision").Has(t, 422, "Kies ja of nee.", "!onderdeel")
}

// What costs nothing is called so, and nobody pays € 0,00.
func TestWhatIsFree(t *testing.T) {
	base := apitest.New(t)
	w := &town{T: t, World: base, sam: base.Token("sam", repair.Mechanic, "de-brug")}
	_, page := w.repair(strings.ReplaceAll(strings.ReplaceAll(aQuote(2, 0), `"unit_price":1,`, `"unit_price":0,`), "AnswerBy", ""))
	w.Get(page).Has(t, 200, "gratis", "!€ 0,00")
	answer := []string{"line.1", "approve", "line.2", "reject", "name", "Jo"}
	w.Post(page+"/quotes/1/decision", answer...).Has(t, 200, ">Akkoord, gratis</button>", "!€ 0,00")
	w.Post(page+"/quotes/1/decision?lang=en", answer...).Has(t, 200, ">Agree, free of charge</button>", "!€0.00")
	w.Post(page+"/quotes/1/decision", "line.1", "reject", "line.2", "reject").Has(t, 200, ">Niet akkoord, niets extra doen</button>", "U betaalt niets extra", "!€ 0,00")
}

// A total that is not what was agreed says how far, and why, as the mail does.
func TestTheTotalIsExplained(t *testing.T) {
	for _, tt := range []struct {
		total int64
		says  []string
	}{
		{28900, []string{"Te betalen", "€ 289,00 incl. btw", "precies zoals afgesproken", "!Toelichting"}},
		{30000, []string{"Te betalen", "€ 300,00 incl. btw", "€ 11,00 meer dan afgesproken", "Toelichting:", "De remleiding &lt;was&gt; doorgeroest."}},
		{20000, []string{"€ 89,00 minder dan afgesproken", "Toelichting:"}},
		{0, []string{"U hoeft niets te betalen", "!Te betalen", "!€ 0,00", "!Betalen kan"}},
	} {
		w := apitest.New(t)
		sam := w.Token("sam", repair.Mechanic, "de-brug")
		id := w.Started()
		page, at := w.Link(id, link.Approver), "/v1/repairs/"+id
		reason := ""
		if tt.total != 28900 {
			reason = "De remleiding <was> doorgeroest."
		}
		w.Call(sam, "POST", at+"/completion", fmt.Sprintf(`{"total":%d,"reason":%q}`, tt.total, reason), apitest.Key("c")).Want(t, 200, nil)
		w.Get(page).Has(t, 200, append(tt.says, "Wat we hebben gedaan", "!Afgesproken werk", "U kunt de auto vandaag ophalen tot 17.30 uur, of vanaf morgen")...)
		w.Call(sam, "POST", at+"/collection", ``, apitest.Key("d")).Want(t, 200, nil)
		w.Get(page).Has(t, 200, "Uw auto is opgehaald", "Totaal", "!Te betalen", "!te betalen", "!Betalen kan")
	}
}

func TestTheRestOfARepair(t *testing.T) {
	w := apitest.New(t)
	sam := w.Token("sam", repair.Mechanic, "de-brug")
	id := w.Started()
	page, at := w.Link(id, link.Approver), "/v1/repairs/"+id
	w.Get(page).Has(t, 200, "We zijn bezig met uw auto", "Verwacht klaar: vandaag, woensdag 20 mei, 16.00 uur.", "U hoeft nu niets te doen.")
	w.Call(sam, "POST", at+"/completion", `{"total":28900}`, apitest.Key("c"))
	w.Get(page).Has(t, 200, "Goed nieuws: uw auto is klaar", "Te betalen", "€ 289,00", "precies zoals afgesproken", "ma–vr 8.00–17.30 uur")
	w.Call(sam, "POST", at+"/collection", ``, apitest.Key("d"))
	w.Get(page).Has(t, 200, "Uw auto is opgehaald", "Stel een vraag")
	// A page asked for before the read model has the repair.
	w = apitest.New(t)
	w.Lagging = true
	w.Get(w.Link(w.Started(), link.Approver)).Has(t, 200, "We zetten uw gegevens klaar", `http-equiv="refresh"`)
}
