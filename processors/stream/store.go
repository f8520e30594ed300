package stream

import (
	"cmp"
	"container/heap"
	"slices"
	"strings"
	"time"

	"pitstop/schemas/record"
)

// entry is the state of one key, as bytes, with its timers in the order of
// their due times. Entries are replaced, never changed.
type entry struct {
	state  []byte
	timers []record.TimerEntry
}

// store is the state of one partition. Changes of the open transaction live in
// an overlay, which commit merges and abort drops.
type store struct {
	kept    map[string]entry
	overlay map[string]entry
	// wakeups has an item for every timer in kept, and stale ones for timers
	// since moved or cancelled: an item counts only if the timer is still there.
	wakeups wakeups
	// taken holds the items that the open transaction took off wakeups.
	taken []wakeup
}

func newStore() store {
	return store{kept: make(map[string]entry), overlay: make(map[string]entry)}
}

func (s *store) get(key string) entry {
	if e, ok := s.overlay[key]; ok {
		return e
	}
	return s.kept[key]
}

func (s *store) put(key string, e entry) { s.overlay[key] = e }

// keep makes an entry part of the committed state; an empty one forgets the key.
func (s *store) keep(key string, e entry) {
	if len(e.state) == 0 && len(e.timers) == 0 {
		delete(s.kept, key)
		return
	}
	s.kept[key] = e
}

// restored builds the wakeups once the changelog has been read.
func (s *store) restored() {
	s.wakeups = nil
	for key, e := range s.kept {
		for _, t := range e.timers {
			s.wakeups = append(s.wakeups, wakeup{t.Due, key, t.Name})
		}
	}
	heap.Init(&s.wakeups)
}

// due returns the timers due by now, over all keys, in the order of their due times.
func (s *store) due(now time.Time) []wakeup {
	var due []wakeup
	for len(s.wakeups) > 0 && !s.wakeups[0].due.After(now) {
		w := heap.Pop(&s.wakeups).(wakeup)
		s.taken = append(s.taken, w)
	}
	for _, w := range s.taken {
		if s.holds(w) {
			due = append(due, w)
		}
	}
	for key, e := range s.overlay {
		for _, t := range e.timers {
			if !t.Due.After(now) {
				due = append(due, wakeup{t.Due, key, t.Name})
			}
		}
	}
	slices.SortFunc(due, wakeup.compare)
	return slices.Compact(due)
}

func (s *store) holds(w wakeup) bool {
	return slices.ContainsFunc(s.get(w.key).timers, func(t record.TimerEntry) bool {
		return t.Name == w.name && t.Due.Equal(w.due)
	})
}

// next returns when the earliest committed timer is due; the zero time: there is none.
func (s *store) next() time.Time {
	for len(s.wakeups) > 0 {
		if s.holds(s.wakeups[0]) {
			return s.wakeups[0].due
		}
		heap.Pop(&s.wakeups)
	}
	return time.Time{}
}

func (s *store) commit() {
	for key, e := range s.overlay {
		old := s.kept[key].timers
		s.keep(key, e)
		for _, t := range e.timers {
			if !slices.ContainsFunc(old, func(o record.TimerEntry) bool { return o.Name == t.Name && o.Due.Equal(t.Due) }) {
				heap.Push(&s.wakeups, wakeup{t.Due, key, t.Name})
			}
		}
	}
	clear(s.overlay)
	taken := s.taken
	s.taken = nil
	for _, w := range taken { // due, but not fired: it may fire in a later transaction
		if s.holds(w) {
			heap.Push(&s.wakeups, w)
		}
	}
}

func (s *store) abort() {
	clear(s.overlay)
	for _, w := range s.taken {
		heap.Push(&s.wakeups, w)
	}
	s.taken = nil
}

// wakeup says that a key has a timer due at a time.
type wakeup struct {
	due  time.Time
	key  string
	name string
}

func (w wakeup) compare(o wakeup) int {
	return cmp.Or(w.due.Compare(o.due), strings.Compare(w.key, o.key), strings.Compare(w.name, o.name))
}

// wakeups is a heap, earliest first (container/heap).
type wakeups []wakeup

func (h wakeups) Len() int           { return len(h) }
func (h wakeups) Less(i, j int) bool { return h[i].compare(h[j]) < 0 }
func (h wakeups) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *wakeups) Push(x any)        { *h = append(*h, x.(wakeup)) }
func (h *wakeups) Pop() any {
	old := *h
	w := old[len(old)-1]
	*h = old[:len(old)-1]
	return w
}
