package stream

import (
	"bytes"
	"context"
	"fmt"
	"slices"
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
	open    bool  // see Together
	twin    *task // see Twice
	twice   int
	steps   int
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

// Twice makes the driver handle everything a second time, with n records in a
// transaction, and fail where that makes a difference: what a processor sees of its state
// has not been encoded and decoded in between.
func (d *Driver[S]) Twice(n int) {
	d.twin, d.twice = newTask(d.task.logic, d.task.codec, 0), n
}

// Together does what it does in one transaction, as a member does, and returns an error if
// the member would have to do it again, one by one.
func (d *Driver[S]) Together(do func() error) error {
	d.open, d.task.carefully = true, false
	defer func() { d.open, d.task.carefully = false, true }()
	if err := do(); err != nil {
		return err
	}
	if _, err := d.task.changes(); err != nil {
		return err
	}
	d.task.commit()
	return nil
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
	decode := func() (any, error) { return d.task.codec.Decode(context.Background(), value) }
	decoded, _ := decode()
	r := &kgo.Record{Topic: topic.Name, Offset: d.offsets[topic.Name], Key: []byte(key), Value: value, Timestamp: d.LogTime}
	if rec, ok := decoded.(record.Headed); ok && d.LogTime.IsZero() {
		r.Timestamp = rec.Head().OccurredAt
	}
	d.offsets[topic.Name]++
	return d.step(func(t *task) error {
		decoded, err := decode()
		return t.handle(r, decoded, err)
	})
}

// Advance moves the time to now: the timers due by then fire, each stamped with
// its due time.
func (d *Driver[S]) Advance(now time.Time) ([]any, error) {
	tick := record.Tick{Processor: d.task.logic.consumer.Name, Time: now}
	return d.step(func(t *task) error {
		t.pending = append(t.pending, loggedTick{tick, now})
		_, err := t.settle(func(int) bool { return true })
		return err
	})
}

// step does something, in a transaction of its own unless one is open.
func (d *Driver[S]) step(do func(*task) error) ([]any, error) {
	before := len(d.task.out)
	if err := do(d.task); err != nil {
		return nil, err
	}
	var out []any
	for _, o := range d.task.out[before:] {
		r, err := d.task.codec.Decode(context.Background(), o.Value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", o.Topic, err)
		}
		out = append(out, r)
	}
	if d.open {
		return out, nil
	}
	if _, err := d.task.changes(); err != nil {
		return nil, err
	}
	if d.twin != nil {
		if err := d.again(do); err != nil {
			return nil, err
		}
	}
	d.task.commit()
	return out, nil
}

// again does it to the twin, and compares what comes out. Where a record failed, which a
// member would do again on its own, the twin's transaction holds no other.
func (d *Driver[S]) again(do func(*task) error) error {
	alone := slices.ContainsFunc(d.task.out, func(o output) bool { return o.reason != "" })
	if alone {
		if err := d.end(func(key string) entry { return d.task.kept[key] }); err != nil {
			return err
		}
	}
	before := len(d.twin.out)
	d.twin.carefully = alone
	if err := do(d.twin); err != nil {
		return err
	}
	same := func(a, b output) bool { return a.Topic == b.Topic && bytes.Equal(a.Value, b.Value) }
	if !slices.EqualFunc(d.task.out, d.twin.out[before:], same) {
		return fmt.Errorf("within a longer transaction %d other records come out", len(d.twin.out)-before)
	}
	if d.steps++; alone || d.steps%d.twice == 0 {
		return d.end(d.task.entry)
	}
	return nil
}

// end ends the twin's transaction, and compares its state with what is expected.
func (d *Driver[S]) end(want func(key string) entry) error {
	if _, err := d.twin.changes(); err != nil {
		return err
	}
	for key, l := range d.twin.overlay {
		if !l.equal(want(key)) {
			return fmt.Errorf("after a longer transaction the state of %s is another", key)
		}
	}
	d.twin.commit()
	return nil
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
