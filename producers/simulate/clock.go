package simulate

import (
	"net/http"
	"sync/atomic"
	"time"
)

// timeHeader says when a simulated request is made.
const timeHeader = "X-Pitstop-Simulated-Time"

// setTime has a request made at a time, for an API whose clock is a [RequestClock].
func setTime(req *http.Request, at time.Time) {
	req.Header.Set(timeHeader, at.UTC().Format(time.RFC3339Nano))
}

// RequestClock is a clock for an API in a simulation: it believes what a request
// says, else it asks another. Never give it to an API that others can reach.
func RequestClock(otherwise func() time.Time) func(*http.Request) time.Time {
	return func(req *http.Request) time.Time {
		if at, err := time.Parse(time.RFC3339Nano, req.Header.Get(timeHeader)); err == nil {
			return at
		}
		return otherwise()
	}
}

// Clock is a clock for what runs behind the doors. It stands still where it is
// set, until it is let go. Safe for concurrent use.
type Clock struct {
	at   atomic.Pointer[time.Time]
	wall func() time.Time
}

// NewClock gives a clock that stands at an instant, and is wall once it is let go.
func NewClock(at time.Time, wall func() time.Time) *Clock {
	c := &Clock{wall: wall}
	c.Set(at)
	return c
}

// Now is where the clock stands, or the time once it is let go.
func (c *Clock) Now() time.Time {
	if at := c.at.Load(); at != nil {
		return *at
	}
	return c.wall()
}

// Set puts the clock to an instant.
func (c *Clock) Set(at time.Time) { c.at.Store(&at) }

// Go lets the clock go: it tells the time from now on.
func (c *Clock) Go() { c.at.Store(nil) }
