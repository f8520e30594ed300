package simulate

import (
	"maps"
	"sync"
)

// Stats counts what was done. The zero Stats is ready, and safe for concurrent use.
type Stats struct {
	mu     sync.Mutex
	counts Counts
}

// Counts are what Stats counted up to a moment.
type Counts struct {
	// Asked counts requests by kind, such as StartRepair.
	Asked map[string]int
	// Refused counts refusals by the problem's code; the planned ones too.
	Refused map[string]int
	// Unexpected counts answers other than the planned ones, by the problem's code.
	// It is empty when all is well.
	Unexpected map[string]int
	// Mails is how many mails customers opened.
	Mails int
}

// Counts returns a copy of the counts.
func (s *Stats) Counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.counts
	c.Asked, c.Refused, c.Unexpected = maps.Clone(c.Asked), maps.Clone(c.Refused), maps.Clone(c.Unexpected)
	return c
}

func (s *Stats) asked(kind string) {
	s.count(func(c *Counts) *map[string]int { return &c.Asked }, kind)
}

func (s *Stats) refused(code string) {
	s.count(func(c *Counts) *map[string]int { return &c.Refused }, code)
}

func (s *Stats) unexpected(code string) {
	s.count(func(c *Counts) *map[string]int { return &c.Unexpected }, code)
}

func (s *Stats) count(which func(*Counts) *map[string]int, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := which(&s.counts)
	if *m == nil {
		*m = make(map[string]int)
	}
	if name == "" {
		name = "accepted"
	}
	(*m)[name]++
}

func (s *Stats) mail() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts.Mails++
}
