package garage

import (
	"net/http"
	"slices"

	"pitstop/deploy/e2e/client"
	"pitstop/deploy/e2e/customer"
	"pitstop/deploy/e2e/mailbox"
)

// The labels of the start of a repair, of a request for approval, and of a completion.
var (
	Started = []string{
		"RepairStarted", "NotificationRequested repair_started to customer", "DeliveryAccepted repair_started to customer",
	}
	Asked = []string{
		"ApprovalRequested", "NotificationRequested approval_required to customer", "DeliveryAccepted approval_required to customer",
	}
	completed = []string{
		"RepairCompleted", "NotificationRequested repair_completed to customer", "DeliveryAccepted repair_completed to customer",
	}
)

// Answered returns the labels of an answer or an expiry: the reminder is suppressed,
// and the mechanic who asked is notified.
func Answered(what, notification, because string) []string {
	return []string{
		what, "NotificationRequested " + notification + " to mechanic", CalledOff + because,
		"DeliveryAccepted " + notification + " to mechanic",
	}
}

// CalledOff begins the label of a reminder that is suppressed; the reason follows.
const CalledOff = "NotificationSuppressed approval_reminder to customer moment_passed "

// Story is the only repair of a garage, whose customer is asked to approve extra work.
type Story struct {
	*Job
	Board *client.Stream // of the mechanic
	Asked client.Reply   // to the mechanic's request
	Mail  mailbox.Mail   // to the customer
}

// Tell begins a story with Order; fields override the order's.
func Tell(g *Garage, fields object) *Story {
	g.Helper()
	s := &Story{Board: g.As("mechanic").Listen(""), Job: g.Start(fields)}
	s.Happens(Started...)
	return s
}

// Propose asks for approval of ExtraWork, and waits for the mail to the customer;
// fields override the quote's.
func (s *Story) Propose(fields object) {
	s.Helper()
	s.Asked = s.Ask(fields)
	s.Happens(Asked...)
	s.Mail = s.MailTo(s.To, "387") // euros
}

// TooLate checks that nobody can answer any more: the page says why and has no form,
// and a form opened earlier is refused with this code. It returns the page that says
// so.
func (s *Story) TooLate(why, code string) (refusal customer.Page) {
	s.Helper()
	p := customer.OpenOnPhone(s, s.Mail.Link(s))
	p.Shows(why)
	if p.Asks() {
		s.Error("the page still asks")
	}
	action, values := DecisionForm(s.Mail.Link(s), "1", "38795")
	refusal = customer.Fetch(s, http.MethodPost, action, values)
	if refusal.Status != http.StatusConflict {
		s.Errorf("an answer that comes too late: status %d", refusal.Status)
	}
	s.Happens("CommandRefused " + code)
	return refusal
}

// AddsUp checks that exactly these waits are measured, and that the API's figures
// aggregate them.
func (s *Story) AddsUp(waits []Wait, more ...Wait) {
	s.Helper()
	waits = slices.Concat(waits, more)
	s.Measured(waits...)
	s.SummedUp(waits...)
}
