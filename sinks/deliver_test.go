package sinks

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/schemas/kafka"
	"pitstop/schemas/kafka/kafkatest"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// post is a delivery of one partition to a target in memory, inside a synctest bubble.
type post struct {
	*testing.T
	*kafkatest.Cluster
	client *kgo.Client
	now    func() time.Time // the sink's clock
	mu     sync.Mutex
	fail   func(*record.NotificationRequested) error // of an attempt; nil: none fails
	sent   []string                                  // the notifications that were accepted
}

// Errors of an attempt that make it refused.
var (
	errForNow  = errors.New("refused for now")
	errForGood = errors.New("refused for good")
)

func delivering(t *testing.T, test func(*post)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := &post{T: t, Cluster: kafkatest.Start(t, 1), now: time.Now}
		p.client = p.Client(t)
		test(p)
	})
}

// start runs Deliver; stop ends it.
func (p *post) start() (c Config, stop func()) {
	p.Helper()
	c = Config{Consumer: record.EmailSink, Instance: "a", Kafka: p.Config, Codec: p.Codec, Progress: new(kafka.Progress), Now: p.now, Log: p.Log}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- Deliver(ctx, c, Channel{Name: repair.Email, Attempt: p.attempt}) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			p.T.Error(err)
		}
	})
	p.T.Cleanup(stop)
	return c, stop
}

func (p *post) attempt(_ context.Context, n *record.NotificationRequested) (record.Headed, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var err error
	if p.fail != nil {
		err = p.fail(n)
	}
	head, made := DeliveryHeader(n, time.Now()), record.DeliveryAttempt{Attempt: n.Attempt}
	switch {
	case err == nil:
		p.sent = append(p.sent, n.NotificationID)
		return &record.DeliveryAccepted{Header: head, Notice: n.Notice, DeliveryAttempt: made}, nil
	case errors.Is(err, errForNow):
		return &record.DeliveryDeferred{Header: head, Notice: n.Notice, DeliveryAttempt: made}, nil
	case errors.Is(err, errForGood):
		return &record.DeliveryFailed{Header: head, Notice: n.Notice, DeliveryAttempt: made}, nil
	}
	return nil, err
}

// failing makes attempts fail.
func (p *post) failing(fail func(*record.NotificationRequested) error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fail = fail
}

// mail is the first request of a mail to the customer of a repair.
func mail(id, about string) *record.NotificationRequested {
	now := time.Now().UTC()
	n := &record.NotificationRequested{
		Header:  repair.Header{EventID: id, AggregateID: about, GarageID: "g", OccurredAt: now, Actor: repair.Actor{Role: repair.System}},
		Notice:  record.Notice{NotificationID: id, Kind: record.NotifyMessage, Recipient: repair.Actor{Role: repair.Customer}, Channel: repair.Email},
		Attempt: 1, FirstRequestedAt: now,
	}
	return n
}

func (p *post) ask(requests ...*record.NotificationRequested) {
	p.Helper()
	for _, n := range requests {
		p.Produce(p.T, p.client, record.Notifications, n)
	}
}

// want compares what became of the attempts, sorted, with what should have.
func (p *post) want(want ...string) {
	p.Helper()
	var got []string
	for _, rec := range p.ReadAll(p.T, record.Deliveries) {
		switch d := rec.(type) {
		case *record.DeliveryAccepted:
			got = append(got, d.NotificationID+" accepted")
		case *record.DeliveryDeferred:
			got = append(got, d.NotificationID+" deferred")
		case *record.DeliveryFailed:
			got = append(got, d.NotificationID+" failed")
		case *record.DeliveryWithheld:
			got = append(got, d.NotificationID+" withheld: "+string(d.Reason))
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		p.Errorf("what became of the attempts: -want +got\n%s", diff)
	}
}

// Whoever takes a partition over while the registry cannot say what an outcome on it is
// waits for that, and sends nothing that was sent.
func TestAnOutcomeThatCannotBeReadAtPresent(t *testing.T) {
	delivering(t, func(p *post) {
		_, stop := p.start()
		pass(5 * time.Second)
		stop()
		n := mail("one", "r")
		p.ask(n)
		newer := p.Newer(p.T, record.Deliveries, &record.DeliveryAccepted{
			Header: DeliveryHeader(n, time.Now()), Notice: n.Notice, DeliveryAttempt: record.DeliveryAttempt{Attempt: 1},
		})
		must(p.T, p.client.ProduceSync(p.Context(),
			&kgo.Record{Topic: record.Deliveries.Name, Key: []byte("r"), Value: []byte("junk")},
			&kgo.Record{Topic: record.Deliveries.Name, Key: []byte("r"), Value: newer}).FirstErr())
		p.DenySchemas(5 * time.Second)
		p.start()
		p.ask(mail("two", "r"))
		pass(time.Minute)
		if diff := cmp.Diff([]string{"two"}, p.sent); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	})
}

// Unknown schemas among what others wrote down are waited for together, for about a minute.
func TestUnknownSchemasAmongOutcomes(t *testing.T) {
	delivering(t, func(p *post) {
		must(p.T, p.Codec.Register(p.Context(), new(registry), record.PersonalPrefix))
		for i := range byte(30) {
			must(p.T, p.client.ProduceSync(p.Context(), &kgo.Record{Topic: record.Deliveries.Name, Value: []byte{0, 0, 0, 99, i, 0}}).FirstErr())
		}
		p.start()
		p.ask(mail("one", "r"))
		pass(90 * time.Second)
		if diff := cmp.Diff([]string{"one"}, p.sent); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	})
}

// However much was done that is not committed, whoever takes its partition over does none of
// it again.
func TestMuchThatIsDoneAndNotCommitted(t *testing.T) {
	delivering(t, func(p *post) {
		_, stop := p.start()
		pass(5 * time.Second)
		stop()
		var asked, became []record.Headed
		for i := range memorySize + 100 {
			n := mail(fmt.Sprint("n", i), fmt.Sprint("r", i))
			asked = append(asked, n)
			became = append(became, &record.DeliveryAccepted{
				Header: DeliveryHeader(n, time.Now()), Notice: n.Notice, DeliveryAttempt: record.DeliveryAttempt{Attempt: 1},
			})
		}
		p.Produce(p.T, p.client, record.Notifications, asked...)
		p.Produce(p.T, p.client, record.Deliveries, became...)
		p.start()
		p.ask(mail("new", "r"))
		pass(time.Minute)
		if diff := cmp.Diff([]string{"new"}, p.sent); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	})
}

// Who takes a partition over keeps the order: what comes after a mail that was refused for
// now, to the same person about the same repair, does not overtake it, though it is asked
// for minutes after, by a processor that has not heard of the refusal.
func TestOrderIsKeptThroughATakeOver(t *testing.T) {
	delivering(t, func(p *post) {
		p.failing(func(n *record.NotificationRequested) error {
			if n.NotificationID == "q1" && n.Attempt == 2 {
				return errForGood
			}
			return ifIt(n.NotificationID[1] == '1' && n.Attempt == 1, errForNow)
		})
		again := func(id, about string) *record.NotificationRequested {
			n := mail(id, about)
			n.Attempt = 2
			return n
		}
		_, stop := p.start()
		p.ask(mail("q1", "q"), mail("r1", "r"), mail("s1", "s"))
		pass(5 * time.Second)
		stop()
		pass(10 * time.Minute)
		p.ask(mail("q2", "q"), mail("r2", "r"), mail("s2", "s"), again("q1", "q"), again("r1", "r"))
		_, stop = p.start()
		pass(time.Minute)
		stop()
		p.ask(mail("q3", "q"), mail("r3", "r"), mail("s3", "s"))
		p.start()
		pass(time.Minute)
		p.want(
			"q1 deferred", "q1 failed", "q2 withheld: out_of_order", "q3 accepted",
			"r1 accepted", "r1 deferred", "r2 withheld: out_of_order", "r3 accepted",
			"s1 deferred", "s2 withheld: out_of_order", "s3 withheld: out_of_order",
		)
	})
}

// A refusal for now counts though it cannot be written down at first.
func TestARefusalThatCannotBeWritten(t *testing.T) {
	delivering(t, func(p *post) {
		p.failing(func(n *record.NotificationRequested) error { return ifIt(n.NotificationID == "r1", errForNow) })
		p.ask(mail("r1", "r"), mail("r2", "r"))
		back := time.Now().Add(time.Minute)
		kafkatest.RefuseWrites(p.Fake, kerr.NotEnoughReplicas, func() bool { return time.Now().Before(back) })
		p.start()
		pass(2 * time.Minute)
		p.want("r1 deferred", "r2 withheld: out_of_order")
	})
}

// A mail that was refused for now, and is not tried again, holds nothing back for ever.
func TestARefusalIsForgotten(t *testing.T) {
	delivering(t, func(p *post) {
		p.failing(func(n *record.NotificationRequested) error { return ifIt(n.NotificationID == "r1", errForNow) })
		p.start()
		p.ask(mail("r1", "r"))
		pass(refusedFor - time.Minute)
		p.ask(mail("r2", "r"))
		pass(2 * time.Minute)
		p.ask(mail("r3", "r"))
		pass(time.Minute)
		p.want("r1 deferred", "r2 withheld: out_of_order", "r3 accepted")
	})
}

// A target that is away is asked again after the pause, whatever the sink's clock says.
func TestPausesAreMeasured(t *testing.T) {
	for name, at := range map[string]time.Time{"of long ago": time.Unix(0, 0), "of later": time.Unix(1<<32, 0)} {
		t.Run(name, func(t *testing.T) {
			delivering(t, func(p *post) {
				p.now = func() time.Time { return at }
				p.start()
				pass(5 * time.Second)
				away := true
				p.failing(func(*record.NotificationRequested) error {
					defer func() { away = false }()
					return ifIt(away, ErrAway)
				})
				p.ask(mail("r1", "r"))
				pass(5 * minPause)
				p.want("r1 accepted")
			})
		})
	}
}

func ifIt(is bool, err error) error {
	if is {
		return err
	}
	return nil
}
