package stream

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/schemas/avro"
	"pitstop/schemas/kafka"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// task owns one partition: the state and timers of its keys, and how far its
// inputs have been read. One goroutine uses it, and it does no I/O.
type task struct {
	logic     *logic
	codec     *avro.Codec
	partition int32

	store
	positions map[string]int64 // next offset per topic
	pending   []loggedTick     // ticks whose ends have not been reached
	committed struct {         // positions and pending as of the last commit
		positions map[string]int64
		pending   []loggedTick
	}
	out []output // of the open transaction
}

// loggedTick is a tick and when it reached the log.
type loggedTick struct {
	record.Tick
	logged time.Time
}

func newTask(l *logic, codec *avro.Codec, partition int32) *task {
	return &task{logic: l, codec: codec, partition: partition, store: newStore(), positions: make(map[string]int64)}
}

// handle handles one record: decoded is its value, or err says why there is none.
func (t *task) handle(r *kgo.Record, decoded any, err error) error {
	t.positions[r.Topic] = r.Offset + 1
	if tick, ok := decoded.(*record.Tick); ok && r.Topic == record.Ticks.Name {
		if tick.Processor == t.logic.consumer.Name {
			t.pending = append(t.pending, loggedTick{*tick, r.Timestamp})
		}
		return nil
	}
	rec, headed := decoded.(record.Headed)
	switch {
	case err != nil:
		return t.deadLetter(r, kafka.Undecodable, err)
	case !headed:
		return t.deadLetter(r, kafka.Misplaced, fmt.Errorf("a %s does not belong on %s", record.NameOf(decoded), r.Topic))
	case rec.Head().AggregateID != string(r.Key):
		return t.deadLetter(r, kafka.Misplaced, fmt.Errorf("the record is of %q but its key is %q", rec.Head().AggregateID, r.Key))
	}
	h := *rec.Head()
	if t.logic.movesTime(r.Topic) {
		if err := t.fireKey(h.AggregateID, h.OccurredAt, r.Timestamp); err != nil {
			return err
		}
	}
	reason, err := t.invoke(h, h.OccurredAt, r.Timestamp, traceOf(r.Headers), func(c *Context, state []byte) ([]byte, error) {
		return t.logic.record(c, t.codec, state, rec)
	})
	if err != nil {
		return t.deadLetter(r, reason, err)
	}
	return nil
}

// settle fires the timers that are due by the ticks whose ends have been reached. It
// is called after the records of a poll.
func (t *task) settle() error {
	var last loggedTick
	var waiting []loggedTick
	for _, tick := range t.pending {
		if !t.reached(tick.Ends) {
			waiting = append(waiting, tick)
		} else if tick.Time.After(last.Time) {
			last = tick
		}
	}
	t.pending = waiting
	now := last.Time
	if now.IsZero() {
		return nil
	}
	// A timer that fires can set another one that is due already.
	for due := t.due(now); len(due) > 0; due = t.due(now) {
		for _, w := range due {
			if err := t.fireKey(w.key, w.due, last.logged); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *task) reached(ends map[string]int64) bool {
	for topic, end := range ends {
		if t.positions[topic] < end {
			return false
		}
	}
	return true
}

// fireKey fires the timers of one key that are due by now, earliest first, because of a
// record that was logged then.
func (t *task) fireKey(key string, now, logged time.Time) error {
	for {
		timers := t.get(key).timers
		if len(timers) == 0 || timers[0].Due.After(now) {
			return nil
		}
		if err := t.fire(key, timers[0], logged); err != nil {
			return err
		}
	}
}

func (t *task) fire(key string, timer record.TimerEntry, logged time.Time) error {
	// The timer is gone before it fires, so that it can set itself again; and it
	// stays gone if it fails, or it would fail for ever.
	e := t.get(key)
	t.put(key, entry{e.state, slices.DeleteFunc(slices.Clone(e.timers), func(x record.TimerEntry) bool { return x.Name == timer.Name })})
	cause := repair.Header{
		EventID:       repair.DerivedID(timer.Due, "timer", t.logic.consumer.Name, key, timer.Name, timer.Due.UTC().Format(time.RFC3339Nano), timer.CorrelationID),
		AggregateID:   key,
		CorrelationID: timer.CorrelationID,
	}
	reason, err := t.invoke(cause, timer.Due, logged, nil, func(c *Context, state []byte) ([]byte, error) {
		return t.logic.timer(c, t.codec, state, Timer{timer.Name, timer.Due})
	})
	if err != nil {
		setting := &kgo.Record{Topic: t.logic.consumer.Changelog().Name, Partition: t.partition, Timestamp: timer.Due, Key: []byte(key)}
		return t.deadLetter(setting, reason, fmt.Errorf("timer %s due %s: %w", timer.Name, timer.Due.Format(time.RFC3339Nano), err))
	}
	return nil
}

// invoke runs the processor on one key and keeps its effects; if it fails, invoke
// keeps none and returns the reason for a dead letter with the error.
func (t *task) invoke(cause repair.Header, now, logged time.Time, trace []kgo.RecordHeader, run func(*Context, []byte) ([]byte, error)) (reason string, err error) {
	key := cause.AggregateID
	before := t.get(key)
	c := &Context{key: key, time: now, logged: logged, cause: cause, timers: slices.Clone(before.timers)}
	state, err := protect(func() ([]byte, error) { return run(c, before.state) })
	if err != nil {
		return kafka.Unhandled, err
	}
	if len(state) > kafka.MaxRecordBytes {
		return kafka.TooLarge, fmt.Errorf("the state of %s takes %d bytes, more than %d", key, len(state), kafka.MaxRecordBytes)
	}
	for i := range c.outputs {
		o := &c.outputs[i]
		o.trace = trace
		if o.value, err = t.codec.Encode(o.record); err != nil {
			return kafka.Unhandled, err
		}
		if len(o.value) > kafka.MaxRecordBytes {
			return kafka.TooLarge, fmt.Errorf("a %s takes %d bytes, more than %d", record.NameOf(o.record), len(o.value), kafka.MaxRecordBytes)
		}
	}
	slices.SortFunc(c.timers, func(a, b record.TimerEntry) int {
		return cmp.Or(a.Due.Compare(b.Due), strings.Compare(a.Name, b.Name))
	})
	if !bytes.Equal(state, before.state) || !slices.Equal(c.timers, before.timers) {
		t.put(key, entry{state, c.timers})
	}
	t.out = append(t.out, c.outputs...)
	return "", nil
}

// protect turns a panic of the processor into an error: one record must not be
// able to stop a partition for ever.
func protect(run func() ([]byte, error)) (state []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return run()
}

// deadLetter emits the dead letter of a record that could not be read or handled.
func (t *task) deadLetter(r *kgo.Record, reason string, cause error) error {
	at := r.Timestamp
	if at.IsZero() { // the codec refuses the zero time
		at = time.Unix(0, 0)
	}
	d := kafka.DeadLetter(r, t.logic.consumer.Name, reason, cause, at)
	b, err := t.codec.Encode(d)
	if err != nil {
		return fmt.Errorf("dead letter: %w", err)
	}
	t.out = append(t.out, output{topic: record.DeadLetters.Name, key: string(d.Key), record: d, value: b})
	return nil
}

// changes returns the changelog of the open transaction, in the order of its keys.
func (t *task) changes() ([]output, error) {
	var out []output
	for _, key := range slices.Sorted(maps.Keys(t.overlay)) {
		e := t.overlay[key]
		b, err := t.codec.Encode(&record.Change{State: e.state, Timers: e.timers})
		if err != nil {
			return nil, fmt.Errorf("changelog of %s: %w", key, err)
		}
		out = append(out, output{topic: t.logic.consumer.Changelog().Name, key: key, value: b})
	}
	return out, nil
}

// commit keeps what the open transaction did.
func (t *task) commit() {
	t.store.commit()
	t.committed.positions, t.committed.pending = maps.Clone(t.positions), t.pending
	t.out = nil
}

// abort drops what the open transaction did.
func (t *task) abort() {
	t.store.abort()
	t.positions, t.pending = maps.Clone(t.committed.positions), t.committed.pending
	t.out = nil
}

// traceOf returns those of a record's headers that are W3C trace context.
func traceOf(headers []kgo.RecordHeader) []kgo.RecordHeader {
	var trace []kgo.RecordHeader
	for _, h := range headers {
		if h.Key == "traceparent" || h.Key == "tracestate" {
			trace = append(trace, h)
		}
	}
	return trace
}
