package email

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/deploy/relaytest"
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
		if len(got) != 1 || got[0].(record.Headed).Head().EventID != outcomeID(n) {
			t.Fatalf("recorded %v", got)
		}
		copies := r.server.accepted(t)["<"+n.NotificationID+"@debrug.example>"]
		if len(copies) != 2 {
			t.Fatalf("%d copies with the same Message-ID, want 2", len(copies))
		}
	})
}

// TestABatchInHandIsFinished: a stop request cuts nothing in half.
func TestABatchInHandIsFinished(t *testing.T) {
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
		if lag := r.lag(); lag != 0 {
			t.Errorf("lag %d after a clean stop", lag)
		}
		once(t, r.server.accepted(t), 40)
		if got := counts(r.next(40))["DeliveryAccepted"]; got != 40 {
			t.Errorf("%d recorded", got)
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

// TestABatchThatComesAgain, after a rebalance, is neither sent nor recorded twice.
func TestABatchThatComesAgain(t *testing.T) {
	r := sealer{t, testCodec(t)}
	n, other := example(t, r.codec, record.NotifyStarted, "nl"), example(t, r.codec, record.NotifyCompleted, "nl")
	again := *other
	again.Attempt++
	var attempts, recorded []string
	w := &writer{
		attempt: func(_ context.Context, n *record.NotificationRequested) (*kgo.Record, error) {
			attempts = append(attempts, outcomeID(n))
			return &kgo.Record{Key: []byte(outcomeID(n))}, nil
		},
		record: func(_ context.Context, rec *kgo.Record) error {
			recorded = append(recorded, string(rec.Key))
			return nil
		},
		known: newMemory(10),
	}
	for _, batch := range [][]sinks.Message{
		{{Record: n}, {Record: n}},
		{{Record: n}, {Record: other}},
		{{Record: &again}, {Record: n}, {Record: other}},
	} {
		if done, err := w.Write(t.Context(), batch); err != nil || done != len(batch) {
			t.Errorf("%d of %d done, %v", done, len(batch), err)
		}
	}
	want := []string{outcomeID(n), outcomeID(other), outcomeID(&again)}
	if !slices.Equal(attempts, want) || !slices.Equal(recorded, want) {
		t.Errorf("attempts %v, recorded %v, want %v", attempts, recorded, want)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	m := newMemory(2)
	for _, id := range []string{"a", "b", "a", "c"} {
		m.put(id, nil, true)
	}
	for id, want := range map[string]bool{"a": false, "b": true, "c": true} {
		if _, got := m.get(id); got != want {
			t.Errorf("%s is remembered: %t, want %t", id, got, want)
		}
	}
	if len(m.outcomes) != 2 || len(m.order) != 2 {
		t.Errorf("%d outcomes, %d in order", len(m.outcomes), len(m.order))
	}
}
