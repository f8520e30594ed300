package customer_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pitstop/api/apitest"
	"pitstop/schemas/avro"
	"pitstop/schemas/link"
	"pitstop/schemas/repair"
)

const theForm = `<form class="decide"`

var (
	oneOfTwo  = []string{"command", "c1", "line.1", "approve", "line.2", "reject", "reason.2", "price", "text.2", "Te duur", "name", "Jo de Vries"}
	confirmed = append([]string{"confirmed", "1", "total_seen", "34800"}, oneOfTwo...)
)

func TestDecidingWithoutScript(t *testing.T) {
	w := apitest.New(t)
	page := w.Link(w.Quoted(), link.Approver)
	decision := page + "/quotes/1/decision"

	// A line without an answer: what was typed stays.
	w.Post(decision, "command", "c1", "line.2", "reject", "text.2", "Te <b>duur</b>", "name", "Jo").Has(t, 422,
		"Kies bij onderdeel 1 ja of nee.", `href="#line-1"`, `value="c1"`, "Te &lt;b&gt;duur&lt;/b&gt;", `value="Jo"`, theForm, "<title>Fout: ")

	// Complete: a page that repeats it, with a button that says what it means.
	w.Post(decision, oneOfTwo...).Has(t, 200, "Klopt dit?", "Akkoord, ik betaal € 348,00", `name="total_seen" value="34800"`, `name="command" value="c1"`,
		`name="text.2" value="Te duur"`, `name="confirmed" value="1"`, "!"+theForm)
	w.Post(decision, "line.1", "reject", "line.2", "reject").Has(t, 200, "Niet akkoord, niets extra doen", `name="total_seen" value="0"`)
	w.Post(decision, "all", "approve").Has(t, 200, "Akkoord, ik betaal € 387,95")
	w.Post(decision, append([]string{"change", "1"}, oneOfTwo...)...).Has(t, 200, theForm, `value="approve" checked`, "Te duur", "!Fout")

	// It is confirmed.
	r := apitest.FormRequest(decision, confirmed...)
	r.RemoteAddr, r.Header["User-Agent"] = "203.0.113.7:5555", []string{"Testfox/1.0"}
	a := w.Do(r)
	if a.StatusCode != 303 || a.Header.Get("Location") != page+"?after=4" { // 3 is the view
		t.Fatalf("%d %v", a.StatusCode, a.Header)
	}
	cmd := w.Last().(*repair.DecideQuote)
	if cmd.Actor != (repair.Actor{Role: repair.Customer, ID: "c1"}) || cmd.Method != repair.ByPage || cmd.TotalSeen != 34800 {
		t.Errorf("command %+v", cmd)
	}
	evidence, err := avro.Open[repair.Evidence](t.Context(), w.Codec, cmd.Evidence)
	apitest.Must(t, err)
	want := repair.Evidence{Name: "Jo de Vries", IP: "203.0.113.7", UserAgent: "Testfox/1.0", Texts: []repair.LineText{{Line: 2, Text: "Te duur"}}}
	if diff := cmp.Diff(want, evidence); diff != "" {
		t.Errorf("evidence (-want +got):\n%s", diff)
	}
	w.Get(a.Header.Get("Location")).Has(t, 200, "Dank u wel voor uw antwoord.", "U gaf akkoord voor € 348,00", "De prijs is te hoog", "Te duur",
		"€ 637,00", "!"+theForm)

	// The same again changes nothing. Another answer, with the same page, is too late.
	if a := w.Post(decision, confirmed...); a.StatusCode != 303 {
		t.Errorf("the same again: %d", a.StatusCode)
	}
	w.Post(decision, "confirmed", "1", "name", "Jo", "total_seen", "0", "command", "c1", "line.1", "reject", "line.2", "reject").Has(t, 409,
		"Uw antwoord is niet verwerkt", "Op dit voorstel was al geantwoord.", "!"+theForm)
}

// Remarks that are too long together are to be shortened: nothing else is wrong with them.
func TestLongRemarks(t *testing.T) {
	w := apitest.New(t)
	decision := w.Link(w.Quoted(), link.Approver) + "/quotes/1/decision"
	answer := func(remark string) []string {
		return []string{"command", "c1", "line.1", "reject", "text.1", remark, "line.2", "reject", "text.2", remark, "total_seen", "0", "confirmed", "1", "name", "Jo"}
	}
	long := strings.Repeat("te duur ", 400)
	w.Post(decision, answer(long)...).Has(t, 422, "Uw toelichtingen zijn samen langer dan 5000 tekens. Wilt u ze inkorten?", `href="#line-2"`, long[:len(long)-1]+"</textarea>", "!anders opschrijven")
	w.Post(decision+"?lang=en", answer(long)...).Has(t, 422, "Your remarks are longer than 5000 characters together. Could you shorten them?")
	w.Post(decision, answer("te\aduur")...).Has(t, 422, "Wilt u het anders opschrijven?")
	if a := w.Post(decision, answer("te duur")...); a.StatusCode != 303 {
		t.Errorf("shortened: %d", a.StatusCode)
	}
}

func TestDecisionsThatComeTooLate(t *testing.T) {
	sam := func(w *apitest.World) string { return w.Token("sam", repair.Mechanic, "de-brug") }
	for _, tt := range []struct {
		name   string
		before func(w *apitest.World, id string)
		total  string
		status int
		says   []string
	}{
		{
			"superseded", func(w *apitest.World, id string) {
				w.Call(sam(w), "POST", "/v1/repairs/"+id+"/quotes", apitest.QuoteBody, apitest.Key("q2"))
			}, "34800", 409,
			[]string{"Er is een nieuwer voorstel.", theForm, "/quotes/2/decision"},
		},
		{
			"withdrawn", func(w *apitest.World, id string) {
				w.Call(sam(w), "POST", "/v1/repairs/"+id+"/quotes/1/withdrawal", "", apitest.Key("w"))
			}, "34800", 409,
			[]string{"De garage heeft dit voorstel ingetrokken.", "!" + theForm},
		},
		{"expired", func(w *apitest.World, _ string) { w.Pass(3 * 24 * time.Hour) }, "34800", 409, []string{"Het voorstel was al verlopen.", "030 – 123 45 67", "!" + theForm}},
		{
			"cancelled", func(w *apitest.World, id string) {
				w.Call(sam(w), "POST", "/v1/repairs/"+id+"/cancellation", "", apitest.Key("c"))
			}, "34800", 409,
			[]string{"De reparatie gaat niet door", "Aan deze reparatie wordt niet meer gewerkt.", "!" + theForm},
		},
		{"another total", func(*apitest.World, string) {}, "1", 409, []string{"Het bedrag op uw knop klopte niet", theForm}},
	} {
		for _, lag := range []bool{false, true} {
			t.Run(tt.name, func(t *testing.T) {
				w := apitest.New(t)
				id := w.Quoted()
				page := w.Link(id, link.Approver)
				w.Lagging = lag
				tt.before(w, id)
				if lag { // the read model catches up while the visitor waits
					time.AfterFunc(20*time.Millisecond, w.CatchUp)
				}
				fields := append([]string{}, confirmed...)
				fields[3] = tt.total
				a := w.Post(page+"/quotes/1/decision", fields...)
				if lag && a.StatusCode == tt.status {
					return // what it shows depends on who was first
				}
				a.Has(t, tt.status, append(tt.says, "Uw antwoord is niet verwerkt")...)
			})
		}
	}
}

func TestFormsOfOtherSites(t *testing.T) {
	w := apitest.New(t)
	page := w.Link(w.Quoted(), link.Approver)
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
		r := apitest.FormRequest(page+"/quotes/1/decision", oneOfTwo...)
		name, value, _ := strings.Cut(tt.header, ": ")
		r.Header.Set(name, value)
		if a := w.Do(r); a.StatusCode != tt.status {
			t.Errorf("%s: %d, want %d", tt.header, a.StatusCode, tt.status)
		}
	}
}

// Until the read model has the answer, there is no form to send again.
func TestTheSameFormIsNeverOfferedAgain(t *testing.T) {
	w := apitest.New(t)
	page := w.Link(w.Quoted(), link.Approver)
	w.Lagging = true
	a := w.Post(page+"/quotes/1/decision", confirmed...)
	if a.StatusCode != 303 {
		t.Fatal(a.StatusCode)
	}
	where := a.Header.Get("Location")
	w.Get(where).Has(t, 200, "Uw antwoord wordt verwerkt", `http-equiv="refresh"`, "!"+theForm)
	w.Get(page).Has(t, 200, "We zetten uw gegevens klaar", `http-equiv="refresh"`, "!"+theForm) // the plain link, too
	w.Post(page+"/quotes/1/decision", "command", "c2", "confirmed", "1", "line.1", "reject", "line.2", "reject", "total_seen", "0", "name", "X").
		Has(t, 409, "Op dit voorstel was al geantwoord.", `http-equiv="refresh"`, "!"+theForm)
	// Nor do a form of another tab and a message that cannot be read bring it back.
	for _, form := range [][]string{
		{page + "/quotes/1/decision", "command", "c3", "line.1", "approve", "line.2", "reject", "total_seen", "34800", "name", "X"},
		{page + "/quotes/1/decision", "command", "c3", "line.1", "approve"},
		{page + "/messages", "command", "c4", "kind", "text", "text", ""},
	} {
		w.Post(form[0], form[1:]...).Has(t, 200, "We zetten uw gegevens klaar", `http-equiv="refresh"`, "!"+theForm, "!Klopt dit?")
	}
	w.CatchUp()
	w.Get(where).Has(t, 200, "Dank u wel voor uw antwoord.", "!"+theForm)
	w.Get(page).Has(t, 200, "Dank u wel voor uw antwoord.", "!"+theForm)
}

func TestDecisionWhoseOutcomeIsLate(t *testing.T) {
	w := apitest.New(t)
	page := w.Link(w.Quoted(), link.Approver)
	w.Silent, w.Lagging = true, true
	a := w.Post(page+"/quotes/1/decision?lang=en", confirmed...)
	where := a.Header.Get("Location")
	if a.StatusCode != 303 || !strings.Contains(where, "pending=") {
		t.Fatalf("%d %s", a.StatusCode, where)
	}
	w.Get(where).Has(t, 200, "Your answer is being processed", "!"+theForm)
	w.Lagging = false
	w.CatchUp()
	a = w.Get(where)
	if a.StatusCode != 303 || !strings.HasSuffix(a.Header.Get("Location"), "?lang=en&after=4") {
		t.Fatalf("%d %v", a.StatusCode, a.Header)
	}
	w.Get(a.Header.Get("Location")).Has(t, 200, "Thank you for your answer.", "!"+theForm)
	// Somebody else's command says nothing here.
	other := w.Call(w.Token("femke", repair.Mechanic, "noord"), "POST", "/v1/repairs", apitest.OrderBody, apitest.Key("k"), "Prefer: respond-async")
	w.Get(page+"?pending="+other.JSON["command_id"].(string)).Has(t, 200, "Dank u wel")
}

// The driver of a lease car sees what happens; the lease company decides.
func TestWhoDecides(t *testing.T) {
	w := apitest.New(t)
	id := w.Leased()
	driver, lease := w.Link(id, link.Customer), w.Link(id, link.Approver)
	w.Get(driver).Has(t, 200, "Er is extra werk voorgesteld", "€ 348,00", "!"+theForm, "!Lease BV", "!wagenpark")
	w.Post(driver+"/quotes/1/decision", confirmed...).Has(t, 403, "Over de kosten beslist iemand anders.")
	w.Get(lease).Has(t, 200, theForm, `value="Lease BV"`)
	if a := w.Post(lease+"/quotes/1/decision", confirmed...); a.StatusCode != 303 {
		t.Fatalf("%d %s", a.StatusCode, a.Text)
	}
	if got := w.Last().Head().Actor; got != (repair.Actor{Role: repair.Approver, ID: "lease"}) {
		t.Errorf("decided by %+v", got)
	}
	w.Get(driver).Has(t, 200, "!Dank u wel voor uw antwoord.", "€ 637,00")
}

// paid are the prices of the example.
var paid = [2]string{"34800", "3995"}

// Right after a decision the page confirms it, unmistakably, in words of its own for each.
func TestWhatWasDecided(t *testing.T) {
	for _, tt := range []struct {
		lines  [2]string
		prices [2]string
		total  string
		said   string // the headline, right after it
		next   string
		says   []string
	}{
		{[2]string{"approve", "approve"}, paid, "38795", "U gaf akkoord voor € 387,95", "We gaan ermee aan de slag", []string{"€ 676,95", "Dit doen we:", "!Dit doen we niet:"}},
		{[2]string{"approve", "reject"}, paid, "34800", "U gaf akkoord voor € 348,00; de rest doen we niet", "U krijgt bericht zodra de auto klaar is.", []string{"€ 637,00", "Dit doen we:", "Dit doen we niet:"}},
		{[2]string{"reject", "reject"}, paid, "0", "U gaf geen akkoord: we doen niets extra’s", "U wilt het extra werk niet laten doen. We maken af wat was afgesproken", []string{"€ 289,00", "!Dit doen we:", "Dit doen we niet:"}},
		{[2]string{"approve", "approve"}, [2]string{"0", "0"}, "0", "U gaf akkoord, en het is gratis", "We gaan ermee aan de slag", []string{"€ 289,00", "gratis", "!€ 0,00"}},
		{[2]string{"approve", "reject"}, [2]string{"0", "3995"}, "0", "U gaf akkoord voor een deel, dat gratis is; de rest doen we niet", "U krijgt bericht", []string{"€ 289,00", "!€ 0,00"}},
	} {
		w := apitest.New(t)
		id := w.Started()
		line := `{"title":"Werk %d","urgency":"soon","details":[{"kind":"part","description":"Deel","quantity":"1","unit_price":%s,"vat":"21"}]}`
		w.Call(w.Token("sam", repair.Mechanic, "de-brug"), "POST", "/v1/repairs/"+id+"/quotes", fmt.Sprintf(`{"currency":"EUR","prices_include_vat":true,"lines":[`+line+","+line+"]}",
			1, tt.prices[0], 2, tt.prices[1]), apitest.Key("q")).Want(t, 201, nil)
		page := w.Link(id, link.Approver)
		a := w.Post(page+"/quotes/1/decision", "command", "c", "confirmed", "1", "name", "Jo", "line.1", tt.lines[0], "line.2", tt.lines[1], "total_seen", tt.total)
		w.Get(a.Header.Get("Location")).Has(t, 200, append(tt.says, "<h1>"+tt.said+"</h1>", "<title>"+tt.said+" – Garage De Brug</title>", `role="status" id="answered" tabindex="-1" autofocus`,
			"Dank u wel voor uw antwoord.", tt.next, "via deze pagina", "Verwacht klaar: vandaag, woensdag 20 mei, 16.00 uur.")...)
		// Later it is told calmly: on a visit of its own, after something else has happened, and after a while.
		calm := []string{"<h1>We zijn bezig met uw auto</h1>", "Dank u wel voor uw antwoord.", tt.next, "!Dit doen we"}
		if tt.lines[0] == "approve" {
			calm = append(calm, tt.said+". "+tt.next)
		}
		w.Get(page).Has(t, 200, calm...)
		w.Pass(time.Second)
		a = w.Post(page+"/messages", "command", "m", "kind", "text", "text", "Dank u")
		w.Get(a.Header.Get("Location")).Has(t, 200, calm...)
		w.Pass(24 * time.Hour)
		w.Get(page+"?after=4").Has(t, 200, append(calm, "!Verwacht klaar")...) // that time has passed
	}
}
