package demo

import (
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
)

// sayEvery is how often progress is said where there is no terminal to draw it on.
const sayEvery = 10 * time.Second

// progress shows how much of the history has been played: a bar on a terminal, a line now
// and then elsewhere.
type progress struct {
	out        io.Writer
	bar        *progressbar.ProgressBar // nil: there is no terminal
	all, first time.Duration            // of history; what was played before
	began      time.Time
	said       time.Time
}

func newProgress(out io.Writer, terminal bool, all, first time.Duration, now time.Time) *progress {
	p := &progress{out: out, all: all, first: first, began: now, said: now}
	if terminal {
		p.bar = progressbar.NewOptions64(int64(all/time.Minute), progressbar.OptionSetWriter(out), progressbar.OptionClearOnFinish(),
			progressbar.OptionSetDescription("30 days of history"), progressbar.OptionSetPredictTime(true))
	}
	return p
}

// report shows that so much has been played.
func (p *progress) report(done time.Duration, now time.Time) {
	if p.bar != nil {
		_ = p.bar.Set64(int64(done / time.Minute)) // only for show
		return
	}
	if now.Sub(p.said) < sayEvery || done <= p.first {
		return
	}
	p.said = now
	left := time.Duration(float64(now.Sub(p.began)) * float64(p.all-done) / float64(done-p.first))
	fmt.Fprintf(p.out, "History: %d %%, about %s left.\n", 100*done/p.all, left.Round(time.Second))
}

func (p *progress) finish() {
	if p.bar != nil {
		_ = p.bar.Finish() // only for show
	}
}
