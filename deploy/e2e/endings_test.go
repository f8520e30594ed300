package e2e

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

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
