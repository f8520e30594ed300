package simulate

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"pitstop/producers/simulate/towns"
	"pitstop/schemas/garage"
	"pitstop/schemas/repair"
	"pitstop/schemas/request"
)

// DefaultRepairs is how many repairs a history has.
const DefaultRepairs = 250

// A Plan is everything that people do at the garages from one instant to another.
// The same arguments always make the same plan.
type Plan struct {
	From, To time.Time
	// Repairs is who brings what where, in no order.
	Repairs []Repair
	// Steps are in order of time. Those of one repair are at least a second apart.
	Steps []Step
	// Windows are the stretches to perform at once: whatever runs concurrently
	// within one, the outcome is the same.
	Windows []Window
}

// Covers reports whether a time lies in the plan.
func (p *Plan) Covers(at time.Time) bool { return !at.Before(p.From) && at.Before(p.To) }

// Repair is one job order of a plan.
type Repair struct {
	ID       string
	Garage   string
	Customer request.Person
	// Approver is who decides; nil: the customer does.
	Approver *request.Person
	Vehicle  request.Vehicle
}

// A Step is one request of one person.
type Step struct {
	At     time.Time
	Repair int // index in the plan's repairs
	request.Request
	// Refused is the code of the refusal to expect; empty: the request is accepted.
	Refused repair.Code
	// After is the sequence of the event that a customer's page must show first: of
	// the latest request for approval, or correction of a contact; 0: none.
	After int64
}

// NewPlan plans repairs that begin between two instants while their garages are
// open. What would happen later is left out, so that some are still open at the
// end.
func NewPlan(seed uint64, repairs int, book *garage.Book, from, to time.Time) (*Plan, error) {
	from, to = from.UTC().Truncate(time.Millisecond), to.UTC().Truncate(time.Millisecond)
	p := &Plan{From: from, To: to}
	var open []*garage.Profile // each as often as it has mechanics
	for _, g := range book.Garages() {
		if g.Calendar().Open(from, to) > 0 {
			open = append(open, slices.Repeat([]*garage.Profile{g}, max(1, len(g.Staff.Mechanics)))...)
		}
	}
	if len(open) == 0 {
		return nil, errors.New("plan history: no garage is open in that time: plan at least a week")
	}
	visits := make(map[string][]visit)
	for i := range repairs {
		r := rand.New(rand.NewPCG(seed, uint64(i))) //nolint:gosec // not secret
		g := pick(r, open)
		v := visit{newCustomer(r, i), arrival(r, g, from, to)}
		if again, ok := comeBack(r, visits[g.ID], g, to); ok {
			v = again
		}
		if i%busy == 0 {
			v.at = busyArrival(r, g, v.at, to)
		}
		visits[g.ID] = append(visits[g.ID], v)
		s := newScript(r, g, i, v)
		s.play()
		p.Repairs = append(p.Repairs, s.repair)
		for _, step := range s.steps {
			if step.At.Before(to) {
				p.Steps = append(p.Steps, step)
			}
		}
	}
	slices.SortStableFunc(p.Steps, func(a, b Step) int { return a.At.Compare(b.At) })
	p.Windows = p.splitWindows()
	return p, nil
}

// visit is a customer who comes at a time.
type visit struct {
	customer
	at time.Time
}

// arrival draws a time when the garage is open; most people come early.
func arrival(r *rand.Rand, g *garage.Profile, from, to time.Time) time.Time {
	days := g.Calendar().Intervals(from, to)
	for {
		d := pick(r, days)
		x := r.Float64()
		at := d.Start.Add(time.Duration(x * x * float64(d.End.Sub(d.Start)))).Truncate(time.Millisecond)
		if !at.Before(from) && at.Before(to) {
			return at
		}
	}
}

// busy is one over the share of the repairs that begin on the last day.
const busy = 4

// busyArrival draws a time on the last day; at, where the garage is closed then.
func busyArrival(r *rand.Rand, g *garage.Profile, at, to time.Time) time.Time {
	last := to.Add(-1 - time.Duration(r.Int64N(int64(towns.LastDay)))).Truncate(time.Millisecond)
	if !g.Calendar().IsOpen(last) {
		return at
	}
	return last
}

// comeBack has an earlier customer come again, at least a week later.
func comeBack(r *rand.Rand, before []visit, g *garage.Profile, to time.Time) (visit, bool) {
	if len(before) == 0 || r.Float64() > 0.08 {
		return visit{}, false
	}
	v := pick(r, before)
	if to.Sub(v.at) < 10*24*time.Hour {
		return visit{}, false
	}
	from := v.at.Add(7 * 24 * time.Hour)
	if g.Calendar().Open(from, to) == 0 {
		return visit{}, false
	}
	v.at = arrival(r, g, from, to)
	return v, true
}

// In returns the steps of a window, in order of time.
func (p *Plan) In(w Window) []Step {
	first := func(t time.Time) int {
		i, _ := slices.BinarySearchFunc(p.Steps, t, func(s Step, t time.Time) int { return s.At.Compare(t) })
		return i
	}
	return p.Steps[first(w.Start):first(w.End)]
}

// Digest returns a hash that identifies the plan.
func (p *Plan) Digest() (string, error) {
	h := sha256.New()
	if err := json.NewEncoder(h).Encode(p); err != nil {
		return "", fmt.Errorf("digest plan: %w", err)
	}
	return hex.EncodeToString(h.Sum(nil)[:8]), nil
}
