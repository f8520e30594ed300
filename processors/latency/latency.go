// Package latency measures how long each wait took: who waited for whom, in wall
// time and in the garage's opening time.
//
// A wait is one row, written when it begins and again when more is known of how it
// ended. Events, notifications and deliveries are three topics, read in whatever
// order they come; a row is a function of the facts alone, its version included.
// So the final rows are the same for any interleaving, and a repeated fact adds none:
//
//   - waits between events (waits.go) depend on one topic, in the order of the
//     events' sequence;
//   - view and response (quotes.go) on events and deliveries: what each says about
//     one revision;
//   - delivery (notices.go) on notifications and deliveries: what each says about
//     one notification.
//
// Of several deliveries that say the same, the first in its topic counts.
//
// How the waits end:
//
//	delivery        accepted, failed, suppressed
//	view            viewed (also by answering on the page, or writing); else the quote's end
//	response        decided, message; else the quote's end
//	approval        approved, partly_approved, rejected; else the quote's end
//	customer_wait   as the last approval in the stretch
//	staff_response  replied, completed, collected, cancelled
//	resume          resumed, cancelled
//	turnaround      completed, cancelled
//
// A quote's end is expired, withdrawn, replaced or cancelled; of a view also decided:
// by phone or at the counter, unseen. A view or response is void if the quote ended
// before a mail server accepted the request. A wait that by another clock ended
// before it began took no time.
package latency

import (
	"fmt"

	"pitstop/processors/stream"
	"pitstop/schemas/garage"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// New returns the processor for the garages of the book.
func New(book *garage.Book) stream.Processor[State] {
	return stream.Processor[State]{
		Consumer: record.LatencyProcessor,
		Record: func(c *stream.Context, state *State, rec record.Headed) error {
			h := rec.Head()
			profile, err := book.Find(h.GarageID)
			if err != nil {
				return fmt.Errorf("%w: %w", stream.ErrNotYet, err)
			}
			return step{c, state, profile}.record(rec)
		},
	}
}

// step is the handling of one record.
type step struct {
	*stream.Context
	*State
	garage *garage.Profile
}

func (s step) record(rec record.Headed) error {
	switch r := rec.(type) {
	case repair.Event:
		s.event(r)
	case *record.NotificationRequested:
		s.notice(r.Notice, func(n *Notice) { n.requested(r) })
	case *record.NotificationSuppressed:
		s.notice(r.Notice, func(n *Notice) { first(&n.SuppressedAt, s.Time()) })
	case *record.DeliveryAccepted:
		s.requestAccepted(r)
		s.notice(r.Notice, func(n *Notice) { first(&n.AcceptedAt, s.Time()) })
	case *record.DeliveryFailed:
		s.notice(r.Notice, func(n *Notice) { first(&n.FailedAt, s.Time()) })
	case *record.NotificationRecalled, *record.DeliveryDeferred, *record.DeliveryWithheld, *record.CallTask: // no wait begins or ends
	default:
		return fmt.Errorf("a %s is not an event, a notification or a delivery", record.NameOf(rec))
	}
	return nil
}
