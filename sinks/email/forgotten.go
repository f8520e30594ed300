package email

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"pitstop/schemas/kafka"
	"pitstop/schemas/record"
)

// resume makes sure that the group begins where it should. A group that has a
// position begins there. One that has none is new, and is given its position before
// its first mail goes out: the first request, if no mail was ever attempted and no
// request is so old that the brokers can have forgotten about it; else since must
// say from when on requests are to be answered.
func resume(ctx context.Context, admin *kadm.Client, since, now time.Time) error {
	group, topic := record.EmailSink.Group(), record.Notifications.Name
	// Read before the position: whoever made these attempts had one by then.
	attempted, err := written(ctx, admin, record.Deliveries.Name)
	if err != nil {
		return err
	}
	if begun, err := hasBegun(ctx, admin, group); begun || err != nil {
		return err
	}
	starts, err := kafka.Starts(ctx, admin, topic)
	if err != nil {
		return err
	}
	from := since
	if from.IsZero() {
		from = now.Add(-kafka.OffsetsRetention)
	}
	offsets, err := kafka.Since(ctx, admin, from, topic)
	if err != nil {
		return err
	}
	if since.IsZero() {
		old := ""
		if attempted {
			old = record.Deliveries.Name + " tells of mails"
		}
		for id, o := range offsets[topic] {
			if start, _ := starts.Lookup(topic, id); o.Offset > start.Offset {
				old = topic + " goes back more than 7 days"
			}
		}
		if old != "" {
			return fmt.Errorf("%w which mails were sent: %s has no position, though %s; say with --since from when on mails are to be sent (the timeline shows when the last one was accepted), and raise offsets.retention.minutes",
				kafka.ErrForgotten, group, old)
		}
		offsets = starts
	}
	if err := admin.CommitAllOffsets(ctx, group, offsets.Offsets()); err != nil {
		// Refused while another sink is in the group, which began at the same time.
		if begun, _ := hasBegun(ctx, admin, group); begun {
			return nil
		}
		return fmt.Errorf("give %s a position: %w", group, err)
	}
	return nil
}

// hasBegun reports whether group has a position on the requests.
func hasBegun(ctx context.Context, admin *kadm.Client, group string) (bool, error) {
	committed, err := kafka.Committed(ctx, admin, group)
	return len(committed[group][record.Notifications.Name]) > 0, err
}

// written reports whether anything was ever written to topic.
func written(ctx context.Context, admin *kadm.Client, topic string) (bool, error) {
	ends, err := kafka.Ends(ctx, admin, topic)
	found := false
	ends.Each(func(o kadm.ListedOffset) { found = found || o.Offset > 0 })
	return found, err
}
