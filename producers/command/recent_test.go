package command

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"pitstop/schemas/repair"
)

func heard(id string, sequence int64) *repair.Outcome {
	o := &repair.Outcome{Verdict: repair.Verdict{Sequence: sequence}}
	o.AggregateID, o.GarageID = id, "de-brug"
	return o
}

// Outcomes come late and again; how far a repair is never goes back.
func TestRecentNeverGoesBack(t *testing.T) {
	var r recent
	for _, sequence := range []int64{0, 2, 1, 3, 3, 0} { // 0: another garage's command
		r.learn(heard("r1", sequence))
	}
	if garage, sequence := r.newest("r1"); garage != "de-brug" || sequence != 3 {
		t.Errorf("%s/%d", garage, sequence)
	}
	if _, sequence := r.newest("r2"); sequence != 0 {
		t.Errorf("a repair nobody heard of is at %d", sequence)
	}
}

// Of very many repairs the latest are remembered, and no more than twice as many.
func TestRecentIsBounded(t *testing.T) {
	var r recent
	const all = 5*generation + 7
	for i := range int64(all) {
		r.learn(heard(fmt.Sprint(i), i+1))
		r.learn(heard("busy", i+1))
	}
	if n := len(r.young) + len(r.old); n > 2*generation {
		t.Errorf("%d are remembered", n)
	}
	for i := int64(all - generation + 1); i < all; i++ {
		if _, got := r.newest(fmt.Sprint(i)); got != i+1 {
			t.Fatalf("number %d of %d is at %d", i, all, got)
		}
	}
	if _, got := r.newest("busy"); got != all {
		t.Errorf("a repair of which there is always news is at %d", got)
	}
}

// Every process hears what every other one's commands led to, before its sender does.
func TestNewestIsHeardByEveryClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.ready()
		sender := r.client
		another, err := NewClient(r.config, r.codec, r.log)
		must(t, err)
		t.Cleanup(func() { _ = another.Close(context.Background()) })
		r.client = another
		r.ready()
		r.client = sender
		r.start(r.lifecycle)
		cmd := r.message("k1", "hallo")
		o, err := sender.Ask(t.Context(), cmd, 2*time.Second)
		must(t, err)
		if o == nil {
			t.Fatal("no outcome")
		}
		<-time.After(time.Second) // the other one fetches, too
		id := cmd.Head().AggregateID
		for name, c := range map[string]*Client{"the sender": sender, "another": another} {
			if garage, sequence := c.Newest(id); garage != "de-brug" || sequence != 1 {
				t.Errorf("%s: %s/%d", name, garage, sequence)
			}
		}
	})
}
