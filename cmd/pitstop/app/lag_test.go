package app

import (
	"testing"
	"time"
)

// A consumer's lag in time is estimated from ends that were seen before: never too
// large, and exact to the time between two scrapes.
func TestAges(t *testing.T) {
	at := place{"email", "pitstop.notifications", 3}
	began := time.Date(2026, 5, 18, 8, 0, 0, 0, time.UTC)
	a := make(ages)
	for _, look := range []struct {
		second  int
		at, end int64
		want    time.Duration
	}{
		{0, 5, 9, 0}, // behind already, nobody knows for how long
		{15, 5, 9, 15 * time.Second},
		{30, 8, 20, 30 * time.Second},
		{45, 9, 30, 45 * time.Second}, // all that was there at 0 s has been read
		{60, 31, 40, 15 * time.Second},
		{75, 40, 41, 15 * time.Second},
		{90, 41, 41, 0},
		{105, 41, 42, 15 * time.Second},
		{120, 43, 43, 0},
	} {
		got := a.of(position{at, look.at, look.end}, began.Add(time.Duration(look.second)*time.Second))
		if got != look.want {
			t.Errorf("at %d s, %d of %d: %s behind, want %s", look.second, look.at, look.end, got, look.want)
		}
	}
}
