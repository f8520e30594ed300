package e2e

import (
	"net/http"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"pitstop/deploy/e2e/customer"
	"pitstop/deploy/e2e/expect"
	"pitstop/deploy/e2e/garage"
)

func TestApprove(t *testing.T) {
	t.Parallel()
	s := tell(t, "approve", nil)
	expect.Says(t, "the first mail", s.MailTo(s.To, "We zijn begonnen aan uw Volkswagen Golf (K-482-TR)").Text,
		"Beste", "J. de Vries", "Sam", "kleine beurt en APK", "€ 289,00 incl. btw")
	s.Propose(object{"answer_by": time.Now().Add(2 * time.Hour).Format(time.RFC3339)})
	if a := s.Asked; a.Revision != 1 || a.State != "awaiting_approval" || a.Total != 38795 || a.Currency != "EUR" ||
		len(a.VAT) != 1 || a.VAT[0].Rate != "21" || a.VAT[0].Amount != 6733 ||
		len(a.Lines) != 2 || a.Lines[0].Total != 34800 || a.Lines[1].Total != 3995 {
		t.Errorf("asked: %+v", a)
	}
	expect.Says(t, "the subject", s.Mail.Subject, "Extra werk aan uw Golf (K-482-TR), € 387,95")
	expect.Says(t, "the mail", s.Mail.Text, "1. Remschijven en remblokken vóór vervangen: € 348,00", "Remschijven 2 × € 69,00 = € 138,00",
		"1,2 uur × € 115,00 = € 138,00", "2. Ruitenwissers vervangen: € 39,95", "Samen: € 387,95 incl. btw (waarvan € 67,33 btw)",
		"€ 676,95 incl. btw")

	p := customer.OpenOnPhone(t, s.Mail.Link(t))
	p.Shows("Remschijven en remblokken vóór vervangen", "€ 348,00", "€ 39,95", "€ 387,95 incl. btw", "€ 67,33", "€ 676,95")
	s.Happens("QuoteViewed") // the page is open
	p.Do(chromedp.Click(chromedp.CSS(`button[name=all][value=approve]`)), chromedp.WaitReady(chromedp.CSS(".confirm")))
	expect.Says(t, "the button", p.Text("#commit"), "Akkoord, ik betaal € 387,95")
	p.Commit("J. de Vries")
	p.Shows("U gaf akkoord voor € 387,95", "Totaal afgesproken", "€ 676,95")
	if p.Asks() {
		t.Error("the page asks again after the answer")
	}

	told := s.Board.Await(s.ID, "QuoteDecided")
	expect.Says(t, "the mechanic's board", string(told.Data), `"decision":"approved"`, `"approved_total":38795`, `"method":"page"`)
	s.Happens(garage.Answered("QuoteDecided", "decision", "decided")...)
	expect.Says(t, "the mechanic's mail", s.MailTo("sam@approve.example", "K-482-TR").Text, "akkoord", s.Ref, "€ 387,95", "€ 676,95")

	s.Complete(67695)
	expect.Says(t, "the last mail", s.MailTo(s.To, "Uw Volkswagen Golf (K-482-TR) staat klaar").Text,
		"Te betalen: € 676,95 incl. btw, precies zoals afgesproken")
	s.As("customer_service").Post(s.Path("/collection"), object{}).Accepted(http.StatusOK)
	s.Happens("VehicleCollected")
	p.Open(s.Mail.Link(t))
	p.Shows("Uw auto is opgehaald")
	s.AddsUp(s.Decided("approved"))
}

func TestPartlyApprove(t *testing.T) {
	t.Parallel()
	s := tell(t, "partly", nil)
	s.Propose(nil)
	p := customer.OpenOnPhone(t, s.Mail.Link(t))
	s.Happens("QuoteViewed")
	p.Answer("1", "approve")
	p.Do(chromedp.Click(chromedp.CSS("#decide"))) // too early: nothing is decided
	p.Shows("Kies bij onderdeel 2 ja of nee.")
	p.Answer("2", "reject")
	p.Do(
		chromedp.SetValue(chromedp.CSS("#reason-2"), "price"),
		chromedp.SendKeys(chromedp.CSS("#text-2"), "Doe ik <b>zelf</b> wel."),
	)
	p.Check()
	expect.Says(t, "the button", p.Text("#commit"), "Akkoord, ik betaal € 348,00")
	p.Commit("Jan & Ans")
	p.Shows("U gaf akkoord voor € 348,00", "de rest doen we niet", "Doe ik <b>zelf</b> wel.", "€ 637,00")
	if p.Asks() {
		t.Error("the page asks again after the answer")
	}

	told := s.Board.Await(s.ID, "QuoteDecided")
	expect.Says(t, "the mechanic's board", string(told.Data), `"decision":"partly_approved"`, `"approved_total":34800`, `"price"`)
	s.Happens(garage.Answered("QuoteDecided", "decision", "decided")...)
	mechanics := s.MailTo("sam@partly.example", "Deels akkoord: K-482-TR")
	expect.Says(t, "the mechanic's mail", mechanics.Text, "€ 348,00", "Doe ik <b>zelf</b> wel.", "€ 637,00")
	expect.Says(t, "the mechanic's mail", mechanics.HTML, "Doe ik &lt;b&gt;zelf&lt;/b&gt; wel.")

	r := s.Read(told.Sequence)
	if len(r.Quotes) != 1 || r.State != "in_progress" || r.WaitingFor != "mechanic" {
		t.Fatalf("the repair is %+v", r)
	}
	q := r.Quotes[0]
	if q.Status != "decided" || q.Decision != "partly_approved" || q.ApprovedTotal != 34800 || q.Method != "page" || q.DecidedBy != "Jan & Ans" ||
		q.Lines[0].Answer != "approve" || q.Lines[1].Answer != "reject" || q.Lines[1].Reason != "price" || q.Lines[1].Text != "Doe ik <b>zelf</b> wel." {
		t.Errorf("the quote is %+v", q)
	}

	s.Complete(63700)
	expect.Says(t, "the last mail", s.MailTo(s.To, "staat klaar").Text, "€ 348,00", "Te betalen: € 637,00 incl. btw, precies zoals afgesproken",
		"Niet gedaan, op uw verzoek: ruitenwissers vervangen (€ 39,95)")
	s.AddsUp(s.Decided("partly_approved"))
}

// An English customer without JavaScript chooses, and then confirms.
func TestReject(t *testing.T) {
	t.Parallel()
	s := tell(t, "reject", object{"customer": object{"name": "A. Smith", "email": "smith@reject.example", "language": "en-GB"}})
	s.Propose(nil)
	s.MailTo(s.To, "We have started on your Volkswagen Golf (K-482-TR)")
	expect.Says(t, "the subject", s.Mail.Subject, "Extra work on your Golf (K-482-TR), €387.95")
	expect.Says(t, "the mail", s.Mail.Text, "€348.00", "€39.95", "€387.95 incl. VAT (of which VAT €67.33)")

	first := customer.Visit(t, s.Mail.Link(t))
	expect.Says(t, "the page", first.Body, `lang="en"`, "€348.00", "€387.95 incl. VAT")
	f := first.Form("/quotes/1/decision")
	if f == nil {
		t.Fatalf("the page has no form: %s", first.Body)
	}
	again := f.Send() // nothing chosen
	if again.Status != http.StatusUnprocessableEntity {
		t.Errorf("nothing chosen: status %d", again.Status)
	}
	expect.Says(t, "the page", again.Body, "Choose yes or no for item 1.", "Choose yes or no for item 2.")
	s.Happens("QuoteViewed") // sending a form counts as a view
	f.Values.Set("line.1", "reject")
	f.Values.Set("line.2", "reject")
	f.Values.Set("reason.1", "elsewhere")
	confirm := f.Send()
	if confirm.Status != http.StatusOK {
		t.Fatalf("choice: status %d: %s", confirm.Status, confirm.Body)
	}
	expect.Says(t, "the confirmation", confirm.Body, "Is this right?", "Not agreed, do nothing extra")
	s.Happens() // not decided yet
	f = confirm.Form("/quotes/1/decision")
	if f == nil {
		t.Fatalf("the confirmation has no form: %s", confirm.Body)
	}
	done := f.Send("confirmed", "1").Follow()
	expect.Says(t, "the page after the answer", done.Body, "You do not want the extra work done.")
	if done.Form("/decision") != nil {
		t.Error("the page asks again after the answer")
	}
	f.Send("confirmed", "1").Follow() // a second tap changes nothing

	told := s.Board.Await(s.ID, "QuoteDecided")
	expect.Says(t, "the mechanic's board", string(told.Data), `"decision":"rejected"`, `"elsewhere"`)
	s.Happens(garage.Answered("QuoteDecided", "decision", "decided")...)
	expect.Says(t, "the mechanic's mail", s.MailTo("sam@reject.example", "Niet akkoord").Text, s.Ref)
	s.Complete(28900)
	expect.Says(t, "the last mail", s.MailTo(s.To, "is ready").Text, "€289.00 incl. VAT")
	s.AddsUp(s.Decided("rejected"))
}
