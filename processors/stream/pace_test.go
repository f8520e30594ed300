package stream

import (
	"testing"
	"time"
)

// A member begins with one record, goes on with twice as many while it is quick, and with
// what fits in the time when it was slow; it never stops, and never exceeds the bounds.
func TestPace(t *testing.T) {
	for what, test := range map[string]struct {
		most, records, timers int
		took                  time.Duration
		want                  int
	}{
		"quick":                      {4, 4, 0, time.Millisecond, 8},
		"quick, and few came":        {4, 3, 0, time.Millisecond, 4},
		"quick, the most records":    {maxPoll, maxPoll, 0, time.Millisecond, 2 * maxPoll},
		"quick, the most timers":     {maxTimers, 1, maxTimers, time.Millisecond, maxTimers},
		"timers alone":               {4, 1, 4, time.Millisecond, 8},
		"neither quick nor slow":     {4, 4, 0, budget, 4},
		"slow":                       {1000, 1000, 0, 10 * budget, 100},
		"slow, and few came":         {1000, 20, 0, 2 * budget, 10},
		"one record that takes long": {1, 1, 0, 100 * budget, 1},
		"few that take long":         {1000, 2, 0, 100 * budget, 1},
	} {
		if got := (pace{test.most}).after(test.records, test.timers, test.took); got.most != test.want {
			t.Errorf("%s: %d, want %d", what, got.most, test.want)
		}
	}
}
