package feed_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/api/feed"
	"pitstop/schemas/kafka/kafkatest"
	"pitstop/schemas/readmodel"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// feedRig produces events in transactions, as the lifecycle does.
type feedRig struct {
	*kafkatest.Cluster
	t    testing.TB
	feed *feed.Feed
	find feed.FindReferences
	tx   *kgo.Client
}

// newFeedRig returns a rig whose topic has that many partitions, and whose feed does not
// follow it yet.
func newFeedRig(t testing.TB, partitions int32) *feedRig {
	t.Helper()
	r := &feedRig{Cluster: kafkatest.Start(t, partitions), t: t, find: everythingIsRead}
	r.tx = r.transactions("test")
	r.feed = r.another()
	return r
}

// transactions returns a producer.
func (r *feedRig) transactions(id string) *kgo.Client {
	r.t.Helper()
	return r.Client(r.t, kgo.TransactionalID(id))
}

// another returns the feed of another process, which does not follow the topic yet.
func (r *feedRig) another() *feed.Feed {
	r.t.Helper()
	f, err := feed.New(r.Config, r.Codec, func(ctx context.Context, garages, ids []string) (map[string]string, time.Time, error) {
		return r.find(ctx, garages, ids)
	}, r.Log)
	must(r.t, err)
	r.t.Cleanup(f.Close)
	return f
}

// run lets a feed follow the topic, until stop is called.
func (r *feedRig) run(f *feed.Feed) (stop func()) {
	ctx, cancel := context.WithCancel(r.t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		f.Run(ctx)
	}()
	stop = func() {
		cancel()
		<-ended
	}
	r.t.Cleanup(stop)
	return stop
}

// everythingIsRead is a complete read model, without repairs.
func everythingIsRead(context.Context, []string, []string) (map[string]string, time.Time, error) {
	return nil, time.Now().Add(time.Hour), nil
}

func sightOf(garages ...string) readmodel.Sight {
	return readmodel.Sight{Garages: garages, Confidential: true}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// header is the head of a repair's event of garage a.
func header(id string, n int64) repair.Header {
	return repair.Header{EventID: fmt.Sprint(id, n), AggregateID: id, GarageID: "a", OccurredAt: time.Now()}
}

// said is a repair's event that does not have its order number.
func said(id string, n int64) *repair.MessagePosted {
	return &repair.MessagePosted{Header: header(id, n), Fact: repair.Fact{Sequence: n}, Kind: repair.Text}
}

// began is a repair's first event.
func began(id, ref string) *repair.RepairStarted {
	return &repair.RepairStarted{Header: header(id, 1), Fact: repair.Fact{Sequence: 1}, ExternalRef: ref}
}

// write puts events of a garage on the log in one transaction.
func (r *feedRig) write(garage string, commit kgo.TransactionEndTry, from, to int) {
	r.t.Helper()
	must(r.t, r.tx.BeginTransaction())
	r.produce(r.tx, garage, from, to)
	must(r.t, r.tx.EndTransaction(r.t.Context(), commit))
}

// commit puts events on the log in one transaction.
func (r *feedRig) commit(events ...repair.Event) {
	r.t.Helper()
	must(r.t, r.tx.BeginTransaction())
	for _, e := range events {
		r.put(r.tx, e)
	}
	must(r.t, r.tx.EndTransaction(r.t.Context(), kgo.TryCommit))
}

func (r *feedRig) produce(tx *kgo.Client, garage string, from, to int) {
	r.t.Helper()
	for n := from; n < to; n++ {
		h := repair.Header{EventID: fmt.Sprint(garage, n), AggregateID: fmt.Sprint("r", n%7), GarageID: garage, OccurredAt: time.Unix(int64(n), 0)}
		r.put(tx, &repair.MessagePosted{Header: h, Fact: repair.Fact{Sequence: int64(n)}, Kind: repair.Text})
	}
}

func (r *feedRig) put(tx *kgo.Client, e repair.Event) {
	r.t.Helper()
	r.Produce(r.t, tx, record.Events, e)
}

// newer returns an event as a newer version of the program writes it.
func (r *feedRig) newer() []byte {
	r.t.Helper()
	return r.Newer(r.t, record.Events, said("r", 1))
}

// log puts a record's bytes on the log.
func (r *feedRig) log(value []byte) {
	r.t.Helper()
	must(r.t, r.Client(r.t).ProduceSync(r.t.Context(), &kgo.Record{Topic: record.Events.Name, Key: []byte("r"), Value: value}).FirstErr())
}

// read pages through the feed as an integrator does, a new reader per page.
func (r *feedRig) read(after string, limit int, garages ...string) (got map[string]int, cursor string) {
	r.t.Helper()
	got = make(map[string]int)
	for {
		page := r.page(after, limit, 0, garages...)
		for _, e := range page.Events {
			got[e.EventID]++
		}
		if page.Cursor == after {
			return got, after
		}
		after = page.Cursor
	}
}

func (r *feedRig) page(after string, limit int, wait time.Duration, garages ...string) readmodel.EventPage {
	r.t.Helper()
	reader, err := r.feed.Open(r.t.Context(), sightOf(garages...), after)
	must(r.t, err)
	defer reader.Close()
	page, err := reader.Next(r.t.Context(), limit, wait)
	must(r.t, err)
	return page
}

func once(garage string, ranges ...int) map[string]int {
	want := make(map[string]int)
	for i := 0; i < len(ranges); i += 2 {
		for n := ranges[i]; n < ranges[i+1]; n++ {
			want[fmt.Sprint(garage, n)] = 1
		}
	}
	return want
}
