package email

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"pitstop/deploy/relaytest"
	"pitstop/schemas/kafka/kafkatest"
	"pitstop/schemas/record"
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

// TestAClockThatStandsStill, or jumps back, as that of a history does: pauses are over when
// they are, whatever it says.
func TestAClockThatStandsStill(t *testing.T) {
	for name, clock := range map[string]func(began time.Time) time.Time{
		"stands still": func(began time.Time) time.Time { return began },
		"jumps back after ten seconds": func(began time.Time) time.Time {
			if now := time.Now(); now.Sub(began) < 10*time.Second {
				return now
			}
			return time.Now().Add(-48 * time.Hour).Round(0)
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(r *rig) {
				r.clock = func() time.Time { return clock(r.began) }
				back := r.began.Add(time.Minute)
				away := func() bool { return time.Now().Before(back) }
				r.server.connect = func() error { return ifAway(away, errRefused) }
				r.cluster.ControlKey(int16(kmsg.ListOffsets), func(req kmsg.Request) (kmsg.Response, error, bool) {
					r.cluster.KeepControl()
					if !away() || time.Since(r.began) < 5*time.Second {
						return nil, nil, false
					}
					resp := req.ResponseKind().(*kmsg.ListOffsetsResponse)
					for _, asked := range req.(*kmsg.ListOffsetsRequest).Topics {
						topic := kmsg.NewListOffsetsResponseTopic()
						topic.Topic = asked.Topic
						for _, p := range asked.Partitions {
							answer := kmsg.NewListOffsetsResponseTopicPartition()
							answer.Partition, answer.ErrorCode = p.Partition, kerr.NotLeaderForPartition.Code
							topic.Partitions = append(topic.Partitions, answer)
						}
						resp.Topics = append(resp.Topics, topic)
					}
					return resp, nil, true
				})
				r.many(3)
				s, _ := r.start("0")
				<-time.After(time.Until(back))
				if err := s.Progress.Check(time.Now()); err == nil {
					t.Error("ready, though neither relay nor brokers answer")
				}
				if got := counts(r.within(15*time.Second, 3))["DeliveryAccepted"]; got != 3 {
					t.Errorf("%d of 3 are accepted within 15 s", got)
				}
				<-time.After(2 * time.Second)
				if err := s.Progress.Check(time.Now()); err != nil {
					t.Errorf("not ready when both are back: %v", err)
				}
			})
		})
	}
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

// TestA421IsAboutOneMail: an address, or a mail, that is answered 421 is tried again later,
// and holds back nobody. (721 of 900 mails once waited behind one for seven hours.)
func TestA421IsAboutOneMail(t *testing.T) {
	for name, refuse := range map[string]func(o *mailServer, refused func(to string) error){
		"to a recipient": func(o *mailServer, refused func(string) error) { o.Recipient = refused },
		"to a mail": func(o *mailServer, refused func(string) error) {
			o.Data = func(m relaytest.Mail) error { return refused(m.To[0]) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(r *rig) {
				refuse(r.server, func(to string) error {
					return ifAway(func() bool { return to == "0@example.nl" }, reply(421, "4.7.0 never mind"))
				})
				r.many(100)
				s, stop := r.start("0")
				got := counts(r.next(100))
				if got["DeliveryAccepted"] != 99 || got["DeliveryDeferred"] != 1 {
					t.Errorf("%v, want 99 accepted and one deferred", got)
				}
				if took := time.Since(r.began); took > 5*time.Second {
					t.Errorf("the others went out after %s", took)
				}
				r.none()
				once(t, r.server.accepted(t), 99)
				if err := s.Progress.Check(time.Now()); err != nil {
					t.Errorf("not ready: %v", err)
				}
				stop()
				if lag := r.lag(); lag != 0 {
					t.Errorf("lag %d", lag)
				}
			})
		})
	}
}

// TestARelayThatIsAwayIsNotPestered: one attempt at a time asks whether it is back.
func TestARelayThatIsAwayIsNotPestered(t *testing.T) {
	const inFlight = 32
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
		if n := dials.Load(); n < 5 || n > inFlight+20 {
			t.Errorf("%d connections in a minute", n)
		}
	})
}

// A stranger's open transaction on the notifications hides what comes after it: readiness
// says whose it is and what to do, and once it has ended every mail goes out once. One that
// has ended on the deliveries holds nobody up.
func TestAStrangersOpenTransaction(t *testing.T) {
	bubble(t, func(r *rig) {
		kafkatest.OpenTransaction(r.T, r.kafka, "before", time.Minute, record.Deliveries, 0, 1)()
		s, _ := r.start("one")
		r.many(10)
		time.Sleep(time.Minute)
		once(r.T, r.server.accepted(r.T), 10)
		abort := kafkatest.OpenTransaction(r.T, r.kafka, "stranger", 15*time.Minute, record.Notifications, 0, 1)
		r.many(10)
		time.Sleep(30 * time.Second)
		for _, want := range []string{record.Notifications.Name + "[", "is hidden from offset", "the open transaction of stranger (producer"} {
			if err := s.Progress.Check(time.Now()); err == nil || !strings.Contains(err.Error(), want) {
				r.Errorf("readiness says %v, want %q", err, want)
			}
		}
		abort()
		time.Sleep(time.Minute)
		once(r.T, r.server.accepted(r.T), 20)
		if err := s.Progress.Check(time.Now()); err != nil {
			r.Errorf("afterwards: %v", err)
		}
	})
}
