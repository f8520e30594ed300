package customer_test

import (
	"errors"
	"net/url"
	"slices"
	"testing"
	"time"

	"pitstop/api/apitest"
	"pitstop/schemas/link"
	"pitstop/schemas/repair"
)

// decisions counts those that were sent.
func decisions(w *apitest.World) int {
	return w.Count(func(c repair.Command) bool { _, is := c.(*repair.DecideQuote); return is })
}

// Only the button of the summary commits, and only with a name: whatever else a form sends
// leads to the summary, or back.
func TestNothingIsAgreedToByAccident(t *testing.T) {
	for _, tt := range []struct {
		name   string
		fields []string // over the complete ones; "" removes
		status int
		says   []string
	}{
		{"not confirmed", []string{"confirmed", ""}, 200, []string{"Klopt dit?", "Akkoord, ik betaal € 348,00"}},
		{"confirmed otherwise", []string{"confirmed", "true"}, 200, []string{"Klopt dit?"}},
		{"no name", []string{"name", ""}, 422, []string{"Klopt dit?", "Vul uw naam in.", `href="#name"`, `id="name-error"`, "<title>Fout: ", "Akkoord, ik betaal € 348,00", "Te duur"}},
		{"a blank name", []string{"name", " \u00a0\u200b "}, 422, []string{"Vul uw naam in."}},
		{"a name that is none", []string{"name", "Jo\x07"}, 422, []string{"Klopt dit?", "Wilt u het anders opschrijven?", `id="name-error"`}},
		{"no sum", []string{"total_seen", ""}, 200, []string{"Klopt dit?"}},
		{"an answer is missing", []string{"line.2", ""}, 422, []string{"Kies bij onderdeel 2 ja of nee.", theForm, `name="name" value="Jo de Vries"`}},
		{"everything, by one button", []string{"all", "approve", "confirmed", ""}, 200, []string{"Klopt dit?", "Akkoord, ik betaal € 387,95"}},
		{"back", []string{"change", "1"}, 200, []string{theForm, `value="approve" checked`, "Te duur", `value="price" selected`, `name="name" value="Jo de Vries"`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := apitest.New(t)
			form := make(url.Values)
			for all := range slices.Chunk(slices.Concat(confirmed, tt.fields), 2) {
				if form.Set(all[0], all[1]); all[1] == "" {
					form.Del(all[0])
				}
			}
			var fields []string
			for name, values := range form {
				fields = append(fields, name, values[0])
			}
			w.Post(w.Link(w.Quoted(), link.Approver)+"/quotes/1/decision", fields...).Has(t, tt.status, tt.says...)
			if n := decisions(w); n > 0 {
				t.Errorf("%d decisions were sent", n)
			}
		})
	}
}

// While one tab is open the mechanic changes his mind, somebody answers in another, or time
// passes: the summary is not shown any more, and what was seen before it commits to nothing.
func TestTwoTabs(t *testing.T) {
	for _, tt := range []struct {
		name    string
		between func(w *apitest.World, id, page string)
		says    []string
	}{
		{"replaced", func(w *apitest.World, id, _ string) {
			w.Call(w.Token("sam", repair.Mechanic, "de-brug"), "POST", "/v1/repairs/"+id+"/quotes", apitest.QuoteBody, apitest.Key("q2"))
		}, []string{"Er is een nieuwer voorstel.", theForm, "/quotes/2/decision", `!value="approve" checked`}},
		{"withdrawn", func(w *apitest.World, id, _ string) {
			w.Call(w.Token("sam", repair.Mechanic, "de-brug"), "POST", "/v1/repairs/"+id+"/quotes/1/withdrawal", "", apitest.Key("w"))
		}, []string{"De garage heeft dit voorstel ingetrokken.", "!" + theForm}},
		{"answered in the other tab", func(w *apitest.World, _, page string) {
			w.Post(page+"/quotes/1/decision", "command", "c2", "confirmed", "1", "name", "Jo", "line.1", "reject", "line.2", "reject", "total_seen", "0")
		}, []string{"Op dit voorstel was al geantwoord.", "!" + theForm}},
		{"expired", func(w *apitest.World, _, _ string) { w.Pass(3 * 24 * time.Hour) }, []string{"Het voorstel was al verlopen.", "!" + theForm}},
	} {
		for step, fields := range map[string][]string{
			"checked": oneOfTwo, "committed": confirmed, "with an answer missing": oneOfTwo[:4],
			"back": append([]string{"change", "1"}, oneOfTwo...), "without a name": append(slices.Clone(confirmed), "name", ""),
		} {
			t.Run(tt.name+" when "+step, func(t *testing.T) {
				w := apitest.New(t)
				id := w.Quoted()
				page := w.Link(id, link.Approver)
				w.Post(page+"/quotes/1/decision", oneOfTwo...).Has(t, 200, "Klopt dit?")
				tt.between(w, id, page)
				events := len(w.Events())
				w.Post(page+"/quotes/1/decision", fields...).Has(t, 409, append(tt.says, "Uw antwoord is niet verwerkt", "!Klopt dit?")...)
				if got := w.Events()[events:]; slices.Contains(got, "QuoteDecided") {
					t.Errorf("decided all the same: %v", got)
				}
			})
		}
	}
}

// A double click commits once; so does going back, and pressing the button again.
func TestADoubleClickCommitsOnce(t *testing.T) {
	w := apitest.New(t)
	page := w.Link(w.Quoted(), link.Approver)
	for range 3 {
		if a := w.Post(page+"/quotes/1/decision", confirmed...); a.StatusCode != 303 || a.Header.Get("Location") != page+"?after=4" {
			t.Errorf("%d %v", a.StatusCode, a.Header)
		}
	}
	decided := 0
	for _, e := range w.Events() {
		if e == "QuoteDecided" {
			decided++
		}
	}
	if decided != 1 {
		t.Errorf("%d answers, want 1", decided)
	}
	// The step before, again: the answer stands.
	w.Post(page+"/quotes/1/decision", oneOfTwo...).Has(t, 409, "Op dit voorstel was al geantwoord.", "!"+theForm)
}

// A question keeps what was chosen, whether it is sent or not, without a script, too.
func TestAQuestionKeepsTheChoice(t *testing.T) {
	w := apitest.New(t)
	page := w.Link(w.Quoted(), link.Approver)
	kept := []string{theForm, `name="line.1" value="approve" checked`, `name="line.2" value="reject" checked`, `value="price" selected`, ">Te duur</textarea>", `name="name" value="Jo de Vries"`}
	w.Post(page+"/messages", append([]string{"kind", "text", "text", "Kan het morgen?"}, oneOfTwo...)...).
		Has(t, 200, append(kept, "Kan het morgen?", "Uw bericht is verstuurd. We antwoorden zo snel mogelijk.", "Wat u al koos, staat er nog.", "!value=\"c1\"", `role="alert"`)...)
	w.Post(page+"/messages", append([]string{"kind", "text", "text", " "}, oneOfTwo...)...).Has(t, 422, append(kept, "Schrijf eerst uw vraag", `value="c1"`)...)
	w.Unsent = errors.New("no broker")
	w.Post(page+"/messages", append([]string{"kind", "callback", "text", "Bel na vijven"}, oneOfTwo...)...).Has(t, 503, append(kept, ">Bel na vijven</textarea>", `value="c1"`)...)
	w.Unsent = nil
	if n := decisions(w); n > 0 {
		t.Errorf("%d decisions were sent", n)
	}
	// While the answer asked for is a night away, nobody promises one as soon as can be.
	w.Pass(10 * time.Hour)
	w.Post(page+"/messages", append([]string{"kind", "callback", "text", "Bel na vijven"}, oneOfTwo...)...).
		Has(t, 200, append(kept, "We bellen u morgen, donderdag 21 mei, vanaf 8.00 uur terug.", "!zo snel mogelijk")...)
}
