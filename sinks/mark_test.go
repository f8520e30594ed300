package sinks

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"pitstop/schemas/record"
)

func TestMarksFollowWhatIsWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, m := newRig(t), new(memory)
		latest := make(map[int32]time.Time)
		everything := make(map[int32]time.Time)
		c := r.sink("")
		c.Through = []Stage{{"pitstop.stands-still", []string{record.Events.Name}}}
		c.Mark = func(_ context.Context, marks []Mark) error {
			for _, k := range marks {
				if k.Topic == Everything {
					everything[k.Partition] = k.AsOf
				} else {
					latest[k.Partition] = k.AsOf
				}
			}
			return nil
		}
		stop := r.start(c, m)
		behind := func() time.Duration {
			if len(latest) != partitions {
				t.Fatalf("%d partitions have marks, want %d", len(latest), partitions)
			}
			var most time.Duration
			for _, at := range latest {
				most = max(most, time.Since(at))
			}
			return most
		}
		pass(10 * time.Second)
		if b := behind(); b > 2*time.Second {
			t.Errorf("on an empty log, marks are %s behind", b)
		}
		r.produceTransaction(20)
		pass(10 * time.Second)
		if b := behind(); b > 2*time.Second {
			t.Errorf("after a transaction, marks are %s behind", b)
		}
		m.failWith(func([]Message) (int, error) { return 0, ErrAway })
		r.produceEvents(100, 150) // on every partition
		pass(time.Minute)
		if b := behind(); b < time.Minute {
			t.Errorf("marks are only %s behind, but nothing was written for a minute", b)
		}
		m.failWith(nil)
		pass(30 * time.Second)
		if b := behind(); b > 2*time.Second {
			t.Errorf("after catching up, marks are %s behind", b)
		}
		latest = everything // a stage has read nothing since the log was empty
		if b := behind(); b < 90*time.Second {
			t.Errorf("everything is only %s behind, but a stage stands still", b)
		}
		must(t, stop())
	})
}
