package stream

import (
	"testing"
	"time"

	"pitstop/schemas/record"
)

// A member that may be setting a timer must not look as if nothing were left to do.
func TestDue(t *testing.T) {
	at := time.Date(2026, 5, 20, 9, 0, 0, 0, time.UTC)
	var m Monitor
	expect := func(when string, due bool) {
		t.Helper()
		if got := m.Due(at); got != due {
			t.Errorf("%s: due is %t, want %t", when, got, due)
		}
	}
	expect("before the start", true)
	l := &logic{}
	p := newTask(l, nil, 0)
	m.idle(map[int32]*task{0: p})
	expect("without timers", false)
	m.busy()
	expect("at work", true)
	p.keep("r1", entry{timers: []record.TimerEntry{{Name: "later", Due: at.Add(time.Hour)}}})
	p.restored()
	m.idle(map[int32]*task{0: p})
	expect("with a timer for later", false)
	at = at.Add(time.Hour)
	expect("when that is due", true)
}
