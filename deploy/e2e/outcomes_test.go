package e2e

import (
	"net/http"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// What the timeline says of a repair that was started, and of a request for
// approval.
var (
	started = []string{
		"RepairStarted", "NotificationRequested repair_started to customer", "DeliveryAccepted repair_started to customer",
	}
	asked = []string{
		"ApprovalRequested", "NotificationRequested approval_required to customer", "DeliveryAccepted approval_required to customer",
	}
	completed = []string{
		"RepairCompleted", "NotificationRequested repair_completed to customer", "DeliveryAccepted repair_completed to customer",
	}
)

// answered is what follows an answer, or its time being up: the reminder is off, the mechanic who
// asked is told.
func answered(what, notification, because string) []string {
	return []string{
		what, "NotificationRequested " + notification + " to mechanic", calledOff + because,
		"DeliveryAccepted " + notification + " to mechanic",
	}
}

// calledOff is a reminder that is not sent any more.
const calledOff = "NotificationSuppressed approval_reminder to customer moment_passed "

// delivery is the wait for a mail server to take a notification.
func (j *job) delivery(kind, to string, revision int) wait {
	j.Helper()
	about := kind + " to " + to
	return waited("delivery", kind, revision, "accepted", j.when("NotificationRequested "+about), j.when("DeliveryAccepted "+about))
}

func (j *job) complete(total int64) {
	j.Helper()
	r := j.as("mechanic").post(j.at("/completion"), object{"total": total, "reason": ""}).taken(http.StatusOK)
	if r.State != "completed" {
		j.Errorf("completed as %+v", r)
	}
	j.happens(completed...)
}

func TestApprove(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared(t), "approve")
	board := w.as("mechanic").listen("")
	j := w.start(nil)
	j.happens(started...)
	says(t, "the first mail", j.mailTo(j.to, "We zijn begonnen aan uw Volkswagen Golf (K-482-TR)").Text,
		"Beste", "J. de Vries", "Sam", "kleine beurt en APK", "€ 289,00 incl. btw")

	asked1 := j.ask(object{"answer_by": time.Now().Add(2 * time.Hour).Format(time.RFC3339)})
	if asked1.Revision != 1 || asked1.State != "awaiting_approval" || asked1.Total != 38795 || asked1.Currency != "EUR" ||
		len(asked1.VAT) != 1 || asked1.VAT[0].Rate != "21" || asked1.VAT[0].Amount != 6733 ||
		len(asked1.Lines) != 2 || asked1.Lines[0].Total != 34800 || asked1.Lines[1].Total != 3995 {
		t.Errorf("asked: %+v", asked1)
	}
	j.happens(asked...)
	m := j.mailTo(j.to, "extra werk aan uw Golf (K-482-TR), € 387,95")
	says(t, "the mail", m.Text, "1. Remschijven en remblokken vóór vervangen: € 348,00", "Remschijven 2 × € 69,00 = € 138,00",
		"1,2 uur × € 115,00 = € 138,00", "2. Ruitenwissers vervangen: € 39,95", "Samen: € 387,95 incl. btw (waarvan € 67,33 btw)",
		"€ 676,95 incl. btw")

	p := openOnPhone(t, m.link(t))
	p.shows("Remschijven en remblokken vóór vervangen", "€ 348,00", "€ 39,95", "€ 387,95 incl. btw", "€ 67,33", "€ 676,95")
	j.happens("QuoteViewed") // somebody has the page before them
	p.do(chromedp.Click(`button[name=all][value=approve]`, chromedp.ByQuery))
	says(t, "the button", p.text("#decide"), "Akkoord, ik betaal € 387,95")
	p.do(chromedp.Click("#decide", chromedp.ByQuery))
	p.shows("U gaf akkoord voor € 387,95", "Totaal afgesproken", "€ 676,95")
	if p.asks() {
		t.Error("the page asks again after the answer")
	}

	told := board.hears(j.id, "QuoteDecided")
	says(t, "the mechanic's board", string(told.Data), `"decision":"approved"`, `"approved_total":38795`, `"method":"page"`)
	j.happens(answered("QuoteDecided", "decision", "decided")...)
	says(t, "the mechanic's mail", j.mailTo("sam@approve.example", "K-482-TR").Text, "akkoord", j.ref, "€ 387,95", "€ 676,95")

	j.complete(67695)
	says(t, "the last mail", j.mailTo(j.to, "Uw Volkswagen Golf (K-482-TR) staat klaar").Text,
		"Te betalen: € 676,95 incl. btw, precies zoals afgesproken")
	j.as("customer_service").post(j.at("/collection"), object{}).taken(http.StatusOK)
	j.happens("VehicleCollected")
	p.open(m.link(t))
	p.shows("Uw auto is opgehaald")

	began, asking, done := j.when("RepairStarted"), j.when("ApprovalRequested"), j.when("QuoteDecided")
	arrived, ended := j.when("DeliveryAccepted approval_required to customer"), j.when("RepairCompleted")
	waits := []wait{
		waited("turnaround", "", 0, "completed", began, ended),
		waited("approval", "", 1, "approved", asking, done),
		waited("customer_wait", "", 1, "approved", asking, done),
		waited("view", "", 1, "viewed", arrived, j.when("QuoteViewed")),
		waited("response", "", 1, "decided", arrived, done),
		waited("resume", "", 1, "resumed", done, ended),
		j.delivery("repair_started", "customer", 0), j.delivery("approval_required", "customer", 1),
		j.delivery("decision", "mechanic", 1), j.delivery("repair_completed", "customer", 0),
	}
	j.measured(waits...)
	w.figured(waits...)
}

func TestPartlyApprove(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared(t), "partly")
	board := w.as("mechanic").listen("")
	j := w.start(nil)
	j.happens(started...)
	j.ask(nil)
	j.happens(asked...)
	m := j.mailTo(j.to, "extra werk")

	p := openOnPhone(t, m.link(t))
	j.happens("QuoteViewed")
	says(t, "the button", p.text("#decide"), "Kies eerst bij elk onderdeel ja of nee")
	p.answer("1", "approve")
	p.do(chromedp.Click("#decide", chromedp.ByQuery)) // too early: nothing is sent
	p.shows("Kies bij onderdeel 2 ja of nee.")
	p.answer("2", "reject")
	says(t, "the button", p.text("#decide"), "Akkoord, ik betaal € 348,00")
	p.do(
		chromedp.SetValue("#reason-2", "price", chromedp.ByQuery),
		chromedp.SendKeys("#text-2", "Doe ik <b>zelf</b> wel.", chromedp.ByQuery),
		chromedp.SetValue("#name", "Jan & Ans", chromedp.ByQuery),
		chromedp.Click("#decide", chromedp.ByQuery),
	)
	p.shows("U gaf akkoord voor € 348,00", "de rest doen we niet", "Doe ik <b>zelf</b> wel.", "€ 637,00")
	if p.asks() {
		t.Error("the page asks again after the answer")
	}

	told := board.hears(j.id, "QuoteDecided")
	says(t, "the mechanic's board", string(told.Data), `"decision":"partly_approved"`, `"approved_total":34800`, `"price"`)
	j.happens(answered("QuoteDecided", "decision", "decided")...)
	mechanics := j.mailTo("sam@partly.example", "Deels akkoord: K-482-TR")
	says(t, "the mechanic's mail", mechanics.Text, "€ 348,00", "Doe ik <b>zelf</b> wel.", "€ 637,00")
	says(t, "the mechanic's mail", mechanics.HTML, "Doe ik &lt;b&gt;zelf&lt;/b&gt; wel.")

	r := j.reads(told.Sequence)
	if len(r.Quotes) != 1 || r.State != "in_progress" || r.WaitingFor != "mechanic" {
		t.Fatalf("the repair is %+v", r)
	}
	q := r.Quotes[0]
	if q.Status != "decided" || q.Decision != "partly_approved" || q.ApprovedTotal != 34800 || q.Method != "page" || q.DecidedBy != "Jan & Ans" ||
		q.Lines[0].Answer != "approve" || q.Lines[1].Answer != "reject" || q.Lines[1].Reason != "price" || q.Lines[1].Text != "Doe ik <b>zelf</b> wel." {
		t.Errorf("the quote is %+v", q)
	}

	j.complete(63700)
	says(t, "the last mail", j.mailTo(j.to, "staat klaar").Text, "€ 348,00", "Te betalen: € 637,00 incl. btw, precies zoals afgesproken",
		"Niet gedaan, op uw verzoek: ruitenwissers vervangen (€ 39,95)")

	asking, done, ended := j.when("ApprovalRequested"), j.when("QuoteDecided"), j.when("RepairCompleted")
	arrived := j.when("DeliveryAccepted approval_required to customer")
	waits := []wait{
		waited("turnaround", "", 0, "completed", j.when("RepairStarted"), ended),
		waited("approval", "", 1, "partly_approved", asking, done),
		waited("customer_wait", "", 1, "partly_approved", asking, done),
		waited("view", "", 1, "viewed", arrived, j.when("QuoteViewed")),
		waited("response", "", 1, "decided", arrived, done),
		waited("resume", "", 1, "resumed", done, ended),
		j.delivery("repair_started", "customer", 0), j.delivery("approval_required", "customer", 1),
		j.delivery("decision", "mechanic", 1), j.delivery("repair_completed", "customer", 0),
	}
	j.measured(waits...)
	w.figured(waits...)
}

// An English customer without JavaScript chooses, and then confirms.
func TestReject(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared(t), "reject")
	board := w.as("mechanic").listen("")
	j := w.start(object{"customer": object{"name": "A. Smith", "email": "smith@example.nl", "language": "en-GB"}})
	j.to = "smith@example.nl"
	j.happens(started...)
	j.mailTo(j.to, "We have started on your Volkswagen Golf (K-482-TR)")
	j.ask(nil)
	j.happens(asked...)
	m := j.mailTo(j.to, "extra work on your Golf (K-482-TR), €387.95")
	says(t, "the mail", m.Text, "€348.00", "€39.95", "€387.95 incl. VAT (of which VAT €67.33)")

	first := visit(t, m.link(t))
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
	j.happens("QuoteViewed") // who sends a form has seen the page
	f.values.Set("line.1", "reject")
	f.values.Set("line.2", "reject")
	f.values.Set("reason.1", "elsewhere")
	confirm := f.send()
	if confirm.status != http.StatusOK {
		t.Fatalf("choice: status %d: %s", confirm.status, confirm.body)
	}
	says(t, "the confirmation", confirm.body, "Is this right?", "Not agreed, do nothing extra")
	j.happens() // nothing is decided yet
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

	told := board.hears(j.id, "QuoteDecided")
	says(t, "the mechanic's board", string(told.Data), `"decision":"rejected"`, `"elsewhere"`)
	j.happens(answered("QuoteDecided", "decision", "decided")...)
	says(t, "the mechanic's mail", j.mailTo("sam@reject.example", "Niet akkoord").Text, j.ref)
	j.complete(28900)
	says(t, "the last mail", j.mailTo(j.to, "is ready").Text, "€289.00 incl. VAT")

	asking, answered, ended := j.when("ApprovalRequested"), j.when("QuoteDecided"), j.when("RepairCompleted")
	arrived := j.when("DeliveryAccepted approval_required to customer")
	waits := []wait{
		waited("turnaround", "", 0, "completed", j.when("RepairStarted"), ended),
		waited("approval", "", 1, "rejected", asking, answered),
		waited("customer_wait", "", 1, "rejected", asking, answered),
		waited("view", "", 1, "viewed", arrived, j.when("QuoteViewed")),
		waited("response", "", 1, "decided", arrived, answered),
		waited("resume", "", 1, "resumed", answered, ended),
		j.delivery("repair_started", "customer", 0), j.delivery("approval_required", "customer", 1),
		j.delivery("decision", "mechanic", 1), j.delivery("repair_completed", "customer", 0),
	}
	j.measured(waits...)
	w.figured(waits...)
}
