package demo

import (
	"strings"
	"testing"
	"time"
)

// Where there is no terminal, progress is a line every ten seconds that says how much is
// done and what is left; not one for each window, which come by the dozen in a second.
func TestProgressWithoutATerminal(t *testing.T) {
	var said strings.Builder
	now := time.Date(2026, time.June, 24, 3, 0, 0, 0, time.UTC)
	const all = 30 * 24 * time.Hour
	p := newProgress(&said, false, all, 6*24*time.Hour, now)
	for second := range 24 {
		for range 5 {
			p.report(time.Duration(6+second)*24*time.Hour, now.Add(time.Duration(second)*time.Second))
		}
	}
	p.finish()
	const want = "History: 53 %, about 14s left.\nHistory: 86 %, about 4s left.\n"
	if said.String() != want {
		t.Errorf("said\n%swant\n%s", &said, want)
	}
}
