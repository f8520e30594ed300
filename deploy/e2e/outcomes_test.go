package e2e

import (
	"net/http"
	"net/url"
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

// decided is what follows a decision: the reminder is off, the mechanic who
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

// decisionForm is what a form that was open since before sends.
func decisionForm(link, revision, total string) (action string, values url.Values) {
	return link + "/quotes/" + revision + "/decision", url.Values{
		"command": {"from-an-old-page"}, "line.1": {"approve"}, "line.2": {"approve"}, "total_seen": {total}, "confirmed": {"1"},
	}
}

func TestExpire(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared(t), "expire")
	board := w.as("mechanic").listen("")
	j := w.start(nil)
	j.happens(started...)
	expires := time.Now().Add(15 * time.Second).UTC().Truncate(time.Microsecond)
	j.ask(object{"expires_at": expires.Format(time.RFC3339Nano)})
	j.happens(asked...)
	m := j.mailTo(j.to, "extra werk")

	told := board.hears(j.id, "QuoteExpired")
	if !told.OccurredAt.Equal(expires) || told.Actor.Role != "system" {
		t.Errorf("expired at %s by %s, want at %s by the system", told.OccurredAt, told.Actor.Role, expires)
	}
	j.happens(answered("QuoteExpired", "expiry", "expired")...)
	says(t, "the mechanic's mail", j.mailTo("sam@expire.example", "Verlopen zonder antwoord").Text, "€ 387,95", j.ref)
	j.reads(told.Sequence)

	p := openOnPhone(t, m.link(t))
	p.shows("verlopen")
	if p.asks() {
		t.Error("the page asks after the expiry")
	}
	action, values := decisionForm(m.link(t), "1", "38795")
	late := fetch(t, http.MethodPost, action, values)
	if late.status != http.StatusConflict {
		t.Errorf("an answer after the expiry: status %d", late.status)
	}
	says(t, "the page", late.body, "Uw antwoord is niet verwerkt", "verlopen")
	j.happens("CommandRefused expired")
	j.complete(28900)

	asking, ended := j.when("ApprovalRequested"), j.when("RepairCompleted")
	arrived := j.when("DeliveryAccepted approval_required to customer")
	waits := []wait{
		waited("turnaround", "", 0, "completed", j.when("RepairStarted"), ended),
		waited("approval", "", 1, "expired", asking, expires),
		waited("customer_wait", "", 1, "expired", asking, expires),
		waited("view", "", 1, "expired", arrived, expires),
		waited("response", "", 1, "expired", arrived, expires),
		j.delivery("repair_started", "customer", 0), j.delivery("approval_required", "customer", 1),
		j.delivery("expiry", "mechanic", 1), j.delivery("repair_completed", "customer", 0),
	}
	j.measured(waits...)
	w.figured(waits...)
}

func TestWithdraw(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared(t), "withdraw")
	board := w.as("mechanic").listen("")
	j := w.start(nil)
	j.happens(started...)
	j.ask(nil)
	j.happens(asked...)
	m := j.mailTo(j.to, "extra werk")
	j.as("mechanic").post(j.at("/quotes/1/withdrawal"), object{"reason": "De remmen blijken nog goed."}).taken(http.StatusOK)
	told := board.hears(j.id, "QuoteWithdrawn")
	j.happens("QuoteWithdrawn", "NotificationRequested quote_withdrawn to customer", calledOff+"withdrawn", "DeliveryAccepted quote_withdrawn to customer")
	says(t, "the mail", j.mailTo(j.to, "U hoeft niet meer te antwoorden").Text, "De remmen blijken nog goed.")
	j.reads(told.Sequence)

	p := openOnPhone(t, m.link(t))
	p.shows("ingetrokken")
	if p.asks() {
		t.Error("the page asks after the withdrawal")
	}
	action, values := decisionForm(m.link(t), "1", "38795")
	if late := fetch(t, http.MethodPost, action, values); late.status != http.StatusConflict {
		t.Errorf("an answer after the withdrawal: status %d", late.status)
	}
	j.happens("CommandRefused withdrawn")
	j.complete(28900)

	asking, over, ended := j.when("ApprovalRequested"), j.when("QuoteWithdrawn"), j.when("RepairCompleted")
	arrived := j.when("DeliveryAccepted approval_required to customer")
	waits := []wait{
		waited("turnaround", "", 0, "completed", j.when("RepairStarted"), ended),
		waited("approval", "", 1, "withdrawn", asking, over),
		waited("customer_wait", "", 1, "withdrawn", asking, over),
		waited("view", "", 1, "withdrawn", arrived, over),
		waited("response", "", 1, "withdrawn", arrived, over),
		j.delivery("repair_started", "customer", 0), j.delivery("approval_required", "customer", 1),
		j.delivery("quote_withdrawn", "customer", 1), j.delivery("repair_completed", "customer", 0),
	}
	j.measured(waits...)
	w.figured(waits...)
}

// A quote that is changed before it is decided needs an answer of its own.
func TestReplace(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared(t), "replace")
	board := w.as("mechanic").listen("")
	j := w.start(nil)
	j.happens(started...)
	j.ask(nil)
	j.happens(asked...)
	first := j.mailTo(j.to, "€ 387,95")
	old := visit(t, first.link(t)).form("/quotes/1/decision")
	if old == nil {
		t.Fatal("the page has no form")
	}
	cheaper := extraWork()
	cheaper["lines"] = cheaper["lines"].([]object)[:1]
	second := j.ask(cheaper)
	if second.Revision != 2 || second.Total != 34800 {
		t.Errorf("asked again: %+v", second)
	}
	j.happens(asked[0], asked[1], calledOff+"replaced", asked[2])
	told := board.hears(j.id, "ApprovalRequested")
	for told.Sequence != second.Sequence {
		told = board.hears(j.id, "ApprovalRequested")
	}
	j.reads(second.Sequence)

	for name, value := range map[string]string{"line.1": "approve", "line.2": "approve", "total_seen": "38795", "confirmed": "1"} {
		old.values.Set(name, value)
	}
	late := old.send()
	if late.status != http.StatusConflict {
		t.Errorf("an answer to the old quote: status %d", late.status)
	}
	says(t, "the page", late.body, "Er is een nieuwere prijsopgave")
	j.happens("QuoteViewed", "CommandRefused superseded")

	m := j.mailTo(j.to, "€ 348,00")
	p := openOnPhone(t, m.link(t))
	p.shows("€ 348,00")
	p.answer("1", "approve")
	says(t, "the button", p.text("#decide"), "Akkoord, ik betaal € 348,00")
	p.do(chromedp.Click("#decide", chromedp.ByQuery))
	p.shows("U gaf akkoord voor € 348,00")
	says(t, "the mechanic's board", string(board.hears(j.id, "QuoteDecided").Data), `"revision":2`, `"decision":"approved"`)
	j.happens(answered("QuoteDecided", "decision", "decided")...)
	j.mailTo("sam@replace.example", "K-482-TR")
	j.complete(63700)

	var arrived, asking []time.Time
	for _, e := range j.timeline() {
		switch e.label(t) {
		case "ApprovalRequested":
			asking = append(asking, e.At)
		case "DeliveryAccepted approval_required to customer":
			arrived = append(arrived, e.At)
		}
	}
	done, ended := j.when("QuoteDecided"), j.when("RepairCompleted")
	waits := []wait{
		waited("turnaround", "", 0, "completed", j.when("RepairStarted"), ended),
		waited("approval", "", 1, "replaced", asking[0], asking[1]),
		waited("approval", "", 2, "approved", asking[1], done),
		waited("customer_wait", "", 1, "approved", asking[0], done), // one stretch
		waited("view", "", 1, "replaced", arrived[0], asking[1]),
		waited("response", "", 1, "replaced", arrived[0], asking[1]),
		waited("view", "", 2, "viewed", arrived[1], j.when("QuoteViewed")),
		waited("response", "", 2, "decided", arrived[1], done),
		waited("resume", "", 2, "resumed", done, ended),
		j.delivery("repair_started", "customer", 0),
		waited("delivery", "approval_required", 1, "accepted", asking[0], arrived[0]),
		waited("delivery", "approval_required", 2, "accepted", asking[1], arrived[1]),
		j.delivery("decision", "mechanic", 2), j.delivery("repair_completed", "customer", 0),
	}
	j.measured(waits...)
	w.figured(waits...)
}

func TestCancel(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared(t), "cancel")
	board := w.as("mechanic").listen("")
	j := w.start(nil)
	j.happens(started...)
	j.ask(nil)
	j.happens(asked...)
	m := j.mailTo(j.to, "extra werk")
	r := j.as("customer_service").post(j.at("/cancellation"), object{"reason": "De klant koopt een andere auto."}).taken(http.StatusOK)
	if r.State != "cancelled" {
		t.Errorf("cancelled as %+v", r)
	}
	told := board.hears(j.id, "RepairCancelled")
	says(t, "the mechanic's board", string(told.Data), "De klant koopt een andere auto.")
	j.happens("RepairCancelled", calledOff+"cancelled")
	j.reads(told.Sequence)

	p := openOnPhone(t, m.link(t))
	p.shows("De reparatie gaat niet door")
	if p.asks() {
		t.Error("the page asks after the end")
	}
	action, values := decisionForm(m.link(t), "1", "38795")
	if late := fetch(t, http.MethodPost, action, values); late.status != http.StatusConflict {
		t.Errorf("an answer after the end: status %d", late.status)
	}
	j.happens("CommandRefused illegal_state")

	over, asking := j.when("RepairCancelled"), j.when("ApprovalRequested")
	arrived := j.when("DeliveryAccepted approval_required to customer")
	waits := []wait{
		waited("turnaround", "", 0, "cancelled", j.when("RepairStarted"), over),
		waited("approval", "", 1, "cancelled", asking, over),
		waited("customer_wait", "", 1, "cancelled", asking, over),
		waited("view", "", 1, "cancelled", arrived, over),
		waited("response", "", 1, "cancelled", arrived, over),
		j.delivery("repair_started", "customer", 0), j.delivery("approval_required", "customer", 1),
	}
	j.measured(waits...)
	w.figured(waits...)
}
