package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// children are the processes that a process started, and their arguments.
func (p *process) children(t testing.TB) map[int]string {
	t.Helper()
	found := make(map[int]string)
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, stat := range stats {
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(stat)))
		if _, parent := running(pid); err == nil && parent == p.cmd.Process.Pid {
			args, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)) // it may have ended just now
			found[pid] = string(bytes.ReplaceAll(args, []byte{0}, []byte{' '}))
		}
	}
	return found
}

// running reports whether a process runs, and who its parent is.
func running(pid int) (runs bool, parent int) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false, 0
	}
	// The name, in parentheses, may hold anything.
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	parent, _ = strconv.Atoi(fields[1])
	return fields[0] != "Z" && fields[0] != "X", parent
}

// reminded is how long whoever is asked at "paced" has until the reminder: on a busy
// machine, the test has to look at the mail and stop the pipeline in that time.
const reminded = 30 * time.Second

// pacedGarages is a garage file for tests that restart.
func pacedGarages(t testing.TB) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "garages.yaml")
	text := garageFile(garage{ID: "paced", Approval: fmt.Sprintf("remind_after: [%s], call_after: 10000h", reminded)}, garage{ID: "calm"})
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// After a stop and a start on the same directory all is as it was, and goes on.
// (Also "day tick by process uptime: a restart loses none": one reminder.)
func TestRestart(t *testing.T) {
	t.Parallel()
	dir, garages := filepath.Join(t.TempDir(), "data"), pacedGarages(t)
	first := up(t, dir, "--garages", garages)
	w := newWorld(t, first, "paced")
	j := w.start(nil)
	j.happens(started...)
	j.ask(nil)
	j.happens(asked...)
	asking := j.when("ApprovalRequested")
	link := j.mailTo(j.to, "extra werk").link(t)
	before := w.mails(t, j.to)

	children := first.children(t)
	if len(children) < 2 {
		t.Errorf("the parts are %v, want a broker and an engine", children)
	}
	if code := first.stop(os.Interrupt); code != 0 {
		t.Errorf("stopped with %d", code)
	}
	for pid, args := range children {
		if runs, _ := running(pid); runs {
			t.Errorf("still running: %d %s", pid, args)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "addresses.json")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("addresses.json is still there: %v", err)
	}
	if strings.Contains(first.said.String(), "level=ERROR") || strings.Contains(first.said.String(), "level=WARN") {
		t.Errorf("a start and a stop are not without trouble:\n%s", first.said.tail())
	}
	until(t, "the reminder is due while nobody runs", func() string {
		return map[bool]string{false: "not yet", true: ""}[time.Since(asking) > reminded]
	})

	second := up(t, dir, "--garages", garages)
	if diff := cmp.Diff(first.addresses, second.addresses); diff != "" {
		t.Errorf("it listens elsewhere: %s", diff)
	}
	w.process = second // the tokens are good for both
	j.happens("NotificationRequested approval_reminder to customer", "DeliveryAccepted approval_reminder to customer")
	if at := j.when("NotificationRequested approval_reminder to customer"); !at.Equal(asking.Add(reminded)) {
		t.Errorf("reminded %s after the request, want %s", at.Sub(asking), reminded)
	}
	mails := w.mails(t, j.to)
	if diff := cmp.Diff(before, mails[:min(len(mails), len(before))]); diff != "" || len(mails) != len(before)+1 {
		t.Errorf("%d mails, want those of before and one reminder: %s", len(mails), diff)
	}
	page := visit(t, link)
	if page.form("/quotes/1/decision") == nil {
		t.Fatalf("the link of before opens %d: %.2000s", page.status, page.body)
	}
	action, values := decisionForm(link, "1", "38795")
	fetch(t, http.MethodPost, action, values).follow()
	j.happens("QuoteViewed", "QuoteDecided", "NotificationRequested decision to mechanic", "DeliveryAccepted decision to mechanic")
	j.complete(67695)
	done, ended := j.when("QuoteDecided"), j.when("RepairCompleted")
	arrived := j.when("DeliveryAccepted approval_required to customer")
	waits := []wait{
		waited("turnaround", "", 0, "completed", j.when("RepairStarted"), ended),
		waited("approval", "", 1, "approved", asking, done),
		waited("customer_wait", "", 1, "approved", asking, done),
		waited("view", "", 1, "viewed", arrived, j.when("QuoteViewed")),
		waited("response", "", 1, "decided", arrived, done),
		waited("resume", "", 1, "resumed", done, ended),
		j.delivery("repair_started", "customer", 0), j.delivery("approval_required", "customer", 1),
		j.delivery("approval_reminder", "customer", 1), j.delivery("decision", "mechanic", 1), j.delivery("repair_completed", "customer", 0),
	}
	j.measured(waits...)
	w.figured(waits...)
	if code := second.stop(syscall.SIGTERM); code != 0 {
		t.Errorf("stopped with %d", code)
	}
}

// "database commit, then publish; crash between = lost event": one log; crash
// anywhere, nothing lost.
func TestEarlier_ACrashLosesEvents(t *testing.T) {
	t.Parallel()
	dir, garages := filepath.Join(t.TempDir(), "data"), pacedGarages(t)
	p := up(t, dir, "--garages", garages)
	w := newWorld(t, p, "calm")
	mechanic := w.as("mechanic")
	const n = 60
	orders := make([]object, n+1)
	for i := range orders {
		orders[i] = order(fmt.Sprint("C-", i), fmt.Sprintf("c%d@example.nl", i))
	}
	post := func(ctx context.Context, i int) (status int) {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.API+"/v1/repairs", bytes.NewReader(encode(t, orders[i])))
		if err != nil {
			t.Error(err)
			return 0
		}
		request.Header.Set("Authorization", "Bearer "+mechanic.token)
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Idempotency-Key", fmt.Sprint("crash-", i))
		response, err := web.Do(request)
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
					_ = p.cmd.Process.Kill()
				}
			}
		})
	}
	posting.Wait()
	p.stop(os.Kill)
	t.Logf("%d of %d were accepted when it was killed", accepted.Load(), n)

	p = up(t, dir, "--garages", garages)
	w.process = p
	for i := 1; i <= n; i++ { // everybody tries again, under the same key
		mechanic.send(http.MethodPost, "/v1/repairs", orders[i], "Idempotency-Key", fmt.Sprint("crash-", i)).
			taken(http.StatusCreated)
	}
	until(t, "every customer has the mail", func() string {
		for i := 1; i <= n; i++ {
			mails := p.mails(t, fmt.Sprintf("c%d@example.nl", i))
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
	for _, e := range w.events() {
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
	until(t, "ClickHouse has all, once", func() string {
		var events, outcomes, waits uint64
		if err := p.database(t).QueryRow(t.Context(), `SELECT
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
	for pid, args := range p.children(t) {
		if strings.Contains(args, "kafka") {
			if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
				t.Fatal(err)
			}
			defer syscall.Kill(pid, syscall.SIGCONT)
			a := mechanic.once(http.MethodPost, "/v1/repairs", orders[0], "Idempotency-Key", "crash-0")
			a.refused(http.StatusServiceUnavailable, "unavailable")
			if a.header.Get("Retry-After") == "" {
				t.Error("it is not said when to try again")
			}
			if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
				t.Fatal(err)
			}
		}
	}
	mechanic.send(http.MethodPost, "/v1/repairs", orders[0], "Idempotency-Key", "crash-0").taken(http.StatusCreated)
}
