package stream

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"pitstop/schemas/kafka"
)

// Monitor tells others what a member does: readiness, and when its next timer is due.
type Monitor struct {
	kafka.Progress
	mu    sync.Mutex
	known bool                // next is up to date
	next  map[int32]time.Time // the earliest timer, by partition
	left  map[int32]bool      // whether a tick left timers over, by partition
	// aborts counts the transactions in a row that were aborted, also before the member
	// was started again; why is the reason of the last.
	aborts int
	why    error
	lack   map[int32]error // what a record or timer waits for, by partition
}

// tolerated is how many transactions in a row may be aborted before the member counts as
// not ready: the first one after an idle rebalance often is.
const tolerated = 1

// Check returns the reason the member is not ready, nil when it is.
func (m *Monitor) Check(now time.Time) error {
	m.mu.Lock()
	aborts, why := m.aborts, m.why
	var lack error
	if waiting := slices.Sorted(maps.Keys(m.lack)); len(waiting) > 0 {
		lack = fmt.Errorf("stalled: partition %d: %w", waiting[0], m.lack[waiting[0]])
	}
	m.mu.Unlock()
	if lack != nil {
		return lack
	}
	if aborts > tolerated {
		return fmt.Errorf("stalled: %d transactions in a row were aborted, the last because %w", aborts, why)
	}
	return m.Progress.Check(now)
}

// ended says that a transaction was committed, or why it was not. It returns how many in
// a row were not.
func (m *Monitor) ended(err error) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.why = err; err == nil {
		m.aborts = 0
	} else {
		m.aborts++
	}
	return m.aborts
}

// lacks says what a partition waits for; nil: nothing. It reports whether that is new.
func (m *Monitor) lacks(p int32, what error) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	before := m.lack[p]
	if what == nil {
		delete(m.lack, p)
		return false
	}
	if m.lack == nil {
		m.lack = make(map[int32]error)
	}
	m.lack[p] = what
	return before == nil || before.Error() != what.Error()
}

// adopted says that the partitions were assigned anew.
func (m *Monitor) adopted() {
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.lack)
}

func (m *Monitor) failing() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.aborts > 0
}

// Due reports whether a timer that has not fired is due by now; or may be, because
// the member is at work or has not started.
func (m *Monitor) Due(now time.Time) bool {
	m.mu.Lock()
	known := m.known
	m.mu.Unlock()
	return !known || len(m.due(now)) > 0
}

func (m *Monitor) due(now time.Time) map[int32]time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	due := make(map[int32]time.Time)
	for p, t := range m.next {
		if !t.After(now) {
			due[p] = t
		}
	}
	return due
}

// takeLeft reports whether the last transaction left timers of a partition over, once.
func (m *Monitor) takeLeft(p int32) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	left := m.left[p]
	delete(m.left, p)
	return left
}

// busy says that timers may be set, moved and fired until the member is idle again.
func (m *Monitor) busy() {
	m.mu.Lock()
	m.known = false
	m.mu.Unlock()
}

func (m *Monitor) idle(tasks map[int32]*task) {
	next, left := make(map[int32]time.Time, len(tasks)), make(map[int32]bool)
	for p, t := range tasks {
		if due := t.next(); !due.IsZero() {
			next[p] = due
		}
		left[p] = t.leftOver()
	}
	m.mu.Lock()
	m.known, m.next, m.left = true, next, left
	m.mu.Unlock()
	m.Waiting()
}
