package kafka

import (
	"fmt"
	"sync"
	"time"
)

// StuckAfter is how long a consumer may work on one batch before it counts as stuck.
const StuckAfter = 30 * time.Second

// Progress tells the readiness check whether a consumer makes progress. The consumer
// says what it does; the zero Progress has not started. It is safe for concurrent use.
type Progress struct {
	mu      sync.Mutex
	started bool
	doing   string    // empty: waiting for records
	since   time.Time // when it began doing it
	stalled string
}

// Waiting says that everything so far is done.
func (p *Progress) Waiting() { p.set(true, "", time.Time{}, "") }

// Working says what is being done, from now on.
func (p *Progress) Working(what string, now time.Time) { p.set(true, what, now, "") }

// Starting says what must be done before the first record.
func (p *Progress) Starting(what string) { p.set(false, what, time.Time{}, "") }

// Stalled says why nothing moves: something it needs is away.
func (p *Progress) Stalled(why string) { p.set(true, "", time.Time{}, why) }

func (p *Progress) set(started bool, doing string, since time.Time, stalled string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.started, p.doing, p.since, p.stalled = started, doing, since, stalled
}

// Check returns the reason the consumer is not ready, nil when it is.
func (p *Progress) Check(now time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.stalled != "":
		return fmt.Errorf("stalled: %s", p.stalled)
	case !p.started && p.doing != "":
		return fmt.Errorf("starting: %s", p.doing)
	case !p.started:
		return fmt.Errorf("starting")
	case p.doing != "" && now.Sub(p.since) > StuckAfter:
		return fmt.Errorf("stuck: %s for %s", p.doing, now.Sub(p.since).Round(time.Second))
	}
	return nil
}
