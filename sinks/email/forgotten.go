package email

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"

	"pitstop/schemas/record"
)

// ErrForgotten says that the sink cannot know which mails were sent: the brokers
// have forgotten where its group was. From the beginning, every mail would be sent
// a second time.
var ErrForgotten = errors.New("the brokers have forgotten which mails were sent")

// forgetful is how soon brokers forget the position of a group without members
// (offsets.retention.minutes, by default).
const forgetful = 7 * 24 * time.Hour

// resume makes sure that the group begins where it should. A group that has a
// position begins there. One that has none is new, and is given its position before
// its first mail goes out: the first request, if no mail was ever attempted and no
// request is so old that the brokers can have forgotten about it; else since must
// say from when on requests are to be answered.
func resume(ctx context.Context, admin *kadm.Client, since, now time.Time) error {
	group, topic := record.Prefix+Name, record.Notifications.Name
	// Read before the position: whoever made these attempts had one by then.
	attempted, err := written(ctx, admin, record.Deliveries.Name)
	if err != nil {
		return err
	}
	if begun, err := hasBegun(ctx, admin, group); begun || err != nil {
		return err
	}
	starts, err := admin.ListStartOffsets(ctx, topic)
	if err == nil {
		err = starts.Error()
	}
	if err != nil {
		return fmt.Errorf("read the start of %s: %w", topic, err)
	}
	from := since
	if from.IsZero() {
		from = now.Add(-forgetful)
	}
	offsets, err := admin.ListOffsetsAfterMilli(ctx, from.UnixMilli(), topic)
	if err == nil {
		err = offsets.Error()
	}
	if err != nil {
		return fmt.Errorf("read what is on %s since %s: %w", topic, from.Format(time.RFC3339), err)
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
			return fmt.Errorf("%w: %s has no position, though %s; say with --since from when on mails are to be sent (the timeline shows when the last one was accepted), and raise offsets.retention.minutes",
				ErrForgotten, group, old)
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
	committed, err := admin.FetchOffsets(ctx, group)
	if err != nil && !errors.Is(err, kerr.GroupIDNotFound) {
		return false, fmt.Errorf("read the position of %s: %w", group, err)
	}
	return len(committed[record.Notifications.Name]) > 0, nil
}

// written reports whether anything was ever written to topic.
func written(ctx context.Context, admin *kadm.Client, topic string) (bool, error) {
	ends, err := admin.ListEndOffsets(ctx, topic)
	if err == nil {
		err = ends.Error()
	}
	if err != nil {
		return false, fmt.Errorf("read the end of %s: %w", topic, err)
	}
	found := false
	ends.Each(func(o kadm.ListedOffset) { found = found || o.Offset > 0 })
	return found, nil
}
