package e2e

import (
	"net/http"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

func TestExpire(t *testing.T) {
	t.Parallel()
	s := tell(t, "expire", nil)
	// On a busy machine the mail must be seen to arrive before.
	expires := time.Now().Add(30 * time.Second).UTC().Truncate(time.Microsecond)
	s.propose(object{"expires_at": expires.Format(time.RFC3339Nano)})
	told := s.board.hears(s.id, "QuoteExpired")
	if !told.OccurredAt.Equal(expires) || told.Actor.Role != "system" {
		t.Errorf("expired at %s by %s, want at %s by the system", told.OccurredAt, told.Actor.Role, expires)
	}
	s.happens(answered("QuoteExpired", "expiry", "expired")...)
	says(t, "the mechanic's mail", s.mailTo("sam@expire.example", "Verlopen zonder antwoord").Text, "€ 387,95", s.ref)
	s.reads(told.Sequence)
	says(t, "the page", s.tooLate("verlopen", "expired").body, "Uw antwoord is niet verwerkt", "verlopen")
	s.complete(28900)
	s.adds(s.undecided("QuoteExpired", "expired"),
		waited("turnaround", "", 0, "completed", s.when("RepairStarted"), s.when("RepairCompleted")),
		s.delivery("expiry", "mechanic", 1), s.delivery("repair_completed", "customer", 0))
}

func TestWithdraw(t *testing.T) {
	t.Parallel()
	s := tell(t, "withdraw", nil)
	s.propose(nil)
	s.as("mechanic").post(s.at("/quotes/1/withdrawal"), object{"reason": "De remmen blijken nog goed."}).taken(http.StatusOK)
	told := s.board.hears(s.id, "QuoteWithdrawn")
	s.happens("QuoteWithdrawn", "NotificationRequested quote_withdrawn to customer", calledOff+"withdrawn", "DeliveryAccepted quote_withdrawn to customer")
	says(t, "the mail", s.mailTo(s.to, "U hoeft niet meer te antwoorden").Text, "De remmen blijken nog goed.")
	s.reads(told.Sequence)
	s.tooLate("ingetrokken", "withdrawn")
	s.complete(28900)
	s.adds(s.undecided("QuoteWithdrawn", "withdrawn"),
		waited("turnaround", "", 0, "completed", s.when("RepairStarted"), s.when("RepairCompleted")),
		s.delivery("quote_withdrawn", "customer", 1), s.delivery("repair_completed", "customer", 0))
}

func TestCancel(t *testing.T) {
	t.Parallel()
	s := tell(t, "cancel", nil)
	s.propose(nil)
	r := s.as("customer_service").post(s.at("/cancellation"), object{"reason": "De klant koopt een andere auto."}).taken(http.StatusOK)
	if r.State != "cancelled" {
		t.Errorf("cancelled as %+v", r)
	}
	told := s.board.hears(s.id, "RepairCancelled")
	says(t, "the mechanic's board", string(told.Data), "De klant koopt een andere auto.")
	s.happens("RepairCancelled", calledOff+"cancelled")
	s.reads(told.Sequence)
	s.tooLate("De reparatie gaat niet door", "illegal_state")
	s.adds(s.undecided("RepairCancelled", "cancelled"),
		waited("turnaround", "", 0, "cancelled", s.when("RepairStarted"), s.when("RepairCancelled")))
}

// A quote that is changed before it is decided needs an answer of its own.
func TestReplace(t *testing.T) {
	t.Parallel()
	s := tell(t, "replace", nil)
	s.propose(nil)
	old := visit(t, s.mail.link(t)).form("/quotes/1/decision")
	if old == nil {
		t.Fatal("the page has no form")
	}
	cheaper := extraWork()
	cheaper["lines"] = cheaper["lines"].([]object)[:1]
	second := s.ask(cheaper)
	if second.Revision != 2 || second.Total != 34800 {
		t.Errorf("asked again: %+v", second)
	}
	s.happens(asked[0], asked[1], calledOff+"replaced", asked[2])
	told := s.board.hears(s.id, "ApprovalRequested")
	for told.Sequence != second.Sequence {
		told = s.board.hears(s.id, "ApprovalRequested")
	}
	s.reads(second.Sequence)

	for name, value := range map[string]string{"line.1": "approve", "line.2": "approve", "total_seen": "38795", "confirmed": "1"} {
		old.values.Set(name, value)
	}
	late := old.send()
	if late.status != http.StatusConflict {
		t.Errorf("an answer to the old quote: status %d", late.status)
	}
	says(t, "the page", late.body, "Er is een nieuwere prijsopgave")
	s.happens("QuoteViewed", "CommandRefused superseded")

	p := openOnPhone(t, s.mailTo(s.to, "€ 348,00").link(t))
	p.shows("€ 348,00")
	p.answer("1", "approve")
	says(t, "the button", p.text("#decide"), "Akkoord, ik betaal € 348,00")
	p.do(chromedp.Click(chromedp.CSS("#decide")))
	p.shows("U gaf akkoord voor € 348,00")
	says(t, "the mechanic's board", string(s.board.hears(s.id, "QuoteDecided").Data), `"revision":2`, `"decision":"approved"`)
	s.happens(answered("QuoteDecided", "decision", "decided")...)
	s.mailTo("sam@replace.example", "K-482-TR")
	s.complete(63700)

	var arrived, asking []time.Time
	for _, e := range s.timeline() {
		switch e.label(t) {
		case "ApprovalRequested":
			asking = append(asking, e.At)
		case "DeliveryAccepted approval_required to customer":
			arrived = append(arrived, e.At)
		}
	}
	done, ended := s.when("QuoteDecided"), s.when("RepairCompleted")
	s.adds([]wait{
		waited("turnaround", "", 0, "completed", s.when("RepairStarted"), ended),
		waited("approval", "", 1, "replaced", asking[0], asking[1]),
		waited("approval", "", 2, "approved", asking[1], done),
		waited("customer_wait", "", 1, "approved", asking[0], done), // one stretch
		waited("view", "", 1, "replaced", arrived[0], asking[1]),
		waited("response", "", 1, "replaced", arrived[0], asking[1]),
		waited("view", "", 2, "viewed", arrived[1], s.when("QuoteViewed")),
		waited("response", "", 2, "decided", arrived[1], done),
		waited("resume", "", 2, "resumed", done, ended),
		s.delivery("repair_started", "customer", 0),
		waited("delivery", "approval_required", 1, "accepted", asking[0], arrived[0]),
		waited("delivery", "approval_required", 2, "accepted", asking[1], arrived[1]),
		s.delivery("decision", "mechanic", 2), s.delivery("repair_completed", "customer", 0),
	})
}
