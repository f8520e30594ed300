package command

import (
	"sync"

	"pitstop/schemas/repair"
)

// generation is how many repairs are heard of before those of the generation before
// are forgotten. An entry takes about 150 bytes.
const generation = 20_000

// recent remembers how far repairs are, as their outcomes say: of at least the last
// generation of them, and of no more than two. Readers who need what they have just
// been told wait for it, however far the read model lags.
type recent struct {
	mu         sync.Mutex
	young, old map[string]standing
}

type standing struct {
	garage   string
	sequence int64
}

// learn takes in an outcome. One that says nothing of a repair has no sequence.
func (r *recent) learn(o *repair.Outcome) {
	if _, known := r.newest(o.AggregateID); o.Sequence <= known {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.young) >= generation || r.young == nil {
		r.young, r.old = make(map[string]standing), r.young
	}
	r.young[o.AggregateID] = standing{o.GarageID, o.Sequence}
}

func (r *recent) newest(id string) (garage string, sequence int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s, ok := r.young[id]
	if !ok {
		s = r.old[id]
	}
	return s.garage, s.sequence
}
