package email

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"pitstop/schemas"
	"pitstop/schemas/kafka"
	"pitstop/schemas/repair"
	"pitstop/sinks"
)

// rig is a broker and a relay in memory, inside a synctest bubble.
type rig struct {
	*testing.T
	sealer
	kafka   kafka.Config
	cluster *kfake.Cluster
	client  *kgo.Client
	office  *office
	log     *slog.Logger
	began   time.Time
	asked   int
}

// bubble runs a test on a rig whose relay is open.
func bubble(t *testing.T, test func(r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var net kfake.VirtualNetwork
		cluster, err := kfake.NewCluster(
			kfake.NumBrokers(1), kfake.Ports(9092), kfake.ListenFn(net.Listen),
			kfake.SeedTopics(2, schemas.Notifications.Name, schemas.Deliveries.Name, schemas.DeadLetters.Name),
		)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(cluster.Close)
		r := &rig{
			T: t, sealer: sealer{t, testCodec(t)}, cluster: cluster, office: newOffice(t), began: time.Now(),
			kafka: kafka.Config{Brokers: cluster.ListenAddrs(), RegistryURL: "http://localhost", Dialer: net.DialContext},
			log:   slog.New(slog.DiscardHandler),
		}
		r.office.open(t)
		opts, err := r.kafka.Producer("test", r.log)
		if err != nil {
			t.Fatal(err)
		}
		if r.client, err = kgo.NewClient(append(opts, kgo.ConsumeTopics(schemas.Deliveries.Name, schemas.DeadLetters.Name))...); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(r.client.Close)
		test(r)
	})
}

// start runs a sink; stop ends it.
func (r *rig) start(instance string) (s *Sink, stop func()) {
	r.T.Helper()
	return r.startWith(instance, r.transport())
}

func (r *rig) transport() Transport {
	r.T.Helper()
	t, err := SMTP(Relay{Addr: "127.0.0.1:25"}, time.Now)
	if err != nil {
		r.Fatal(err)
	}
	t.(*relay).dial = r.office.dial
	return t
}

func (r *rig) startWith(instance string, transport Transport) (s *Sink, stop func()) {
	r.T.Helper()
	s, err := New(testConfig(r.T), testBook(r.T), r.codec, transport, time.Now, r.log)
	if err != nil {
		r.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, r.kafka, instance) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			r.Error(err)
		}
	})
	r.T.Cleanup(stop)
	return s, stop
}

// to asks for a mail to an address.
func (r *rig) to(address string) *schemas.NotificationRequested {
	r.T.Helper()
	n := example(r.T, r.codec, schemas.NotifyStarted, "nl")
	contact := r.contact(repair.ContactDetails{Name: "J. de Vries", Email: address})
	r.asked++
	n.AggregateID, n.Contact = repair.RepairID("de-brug", "key", address), &contact
	n.NotificationID = repair.DerivedID(time.Now(), address, strconv.Itoa(r.asked))
	n.OccurredAt, n.FirstRequestedAt = time.Now().UTC(), time.Now().UTC()
	return n
}

func (r *rig) produce(records ...any) {
	r.T.Helper()
	for _, record := range records {
		value, err := r.codec.Encode(record)
		if err != nil {
			r.Fatal(err)
		}
		key := record.(schemas.Headed).Head().AggregateID
		if err := r.client.ProduceSync(r.T.Context(), &kgo.Record{Topic: schemas.Notifications.Name, Key: []byte(key), Value: value}).FirstErr(); err != nil {
			r.Fatal(err)
		}
	}
}

// many asks for n mails, to 0@example.nl and so on.
func (r *rig) many(n int) {
	r.T.Helper()
	for i := range n {
		r.produce(r.to(fmt.Sprintf("%d@example.nl", i)))
	}
}

// next gives the next n records on the deliveries and the dead letters, or as
// many as there are within a quarter of an hour.
func (r *rig) next(n int) []any {
	r.T.Helper()
	return r.within(15*time.Minute, n)
}

func (r *rig) within(patience time.Duration, n int) []any {
	r.T.Helper()
	ctx, cancel := context.WithTimeout(r.T.Context(), patience)
	defer cancel()
	var records []any
	for len(records) < n && ctx.Err() == nil {
		r.client.PollRecords(ctx, n-len(records)).EachRecord(func(rec *kgo.Record) {
			record, err := r.codec.Decode(ctx, rec.Value)
			if err != nil {
				r.Fatal(err)
			}
			records = append(records, record)
		})
	}
	return records
}

// none fails if another outcome or dead letter comes within a minute.
func (r *rig) none() {
	r.T.Helper()
	for _, record := range r.within(time.Minute, 1) {
		r.Errorf("unexpected %s: %+v", schemas.NameOf(record), record)
	}
}

// words are a delivery's code and the server's words.
func (r *rig) words(record any) string {
	r.T.Helper()
	a := attemptOf(record)
	text, err := schemas.Open[repair.FreeText](r.T.Context(), r.codec, a.Reply)
	if err != nil {
		r.Fatal(err)
	}
	return fmt.Sprintf("%s %d %s", schemas.NameOf(record), a.Code, text.Text)
}

func attemptOf(record any) schemas.DeliveryAttempt {
	switch d := record.(type) {
	case *schemas.DeliveryAccepted:
		return d.DeliveryAttempt
	case *schemas.DeliveryDeferred:
		return d.DeliveryAttempt
	case *schemas.DeliveryFailed:
		return d.DeliveryAttempt
	}
	return schemas.DeliveryAttempt{}
}

func (r *rig) lag() int64 {
	r.T.Helper()
	lags, err := kadm.NewClient(r.client).Lag(r.T.Context(), schemas.Prefix+Name)
	if err != nil {
		r.Fatal(err)
	}
	return lags.Sorted()[0].Lag.Total()
}

func counts(records []any) map[string]int {
	n := make(map[string]int)
	for _, record := range records {
		n[schemas.NameOf(record)]++
	}
	return n
}

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
		d, ok := got[0].(*schemas.DeliveryAccepted)
		if !ok {
			t.Fatalf("got %s, want DeliveryAccepted", r.words(got[0]))
		}
		id := "<" + n.NotificationID + "@debrug.example>"
		want := &schemas.DeliveryAccepted{
			Header: repair.Header{
				EventID: outcomeID(n), AggregateID: n.AggregateID, GarageID: "de-brug", OccurredAt: d.OccurredAt,
				Actor: repair.Actor{Role: repair.System}, CorrelationID: n.CorrelationID, CausationID: n.EventID,
			},
			Notice: n.Notice, DeliveryAttempt: schemas.DeliveryAttempt{Attempt: 3, Code: 250, Reply: d.Reply, MessageID: id},
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
		mails := r.office.accepted(t)
		if len(mails) != 1 || len(mails[id]) != 1 {
			t.Fatalf("accepted %v, want one mail %s", mails, id)
		}
		if m := mails[id][0]; m.from != "bericht@debrug.example" || !slices.Equal(m.to, []string{"j.devries@example.nl"}) {
			t.Errorf("from %s to %s", m.from, m.to)
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
		suppressed := &schemas.NotificationSuppressed{Header: phone.Header, Notice: phone.Notice, Reason: schemas.NoAddress}
		_, stop := r.start("0")
		r.produce(phone, suppressed)
		r.none()
		stop()
		if len(r.office.mails) != 0 || r.lag() != 0 {
			t.Errorf("%d mails, lag %d", len(r.office.mails), r.lag())
		}
	})
}

func TestAHangingMailDelaysNobody(t *testing.T) {
	bubble(t, func(r *rig) {
		done := make(chan struct{})
		defer close(done)
		r.office.rcpt = func(to string) error {
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
		if took := time.Since(r.began); took >= AttemptLimit {
			t.Errorf("the others were recorded after %s", took)
		}
		slow := r.next(1)
		if len(slow) != 1 || r.words(slow[0]) != "DeliveryDeferred 0 the relay did not answer in time" {
			t.Fatalf("the hanging one: %v", counts(slow))
		}
		if took := slow[0].(*schemas.DeliveryDeferred).OccurredAt.Sub(r.began); took < AttemptLimit || took > AttemptLimit+time.Second {
			t.Errorf("the hanging one took %s, want %s", took, AttemptLimit)
		}
	})
}

func TestAtMostSoManyAreInFlight(t *testing.T) {
	bubble(t, func(r *rig) {
		var now, most atomic.Int32
		r.office.data = func(letterIn) error {
			for n, m := now.Add(1), most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			defer now.Add(-1)
			<-time.After(time.Second) // the fake clock's
			return nil
		}
		r.many(3 * together)
		r.start("0")
		if got := counts(r.next(3 * together))["DeliveryAccepted"]; got != 3*together {
			t.Errorf("%d accepted", got)
		}
		if took := time.Since(r.began); most.Load() != together || took > 5*time.Second {
			t.Errorf("%d together in %s, want %d in little more than 3s", most.Load(), took, together)
		}
	})
}

func TestAnswersOfTheRelay(t *testing.T) {
	drop := func(o *office) {
		o.data = func(letterIn) error { return reply(451, "4.3.0 try again") }
	}
	for _, c := range []struct {
		name string
		fail func(o *office)
		want string
	}{
		{"recipient refused for now", func(o *office) { o.rcpt = func(string) error { return reply(450, "4.2.1 greylisted") } }, "DeliveryDeferred 450 4.2.1 greylisted"},
		{"recipient refused for good", func(o *office) { o.rcpt = func(string) error { return reply(550, "5.1.1 no such user") } }, "DeliveryFailed 550 5.1.1 no such user"},
		{"sender refused for now", func(o *office) { o.sender = func(string) error { return reply(452, "4.3.1 no room") } }, "DeliveryDeferred 452 4.3.1 no room"},
		{"mail refused for now", drop, "DeliveryDeferred 451 4.3.0 try again"},
		{"mail refused for good", func(o *office) { o.data = func(letterIn) error { return reply(554, "5.7.1 looks like spam") } }, "DeliveryFailed 554 5.7.1 looks like spam"},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(r *rig) {
				c.fail(r.office)
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

// TestAwayBurnsNoAttempt: the relay fails in every way for ten minutes, then
// takes everything: once.
func TestAwayBurnsNoAttempt(t *testing.T) {
	for _, c := range []struct {
		name string
		fail func(o *office, away func() bool)
		why  string
	}{
		{"no connection", func(o *office, away func() bool) {
			o.connect = func() error { return ifAway(away, errRefused) }
		}, "connect to relay: connection refused"},
		{"421 greeting", func(o *office, away func() bool) {
			o.greet = func() string {
				if away() {
					return "421 4.3.2 shutting down"
				}
				return ""
			}
		}, `relay's greeting: 421 "4.3.2 shutting down"`},
		{"554 greeting", func(o *office, away func() bool) {
			o.greet = func() string {
				if away() {
					return "554 go away"
				}
				return ""
			}
		}, `relay's greeting: 554 "go away"`},
		{"sender refused", func(o *office, away func() bool) {
			o.sender = func(string) error { return ifAway(away, reply(553, "5.7.1 not your domain")) }
		}, `relay refuses the sender bericht@debrug.example: 553 "5.7.1 not your domain"`},
		{"421 to a recipient", func(o *office, away func() bool) {
			o.rcpt = func(string) error { return ifAway(away, reply(421, "4.7.0 too many")) }
		}, "relay closes the connection while taking a mail (421)"},
		{"421 to a mail", func(o *office, away func() bool) {
			o.data = func(letterIn) error { return ifAway(away, reply(421, "4.7.0 too many")) }
		}, "relay closes the connection while taking a mail (421)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(r *rig) {
				back := r.began.Add(10 * time.Minute)
				c.fail(r.office, func() bool { return time.Now().Before(back) })
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
				once(t, r.office.accepted(t), 50)
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

func once(t *testing.T, mails map[string][]letterIn, n int) {
	t.Helper()
	if len(mails) != n {
		t.Errorf("%d mails, want %d", len(mails), n)
	}
	for id, copies := range mails {
		if len(copies) != 1 {
			t.Errorf("%d copies of %s", len(copies), id)
		}
	}
}

// TestARelayThatComesAndGoes: whatever was accepted before it went is not sent again.
func TestARelayThatComesAndGoes(t *testing.T) {
	bubble(t, func(r *rig) {
		var dials atomic.Int32
		r.office.connect = func() error { return ifAway(func() bool { return dials.Add(1)%7 == 0 }, errRefused) }
		r.many(120)
		r.start("0")
		if got := counts(r.next(120))["DeliveryAccepted"]; got != 120 {
			t.Errorf("%d accepted", got)
		}
		r.none()
		once(t, r.office.accepted(t), 120)
	})
}

// TestAMailThatMakesTheRelayHangUp holds back nobody in its batch.
func TestAMailThatMakesTheRelayHangUp(t *testing.T) {
	bubble(t, func(r *rig) {
		r.office.rcpt = func(to string) error {
			return ifAway(func() bool { return to == "0@example.nl" }, reply(421, "never mind"))
		}
		r.many(20)
		s, _ := r.start("0")
		if got := counts(r.next(19))["DeliveryAccepted"]; got != 19 {
			t.Errorf("%d accepted", got)
		}
		r.none()
		once(t, r.office.accepted(t), 19)
		if err := s.Progress.Check(time.Now()); err == nil {
			t.Error("ready, though a mail cannot be sent")
		}
	})
}

// failProduce makes the broker refuse every write while it says so.
func (r *rig) failProduce(while func() bool) {
	r.cluster.ControlKey(int16(kmsg.Produce), func(req kmsg.Request) (kmsg.Response, error, bool) {
		r.cluster.KeepControl()
		if !while() {
			return nil, nil, false
		}
		p := req.(*kmsg.ProduceRequest)
		resp := p.ResponseKind().(*kmsg.ProduceResponse)
		for _, t := range p.Topics {
			rt := kmsg.NewProduceResponseTopic()
			rt.Topic, rt.TopicID = t.Topic, t.TopicID
			for _, part := range t.Partitions {
				rp := kmsg.NewProduceResponseTopicPartition()
				rp.Partition, rp.ErrorCode = part.Partition, kerr.NotEnoughReplicas.Code
				rt.Partitions = append(rt.Partitions, rp)
			}
			resp.Topics = append(resp.Topics, rt)
		}
		return resp, nil, true
	})
}

// TestAnOutcomeThatCannotBeWritten is kept: the mail is not sent again.
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
		once(t, r.office.accepted(t), 3)
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
		if len(got) != 1 || got[0].(schemas.Headed).Head().EventID != outcomeID(n) {
			t.Fatalf("recorded %v", got)
		}
		copies := r.office.accepted(t)["<"+n.NotificationID+"@debrug.example>"]
		if len(copies) != 2 {
			t.Fatalf("%d copies with the same Message-ID, want 2", len(copies))
		}
	})
}

// TestABatchInHandIsFinished: a stop request cuts nothing in half.
func TestABatchInHandIsFinished(t *testing.T) {
	bubble(t, func(r *rig) {
		begun := make(chan struct{}, 100)
		r.office.data = func(letterIn) error {
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
		once(t, r.office.accepted(t), 40)
		if got := counts(r.next(40))["DeliveryAccepted"]; got != 40 {
			t.Errorf("%d recorded", got)
		}
	})
}

func TestWhatCannotBeSentFails(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(r *rig, n *schemas.NotificationRequested)
		want   string
	}{
		{"unknown garage", func(_ *rig, n *schemas.NotificationRequested) { n.GarageID = "elsewhere" }, `garage "elsewhere" is not in the garage file`},
		{"no address", func(r *rig, n *schemas.NotificationRequested) {
			n.Contact = new(r.contact(repair.ContactDetails{Name: "X"}))
		}, "there is no mail address of the customer"},
		{"no contact", func(_ *rig, n *schemas.NotificationRequested) { n.Contact = nil }, "there is no mail address of the customer"},
		{"malformed address", func(r *rig, n *schemas.NotificationRequested) {
			n.Contact = new(r.contact(repair.ContactDetails{Email: "not an address"}))
		}, "the address of the customer is not a mail address"},
		{"two addresses", func(r *rig, n *schemas.NotificationRequested) {
			n.Contact = new(r.contact(repair.ContactDetails{Email: "a@example.nl,b@example.nl"}))
		}, "the address of the customer is not a mail address"},
		{"address with a command", func(r *rig, n *schemas.NotificationRequested) {
			n.Contact = new(r.contact(repair.ContactDetails{Email: "a@example.nl>\r\nDATA"}))
		}, "the address of the customer is not a mail address"},
		{"unknown mechanic", func(_ *rig, n *schemas.NotificationRequested) {
			n.Recipient = repair.Actor{Role: repair.Mechanic, ID: "nobody"}
		}, `there is no mail address of the mechanic "nobody"`},
		{
			"sealed with a key that was deleted", func(_ *rig, n *schemas.NotificationRequested) { n.Vehicle.KeyID = "gone" },
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
				if len(r.office.mails) != 0 {
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
			if len(r.office.mails) != 1 || !slices.Equal(r.office.mails[0].to, []string{want}) {
				t.Errorf("%s: got %v, want %s", role, r.office.mails, want)
			}
		})
	}
}

func TestWhatNoMailCanBeMadeOfIsADeadLetter(t *testing.T) {
	bubble(t, func(r *rig) {
		quoteless := r.to("a@example.nl")
		quoteless.Kind = schemas.NotifyApprovalRequired
		unknown := r.to("b@example.nl")
		unknown.Kind = "birthday"
		r.produce(quoteless, unknown, r.to("c@example.nl"))
		_, stop := r.start("0")
		got := r.next(3)
		want := map[string]int{"DeadLetter": 2, "DeliveryAccepted": 1}
		if diff := cmp.Diff(want, counts(got)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		stop()
		if lag := r.lag(); lag != 0 {
			t.Errorf("lag %d", lag)
		}
	})
}

// TestMembersComeAndGo: the partitions move between processes, and no mail goes
// out twice.
func TestMembersComeAndGo(t *testing.T) {
	bubble(t, func(r *rig) {
		r.office.data = func(letterIn) error {
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
		for id, copies := range r.office.accepted(t) {
			if len(copies) != 1 {
				t.Errorf("%d copies of %s", len(copies), id)
			}
		}
	})
}

// TestABatchThatComesAgain, after a rebalance, is neither sent nor recorded twice.
func TestABatchThatComesAgain(t *testing.T) {
	r := sealer{t, testCodec(t)}
	n, other := example(t, r.codec, schemas.NotifyStarted, "nl"), example(t, r.codec, schemas.NotifyCompleted, "nl")
	again := *other
	again.Attempt++
	var attempts, recorded []string
	w := &writer{
		attempt: func(_ context.Context, n *schemas.NotificationRequested) (*kgo.Record, error) {
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

// simulated is a transport such as a simulation's: it accepts some time after
// the request, whatever the clock says.
type simulated struct{ delay time.Duration }

func (s simulated) Send(_ context.Context, m Mail) (Receipt, error) {
	return Receipt{At: m.RequestedAt.Add(s.delay), Code: 250, Words: "simulated"}, nil
}

func TestATransportTellsWhenItAccepted(t *testing.T) {
	bubble(t, func(r *rig) {
		n := r.to("a@example.nl")
		n.OccurredAt = time.Date(1999, 5, 20, 8, 0, 0, 0, time.UTC)
		n.FirstRequestedAt = n.OccurredAt
		r.produce(n)
		r.startWith("0", simulated{4 * time.Second})
		got := r.next(1)
		if len(got) != 1 || !got[0].(schemas.Headed).Head().OccurredAt.Equal(n.OccurredAt.Add(4*time.Second)) {
			t.Errorf("recorded %v", got)
		}
	})
}

// TestARelayThatIsAwayIsNotPestered: one attempt at a time asks whether it is back.
func TestARelayThatIsAwayIsNotPestered(t *testing.T) {
	bubble(t, func(r *rig) {
		var dials atomic.Int32
		r.office.connect = func() error {
			dials.Add(1)
			return errRefused
		}
		r.many(200)
		r.start("0")
		r.none() // for a minute
		// At first as many as are in flight, then some twenty, ever further apart.
		if n := dials.Load(); n < 5 || n > together+20 {
			t.Errorf("%d connections in a minute", n)
		}
	})
}
