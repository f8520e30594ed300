package api

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"pitstop/schemas/link"
	"pitstop/schemas/repair"
)

// page is the address of a repair's page, for the audience.
func (w *world) page(id string, to link.Audience) string {
	return "/c/" + w.links.Sign(link.Claims{Garage: "de-brug", Repair: id, Audience: to, Lang: "nl", Expires: begin.Add(60 * 24 * time.Hour)})
}

func (w *world) open(path string, headers ...string) answer {
	return w.call("", http.MethodGet, path, "", headers...)
}

// post sends a form: name, value, name, value.
func (w *world) post(path string, fields ...string) answer {
	w.t.Helper()
	return w.do(formRequest(path, fields...))
}

func formRequest(path string, fields ...string) *http.Request {
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

// has checks that a page says, or does not say ("!…"), all of these.
func (a answer) has(t *testing.T, status int, texts ...string) {
	t.Helper()
	if a.StatusCode != status {
		t.Errorf("status %d, want %d", a.StatusCode, status)
	}
	said := strings.ReplaceAll(a.text, "\u00a0", " ")
	if strings.Contains(said, "%!") || strings.Contains(said, "<no value>") {
		t.Errorf("the page has a gap:\n%s", said)
	}
	for _, s := range texts {
		if not, forbidden := strings.CutPrefix(s, "!"); forbidden {
			if strings.Contains(said, not) {
				t.Errorf("the page says %q:\n%s", not, said)
			}
		} else if !strings.Contains(said, s) {
			t.Errorf("the page does not say %q:\n%s", s, said)
		}
	}
}

func TestPageShowsEverything(t *testing.T) {
	w := newWorld(t)
	page := w.page(w.quoted(), link.Approver)
	w.open(page).has(t, 200,
		`<html lang="nl">`, "Garage De Brug", "030 – 123 45 67", "K-482-TR", "Volkswagen Golf", "Graag uw antwoord vóór 14.00 uur",
		"Remschijven en remblokken vóór vervangen", "€ 348,00", "Nodig voor uw veiligheid.", "Zonder deze reparatie keuren we de auto niet goed voor de APK.",
		"Remschijven 2 × € 69,00", "Arbeid 1,2 uur × € 115,00", "Ruitenwissers vervangen", "€ 39,95",
		"€ 387,95 incl. btw", "waarvan € 67,33 (21% btw)", "€ 676,95 incl. btw",
		"vandaag, woensdag 20 mei, vóór 14.00 uur", "tot morgen, donderdag 21 mei, 17.30 uur",
		"Kleine beurt en APK", "€ 289,00", "Stel een vraag", "Bel mij terug", theForm)
	w.open(page+"?lang=en").has(t, 200, `<html lang="en">`, "Please answer before 14:00", "€348.00", "Needed for your safety.", "1.2 hours × €115.00", "today, Wednesday 20 May, before 14:00")
}

// The day that a quote expired reads well, today's too.
func TestPageOfAnExpiredQuote(t *testing.T) {
	w := newWorld(t)
	page := w.page(w.quoted(), link.Approver)
	w.pass(32 * time.Hour)
	w.open(page).has(t, 200, "De prijsopgave is verlopen zonder antwoord (vandaag, donderdag 21 mei, 17.30 uur).", "!"+theForm)
	w.open(page+"?lang=en").has(t, 200, "The quote expired without an answer (today, Thursday 21 May, 17:30).")
}

func TestOpeningAPageChangesNothing(t *testing.T) {
	w := newWorld(t)
	page := w.page(w.quoted(), link.Approver)
	before := len(w.sent)
	for _, path := range []string{page, page + "?lang=en", page + "/?after=1", page + "?pending=x", page + "/quotes/1/decision", page + "/view"} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			w.call("", method, path, "")
		}
	}
	if len(w.sent) != before {
		t.Errorf("commands were sent: %v", w.sent[before:])
	}
}

func TestHeadersOfPages(t *testing.T) {
	w := newWorld(t)
	a := w.open(w.page(w.quoted(), link.Approver))
	for name, want := range map[string]string{
		"Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow", "X-Content-Type-Options": "nosniff",
		"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": pagePolicy,
	} {
		if got := a.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	for _, inline := range []string{"<style", "style=", "onclick", "javascript:", "http://", "https://"} {
		if strings.Contains(a.text, inline) {
			t.Errorf("the page holds %q", inline)
		}
	}
	asset := "/assets/" + w.server.version + "/customer.css"
	if a := w.open(asset); a.StatusCode != 200 || !strings.Contains(a.Header.Get("Cache-Control"), "immutable") {
		t.Errorf("style sheet: %d %v", a.StatusCode, a.Header)
	}
	if a := w.open("/assets/x/..%2f..%2fapi.go"); a.StatusCode == 200 {
		t.Error("files outside the assets are served")
	}
}

func TestLinksThatDoNotWork(t *testing.T) {
	w := newWorld(t)
	id := w.quoted()
	good := w.page(id, link.Approver)
	strangers, err := link.NewKeys(link.Key{ID: "k1", Secret: []byte(strings.Repeat("x", link.MinKeyBytes))})
	must(t, err)
	claims := link.Claims{Garage: "de-brug", Repair: id, Audience: link.Approver, Expires: begin.Add(time.Hour)}
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
			"expired", "/c/" + w.links.Sign(link.Claims{Garage: "de-brug", Repair: id, Audience: link.Approver, Expires: begin}), 410,
			[]string{"Deze link is verlopen", "Garage De Brug", "030 – 123 45 67"},
		},
		{"another garage's repair", "/c/" + w.links.Sign(foreign), 200, []string{"We zetten uw gegevens klaar", "Autobedrijf Noord"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := len(w.sent)
			says := slices.Concat(tt.says, []string{"!K-482-TR", "!Remschijven", "!" + theForm})
			w.open(tt.path).has(t, tt.status, says...)
			w.post(tt.path+"/quotes/1/decision", confirmed...).has(t, tt.status, says...)
			w.post(tt.path+"/messages", "text", "x").has(t, tt.status, says...)
			w.post(tt.path+"/view", "revision", "1").has(t, tt.status, says...)
			if len(w.sent) != before {
				t.Errorf("commands were sent: %v", w.sent[before:])
			}
		})
	}
	w.open(good[:len(good)-4], "Accept-Language: en-GB,en;q=0.9").has(t, 404, "This link does not work")
}

func TestSendingFails(t *testing.T) {
	w := newWorld(t)
	page := w.page(w.quoted(), link.Approver)
	fail := errors.New("no broker")
	w.unsent = fail
	w.post(page+"/quotes/1/decision", confirmed...).has(t, 503, "Nog niet verstuurd", "het telt maar één keer", "Akkoord, ik betaal € 348,00", `name="command" value="c1"`)
	w.post(page+"/messages", "command", "m1", "kind", "text", "text", "Hoe laat?").has(t, 503, "Nog niet verstuurd", ">Hoe laat?</textarea>", `name="command" value="m1"`)
	w.post(page+"/view", "revision", "1").has(t, 503)
	w.unsent = nil
	if a := w.post(page+"/quotes/1/decision", confirmed...); a.StatusCode != 303 {
		t.Errorf("tried again: %d", a.StatusCode)
	}
	w.broken = fail
	w.open(page).has(t, 503, "Even niet bereikbaar", "!no broker")
}

func TestViews(t *testing.T) {
	w := newWorld(t)
	id := w.quoted()
	page := w.page(id, link.Approver)
	views := func() (n int) {
		for _, cmd := range w.sent {
			if _, ok := cmd.(*repair.RecordView); ok {
				n++
			}
		}
		return n
	}
	w.post(w.page(id, link.Customer)+"/view", "revision", "1") // does not decide: not the view that is waited for
	w.post(page+"/view", "revision", "7")
	if views() != 0 {
		t.Fatalf("%d views too many", views())
	}
	if a := w.post(page+"/view", "revision", "1"); a.StatusCode != 204 || views() != 1 {
		t.Errorf("%d, %d views", a.StatusCode, views())
	}
	w.post(page+"/view", "revision", "1")
	w.post(page+"/messages", "text", "x", "kind", "text")
	if views() != 1 {
		t.Errorf("seen before: %d views, want 1", views())
	}
	// Any other form counts as a view, and comes before what it says.
	w = newWorld(t)
	w.post(w.page(w.quoted(), link.Approver)+"/messages", "text", "Hoe laat?", "kind", "text")
	n := len(w.sent)
	if _, ok := w.sent[n-2].(*repair.RecordView); !ok {
		t.Errorf("before the message came %T", w.sent[n-2])
	}
}

func TestMessages(t *testing.T) {
	w := newWorld(t)
	id := w.quoted()
	page := w.page(id, link.Approver)
	w.post(page+"/messages", "command", "m1", "kind", "text", "text", " ").has(t, 422, "Schrijf eerst uw vraag", `href="#message"`)
	w.post(page+"/messages", "command", "m1", "kind", "note", "text", "x").has(t, 422)
	for _, kind := range []string{"text", "callback"} {
		a := w.post(page+"/messages", "command", "m1", "kind", kind, "text", "Kan het ook morgen?")
		if a.StatusCode != 303 {
			t.Fatalf("%s: %d %s", kind, a.StatusCode, a.text)
		}
		w.open(a.Header.Get("Location")).has(t, 200, "Kan het ook morgen?", theForm) // asking decides nothing
	}
	n := len(w.sent)
	w.post(page+"/messages", "command", "m1", "kind", "text", "text", "Kan het ook morgen?") // sent twice
	if got := w.sent[n].Head().EventID; got != w.sent[n-2].Head().EventID {
		t.Error("the same form sent twice is two messages")
	}
	anna := w.token("anna", repair.CustomerService, "de-brug")
	w.call(anna, "POST", "/v1/repairs/"+id+"/messages", `{"kind":"note","text":"Lastige klant"}`, key("n"))
	w.call(w.token("sam", repair.Mechanic, "de-brug"), "POST", "/v1/repairs/"+id+"/messages", `{"kind":"text","text":"Morgen kan ook"}`, key("o"))
	w.open(page).has(t, 200, "Sam, Garage De Brug", "Morgen kan ook", "U vroeg om teruggebeld te worden.", "eindigt op 78", "!Lastige klant")
}

func TestTheRestOfARepair(t *testing.T) {
	w := newWorld(t)
	sam := w.token("sam", repair.Mechanic, "de-brug")
	id := w.started()
	page, at := w.page(id, link.Approver), "/v1/repairs/"+id
	w.open(page).has(t, 200, "We zijn bezig met uw auto", "We verwachten dat de auto klaar is: vandaag, woensdag 20 mei, 16.00 uur.", "U hoeft nu niets te doen.")
	w.call(sam, "POST", at+"/completion", `{"total":28900}`, key("c"))
	w.open(page).has(t, 200, "Goed nieuws: uw auto is klaar", "Te betalen", "€ 289,00", "precies zoals afgesproken", "ma–vr 8.00–17.30 uur")
	w.call(sam, "POST", at+"/collection", ``, key("d"))
	w.open(page).has(t, 200, "Uw auto is opgehaald", "Stel een vraag")
	// A page asked for before the read model has the repair.
	w = newWorld(t)
	w.lagging = true
	w.open(w.page(w.started(), link.Approver)).has(t, 200, "We zetten uw gegevens klaar", `http-equiv="refresh"`)
}
