package feed

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"pitstop/schemas/readmodel"
)

// FindReferences returns the garages' own order numbers of repairs, as far as the read
// model has the repairs, and the time up to which it is complete.
type FindReferences func(ctx context.Context, garages, ids []string) (refs map[string]string, asOf time.Time, err error)

// references knows the order number of each repair, which only its first event has:
// from that event, if it went by not long ago, or else from the read model.
type references struct {
	find   FindReferences
	asking chan struct{} // has a place for each who asks it

	mu         sync.Mutex
	young, old map[string]string // by the repair's id; "": it has none
}

// maxAsking is how many ask the read model at a time. The others wait for their turn: few
// of those who wait for the same ask, and it takes several queries that hang to hold up
// the other garages.
const maxAsking = 8

// generation is how many repairs are remembered before the older half is forgotten.
const generation = 1 << 15

func (r *references) learn(id, ref string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.young) >= generation || r.young == nil {
		r.young, r.old = make(map[string]string), r.young
	}
	r.young[id] = ref
}

func (r *references) of(id string) (ref string, known bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if ref, known = r.young[id]; !known {
		ref, known = r.old[id]
	}
	return ref, known
}

// found is an event that somebody may see.
type found struct {
	readmodel.Event
	logged time.Time
}

// complete writes the order numbers on events, and returns how many of them, from the
// first, are complete: all, or those before one whose number the error says why there is
// none. It waits for a read model that has not come to an event yet. Up to maxAsking ask
// at a time: what they learn, others who wait for the same need not ask.
func (r *references) complete(ctx context.Context, events []found) (n int, err error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	for {
		missing, _ := r.write(events)
		switch {
		case len(missing) == 0: // also where somebody else has learned what could not be asked here
			return len(events), nil
		case err != nil:
			return slices.IndexFunc(events, func(e found) bool { _, lacks := missing[e.RepairID]; return lacks }), err
		}
		err = r.ask(ctx, events)
	}
}

// ask asks the read model for the order numbers that are missing, and waits if it is behind.
func (r *references) ask(ctx context.Context, events []found) error {
	select {
	case r.asking <- struct{}{}:
	case <-ctx.Done():
		return fmt.Errorf("find the order numbers of repairs: %w", ctx.Err())
	}
	behind, asOf, err := r.look(ctx, events)
	<-r.asking
	if err != nil || !behind {
		return err
	}
	select {
	case <-ctx.Done():
		return fmt.Errorf("the read model, complete up to %s, lacks repairs of newer events: %w", asOf.Format(time.RFC3339), ctx.Err())
	case <-time.After(200 * time.Millisecond):
		return nil
	}
}

// look learns from the read model, and reports whether it is behind the events.
func (r *references) look(ctx context.Context, events []found) (behind bool, asOf time.Time, err error) {
	missing, garages := r.write(events)
	if len(missing) == 0 { // somebody else has asked
		return false, asOf, nil
	}
	refs, asOf, err := r.find(ctx, slices.Collect(maps.Keys(garages)), slices.Collect(maps.Keys(missing)))
	if err != nil {
		return false, asOf, fmt.Errorf("find the order numbers of repairs: %w", err)
	}
	for id, logged := range missing {
		ref, ok := refs[id]
		if ok || logged.Before(asOf) { // the read model has the event, or was told not to
			r.learn(id, ref)
		} else {
			behind = true
		}
	}
	return behind, asOf, nil
}

// write writes the numbers that are known, and returns the repairs whose are not, each
// with when its first event here was logged, and their garages.
func (r *references) write(events []found) (missing map[string]time.Time, garages map[string]bool) {
	missing, garages = make(map[string]time.Time), make(map[string]bool)
	for i, e := range slices.Backward(events) {
		ref, known := r.of(e.RepairID)
		if !known {
			missing[e.RepairID], garages[e.GarageID] = e.logged, true
		}
		events[i].ExternalRef = ref
	}
	return missing, garages
}
