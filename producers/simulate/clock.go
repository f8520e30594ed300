package simulate

import (
	"net/http"
	"sync/atomic"
	"time"
)

// timeHeader holds the time at which a simulated request is made.
const timeHeader = "X-Pitstop-Simulated-Time"

// setTime makes a request happen at a time, for an API whose clock is a [RequestClock].
func setTime(req *http.Request, at time.Time) {
	req.Header.Set(timeHeader, at.UTC().Format(time.RFC3339Nano))
}

// RequestClock returns the clock of an API in a simulation: it believes the time
// in a request, else it uses another clock. Never use it where others can reach the API.
func RequestClock(otherwise func() time.Time) func(*http.Request) time.Time {
	return func(req *http.Request) time.Time {
		if at, err := time.Parse(time.RFC3339Nano, req.Header.Get(timeHeader)); err == nil {
			return at
		}
		return otherwise()
	}
}

// Clock is the clock of the pipeline behind the API. It is frozen at the instant
// it was last set to, until it is unfrozen. Safe for concurrent use.
type Clock struct {
	at   atomic.Pointer[time.Time]
	wall func() time.Time
}

// NewClock returns a clock frozen at an instant, which follows wall once unfrozen.
func NewClock(at time.Time, wall func() time.Time) *Clock {
	c := &Clock{wall: wall}
	c.Set(at)
	return c
}

// Now returns the instant the clock is frozen at, or the time once unfrozen.
func (c *Clock) Now() time.Time {
	if at := c.at.Load(); at != nil {
		return *at
	}
	return c.wall()
}

// Set freezes the clock at an instant.
func (c *Clock) Set(at time.Time) { c.at.Store(&at) }

// Frozen reports whether the clock stands still.
func (c *Clock) Frozen() bool { return c.at.Load() != nil }

// Unfreeze lets the clock tell the time from now on.
func (c *Clock) Unfreeze() { c.at.Store(nil) }
