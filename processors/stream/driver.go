package stream

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/schemas/avro"
	"pitstop/schemas/record"
)

// A Driver runs a processor in a test, without Kafka: one partition, every
// record in its own transaction. What it emits has been encoded and decoded.
type Driver[S any] struct {
	// LogTime is when records reach the log; zero: when they occurred.
	LogTime time.Time

	task    *task
	offsets map[string]int64
}

// NewDriver returns a driver with empty state. It fails when the processor's state
// has no Avro schema.
func NewDriver[S any](p Processor[S]) (*Driver[S], error) {
	l := p.logic()
	if err := l.check(); err != nil {
		return nil, err
	}
	codec, err := avro.NewCodec(l.stateOf)
	if err != nil {
		return nil, err
	}
	t := newTask(&l, codec, 0)
	t.carefully = true
	return &Driver[S]{task: t, offsets: make(map[string]int64)}, nil
}

// Codec returns the driver's codec, to seal and open personal data with.
func (d *Driver[S]) Codec() *avro.Codec { return d.task.codec }

// Send handles records of one topic and returns what the processor emitted: its
// outputs and dead letters in order.
func (d *Driver[S]) Send(topic record.Topic, records ...record.Headed) ([]any, error) {
	var out []any
	for _, r := range records {
		value, err := d.task.codec.Encode(r)
		if err != nil {
			return out, err
		}
		got, err := d.SendBytes(topic, r.Head().AggregateID, value)
		out = append(out, got...)
		if err != nil {
			return out, err
		}
	}
	return out, nil
}

// SendBytes handles one record by the bytes that are on the topic.
func (d *Driver[S]) SendBytes(topic record.Topic, key string, value []byte) ([]any, error) {
	decoded, decodeErr := d.task.codec.Decode(context.Background(), value)
	r := &kgo.Record{Topic: topic.Name, Offset: d.offsets[topic.Name], Key: []byte(key), Value: value, Timestamp: d.LogTime}
	if rec, ok := decoded.(record.Headed); ok && d.LogTime.IsZero() {
		r.Timestamp = rec.Head().OccurredAt
	}
	d.offsets[topic.Name]++
	if err := d.task.handle(r, decoded, decodeErr); err != nil {
		return nil, err
	}
	return d.commit()
}

// Advance moves the time to now: the timers due by then fire, each stamped with
// its due time.
func (d *Driver[S]) Advance(now time.Time) ([]any, error) {
	tick := record.Tick{Processor: d.task.logic.consumer.Name, Time: now}
	d.task.pending = append(d.task.pending, loggedTick{tick, now})
	if _, err := d.task.settle(func(int) bool { return true }); err != nil {
		return nil, err
	}
	return d.commit()
}

func (d *Driver[S]) commit() ([]any, error) {
	var out []any
	for _, o := range d.task.out {
		r, err := d.task.codec.Decode(context.Background(), o.Value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", o.Topic, err)
		}
		out = append(out, r)
	}
	if _, err := d.task.changes(); err != nil {
		return nil, err
	}
	d.task.commit()
	return out, nil
}

// State returns the state of a key, and whether there is any.
func (d *Driver[S]) State(key string) (S, bool, error) {
	var zero S
	e := d.task.kept[key]
	if len(e.state) == 0 {
		return zero, false, nil
	}
	r, err := d.task.codec.Decode(context.Background(), e.state)
	if err != nil {
		return zero, false, err
	}
	s, ok := r.(*S)
	if !ok {
		return zero, false, fmt.Errorf("state is a %T", r)
	}
	return *s, true, nil
}

// Timers returns the timers set for a key, earliest first.
func (d *Driver[S]) Timers(key string) []Timer {
	var out []Timer
	for _, t := range d.task.kept[key].timers {
		out = append(out, Timer{t.Name, t.Due})
	}
	return out
}
