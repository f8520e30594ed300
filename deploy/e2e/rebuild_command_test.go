package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/deploy/e2e/customer"
	"pitstop/deploy/e2e/expect"
	"pitstop/deploy/e2e/garage"
	"pitstop/deploy/e2e/mailbox"
	"pitstop/deploy/e2e/topics"
)

// Whatever is rebuilt is what it was, tells nobody, and continues. While it runs, it is
// refused.
func TestRebuildCommand(t *testing.T) {
	t.Parallel()
	dir, garages := filepath.Join(t.TempDir(), "data"), pacedGarages(t)
	first := program.Up(t, dir, "--garages", garages)
	g := garage.New(t, first, "calm")
	j := g.Start(nil)
	j.Happens(garage.Started...)
	j.Ask(nil)
	j.Happens(garage.Asked...)
	link := j.MailTo(j.To, "Extra werk").Link(t)
	mails := mailbox.Mails(t, g.Mailbox, j.To)
	topics.Open(t, first.Kafka).Write(&kgo.Record{Topic: "pitstop.commands", Key: []byte("k"), Value: []byte("garbage")})
	letters := func() (n int) {
		_, out, _ := program.Run(t, "dead-letters", "list", "--data", dir)
		return strings.Count(out, "pitstop.commands[")
	}
	expect.Until(t, "dead letters of lifecycle and clickhouse", func() string { return cmp.Diff(2, letters()) })
	rebuild := func(role string) (code int, said string) {
		code, out, errOut := program.Run(t, "rebuild", role, "--data", dir, "--garages", garages)
		return code, out + errOut
	}
	if code, said := rebuild("notification"); code != 2 || !strings.Contains(said, "is in use by process") {
		t.Errorf("while it runs: %d, %s", code, said)
	}
	if code := first.Stop(os.Interrupt); code != 0 {
		t.Errorf("stopped with %d", code)
	}
	for range 2 { // once more changes nothing
		for _, role := range []string{"lifecycle", "notification", "latency", "clickhouse"} {
			if code, said := rebuild(role); code != 0 || !strings.Contains(said, "done; now start it again: pitstop up") {
				t.Fatalf("rebuild %s: %d, %s", role, code, said)
			}
		}
	}
	g.Process = program.Up(t, dir, "--garages", garages)
	j.Happens() // nothing more than before
	if n := letters(); n != 2 {
		_, out, _ := program.Run(t, "dead-letters", "list", "--data", dir)
		t.Errorf("%d dead letters after it, want those of before\n%s", n, out)
	}
	page := customer.Visit(t, link)
	if page.Form("/quotes/1/decision") == nil {
		t.Fatalf("the link of before opens %d: %.2000s", page.Status, page.Body)
	}
	action, values := garage.DecisionForm(link, "1", "38795")
	customer.Fetch(t, "POST", action, values).Follow()
	j.HappensInAnyOrder("QuoteViewed", "QuoteDecided", "NotificationRequested decision to mechanic", "DeliveryAccepted decision to mechanic",
		"NotificationSuppressed approval_reminder to customer moment_passed decided") // a timer of before
	if diff := cmp.Diff(mails, mailbox.Mails(t, g.Mailbox, j.To)); diff != "" {
		t.Errorf("the customer's mails (-before +after):\n%s", diff)
	}
}
