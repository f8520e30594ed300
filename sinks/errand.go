package sinks

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/schemas/avro"
	"pitstop/schemas/kafka"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// This file is about one errand: its attempt, what became of it, and what others have
// written down about theirs.

// result is what an errand's goroutine reports.
type result struct {
	errand    *errand
	attempted bool
	deferred  bool
	outcome   *kgo.Record // made; nil: there is none
	away      error       // the target's
	logAway   error
	failure   error
}

// start carries out an errand in a goroutine of its own, which a stop request does not
// interrupt.
func (d *delivery) start(ctx context.Context, e *errand) {
	ctx = context.WithoutCancel(ctx)
	attempt := e.withhold == nil && e.outcome == nil
	if _, recorded := d.known.get(AttemptID(e.request)); recorded {
		d.queue.finish(e, elapsed())
		return
	}
	d.inFlight++
	if attempt {
		d.attempts++
	}
	request, outcome, why := e.request, e.outcome, e.withhold
	go func() {
		r := result{errand: e, attempted: attempt, outcome: outcome}
		switch {
		case attempt:
			r = d.attempt(ctx, r)
		case outcome == nil:
			r.outcome, r.failure = d.encode(d.withheld(request, *why))
		}
		if r.outcome != nil {
			ctx, cancel := context.WithTimeout(ctx, recordLimit)
			again := *r.outcome // the client changes the record, and leaves an expired context in it
			if err := d.client.ProduceSync(ctx, &again).FirstErr(); err != nil {
				r.logAway = fmt.Errorf("%w: write a delivery's outcome: %w", ErrAway, err)
			}
			cancel()
		}
		d.done <- r
		select {
		case d.wake <- struct{}{}:
		default:
		}
	}()
}

func (d *delivery) attempt(ctx context.Context, r result) result {
	ctx, cancel := context.WithTimeout(ctx, AttemptLimit)
	defer cancel()
	outcome, err := d.channel.Attempt(ctx, r.errand.request)
	switch {
	case errors.Is(err, ErrAway):
		r.away = err
	case err != nil:
		r.failure = err
	default:
		_, r.deferred = outcome.(*record.DeliveryDeferred)
		r.outcome, r.failure = d.encode(outcome)
	}
	return r
}

// withheld is the record that an attempt was not made.
func (d *delivery) withheld(n *record.NotificationRequested, why withhold) record.Headed {
	return &record.DeliveryWithheld{
		Header: DeliveryHeader(n, d.Now()), Notice: n.Notice, Attempt: n.Attempt, Reason: why.reason, Because: why.because,
	}
}

// DeliveryHeader returns the header of the record of what became of an attempt at a time.
func DeliveryHeader(n *record.NotificationRequested, at time.Time) repair.Header {
	at = at.UTC()
	if at.Before(n.OccurredAt) { // another machine's clock
		at = n.OccurredAt
	}
	return repair.Header{
		EventID: AttemptID(n), AggregateID: n.AggregateID, GarageID: n.GarageID, OccurredAt: at,
		Actor: repair.Actor{Role: repair.System}, CorrelationID: n.CorrelationID, CausationID: n.EventID,
	}
}

func (d *delivery) encode(rec record.Headed) (*kgo.Record, error) {
	value, err := d.Codec.Encode(rec)
	if err != nil {
		return nil, err
	}
	return &kgo.Record{Topic: record.Deliveries.Name, Key: []byte(rec.Head().AggregateID), Value: value}, nil
}

// learn returns the attempts of a partition that were written down since a time: whoever
// had it before may not have committed all that it had done. What was refused for now
// shortly before that keeps what comes after it in order.
func (d *delivery) learn(ctx context.Context, l *lane, since time.Time) (map[string]bool, error) {
	known := make(map[string]bool)
	topic := record.Deliveries.Name
	ctx, cancel := context.WithTimeout(ctx, learnLimit)
	defer cancel()
	from, err := kafka.Since(ctx, d.admin, since.Add(-refusedFor), topic)
	if err != nil {
		return nil, err
	}
	ends, err := kafka.Ends(ctx, d.admin, topic)
	if err != nil {
		return nil, err
	}
	next, err := kafka.OffsetOf(from, topic, l.id)
	if err != nil {
		return nil, err
	}
	end, err := kafka.OffsetOf(ends, topic, l.id)
	if err != nil || next >= end {
		return known, err
	}
	opts, err := d.Kafka.Opts(d.Consumer.Group()+"-learn", d.Log)
	if err != nil {
		return nil, err
	}
	cl, err := kgo.NewClient(append(opts,
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {l.id: kgo.NewOffset().At(next)}}),
		kgo.KeepControlRecords(), // the last offset may be the marker of somebody's transaction
	)...)
	if err != nil {
		return nil, err
	}
	defer cl.Close()
	for next < end {
		fetches := cl.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return nil, fmt.Errorf("read %s: %w", topic, err)
		}
		records := fetches.Records()
		for i, r := range records {
			next = r.Offset + 1
			if r.Attrs.IsControl() {
				continue
			}
			rec, err := d.Codec.Decode(ctx, r.Value)
			if err != nil && !errors.Is(err, avro.ErrUndecodable) { // it may be the outcome of a mail
				d.ask(ctx, records[i:], err)
				return nil, fmt.Errorf("read %s[%d]@%d: %w", r.Topic, r.Partition, r.Offset, err)
			}
			if outcome, ok := rec.(record.Headed); ok && err == nil { // what is undecodable is no outcome of a sink
				known[outcome.Head().EventID] = true
				l.hear(outcome, elapsed())
			}
		}
	}
	return known, nil
}

// learnLimit is how long it may take to learn what became of a partition's attempts.
const learnLimit = 20 * time.Second
