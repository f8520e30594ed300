package email

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/deploy/relaytest"
	"pitstop/schemas/kafka"
	"pitstop/schemas/record"
	"pitstop/sinks"
)

// TestAnOutcomeThatCannotBeWritten: it is kept, and the mail is not sent again.
func TestAnOutcomeThatCannotBeWritten(t *testing.T) {
	bubble(t, func(r *rig) {
		r.many(3)
		back := r.began.Add(5 * time.Minute)
		r.failProduce(func() bool { return time.Now().Before(back) })
		s, _ := r.start("0")
		r.none()
		r.none()
		if err := s.Progress.Check(time.Now()); err == nil {
			t.Error("ready, though nothing can be recorded")
		}
		<-time.After(time.Until(back))
		if got := counts(r.next(3))["DeliveryAccepted"]; got != 3 {
			t.Errorf("%d accepted", got)
		}
		r.none()
		once(t, r.server.accepted(t), 3)
	})
}

// TestASecondCopyBearsTheSameMessageID: a process dies between the relay's yes
// and the record of it; the next one sends again.
func TestASecondCopyBearsTheSameMessageID(t *testing.T) {
	bubble(t, func(r *rig) {
		n := r.to("a@example.nl")
		r.produce(n)
		var dead atomic.Bool
		dead.Store(true)
		r.failProduce(dead.Load)
		_, stop := r.start("0")
		r.none()
		stop()
		dead.Store(false)
		r.start("0")
		got := r.next(1)
		if len(got) != 1 || got[0].(record.Headed).Head().EventID != sinks.AttemptID(n) {
			t.Fatalf("recorded %v", got)
		}
		copies := r.server.accepted(t)["<"+n.NotificationID+"@debrug.example>"]
		if len(copies) != 2 {
			t.Fatalf("%d copies with the same Message-ID, want 2", len(copies))
		}
	})
}

// TestWhatIsInFlightIsFinished: a stop request cuts nothing in half.
func TestWhatIsInFlightIsFinished(t *testing.T) {
	bubble(t, func(r *rig) {
		begun := make(chan struct{}, 100)
		r.server.Data = func(relaytest.Mail) error {
			begun <- struct{}{}
			<-time.After(time.Second)
			return nil
		}
		r.many(40)
		_, stop := r.start("0")
		<-begun
		stop()
		sent := len(r.server.accepted(t))
		once(t, r.server.accepted(t), sent)
		if got := counts(r.next(sent))["DeliveryAccepted"]; got != sent || sent == 0 {
			t.Errorf("%d recorded, %d sent", got, sent)
		}
		r.start("0")
		if got := counts(r.next(40 - sent))["DeliveryAccepted"]; got != 40-sent {
			t.Errorf("%d recorded after the start, want %d", got, 40-sent)
		}
		once(t, r.server.accepted(t), 40)
	})
}

// TestARestartSendsNothingTwice: what went out behind one that cannot is not committed,
// but it is on the log.
func TestARestartSendsNothingTwice(t *testing.T) {
	bubble(t, func(r *rig) {
		stuck := r.to("stuck@example.nl")
		stuck.GarageID = "elsewhere" // is waited for
		r.produce(stuck)
		r.many(50)
		_, stop := r.start("0")
		if got := counts(r.next(50))["DeliveryAccepted"]; got != 50 {
			t.Errorf("%d accepted", got)
		}
		stop()
		r.start("1")
		r.none()
		once(t, r.server.accepted(t), 50)
	})
}

// TestAMemberOfAnEarlierVersion: the group was assigned otherwise. While a member of then is
// there the sink says why it waits; when that ends it goes on, and nothing is sent twice.
func TestAMemberOfAnEarlierVersion(t *testing.T) {
	bubble(t, func(r *rig) {
		r.many(1) // so that the group has positions
		_, stop := r.start("new")
		r.next(1)
		stop()
		<-time.After(2 * kafka.SessionTimeout)
		opts, err := r.kafka.Group(record.EmailSink.Group(), "old", r.log, record.Notifications.Name)
		if err != nil {
			r.Fatal(err)
		}
		old, err := kgo.NewClient(append(opts, kgo.Balancers(kgo.CooperativeStickyBalancer()))...)
		if err != nil {
			r.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(r.Context(), 10*time.Second)
		old.PollFetches(ctx)
		cancel()
		s, _ := r.start("new")
		r.many(5)
		r.none()
		if err := s.Progress.Check(time.Now()); err == nil || !strings.Contains(err.Error(), "an older version") {
			r.Errorf("beside a member of an earlier version: %v", err)
		}
		old.Close() // its session ends later
		if got := counts(r.next(5))["DeliveryAccepted"]; got != 5 {
			r.Errorf("%d accepted, want 5", got)
		}
		if err := s.Progress.Check(time.Now()); err != nil {
			r.Errorf("alone: %v", err)
		}
	})
}

// TestMembersComeAndGo: the partitions move between processes, and no mail goes
// out twice.
func TestMembersComeAndGo(t *testing.T) {
	bubble(t, func(r *rig) {
		r.server.Data = func(relaytest.Mail) error {
			<-time.After(300 * time.Millisecond)
			return nil
		}
		_, stopA := r.start("a")
		r.many(100)
		_, stopB := r.start("b")
		r.many(100)
		<-time.After(20 * time.Second)
		stopA()
		r.many(50)
		r.start("c")
		if got := counts(r.next(250))["DeliveryAccepted"]; got != 250 {
			t.Errorf("%d accepted, want 250", got)
		}
		stopB()
		r.none()
		for id, copies := range r.server.accepted(t) {
			if len(copies) != 1 {
				t.Errorf("%d copies of %s", len(copies), id)
			}
		}
	})
}
