package email

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/deploy/relaytest"
	"pitstop/schemas/avro"
	"pitstop/schemas/garage/garagetest"
	"pitstop/schemas/kafka"
	"pitstop/schemas/kafka/kafkatest"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// rig is a broker and a relay in memory, inside a synctest bubble.
type rig struct {
	*testing.T
	sealer
	kafka   kafka.Config
	cluster *kfake.Cluster
	client  *kgo.Client
	server  *mailServer
	log     *slog.Logger
	clock   func() time.Time // the sink's
	began   time.Time
	asked   int
}

// bubble runs a test on a rig whose relay is open.
func bubble(t *testing.T, test func(r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		cluster := kafkatest.Start(t, 2)
		r := &rig{
			T: t, sealer: sealer{t, testCodec(t)}, kafka: cluster.Config, cluster: cluster.Fake, server: newMailServer(t), began: time.Now(), clock: time.Now,
			client: cluster.Client(t, kgo.ConsumeTopics(record.Deliveries.Name, record.DeadLetters.Name)),
			log:    slog.New(slog.DiscardHandler),
		}
		r.server.open(t)
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
	t.(*relay).dial = r.server.dial
	return t
}

func (r *rig) startWith(instance string, transport Transport) (s *Sink, stop func()) {
	r.T.Helper()
	s, err := New(testConfig(r.T), garagetest.Sample(r.T), r.codec, transport, r.clock, r.log)
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
func (r *rig) to(address string) *record.NotificationRequested {
	r.T.Helper()
	n := example(r.T, r.codec, record.NotifyStarted, "nl")
	contact := r.contact(repair.ContactDetails{Name: "J. de Vries", Email: address})
	r.asked++
	n.AggregateID, n.Contact = repair.RepairID("de-brug", "key", address), &contact
	n.NotificationID = repair.DerivedID(time.Now(), address, strconv.Itoa(r.asked))
	n.OccurredAt, n.FirstRequestedAt = time.Now().UTC(), time.Now().UTC()
	return n
}

func (r *rig) produce(records ...any) {
	r.T.Helper()
	for _, rec := range records {
		value, err := r.codec.Encode(rec)
		if err != nil {
			r.Fatal(err)
		}
		key := rec.(record.Headed).Head().AggregateID
		if err := r.client.ProduceSync(r.T.Context(), &kgo.Record{Topic: record.Notifications.Name, Key: []byte(key), Value: value}).FirstErr(); err != nil {
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

// next returns the next n records on the deliveries and the dead letters, or as
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
		r.client.PollRecords(ctx, n-len(records)).EachRecord(func(m *kgo.Record) {
			rec, err := r.codec.Decode(ctx, m.Value)
			if err != nil {
				r.Fatal(err)
			}
			records = append(records, rec)
		})
	}
	return records
}

// none fails if another outcome or dead letter comes within a minute.
func (r *rig) none() {
	r.T.Helper()
	for _, rec := range r.within(time.Minute, 1) {
		r.Errorf("unexpected %s: %+v", record.NameOf(rec), rec)
	}
}

// words are a delivery's code and the server's words.
func (r *rig) words(rec any) string {
	r.T.Helper()
	a := attemptOf(rec)
	text, err := avro.Open[repair.FreeText](r.T.Context(), r.codec, a.Reply)
	if err != nil {
		r.Fatal(err)
	}
	return fmt.Sprintf("%s %d %s", record.NameOf(rec), a.Code, text.Text)
}

func attemptOf(rec any) record.DeliveryAttempt {
	switch d := rec.(type) {
	case *record.DeliveryAccepted:
		return d.DeliveryAttempt
	case *record.DeliveryDeferred:
		return d.DeliveryAttempt
	case *record.DeliveryFailed:
		return d.DeliveryAttempt
	}
	return record.DeliveryAttempt{}
}

func (r *rig) lag() int64 {
	r.T.Helper()
	lags, err := kadm.NewClient(r.client).Lag(r.T.Context(), record.EmailSink.Group())
	if err != nil {
		r.Fatal(err)
	}
	return lags.Sorted()[0].Lag.Total()
}

func counts(records []any) map[string]int {
	n := make(map[string]int)
	for _, rec := range records {
		n[record.NameOf(rec)]++
	}
	return n
}

func once(t *testing.T, mails map[string][]relaytest.Mail, n int) {
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

// failProduce makes the broker refuse every write while it says so.
func (r *rig) failProduce(while func() bool) {
	kafkatest.RefuseWrites(r.cluster, kerr.NotEnoughReplicas, while)
}
