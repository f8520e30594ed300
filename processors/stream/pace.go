package stream

import (
	"time"

	"pitstop/schemas/kafka"
)

const (
	// budget is how long a transaction may handle records and timers. The rest of its
	// timeout is for writing what came of it, on a machine that may be slow.
	budget = kafka.TransactionTimeout / 5
	// maxPoll is the most records in one transaction, and maxTimers the most timers: light
	// traffic commits at once, heavy traffic batches by itself.
	maxPoll   = 1000
	maxTimers = 10_000
)

// pace is how many records, and how many timers, a transaction handles: twice as many
// after one that was quick, fewer after one that was slow.
type pace struct{ most int }

// The pace at the start: of a member whose last transaction was aborted, one. It would be
// aborted again with as many as before, and again after the next start.
var (
	firstPace   = pace{maxPoll / 10}
	carefulPace = pace{1}
)

func (p pace) records() int { return min(p.most, maxPoll) }

// carefully reports whether a record must be handled such that it alone can be dropped.
func (p pace) carefully() bool { return p == carefulPace }

// after returns the pace after a transaction that took so long to handle so many records
// and timers, whatever it took to write what came of them.
func (p pace) after(records, timers int, took time.Duration) pace {
	switch done := max(records, timers); {
	case took > budget:
		return pace{max(1, int(float64(done)*budget.Seconds()/took.Seconds()))}
	case took < budget/4 && (records >= p.records() || timers >= p.most):
		return pace{min(2*p.most, maxTimers)}
	}
	return p
}
