package email

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pitstop/deploy/relaytest"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// recalled takes back a request.
func recalled(n *record.NotificationRequested, because string) *record.NotificationRecalled {
	r := &record.NotificationRecalled{Header: n.Header, Notice: n.Notice, Attempt: n.Attempt, Because: because}
	r.EventID = repair.DerivedID(n.OccurredAt, "recall", n.EventID)
	return r
}

// about is a notification of a kind about the repair of another.
func (r *rig) about(of *record.NotificationRequested, kind record.NotificationKind) *record.NotificationRequested {
	r.T.Helper()
	n := example(r.T, r.codec, kind, "nl")
	r.asked++
	n.AggregateID, n.Contact = of.AggregateID, of.Contact
	n.NotificationID = repair.DerivedID(time.Now(), string(kind), fmt.Sprint(r.asked))
	n.OccurredAt, n.FirstRequestedAt = time.Now().UTC(), time.Now().UTC()
	n.ExpiresAt, n.ReadyAt = time.Now().Add(10*time.Minute).UTC(), time.Now().Add(10*time.Minute).UTC()
	return n
}

// fates says in short what became of attempts: the kind of the notification, and how.
func fates(records []any) []string {
	var short []string
	for _, rec := range records {
		switch d := rec.(type) {
		case *record.DeliveryAccepted:
			short = append(short, string(d.Kind)+" accepted")
		case *record.DeliveryDeferred:
			short = append(short, string(d.Kind)+" deferred")
		case *record.DeliveryWithheld:
			short = append(short, fmt.Sprintf("%s withheld: %s %s", d.Kind, d.Reason, d.Because))
		default:
			short = append(short, record.NameOf(rec))
		}
	}
	return short
}

// TestWhatWasRecalledIsNotSent, however far behind its request the recall is, though the
// relay was there all the time.
func TestWhatWasRecalledIsNotSent(t *testing.T) {
	bubble(t, func(r *rig) {
		stale := r.about(r.to("a@example.nl"), record.NotifyApprovalRequired)
		r.produce(stale)
		r.many(3 * 1000) // several fetches
		r.produce(recalled(stale, "decided"))
		_, stop := r.start("0")
		got := r.next(3001)
		if diff := cmp.Diff(map[string]int{"DeliveryAccepted": 3000, "DeliveryWithheld": 1}, counts(got)); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
		if i := slices.Index(fates(got), "approval_required withheld: recalled decided"); i < 0 {
			t.Error("the reason of the recall is lost")
		}
		once(t, r.server.accepted(t), 3000)
		stop()
		if lag := r.lag(); lag != 0 {
			t.Errorf("lag %d", lag)
		}
	})
}

// TestAfterAnOutageOfTheRelay only what still makes sense goes out.
func TestAfterAnOutageOfTheRelay(t *testing.T) {
	bubble(t, func(r *rig) {
		back := r.began.Add(20 * time.Minute)
		r.server.connect = func() error { return ifAway(func() bool { return time.Now().Before(back) }, errRefused) }
		s, stop := r.start("0")
		var (
			decided = r.about(r.to("decided@example.nl"), record.NotifyApprovalRequired)
			over    = r.about(r.to("expired@example.nl"), record.NotifyApprovalRequired)
			remind  = r.about(over, record.NotifyReminder)
			late    = r.about(r.to("late@example.nl"), record.NotifyReadyLater)
			true_   = r.about(r.to("true@example.nl"), record.NotifyApprovalRequired)
			ready   = r.about(true_, record.NotifyCompleted)
		)
		true_.ExpiresAt = back.Add(time.Minute).UTC()
		r.produce(decided, over, remind, late, true_, ready)
		r.none()
		r.produce(recalled(decided, "decided"))
		if diff := cmp.Diff([]string{"approval_required withheld: recalled decided"}, fates(r.next(1))); diff != "" {
			t.Errorf("while the relay is away: -want +got\n%s", diff)
		}
		<-time.After(time.Until(r.began.Add(10 * time.Minute)))
		got := fates(r.next(3))
		slices.Sort(got)
		if diff := cmp.Diff([]string{
			"approval_reminder withheld: out_of_date ", "approval_required withheld: out_of_date ", "ready_later withheld: out_of_date ",
		}, got); diff != "" {
			t.Errorf("when it expires: -want +got\n%s", diff)
		}
		if err := s.Progress.Check(time.Now()); err == nil {
			t.Error("ready, though the relay is away")
		}
		<-time.After(time.Until(back))
		if diff := cmp.Diff([]string{"approval_required accepted", "repair_completed accepted"}, fates(r.next(2))); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
		once(t, r.server.accepted(t), 2)
		stop()
		if lag := r.lag(); lag != 0 {
			t.Errorf("lag %d", lag)
		}
	})
}

// TestARepairsMailsGoInOrder, though 32 go at once and the first of each repair is slow.
func TestARepairsMailsGoInOrder(t *testing.T) {
	bubble(t, func(r *rig) {
		var slow sync.Map
		r.server.Data = func(m relaytest.Mail) error {
			if _, again := slow.LoadOrStore(m.To[0], true); !again {
				<-time.After(3 * time.Second)
			}
			return nil
		}
		kinds := []record.NotificationKind{record.NotifyStarted, record.NotifyApprovalRequired, record.NotifyReminder, record.NotifyCompleted}
		want := make(map[string][]string)
		for i := range 10 {
			of := r.to(fmt.Sprintf("%d@example.nl", i))
			for _, kind := range kinds {
				n := r.about(of, kind)
				want[of.AggregateID] = append(want[of.AggregateID], n.NotificationID)
				r.produce(n)
			}
		}
		r.start("0")
		got := make(map[string][]string)
		for _, rec := range r.next(40) {
			d, ok := rec.(*record.DeliveryAccepted)
			if !ok {
				t.Fatalf("got %s", record.NameOf(rec))
			}
			got[d.AggregateID] = append(got[d.AggregateID], d.NotificationID)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	})
}

// TestWhatIsBehindADeferredMailIsHeldBack: it is not sent before it; mails to others are.
func TestWhatIsBehindADeferredMailIsHeldBack(t *testing.T) {
	bubble(t, func(r *rig) {
		r.server.Recipient = func(to string) error {
			return ifAway(func() bool { return to == "a@example.nl" }, reply(451, "4.7.1 greylisted"))
		}
		one := r.to("a@example.nl")
		staff := fromCustomer(t, r.codec, "nl", repair.Text, "Hoe laat?")
		staff.AggregateID = one.AggregateID
		r.produce(one, r.about(one, record.NotifyApprovalRequired), staff, r.about(one, record.NotifyCompleted))
		_, stop := r.start("0")
		got := fates(r.next(4))
		slices.Sort(got)
		want := []string{
			"approval_required withheld: out_of_order ", "message accepted", "repair_completed withheld: out_of_order ", "repair_started deferred",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
		stop()
		if lag := r.lag(); lag != 0 {
			t.Errorf("lag %d", lag)
		}
	})
}

// TestMailsThatHangHoldBackNobody: those that arrive after them go out at once.
func TestMailsThatHangHoldBackNobody(t *testing.T) {
	bubble(t, func(r *rig) {
		done := make(chan struct{})
		defer close(done)
		var hangs atomic.Bool
		hangs.Store(true)
		r.server.Recipient = func(string) error {
			if hangs.Load() {
				<-done
			}
			return nil
		}
		r.many(31)
		r.start("0")
		<-time.After(time.Second)
		hangs.Store(false)
		for round := range 5 {
			for i := range 20 {
				r.produce(r.to(fmt.Sprintf("%d-%d@example.nl", round, i)))
			}
			if got := counts(r.next(20))["DeliveryAccepted"]; got != 20 {
				t.Errorf("%d accepted", got)
			}
		}
		if took := time.Since(r.began); took >= 9*time.Second {
			t.Errorf("the others went out after %s", took)
		}
		if got := counts(r.next(31))["DeliveryDeferred"]; got != 31 {
			t.Errorf("%d of those that hang deferred", got)
		}
	})
}

// TestAReplayedHistoryIsNeverOutOfDate: its mails go at their own time.
func TestAReplayedHistoryIsNeverOutOfDate(t *testing.T) {
	bubble(t, func(r *rig) {
		n := r.about(r.to("a@example.nl"), record.NotifyApprovalRequired)
		n.OccurredAt = time.Date(1999, 5, 20, 8, 0, 0, 0, time.UTC)
		n.FirstRequestedAt, n.ExpiresAt = n.OccurredAt, n.OccurredAt.Add(time.Hour)
		r.produce(n, recalled(n, "decided"))
		r.startWith("0", simulated{4 * time.Second})
		if diff := cmp.Diff([]string{"approval_required accepted"}, fates(r.next(1))); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	})
}
