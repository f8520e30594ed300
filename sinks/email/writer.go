package email

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"

	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/sync/errgroup"

	"pitstop/schemas/record"
	"pitstop/schemas/repair"
	"pitstop/sinks"
)

// memorySize is how many attempts a process remembers: many batches' worth.
const memorySize = 8192

// writer makes the attempts of a batch and records each as soon as it is known.
type writer struct {
	attempt func(context.Context, *record.NotificationRequested) (*kgo.Record, error)
	record  func(context.Context, *kgo.Record) error
	// known are the attempts made before: a batch that is delivered again, because
	// the relay went away or the partition came back, makes none twice.
	known *memory
	// probing: the relay was away, so one attempt goes first. It is chosen at
	// random, lest a mail that makes the relay hang up blocks all others: the order
	// of a batch that is delivered again changes as well.
	probing bool
}

// try is one message of a batch that asks for an attempt.
type try struct {
	index    int // in the batch
	n        *record.NotificationRequested
	outcome  *kgo.Record // nil: not attempted
	recorded bool
}

// Write implements sinks.Writer.
func (w *writer) Write(ctx context.Context, batch []sinks.Message) (int, error) {
	tries := w.pending(batch)
	err := w.attemptAll(ctx, tries)
	done := len(batch)
	for _, t := range tries {
		if t.outcome != nil {
			w.known.put(outcomeID(t.n), t.outcome, t.recorded)
		}
		if !t.recorded {
			done = min(done, t.index)
		}
	}
	if err == nil && done < len(batch) {
		err = fmt.Errorf("%w: the relay is slow, %d notifications wait", sinks.ErrAway, len(batch)-done)
	}
	return done, err
}

// pending returns what is still to do of a batch.
func (w *writer) pending(batch []sinks.Message) []*try {
	var tries []*try
	seen := make(map[string]bool)
	for i, m := range batch {
		n, ok := m.Record.(*record.NotificationRequested)
		if !ok || n.Channel != repair.Email {
			continue
		}
		id := outcomeID(n)
		outcome, recorded := w.known.get(id)
		if !recorded && !seen[id] {
			seen[id] = true
			tries = append(tries, &try{index: i, n: n, outcome: outcome})
		}
	}
	return tries
}

// attemptAll makes the tries, maxInFlight at a time, until one finds the relay away
// or startLimit is over. It returns when none is in flight.
func (w *writer) attemptAll(ctx context.Context, tries []*try) error {
	if w.probing && len(tries) > 0 {
		if err := w.attemptOne(ctx, tries[rand.IntN(len(tries))]); err != nil { //nolint:gosec // any will do
			return err
		}
	}
	starting, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	var failed atomic.Bool
	var inFlight errgroup.Group
	inFlight.SetLimit(maxInFlight)
	for _, t := range tries {
		if t.recorded {
			continue
		}
		inFlight.Go(func() error {
			if failed.Load() || starting.Err() != nil {
				return nil //nolint:nilerr // the rest comes again with the next batch
			}
			err := w.attemptOne(ctx, t)
			if err != nil {
				failed.Store(true)
			}
			return err
		})
	}
	err := inFlight.Wait()
	w.probing = errors.Is(err, sinks.ErrAway)
	return err
}

// attemptOne makes an attempt, unless it was made before, and records its outcome.
func (w *writer) attemptOne(ctx context.Context, t *try) error {
	if t.outcome == nil {
		outcome, err := w.attempt(ctx, t.n)
		if err != nil {
			return err
		}
		t.outcome = outcome
	}
	if err := w.record(ctx, t.outcome); err != nil {
		return fmt.Errorf("%w: write a delivery's outcome: %w", sinks.ErrAway, err)
	}
	t.recorded = true
	return nil
}

// memory keeps the outcomes of recent attempts: the record while it is not
// known to be on the topic, then only that it is.
type memory struct {
	outcomes map[string]*kgo.Record // nil: recorded
	order    []string
	limit    int
}

func newMemory(limit int) *memory {
	return &memory{outcomes: make(map[string]*kgo.Record), limit: limit}
}

func (m *memory) get(id string) (outcome *kgo.Record, recorded bool) {
	outcome, known := m.outcomes[id]
	return outcome, known && outcome == nil
}

func (m *memory) put(id string, outcome *kgo.Record, recorded bool) {
	if _, known := m.outcomes[id]; !known {
		m.order = append(m.order, id)
	}
	if recorded {
		outcome = nil
	}
	m.outcomes[id] = outcome
	if len(m.order) > m.limit {
		delete(m.outcomes, m.order[0])
		m.order = m.order[1:]
	}
}
