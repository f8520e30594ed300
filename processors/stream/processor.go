package stream

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"pitstop/schemas/avro"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// A Processor handles the records of each key in order. S is the state of one
// key, a struct with avro tags; its zero value is the state of a key that has not
// been seen.
type Processor[S any] struct {
	// Consumer is its name and the topics it reads. They have the same number of
	// partitions; record.Ticks is among them if it has timers.
	Consumer record.Consumer
	// MovesTime lists those topics whose records advance the time: before one is
	// handled, the timers of its key that are due by the record's event time fire.
	MovesTime []record.Topic
	// Upstream is the processor whose output it reads; nil: none.
	Upstream *Upstream
	// Record handles one record. An error makes the record a dead letter and drops
	// what it did to state, outputs and timers.
	Record func(*Context, *S, record.Headed) error
	// Timer handles a timer that is due. An error makes a dead letter and drops
	// what it did; the timer is gone. Nil: the processor has no timers.
	Timer func(*Context, *S, Timer) error
}

// Upstream is a processor one hop before, and the topic that it reads: a timer
// waits for what is still queued there.
type Upstream struct {
	Consumer record.Consumer
	Topic    record.Topic
}

// ErrNotYet marks the error of a Record or Timer function that lacks something which
// will be there, such as a garage in the garage file: the record or timer is not handled,
// nor what follows it, until it is. Wrap it.
var ErrNotYet = errors.New("cannot be handled yet")

// Timer is a time at which a key is handled again.
type Timer struct {
	// Name identifies it within its key; setting it again moves it.
	Name string
	// Due is when it fires: never before, and stamped with this time however late.
	Due time.Time
}

// Context is what a processor can do while it handles a record or a timer: emit
// records, and set and cancel timers. All of it is dropped if it returns an error.
type Context struct {
	key     string
	time    time.Time
	logged  time.Time
	cause   repair.Header
	outputs []emitted
	timers  []record.TimerEntry
}

// emitted is a record before it is encoded.
type emitted struct {
	topic  string
	record record.Headed
}

// Key returns the key being handled: the repair's id.
func (c *Context) Key() string { return c.key }

// Time returns the record's event time, or the timer's due time: at most two minutes
// after the broker took the record, whatever the clock of its sender was.
func (c *Context) Time() time.Time { return c.time }

// LogTime returns when the record being handled reached the log: its Kafka timestamp,
// which is input like the rest of it. Of a timer it is that of the record that fired
// it: a tick, or a record of the same key.
func (c *Context) LogTime() time.Time { return c.logged }

// Cause returns the header of the record being handled; of a timer, a header with
// the timer's own id and the correlation id of the record that set it.
func (c *Context) Cause() repair.Header { return c.cause }

// Emit produces a record with the same key. It fills in what the record's header
// leaves open: the id, computed from the cause and the number of the output, so
// that handling the cause again emits the same record; the causation and correlation
// ids; the garage; the time; the system as actor.
func (c *Context) Emit(topic record.Topic, rec record.Headed) {
	h := rec.Head()
	h.AggregateID = c.key
	h.CausationID = c.cause.EventID
	h.CorrelationID = c.cause.CorrelationID
	if h.OccurredAt.IsZero() {
		h.OccurredAt = c.time
	}
	if h.GarageID == "" {
		h.GarageID = c.cause.GarageID
	}
	if h.Actor.Role == "" {
		h.Actor.Role = repair.System
	}
	if h.EventID == "" {
		h.EventID = repair.DerivedID(h.OccurredAt, c.cause.EventID, topic.Name, strconv.Itoa(len(c.outputs)))
	}
	c.outputs = append(c.outputs, emitted{topic.Name, rec})
}

// SetTimer sets a timer, or moves the one with the same name. A timer that is due
// already fires as soon as what is queued before it has been handled.
func (c *Context) SetTimer(name string, due time.Time) {
	set := record.TimerEntry{Name: name, Due: due, CorrelationID: c.cause.CorrelationID}
	others := without(c.timers, name)
	i, _ := slices.BinarySearchFunc(others, set, func(a, b record.TimerEntry) int {
		return cmp.Or(a.Due.Compare(b.Due), strings.Compare(a.Name, b.Name))
	})
	c.timers = slices.Insert(slices.Clip(others), i, set)
}

// CancelTimer cancels a timer; where none is set, it does nothing.
func (c *Context) CancelTimer(name string) { c.timers = without(c.timers, name) }

// without returns the timers but for one, and leaves the list that it is given as it is.
func without(timers []record.TimerEntry, name string) []record.TimerEntry {
	i := slices.IndexFunc(timers, func(t record.TimerEntry) bool { return t.Name == name })
	if i < 0 {
		return timers
	}
	return slices.Concat(timers[:i], timers[i+1:])
}

// logic is a Processor without its type parameter: the state, a pointer to S, is any.
type logic struct {
	consumer record.Consumer
	movers   []record.Topic // see Processor.MovesTime
	upstream *Upstream
	timed    bool
	stateOf  any // a zero S, for the codec
	decode   func(codec *avro.Codec, state []byte) (any, error)
	encode   func(codec *avro.Codec, state any) ([]byte, error)
	record   func(c *Context, state any, rec record.Headed) error
	timer    func(c *Context, state any, t Timer) error
}

func (p Processor[S]) logic() logic {
	var zero S
	l := logic{
		consumer: p.Consumer, movers: p.MovesTime, upstream: p.Upstream, timed: p.Timer != nil, stateOf: zero,
		decode: decodeState[S],
		encode: func(codec *avro.Codec, state any) ([]byte, error) {
			if reflect.ValueOf(state).Elem().IsZero() {
				return nil, nil // as if the key had not been seen
			}
			return codec.Encode(state)
		},
		record: func(c *Context, state any, rec record.Headed) error { return p.Record(c, state.(*S), rec) },
	}
	if p.Timer != nil {
		l.timer = func(c *Context, state any, t Timer) error { return p.Timer(c, state.(*S), t) }
	}
	return l
}

func decodeState[S any](codec *avro.Codec, state []byte) (any, error) {
	if len(state) == 0 {
		return new(S), nil
	}
	// Every schema a changelog can hold was registered, so the codec has it.
	decoded, err := codec.Decode(context.Background(), state)
	if err != nil {
		return nil, fmt.Errorf("state: %w", err)
	}
	s, ok := decoded.(*S)
	if !ok {
		return nil, fmt.Errorf("state: a %T where a %T belongs", decoded, s)
	}
	return s, nil
}

// check returns what is wrong with the processor.
func (l *logic) check() error {
	switch ticks := slices.Contains(l.consumer.Subscription(), record.Ticks.Name); {
	case l.timed && !ticks:
		return fmt.Errorf("%s has a Timer function, which never runs without %s among what it reads", l.consumer.Name, record.Ticks.Name)
	case ticks && !l.timed:
		return fmt.Errorf("%s reads %s, but has no Timer function", l.consumer.Name, record.Ticks.Name)
	}
	return nil
}

// movesTime reports whether records of the topic fire their key's timers.
func (l *logic) movesTime(topic string) bool {
	return slices.ContainsFunc(l.movers, func(t record.Topic) bool { return t.Name == topic })
}

// inputs returns the topics it reads, but for the ticks.
func (l *logic) inputs() []string {
	return slices.DeleteFunc(l.consumer.Subscription(), func(topic string) bool { return topic == record.Ticks.Name })
}
