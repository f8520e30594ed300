package stream

import (
	"maps"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/schemas/avro"
	"pitstop/schemas/record"
)

// A Fold makes the state that a processor has on one partition out of records, and drops
// what it emits. It does no I/O, and one goroutine uses it.
type Fold struct {
	task *task
	n    int // records since it was settled
}

// NewFold returns a fold with empty state.
func NewFold[S any](p Processor[S], codec *avro.Codec, partition int32) *Fold {
	l := p.logic()
	t := newTask(&l, codec, partition)
	t.carefully = true // each record that cannot be handled was a dead letter
	return &Fold{task: t}
}

// Handle handles a record: decoded is its value, or err says why there is none. The timers
// of its key that are due by its event time have fired before.
func (f *Fold) Handle(r *kgo.Record, decoded any, err error) error {
	t := f.task
	if rec, ok := decoded.(record.Headed); ok && t.logic.timed {
		if err := t.fireKey(string(r.Key), t.within(rec.Head().OccurredAt, r.Timestamp), r.Timestamp); err != nil {
			return err
		}
	}
	if err := t.handle(r, decoded, err); err != nil {
		return err
	}
	if f.n++; f.n%maxPoll == 0 {
		return f.settle()
	}
	return nil
}

// Fire fires the timers that are due by a time, if the processor has a Timer function.
func (f *Fold) Fire(until time.Time) error {
	if !f.task.logic.timed {
		return nil
	}
	f.task.pending = append(f.task.pending, loggedTick{record.Tick{Time: until}, until})
	if _, err := f.task.settle(func(int) bool { return true }); err != nil {
		return err
	}
	return f.settle()
}

// settle keeps what was done, and drops what was emitted.
func (f *Fold) settle() error {
	if _, err := f.task.changes(); err != nil {
		return err
	}
	f.task.commit()
	return nil
}

// Keys returns the keys that have any state or timer, sorted.
func (f *Fold) Keys() ([]string, error) {
	if err := f.settle(); err != nil {
		return nil, err
	}
	return slices.Sorted(maps.Keys(f.task.kept)), nil
}

// Change returns the record of a key for the changelog; of one that has nothing it has no
// value.
func (f *Fold) Change(key string) (kgo.Record, error) { return f.task.change(key, f.task.kept[key]) }
