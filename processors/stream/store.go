package stream

import (
	"bytes"
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

func (e entry) empty() bool { return len(e.state) == 0 && len(e.timers) == 0 }

func (e entry) equal(o entry) bool {
	return bytes.Equal(e.state, o.state) && slices.Equal(e.timers, o.timers)
}

// live is a key in the open transaction: its state is decoded once, before the first
// record or timer of the key, and encoded once, after the last.
type live struct {
	entry
	decoded any  // the state; nil: as entry has it
	ahead   bool // decoded may hold changes that entry.state lacks
}

// store is the state of one partition. Changes of the open transaction live in
// an overlay, which commit merges and abort drops.
type store struct {
	kept    map[string]entry
	overlay map[string]*live
	// wakeups has an item for the earliest timer of every key, and stale ones for
	// timers since moved or cancelled: an item counts only if that timer is still the
	// key's earliest.
	wakeups wakeups
	// taken holds the items that the open transaction took off wakeups.
	taken []wakeup
}

func newStore() store {
	return store{kept: make(map[string]entry), overlay: make(map[string]*live)}
}

// entry returns what a key has, but for changes that have not been encoded.
func (s *store) entry(key string) entry {
	if l := s.overlay[key]; l != nil {
		return l.entry
	}
	return s.kept[key]
}

// open returns a key to be changed in the open transaction.
func (s *store) open(key string) *live {
	l := s.overlay[key]
	if l == nil {
		l = &live{entry: s.kept[key]}
		s.overlay[key] = l
	}
	return l
}

// setTimers replaces the timers of a key in the open transaction.
func (s *store) setTimers(key string, l *live, timers []record.TimerEntry) {
	before := l.timers
	l.timers = timers
	if len(timers) > 0 && (len(before) == 0 || !timers[0].Due.Equal(before[0].Due)) {
		heap.Push(&s.wakeups, wakeup{timers[0].Due, key})
	}
}

// keep makes an entry part of the committed state; an empty one forgets the key. It
// copies what was cut from something larger, which would stay in memory with it.
func (s *store) keep(key string, e entry) {
	if e.empty() {
		delete(s.kept, key)
		return
	}
	s.kept[key] = entry{bytes.Clone(e.state), slices.Clone(e.timers)}
}

// restored builds the wakeups once the changelog has been read.
func (s *store) restored() {
	s.wakeups = nil
	for key, e := range s.kept {
		if len(e.timers) > 0 {
			s.wakeups = append(s.wakeups, wakeup{e.timers[0].Due, key})
		}
	}
	heap.Init(&s.wakeups)
}

// due takes the earliest timer that is due by now, and returns its key.
func (s *store) due(now time.Time) (w wakeup, ok bool) {
	for len(s.wakeups) > 0 && !s.wakeups[0].due.After(now) {
		w := heap.Pop(&s.wakeups).(wakeup)
		s.taken = append(s.taken, w)
		if s.holds(w) {
			return w, true
		}
	}
	return wakeup{}, false
}

func (s *store) holds(w wakeup) bool {
	timers := s.entry(w.key).timers
	return len(timers) > 0 && timers[0].Due.Equal(w.due)
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
	for key, l := range s.overlay {
		s.keep(key, l.entry)
	}
	clear(s.overlay)
	s.taken = nil
}

func (s *store) abort() {
	clear(s.overlay)
	for _, w := range s.taken {
		heap.Push(&s.wakeups, w)
	}
	s.taken = nil
}

// wakeup says that the earliest timer of a key is due at a time.
type wakeup struct {
	due time.Time
	key string
}

func (w wakeup) compare(o wakeup) int {
	return cmp.Or(w.due.Compare(o.due), strings.Compare(w.key, o.key))
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
