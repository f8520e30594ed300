package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"pitstop/deploy/e2e/customer"
	"pitstop/deploy/e2e/expect"
	"pitstop/deploy/e2e/garage"
)

func TestExpire(t *testing.T) {
	t.Parallel()
	s := tell(t, "expire", nil)
	// The mail must arrive before it, even on a busy machine.
	expires := time.Now().Add(30 * time.Second).UTC().Truncate(time.Microsecond)
	s.Propose(object{"expires_at": expires.Format(time.RFC3339Nano)})
	told := s.Board.Await(s.ID, "QuoteExpired")
	if !told.OccurredAt.Equal(expires) || told.Actor.Role != "system" {
		t.Errorf("expired at %s by %s, want at %s by the system", told.OccurredAt, told.Actor.Role, expires)
	}
	s.Happens(garage.Answered("QuoteExpired", "expiry", "expired")...)
	expect.Says(t, "the mechanic's mail", s.MailTo("sam@expire.example", "Verlopen zonder antwoord").Text, "€ 387,95", s.Ref)
	s.Read(told.Sequence)
	expect.Says(t, "the page", s.TooLate("verlopen", "expired").Body, "Uw antwoord is niet verwerkt", "verlopen")
	s.Complete(28900)
	s.AddsUp(s.Undecided("QuoteExpired", "expired"),
		garage.Waited("turnaround", "", 0, "completed", s.When("RepairStarted"), s.When("RepairCompleted")),
		s.Delivery("expiry", "mechanic", 1), s.Delivery("repair_completed", "customer", 0))
}

func TestWithdraw(t *testing.T) {
	t.Parallel()
	s := tell(t, "withdraw", nil)
	s.Propose(nil)
	s.As("mechanic").Post(s.Path("/quotes/1/withdrawal"), object{"reason": "De remmen blijken nog goed."}).Accepted(http.StatusOK)
	told := s.Board.Await(s.ID, "QuoteWithdrawn")
	s.Happens("QuoteWithdrawn", "NotificationRequested quote_withdrawn to customer", garage.CalledOff+"withdrawn", "DeliveryAccepted quote_withdrawn to customer")
	expect.Says(t, "the mail", s.MailTo(s.To, "u hoeft niet meer te antwoorden").Text, "De remmen blijken nog goed.")
	s.Read(told.Sequence)
	s.TooLate("ingetrokken", "withdrawn")
	s.Complete(28900)
	s.AddsUp(s.Undecided("QuoteWithdrawn", "withdrawn"),
		garage.Waited("turnaround", "", 0, "completed", s.When("RepairStarted"), s.When("RepairCompleted")),
		s.Delivery("quote_withdrawn", "customer", 1), s.Delivery("repair_completed", "customer", 0))
}

func TestCancel(t *testing.T) {
	t.Parallel()
	s := tell(t, "cancel", nil)
	s.Propose(nil)
	r := s.As("customer_service").Post(s.Path("/cancellation"), object{"reason": "De klant koopt een andere auto."}).Accepted(http.StatusOK)
	if r.State != "cancelled" {
		t.Errorf("cancelled as %+v", r)
	}
	told := s.Board.Await(s.ID, "RepairCancelled")
	expect.Says(t, "the mechanic's board", string(told.Data), "De klant koopt een andere auto.")
	s.Happens("RepairCancelled", "NotificationRequested quote_withdrawn to customer", garage.CalledOff+"cancelled", "DeliveryAccepted quote_withdrawn to customer")
	mail := s.MailTo(s.To, "u hoeft niet meer te antwoorden").Text
	expect.Says(t, "the mail", mail, "De reparatie gaat niet door", "€ 348,00")
	if strings.Contains(mail, "De klant koopt een andere auto.") {
		t.Errorf("what colleagues write is told to the customer: %s", mail)
	}
	s.Read(told.Sequence)
	s.TooLate("De reparatie gaat niet door", "illegal_state")
	s.AddsUp(s.Undecided("RepairCancelled", "cancelled"),
		garage.Waited("turnaround", "", 0, "cancelled", s.When("RepairStarted"), s.When("RepairCancelled")),
		s.Delivery("quote_withdrawn", "customer", 1))
}

// A quote that is changed before it is decided needs an answer of its own.
func TestReplace(t *testing.T) {
	t.Parallel()
	s := tell(t, "replace", nil)
	s.Propose(nil)
	old := customer.Visit(t, s.Mail.Link(t)).Form("/quotes/1/decision")
	if old == nil {
		t.Fatal("the page has no form")
	}
	cheaper := garage.ExtraWork()
	cheaper["lines"] = cheaper["lines"].([]object)[:1]
	second := s.Ask(cheaper)
	if second.Revision != 2 || second.Total != 34800 {
		t.Errorf("asked again: %+v", second)
	}
	s.Happens(garage.Asked[0], garage.Asked[1], garage.CalledOff+"replaced", garage.Asked[2])
	told := s.Board.Await(s.ID, "ApprovalRequested")
	for told.Sequence != second.Sequence {
		told = s.Board.Await(s.ID, "ApprovalRequested")
	}
	s.Read(second.Sequence)

	for name, value := range map[string]string{"line.1": "approve", "line.2": "approve", "total_seen": "38795", "confirmed": "1"} {
		old.Values.Set(name, value)
	}
	late := old.Send()
	if late.Status != http.StatusConflict {
		t.Errorf("an answer to the old quote: status %d", late.Status)
	}
	expect.Says(t, "the page", late.Body, "Er is een nieuwer voorstel")
	s.Happens("QuoteViewed", "CommandRefused superseded")

	again := s.MailTo(s.To, "€ 348,00")
	expect.Says(t, "the mail", again.Text, "Het nieuwe voorstel (€ 348,00) vervangt het eerdere (€ 387,95)", "(was € 39,95): vervalt")
	p := customer.OpenOnPhone(t, again.Link(t))
	p.Shows("€ 348,00")
	p.Answer("1", "approve")
	p.Check()
	expect.Says(t, "the button", p.Text("#commit"), "Akkoord, ik betaal € 348,00")
	p.Commit("J. de Vries")
	p.Shows("U gaf akkoord voor € 348,00")
	expect.Says(t, "the mechanic's board", string(s.Board.Await(s.ID, "QuoteDecided").Data), `"revision":2`, `"decision":"approved"`)
	s.Happens(garage.Answered("QuoteDecided", "decision", "decided")...)
	s.MailTo("sam@replace.example", "K-482-TR")
	s.Complete(63700)

	var arrived, asking []time.Time
	for _, e := range s.Timeline() {
		switch e.Label(t) {
		case "ApprovalRequested":
			asking = append(asking, e.At)
		case "DeliveryAccepted approval_required to customer":
			arrived = append(arrived, e.At)
		}
	}
	done, ended := s.When("QuoteDecided"), s.When("RepairCompleted")
	s.AddsUp([]garage.Wait{
		garage.Waited("turnaround", "", 0, "completed", s.When("RepairStarted"), ended),
		garage.Waited("approval", "", 1, "replaced", asking[0], asking[1]),
		garage.Waited("approval", "", 2, "approved", asking[1], done),
		garage.Waited("customer_wait", "", 1, "approved", asking[0], done), // one stretch
		garage.Waited("view", "", 1, "replaced", arrived[0], asking[1]),
		garage.Waited("response", "", 1, "replaced", arrived[0], asking[1]),
		garage.Waited("view", "", 2, "viewed", arrived[1], s.When("QuoteViewed")),
		garage.Waited("response", "", 2, "decided", arrived[1], done),
		garage.Waited("resume", "", 2, "resumed", done, ended),
		s.Delivery("repair_started", "customer", 0),
		garage.Waited("delivery", "approval_required", 1, "accepted", asking[0], arrived[0]),
		garage.Waited("delivery", "approval_required", 2, "accepted", asking[1], arrived[1]),
		s.Delivery("decision", "mechanic", 2), s.Delivery("repair_completed", "customer", 0),
	})
}
