// Package progress shows how far something that takes long has come: a bar on a terminal,
// a line now and then elsewhere.
package progress

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// every is how often a line is written where there is no terminal to draw on.
const every = 10 * time.Second

// Progress is how far something has come.
type Progress struct {
	out         io.Writer
	what        string
	bar         *progressbar.ProgressBar // nil: there is no terminal
	all, first  int64                    // of whatever is counted; what was done before
	began, said time.Time
}

// New returns the progress of what is called by a name, so much of which was done before.
// Of what has no known end, all is 0.
func New(out io.Writer, what string, all, done int64, now time.Time) *Progress {
	p := &Progress{out: out, what: what, all: all, first: done, began: now, said: now}
	if Terminal(out) {
		p.bar = progressbar.NewOptions64(max(all, 1), progressbar.OptionSetWriter(out), progressbar.OptionClearOnFinish(),
			progressbar.OptionSetDescription(what), progressbar.OptionSetPredictTime(true))
	}
	return p
}

// Report says that so much is done.
func (p *Progress) Report(done int64, now time.Time) {
	switch {
	case p.bar != nil:
		_ = p.bar.Set64(min(done, max(p.all, 1))) // only for show
	case now.Sub(p.said) < every || done <= p.first || p.all > 0 && done >= p.all:
	case p.all <= 0:
		p.said = now
		fmt.Fprintf(p.out, "%s: %d so far.\n", p.what, done)
	default:
		p.said = now
		left := time.Duration(float64(now.Sub(p.began)) * float64(p.all-done) / float64(done-p.first))
		fmt.Fprintf(p.out, "%s: %d %%, about %s left.\n", p.what, 100*done/p.all, left.Round(time.Second))
	}
}

// Finish clears the bar.
func (p *Progress) Finish() {
	if p.bar != nil {
		_ = p.bar.Finish() // only for show
	}
}

// Terminal reports whether w is a terminal.
func Terminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
