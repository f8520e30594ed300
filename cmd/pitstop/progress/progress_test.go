package progress

import (
	"strings"
	"testing"
	"time"
)

// Where there is no terminal, progress is a line every ten seconds that says how much is
// done and what is left; not one for each report, which come by the dozen in a second.
func TestProgressWithoutATerminal(t *testing.T) {
	for name, tc := range map[string]struct {
		all, first int64
		want       string
	}{
		"from the start":  {1000, 0, "Work: 10 %, about 1m30s left.\nWork: 20 %, about 1m20s left.\n"},
		"going on":        {1000, 50, "Work: 10 %, about 3m0s left.\nWork: 20 %, about 1m47s left.\n"},
		"no known end":    {0, 0, "Work: 100 so far.\nWork: 200 so far.\n"},
		"nothing is done": {1000, 1000, ""},
	} {
		var said strings.Builder
		now := time.Date(2026, time.June, 24, 3, 0, 0, 0, time.UTC)
		p := New(&said, "Work", tc.all, tc.first, now)
		for second := range int64(25) {
			for range 5 {
				p.Report(10*second, now.Add(time.Duration(second)*time.Second))
			}
		}
		p.Finish()
		if said.String() != tc.want {
			t.Errorf("%s: said\n%swant\n%s", name, &said, tc.want)
		}
	}
}
