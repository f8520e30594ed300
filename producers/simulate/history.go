package simulate

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
)

// History performs a plan, window by window. Its fields must be set.
type History struct {
	Plan   *Plan
	Client *Client
	// Done is the time up to which the plan was performed before.
	Done time.Time
	// SetClock sets the clock of the pipeline behind the API. The API itself takes
	// the time of each request from the request; see [setTime].
	SetClock func(time.Time)
	// Settled waits until everything behind the API has handled what it has, and no
	// timer is due.
	Settled func(context.Context) error
	// Save stores the time up to which the plan was performed.
	Save func(done time.Time) error
	// Report is called after every window.
	Report func(done time.Time)
}

// Run performs the rest of the plan. A window is saved once everything in it has
// had its effects: one that was cut short, by the end of ctx or of the process, is
// repeated the next time, and what was done before changes nothing.
//
// Within a window repairs run concurrently, each step after the one before was
// answered. The clock moves to the window's end after that: before, a timer due
// within the window would fire without having seen the steps it waits for.
func (h *History) Run(ctx context.Context) error {
	for _, w := range h.Plan.Windows {
		if !w.End.After(h.Done) {
			continue
		}
		h.SetClock(w.Start)
		if err := h.perform(ctx, w); err != nil {
			return fmt.Errorf("perform history: %w", err)
		}
		h.SetClock(w.End)
		if err := h.Settled(ctx); err != nil {
			return fmt.Errorf("settle history at %s: %w", w.End.Format(time.RFC3339), err)
		}
		if err := h.Save(w.End); err != nil {
			return err
		}
		h.Done = w.End
		h.Report(w.End)
	}
	return nil
}

// perform does the steps of a window.
func (h *History) perform(ctx context.Context, w Window) error {
	steps := make(map[int][]Step)
	var order []int
	for _, s := range h.Plan.In(w) {
		if steps[s.Repair] == nil {
			order = append(order, s.Repair)
		}
		steps[s.Repair] = append(steps[s.Repair], s)
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(concurrency)
	for _, i := range order {
		g.Go(func() error {
			for _, s := range steps[i] {
				if err := h.Client.Do(ctx, s, h.Plan.Repairs[i]); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait() //nolint:wrapcheck // Do has
}
