// Package feed reads the topic of events for the API, from where a caller left
// off. It is the only package below api that knows Kafka.
//
// One tail per process follows the topic and keeps what came last. Whoever reads gets
// it from there; who is further behind, after a while away or because it reads slowly,
// reads from Kafka by itself until it has caught up. So readers cost Kafka nothing, and
// none holds up another.
package feed

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/schemas/avro"
	"pitstop/schemas/kafka"
	"pitstop/schemas/readmodel"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// maxCatchingUp is how many readers read from Kafka at a time. The others wait for their
// turn.
const maxCatchingUp = 32

// fetchTimeout bounds what is known to be there: records, a turn, a reference.
const fetchTimeout = 10 * time.Second

// ErrBusy means that too many readers catch up.
var ErrBusy = errors.New("too many readers of the events catch up")

// Feed opens readers of the events. It has no consumer group and no state: a
// cursor holds the next offset of each partition.
type Feed struct {
	config kafka.Config
	codec  *avro.Codec
	log    *slog.Logger
	admin  *kgo.Client
	refs   *references
	turns  chan struct{}
	tail   tail

	progress kafka.Progress // of the tail
	mu       sync.Mutex
	held     error // whose transaction hides events from it
}

// New returns a feed. Its readers wait for events only while it runs.
func New(c kafka.Config, codec *avro.Codec, find FindReferences, log *slog.Logger) (*Feed, error) {
	f := &Feed{
		config: c, codec: codec, log: log, turns: make(chan struct{}, maxCatchingUp),
		refs: &references{find: find, asking: make(chan struct{}, maxAsking)}, tail: tail{readers: make(map[*Reader]struct{}), most: maxKept},
	}
	var err error
	f.admin, err = f.client()
	return f, err
}

// Check returns why events do not come as they happen, as far as the feed knows: readers
// may read what there is all the same. It may return nil while brokers do not answer,
// which the readiness of the role kafka says.
func (f *Feed) Check(now time.Time) error {
	if err := f.progress.Check(now); err != nil {
		return fmt.Errorf("events: %w", err)
	}
	f.mu.Lock()
	held := f.held
	f.mu.Unlock()
	if held != nil {
		return fmt.Errorf("events: stalled: %w", held)
	}
	f.tail.mu.RLock()
	defer f.tail.mu.RUnlock()
	if late := now.Sub(f.tail.late); !f.tail.late.IsZero() && late > kafka.StuckAfter {
		return fmt.Errorf("events: %d records behind, and behind for %s", f.tail.lag(), late.Round(time.Second))
	}
	return nil
}

// Close closes the feed's own connection. Readers are closed before.
func (f *Feed) Close() { f.admin.Close() }

func (f *Feed) client(opts ...kgo.Opt) (*kgo.Client, error) {
	all, err := f.config.Opts("pitstop-feed", f.log)
	if err != nil {
		return nil, err
	}
	cl, err := kgo.NewClient(append(all, opts...)...)
	if err != nil {
		return nil, fmt.Errorf("kafka client: %w", err)
	}
	return cl, nil
}

// consumer returns a client that reads the events on from the offsets.
func (f *Feed) consumer(from []int64) (*kgo.Client, error) {
	at := make(map[int32]kgo.Offset, len(from))
	for p, offset := range from {
		at[int32(p)] = kgo.NewOffset().At(offset)
	}
	return f.client(
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.KeepControlRecords(), // so that cursors pass the last transaction's marker
		kgo.FetchMaxWait(500*time.Millisecond),
		kgo.ConsumeResetOffset(kgo.NoResetOffset()), // fail rather than miss records
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{record.Events.Name: at}),
	)
}

// bounds returns where the partitions begin, and where they end for whoever sees no
// open transaction.
func (f *Feed) bounds(ctx context.Context) (starts, ends []int64, err error) {
	adm, topic := kadm.NewClient(f.admin), record.Events.Name
	first, err := kafka.Starts(ctx, adm, topic)
	if err != nil {
		return nil, nil, err
	}
	last, err := kafka.StableEnds(ctx, adm, topic)
	if err != nil {
		return nil, nil, err
	}
	for p := range int32(len(last[topic])) {
		starts, ends = append(starts, first[topic][p].Offset), append(ends, last[topic][p].Offset)
	}
	return starts, ends, nil
}

// Open returns a reader, for somebody, of the events after a cursor; an empty one is
// the beginning. A cursor that is not of this topic is readmodel.ErrCursor.
func (f *Feed) Open(ctx context.Context, sight readmodel.Sight, after string) (*Reader, error) {
	starts, ends, err := f.bounds(ctx)
	if err != nil {
		return nil, err
	}
	r := &Reader{feed: f, sight: sight, position: starts, ends: ends, wake: make(chan struct{}, 1)}
	if after != "" {
		at, err := parseCursor(after)
		if err != nil || len(at) != len(ends) {
			return nil, readmodel.ErrCursor
		}
		for p := range at {
			if at[p] < starts[p] || at[p] > ends[p] {
				return nil, readmodel.ErrCursor
			}
		}
		r.position = at
	}
	f.tail.join(r)
	return r, nil
}

// entry is a record of the topic as it is shown.
type entry struct {
	partition int32
	offset    int64
	logged    time.Time
	event     *readmodel.Event // nil: it is none, or cannot be decoded
}

// entries returns records as they are shown. Those that cannot be decoded are left out:
// the sinks send them to the dead letters.
func (f *Feed) entries(ctx context.Context, records []*kgo.Record) ([]entry, error) {
	entries := make([]entry, len(records))
	for i, rec := range records {
		entries[i] = entry{partition: rec.Partition, offset: rec.Offset, logged: rec.Timestamp}
		if rec.Attrs.IsControl() {
			continue
		}
		decoded, err := f.codec.Decode(ctx, rec.Value)
		e, ok := decoded.(repair.Event)
		switch {
		case errors.Is(err, avro.ErrUndecodable):
			f.log.Warn("skipped what is no event", "partition", rec.Partition, "offset", rec.Offset, "error", err)
			continue
		case err != nil:
			return nil, err
		case !ok:
			continue
		}
		data, err := f.codec.AppendJSON(ctx, nil, e)
		if err != nil {
			return nil, err
		}
		h := e.Head()
		entries[i].event = &readmodel.Event{
			Type: record.NameOf(e), EventID: h.EventID, RepairID: h.AggregateID, GarageID: h.GarageID,
			Sequence: repair.SequenceOf(e), OccurredAt: h.OccurredAt, Actor: h.Actor,
			CorrelationID: h.CorrelationID, CausationID: h.CausationID, Data: data,
		}
		if started, ok := e.(*repair.RepairStarted); ok {
			f.refs.learn(h.AggregateID, started.ExternalRef)
		}
	}
	return entries, nil
}

func fetchError(fetches kgo.Fetches) error {
	err := fetches.Err()
	switch {
	case err == nil:
		return nil
	case errors.Is(err, kerr.OffsetOutOfRange):
		return readmodel.ErrCursor
	}
	return fmt.Errorf("read events: %w", err)
}
