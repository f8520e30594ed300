package feed

import (
	"context"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"

	"pitstop/schemas/readmodel"
)

const (
	// maxScanned is how many records are read from Kafka for one page, most of which may
	// be other garages'.
	maxScanned = 10_000
	// settle is how long a reader waits for what the tail is about to have.
	settle = 100 * time.Millisecond
)

// Reader reads on from one cursor. It is for one goroutine; Close it.
type Reader struct {
	feed  *Feed
	sight readmodel.Sight
	ends  []int64       // where the partitions ended when it was opened
	wake  chan struct{} // holds one call to look again

	// The tail moves a reader that it has nothing for, under its lock: one that is
	// attached, and not behind.
	position []int64 // next offset, by partition
	attached bool    // it reads from the tail
	next     int64   // number of the tail's entry that it reads next
	behind   bool    // it has not come to ends

	failed error // why it ended
}

// Close ends the reader.
func (r *Reader) Close() { r.feed.tail.leave(r) }

func (r *Reader) rouse() {
	select {
	case r.wake <- struct{}{}:
	default: // it has been called already
	}
}

// Next returns up to limit events that may be seen. When there is none up to where
// the topic ended at Open, it waits up to wait for the first. The page's cursor
// continues where the page ends. Where an event's order number cannot be found the page
// ends before it, and so does the reader: its next page is the error.
func (r *Reader) Next(ctx context.Context, limit int, wait time.Duration) (readmodel.EventPage, error) {
	if r.failed != nil {
		return readmodel.EventPage{}, r.failed
	}
	over := time.After(wait)
	for {
		events, more, err := r.read(ctx, limit)
		if err != nil {
			return readmodel.EventPage{}, err
		}
		if n, err := r.feed.refs.complete(ctx, events); n < len(events) {
			if r.failed = err; n == 0 {
				return readmodel.EventPage{}, err
			}
			page := r.page(events[:n])
			page.Cursor = page.Events[n-1].Cursor
			return page, nil
		}
		page := r.page(events)
		if len(events) > 0 || more || wait <= 0 {
			return page, nil
		}
		select {
		case <-ctx.Done():
			return page, ctx.Err()
		case <-over:
			return page, nil
		case <-r.wake:
		}
	}
}

// page returns the page that ends where the reader is.
func (r *Reader) page(events []found) readmodel.EventPage {
	r.feed.tail.mu.RLock()
	defer r.feed.tail.mu.RUnlock()
	page := readmodel.EventPage{Events: make([]readmodel.Event, len(events)), Cursor: cursor(r.position)}
	for i, e := range events {
		page.Events[i] = e.Event
	}
	return page
}

// read moves on over up to limit events: in the tail or, as long as that does not have
// them, in Kafka. It reports whether there may be more at once.
func (r *Reader) read(ctx context.Context, limit int) (events []found, more bool, err error) {
	for settled := false; ; settled = true {
		events, has, err := r.feed.tail.read(r, limit)
		if err != nil || len(events) > 0 {
			return events, true, err
		}
		if has && r.behind && !settled { // it is about to have them
			select {
			case <-ctx.Done():
			case <-r.wake:
			case <-time.After(settle):
			}
			continue
		}
		if to := r.goal(has); to != nil {
			if events, more, err = r.catchUp(ctx, to, limit); err != nil || more {
				return events, more, err
			}
			continue
		}
		return nil, false, nil
	}
}

// goal returns the offsets up to which the reader must read in Kafka, nil when it need
// not: where the topic ended at Open, and where the tail begins unless that has what the
// reader needs.
func (r *Reader) goal(has bool) []int64 {
	t := &r.feed.tail
	t.mu.RLock()
	defer t.mu.RUnlock()
	to := slices.Clone(r.ends)
	for p := range t.first {
		if !has {
			to[p] = max(to[p], t.first[p])
		}
	}
	if reaches(r.position, to) {
		return nil
	}
	return to
}

// catchUp reads from Kafka up to a goal, and reports whether it stopped before.
func (r *Reader) catchUp(ctx context.Context, to []int64, limit int) (events []found, more bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	select {
	case r.feed.turns <- struct{}{}:
		defer func() { <-r.feed.turns }()
	case <-ctx.Done():
		return nil, false, ErrBusy
	}
	for scanned := 0; !reaches(r.position, to); {
		if scanned >= maxScanned {
			return events, true, nil
		}
		records, reached, err := r.feed.fetch(ctx, r.position, to)
		if err == nil && slices.Equal(reached, r.position) || kerr.IsRetriable(err) && ctx.Err() == nil {
			pause(ctx, settle) // such as where a partition gets another leader
			continue
		}
		if err != nil {
			return nil, false, err
		}
		entries, err := r.feed.entries(ctx, records)
		if err != nil {
			return nil, false, err
		}
		for _, e := range entries {
			if events, err = r.take(events, e); err != nil || len(events) == limit {
				return events, true, err
			}
		}
		for p, offset := range reached {
			r.position[p] = max(r.position[p], offset)
		}
		scanned += len(entries)
	}
	return events, len(events) > 0, nil
}

func reaches(position, to []int64) bool {
	for p := range to {
		if position[p] < to[p] {
			return false
		}
	}
	return true
}
