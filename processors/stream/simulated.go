package stream

import "time"

// Simulated reports whether what occurred at a time is part of a simulation, which is
// played at its own time and not at that of the log. Nil: nothing is.
type Simulated func(time.Time) bool

// Covers is Simulated itself, for nil too.
func (s Simulated) Covers(at time.Time) bool { return s != nil && s(at) }
