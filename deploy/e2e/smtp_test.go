package e2e

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// relayed is a garage whose mail goes to a relay that refuses some of it.
func relayed(t testing.TB, garage string) (*world, *relay) {
	t.Helper()
	return newWorld(t, pipelines.relayed.get(t), garage), pipelines.relayed.relay
}

// relayedAlone is a pipeline and a relay of one test's own.
func relayedAlone(t testing.TB) (*world, *relay) {
	t.Helper()
	r := newRelay()
	if err := r.open(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.stop)
	p := up(t, filepath.Join(t.TempDir(), "data"), "--garages", pacedGarages(t), "--smtp", r.addr,
		"--public-url", "https://garage.example", "--mail-sender", "bericht@garage.example")
	return newWorld(t, p, "calm"), r
}

// startFor registers a vehicle for a customer with this address.
func (w *world) startFor(email string) *job {
	w.Helper()
	j := w.start(object{"customer": object{"name": "J. de Vries", "email": email, "phone": "+31612345678"}})
	j.to = email
	return j
}

// attempts are what the timeline tells of the deliveries of a kind: when, and what.
func (j *job) attempts(kind string) (at []time.Time, what []string) {
	j.Helper()
	for _, e := range j.timeline() {
		if d := e.data(j); d.Kind == kind && (e.Kind == "NotificationRequested" || strings.HasPrefix(e.Kind, "Delivery")) {
			text := fmt.Sprintf("%s %d", e.Kind, d.Attempt)
			if e.Kind != "NotificationRequested" {
				text += fmt.Sprintf(" %v %s", d.Code, d.Reply)
			}
			at, what = append(at, e.At), append(what, text)
		}
	}
	return at, what
}

// "e-mail failure logged as 'sent', never retried": a transient failure is
// retried and visible; a permanent one is never "sent".
func TestEarlier_AFailedMailCountsAsSent(t *testing.T) {
	t.Parallel()
	t.Run("transient", func(t *testing.T) {
		t.Parallel()
		w, relay := relayed(t, "later")
		j := w.startFor("later@faults.example")
		want := []string{
			"NotificationRequested 1", "DeliveryDeferred 1 451 4.7.1 greylisted, come back",
			"NotificationRequested 2", "DeliveryDeferred 2 451 4.7.1 greylisted, come back",
			"NotificationRequested 3", "DeliveryAccepted 3 250 2.0.0 OK: queued",
		}
		var at []time.Time
		until(t, "the third attempt", func() string {
			var what []string
			at, what = j.attempts("repair_started")
			if len(what) > len(want) || len(what) > 0 && cmp.Diff(want[:len(what)], what) != "" {
				t.Fatalf("the attempts are %q", what)
			}
			return cmp.Diff(want, what)
		})
		// 13 and 26 seconds, each give or take a tenth.
		for i, pause := range []time.Duration{13 * time.Second, 26 * time.Second} {
			if got := at[2*i+2].Sub(at[2*i+1]); got < pause*9/10 || got > pause*11/10 {
				t.Errorf("attempt %d came %s after the refusal, want about %s", i+2, got, pause)
			}
		}
		if mails := relay.mails(j.to); len(mails) != 1 {
			t.Errorf("%d mails arrived, want 1", len(mails))
		}
		ids := make(map[string]bool)
		for _, e := range j.timeline() {
			if id := e.data(t).MessageID; id != "" {
				ids[id] = true
			}
		}
		if len(ids) != 1 {
			t.Errorf("the attempts have Message-IDs %v, want one", ids)
		}
		waits := []wait{
			waited("turnaround", "", 0, "", j.when("RepairStarted"), time.Time{}),
			waited("delivery", "repair_started", 0, "accepted", at[0], at[5]),
		}
		j.measured(waits...)
		w.figured(waits...)
	})
	t.Run("permanent", func(t *testing.T) {
		t.Parallel()
		w, relay := relayed(t, "never")
		j := w.startFor("never@faults.example")
		j.happens("RepairStarted", "NotificationRequested repair_started to customer", "DeliveryFailed repair_started to customer", "CallTask undeliverable")
		j.ask(nil)
		j.happens("ApprovalRequested", "NotificationRequested approval_required to customer", "DeliveryFailed approval_required to customer", "CallTask undeliverable")
		if _, what := j.attempts("approval_required"); what[1] != "DeliveryFailed 1 550 5.1.1 no such <user>" {
			t.Errorf("the attempts are %q", what)
		}
		if mails := relay.mails(j.to); len(mails) != 0 {
			t.Errorf("%d mails arrived", len(mails))
		}
		list := w.list("customer_service", "/v1/conversations?filter=call")
		if len(list.Items) != 1 || list.Items[0].RepairID != j.id || list.Items[0].CallReason != "undeliverable" {
			t.Errorf("to be called: %+v", list.Items)
		}
		// The phone's answer is as good.
		j.as("mechanic").post(j.at("/quotes/1/decision"), answers("approve", "reject", 34800)).taken(http.StatusOK)
		j.happens(answered("QuoteDecided", "decision", "decided")...)
		if list := w.list("customer_service", "/v1/conversations?filter=call"); len(list.Items) != 0 {
			t.Errorf("still to be called: %+v", list.Items)
		}
		failed := func(kind string, revision int) wait {
			about := kind + " to customer"
			return waited("delivery", kind, revision, "failed", j.when("NotificationRequested "+about), j.when("DeliveryFailed "+about))
		}
		asking, done := j.when("ApprovalRequested"), j.when("QuoteDecided")
		waits := []wait{
			waited("turnaround", "", 0, "", j.when("RepairStarted"), time.Time{}),
			waited("approval", "", 1, "partly_approved", asking, done), waited("customer_wait", "", 1, "partly_approved", asking, done),
			waited("resume", "", 1, "", done, time.Time{}),
			failed("repair_started", 0), failed("approval_required", 1), j.delivery("decision", "mechanic", 1),
		}
		j.measured(waits...)
		w.figured(waits...)
	})
}

// "one bad customer stopped everybody's reminders": the others are sent.
func TestEarlier_OneBadCustomerStopsTheReminders(t *testing.T) {
	t.Parallel()
	w, relay := relayed(t, "reminders") // after 30 s
	bad := w.startFor("turn@faults.example")
	bad.happens(started...)
	bad.ask(nil)
	var good []*job
	for i := range 3 {
		j := w.startFor(fmt.Sprintf("good%d@reminders.example", i))
		j.happens(started...)
		j.ask(nil)
		good = append(good, j)
	}
	reminder := "NotificationRequested approval_reminder to customer"
	bad.happens(asked[0], asked[1], asked[2], reminder, "DeliveryFailed approval_reminder to customer", "CallTask undeliverable")
	for _, j := range good {
		j.happens(asked[0], asked[1], asked[2], reminder, "DeliveryAccepted approval_reminder to customer")
		if mails := relay.mails(j.to); len(mails) != 3 {
			t.Errorf("%s has %d mails, want 3", j.to, len(mails))
		}
	}
}

// Of 32 mails that wait together, the one on which the relay hangs delays no other.
func TestRelayHangsOnOneOf32(t *testing.T) {
	t.Parallel()
	w, relay := relayedAlone(t)
	if err := relay.close(); err != nil {
		t.Fatal(err)
	}
	jobs := make([]*job, 32)
	for i := range jobs {
		jobs[i] = w.startFor(fmt.Sprintf("one%d@calm.example", i))
	}
	for _, j := range jobs {
		j.happens("RepairStarted", "NotificationRequested repair_started to customer")
	}
	relay.hangOn = 2 // the first shows that the relay is back
	if err := relay.open(); err != nil {
		t.Fatal(err)
	}
	accepted := []string{"NotificationRequested 1", "DeliveryAccepted 1 250 2.0.0 OK: queued"}
	hung := []string{
		"NotificationRequested 1", "DeliveryDeferred 1 0 the relay did not answer in time",
		"NotificationRequested 2", "DeliveryAccepted 2 250 2.0.0 OK: queued",
	}
	var last, deferred time.Time // when the others were accepted, and when the one that hung was given up
	slow := 0
	for _, j := range jobs {
		until(t, j.to, func() string {
			at, what := j.attempts("repair_started")
			switch {
			case cmp.Equal(accepted, what):
				if at[1].After(last) {
					last = at[1]
				}
			case cmp.Equal(hung, what):
				slow, deferred = slow+1, at[1]
			default:
				return fmt.Sprintf("the attempts are %q", what)
			}
			return ""
		})
		mails := relay.mails(j.to)
		if len(mails) != 1 {
			t.Fatalf("%s has %d mails", j.to, len(mails))
		}
		for _, want := range []string{"https://garage.example/c/", "<bericht@garage.example>"} {
			if !strings.Contains(strings.ReplaceAll(mails[0], "=\r\n", ""), want) {
				t.Errorf("the mail lacks %q:\n%s", want, mails[0])
			}
		}
	}
	if slow != 1 || deferred.Before(last) {
		t.Errorf("%d hung, and was given up %s after the others were accepted, want one and about 10s", slow, deferred.Sub(last))
	}
}

// A relay that is away burns no attempt, and readiness says why nothing goes out.
func TestRelayAway(t *testing.T) {
	t.Parallel()
	w, relay := relayedAlone(t)
	before := w.startFor("before@calm.example")
	before.happens(started...)
	if err := relay.close(); err != nil {
		t.Fatal(err)
	}
	jobs := make([]*job, 5)
	for i := range jobs {
		jobs[i] = w.startFor(fmt.Sprintf("away%d@calm.example", i))
	}
	ops := door{t: t, base: w.Metrics}
	state := func() (ready bool, reasons map[string]string) {
		a := ops.once(http.MethodGet, "/readyz", nil)
		r := into[readiness](a, a.status)
		if r.Ready != (a.status == http.StatusOK) {
			t.Errorf("/readyz: %d %s", a.status, a.body)
		}
		reasons = make(map[string]string)
		for _, c := range r.Checks {
			if !c.Ready {
				reasons[c.Name] = c.Reason
			}
		}
		return r.Ready, reasons
	}
	until(t, "readiness says why", func() string {
		if ready, reasons := state(); ready || !strings.Contains(reasons["email"], "relay") {
			return fmt.Sprintf("ready %t, reasons %v", ready, reasons)
		}
		return ""
	})
	for _, j := range jobs {
		j.happens("RepairStarted", "NotificationRequested repair_started to customer")
	}
	until(t, "the mails only are not ready", func() string {
		if _, reasons := state(); len(reasons) != 1 || !strings.Contains(reasons["email"], relay.addr) {
			return fmt.Sprintf("not ready: %v, want the mails only, and which relay", reasons)
		}
		return ""
	})
	if err := relay.open(); err != nil {
		t.Fatal(err)
	}
	for _, j := range jobs {
		j.happens("DeliveryAccepted repair_started to customer")
		if _, what := j.attempts("repair_started"); cmp.Diff([]string{"NotificationRequested 1", "DeliveryAccepted 1 250 2.0.0 OK: queued"}, what) != "" {
			t.Errorf("the attempts are %q", what)
		}
		if mails := relay.mails(j.to); len(mails) != 1 {
			t.Errorf("%s has %d mails", j.to, len(mails))
		}
	}
	until(t, "readiness", func() string {
		if ready, reasons := state(); !ready {
			return fmt.Sprint(reasons)
		}
		return ""
	})
	if mails := w.mails(t, ""); len(mails) != 0 {
		t.Errorf("%d mails are in the mailbox", len(mails))
	}
}
