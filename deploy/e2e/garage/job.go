package garage

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"pitstop/deploy/e2e/client"
	"pitstop/deploy/e2e/expect"
	"pitstop/deploy/e2e/mailbox"
)

// Job is one repair of a garage.
type Job struct {
	*Garage
	ID, Ref, To string   // its id, the garage's order number, and the customer's address
	Told        []string // the labels of its timeline so far
}

// Start starts the repair of Order as the mechanic; fields override the order's.
func (g *Garage) Start(fields object) *Job {
	g.Helper()
	ref := "WO-" + rand.Text()[:8]
	body := With(Order(ref, strings.ToLower(ref)+"@example.nl"), fields)
	j := &Job{Garage: g, Ref: ref}
	j.To, _ = body["customer"].(object)["email"].(string)
	a := g.As("mechanic").Post("/v1/repairs", body)
	r := a.Accepted(http.StatusCreated)
	if r.State != "in_progress" || r.Sequence != 1 || a.Header.Get("Location") != "/v1/repairs/"+r.RepairID {
		g.Errorf("started as %+v, at %q", r, a.Header.Get("Location"))
	}
	j.ID = r.RepairID
	return j
}

// StartFor starts a repair for a customer with an address.
func (g *Garage) StartFor(email string) *Job {
	g.Helper()
	j := g.Start(object{"customer": object{"name": "J. de Vries", "email": email, "phone": "+31612345678"}})
	j.To = email
	return j
}

// Path returns a path of the API below the repair.
func (j *Job) Path(path string) string { return "/v1/repairs/" + j.ID + path }

// Ask asks for approval of ExtraWork as the mechanic; fields override the quote's.
func (j *Job) Ask(fields object) client.Reply {
	j.Helper()
	return j.As("mechanic").Post(j.Path("/quotes"), With(ExtraWork(), fields)).Accepted(http.StatusCreated)
}

// Complete completes the repair for a total, and waits until the customer is notified.
func (j *Job) Complete(total int64) {
	j.Helper()
	r := j.As("mechanic").Post(j.Path("/completion"), object{"total": total, "reason": ""}).Accepted(http.StatusOK)
	if r.State != "completed" {
		j.Errorf("completed as %+v", r)
	}
	j.Happens(completed...)
}

// Read waits until the repair can be read up to a sequence, and returns it.
func (j *Job) Read(sequence int64) (r client.Repair) {
	j.Helper()
	expect.Until(j, "reading "+j.Ref, func() string {
		a := j.As("customer_service").Get(fmt.Sprintf("%s?after=%d", j.Path(""), sequence))
		if a.Status == http.StatusNotFound {
			return "not readable yet"
		}
		if r = client.Decode[client.Repair](a, http.StatusOK); r.Sequence < sequence {
			return fmt.Sprintf("sequence %d, want %d", r.Sequence, sequence)
		}
		return ""
	})
	return r
}

// Timeline reads the timeline as it is now, which may lag.
func (j *Job) Timeline() []client.Entry {
	j.Helper()
	a := j.As("customer_service").Get(j.Path("/timeline"))
	if a.Status == http.StatusNotFound {
		return nil
	}
	return client.Decode[struct{ Entries []client.Entry }](a, http.StatusOK).Entries
}

// labels returns the labels of the timeline.
func (j *Job) labels() []string {
	j.Helper()
	var labels []string
	for _, e := range j.Timeline() {
		labels = append(labels, e.Label(j))
	}
	return labels
}

// Happens waits until the timeline has exactly these labels, in order, after those it
// had.
func (j *Job) Happens(labels ...string) {
	j.Helper()
	j.Told = append(j.Told, labels...)
	expect.Until(j, "timeline of "+j.Ref, func() string { return cmp.Diff(j.Told, j.labels()) })
	last := time.Time{}
	for _, e := range j.Timeline() {
		if e.At.Before(last) {
			j.Errorf("the timeline goes back in time, to %s at %s", e.Kind, e.At)
		}
		last = e.At
	}
}

// HappensInAnyOrder is Happens for labels in any order.
func (j *Job) HappensInAnyOrder(labels ...string) {
	j.Helper()
	expect.Until(j, "timeline of "+j.Ref, func() string {
		all := j.labels()
		if len(all) < len(j.Told) {
			return fmt.Sprintf("it is %q", all)
		}
		sorted := slices.Sorted(slices.Values(all[len(j.Told):]))
		return cmp.Diff(slices.Sorted(slices.Values(labels)), sorted)
	})
	j.Told = j.labels()
}

// When returns the time of the first entry of the timeline with this label.
func (j *Job) When(label string) time.Time {
	j.Helper()
	for _, e := range j.Timeline() {
		if e.Label(j) == label {
			return e.At
		}
	}
	j.Fatalf("the timeline has no %q: %q", label, j.labels())
	return time.Time{}
}

// Attempts returns the deliveries of a kind of notification in the timeline, with
// their times.
func (j *Job) Attempts(kind string) (at []time.Time, what []string) {
	j.Helper()
	for _, e := range j.Timeline() {
		if d := e.Details(j); d.Kind == kind && (e.Kind == "NotificationRequested" || strings.HasPrefix(e.Kind, "Delivery")) {
			text := fmt.Sprintf("%s %d", e.Kind, d.Attempt)
			if e.Kind != "NotificationRequested" {
				text += fmt.Sprintf(" %v %s", d.Code, d.Reply)
			}
			at, what = append(at, e.At), append(what, text)
		}
	}
	return at, what
}

// History returns the events of the repair.
func (j *Job) History() (own []client.Event) {
	j.Helper()
	for _, e := range j.Events() {
		if e.RepairID == j.ID {
			own = append(own, e)
		}
	}
	return own
}

// MailTo waits for the mail to an address with a text in its subject, and fails the
// test if there are several.
func (j *Job) MailTo(to, subject string) (found mailbox.Mail) {
	j.Helper()
	expect.Until(j, "mail to "+to+" about "+subject, func() string {
		var subjects []string
		n := 0
		for _, m := range mailbox.Mails(j, j.Mailbox, to) {
			subjects = append(subjects, m.Subject)
			if strings.Contains(expect.Plain(m.Subject), subject) {
				found, n = m, n+1
			}
		}
		if n > 1 {
			j.Fatalf("%d mails to %s about %s: %q", n, to, subject, subjects)
		}
		if n == 0 {
			return "there are " + strings.Join(subjects, ", ")
		}
		return ""
	})
	return found
}
