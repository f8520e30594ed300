package e2e

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pitstop/deploy/e2e/client"
	"pitstop/deploy/e2e/expect"
	"pitstop/deploy/e2e/garage"
	"pitstop/deploy/e2e/relay"
)

// relayed returns a garage whose mail goes to a relay that refuses some of it.
func relayed(t testing.TB, name string) (*garage.Garage, *relay.Relay) {
	t.Helper()
	return garage.New(t, pipelines.relayed.get(t), name), pipelines.relayed.relay
}

// relayedAlone returns a garage on a pipeline and a relay for this test alone.
func relayedAlone(t testing.TB) (*garage.Garage, *relay.Relay) {
	t.Helper()
	r := relay.New()
	if err := r.Open(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Stop)
	p := program.Up(t, filepath.Join(t.TempDir(), "data"), "--garages", pacedGarages(t), "--smtp", r.Addr,
		"--public-url", "https://garage.example", "--mail-sender", "bericht@garage.example")
	return garage.New(t, p, "calm"), r
}

// "e-mail failure logged as 'sent', never retried": a transient failure is
// retried and visible; a permanent one is never "sent".
func TestEarlier_AFailedMailCountsAsSent(t *testing.T) {
	t.Parallel()
	t.Run("transient", func(t *testing.T) {
		t.Parallel()
		g, relay := relayed(t, "later")
		j := g.StartFor("later@faults.example")
		want := []string{
			"NotificationRequested 1", "DeliveryDeferred 1 451 4.7.1 greylisted, come back",
			"NotificationRequested 2", "DeliveryDeferred 2 451 4.7.1 greylisted, come back",
			"NotificationRequested 3", "DeliveryAccepted 3 250 2.0.0 OK: queued",
		}
		var at []time.Time
		expect.Until(t, "the third attempt", func() string {
			var what []string
			at, what = j.Attempts("repair_started")
			if len(what) > len(want) || len(what) > 0 && cmp.Diff(want[:len(what)], what) != "" {
				t.Fatalf("the attempts are %q", what)
			}
			return cmp.Diff(want, what)
		})
		// 13 and 26 seconds, each plus or minus a tenth.
		for i, pause := range []time.Duration{13 * time.Second, 26 * time.Second} {
			if got := at[2*i+2].Sub(at[2*i+1]); got < pause*9/10 || got > pause*11/10 {
				t.Errorf("attempt %d came %s after the refusal, want about %s", i+2, got, pause)
			}
		}
		if mails := relay.MailsTo(j.To); len(mails) != 1 {
			t.Errorf("%d mails arrived, want 1", len(mails))
		}
		ids := make(map[string]bool)
		for _, e := range j.Timeline() {
			if id := e.Details(t).MessageID; id != "" {
				ids[id] = true
			}
		}
		if len(ids) != 1 {
			t.Errorf("the attempts have Message-IDs %v, want one", ids)
		}
		waits := []garage.Wait{
			garage.Waited("turnaround", "", 0, "", j.When("RepairStarted"), time.Time{}),
			garage.Waited("delivery", "repair_started", 0, "accepted", at[0], at[5]),
		}
		j.Measured(waits...)
		g.SummedUp(waits...)
	})
	t.Run("permanent", func(t *testing.T) {
		t.Parallel()
		g, relay := relayed(t, "never")
		j := g.StartFor("never@faults.example")
		j.Happens("RepairStarted", "NotificationRequested repair_started to customer", "DeliveryFailed repair_started to customer", "CallTask undeliverable")
		j.Ask(nil)
		j.Happens("ApprovalRequested", "NotificationRequested approval_required to customer", "DeliveryFailed approval_required to customer", "CallTask undeliverable")
		if _, what := j.Attempts("approval_required"); what[1] != "DeliveryFailed 1 550 5.1.1 no such <user>" {
			t.Errorf("the attempts are %q", what)
		}
		if mails := relay.MailsTo(j.To); len(mails) != 0 {
			t.Errorf("%d mails arrived", len(mails))
		}
		list := g.List("customer_service", "/v1/conversations?filter=call")
		if len(list.Items) != 1 || list.Items[0].RepairID != j.ID || list.Items[0].CallReason != "undeliverable" {
			t.Errorf("to be called: %+v", list.Items)
		}
		// An answer by phone counts as well.
		j.As("mechanic").Post(j.Path("/quotes/1/decision"), garage.Decision("approve", "reject", 34800)).Accepted(http.StatusOK)
		j.Happens(garage.Answered("QuoteDecided", "decision", "decided")...)
		if list := g.List("customer_service", "/v1/conversations?filter=call"); len(list.Items) != 0 {
			t.Errorf("still to be called: %+v", list.Items)
		}
		failed := func(kind string, revision int) garage.Wait {
			about := kind + " to customer"
			return garage.Waited("delivery", kind, revision, "failed", j.When("NotificationRequested "+about), j.When("DeliveryFailed "+about))
		}
		asking, done := j.When("ApprovalRequested"), j.When("QuoteDecided")
		waits := []garage.Wait{
			garage.Waited("turnaround", "", 0, "", j.When("RepairStarted"), time.Time{}),
			garage.Waited("approval", "", 1, "partly_approved", asking, done), garage.Waited("customer_wait", "", 1, "partly_approved", asking, done),
			garage.Waited("resume", "", 1, "", done, time.Time{}),
			failed("repair_started", 0), failed("approval_required", 1), j.Delivery("decision", "mechanic", 1),
		}
		j.Measured(waits...)
		g.SummedUp(waits...)
	})
}

// "one bad customer stopped everybody's reminders": the others are sent.
func TestEarlier_OneBadCustomerStopsTheReminders(t *testing.T) {
	t.Parallel()
	g, relay := relayed(t, "reminders") // after 30 s
	bad := g.StartFor("turn@faults.example")
	bad.Happens(garage.Started...)
	bad.Ask(nil)
	var good []*garage.Job
	for i := range 3 {
		j := g.StartFor(fmt.Sprintf("good%d@reminders.example", i))
		j.Happens(garage.Started...)
		j.Ask(nil)
		good = append(good, j)
	}
	reminder := "NotificationRequested approval_reminder to customer"
	bad.Happens(garage.Asked[0], garage.Asked[1], garage.Asked[2], reminder, "DeliveryFailed approval_reminder to customer", "CallTask undeliverable")
	for _, j := range good {
		j.Happens(garage.Asked[0], garage.Asked[1], garage.Asked[2], reminder, "DeliveryAccepted approval_reminder to customer")
		if mails := relay.MailsTo(j.To); len(mails) != 3 {
			t.Errorf("%s has %d mails, want 3", j.To, len(mails))
		}
	}
}

// Of 32 mails that wait together, the one on which the relay hangs delays no other.
func TestRelayHangsOnOneOf32(t *testing.T) {
	t.Parallel()
	g, relay := relayedAlone(t)
	if err := relay.Close(); err != nil {
		t.Fatal(err)
	}
	jobs := make([]*garage.Job, 32)
	for i := range jobs {
		jobs[i] = g.StartFor(fmt.Sprintf("one%d@calm.example", i))
	}
	for _, j := range jobs {
		j.Happens("RepairStarted", "NotificationRequested repair_started to customer")
	}
	relay.HangOn = 2 // the first shows that the relay is back
	if err := relay.Open(); err != nil {
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
		expect.Until(t, j.To, func() string {
			at, what := j.Attempts("repair_started")
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
		mails := relay.MailsTo(j.To)
		if len(mails) != 1 {
			t.Fatalf("%s has %d mails", j.To, len(mails))
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

// An unavailable relay uses up no attempt, and readiness says why no mail is sent. What
// has been overtaken meanwhile is not sent when the relay is back.
func TestRelayAway(t *testing.T) {
	t.Parallel()
	g, relay := relayedAlone(t)
	before := g.StartFor("before@calm.example")
	before.Happens(garage.Started...)
	stale := g.StartFor("stale@calm.example")
	stale.Happens(garage.Started...)
	if err := relay.Close(); err != nil {
		t.Fatal(err)
	}
	jobs := make([]*garage.Job, 5)
	for i := range jobs {
		jobs[i] = g.StartFor(fmt.Sprintf("away%d@calm.example", i))
	}
	stale.Ask(nil)
	stale.As("mechanic").Post(stale.Path("/quotes/1/withdrawal"), nil).Accepted(http.StatusOK)
	ops := client.Client{T: t, Base: g.Metrics}
	state := func() (ready bool, reasons map[string]string) {
		a := ops.SendOnce(http.MethodGet, "/readyz", nil)
		r := client.Decode[client.Readiness](a, a.Status)
		if r.Ready != (a.Status == http.StatusOK) {
			t.Errorf("/readyz: %d %s", a.Status, a.Body)
		}
		reasons = make(map[string]string)
		for _, c := range r.Checks {
			if !c.Ready {
				reasons[c.Name] = c.Reason
			}
		}
		return r.Ready, reasons
	}
	expect.Until(t, "readiness says why", func() string {
		if ready, reasons := state(); ready || !strings.Contains(reasons["email"], "relay") {
			return fmt.Sprintf("ready %t, reasons %v", ready, reasons)
		}
		return ""
	})
	for _, j := range jobs {
		j.Happens("RepairStarted", "NotificationRequested repair_started to customer")
	}
	expect.Until(t, "the mails only are not ready", func() string {
		if _, reasons := state(); len(reasons) != 1 || !strings.Contains(reasons["email"], relay.Addr) {
			return fmt.Sprintf("not ready: %v, want the mails only, and which relay", reasons)
		}
		return ""
	})
	stale.Happens(
		"ApprovalRequested", "NotificationRequested approval_required to customer",
		"QuoteWithdrawn", "NotificationSuppressed approval_reminder to customer moment_passed withdrawn",
		"NotificationSuppressed approval_required to customer moment_passed withdrawn", "NotificationSuppressed quote_withdrawn to customer not_told",
	)
	if err := relay.Open(); err != nil {
		t.Fatal(err)
	}
	for _, j := range jobs {
		j.Happens("DeliveryAccepted repair_started to customer")
		if _, what := j.Attempts("repair_started"); cmp.Diff([]string{"NotificationRequested 1", "DeliveryAccepted 1 250 2.0.0 OK: queued"}, what) != "" {
			t.Errorf("the attempts are %q", what)
		}
		if mails := relay.MailsTo(j.To); len(mails) != 1 {
			t.Errorf("%s has %d mails", j.To, len(mails))
		}
	}
	if mails := relay.MailsTo(stale.To); len(mails) != 1 {
		t.Errorf("%d mails to whom only the start concerned:\n%s", len(mails), strings.Join(mails, "\n"))
	}
	expect.Until(t, "readiness", func() string {
		if ready, reasons := state(); !ready {
			return fmt.Sprint(reasons)
		}
		return ""
	})
	if g.Mailbox != "" {
		t.Errorf("there is a mailbox beside the relay: %s", g.Mailbox)
	}
}
