package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pitstop/deploy/e2e/client"
	"pitstop/deploy/e2e/customer"
	"pitstop/deploy/e2e/expect"
	"pitstop/deploy/e2e/garage"
	"pitstop/deploy/e2e/mailbox"
	"pitstop/deploy/e2e/pitstop"
)

// reminded is the time to the reminder at the garage "paced": even on a busy machine,
// the test has to read the mail and stop the pipeline within it.
const reminded = 30 * time.Second

// pacedGarages writes a garage file for tests that restart, and returns its path.
func pacedGarages(t testing.TB) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "garages.yaml")
	text := pitstop.GarageFile(pitstop.GarageConfig{ID: "paced", Approval: fmt.Sprintf("remind_after: [%s], call_after: 10000h", reminded)}, pitstop.GarageConfig{ID: "calm"})
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// After a restart on the same directory everything is as it was, and continues.
// (Also "day tick by process uptime: a restart loses none": one reminder.)
func TestRestart(t *testing.T) {
	t.Parallel()
	dir, garages := filepath.Join(t.TempDir(), "data"), pacedGarages(t)
	first := program.Up(t, dir, "--garages", garages)
	g := garage.New(t, first, "paced")
	j := g.Start(nil)
	j.Happens(garage.Started...)
	j.Ask(nil)
	j.Happens(garage.Asked...)
	asking, arrived := j.When("ApprovalRequested"), j.When("DeliveryAccepted approval_required to customer")
	link := j.MailTo(j.To, "Extra werk").Link(t)
	before := mailbox.Mails(t, g.Mailbox, j.To)

	children := first.Children(t)
	if len(children) < 2 {
		t.Errorf("the parts are %v, want a broker and an engine", children)
	}
	if code := first.Stop(os.Interrupt); code != 0 {
		t.Errorf("stopped with %d", code)
	}
	for pid, args := range children {
		if runs, _ := pitstop.Running(pid); runs {
			t.Errorf("still running: %d %s", pid, args)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "addresses.json")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("addresses.json is still there: %v", err)
	}
	if strings.Contains(first.Said.String(), "level=ERROR") || strings.Contains(first.Said.String(), "level=WARN") {
		t.Errorf("a start and a stop are not without trouble:\n%s", first.Said.Tail())
	}
	expect.Until(t, "the reminder is due while nobody runs", func() string {
		return map[bool]string{false: "not yet", true: ""}[time.Since(arrived) > reminded]
	})

	second := program.Up(t, dir, "--garages", garages)
	if diff := cmp.Diff(first.Addresses, second.Addresses); diff != "" {
		t.Errorf("it listens elsewhere: %s", diff)
	}
	g.Process = second // the tokens are valid for both
	j.Happens("NotificationRequested approval_reminder to customer", "DeliveryAccepted approval_reminder to customer")
	if at := j.When("NotificationRequested approval_reminder to customer"); !at.Equal(arrived.Add(reminded)) {
		t.Errorf("reminded %s after the request was accepted, want %s", at.Sub(arrived), reminded)
	}
	mails := mailbox.Mails(t, g.Mailbox, j.To)
	if diff := cmp.Diff(before, mails[:min(len(mails), len(before))]); diff != "" || len(mails) != len(before)+1 {
		t.Errorf("%d mails, want those of before and one reminder: %s", len(mails), diff)
	}
	page := customer.Visit(t, link)
	if page.Form("/quotes/1/decision") == nil {
		t.Fatalf("the link of before opens %d: %.2000s", page.Status, page.Body)
	}
	action, values := garage.DecisionForm(link, "1", "38795")
	customer.Fetch(t, http.MethodPost, action, values).Follow()
	j.Happens("QuoteViewed", "QuoteDecided", "NotificationRequested decision to mechanic", "DeliveryAccepted decision to mechanic")
	j.Complete(67695)
	done, ended := j.When("QuoteDecided"), j.When("RepairCompleted")
	waits := []garage.Wait{
		garage.Waited("turnaround", "", 0, "completed", j.When("RepairStarted"), ended),
		garage.Waited("approval", "", 1, "approved", asking, done),
		garage.Waited("customer_wait", "", 1, "approved", asking, done),
		garage.Waited("view", "", 1, "viewed", arrived, j.When("QuoteViewed")),
		garage.Waited("response", "", 1, "decided", arrived, done),
		garage.Waited("resume", "", 1, "resumed", done, ended),
		j.Delivery("repair_started", "customer", 0), j.Delivery("approval_required", "customer", 1),
		j.Delivery("approval_reminder", "customer", 1), j.Delivery("decision", "mechanic", 1), j.Delivery("repair_completed", "customer", 0),
	}
	j.Measured(waits...)
	g.SummedUp(waits...)
	if code := second.Stop(syscall.SIGTERM); code != 0 {
		t.Errorf("stopped with %d", code)
	}
}

// "database commit, then publish; crash between = lost event": one log; crash
// anywhere, nothing lost.
func TestEarlier_ACrashLosesEvents(t *testing.T) {
	t.Parallel()
	dir, garages := filepath.Join(t.TempDir(), "data"), pacedGarages(t)
	p := program.Up(t, dir, "--garages", garages)
	g := garage.New(t, p, "calm")
	mechanic := g.As("mechanic")
	const n = 60
	orders := make([]object, n+1)
	for i := range orders {
		orders[i] = garage.Order(fmt.Sprint("C-", i), fmt.Sprintf("c%d@example.nl", i))
	}
	post := func(ctx context.Context, i int) (status int) {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.API+"/v1/repairs", bytes.NewReader(client.Encode(t, orders[i])))
		if err != nil {
			t.Error(err)
			return 0
		}
		request.Header.Set("Authorization", "Bearer "+mechanic.Token)
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Idempotency-Key", fmt.Sprint("crash-", i))
		response, err := client.HTTP.Do(request)
		if err != nil {
			return 0 // the process is gone
		}
		_ = response.Body.Close()
		return response.StatusCode
	}
	var next, accepted atomic.Int64
	var posting sync.WaitGroup
	for range 4 {
		posting.Go(func() {
			for i := next.Add(1); i <= n; i = next.Add(1) {
				if post(t.Context(), int(i)) == http.StatusCreated && accepted.Add(1) == n/3 {
					_ = p.Cmd.Process.Kill()
				}
			}
		})
	}
	posting.Wait()
	p.Stop(os.Kill)
	t.Logf("%d of %d were accepted when it was killed", accepted.Load(), n)

	p = program.Up(t, dir, "--garages", garages)
	g.Process = p
	for i := 1; i <= n; i++ { // every client retries, under the same key
		mechanic.Send(http.MethodPost, "/v1/repairs", orders[i], "Idempotency-Key", fmt.Sprint("crash-", i)).
			Accepted(http.StatusCreated)
	}
	expect.Until(t, "every customer has the mail", func() string {
		for i := 1; i <= n; i++ {
			mails := mailbox.Mails(t, p.Mailbox, fmt.Sprintf("c%d@example.nl", i))
			if len(mails) == 0 {
				return fmt.Sprintf("customer %d has none", i)
			}
			for _, m := range mails { // a second copy where the answer to the first was lost
				if m.MessageID != mails[0].MessageID {
					t.Fatalf("customer %d has two mails, %s and %s", i, m.MessageID, mails[0].MessageID)
				}
			}
		}
		return ""
	})
	repairs := make(map[string]int)
	for _, e := range g.Events() {
		repairs[e.RepairID]++
	}
	for id, count := range repairs {
		if count != 1 {
			t.Errorf("repair %s started %d times", id, count)
		}
	}
	if len(repairs) != n {
		t.Errorf("%d repairs, want %d", len(repairs), n)
	}
	expect.Until(t, "ClickHouse has all, once", func() string {
		var events, outcomes, waits uint64
		if err := g.Database().QueryRow(t.Context(), `SELECT
			(SELECT count() FROM events FINAL WHERE garage_id = 'calm'),
			(SELECT count() FROM outcomes FINAL WHERE garage_id = 'calm' AND result = 'accepted'),
			(SELECT count() FROM latencies FINAL WHERE garage_id = 'calm' AND measure = 'delivery' AND outcome = 'accepted')`,
		).Scan(&events, &outcomes, &waits); err != nil {
			t.Fatal(err)
		}
		if events != n || outcomes != n || waits != n {
			return fmt.Sprintf("%d events, %d outcomes, %d deliveries", events, outcomes, waits)
		}
		return ""
	})

	// A broker that does not answer: 503, and the same request once it does.
	for pid, args := range p.Children(t) {
		if strings.Contains(args, "kafka") {
			if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
				t.Fatal(err)
			}
			defer syscall.Kill(pid, syscall.SIGCONT)
			a := mechanic.SendOnce(http.MethodPost, "/v1/repairs", orders[0], "Idempotency-Key", "crash-0")
			a.Refused(http.StatusServiceUnavailable, "unavailable")
			if a.Header.Get("Retry-After") == "" {
				t.Error("it is not said when to try again")
			}
			if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
				t.Fatal(err)
			}
		}
	}
	mechanic.Send(http.MethodPost, "/v1/repairs", orders[0], "Idempotency-Key", "crash-0").Accepted(http.StatusCreated)
}
