package feed_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/api/feed"
	"pitstop/schemas/readmodel"
)

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
	r := newFeedRig(t, 3)
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
