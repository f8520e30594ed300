package e2e

import (
	"net/http"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

func TestApprove(t *testing.T) {
	t.Parallel()
	s := tell(t, "approve", nil)
	says(t, "the first mail", s.mailTo(s.to, "We zijn begonnen aan uw Volkswagen Golf (K-482-TR)").Text,
		"Beste", "J. de Vries", "Sam", "kleine beurt en APK", "€ 289,00 incl. btw")
	s.propose(object{"answer_by": time.Now().Add(2 * time.Hour).Format(time.RFC3339)})
	if a := s.asked; a.Revision != 1 || a.State != "awaiting_approval" || a.Total != 38795 || a.Currency != "EUR" ||
		len(a.VAT) != 1 || a.VAT[0].Rate != "21" || a.VAT[0].Amount != 6733 ||
		len(a.Lines) != 2 || a.Lines[0].Total != 34800 || a.Lines[1].Total != 3995 {
		t.Errorf("asked: %+v", a)
	}
	says(t, "the subject", s.mail.Subject, "extra werk aan uw Golf (K-482-TR), € 387,95")
	says(t, "the mail", s.mail.Text, "1. Remschijven en remblokken vóór vervangen: € 348,00", "Remschijven 2 × € 69,00 = € 138,00",
		"1,2 uur × € 115,00 = € 138,00", "2. Ruitenwissers vervangen: € 39,95", "Samen: € 387,95 incl. btw (waarvan € 67,33 btw)",
		"€ 676,95 incl. btw")

	p := openOnPhone(t, s.mail.link(t))
	p.shows("Remschijven en remblokken vóór vervangen", "€ 348,00", "€ 39,95", "€ 387,95 incl. btw", "€ 67,33", "€ 676,95")
	s.happens("QuoteViewed") // somebody has the page before them
	p.do(chromedp.Click(chromedp.CSS(`button[name=all][value=approve]`)))
	says(t, "the button", p.text("#decide"), "Akkoord, ik betaal € 387,95")
	p.do(chromedp.Click(chromedp.CSS("#decide")))
	p.shows("U gaf akkoord voor € 387,95", "Totaal afgesproken", "€ 676,95")
	if p.asks() {
		t.Error("the page asks again after the answer")
	}

	told := s.board.hears(s.id, "QuoteDecided")
	says(t, "the mechanic's board", string(told.Data), `"decision":"approved"`, `"approved_total":38795`, `"method":"page"`)
	s.happens(answered("QuoteDecided", "decision", "decided")...)
	says(t, "the mechanic's mail", s.mailTo("sam@approve.example", "K-482-TR").Text, "akkoord", s.ref, "€ 387,95", "€ 676,95")

	s.complete(67695)
	says(t, "the last mail", s.mailTo(s.to, "Uw Volkswagen Golf (K-482-TR) staat klaar").Text,
		"Te betalen: € 676,95 incl. btw, precies zoals afgesproken")
	s.as("customer_service").post(s.at("/collection"), object{}).taken(http.StatusOK)
	s.happens("VehicleCollected")
	p.open(s.mail.link(t))
	p.shows("Uw auto is opgehaald")
	s.adds(s.decided("approved"))
}

func TestPartlyApprove(t *testing.T) {
	t.Parallel()
	s := tell(t, "partly", nil)
	s.propose(nil)
	p := openOnPhone(t, s.mail.link(t))
	s.happens("QuoteViewed")
	says(t, "the button", p.text("#decide"), "Kies eerst bij elk onderdeel ja of nee")
	p.answer("1", "approve")
	p.do(chromedp.Click(chromedp.CSS("#decide"))) // too early: nothing is sent
	p.shows("Kies bij onderdeel 2 ja of nee.")
	p.answer("2", "reject")
	says(t, "the button", p.text("#decide"), "Akkoord, ik betaal € 348,00")
	p.do(
		chromedp.SetValue(chromedp.CSS("#reason-2"), "price"),
		chromedp.SendKeys(chromedp.CSS("#text-2"), "Doe ik <b>zelf</b> wel."),
		chromedp.SetValue(chromedp.CSS("#name"), "Jan & Ans"),
		chromedp.Click(chromedp.CSS("#decide")),
	)
	p.shows("U gaf akkoord voor € 348,00", "de rest doen we niet", "Doe ik <b>zelf</b> wel.", "€ 637,00")
	if p.asks() {
		t.Error("the page asks again after the answer")
	}

	told := s.board.hears(s.id, "QuoteDecided")
	says(t, "the mechanic's board", string(told.Data), `"decision":"partly_approved"`, `"approved_total":34800`, `"price"`)
	s.happens(answered("QuoteDecided", "decision", "decided")...)
	mechanics := s.mailTo("sam@partly.example", "Deels akkoord: K-482-TR")
	says(t, "the mechanic's mail", mechanics.Text, "€ 348,00", "Doe ik <b>zelf</b> wel.", "€ 637,00")
	says(t, "the mechanic's mail", mechanics.HTML, "Doe ik &lt;b&gt;zelf&lt;/b&gt; wel.")

	r := s.reads(told.Sequence)
	if len(r.Quotes) != 1 || r.State != "in_progress" || r.WaitingFor != "mechanic" {
		t.Fatalf("the repair is %+v", r)
	}
	q := r.Quotes[0]
	if q.Status != "decided" || q.Decision != "partly_approved" || q.ApprovedTotal != 34800 || q.Method != "page" || q.DecidedBy != "Jan & Ans" ||
		q.Lines[0].Answer != "approve" || q.Lines[1].Answer != "reject" || q.Lines[1].Reason != "price" || q.Lines[1].Text != "Doe ik <b>zelf</b> wel." {
		t.Errorf("the quote is %+v", q)
	}

	s.complete(63700)
	says(t, "the last mail", s.mailTo(s.to, "staat klaar").Text, "€ 348,00", "Te betalen: € 637,00 incl. btw, precies zoals afgesproken",
		"Niet gedaan, op uw verzoek: ruitenwissers vervangen (€ 39,95)")
	s.adds(s.decided("partly_approved"))
}

// An English customer without JavaScript chooses, and then confirms.
func TestReject(t *testing.T) {
	t.Parallel()
	s := tell(t, "reject", object{"customer": object{"name": "A. Smith", "email": "smith@reject.example", "language": "en-GB"}})
	s.propose(nil)
	s.mailTo(s.to, "We have started on your Volkswagen Golf (K-482-TR)")
	says(t, "the subject", s.mail.Subject, "extra work on your Golf (K-482-TR), €387.95")
	says(t, "the mail", s.mail.Text, "€348.00", "€39.95", "€387.95 incl. VAT (of which VAT €67.33)")

	first := visit(t, s.mail.link(t))
	says(t, "the page", first.body, `lang="en"`, "€348.00", "€387.95 incl. VAT")
	f := first.form("/quotes/1/decision")
	if f == nil {
		t.Fatalf("the page has no form: %s", first.body)
	}
	again := f.send() // nothing chosen
	if again.status != http.StatusUnprocessableEntity {
		t.Errorf("nothing chosen: status %d", again.status)
	}
	says(t, "the page", again.body, "Choose yes or no for item 1.", "Choose yes or no for item 2.")
	s.happens("QuoteViewed") // who sends a form has seen the page
	f.values.Set("line.1", "reject")
	f.values.Set("line.2", "reject")
	f.values.Set("reason.1", "elsewhere")
	confirm := f.send()
	if confirm.status != http.StatusOK {
		t.Fatalf("choice: status %d: %s", confirm.status, confirm.body)
	}
	says(t, "the confirmation", confirm.body, "Is this right?", "Not agreed, do nothing extra")
	s.happens() // nothing is decided yet
	f = confirm.form("/quotes/1/decision")
	if f == nil {
		t.Fatalf("the confirmation has no form: %s", confirm.body)
	}
	done := f.send("confirmed", "1").follow()
	says(t, "the page after the answer", done.body, "You do not want the extra work done.")
	if done.form("/decision") != nil {
		t.Error("the page asks again after the answer")
	}
	f.send("confirmed", "1").follow() // a second tap changes nothing

	told := s.board.hears(s.id, "QuoteDecided")
	says(t, "the mechanic's board", string(told.Data), `"decision":"rejected"`, `"elsewhere"`)
	s.happens(answered("QuoteDecided", "decision", "decided")...)
	says(t, "the mechanic's mail", s.mailTo("sam@reject.example", "Niet akkoord").Text, s.ref)
	s.complete(28900)
	says(t, "the last mail", s.mailTo(s.to, "is ready").Text, "€289.00 incl. VAT")
	s.adds(s.decided("rejected"))
}
