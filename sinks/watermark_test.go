package sinks

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"pitstop/schemas/record"
)

func TestWatermarksFollowWhatIsWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, m := newRig(t), new(memory)
		latest := make(map[int32]time.Time)
		everything := make(map[int32]time.Time)
		c := r.sink("")
		c.Upstream = []Stage{{"pitstop.stands-still", []string{record.Events.Name}}}
		c.Watermarks = func(_ context.Context, watermarks []Watermark) error {
			for _, w := range watermarks {
				if w.Topic == EndToEnd {
					everything[w.Partition] = w.AsOf
				} else {
					latest[w.Partition] = w.AsOf
				}
			}
			return nil
		}
		stop := r.start(c, m)
		behind := func() time.Duration {
			if len(latest) != partitions {
				t.Fatalf("%d partitions have watermarks, want %d", len(latest), partitions)
			}
			var most time.Duration
			for _, at := range latest {
				most = max(most, time.Since(at))
			}
			return most
		}
		pass(10 * time.Second)
		if b := behind(); b > 2*time.Second {
			t.Errorf("on an empty log, watermarks are %s behind", b)
		}
		r.produceTransaction(20)
		pass(10 * time.Second)
		if b := behind(); b > 2*time.Second {
			t.Errorf("after a transaction, watermarks are %s behind", b)
		}
		m.failWith(func([]Message) (int, error) { return 0, ErrAway })
		r.produceEvents(100, 150) // on every partition
		pass(time.Minute)
		if b := behind(); b < time.Minute {
			t.Errorf("watermarks are only %s behind, but nothing was written for a minute", b)
		}
		m.failWith(nil)
		pass(30 * time.Second)
		if b := behind(); b > 2*time.Second {
			t.Errorf("after catching up, watermarks are %s behind", b)
		}
		latest = everything // a stage has read nothing since the topics were empty
		if b := behind(); b < 90*time.Second {
			t.Errorf("everything is only %s behind, but a stage stands still", b)
		}
		must(t, stop())
	})
}

// Watermarks are reported every second, also by a clock that stands still.
func TestWatermarksByAClockThatStandsStill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, reports := newRig(t), 0
		c := r.sink("")
		began := time.Now()
		c.Now = func() time.Time { return began }
		c.Watermarks = func(context.Context, []Watermark) error { reports++; return nil }
		stop := r.start(c, new(memory))
		pass(10 * time.Second)
		must(t, stop())
		if reports < 5 || reports > 11 {
			t.Errorf("%d reports in ten seconds", reports)
		}
	})
}
