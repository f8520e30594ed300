package email

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"

	"pitstop/schemas"
)

// ErrForgotten says that the sink cannot know which mails were sent: the brokers
// have forgotten where its group was. From the beginning, every mail would be sent
// a second time.
var ErrForgotten = errors.New("the brokers have forgotten which mails were sent")

// forgetful is how soon brokers forget the position of a group without members
// (offsets.retention.minutes, by default).
const forgetful = 7 * 24 * time.Hour

// resume makes sure that the group begins where it should. A group that has a
// position begins there. One that has none is new, and begins with the first
// request, if no request is so old that the brokers can have forgotten about it;
// else since must say from when on requests are to be answered.
func resume(ctx context.Context, admin *kadm.Client, since, now time.Time) error {
	group, topic := schemas.Prefix+Name, schemas.Notifications.Name
	committed, err := admin.FetchOffsets(ctx, group)
	if err != nil && !errors.Is(err, kerr.GroupIDNotFound) {
		return fmt.Errorf("read the position of %s: %w", group, err)
	}
	if len(committed[topic]) > 0 {
		return nil
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
	if !since.IsZero() {
		if err := admin.CommitAllOffsets(ctx, group, offsets.Offsets()); err != nil {
			return fmt.Errorf("begin at %s: %w", since.Format(time.RFC3339), err)
		}
		return nil
	}
	for id, o := range offsets[topic] {
		if start, _ := starts.Lookup(topic, id); o.Offset > start.Offset {
			return fmt.Errorf("%w: %s has no position, though %s goes back more than 7 days; say with --since from when on mails are to be sent (the timeline shows when the last one was accepted), and raise offsets.retention.minutes",
				ErrForgotten, group, topic)
		}
	}
	return nil
}
