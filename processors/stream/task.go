package stream

import (
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/schemas/avro"
	"pitstop/schemas/kafka"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// errCarefully means that the state of a key was changed by one record and spoilt by a
// later one in the same transaction, before it was encoded: the transaction is done
// again, carefully.
var errCarefully = errors.New("what one record did cannot be dropped without what others of its key did")

// task owns one partition: the state and timers of its keys, and how far its
// inputs have been read. One goroutine uses it, and it does no I/O.
type task struct {
	logic     *logic
	codec     *avro.Codec
	partition int32
	// carefully: the state is encoded after each record and timer, so that any one of
	// them can be dropped. Otherwise it is encoded once per transaction, and errCarefully
	// asks for care where that is not enough.
	carefully bool

	store
	progress
	committed progress // as of the last commit
	out       []output // of the open transaction
	// ahead is how far a tick was ahead of the broker by more than it may be; 0: none was.
	ahead time.Duration
}

// progress is how far a task has come.
type progress struct {
	positions map[string]int64 // next offset per topic
	pending   []loggedTick     // ticks whose ends have not been reached
	// last is the latest tick that took effect; the timers due by then fire in this
	// transaction or in later ones. Its time is zero if they all have.
	last loggedTick
}

// loggedTick is a tick and when it reached the log.
type loggedTick struct {
	record.Tick
	logged time.Time
}

func (p progress) clone() progress {
	return progress{maps.Clone(p.positions), slices.Clone(p.pending), p.last}
}

// output is a record to be produced to the partition of what caused it.
type output struct {
	kgo.Record
	reason string // of a dead letter
}

func newTask(l *logic, codec *avro.Codec, partition int32) *task {
	return &task{logic: l, codec: codec, partition: partition, store: newStore(), progress: progress{positions: make(map[string]int64)}}
}

// handle handles one record: decoded is its value, or err says why there is none.
func (t *task) handle(r *kgo.Record, decoded any, err error) error {
	t.positions[r.Topic] = r.Offset + 1
	if tick, ok := decoded.(*record.Tick); ok && r.Topic == record.Ticks.Name {
		if tick.Processor == t.logic.consumer.Name {
			tick.Time = t.within(tick.Time, r.Timestamp)
			t.pending = append(t.pending, loggedTick{*tick, r.Timestamp})
		}
		return nil
	}
	rec, headed := decoded.(record.Headed)
	if err := kafka.CheckKey(r); err != nil {
		return t.deadLetter(r, kafka.Misplaced, err)
	}
	switch {
	case err != nil:
		return t.deadLetter(r, kafka.Undecodable, err)
	case !headed:
		return t.deadLetter(r, kafka.Misplaced, fmt.Errorf("a %s does not belong on %s", record.NameOf(decoded), r.Topic))
	case rec.Head().AggregateID != string(r.Key):
		return t.deadLetter(r, kafka.Misplaced, fmt.Errorf("the record is of %q but its key is %q", rec.Head().AggregateID, r.Key))
	}
	h := *rec.Head()
	at := t.within(h.OccurredAt, r.Timestamp)
	if t.logic.movesTime(r.Topic) {
		if err := t.fireKey(h.AggregateID, at, r.Timestamp); err != nil {
			return err
		}
	}
	reason, err := t.invoke(h, at, r.Timestamp, traceOf(r.Headers), func(c *Context, state any) error {
		return t.logic.record(c, state, rec)
	})
	if reason != "" {
		return t.deadLetter(r, reason, err)
	}
	return err
}

// within returns the time that a tick, or what a record says of its time, counts as: a
// clock that is wrong for a moment must not end what has days to go.
func (t *task) within(tick, broker time.Time) time.Time {
	if ahead := tick.Sub(broker); ahead > repair.MaxAhead {
		t.ahead = max(t.ahead, ahead)
		return broker.Add(repair.MaxAhead)
	}
	return tick
}

// advance takes the ticks into account whose ends have been reached.
func (t *task) advance() {
	t.pending = slices.DeleteFunc(t.pending, func(tick loggedTick) bool {
		if !t.reached(tick.Ends) {
			return false
		}
		if tick.Time.After(t.last.Time) {
			t.last = tick
		}
		return true
	})
}

// settle fires the timers that are due by the ticks whose ends have been reached, the
// earliest first: one, and then others while there may be more. Those left over carry on
// in later transactions. It is called after the records of a poll.
func (t *task) settle(more func(fired int) bool) (fired int, err error) {
	t.advance()
	for !t.last.Time.IsZero() && (fired == 0 || more(fired)) {
		// A timer that fires can set another one that is due already.
		w, ok := t.due(t.last.Time)
		if !ok {
			t.last = loggedTick{}
			break
		}
		if err := t.fireKey(w.key, w.due, t.last.logged); err != nil {
			return fired, err
		}
		fired++
	}
	return fired, nil
}

// leftOver reports whether timers are due by a tick that took effect.
func (t *task) leftOver() bool {
	next := t.next()
	return !next.IsZero() && !next.After(t.last.Time)
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
		timers := t.entry(key).timers
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
	l := t.open(key)
	t.setTimers(key, l, without(l.timers, timer.Name))
	cause := repair.Header{
		EventID:       repair.DerivedID(timer.Due, "timer", t.logic.consumer.Name, key, timer.Name, timer.Due.UTC().Format(time.RFC3339Nano), timer.CorrelationID),
		AggregateID:   key,
		CorrelationID: timer.CorrelationID,
	}
	reason, err := t.invoke(cause, timer.Due, logged, nil, func(c *Context, state any) error {
		return t.logic.timer(c, state, Timer{timer.Name, timer.Due})
	})
	if reason != "" {
		setting := &kgo.Record{Topic: t.logic.consumer.Changelog().Name, Partition: t.partition, Timestamp: timer.Due, Key: []byte(key)}
		return t.deadLetter(setting, reason, fmt.Errorf("timer %s due %s: %w", timer.Name, timer.Due.Format(time.RFC3339Nano), err))
	}
	return err
}

// invoke runs the processor on one key and keeps its effects. If that fails, invoke
// keeps none and returns the reason for a dead letter with the error; or no reason, if
// the whole transaction must be done again.
func (t *task) invoke(cause repair.Header, now, logged time.Time, trace []kgo.RecordHeader, run func(*Context, any) error) (reason string, err error) {
	key := cause.AggregateID
	l := t.open(key)
	if l.decoded == nil {
		if l.decoded, err = t.logic.decode(t.codec, l.state); err != nil {
			return kafka.Unhandled, err
		}
	}
	c := &Context{key: key, time: now, logged: logged, cause: cause, timers: l.timers}
	before, out := l.entry, len(t.out)
	if err = protect(func() error { return run(c, l.decoded) }); err == nil {
		err = t.emit(c, trace)
	}
	if err == nil {
		t.setTimers(key, l, c.timers)
		if t.carefully {
			l.state, _, err = t.encode(key, l.decoded, l.timers)
		}
	}
	if errors.Is(err, ErrNotYet) {
		return "", &lack{t.partition, err}
	}
	if err != nil {
		t.out = t.out[:out]
		if l.ahead {
			return "", fmt.Errorf("%w: %w", errCarefully, err)
		}
		t.setTimers(key, l, before.timers)
		l.state, l.decoded = before.state, nil // decoded again when it is needed
		return reasonOf(err), err
	}
	l.ahead = !t.carefully
	return "", nil
}

// lack is an ErrNotYet, and the partition that waits.
type lack struct {
	partition int32
	error
}

func (l *lack) Unwrap() error { return l.error }

// reasonOf returns the reason of the dead letter for an error.
func reasonOf(err error) string {
	if errors.Is(err, kafka.ErrTooLarge) {
		return kafka.TooLarge
	}
	return kafka.Unhandled
}

// emit encodes what the processor emitted.
func (t *task) emit(c *Context, trace []kgo.RecordHeader) error {
	for _, e := range c.outputs {
		value, err := t.codec.Encode(e.record)
		if err != nil {
			return err
		}
		r := kgo.Record{Topic: e.topic, Partition: t.partition, Key: []byte(c.key), Value: value, Headers: trace}
		if err := kafka.Fits(&r); err != nil {
			return fmt.Errorf("a %s: %w", record.NameOf(e.record), err)
		}
		t.out = append(t.out, output{Record: r})
	}
	return nil
}

// encode returns the bytes of a key's state, and the record for the changelog: one
// without a value if nothing is left of the key.
func (t *task) encode(key string, decoded any, timers []record.TimerEntry) (state []byte, change kgo.Record, err error) {
	if state, err = t.logic.encode(t.codec, decoded); err != nil {
		return nil, change, err
	}
	change, err = t.change(key, entry{state, timers})
	return state, change, err
}

// change returns the record of a key for the changelog: one without a value if nothing
// is left of the key.
func (t *task) change(key string, e entry) (kgo.Record, error) {
	r := kgo.Record{Topic: t.logic.consumer.Changelog().Name, Partition: t.partition, Key: []byte(key)}
	if e.empty() {
		return r, nil
	}
	var err error
	if r.Value, err = t.codec.Encode(&record.Change{State: e.state, Timers: e.timers}); err != nil {
		return r, err
	}
	if err := kafka.Fits(&r); err != nil {
		return r, fmt.Errorf("the state of %s: %w", key, err)
	}
	return r, nil
}

// protect turns a panic of the processor into an error: one record must not be
// able to stop a partition for ever.
func protect(run func() error) (err error) {
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
	d, err := kafka.DeadLetter(t.codec, r, t.logic.consumer.Name, reason, cause, at)
	if err != nil {
		return fmt.Errorf("dead letter: %w", err)
	}
	d.Partition = t.partition
	t.out = append(t.out, output{*d, reason})
	return nil
}

// changes encodes what the open transaction changed, and returns its records for the
// changelog, in the order of their keys. A key of which nothing is left, and nothing
// was kept, has none.
func (t *task) changes() ([]output, error) {
	var out []output
	for _, key := range slices.Sorted(maps.Keys(t.overlay)) {
		l := t.overlay[key]
		if l.ahead {
			state, err := t.logic.encode(t.codec, l.decoded)
			if err != nil {
				return nil, fmt.Errorf("%w: %w", errCarefully, err)
			}
			l.state, l.ahead = state, false
		}
		if l.equal(t.kept[key]) {
			continue
		}
		change, err := t.change(key, l.entry)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errCarefully, err)
		}
		out = append(out, output{Record: change})
	}
	return out, nil
}

// commit keeps what the open transaction did.
func (t *task) commit() {
	t.store.commit()
	t.committed = t.progress.clone()
	t.out = nil
}

// abort drops what the open transaction did.
func (t *task) abort() {
	t.store.abort()
	t.progress = t.committed.clone()
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
