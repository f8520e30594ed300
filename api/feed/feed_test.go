package feed_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
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
	t      testing.TB
	codec  *avro.Codec
	config kafka.Config
	feed   *feed.Feed
	find   feed.FindReferences
	tx     *kgo.Client
}

func newFeedRig(t testing.TB) *feedRig {
	t.Helper()
	var net kfake.VirtualNetwork
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.Ports(9092), kfake.ListenFn(net.Listen), kfake.SeedTopics(3, record.Events.Name))
	must(t, err)
	t.Cleanup(cluster.Close)
	codec, err := avro.NewCodec()
	must(t, err)
	r := &feedRig{t: t, codec: codec, config: kafka.Config{Brokers: cluster.ListenAddrs(), Dialer: net.DialContext}}
	r.find = everythingIsRead
	r.tx = r.transactions("test")
	r.feed = r.another()
	return r
}

// transactions returns a producer.
func (r *feedRig) transactions(id string) *kgo.Client {
	r.t.Helper()
	opts, err := r.config.Producer("test", slog.New(slog.DiscardHandler))
	must(r.t, err)
	cl, err := kgo.NewClient(append(opts, kgo.TransactionalID(id))...)
	must(r.t, err)
	r.t.Cleanup(cl.Close)
	return cl
}

// another returns the feed of another process, which does not follow the topic yet.
func (r *feedRig) another() *feed.Feed {
	r.t.Helper()
	f, err := feed.New(r.config, r.codec, func(ctx context.Context, garages, ids []string) (map[string]string, time.Time, error) {
		return r.find(ctx, garages, ids)
	}, slog.New(slog.DiscardHandler))
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

// write puts events of a garage on the log in one transaction.
func (r *feedRig) write(garage string, commit kgo.TransactionEndTry, from, to int) {
	r.t.Helper()
	must(r.t, r.tx.BeginTransaction())
	r.produce(r.tx, garage, from, to)
	must(r.t, r.tx.EndTransaction(r.t.Context(), commit))
}

func (r *feedRig) produce(tx *kgo.Client, garage string, from, to int) {
	r.t.Helper()
	for n := from; n < to; n++ {
		e := &repair.MessagePosted{Kind: repair.Text}
		e.Header = repair.Header{EventID: fmt.Sprint(garage, n), AggregateID: fmt.Sprint("r", n%7), GarageID: garage, OccurredAt: time.Unix(int64(n), 0)}
		e.Sequence = int64(n)
		r.put(tx, e)
	}
}

func (r *feedRig) put(tx *kgo.Client, e repair.Event) {
	r.t.Helper()
	value, err := r.codec.Encode(e)
	must(r.t, err)
	must(r.t, tx.ProduceSync(r.t.Context(), &kgo.Record{Topic: record.Events.Name, Key: []byte(e.Head().AggregateID), Value: value}).FirstErr())
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

func TestFeedMissesNothing(t *testing.T) {
	for name, kept := range map[string]int{"from Kafka": 0, "from the tail": 1000, "from either": 9} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { missesNothing(t, kept) })
		})
	}
}

// missesNothing reads pages while the tail keeps so many entries; 0: it does not run.
func missesNothing(t *testing.T, kept int) {
	r := newFeedRig(t)
	if kept > 0 {
		r.feed.Keep(kept)
		r.run(r.feed)
	}
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
}

func TestFeedWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newFeedRig(t)
		r.write("a", kgo.TryCommit, 0, 3)
		_, cursor := r.read("", 100, "a")
		r.run(r.feed)
		began := time.Now()
		if page := r.page(cursor, 10, 2*time.Second, "a"); len(page.Events) != 0 || time.Since(began) < 2*time.Second {
			t.Errorf("got %d events after %s, want none after 2 s", len(page.Events), time.Since(began))
		}
		reader, err := r.feed.Open(t.Context(), sightOf("a"), cursor)
		must(t, err)
		defer reader.Close()
		done := make(chan readmodel.EventPage, 1)
		go func() {
			page, err := reader.Next(t.Context(), 10, time.Minute)
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
		r := &feedRig{t: t, codec: c.Codec, config: c.Config, find: everythingIsRead}
		r.feed = r.another()
		e := &repair.MessagePosted{Kind: repair.Text, Header: repair.Header{EventID: "e", AggregateID: "r", GarageID: "a", OccurredAt: time.Unix(1, 0)}}
		newer := c.Newer(t, record.Events, e)
		c.DenySchemas(3 * time.Second)
		must(t, c.Client(t).ProduceSync(t.Context(), &kgo.Record{Topic: record.Events.Name, Key: []byte("r"), Value: newer}).FirstErr())
		reader, err := r.feed.Open(t.Context(), sightOf("a"), "")
		must(t, err)
		defer reader.Close()
		if page, err := reader.Next(t.Context(), 10, 0); !errors.Is(err, avro.ErrUnknownSchema) {
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

// Readiness says why the events are not followed, and that they are followed late.
func TestCheckSaysWhatIsWrongWithTheTail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := kafkatest.Start(t, 1)
		r := &feedRig{t: t, codec: c.Codec, config: c.Config, find: everythingIsRead}
		f := r.another()
		check := func(when, reason string) {
			t.Helper()
			if err := f.Check(time.Now()); (err == nil) != (reason == "") || err != nil && !strings.Contains(err.Error(), reason) {
				t.Errorf("%s: %v", when, err)
			}
		}
		check("before it runs", "starting")
		r.run(f)
		time.Sleep(time.Second)
		check("at the end", "")
		newer := c.Newer(t, record.Events, &repair.MessagePosted{Kind: repair.Text, Header: repair.Header{EventID: "e", AggregateID: "r", GarageID: "a", OccurredAt: time.Unix(1, 0)}})
		c.DenySchemas(3 * time.Second)
		produced := c.Client(t).ProduceSync(t.Context(), &kgo.Record{Topic: record.Events.Name, Key: []byte("r"), Value: newer})
		must(t, produced.FirstErr())
		time.Sleep(time.Second)
		check("while the registry does not know an event", "events: stalled: ")
		time.Sleep(4 * time.Second)
		check("when it does", "")

		f.End(9, time.Now())
		time.Sleep(30 * time.Second)
		check("behind for a moment", "")
		time.Sleep(time.Second)
		check("behind for longer", "8 records behind, and behind for 31s")
		must(t, c.Client(t).ProduceSync(t.Context(), &kgo.Record{Topic: record.Events.Name, Key: []byte("r"), Value: newer}).FirstErr())
		time.Sleep(time.Second)
		check("at the end again", "")
	})
}

func TestFeedRefusesForeignCursors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newFeedRig(t)
		r.write("a", kgo.TryCommit, 0, 3)
		for _, cursor := range []string{"nonsense", "AQ", "AQAA", "AQAAAAA", "AQD_fwA", "AgAAAA"} {
			reader, err := r.feed.Open(t.Context(), sightOf("a"), cursor)
			if !errors.Is(err, readmodel.ErrCursor) {
				t.Errorf("cursor %q: %v", cursor, err)
			}
			if err == nil {
				reader.Close()
			}
		}
	})
}

// What is committed while an older transaction is open waits for it in its partition
// only, and comes once.
func TestFeedWaitsForOpenTransactions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newFeedRig(t)
		r.run(r.feed)
		other := r.transactions("other")
		must(t, other.BeginTransaction())
		r.produce(other, "a", 0, 7) // in every partition
		r.write("a", kgo.TryCommit, 7, 14)
		before, cursor := r.read("", 3, "a")
		if len(before) > 0 {
			t.Errorf("behind an open transaction, %v is shown", before)
		}
		must(t, other.EndTransaction(t.Context(), kgo.TryCommit))
		if got, _ := r.read(cursor, 3, "a"); !cmp.Equal(got, once("a", 0, 14)) {
			t.Errorf("afterwards %v", got)
		}
	})
}

// Of events behind a stranger's open transaction readiness says whose it is and what to
// do, until it has ended. A feed is not ready before it follows the topic.
func TestAStrangersOpenTransaction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newFeedRig(t)
		if err := r.feed.Check(time.Now()); err == nil {
			t.Error("it is ready before it runs")
		}
		r.run(r.feed)
		stranger := r.transactions("stranger")
		r.write("a", kgo.TryCommit, 0, 14)
		time.Sleep(time.Minute)
		must(t, r.feed.Check(time.Now()))
		must(t, stranger.BeginTransaction())
		r.produce(stranger, "a", 0, 1)
		r.write("a", kgo.TryCommit, 14, 28)
		time.Sleep(20 * time.Second)
		for _, want := range []string{"events: stalled: " + record.Events.Name + "[", "is hidden from offset", "the open transaction of stranger (producer"} {
			if err := r.feed.Check(time.Now()); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("readiness says %v, want %q", err, want)
			}
		}
		must(t, stranger.EndTransaction(t.Context(), kgo.TryAbort))
		time.Sleep(10 * time.Second)
		must(t, r.feed.Check(time.Now()))
	})
}

// A reader that does not read holds up no other, and misses nothing.
func TestASlowReaderHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newFeedRig(t)
		r.feed.Keep(50)
		r.run(r.feed)
		_, cursor := r.read("", 1, "a")
		var slow []*feed.Reader
		for range 100 { // more than may catch up at a time
			reader, err := r.feed.Open(t.Context(), sightOf("a"), cursor)
			must(t, err)
			defer reader.Close()
			slow = append(slow, reader)
		}
		quick, err := r.feed.Open(t.Context(), sightOf("a"), cursor)
		must(t, err)
		defer quick.Close()
		for n := range 100 {
			r.write("a", kgo.TryCommit, n, n+1)
			began := time.Now()
			if page, err := quick.Next(t.Context(), 10, time.Minute); err != nil || len(page.Events) != 1 || time.Since(began) > time.Second {
				t.Fatalf("event %d: %v, %v after %s", n, page.Events, err, time.Since(began))
			}
		}
		for _, reader := range slow {
			got := make(map[string]int)
			for len(got) < 100 {
				page, err := reader.Next(t.Context(), 30, time.Minute)
				must(t, err)
				for _, e := range page.Events {
					got[e.EventID]++
				}
			}
			if diff := cmp.Diff(once("a", 0, 100), got); diff != "" {
				t.Fatalf("a slow reader (-want +got):\n%s", diff)
			}
		}
	})
}

// Readers that come and go, at their own speed, while processes restart and transactions
// are committed, aborted and left open: each gets every event of its garages once, those
// of one repair in order.
func TestReadersMissAndRepeatNothing(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { chaos(t, rand.New(rand.NewPCG(seed, 1))) })
		})
	}
}

func chaos(t *testing.T, random *rand.Rand) {
	const readers, steps = 12, 60
	r := newFeedRig(t)
	writers := []*kgo.Client{r.transactions("w0"), r.transactions("w1")}
	written := map[string][]int{} // that are committed, by garage
	var pending [2][]func()
	next := 0
	feeds := []*feed.Feed{r.another(), r.another()}
	stops := make([]func(), len(feeds))
	for i, f := range feeds {
		f.Keep(10 + random.IntN(60))
		stops[i] = r.run(f)
	}
	type client struct {
		sight  readmodel.Sight
		cursor string
		reader *feed.Reader
		got    map[string]int
		last   map[string]int64 // sequence, by garage and repair
	}
	var clients []*client
	for range readers {
		clients = append(clients, &client{
			sight: sightOf([][]string{{"a"}, {"b"}, {"a", "b"}, {"c"}}[random.IntN(4)]...), got: map[string]int{}, last: map[string]int64{},
		})
	}
	read := func(c *client, wait time.Duration) bool {
		if c.reader == nil {
			var err error
			c.reader, err = feeds[random.IntN(len(feeds))].Open(t.Context(), c.sight, c.cursor)
			must(t, err)
		}
		page, err := c.reader.Next(t.Context(), 1+random.IntN(20), wait)
		must(t, err)
		events := page.Events
		if c.cursor = page.Cursor; len(events) > 0 && random.IntN(4) == 0 { // the connection breaks within the page
			events = events[:1+random.IntN(len(events))]
			c.cursor = events[len(events)-1].Cursor
			c.reader.Close()
			c.reader = nil
		}
		for _, e := range events {
			c.got[e.EventID]++
			if of := e.GarageID + e.RepairID; e.Sequence <= c.last[of] && e.Sequence > 0 {
				t.Errorf("%s after %d", e.EventID, c.last[of])
			} else {
				c.last[of] = e.Sequence
			}
		}
		return len(page.Events) > 0
	}
	for range steps {
		switch w := random.IntN(2); random.IntN(8) {
		case 0, 1, 2: // writes in a transaction of its own repairs, which may stay open
			if pending[w] == nil {
				must(t, writers[w].BeginTransaction())
			}
			garage := []string{"a", "b"}[w]
			from, to := next, next+1+random.IntN(25)
			next = to
			r.produce(writers[w], garage, from, to)
			pending[w] = append(pending[w], func() {
				for n := from; n < to; n++ {
					written[garage] = append(written[garage], n)
				}
			})
		case 3, 4: // ends it
			if pending[w] == nil {
				continue
			}
			commit := kgo.TransactionEndTry(random.IntN(4) > 0)
			must(t, writers[w].EndTransaction(t.Context(), commit))
			for _, then := range pending[w] {
				if commit {
					then()
				}
			}
			pending[w] = nil
		case 5: // a process restarts
			i := random.IntN(len(feeds))
			stops[i]()
			feeds[i] = r.another()
			feeds[i].Keep(10 + random.IntN(60))
			stops[i] = r.run(feeds[i])
			for _, c := range clients {
				if c.reader != nil && random.IntN(2) == 0 {
					c.reader.Close()
					c.reader = nil
				}
			}
		default:
			for _, c := range clients {
				if random.IntN(3) > 0 {
					read(c, time.Duration(random.IntN(200))*time.Millisecond)
				}
			}
		}
	}
	for w := range writers {
		if pending[w] != nil {
			must(t, writers[w].EndTransaction(t.Context(), kgo.TryCommit))
			for _, then := range pending[w] {
				then()
			}
		}
	}
	for i, c := range clients {
		if c.reader != nil {
			c.reader.Close()
			c.reader = nil
		}
		for read(c, 0) || c.reader == nil {
		}
		c.reader.Close()
		want := make(map[string]int)
		for _, g := range c.sight.Garages {
			for _, n := range written[g] {
				want[fmt.Sprint(g, n)] = 1
			}
		}
		if diff := cmp.Diff(want, c.got); diff != "" {
			t.Errorf("reader %d of %v (-want +got):\n%s", i, c.sight.Garages, diff)
		}
	}
}

// Every event has the garage's order number, which only the first of a repair holds:
// also where that went by long ago, and the read model is still behind.
func TestEveryEventHasItsReference(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newFeedRig(t)
		said := func(id string, n int64) *repair.MessagePosted {
			e := &repair.MessagePosted{Kind: repair.Text}
			e.Header = repair.Header{EventID: fmt.Sprint(id, n), AggregateID: id, GarageID: "a", OccurredAt: time.Now()}
			e.Sequence = n
			return e
		}
		began := func(id, ref string) *repair.RepairStarted {
			return &repair.RepairStarted{Header: said(id, 1).Header, Fact: repair.Fact{Sequence: 1}, ExternalRef: ref}
		}
		must(t, r.tx.BeginTransaction())
		for _, e := range []repair.Event{began("one", "WO-1"), began("none", ""), said("one", 2), said("none", 2)} {
			r.put(r.tx, e)
		}
		must(t, r.tx.EndTransaction(t.Context(), kgo.TryCommit))
		refs := func(page readmodel.EventPage) string {
			var all []string
			for _, e := range page.Events {
				all = append(all, e.RepairID+":"+e.ExternalRef)
			}
			slices.Sort(all)
			return strings.Join(all, " ")
		}
		asked := 0
		complete := time.Now().Add(-time.Hour)
		r.find = func(_ context.Context, garages, ids []string) (map[string]string, time.Time, error) {
			asked++
			if time.Now().Before(complete) || complete.Before(time.Now().Add(-time.Minute)) {
				return nil, time.Now().Add(-time.Hour), nil // it has not come to the repairs yet
			}
			found := map[string]string{}
			if slices.Contains(ids, "one") && slices.Equal(garages, []string{"a"}) {
				found["one"] = "WO-1"
			}
			return found, time.Now(), nil // "none" is not there, and was not left out
		}
		first := r.page("", 10, 0, "a")
		if got := refs(first); got != "none: none: one:WO-1 one:WO-1" || asked > 0 {
			t.Errorf("from the beginning %s, asked %d times", got, asked)
		}

		// Another process, which reads from where the repairs have begun already.
		after := first.Cursor
		must(t, r.tx.BeginTransaction())
		r.put(r.tx, said("one", 3))
		r.put(r.tx, said("none", 3))
		must(t, r.tx.EndTransaction(t.Context(), kgo.TryCommit))
		r.feed = r.another()
		reader, err := r.feed.Open(t.Context(), sightOf("a"), after)
		must(t, err)
		if page, err := reader.Next(t.Context(), 10, 0); err == nil {
			t.Errorf("what the read model does not know yet: %s", refs(page))
		}
		reader.Close()
		complete = time.Now().Add(3 * time.Second)
		waited := time.Now()
		if got := refs(r.page(after, 10, 0, "a")); got != "none: one:WO-1" || time.Since(waited) < 3*time.Second {
			t.Errorf("once it does: %s, after %s", got, time.Since(waited))
		}
		n := asked
		if got := refs(r.page(after, 10, 0, "a")); got != "none: one:WO-1" || asked != n {
			t.Errorf("again: %s, asked %d times", got, asked-n)
		}
	})
}

// Where the read model is away, a page has the events before the first whose order number
// only that knows, and the next page says why it has none.
func TestAPageEndsBeforeWhatIsNotKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newFeedRig(t)
		away := errors.New("the read model is away")
		r.find = func(context.Context, []string, []string) (map[string]string, time.Time, error) {
			return nil, time.Time{}, away
		}
		event := func(id string, n int64) repair.Header {
			return repair.Header{EventID: fmt.Sprint(id, n), AggregateID: id, GarageID: "a", OccurredAt: time.Now()}
		}
		r.feed = r.another()
		must(t, r.tx.BeginTransaction())
		for n := range int64(3) { // in one partition, in order
			r.put(r.tx, &repair.RepairStarted{Header: event("young", n), Fact: repair.Fact{Sequence: 1}, ExternalRef: "WO-1"})
		}
		must(t, r.tx.EndTransaction(t.Context(), kgo.TryCommit))
		must(t, r.tx.BeginTransaction())
		r.put(r.tx, &repair.MessagePosted{Header: event("old", 7), Fact: repair.Fact{Sequence: 7}, Kind: repair.Text})
		must(t, r.tx.EndTransaction(t.Context(), kgo.TryCommit))
		reader, err := r.feed.Open(t.Context(), sightOf("a"), "")
		must(t, err)
		defer reader.Close()
		seen, after := 0, ""
		for {
			page, err := reader.Next(t.Context(), 10, 0)
			if err != nil {
				if !errors.Is(err, away) {
					t.Errorf("ended by %v", err)
				}
				break
			}
			for _, e := range page.Events {
				if seen++; e.ExternalRef != "WO-1" {
					t.Errorf("%s without its number", e.EventID)
				}
			}
			if page.Cursor == after {
				t.Fatal("nothing more, and no error")
			}
			after = page.Cursor
		}
		r.find = func(context.Context, []string, []string) (map[string]string, time.Time, error) {
			return map[string]string{"old": "WO-0"}, time.Now(), nil
		}
		got, _ := r.read(after, 10, "a")
		if got["old7"] != 1 || seen+len(got) != 4 {
			t.Errorf("%d before, then %v: not every event once", seen, got)
		}
	})
}
