package apitest

import (
	"context"
	"fmt"
	"time"

	"pitstop/api"
	"pitstop/schemas/readmodel"
)

// reader reads the world's events; a cursor is "c" and an index.
type reader struct {
	w     *World
	sight readmodel.Sight
	at    int
}

// Open opens the log of events.
func (w *World) Open(_ context.Context, sight readmodel.Sight, after string) (api.EventReader, error) {
	r := &reader{w: w, sight: sight}
	if after != "" {
		if _, err := fmt.Sscanf(after, "c%d", &r.at); err != nil {
			return nil, readmodel.ErrCursor
		}
	}
	return r, nil
}

func (r *reader) Close() {}

func (r *reader) Next(ctx context.Context, limit int, wait time.Duration) (readmodel.EventPage, error) {
	page := readmodel.EventPage{Events: []readmodel.Event{}}
	for {
		r.w.mu.Lock()
		for ; r.at < len(r.w.events) && len(page.Events) < limit; r.at++ {
			e, ok, err := r.sight.Event(r.w.events[r.at])
			if err != nil {
				r.w.mu.Unlock()
				return page, err
			}
			if ok {
				e.Cursor = fmt.Sprintf("c%d", r.at+1)
				page.Events = append(page.Events, e)
			}
		}
		err := r.w.Broken
		r.w.mu.Unlock()
		page.Cursor = fmt.Sprintf("c%d", r.at)
		if len(page.Events) > 0 || wait <= 0 || err != nil {
			return page, err
		}
		select {
		case <-ctx.Done():
			return page, ctx.Err()
		case <-time.After(min(wait, time.Millisecond)):
			wait -= time.Millisecond
		}
	}
}
