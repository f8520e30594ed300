package email

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pitstop/deploy/relaytest"
)

// TestAwayBurnsNoAttempt: the relay fails in every way for ten minutes, then
// takes everything: once.
func TestAwayBurnsNoAttempt(t *testing.T) {
	for _, c := range []struct {
		name string
		fail func(o *mailServer, away func() bool)
		why  string
	}{
		{"no connection", func(o *mailServer, away func() bool) {
			o.connect = func() error { return ifAway(away, errRefused) }
		}, "connect to relay: connection refused"},
		{"421 greeting", func(o *mailServer, away func() bool) {
			o.greet = func() string {
				if away() {
					return "421 4.3.2 shutting down"
				}
				return ""
			}
		}, `relay's greeting: 421 "4.3.2 shutting down"`},
		{"554 greeting", func(o *mailServer, away func() bool) {
			o.greet = func() string {
				if away() {
					return "554 go away"
				}
				return ""
			}
		}, `relay's greeting: 554 "go away"`},
		{"sender refused", func(o *mailServer, away func() bool) {
			o.Sender = func(string) error { return ifAway(away, reply(553, "5.7.1 not your domain")) }
		}, `relay refuses the sender bericht@debrug.example: 553 "5.7.1 not your domain"`},
		{"421 to a recipient", func(o *mailServer, away func() bool) {
			o.Recipient = func(string) error { return ifAway(away, reply(421, "4.7.0 too many")) }
		}, "relay closes the connection while taking a mail (421)"},
		{"421 to a mail", func(o *mailServer, away func() bool) {
			o.Data = func(relaytest.Mail) error { return ifAway(away, reply(421, "4.7.0 too many")) }
		}, "relay closes the connection while taking a mail (421)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(r *rig) {
				back := r.began.Add(10 * time.Minute)
				c.fail(r.server, func() bool { return time.Now().Before(back) })
				r.many(50)
				s, stop := r.start("0")
				r.none()
				if err := s.Progress.Check(time.Now()); err == nil || !strings.Contains(err.Error(), c.why) {
					t.Errorf("not ready because %v, want %q", err, c.why)
				}
				<-time.After(time.Until(back))
				got := r.next(50)
				if n := counts(got)["DeliveryAccepted"]; n != 50 {
					t.Errorf("%v, want 50 accepted", counts(got))
				}
				r.none()
				once(t, r.server.accepted(t), 50)
				if err := s.Progress.Check(time.Now()); err != nil {
					t.Errorf("not ready when the relay is back: %v", err)
				}
				stop()
				if lag := r.lag(); lag != 0 {
					t.Errorf("lag %d", lag)
				}
			})
		})
	}
}

func ifAway(away func() bool, err error) error {
	if away() {
		return err
	}
	return nil
}

// TestARelayThatComesAndGoes: whatever was accepted before it went is not sent again.
func TestARelayThatComesAndGoes(t *testing.T) {
	bubble(t, func(r *rig) {
		var dials atomic.Int32
		r.server.connect = func() error { return ifAway(func() bool { return dials.Add(1)%7 == 0 }, errRefused) }
		r.many(120)
		r.start("0")
		if got := counts(r.next(120))["DeliveryAccepted"]; got != 120 {
			t.Errorf("%d accepted", got)
		}
		r.none()
		once(t, r.server.accepted(t), 120)
	})
}

// TestAMailThatMakesTheRelayHangUp holds back nobody in its batch.
func TestAMailThatMakesTheRelayHangUp(t *testing.T) {
	bubble(t, func(r *rig) {
		r.server.Recipient = func(to string) error {
			return ifAway(func() bool { return to == "0@example.nl" }, reply(421, "never mind"))
		}
		r.many(20)
		s, _ := r.start("0")
		if got := counts(r.next(19))["DeliveryAccepted"]; got != 19 {
			t.Errorf("%d accepted", got)
		}
		r.none()
		once(t, r.server.accepted(t), 19)
		if err := s.Progress.Check(time.Now()); err == nil {
			t.Error("ready, though a mail cannot be sent")
		}
	})
}

// TestARelayThatIsAwayIsNotPestered: one attempt at a time asks whether it is back.
func TestARelayThatIsAwayIsNotPestered(t *testing.T) {
	bubble(t, func(r *rig) {
		var dials atomic.Int32
		r.server.connect = func() error {
			dials.Add(1)
			return errRefused
		}
		r.many(200)
		r.start("0")
		r.none() // for a minute
		// At first as many as are in flight, then some twenty, ever further apart.
		if n := dials.Load(); n < 5 || n > maxInFlight+20 {
			t.Errorf("%d connections in a minute", n)
		}
	})
}
