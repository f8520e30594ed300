package web

import (
	"context"
	"errors"
	"os"
	"time"

	"pitstop/schemas/readmodel"
)

// Wait polls ask until it reports true, no longer than patience, and reports
// whether it did. An error of ask ends the wait, unless the time was over.
func Wait(ctx context.Context, patience time.Duration, ask func(context.Context) (bool, error)) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for wait := 40 * time.Millisecond; ; wait = min(2*wait, 200*time.Millisecond) {
		there, err := ask(ctx)
		if err != nil && ctx.Err() == nil && !errors.Is(err, os.ErrDeadlineExceeded) { // the connection may notice first
			return false, err
		}
		if there {
			return true, nil
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return false, nil
		case <-timer.C:
		}
	}
}

// Sequences is the part of the read model that waiting needs.
type Sequences interface {
	// Sequence returns the newest sequence of a repair in the read model; 0: none.
	Sequence(ctx context.Context, id string) (int64, error)
}

// WaitForSequence waits until the read model has a repair's event number sequence.
// After patience it returns nil all the same: the answer's own sequence tells the
// client how far the read model is.
func WaitForSequence(ctx context.Context, patience time.Duration, of Sequences, id string, sequence int64) error {
	_, err := Wait(ctx, patience, func(ctx context.Context) (bool, error) {
		got, err := of.Sequence(ctx, id)
		if errors.Is(err, readmodel.ErrNotFound) {
			err = nil
		}
		return got >= sequence, err
	})
	return err
}
