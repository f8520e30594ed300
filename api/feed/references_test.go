package feed_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pitstop/schemas/readmodel"
	"pitstop/schemas/repair"
)

// Every event has the garage's order number, which only the first of a repair holds:
// also where that went by long ago, and the read model is still behind.
func TestEveryEventHasItsReference(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newFeedRig(t, 3)
		r.commit(began("one", "WO-1"), began("none", ""), said("one", 2), said("none", 2))
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
		r.commit(said("one", 3), said("none", 3))
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
		r := newFeedRig(t, 3)
		away := errors.New("the read model is away")
		r.find = func(context.Context, []string, []string) (map[string]string, time.Time, error) {
			return nil, time.Time{}, away
		}
		var young []repair.Event // in one partition, in order
		for n := range int64(3) {
			young = append(young, &repair.RepairStarted{Header: header("young", n), Fact: repair.Fact{Sequence: 1}, ExternalRef: "WO-1"})
		}
		r.commit(young...)
		r.commit(said("old", 7))
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
		if seen != 3 {
			t.Errorf("%d events before the one without its number", seen)
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

// What others learn while the read model is asked counts, also where its answer is an
// error: a page ends before the first event whose number is not known by then.
func TestWhatOthersLearnMeanwhileIsKnown(t *testing.T) {
	for name, c := range map[string]struct {
		learned []repair.Event
		want    []string // of the page; none: it is the error
	}{
		"nothing": {nil, nil},
		"some":    {[]repair.Event{began("one", "WO-1")}, []string{"WO-1"}},
		"all":     {[]repair.Event{began("one", "WO-1"), began("two", "WO-2")}, []string{"WO-1", "WO-2"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newFeedRig(t, 1)
				r.commit(said("one", 2), said("two", 2))
				r.run(r.feed)
				time.Sleep(time.Second)
				away := errors.New("the read model is away")
				r.find = func(context.Context, []string, []string) (map[string]string, time.Time, error) {
					r.commit(c.learned...)
					time.Sleep(time.Second) // the tail comes by
					return nil, time.Time{}, away
				}
				reader, err := r.feed.Open(t.Context(), sightOf("a"), "")
				must(t, err)
				defer reader.Close()
				page, err := reader.Next(t.Context(), 2, 0)
				var got []string
				for _, e := range page.Events {
					got = append(got, e.ExternalRef)
				}
				if !slices.Equal(got, c.want) || len(c.want) == 0 && !errors.Is(err, away) {
					t.Errorf("the page has %v, and %v", got, err)
				}
			})
		})
	}
}

// Many readers who need order numbers at once get them: those of one repair after few
// questions, those of as many garages as soon as it is their turn, also while the read
// model leaves some of the questions unanswered.
func TestManyReadersFindTheirReferences(t *testing.T) {
	const readers = 250
	mine := func(n int) string { return fmt.Sprint("g", n) }
	for name, c := range map[string]struct {
		garage  func(int) string
		hanging []string // garages whose questions are not answered
		most    int32    // questions
	}{
		"of one repair":               {func(int) string { return "g0" }, nil, 8},
		"of a garage each":            {mine, nil, readers},
		"while questions are pending": {mine, []string{"g0", "g1", "g2"}, readers},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newFeedRig(t, 3)
				var asked atomic.Int32
				r.find = func(ctx context.Context, garages, ids []string) (map[string]string, time.Time, error) {
					asked.Add(1)
					if slices.Contains(c.hanging, garages[0]) {
						<-ctx.Done()
						return nil, time.Time{}, ctx.Err()
					}
					time.Sleep(50 * time.Millisecond)
					return map[string]string{ids[0]: "WO " + garages[0]}, time.Now(), nil
				}
				var events []repair.Event
				for n := range readers {
					e := said("r"+mine(n), 2)
					e.GarageID = mine(n)
					events = append(events, e)
				}
				r.commit(events...)
				r.run(r.feed)
				time.Sleep(time.Second)
				var reading sync.WaitGroup
				for n := range readers {
					garage := c.garage(n)
					reading.Go(func() {
						reader, err := r.feed.Open(t.Context(), sightOf(garage), "")
						if err != nil {
							t.Error(err)
							return
						}
						defer reader.Close()
						page, err := reader.Next(t.Context(), 1, 0)
						if slices.Contains(c.hanging, garage) {
							return
						}
						if err != nil || len(page.Events) != 1 || page.Events[0].ExternalRef != "WO "+garage {
							t.Errorf("the reader of %s got %v, and %v", garage, page.Events, err)
						}
					})
				}
				reading.Wait()
				if n := asked.Load(); n > c.most {
					t.Errorf("%d asked", n)
				}
			})
		})
	}
}
