package feed_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"pitstop/schemas/record"
)

// Readiness says why the events are not followed, and that they are followed late.
func TestCheckSaysWhatIsWrongWithTheTail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newFeedRig(t, 1)
		check := func(when, reason string) {
			t.Helper()
			if err := r.feed.Check(time.Now()); (err == nil) != (reason == "") || err != nil && !strings.Contains(err.Error(), reason) {
				t.Errorf("%s: %v", when, err)
			}
		}
		check("before it runs", "starting")
		r.run(r.feed)
		time.Sleep(time.Second)
		check("at the end", "")
		newer := r.newer()
		r.DenySchemas(3 * time.Second)
		r.log(newer)
		time.Sleep(time.Second)
		check("while the registry does not know an event", "events: stalled: ")
		time.Sleep(4 * time.Second)
		check("when it does", "")

		r.feed.End(9, time.Now())
		time.Sleep(30 * time.Second)
		check("behind for a moment", "")
		time.Sleep(time.Second)
		check("behind for longer", "8 records behind, and behind for 31s")
		r.log(newer)
		time.Sleep(time.Second)
		check("at the end again", "")
	})
}

// Of events behind a stranger's open transaction readiness says whose it is and what to
// do, until it has ended. A feed is not ready before it follows the topic.
func TestAStrangersOpenTransaction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newFeedRig(t, 3)
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

// Events come as they happen also while brokers are slow to say whose transactions are
// open.
func TestAskingWhatHidesEventsHoldsUpNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newFeedRig(t, 1)
		r.run(r.feed)
		time.Sleep(time.Second) // it follows: finding the end is what slow brokers do hold up
		_, cursor := r.read("", 1, "a")
		reader, err := r.feed.Open(t.Context(), sightOf("a"), cursor)
		must(t, err)
		defer reader.Close()
		var asked atomic.Int32
		ended := time.Now().Add(15 * time.Second)
		r.Fake.ControlKey(int16(kmsg.ListOffsets), func(kmsg.Request) (kmsg.Response, error, bool) {
			r.Fake.KeepControl()
			if time.Now().Before(ended) {
				asked.Add(1)
				r.Fake.SleepControl(func() { time.Sleep(1700 * time.Millisecond) })
			}
			return nil, nil, false
		})
		for n := 0; time.Now().Before(ended); n++ {
			began := time.Now()
			r.write("a", kgo.TryCommit, n, n+1)
			if page, err := reader.Next(t.Context(), 10, time.Minute); err != nil || len(page.Events) != 1 || time.Since(began) > time.Second {
				t.Errorf("event %d: %d events, %v after %s", n, len(page.Events), err, time.Since(began))
			}
			time.Sleep(time.Second / 2)
		}
		if asked.Load() == 0 {
			t.Error("nobody asked")
		}
		time.Sleep(10 * time.Second)
		must(t, r.feed.Check(time.Now()))
	})
}
