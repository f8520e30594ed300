package stream

import (
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

// busy says that timers may be set, moved and fired until the member is idle again.
func (m *Monitor) busy() {
	m.mu.Lock()
	m.known = false
	m.mu.Unlock()
}

func (m *Monitor) idle(tasks map[int32]*task) {
	next := make(map[int32]time.Time, len(tasks))
	for p, t := range tasks {
		if due := t.next(); !due.IsZero() {
			next[p] = due
		}
	}
	m.mu.Lock()
	m.known, m.next = true, next
	m.mu.Unlock()
	m.Waiting()
}
