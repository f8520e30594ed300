package email

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pitstop/deploy/relaytest"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
	"pitstop/sinks"
)

func TestAMailGoesOutAndIsRecorded(t *testing.T) {
	bubble(t, func(r *rig) {
		n := r.to("j.devries@example.nl")
		n.Attempt = 3
		_, stop := r.start("0")
		r.produce(n)
		got := r.next(1)
		if len(got) != 1 {
			t.Fatal("nothing was recorded")
		}
		d, ok := got[0].(*record.DeliveryAccepted)
		if !ok {
			t.Fatalf("got %s, want DeliveryAccepted", r.words(got[0]))
		}
		id := "<" + n.NotificationID + "@debrug.example>"
		want := &record.DeliveryAccepted{
			Header: repair.Header{
				EventID: sinks.AttemptID(n), AggregateID: n.AggregateID, GarageID: "de-brug", OccurredAt: d.OccurredAt,
				Actor: repair.Actor{Role: repair.System}, CorrelationID: n.CorrelationID, CausationID: n.EventID,
			},
			Notice: n.Notice, DeliveryAttempt: record.DeliveryAttempt{Attempt: 3, Code: 250, Reply: d.Reply, MessageID: id},
		}
		if diff := cmp.Diff(want, d); diff != "" {
			t.Errorf("outcome (-want +got):\n%s", diff)
		}
		if d.OccurredAt.Before(n.OccurredAt) || d.OccurredAt.After(n.OccurredAt.Add(time.Second)) {
			t.Errorf("accepted at %s, asked for at %s", d.OccurredAt, n.OccurredAt)
		}
		if got, want := r.words(d), "DeliveryAccepted 250 2.0.0 OK: queued"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		mails := r.server.accepted(t)
		if len(mails) != 1 || len(mails[id]) != 1 {
			t.Fatalf("accepted %v, want one mail %s", mails, id)
		}
		if m := mails[id][0]; m.From != "bericht@debrug.example" || !slices.Equal(m.To, []string{"j.devries@example.nl"}) {
			t.Errorf("from %s to %s", m.From, m.To)
		}
		stop()
		if lag := r.lag(); lag != 0 {
			t.Errorf("lag %d after all is done", lag)
		}
	})
}

func TestOtherRecordsAndChannelsAreNotMailed(t *testing.T) {
	bubble(t, func(r *rig) {
		phone := r.to("a@example.nl")
		phone.Channel = repair.Phone
		suppressed := &record.NotificationSuppressed{Header: phone.Header, Notice: phone.Notice, Reason: record.NoAddress}
		_, stop := r.start("0")
		r.produce(phone, suppressed)
		r.none()
		stop()
		if len(r.server.Mails()) != 0 || r.lag() != 0 {
			t.Errorf("%d mails, lag %d", len(r.server.Mails()), r.lag())
		}
	})
}

func TestAHangingMailDelaysNobody(t *testing.T) {
	bubble(t, func(r *rig) {
		done := make(chan struct{})
		defer close(done)
		r.server.Recipient = func(to string) error {
			if to == "7@example.nl" {
				<-done
			}
			return nil
		}
		r.many(100)
		r.start("0")
		quick := r.next(99)
		if got := counts(quick)["DeliveryAccepted"]; got != 99 {
			t.Errorf("%v, want 99 accepted", counts(quick))
		}
		if took := time.Since(r.began); took >= sinks.AttemptLimit {
			t.Errorf("the others were recorded after %s", took)
		}
		slow := r.next(1)
		if len(slow) != 1 || r.words(slow[0]) != "DeliveryDeferred 0 the relay did not answer in time" {
			t.Fatalf("the hanging one: %v", counts(slow))
		}
		if took := slow[0].(*record.DeliveryDeferred).OccurredAt.Sub(r.began); took < sinks.AttemptLimit || took > sinks.AttemptLimit+time.Second {
			t.Errorf("the hanging one took %s, want %s", took, sinks.AttemptLimit)
		}
	})
}

func TestAttemptsInFlightAreLimited(t *testing.T) {
	const inFlight = 32
	bubble(t, func(r *rig) {
		var now, most atomic.Int32
		r.server.Data = func(relaytest.Mail) error {
			for n, m := now.Add(1), most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			defer now.Add(-1)
			<-time.After(time.Second) // the fake clock's
			return nil
		}
		r.many(3 * inFlight)
		r.start("0")
		if got := counts(r.next(3 * inFlight))["DeliveryAccepted"]; got != 3*inFlight {
			t.Errorf("%d accepted", got)
		}
		if took := time.Since(r.began); most.Load() != inFlight || took > 5*time.Second {
			t.Errorf("%d together in %s, want %d in little more than 3s", most.Load(), took, inFlight)
		}
	})
}

func TestAnswersOfTheRelay(t *testing.T) {
	drop := func(o *mailServer) {
		o.Data = func(relaytest.Mail) error { return reply(451, "4.3.0 try again") }
	}
	for _, c := range []struct {
		name string
		fail func(o *mailServer)
		want string
	}{
		{"recipient refused for now", func(o *mailServer) { o.Recipient = func(string) error { return reply(450, "4.2.1 greylisted") } }, "DeliveryDeferred 450 4.2.1 greylisted"},
		{"recipient refused for good", func(o *mailServer) { o.Recipient = func(string) error { return reply(550, "5.1.1 no such user") } }, "DeliveryFailed 550 5.1.1 no such user"},
		{"sender refused for now", func(o *mailServer) { o.Sender = func(string) error { return reply(452, "4.3.1 no room") } }, "DeliveryDeferred 452 4.3.1 no room"},
		{"mail refused for now", drop, "DeliveryDeferred 451 4.3.0 try again"},
		{"mail refused for good", func(o *mailServer) {
			o.Data = func(relaytest.Mail) error { return reply(554, "5.7.1 looks like spam") }
		}, "DeliveryFailed 554 5.7.1 looks like spam"},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(r *rig) {
				c.fail(r.server)
				_, stop := r.start("0")
				r.produce(r.to("a@example.nl"))
				got := r.next(1)
				if len(got) != 1 || r.words(got[0]) != c.want {
					t.Errorf("got %v, want %s", got, c.want)
				}
				stop()
				if lag := r.lag(); lag != 0 {
					t.Errorf("lag %d", lag)
				}
			})
		})
	}
}

// A garage that is not in the file may be in a newer one: its mails wait.
func TestAGarageThatIsNotInTheFileIsWaitedFor(t *testing.T) {
	bubble(t, func(r *rig) {
		n := r.to("a@example.nl")
		n.GarageID = "elsewhere"
		r.produce(n)
		s, _ := r.start("0")
		r.none()
		if err := s.Progress.Check(time.Now()); err == nil || !strings.Contains(err.Error(), `"elsewhere" is not in the garage file`) {
			r.Errorf("readiness says %v, want the reason", err)
		}
	})
}

func TestWhatCannotBeSentFails(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(r *rig, n *record.NotificationRequested)
		want   string
	}{
		{"no address", func(r *rig, n *record.NotificationRequested) {
			n.Contact = new(r.contact(repair.ContactDetails{Name: "X"}))
		}, "there is no mail address of the customer"},
		{"no contact", func(_ *rig, n *record.NotificationRequested) { n.Contact = nil }, "there is no mail address of the customer"},
		{"malformed address", func(r *rig, n *record.NotificationRequested) {
			n.Contact = new(r.contact(repair.ContactDetails{Email: "not an address"}))
		}, "the address of the customer is not a mail address"},
		{"two addresses", func(r *rig, n *record.NotificationRequested) {
			n.Contact = new(r.contact(repair.ContactDetails{Email: "a@example.nl,b@example.nl"}))
		}, "the address of the customer is not a mail address"},
		{"address with a command", func(r *rig, n *record.NotificationRequested) {
			n.Contact = new(r.contact(repair.ContactDetails{Email: "a@example.nl>\r\nDATA"}))
		}, "the address of the customer is not a mail address"},
		{"unknown mechanic", func(_ *rig, n *record.NotificationRequested) {
			n.Recipient = repair.Actor{Role: repair.Mechanic, ID: "nobody"}
		}, `there is no mail address of the mechanic "nobody"`},
		{
			"sealed with a key that was deleted", func(_ *rig, n *record.NotificationRequested) { n.Vehicle.KeyID = "gone" },
			`open personal data: undecodable: sealed with key "gone", which this program does not have`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(r *rig) {
				n := r.to("a@example.nl")
				c.change(r, n)
				r.produce(n)
				r.start("0")
				got := r.next(1)
				if len(got) != 1 || r.words(got[0]) != "DeliveryFailed 0 "+c.want {
					t.Errorf("got %v, want %q", got, c.want)
				}
				if len(r.server.Mails()) != 0 {
					t.Error("a mail went out")
				}
			})
		})
	}
}

func TestStaffAddressesComeFromTheGarageFile(t *testing.T) {
	for role, want := range map[repair.Role]string{
		repair.Mechanic: "sam@debrug.example", repair.CustomerService: "klantenservice@debrug.example", repair.Manager: "manager@debrug.example",
	} {
		bubble(t, func(r *rig) {
			n := fromCustomer(t, r.codec, "nl", repair.Text, "Hoe laat?")
			n.Recipient = repair.Actor{Role: role, ID: "sam"}
			r.produce(n)
			r.start("0")
			r.next(1)
			if len(r.server.Mails()) != 1 || !slices.Equal(r.server.Mails()[0].To, []string{want}) {
				t.Errorf("%s: got %v, want %s", role, r.server.Mails(), want)
			}
		})
	}
}

func TestWhatNoMailCanBeMadeOfIsADeadLetter(t *testing.T) {
	bubble(t, func(r *rig) {
		quoteless := r.to("a@example.nl")
		quoteless.Kind = record.NotifyApprovalRequired
		unknown := r.to("b@example.nl")
		unknown.Kind = "birthday"
		r.produce(quoteless, unknown, r.to("c@example.nl"))
		_, stop := r.start("0")
		got := r.next(3)
		want := map[string]int{"DeadLetter": 2, "DeliveryAccepted": 1}
		if diff := cmp.Diff(want, counts(got)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		r.none()
		stop()
		if lag := r.lag(); lag != 0 {
			t.Errorf("lag %d", lag)
		}
	})
}

// simulated is a transport such as a simulation's: it accepts some time after
// the request, whatever the clock says.
type simulated struct{ delay time.Duration }

func (simulated) Replays(time.Time) bool { return true }

func (s simulated) Send(_ context.Context, m Mail) (Receipt, error) {
	return Receipt{At: m.RequestedAt.Add(s.delay), Code: 250, Text: "simulated"}, nil
}

func TestATransportTellsWhenItAccepted(t *testing.T) {
	bubble(t, func(r *rig) {
		n := r.to("a@example.nl")
		n.OccurredAt = time.Date(1999, 5, 20, 8, 0, 0, 0, time.UTC)
		n.FirstRequestedAt = n.OccurredAt
		r.produce(n)
		r.startWith("0", simulated{4 * time.Second})
		got := r.next(1)
		if len(got) != 1 || !got[0].(record.Headed).Head().OccurredAt.Equal(n.OccurredAt.Add(4*time.Second)) {
			t.Errorf("recorded %v", got)
		}
	})
}
