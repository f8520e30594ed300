// Package rebuild makes a processor's changelog anew out of the topics: for one that is
// lost or spoiled.
package rebuild

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/processors/stream"
	"pitstop/schemas/avro"
	"pitstop/schemas/kafka"
	"pitstop/schemas/record"
)

// Options hold what Run needs besides the consumer and what makes its state.
type Options struct {
	Kafka kafka.Config
	// Until is when the processor was stopped, where its position is lost: what reached
	// the log later is handled when it starts again.
	Until time.Time
	// Tell is told how far it is, in words.
	Tell func(string)
	Log  *slog.Logger
}

// asOf is a header on changelog records that Run wrote: up to when timers have fired in
// them.
const asOf = "as-of"

// tellEvery is how many records are read between two words about it, and pollMost the
// most in one poll.
const (
	tellEvery = 100_000
	pollMost  = 1000
)

// writeTimeout bounds the transaction that writes the changelog of one partition.
const writeTimeout = 5 * time.Minute

// Run writes the changelog of a processor, which is this consumer, anew, from what from
// reads: the processor itself, or one with the same state that reads other topics, to
// their ends. What they emit is dropped.
//
// The new state is that of the processor's position: what it has not read yet it handles,
// and tells of, when it starts. Timers have fired up to when it last wrote. Each
// partition is rebuilt in one transaction, so Run can be interrupted at any time and
// called again; until it is done, a partition has its old state or its new one.
//
// While the group has a member it refuses, and before each commit it looks again: a member
// that joined before has read the old state, so the transaction is aborted; one that joins
// later waits for the end of the transaction when it restores, and reads the new one.
func Run[S any](ctx context.Context, consumer record.Consumer, from stream.Processor[S], o Options) error {
	var state S
	r := rebuilder{
		Options: o, consumer: consumer, reads: from.Consumer.Reads,
		fold: func(codec *avro.Codec, partition int32) *stream.Fold { return stream.NewFold(from, codec, partition) },
	}
	if err := r.run(ctx, state); err != nil {
		return fmt.Errorf("rebuild %s: %w", consumer.Name, err)
	}
	return nil
}

// rebuilder rebuilds one partition after the other.
type rebuilder struct {
	Options
	consumer  record.Consumer
	reads     []record.Topic // what is folded; ticks are not
	fold      func(*avro.Codec, int32) *stream.Fold
	codec     *avro.Codec
	adm       *kadm.Client
	producer  *kgo.Client
	positions kafka.Positions
	committed kadm.OffsetResponses // when the positions were read
	name      string               // of the partition, for people
}

func (b *rebuilder) run(ctx context.Context, state any) error {
	var err error
	if b.codec, err = b.Kafka.Codec(ctx, "pitstop-"+b.consumer.Name, b.consumer.Changelog().Name, state); err != nil {
		return err
	}
	if b.adm, err = b.Kafka.Admin(b.clientID(), b.Log); err != nil {
		return err
	}
	defer b.adm.Close()
	if err := kafka.CoPartitioned(ctx, b.adm, b.consumer); err != nil {
		return err
	}
	if err := kafka.Deserted(ctx, b.adm, b.consumer); err != nil {
		return err
	}
	if b.committed, err = b.offsets(ctx); err != nil {
		return err
	}
	if b.positions, err = kafka.PositionsOf(ctx, b.adm, b.consumer, b.Until); err != nil {
		return err
	}
	if err := b.connect(); err != nil {
		return err
	}
	defer b.producer.Close()
	partitions := slices.Sorted(maps.Keys(b.positions.Offsets[b.consumer.Reads[0].Name]))
	for i, partition := range partitions {
		b.name = fmt.Sprintf("partition %d of %d", i+1, len(partitions))
		if err := b.partition(ctx, partition); err != nil {
			return fmt.Errorf("partition %d: %w", partition, err)
		}
	}
	// Last: until then a group that lost its position does not start.
	return kafka.Resume(ctx, b.adm, b.consumer, b.Until)
}

func (b *rebuilder) clientID() string { return b.consumer.Group() + "-rebuild" }

// offsets returns what the group has committed, once no transaction is about to change it.
func (b *rebuilder) offsets(ctx context.Context) (kadm.OffsetResponses, error) {
	waiting := sync.OnceFunc(func() { b.Tell("waiting for the end of an open transaction") })
	return stream.Stable(ctx, waiting, func(ctx context.Context) (kadm.OffsetResponses, error) {
		committed, err := kafka.Committed(ctx, b.adm, b.consumer.Group())
		return committed[b.consumer.Group()], err
	})
}

// undisturbed returns an error if the processor has run since its positions were read, or
// runs.
func (b *rebuilder) undisturbed(ctx context.Context) error {
	members, err := kafka.Members(ctx, b.adm, b.consumer)
	if err != nil {
		return err
	}
	if len(members) > 0 {
		return kafka.Running(b.consumer, members)
	}
	committed, err := b.offsets(ctx)
	if err != nil {
		return err
	}
	var moved error
	committed.Each(func(o kadm.OffsetResponse) {
		if before, ok := b.committed.Lookup(o.Topic, o.Partition); !ok || before.At != o.At {
			moved = fmt.Errorf("%s has run meanwhile: stop every one of it, and run this again", b.consumer.Name)
		}
	})
	return moved
}

func (b *rebuilder) connect() error {
	opts, err := b.Kafka.Producer(b.clientID(), b.Log)
	if err != nil {
		return err
	}
	b.producer, err = kgo.NewClient(append(opts,
		kgo.TransactionalID(b.consumer.Group()+"/rebuild"), // ends that of one which was killed
		kgo.TransactionTimeout(writeTimeout), kgo.RecordPartitioner(kgo.ManualPartitioner()))...)
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
	f := b.fold(b.codec, partition)
	last, err := b.read(ctx, f, partition)
	if err != nil {
		return err
	}
	if until = slices.MaxFunc([]time.Time{until, last, b.Until}, time.Time.Compare); !until.IsZero() {
		if err := f.Fire(until); err != nil {
			return err
		}
	}
	return b.write(ctx, f, old, until)
}

// old returns the keys on the changelog, and until when timers have fired in it.
func (b *rebuilder) old(ctx context.Context, partition int32) (keys map[string]bool, until time.Time, err error) {
	keys = make(map[string]bool)
	in, err := b.open(ctx, b.consumer.Changelog().Name, partition)
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

// read passes the inputs to the fold, merged by when they reached the log, and returns
// when the last did.
func (b *rebuilder) read(ctx context.Context, f *stream.Fold, partition int32) (last time.Time, err error) {
	var inputs []*input
	total := int64(0)
	for _, topic := range b.reads {
		if topic.Name == record.Ticks.Name {
			continue
		}
		in, err := b.open(ctx, topic.Name, partition)
		if err != nil {
			return last, err
		}
		defer in.close()
		inputs, total = append(inputs, in), total+in.end-in.at
	}
	for n := int64(1); ; n++ {
		in, err := earliest(ctx, inputs)
		if err != nil || in == nil {
			return last, err
		}
		r, err := in.next(ctx)
		if err != nil {
			return last, err
		}
		decoded, err := b.codec.Decode(ctx, r.Value)
		if err != nil && !errors.Is(err, avro.ErrUndecodable) {
			return last, err
		}
		if err := f.Handle(r, decoded, err); err != nil {
			return last, err
		}
		if r.Timestamp.After(last) {
			last = r.Timestamp
		}
		if n%tellEvery == 0 {
			b.Tell(fmt.Sprintf("%s: read %d of at most %d records", b.name, n, total))
		}
	}
}

// write writes the state of a fold as the changelog, in one transaction. Keys that are on
// the old one only are forgotten.
func (b *rebuilder) write(ctx context.Context, f *stream.Fold, old map[string]bool, until time.Time) error {
	keys, err := f.Keys()
	if err != nil {
		return err
	}
	for _, key := range keys {
		delete(old, key)
	}
	text, err := until.MarshalText()
	if err != nil {
		return err
	}
	if err := b.producer.BeginTransaction(); err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	err = b.produce(ctx, f, slices.Concat(keys, slices.Sorted(maps.Keys(old))), text)
	if err == nil { // once it is in the log: see Run
		err = b.undisturbed(ctx)
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
	b.Tell(fmt.Sprintf("%s: the state of %d repairs is written", b.name, len(keys)))
	return nil
}

// produce writes the records of keys, and waits until the brokers have them.
func (b *rebuilder) produce(ctx context.Context, f *stream.Fold, keys []string, until []byte) error {
	written := kafka.NewProduction(b.producer)
	for _, key := range keys {
		r, err := f.Change(key)
		if err != nil {
			return err
		}
		r.Topic, r.Headers = b.consumer.Changelog().Name, []kgo.RecordHeader{{Key: asOf, Value: until}}
		written.Add(ctx, &r)
	}
	return written.Wait(ctx)
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
	opts, err := b.Kafka.Opts(b.clientID(), b.Log)
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
		fetches := in.client.PollRecords(ctx, pollMost)
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
