package stream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/schemas/avro"
	"pitstop/schemas/kafka"
	"pitstop/schemas/record"
)

// RebuildOptions hold what Rebuild needs besides the processors.
type RebuildOptions struct {
	Kafka kafka.Config
	// Until is when the processor was stopped, where its position is lost: what reached
	// the log later is handled when it starts again.
	Until time.Time
	// Tell is told how far it is, in words.
	Tell func(string)
	Log  *slog.Logger
}

// asOf is a header on changelog records that Rebuild wrote: up to when timers have fired
// in them.
const asOf = "as-of"

// tellEvery is how many records are read between two words about it.
const tellEvery = 100_000

// rebuildTimeout bounds the transaction that writes the changelog of one partition.
const rebuildTimeout = 5 * time.Minute

// Rebuild writes the changelog of a processor anew, from what from reads: the processor
// itself, or one with the same state that reads other topics, to their ends. What they
// emit is dropped.
//
// The new state is that of the processor's position: what it has not read yet it handles,
// and tells of, when it starts. Timers have fired up to when it last wrote. Each
// partition is rebuilt in one transaction, so Rebuild can be interrupted at any time and
// run again; until it is done, a partition has its old state or its new one. While the
// group has a member it refuses.
func Rebuild[S any](ctx context.Context, p, from Processor[S], o RebuildOptions) error {
	live, fold := p.logic(), from.logic()
	if err := rebuild(ctx, &live, &fold, o); err != nil {
		return fmt.Errorf("rebuild %s: %w", live.consumer.Name, err)
	}
	return nil
}

func rebuild(ctx context.Context, live, fold *logic, o RebuildOptions) error {
	registry, err := o.Kafka.RegistryClient("pitstop-" + live.consumer.Name)
	if err != nil {
		return err
	}
	codec, err := kafka.NewCodec(ctx, registry, live.consumer.Changelog().Name, live.stateOf)
	if err != nil {
		return err
	}
	m := &member{logic: live, codec: codec, Options: Options{Kafka: o.Kafka, Log: o.Log, Monitor: new(Monitor)}}
	if err := m.administer(); err != nil {
		return err
	}
	defer m.adm.Close()
	if err := m.checkPartitions(ctx); err != nil {
		return err
	}
	if err := kafka.Deserted(ctx, m.adm, live.consumer); err != nil {
		return err
	}
	b := &rebuilder{member: m, fold: fold, RebuildOptions: o}
	if b.positions, err = kafka.PositionsOf(ctx, m.adm, live.consumer, o.Until); err != nil {
		return err
	}
	if err := b.connect(); err != nil {
		return err
	}
	defer b.producer.Close()
	partitions := slices.Sorted(maps.Keys(b.positions.Offsets[live.topics()[0]]))
	for i, partition := range partitions {
		b.name = fmt.Sprintf("partition %d of %d", i+1, len(partitions))
		if err := b.partition(ctx, partition); err != nil {
			return fmt.Errorf("partition %d: %w", partition, err)
		}
	}
	// Last: until then a group that lost its position does not start.
	return kafka.Resume(ctx, m.adm, live.consumer, o.Until)
}

// rebuilder rebuilds one partition after the other.
type rebuilder struct {
	*member
	RebuildOptions
	fold      *logic
	positions kafka.Positions
	producer  *kgo.Client
	name      string // of the partition, for people
}

func (b *rebuilder) connect() error {
	opts, err := b.RebuildOptions.Kafka.Producer(b.logic.consumer.Group()+"-rebuild", b.RebuildOptions.Log)
	if err != nil {
		return err
	}
	b.producer, err = kgo.NewClient(append(opts,
		kgo.TransactionalID(b.logic.consumer.Group()+"/rebuild"), // ends that of one which was killed
		kgo.TransactionTimeout(rebuildTimeout), kgo.RecordPartitioner(kgo.ManualPartitioner()))...)
	if err != nil {
		return fmt.Errorf("kafka client: %w", err)
	}
	return nil
}

func (b *rebuilder) partition(ctx context.Context, partition int32) error {
	old, until, err := b.old(ctx, partition)
	if err != nil {
		return err
	}
	t := newTask(b.fold, b.codec, partition)
	t.carefully = true // each record that cannot be handled was a dead letter
	last, err := b.read(ctx, t)
	if err != nil {
		return err
	}
	if until = slices.MaxFunc([]time.Time{until, last, b.Until}, time.Time.Compare); b.fold.timed && !until.IsZero() {
		t.pending = append(t.pending, loggedTick{record.Tick{Time: until}, until})
		if _, err := t.settle(func(int) bool { return true }); err != nil {
			return err
		}
		if err := settled(t); err != nil {
			return err
		}
	}
	return b.write(ctx, t, old, until)
}

// settled keeps what a task did, and drops what it emitted.
func settled(t *task) error {
	if _, err := t.changes(); err != nil {
		return err
	}
	t.commit()
	return nil
}

// old returns the keys on the changelog, and until when timers have fired in it.
func (b *rebuilder) old(ctx context.Context, partition int32) (keys map[string]bool, until time.Time, err error) {
	keys = make(map[string]bool)
	in, err := b.open(ctx, b.logic.consumer.Changelog().Name, partition)
	if err != nil {
		return nil, until, err
	}
	defer in.close()
	for {
		r, err := in.next(ctx)
		if r == nil || err != nil {
			return keys, until, err
		}
		keys[string(r.Key)] = true
		at := r.Timestamp
		for _, h := range r.Headers {
			if h.Key == asOf {
				if err := at.UnmarshalText(h.Value); err != nil {
					return nil, until, fmt.Errorf("%s@%d: header %s: %w", r.Topic, r.Offset, asOf, err)
				}
			}
		}
		if at.After(until) {
			until = at
		}
	}
}

// read passes the inputs to the task, merged by when they reached the log, and returns
// when the last did.
func (b *rebuilder) read(ctx context.Context, t *task) (last time.Time, err error) {
	var inputs []*input
	total := int64(0)
	for _, topic := range b.fold.inputs() {
		in, err := b.open(ctx, topic, t.partition)
		if err != nil {
			return last, err
		}
		defer in.close()
		inputs, total = append(inputs, in), total+in.end-in.at
	}
	for n := int64(1); ; n++ {
		in, err := earliest(ctx, inputs)
		if err != nil {
			return last, err
		}
		if in == nil {
			return last, settled(t)
		}
		r, err := in.next(ctx)
		if err != nil {
			return last, err
		}
		if err := b.handle(ctx, t, r); err != nil {
			return last, err
		}
		if r.Timestamp.After(last) {
			last = r.Timestamp
		}
		if n%maxPoll == 0 {
			if err := settled(t); err != nil {
				return last, err
			}
		}
		if n%tellEvery == 0 {
			b.Tell(fmt.Sprintf("%s: read %d of at most %d records", b.name, n, total))
		}
	}
}

// handle passes one record to the task. What was due by then has fired before it.
func (b *rebuilder) handle(ctx context.Context, t *task, r *kgo.Record) error {
	decoded, err := b.codec.Decode(ctx, r.Value)
	if err != nil && !errors.Is(err, avro.ErrUndecodable) {
		return err
	}
	if rec, ok := decoded.(record.Headed); ok && b.fold.timed {
		if err := t.fireKey(string(r.Key), t.within(rec.Head().OccurredAt, r.Timestamp), r.Timestamp); err != nil {
			return err
		}
	}
	return t.handle(r, decoded, err)
}

// write writes the state of a task as the changelog, in one transaction. Keys that are on
// the old one only are forgotten.
func (b *rebuilder) write(ctx context.Context, t *task, old map[string]bool, until time.Time) error {
	for key := range t.kept {
		delete(old, key)
	}
	text, err := until.MarshalText()
	if err != nil {
		return err
	}
	t.logic = b.logic // whose changelog it is
	if err := b.producer.BeginTransaction(); err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	promise := kgo.AbortingFirstErrPromise(b.producer)
	err = nil
	for _, key := range slices.Concat(slices.Sorted(maps.Keys(t.kept)), slices.Sorted(maps.Keys(old))) {
		var r kgo.Record
		if r, err = t.change(key, t.kept[key]); err != nil {
			break
		}
		r.Headers = []kgo.RecordHeader{{Key: asOf, Value: text}}
		b.producer.Produce(ctx, &r, promise.Promise())
	}
	if err == nil {
		err = b.producer.Flush(ctx)
	}
	if err == nil {
		err = promise.Err()
	}
	if err == nil {
		err = ctx.Err()
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), kafka.TransactionTimeout)
	defer cancel()
	if err != nil {
		_ = b.producer.AbortBufferedRecords(ending) // the transaction ends in any case
	}
	if endErr := b.producer.EndTransaction(ending, kgo.TransactionEndTry(err == nil)); err == nil {
		err = endErr
	}
	if err != nil {
		return fmt.Errorf("write the changelog: %w", err)
	}
	b.Tell(fmt.Sprintf("%s: the state of %d repairs is written", b.name, len(t.kept)))
	return nil
}

// input is one partition of a topic, read to where it is to be folded.
type input struct {
	client *kgo.Client
	queue  []*kgo.Record
	at     int64 // next offset
	end    int64
}

// open opens a topic that the processor reads up to its position, and any other up to
// its end.
func (b *rebuilder) open(ctx context.Context, topic string, partition int32) (*input, error) {
	starts, err := kafka.Starts(ctx, b.adm, topic)
	if err != nil {
		return nil, err
	}
	in := new(input)
	if in.at, err = kafka.OffsetOf(starts, topic, partition); err != nil {
		return nil, err
	}
	if o, reads := b.positions.Offsets.Lookup(topic, partition); reads {
		in.end = o.At
	} else {
		ends, err := kafka.StableEnds(ctx, b.adm, topic)
		if err != nil {
			return nil, err
		}
		if in.end, err = kafka.OffsetOf(ends, topic, partition); err != nil {
			return nil, err
		}
	}
	opts, err := b.RebuildOptions.Kafka.Opts(b.logic.consumer.Group()+"-rebuild", b.RebuildOptions.Log)
	if err != nil {
		return nil, err
	}
	in.client, err = kgo.NewClient(append(opts,
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {partition: kgo.NewOffset().At(in.at)}}),
		kgo.ConsumeResetOffset(kgo.NoResetOffset()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.KeepControlRecords(), // the last offset may be a marker
	)...)
	if err != nil {
		return nil, fmt.Errorf("kafka client: %w", err)
	}
	return in, nil
}

func (in *input) close() { in.client.Close() }

// head returns the next record without taking it; nil: there is none.
func (in *input) head(ctx context.Context) (*kgo.Record, error) {
	for len(in.queue) == 0 && in.at < in.end {
		fetches := in.client.PollRecords(ctx, maxPoll)
		if err := fetches.Err(); err != nil {
			return nil, err
		}
		for it := fetches.RecordIter(); !it.Done(); {
			r := it.Next()
			if r.Offset < in.end && !r.Attrs.IsControl() {
				in.queue = append(in.queue, r)
			}
			in.at = r.Offset + 1
		}
	}
	if len(in.queue) == 0 {
		return nil, nil //nolint:nilnil // documented
	}
	return in.queue[0], nil
}

// next takes the next record; nil: there is none.
func (in *input) next(ctx context.Context) (*kgo.Record, error) {
	r, err := in.head(ctx)
	if r != nil {
		in.queue = in.queue[1:]
	}
	return r, err
}

// earliest returns the input whose next record reached the log first; nil: there is none.
// Of two at the same time it is the one that the processor names first.
func earliest(ctx context.Context, inputs []*input) (*input, error) {
	var first *input
	var at time.Time
	for _, in := range inputs {
		r, err := in.head(ctx)
		if err != nil {
			return nil, err
		}
		if r != nil && (first == nil || r.Timestamp.Before(at)) {
			first, at = in, r.Timestamp
		}
	}
	return first, nil
}
