package stream

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/schemas/avro"
	"pitstop/schemas/kafka"
	"pitstop/schemas/record"
)

// unstablePause is the pause between two requests for offsets that a transaction is
// about to change.
const unstablePause = 100 * time.Millisecond

// stableIn is how long a transaction of a member can be open, with what brokers take to
// see that it timed out: by default they look every 10 seconds.
const stableIn = kafka.TransactionTimeout + 12*time.Second

// restore rebuilds the tasks of the assigned partitions from the changelog.
//
// It reads committed records up to the current high watermark: so it waits for a
// transaction that a former owner left open (at most the transaction timeout), and
// nothing a former owner commits comes later (its offsets would have to be committed
// in a generation that is over).
func (m *member) restore(ctx context.Context, partitions []int32) (map[int32]*task, error) {
	tasks := make(map[int32]*task, len(partitions))
	for _, p := range partitions {
		tasks[p] = newTask(m.logic, m.codec, p)
	}
	if len(partitions) == 0 {
		return tasks, nil
	}
	if err := m.restorePositions(ctx, tasks); err != nil {
		return nil, err
	}
	changelog := m.logic.consumer.Changelog().Name
	starts, err := kafka.Starts(ctx, m.adm, changelog)
	if err != nil {
		return nil, err
	}
	ends, err := kafka.Ends(ctx, m.adm, changelog)
	if err != nil {
		return nil, err
	}
	remaining := make(map[int32]int64) // partition → offset to be reached
	from := make(map[int32]kgo.Offset)
	for _, p := range partitions {
		start, err := kafka.OffsetOf(starts, changelog, p)
		if err != nil {
			return nil, err
		}
		end, err := kafka.OffsetOf(ends, changelog, p)
		if err != nil {
			return nil, err
		}
		if start < end {
			remaining[p], from[p] = end, kgo.NewOffset().At(start)
		}
	}
	if len(remaining) > 0 {
		if err := m.replay(ctx, changelog, from, remaining, tasks); err != nil {
			return nil, err
		}
	}
	for _, t := range tasks {
		t.restored()
		t.commit()
	}
	return tasks, nil
}

// quiet is how long reading a changelog may bring nothing, though there is something to be
// read, before somebody is told what holds it up.
const quiet = 2 * time.Second

func (m *member) replay(ctx context.Context, changelog string, from map[int32]kgo.Offset, remaining map[int32]int64, tasks map[int32]*task) error {
	opts, err := m.Kafka.Opts(m.logic.consumer.Group()+"-restore", m.Log)
	if err != nil {
		return err
	}
	cl, err := kgo.NewClient(append(opts,
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{changelog: from}),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.KeepControlRecords(), // the last offset is usually a marker
	)...)
	if err != nil {
		return fmt.Errorf("kafka client: %w", err)
	}
	defer cl.Close()
	spoiled := make(map[string]error) // keys whose last record cannot be read
	for len(remaining) > 0 {
		poll, cancel := context.WithTimeout(ctx, quiet)
		fetches := cl.PollFetches(poll)
		cancel()
		if err := fetches.Err(); errors.Is(err, context.DeadlineExceeded) {
			m.Monitor.Starting("restoring: " + kafka.HeldUpBy(ctx, m.adm, changelog, slices.Sorted(maps.Keys(remaining))...).Error())
			continue
		} else if err != nil {
			return fmt.Errorf("read %s: %w", changelog, err)
		}
		for it := fetches.RecordIter(); !it.Done(); {
			r := it.Next()
			if _, ok := remaining[r.Partition]; !ok {
				continue
			}
			if !r.Attrs.IsControl() {
				switch err := m.restoreRecord(ctx, tasks[r.Partition], r); {
				case err == nil:
					delete(spoiled, string(r.Key))
				case errors.Is(err, avro.ErrUndecodable): // unless a later one takes its place
					spoiled[string(r.Key)] = err
				default:
					return err
				}
			}
			if r.Offset+1 >= remaining[r.Partition] {
				delete(remaining, r.Partition)
			}
		}
		m.Monitor.Starting(fmt.Sprintf("restoring, %d partitions to go", len(remaining)))
	}
	if keys := slices.Sorted(maps.Keys(spoiled)); len(keys) > 0 {
		return fmt.Errorf("%w; the state of %d repairs is spoiled: pitstop rebuild %s", spoiled[keys[0]], len(keys), m.logic.consumer.Name)
	}
	return nil
}

func (m *member) restoreRecord(ctx context.Context, t *task, r *kgo.Record) error {
	if len(r.Value) == 0 { // a tombstone
		t.keep(string(r.Key), entry{})
		return nil
	}
	decoded, err := m.codec.Decode(ctx, r.Value)
	if err != nil {
		return fmt.Errorf("changelog %s[%d]@%d: %w", r.Topic, r.Partition, r.Offset, err)
	}
	change, ok := decoded.(*record.Change)
	if !ok {
		return fmt.Errorf("%w: changelog %s[%d]@%d: a %s is no change", avro.ErrUndecodable, r.Topic, r.Partition, r.Offset, record.NameOf(decoded))
	}
	// Decoding the state now finds a schema that only the registry knows before the
	// first record needs it.
	if len(change.State) > 0 {
		if _, err := m.codec.Decode(ctx, change.State); err != nil {
			return fmt.Errorf("changelog %s[%d]@%d: state: %w", r.Topic, r.Partition, r.Offset, err)
		}
	}
	t.keep(string(r.Key), entry{change.State, change.Timers})
	return nil
}

// restorePositions sets where each input will be read from. A member that has nothing
// to read would otherwise not know its position, and its ticks would wait for ever.
func (m *member) restorePositions(ctx context.Context, tasks map[int32]*task) error {
	positions, err := m.positions(ctx)
	if err != nil {
		return err
	}
	for _, topic := range m.logic.consumer.Subscription() {
		for p, t := range tasks {
			o, ok := positions.Offsets.Lookup(topic, p)
			if !ok {
				return fmt.Errorf("the broker did not list %s[%d]", topic, p)
			}
			t.positions[topic] = o.At
		}
	}
	return nil
}

// positions returns where the group is, once that is stable.
func (m *member) positions(ctx context.Context) (kafka.Positions, error) {
	waiting := func() { m.Monitor.Starting("waiting for the transaction of another member") }
	return Stable(ctx, waiting, func(ctx context.Context) (kafka.Positions, error) {
		return kafka.PositionsOf(ctx, m.adm, m.logic.consumer, time.Time{})
	})
}

// Stable returns what read reads of a group's positions, once no transaction is about to
// change those: a member may be in the middle of its last one, or have been killed there.
// Brokers do not wait, and leave that to us; waiting is called while it does. They abort
// such a transaction some time after it timed out, so positions that are unstable for
// longer than stableIn are an error, which says what to do.
func Stable[T any](ctx context.Context, waiting func(), read func(context.Context) (T, error)) (T, error) {
	last := time.NewTimer(stableIn)
	defer last.Stop()
	for {
		got, err := read(kadm.RequireStable(ctx))
		if !errors.Is(err, kerr.UnstableOffsetCommit) {
			return got, err
		}
		waiting()
		select {
		case <-ctx.Done():
			return got, ctx.Err()
		case <-last.C:
			return got, fmt.Errorf("%w, for %s by now: kafka-transactions.sh --bootstrap-server … list names whose transactions are open; end that program, or wait until the brokers end its transaction", err, stableIn)
		case <-time.After(unstablePause):
		}
	}
}
