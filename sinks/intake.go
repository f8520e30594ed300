package sinks

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/schemas/record"
)

// This file is about what a delivery reads, and what it waits for.

// read takes in what was fetched.
func (d *delivery) read(ctx context.Context, fetches kgo.Fetches) error {
	fetches.EachPartition(func(p kgo.FetchTopicPartition) {
		if p.Err == nil && len(p.Records) > 0 {
			d.queue.lane(p.Partition, p.Records[0].Offset).end = p.LastStableOffset
		}
	})
	again := len(d.unread) > 0
	records, err := d.check(fetches, nil)
	d.unread = append(d.unread, records...)
	switch {
	case errors.Is(err, ErrAway): // the client tries again
		d.unreadable = err
		return nil
	case err != nil:
		return err
	case again && elapsed().Before(d.retryAt):
		return nil
	}
	for len(d.unread) > 0 {
		if err := d.take(ctx, d.unread[0]); err != nil {
			d.backOff(&d.unreadable, err)
			return nil
		}
		d.unread = d.unread[1:]
	}
	d.unreadable = nil
	if d.away == nil && d.logAway == nil {
		d.pause = minPause
	}
	return nil
}

// poll waits for records, or until there is something else to do. While what was fetched
// before cannot be read, it fetches nothing more.
func (d *delivery) poll(ctx context.Context) kgo.Fetches {
	d.mine <- struct{}{}
	most, fetch := watermarkInterval, len(d.unread) == 0
	left := max(d.retryAt.Sub(elapsed()), 0)
	if !fetch || (d.away != nil || d.logAway != nil) && left > 0 {
		most = min(most, left)
	}
	<-d.mine
	if !fetch {
		d.rest(ctx, most)
		return nil
	}
	wait, cancel := context.WithCancel(ctx)
	defer cancel()
	woken := make(chan struct{})
	go func() {
		defer close(woken)
		d.rest(wait, most)
		cancel()
	}()
	fetches := d.client.PollRecords(wait, readAhead)
	cancel()
	<-woken
	return fetches
}

// rest waits until something is done, or a time is over.
func (d *delivery) rest(ctx context.Context, most time.Duration) {
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-d.wake:
	case <-timer.C:
	}
}

// take takes in one record. Its error wraps ErrAway: the record is to be taken again.
func (d *delivery) take(ctx context.Context, r *kgo.Record) error {
	l := d.queue.lane(r.Partition, r.Offset)
	if l.known == nil {
		known, err := d.learn(ctx, l, r.Timestamp)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrAway, err)
		}
		l.known = known
	}
	if !r.Attrs.IsControl() {
		m, err := d.loop.read(ctx, r)
		switch reason := deadReason(err); {
		case reason != "":
			if err := d.putAside(ctx, burial{r, reason, err}); err != nil {
				return err
			}
		case err != nil:
			d.ask(ctx, d.unread, err)
			return fmt.Errorf("%w: read %s[%d]@%d: %w", ErrAway, r.Topic, r.Partition, r.Offset, err)
		default:
			d.consider(l, r.Offset, m.Record)
		}
	}
	l.next, l.epoch = r.Offset+1, r.LeaderEpoch
	return nil
}

func (d *delivery) consider(l *lane, offset int64, rec any) {
	switch n := rec.(type) {
	case *record.NotificationRequested:
		if n.Channel != d.channel.Name {
			return
		}
		id := AttemptID(n)
		if outcome, recorded := d.known.get(id); !recorded && !l.known[id] {
			d.queue.add(l, offset, n, outcome)
		}
	case *record.NotificationRecalled:
		d.queue.recall(l, n)
	}
}

func (d *delivery) putAside(ctx context.Context, b burial) error {
	ctx, cancel := context.WithTimeout(ctx, recordLimit)
	defer cancel()
	return d.bury(ctx, []burial{b})
}
