package feed_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/api/feed"
	"pitstop/schemas/avro"
	"pitstop/schemas/readmodel"
)

func TestFeedMissesNothing(t *testing.T) {
	for name, kept := range map[string]int{"from Kafka": 0, "from the tail": 1000, "from either": 9} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { missesNothing(t, kept) })
		})
	}
}

// missesNothing reads pages while the tail keeps so many entries; 0: it does not run.
func missesNothing(t *testing.T, kept int) {
	r := newFeedRig(t, 3)
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
		r := newFeedRig(t, 3)
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
		r := newFeedRig(t, 1)
		newer := r.newer()
		r.DenySchemas(3 * time.Second)
		r.log(newer)
		reader, err := r.feed.Open(t.Context(), sightOf("a"), "")
		must(t, err)
		defer reader.Close()
		if page, err := reader.Next(t.Context(), 10, 0); !errors.Is(err, avro.ErrUnknownSchema) {
			t.Errorf("a page with %d events, and %v", len(page.Events), err)
		}
		if err := r.Codec.Check(time.Now()); !errors.Is(err, avro.ErrUnknownSchema) {
			t.Errorf("readiness says %v", err)
		}
		time.Sleep(4 * time.Second)
		if page := r.page("", 10, 0, "a"); len(page.Events) != 1 || page.Events[0].EventID != "r1" {
			t.Errorf("the page has %v", page.Events)
		}
	})
}

func TestFeedRefusesForeignCursors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newFeedRig(t, 3)
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
		r := newFeedRig(t, 3)
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

// A reader that does not read holds up no other, and misses nothing.
func TestASlowReaderHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newFeedRig(t, 3)
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
