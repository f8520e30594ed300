package e2e

import (
	"net/http"
	"net/url"
	"slices"
	"testing"
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

// story is the one repair of a garage, whose customer is asked to agree to extra work.
type story struct {
	*job
	board *stream // the mechanic's
	asked reply
	mail  mail // that asks
}

// tell begins a story with the usual order, some of its fields changed.
func tell(t testing.TB, garage string, order object) *story {
	t.Helper()
	w := newWorld(t, shared(t), garage)
	s := &story{board: w.as("mechanic").listen(""), job: w.start(order)}
	s.happens(started...)
	return s
}

// propose asks for the usual extra work, some of the quote's fields changed.
func (s *story) propose(quote object) {
	s.Helper()
	s.asked = s.ask(quote)
	s.happens(asked...)
	s.mail = s.mailTo(s.to, "387") // euros
}

// complete makes the car ready, for this total.
func (j *job) complete(total int64) {
	j.Helper()
	r := j.as("mechanic").post(j.at("/completion"), object{"total": total, "reason": ""}).taken(http.StatusOK)
	if r.State != "completed" {
		j.Errorf("completed as %+v", r)
	}
	j.happens(completed...)
}

// decisionForm is what a form that was open since before sends.
func decisionForm(link, revision, total string) (action string, values url.Values) {
	return link + "/quotes/" + revision + "/decision", url.Values{
		"command": {"from-an-old-page"}, "line.1": {"approve"}, "line.2": {"approve"}, "total_seen": {total}, "confirmed": {"1"},
	}
}

// tooLate checks that nobody can answer any more: the page says why and does not ask,
// and a form that was open since before is refused.
func (s *story) tooLate(why, code string) (refusal page) {
	s.Helper()
	p := openOnPhone(s, s.mail.link(s))
	p.shows(why)
	if p.asks() {
		s.Error("the page still asks")
	}
	action, values := decisionForm(s.mail.link(s), "1", "38795")
	refusal = fetch(s, http.MethodPost, action, values)
	if refusal.status != http.StatusConflict {
		s.Errorf("an answer that comes too late: status %d", refusal.status)
	}
	s.happens("CommandRefused " + code)
	return refusal
}

// delivery is the wait for a mail server to take a notification.
func (j *job) delivery(kind, to string, revision int) wait {
	j.Helper()
	about := kind + " to " + to
	return waited("delivery", kind, revision, "accepted", j.when("NotificationRequested "+about), j.when("DeliveryAccepted "+about))
}

// decided are all the waits of a completed repair whose customer was asked once, saw
// the page, and gave this answer.
func (j *job) decided(answer string) []wait {
	j.Helper()
	asking, done, ended := j.when("ApprovalRequested"), j.when("QuoteDecided"), j.when("RepairCompleted")
	arrived := j.when("DeliveryAccepted approval_required to customer")
	return []wait{
		waited("turnaround", "", 0, "completed", j.when("RepairStarted"), ended),
		waited("approval", "", 1, answer, asking, done),
		waited("customer_wait", "", 1, answer, asking, done),
		waited("view", "", 1, "viewed", arrived, j.when("QuoteViewed")),
		waited("response", "", 1, "decided", arrived, done),
		waited("resume", "", 1, "resumed", done, ended),
		j.delivery("repair_started", "customer", 0), j.delivery("approval_required", "customer", 1),
		j.delivery("decision", "mechanic", 1), j.delivery("repair_completed", "customer", 0),
	}
}

// undecided are the waits of a repair whose customer was asked once and did not answer:
// event ended the asking, as outcome. What became of the repair is not among them.
func (j *job) undecided(event, outcome string) []wait {
	j.Helper()
	asking, over := j.when("ApprovalRequested"), j.when(event)
	arrived := j.when("DeliveryAccepted approval_required to customer")
	return []wait{
		waited("approval", "", 1, outcome, asking, over),
		waited("customer_wait", "", 1, outcome, asking, over),
		waited("view", "", 1, outcome, arrived, over),
		waited("response", "", 1, outcome, arrived, over),
		j.delivery("repair_started", "customer", 0), j.delivery("approval_required", "customer", 1),
	}
}

// adds checks that exactly these waits are measured, and what the API sums up.
func (s *story) adds(waits []wait, more ...wait) {
	s.Helper()
	waits = slices.Concat(waits, more)
	s.measured(waits...)
	s.figured(waits...)
}
