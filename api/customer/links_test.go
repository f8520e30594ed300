package customer_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"pitstop/api/apitest"
	"pitstop/schemas/link"
	"pitstop/schemas/repair"
)

// correct corrects the contact of a party.
func correct(t *testing.T, w *apitest.World, id string, party repair.Party, contact string) {
	t.Helper()
	body := fmt.Sprintf(`{"party":%q,"contact":%s}`, party, contact)
	w.Call(w.Token("anna", repair.CustomerService, "de-brug"), "PATCH", "/v1/repairs/"+id, body, apitest.Key("correct-"+contact)).Want(t, 200, nil)
}

// gone checks that a link opens nothing any more, however it is used, shows nothing of
// the repair, says whom to call, and sends nothing that is accepted.
func gone(t *testing.T, w *apitest.World, page string) {
	t.Helper()
	nothing := []string{"!K-482-TR", "!Remschijven", "!De Vries", "!" + theForm, "!Stel een vraag"}
	says := append([]string{"Deze link is niet meer geldig", "Garage De Brug", "tel:", "030 – 123 45 67"}, nothing...)
	w.Get(page).Has(t, 410, says...)
	w.Get(page+"?lang=en").Has(t, 410, append([]string{"This link is no longer valid", "call us", "31 30 123 45 67"}, nothing...)...)
	if a := w.Do(httptest.NewRequest(http.MethodHead, page, http.NoBody)); a.StatusCode != 410 {
		t.Errorf("HEAD: %d", a.StatusCode)
	}
	before := len(w.Events())
	w.Post(page+"/quotes/1/decision", confirmed...).Has(t, 410, says...)
	w.Post(page+"/messages", "kind", "text", "text", "Hallo").Has(t, 410, says...)
	if got := w.Events()[before:]; len(got) > 0 {
		t.Errorf("through a link that has ended: %v", got)
	}
}

// Who got the first mail sees nothing and decides nothing once the address is corrected.
func TestACorrectedAddressEndsTheOlderLinks(t *testing.T) {
	w := apitest.New(t)
	id := w.Quoted()
	first, asked := w.LinkOf(id, link.Customer, 1), w.LinkOf(id, link.Customer, 2)
	unnumbered := w.Link(id, link.Approver) // as they were before links named a sequence
	for _, page := range []string{first, asked, unnumbered} {
		w.Get(page).Has(t, 200, theForm)
	}
	correct(t, w, id, repair.TheCustomer, `{"name":"J. de Vries","email":"jdv@example.nl"}`)
	for _, page := range []string{first, asked, unnumbered} {
		gone(t, w, page)
		if a := w.Post(page+"/view", "revision", "1"); a.StatusCode != 410 {
			t.Errorf("a view: %d", a.StatusCode)
		}
	}
	fresh := w.LinkOf(id, link.Customer, 3)
	w.Get(fresh).Has(t, 200, theForm)
	if a := w.Post(fresh+"/quotes/1/decision", confirmed...); a.StatusCode != 303 {
		t.Errorf("the right person decides: %d", a.StatusCode)
	}
}

// What the page does not know yet, the lifecycle does.
func TestAnEndedLinkIsRefusedBeforeThePageKnows(t *testing.T) {
	w := apitest.New(t)
	id := w.Quoted()
	page := w.LinkOf(id, link.Customer, 2)
	w.Lagging, w.Deaf = true, true
	correct(t, w, id, repair.TheCustomer, `{"name":"J. de Vries","email":"jdv@example.nl"}`)
	w.Get(page).Has(t, 200, theForm)
	before := len(w.Events())
	w.Post(page+"/quotes/1/decision", confirmed...).Has(t, 410, "Deze link is niet meer geldig", "!"+theForm)
	w.Post(page+"/messages", "kind", "callback").Has(t, 410, "Deze link is niet meer geldig")
	w.Post(page+"/view", "revision", "1")
	if got := w.Events()[before:]; len(got) > 0 {
		t.Errorf("through a link that has ended: %v", got)
	}
}

// A new name, number or language is the same person at the same address.
func TestACorrectionThatKeepsTheAddressKeepsTheLink(t *testing.T) {
	for _, contact := range []string{
		`{"id":"c1","name":"J. de Vries","email":"j@example.nl","phone":"0612345679","language":"nl"}`,
		`{"id":"c1","name":"Jan de Vries-Smit","email":"J@Example.nl","phone":"0612345678","language":"en"}`,
	} {
		w := apitest.New(t)
		id := w.Quoted()
		correct(t, w, id, repair.TheCustomer, contact)
		w.Get(w.LinkOf(id, link.Customer, 1)).Has(t, 200, theForm)
		w.Get(w.Link(id, link.Approver)).Has(t, 200, theForm)
	}
}

// Each has links of their own, and whoever no longer decides still sees and writes.
func TestACorrectionIsOfOneParty(t *testing.T) {
	w := apitest.New(t)
	id := w.Leased()
	driver, lease := w.LinkOf(id, link.Customer, 1), w.LinkOf(id, link.Approver, 2)
	correct(t, w, id, repair.TheApprover, `{"name":"Lease BV","email":"vloot@lease.example"}`)
	gone(t, w, lease)
	w.Get(driver).Has(t, 200, "Er is extra werk voorgesteld", "!"+theForm)
	correct(t, w, id, repair.TheCustomer, `{"name":"J. de Vries","email":"jdv@example.nl"}`)
	gone(t, w, driver)
	w.Get(w.LinkOf(id, link.Approver, 3)).Has(t, 200, theForm)

	w = apitest.New(t)
	id = w.Quoted()
	customer := w.LinkOf(id, link.Customer, 2)
	w.Get(customer).Has(t, 200, theForm)
	w.Lagging, w.Deaf = true, true
	correct(t, w, id, repair.TheApprover, `{"name":"De baas","email":"baas@example.nl"}`)
	w.Post(customer+"/quotes/1/decision", confirmed...).Has(t, 403, "Over de kosten beslist iemand anders.", "!"+theForm)
	w.CatchUp()
	w.Get(customer).Has(t, 200, "Er is extra werk voorgesteld", "!"+theForm)
	if a := w.Post(customer+"/messages", "kind", "text", "text", "Hoe laat?"); a.StatusCode != 303 {
		t.Errorf("a message: %d", a.StatusCode)
	}
}

// Revoking ends what there is; what is sent afterwards works.
func TestRevokedLinksEnd(t *testing.T) {
	w := apitest.New(t)
	id := w.Leased()
	anna, at := w.Token("anna", repair.CustomerService, "de-brug"), "/v1/repairs/"+id+"/links"
	driver, lease := w.LinkOf(id, link.Customer, 2), w.LinkOf(id, link.Approver, 2)
	w.Call(anna, "DELETE", at, "").Want(t, 200, map[string]any{"result": "accepted", "sequence": 3.0})
	gone(t, w, driver)
	gone(t, w, lease)
	w.Call(anna, "POST", at, "", apitest.Key("l1")).Want(t, 202, map[string]any{"result": "accepted", "sequence": 4.0})
	if got := w.Last().(*repair.RequestLink).Party; got != repair.TheCustomer {
		t.Errorf("a fresh link to the %s", got)
	}
	w.Call(anna, "POST", at, `{"party":"approver"}`, apitest.Key("l2")).Want(t, 202, map[string]any{"result": "accepted"})
	again := w.Call(anna, "POST", at, `{"party":"approver"}`, apitest.Key("l2"))
	again.Want(t, 202, map[string]any{"sequence": 5.0})
	if again.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("a repeated request: %v", again.Header)
	}
	w.Call(anna, "POST", at, `{"party":"neighbour"}`, apitest.Key("l3")).Problem(t, 422, "invalid")
	w.Get(w.LinkOf(id, link.Approver, 5)).Has(t, 200, theForm)
	w.Call(anna, "DELETE", at, "").Want(t, 200, map[string]any{"sequence": 6.0}) // each is another
	w.Call(anna, "DELETE", at, "", apitest.Key("d")).Want(t, 200, map[string]any{"sequence": 7.0})
	w.Call(anna, "DELETE", at, "", apitest.Key("d")).Want(t, 200, map[string]any{"sequence": 7.0})
	gone(t, w, w.LinkOf(id, link.Approver, 5))
}

// A mail program may percent-encode any letter of the link.
func TestPercentEncodedLinksWork(t *testing.T) {
	w := apitest.New(t)
	page := w.Link(w.Quoted(), link.Approver)
	token := strings.TrimPrefix(page, "/c/")
	var all strings.Builder
	for _, b := range []byte(token) {
		fmt.Fprintf(&all, "%%%02X", b)
	}
	for name, encoded := range map[string]string{
		"dots": strings.ReplaceAll(token, ".", "%2E"), "lower case": strings.ReplaceAll(token, ".", "%2e"),
		"underscores and hyphens": strings.NewReplacer("_", "%5F", "-", "%2D").Replace(token), "every letter": all.String(),
	} {
		t.Run(name, func(t *testing.T) {
			a := w.Get("/c/" + encoded)
			a.Has(t, 200, theForm, `action="`+page+`/quotes/1/decision"`)
			w.Post("/c/"+encoded+"/quotes/1/decision", oneOfTwo...).Has(t, 200, "Klopt dit?")
		})
	}
	w.Get("/c/"+strings.Replace(token, ".", "%25", 1)).Has(t, 404, "Deze link werkt niet")
}

// The page is never older than the mail that brought somebody to it.
func TestThePageWaitsForWhatItsLinkNames(t *testing.T) {
	w := apitest.New(t)
	w.Deaf = true
	id := w.Started()
	w.Lagging = true
	w.Call(w.Token("sam", repair.Mechanic, "de-brug"), "POST", "/v1/repairs/"+id+"/quotes", apitest.QuoteBody, apitest.Key("q")).Want(t, 201, nil)
	page := w.LinkOf(id, link.Customer, 2)
	w.Get(page).Has(t, 200, "We zetten uw gegevens klaar", `http-equiv="refresh"`, "!U hoeft nu niets te doen.")
	w.CatchUp()
	w.Get(page).Has(t, 200, theForm)
}

// A conversation that is full says so, keeps what was typed, and leaves the garage its own.
func TestAFullConversationSaysSo(t *testing.T) {
	w := apitest.New(t)
	id := w.Quoted()
	page := w.Link(id, link.Approver)
	long := strings.Repeat("🙂", 4900)
	for i := range 3 {
		if a := w.Post(page+"/messages", "command", fmt.Sprint("m", i), "kind", "text", "text", long); a.StatusCode != 303 {
			t.Fatalf("message %d: %d", i, a.StatusCode)
		}
	}
	w.Post(page+"/messages", "command", "m9", "kind", "text", "text", long+" nog iets").
		Has(t, 409, "Er passen geen berichten meer bij dit gesprek", "nog iets</textarea>")
	// An answer is taken all the same, but for long remarks.
	answer := []string{"command", "d1", "line.1", "reject", "line.2", "reject", "total_seen", "0", "confirmed", "1", "name", "Jo"}
	w.Post(page+"/quotes/1/decision", append(answer, "text.1", strings.Repeat("🙂", 1900))...).
		Has(t, 422, "Er past geen toelichting meer bij deze reparatie")
	if a := w.Post(page+"/quotes/1/decision", append(answer, "text.1", "Te duur.")...); a.StatusCode != 303 {
		t.Errorf("without a long remark: %d", a.StatusCode)
	}
	w.Call(w.Token("sam", repair.Mechanic, "de-brug"), "POST", "/v1/repairs/"+id+"/messages", `{"kind":"text","text":"Belt u ons?"}`, apitest.Key("k")).Want(t, 201, nil)
}
