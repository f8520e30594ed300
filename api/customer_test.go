package api

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pitstop/schemas"
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

const theForm = `<form class="decide"`

var (
	oneOfTwo  = []string{"command", "c1", "line.1", "approve", "line.2", "reject", "reason.2", "price", "text.2", "Te duur", "name", "Jo de Vries"}
	confirmed = append([]string{"confirmed", "1", "total_seen", "34800"}, oneOfTwo...)
)

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

func TestDecidingWithoutScript(t *testing.T) {
	w := newWorld(t)
	page := w.page(w.quoted(), link.Approver)
	decision := page + "/quotes/1/decision"

	// A line without an answer: what was typed stays.
	w.post(decision, "command", "c1", "line.2", "reject", "text.2", "Te <b>duur</b>", "name", "Jo").has(t, 422,
		"Kies bij onderdeel 1 ja of nee.", `href="#line-1"`, `value="c1"`, "Te &lt;b&gt;duur&lt;/b&gt;", `value="Jo"`, theForm, "<title>Fout: ")

	// Complete: a page that repeats it, with a button that says what it means.
	w.post(decision, oneOfTwo...).has(t, 200, "Klopt dit?", "Akkoord, ik betaal € 348,00", `name="total_seen" value="34800"`, `name="command" value="c1"`,
		`name="text.2" value="Te duur"`, `name="confirmed" value="1"`, "!"+theForm)
	w.post(decision, "line.1", "reject", "line.2", "reject").has(t, 200, "Niet akkoord, niets extra doen", `name="total_seen" value="0"`)
	w.post(decision, "all", "approve").has(t, 200, "Akkoord, ik betaal € 387,95")
	w.post(decision, append([]string{"change", "1"}, oneOfTwo...)...).has(t, 200, theForm, `value="approve" checked`, "Te duur", "!Fout")

	// Confirmed.
	r := formRequest(decision, confirmed...)
	r.RemoteAddr, r.Header["User-Agent"] = "203.0.113.7:5555", []string{"Testfox/1.0"}
	a := w.do(r)
	if a.StatusCode != 303 || a.Header.Get("Location") != page+"?after=4" { // 3 is the view
		t.Fatalf("%d %v", a.StatusCode, a.Header)
	}
	cmd := w.last().(*repair.DecideQuote)
	if cmd.Actor != (repair.Actor{Role: repair.Customer, ID: "c1"}) || cmd.Method != repair.ByPage || cmd.TotalSeen != 34800 {
		t.Errorf("command %+v", cmd)
	}
	evidence, err := schemas.Open[repair.Evidence](t.Context(), w.codec, cmd.Evidence)
	must(t, err)
	want := repair.Evidence{Name: "Jo de Vries", IP: "203.0.113.7", UserAgent: "Testfox/1.0", Texts: []repair.LineText{{Line: 2, Text: "Te duur"}}}
	if diff := cmp.Diff(want, evidence); diff != "" {
		t.Errorf("evidence (-want +got):\n%s", diff)
	}
	w.open(a.Header.Get("Location")).has(t, 200, "Dank u wel voor uw antwoord.", "U gaf akkoord voor € 348,00", "De prijs is te hoog", "Te duur",
		"€ 637,00", "!"+theForm)

	// Again, the same: nothing changes. Another answer, with the same page: too late.
	if a := w.post(decision, confirmed...); a.StatusCode != 303 {
		t.Errorf("the same again: %d", a.StatusCode)
	}
	w.post(decision, "confirmed", "1", "total_seen", "0", "command", "c1", "line.1", "reject", "line.2", "reject").has(t, 409,
		"Uw antwoord is niet verwerkt", "Op deze prijsopgave was al geantwoord.", "!"+theForm)
}

func TestDecisionsThatComeTooLate(t *testing.T) {
	sam := func(w *world) string { return w.token("sam", repair.Mechanic, "de-brug") }
	for _, tt := range []struct {
		name   string
		before func(w *world, id string)
		total  string
		status int
		says   []string
	}{
		{
			"superseded", func(w *world, id string) { w.call(sam(w), "POST", "/v1/repairs/"+id+"/quotes", quoteBody, key("q2")) }, "34800", 409,
			[]string{"Er is een nieuwere prijsopgave.", theForm, "/quotes/2/decision"},
		},
		{
			"withdrawn", func(w *world, id string) {
				w.call(sam(w), "POST", "/v1/repairs/"+id+"/quotes/1/withdrawal", "", key("w"))
			}, "34800", 409,
			[]string{"De garage heeft deze prijsopgave ingetrokken.", "!" + theForm},
		},
		{"expired", func(w *world, _ string) { w.pass(3 * 24 * time.Hour) }, "34800", 409, []string{"De prijsopgave was al verlopen.", "030 – 123 45 67", "!" + theForm}},
		{
			"cancelled", func(w *world, id string) { w.call(sam(w), "POST", "/v1/repairs/"+id+"/cancellation", "", key("c")) }, "34800", 409,
			[]string{"De reparatie gaat niet door", "Aan deze reparatie wordt niet meer gewerkt.", "!" + theForm},
		},
		{"another total", func(*world, string) {}, "1", 409, []string{"Het bedrag op uw knop klopte niet", theForm}},
	} {
		for _, lag := range []bool{false, true} {
			t.Run(tt.name, func(t *testing.T) {
				w := newWorld(t)
				id := w.quoted()
				page := w.page(id, link.Approver)
				w.lagging = lag
				tt.before(w, id)
				if lag { // the read model follows while the visitor waits
					time.AfterFunc(20*time.Millisecond, w.catchUp)
				}
				fields := append([]string{}, confirmed...)
				fields[3] = tt.total
				a := w.post(page+"/quotes/1/decision", fields...)
				if lag && a.StatusCode == tt.status {
					return // what it shows depends on who was first
				}
				a.has(t, tt.status, append(tt.says, "Uw antwoord is niet verwerkt")...)
			})
		}
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

func TestFormsOfOtherSites(t *testing.T) {
	w := newWorld(t)
	page := w.page(w.quoted(), link.Approver)
	for _, tt := range []struct {
		header string
		status int
	}{
		{"Sec-Fetch-Site: cross-site", 403},
		{"Sec-Fetch-Site: same-site", 403},
		{"Sec-Fetch-Site: same-origin", 200},
		{"Origin: https://evil.example", 403},
		{"Origin: http://example.com", 200},
		{"Origin: null", 200},
		{"X-Nothing: said", 200},
	} {
		r := formRequest(page+"/quotes/1/decision", oneOfTwo...)
		name, value, _ := strings.Cut(tt.header, ": ")
		r.Header.Set(name, value)
		if a := w.do(r); a.StatusCode != tt.status {
			t.Errorf("%s: %d, want %d", tt.header, a.StatusCode, tt.status)
		}
	}
}

// Until the read model has the answer, there is no form to send again.
func TestTheSameFormIsNeverOfferedAgain(t *testing.T) {
	w := newWorld(t)
	page := w.page(w.quoted(), link.Approver)
	w.lagging = true
	a := w.post(page+"/quotes/1/decision", confirmed...)
	if a.StatusCode != 303 {
		t.Fatal(a.StatusCode)
	}
	where := a.Header.Get("Location")
	w.open(where).has(t, 200, "Uw antwoord wordt verwerkt", `http-equiv="refresh"`, "!"+theForm)
	w.catchUp()
	w.open(where).has(t, 200, "Dank u wel voor uw antwoord.", "!"+theForm)
	w.open(page).has(t, 200, "Dank u wel voor uw antwoord.", "!"+theForm)
}

func TestDecisionWhoseOutcomeIsLate(t *testing.T) {
	w := newWorld(t)
	page := w.page(w.quoted(), link.Approver)
	w.silent, w.lagging = true, true
	a := w.post(page+"/quotes/1/decision?lang=en", confirmed...)
	where := a.Header.Get("Location")
	if a.StatusCode != 303 || !strings.Contains(where, "pending=") {
		t.Fatalf("%d %s", a.StatusCode, where)
	}
	w.open(where).has(t, 200, "Your answer is being processed", "!"+theForm)
	w.lagging = false
	w.catchUp()
	a = w.open(where)
	if a.StatusCode != 303 || !strings.HasSuffix(a.Header.Get("Location"), "?lang=en&after=4") {
		t.Fatalf("%d %v", a.StatusCode, a.Header)
	}
	w.open(a.Header.Get("Location")).has(t, 200, "Thank you for your answer.", "!"+theForm)
	// Somebody else's command says nothing here.
	other := w.call(w.token("femke", repair.Mechanic, "noord"), "POST", "/v1/repairs", orderBody, key("k"), "Prefer: respond-async")
	w.open(page+"?pending="+other.json["command_id"].(string)).has(t, 200, "Dank u wel")
}

func TestSendingFails(t *testing.T) {
	w := newWorld(t)
	page := w.page(w.quoted(), link.Approver)
	fail := errors.New("no broker")
	w.unsent = fail
	w.post(page+"/quotes/1/decision", confirmed...).has(t, 503, "Nog niet verstuurd", "het telt maar één keer", "Akkoord, ik betaal € 348,00", `name="command" value="c1"`)
	w.post(page+"/messages", "command", "m1", "kind", "text", "text", "Hoe laat?").has(t, 503, "Nog niet verstuurd", ">Hoe laat?</textarea>", `name="command" value="m1"`)
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

// The driver of a lease car sees what happens; the lease company decides.
func TestWhoDecides(t *testing.T) {
	w := newWorld(t)
	sam := w.token("sam", repair.Mechanic, "de-brug")
	body := strings.Replace(orderBody, `"approver":null`, `"approver":{"id":"lease","name":"Lease BV","email":"wagenpark@lease.example","language":"en"}`, 1)
	id := w.call(sam, "POST", "/v1/repairs", body, key("s")).json["repair_id"].(string)
	w.call(sam, "POST", "/v1/repairs/"+id+"/quotes", quoteBody, key("q"))
	driver, lease := w.page(id, link.Customer), w.page(id, link.Approver)
	w.open(driver).has(t, 200, "Er is extra werk voorgesteld", "€ 348,00", "!"+theForm, "!Lease BV", "!wagenpark")
	w.post(driver+"/quotes/1/decision", confirmed...).has(t, 403, "Over de kosten beslist iemand anders.")
	w.open(lease).has(t, 200, theForm, `value="Lease BV"`)
	if a := w.post(lease+"/quotes/1/decision", confirmed...); a.StatusCode != 303 {
		t.Fatalf("%d %s", a.StatusCode, a.text)
	}
	if got := w.last().Head().Actor; got != (repair.Actor{Role: repair.Approver, ID: "lease"}) {
		t.Errorf("decided by %+v", got)
	}
	w.open(driver).has(t, 200, "!Dank u wel voor uw antwoord.", "€ 637,00")
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

func TestWhatPeopleWriteIsEscaped(t *testing.T) {
	w := newWorld(t)
	const evil = `\"><script>alert(1)</script><img src=x onerror=alert(2)>`
	sam := w.token("sam", repair.Mechanic, "de-brug")
	body := strings.NewReplacer("Volkswagen Golf", evil, "J. de Vries", evil, "Kleine beurt en APK", evil).Replace(orderBody)
	id := w.call(sam, "POST", "/v1/repairs", body, key("s")).json["repair_id"].(string)
	quote := strings.NewReplacer("Remschijven en remblokken vóór vervangen", evil, "Zonder deze reparatie keuren we de auto niet goed voor de APK.", evil, "Remblokken", evil).Replace(quoteBody)
	w.call(sam, "POST", "/v1/repairs/"+id+"/quotes", quote, key("q")).want(t, 201, nil)
	w.call(sam, "POST", "/v1/repairs/"+id+"/messages", `{"kind":"text","text":"`+evil+`"}`, key("m")).want(t, 201, nil)
	page := w.page(id, link.Approver)
	plain := strings.ReplaceAll(evil, `\`, "")
	fields := []string{"command", plain, "line.1", "reject", "line.2", "approve", "reason.1", plain, "text.1", plain, "name", plain}
	for _, a := range []answer{
		w.open(page),
		w.open(page + "?lang=" + url.QueryEscape(plain)),
		w.post(page+"/quotes/1/decision", fields[:4]...),
		w.post(page+"/quotes/1/decision", fields...),
		w.post(page+"/quotes/1/decision", append(fields, "confirmed", "1", "total_seen", "3995")...),
		w.post(page+"/messages", "kind", plain, "text", plain, "command", plain),
	} {
		a.has(t, a.StatusCode, "!<script>alert", "!<img")
	}
}

// Every text exists in both languages, and is used.
func TestTexts(t *testing.T) {
	var source strings.Builder
	for _, name := range []string{"templates/page.html", "templates/forms.html"} {
		b, err := files.ReadFile(name)
		must(t, err)
		source.Write(b)
	}
	for _, name := range []string{"customer.go", "customer_quote.go", "customer_send.go", "customer_show.go", "customer_story.go"} {
		b, err := os.ReadFile(name)
		must(t, err)
		source.Write(b)
	}
	for k, text := range texts {
		if text.nl == "" || text.en == "" {
			t.Errorf("%q lacks a language", k)
		}
		if strings.Count(text.nl, "%") != strings.Count(text.en, "%") {
			t.Errorf("%q takes other arguments in English", k)
		}
		stem, tail, _ := strings.Cut(k, " ")
		ofPage := (tail == "head" || tail == "text") && strings.Contains(source.String(), `"`+stem+`"`)
		if !ofPage && !strings.Contains(source.String(), `"`+k+`"`) {
			t.Errorf("%q is not used", k)
		}
	}
}

func TestWhatWasDecided(t *testing.T) {
	for _, tt := range []struct {
		lines [2]string
		total string
		says  []string
	}{
		{[2]string{"approve", "approve"}, "38795", []string{"U gaf akkoord voor € 387,95. We gaan ermee aan de slag", "€ 676,95"}},
		{[2]string{"approve", "reject"}, "34800", []string{"U gaf akkoord voor € 348,00; de rest doen we niet.", "€ 637,00"}},
		{[2]string{"reject", "reject"}, "0", []string{"U wilt het extra werk niet laten doen. We maken af wat was afgesproken", "€ 289,00"}},
	} {
		w := newWorld(t)
		page := w.page(w.quoted(), link.Approver)
		a := w.post(page+"/quotes/1/decision", "command", "c", "confirmed", "1", "line.1", tt.lines[0], "line.2", tt.lines[1], "total_seen", tt.total)
		w.open(a.Header.Get("Location")).has(t, 200, append(tt.says, "via deze pagina", "16.00 uur")...)
		w.pass(24 * time.Hour)
		w.open(page).has(t, 200, append(tt.says, "!We verwachten dat de auto klaar is")...) // that time has passed
	}
}
