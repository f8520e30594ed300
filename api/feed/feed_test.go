package feed_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/api/feed"
	"pitstop/schemas/avro"
	"pitstop/schemas/kafka"
	"pitstop/schemas/kafka/kafkatest"
	"pitstop/schemas/readmodel"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// feedRig produces events in transactions, as the lifecycle does.
type feedRig struct {
	t     *testing.T
	codec *avro.Codec
	tx    *kgo.Client
	feed  *feed.Feed
}

func newFeedRig(t *testing.T) *feedRig {
	t.Helper()
	var net kfake.VirtualNetwork
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.Ports(9092), kfake.ListenFn(net.Listen), kfake.SeedTopics(3, record.Events.Name))
	must(t, err)
	t.Cleanup(cluster.Close)
	codec, err := avro.NewCodec()
	must(t, err)
	log := slog.New(slog.DiscardHandler)
	c := kafka.Config{Brokers: cluster.ListenAddrs(), Dialer: net.DialContext}
	opts, err := c.Producer("test", log)
	must(t, err)
	tx, err := kgo.NewClient(append(opts, kgo.TransactionalID("test"))...)
	must(t, err)
	t.Cleanup(tx.Close)
	return &feedRig{t: t, codec: codec, tx: tx, feed: feed.New(c, codec, log)}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// write puts events of a garage on the log in one transaction.
func (r *feedRig) write(garage string, commit kgo.TransactionEndTry, from, to int) {
	r.t.Helper()
	ctx := r.t.Context()
	must(r.t, r.tx.BeginTransaction())
	for n := from; n < to; n++ {
		e := &repair.MessagePosted{Kind: repair.Text}
		e.Header = repair.Header{EventID: fmt.Sprint(garage, n), AggregateID: fmt.Sprint("r", n%7), GarageID: garage, OccurredAt: time.Unix(int64(n), 0)}
		e.Sequence = int64(n)
		value, err := r.codec.Encode(e)
		must(r.t, err)
		must(r.t, r.tx.ProduceSync(ctx, &kgo.Record{Topic: record.Events.Name, Key: []byte(e.AggregateID), Value: value}).FirstErr())
	}
	must(r.t, r.tx.EndTransaction(ctx, commit))
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
	reader, err := r.feed.Open(r.t.Context(), after)
	must(r.t, err)
	defer reader.Close()
	page, err := reader.Next(r.t.Context(), readmodel.Sight{Garages: garages, Confidential: true}, limit, wait)
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

func TestFeedMissesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newFeedRig(t)
		r.write("a", kgo.TryCommit, 0, 20)
		r.write("b", kgo.TryCommit, 0, 20)
		r.write("a", kgo.TryAbort, 20, 30) // nobody may see these
		r.write("a", kgo.TryCommit, 30, 40)
		got, cursor := r.read("", 7, "a")
		if diff := cmp.Diff(once("a", 0, 20, 30, 40), got); diff != "" {
			t.Errorf("pages of a (-want +got):\n%s", diff)
		}
		if got, _ := r.read("", 7, "b", "c"); !cmp.Equal(got, once("b", 0, 20)) {
			t.Errorf("pages of b and c are %v", got)
		}
		r.write("a", kgo.TryCommit, 40, 45)
		if got, _ := r.read(cursor, 7, "a"); !cmp.Equal(got, once("a", 40, 45)) {
			t.Errorf("what follows the cursor is %v", got)
		}
		// Every event's own cursor continues right after it.
		first := r.page("", 5, 0, "a")
		rest, _ := r.read(first.Events[2].Cursor, 100, "a")
		for _, e := range first.Events[:3] {
			rest[e.EventID]++
		}
		if diff := cmp.Diff(once("a", 0, 20, 30, 45), rest); diff != "" {
			t.Errorf("first three, and what follows the third (-want +got):\n%s", diff)
		}
	})
}

func TestFeedWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newFeedRig(t)
		r.write("a", kgo.TryCommit, 0, 3)
		_, cursor := r.read("", 100, "a")
		began := time.Now()
		if page := r.page(cursor, 10, 2*time.Second, "a"); len(page.Events) != 0 || time.Since(began) < 2*time.Second {
			t.Errorf("got %d events after %s, want none after 2 s", len(page.Events), time.Since(began))
		}
		reader, err := r.feed.Open(t.Context(), cursor)
		must(t, err)
		defer reader.Close()
		done := make(chan readmodel.EventPage, 1)
		go func() {
			page, err := reader.Next(t.Context(), readmodel.Sight{Garages: []string{"a"}, Confidential: true}, 10, time.Minute)
			if err != nil {
				t.Error(err)
			}
			done <- page
		}()
		r.write("a", kgo.TryCommit, 3, 4)
		if page := <-done; len(page.Events) != 1 || page.Events[0].EventID != "a3" {
			t.Errorf("woke up with %+v", page.Events)
		}
	})
}

// An event whose schema the registry does not know yet is waited for: a page ends in
// an error until then, and none goes past it.
func TestFeedSkipsNothingThatTheRegistryDoesNotKnow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := kafkatest.Start(t, 1)
		r := &feedRig{t: t, feed: feed.New(c.Config, c.Codec, c.Log)}
		e := &repair.MessagePosted{Kind: repair.Text, Header: repair.Header{EventID: "e", AggregateID: "r", GarageID: "a", OccurredAt: time.Unix(1, 0)}}
		newer := c.Newer(t, record.Events, e)
		c.DenySchemas(3 * time.Second)
		must(t, c.Client(t).ProduceSync(t.Context(), &kgo.Record{Topic: record.Events.Name, Key: []byte("r"), Value: newer}).FirstErr())
		reader, err := r.feed.Open(t.Context(), "")
		must(t, err)
		defer reader.Close()
		if page, err := reader.Next(t.Context(), readmodel.Sight{Garages: []string{"a"}}, 10, 0); !errors.Is(err, avro.ErrUnknownSchema) {
			t.Errorf("a page with %d events, and %v", len(page.Events), err)
		}
		if err := c.Codec.Check(time.Now()); !errors.Is(err, avro.ErrUnknownSchema) {
			t.Errorf("readiness says %v", err)
		}
		time.Sleep(4 * time.Second)
		if page := r.page("", 10, 0, "a"); len(page.Events) != 1 || page.Events[0].EventID != "e" {
			t.Errorf("the page has %v", page.Events)
		}
	})
}

func TestFeedRefusesForeignCursors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newFeedRig(t)
		r.write("a", kgo.TryCommit, 0, 3)
		for _, cursor := range []string{"nonsense", "AQ", "AQAA", "AQAAAAA", "AQD_fwA", "AgAAAA"} {
			reader, err := r.feed.Open(t.Context(), cursor)
			if !errors.Is(err, readmodel.ErrCursor) {
				t.Errorf("cursor %q: %v", cursor, err)
			}
			if err == nil {
				reader.Close()
			}
		}
	})
}

func TestFeedBoundsReaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newFeedRig(t)
		var open []*feed.Reader
		for {
			reader, err := r.feed.Open(context.WithoutCancel(t.Context()), "")
			if err != nil {
				if !errors.Is(err, feed.ErrBusy) {
					t.Error(err)
				}
				break
			}
			open = append(open, reader)
		}
		open[0].Close()
		reader, err := r.feed.Open(t.Context(), "")
		must(t, err)
		for _, o := range append(open[1:], reader) {
			o.Close()
		}
	})
}
