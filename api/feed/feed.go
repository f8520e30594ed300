// Package feed reads the topic of events for the API, from where a caller left
// off. It is the only package below api that knows Kafka.
package feed

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
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

// Bounds of a feed: each reader has a Kafka client of its own, and a page scans at
// most so many records, most of which may be other garages'.
const (
	maxReaders = 64
	maxScanned = 10_000
)

// fetchTimeout bounds a fetch of records that are known to be there.
const fetchTimeout = 10 * time.Second

// ErrBusy means that too many readers of the feed are open.
var ErrBusy = errors.New("too many readers of the event feed")

// Feed opens readers of the events. It has no consumer group and no state: a
// cursor holds the next offset of each partition.
type Feed struct {
	config kafka.Config
	codec  *avro.Codec
	log    *slog.Logger
	slots  chan struct{}
}

// New returns a feed; it connects in Open.
func New(c kafka.Config, codec *avro.Codec, log *slog.Logger) *Feed {
	return &Feed{config: c, codec: codec, log: log, slots: make(chan struct{}, maxReaders)}
}

// Reader reads on from one cursor. It is for one goroutine; Close it.
type Reader struct {
	feed     *Feed
	client   *kgo.Client
	position []int64 // next offset, by partition
	ends     []int64 // where the partitions ended when it was opened
}

// Open returns a reader of the events after a cursor; an empty one is the
// beginning. A cursor that is not of this topic is readmodel.ErrCursor.
func (f *Feed) Open(ctx context.Context, after string) (*Reader, error) {
	select {
	case f.slots <- struct{}{}:
	default:
		return nil, ErrBusy
	}
	r, err := f.open(ctx, after)
	if err != nil {
		<-f.slots
	}
	return r, err
}

func (f *Feed) open(ctx context.Context, after string) (*Reader, error) {
	topic := record.Events.Name
	opts, err := f.config.Opts("pitstop-feed", f.log)
	if err != nil {
		return nil, err
	}
	cl, err := kgo.NewClient(append(opts,
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.KeepControlRecords(), // or the position would never pass the last transaction's marker
		kgo.FetchMaxWait(500*time.Millisecond),
		kgo.ConsumeResetOffset(kgo.NoResetOffset()), // fail rather than miss records
	)...)
	if err != nil {
		return nil, fmt.Errorf("kafka client: %w", err)
	}
	r := &Reader{feed: f, client: cl}
	if err := r.seek(ctx, topic, after); err != nil {
		cl.Close()
		return nil, err
	}
	return r, nil
}

func (r *Reader) seek(ctx context.Context, topic, after string) error {
	adm := kadm.NewClient(r.client)
	starts, err := kafka.Starts(ctx, adm, topic)
	if err != nil {
		return err
	}
	ends, err := kafka.StableEnds(ctx, adm, topic)
	if err != nil {
		return err
	}
	n := len(ends[topic])
	r.position, r.ends = make([]int64, n), make([]int64, n)
	for p := range int32(n) {
		r.position[p], r.ends[p] = starts[topic][p].Offset, ends[topic][p].Offset
	}
	if after != "" {
		at, err := parseCursor(after)
		if err != nil || len(at) != n {
			return readmodel.ErrCursor
		}
		for p := range at {
			if at[p] < r.position[p] || at[p] > r.ends[p] {
				return readmodel.ErrCursor
			}
		}
		r.position = at
	}
	from := make(map[int32]kgo.Offset, n)
	for p, offset := range r.position {
		from[int32(p)] = kgo.NewOffset().At(offset)
	}
	r.client.AddConsumePartitions(map[string]map[int32]kgo.Offset{topic: from})
	return nil
}

// Close ends the reader.
func (r *Reader) Close() {
	r.client.Close()
	<-r.feed.slots
}

// Next returns up to limit events that may be seen. When there is none up to where
// the topic ended at Open, it waits up to wait for the first. The page's cursor
// continues where the page ends.
func (r *Reader) Next(ctx context.Context, sight readmodel.Sight, limit int, wait time.Duration) (readmodel.EventPage, error) {
	page := readmodel.EventPage{Events: []readmodel.Event{}, Cursor: cursor(r.position)}
	deadline := time.Now().Add(wait) //nolint:forbidigo // a stopwatch, not the time of anything
	for scanned := 0; scanned < maxScanned && len(page.Events) < limit; {
		patience, waiting := fetchTimeout, r.caughtUp()
		if waiting {
			if patience = time.Until(deadline); len(page.Events) > 0 || patience <= 0 {
				break
			}
		}
		poll, cancel := context.WithTimeout(ctx, patience)
		fetches := r.client.PollRecords(poll, limit-len(page.Events))
		cancel()
		err := fetchError(fetches)
		if waiting && ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
			break
		}
		if err != nil {
			return page, err
		}
		for _, rec := range fetches.Records() {
			scanned++
			r.position[rec.Partition] = rec.Offset + 1
			page.Cursor = cursor(r.position)
			if rec.Attrs.IsControl() {
				continue
			}
			e, err := r.feed.event(ctx, rec, sight)
			if err != nil {
				return page, err
			}
			if e != nil {
				e.Cursor = page.Cursor
				page.Events = append(page.Events, *e)
			}
		}
	}
	return page, nil
}

func (r *Reader) caughtUp() bool {
	for p := range r.ends {
		if r.position[p] < r.ends[p] {
			return false
		}
	}
	return true
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

// event returns a record as integrators read it; nil when it may not be
// seen or cannot be decoded: the sinks send those to the dead letters.
func (f *Feed) event(ctx context.Context, rec *kgo.Record, sight readmodel.Sight) (*readmodel.Event, error) {
	decoded, err := f.codec.Decode(ctx, rec.Value)
	if errors.Is(err, avro.ErrUndecodable) {
		f.log.Warn("skipped what is no event", "partition", rec.Partition, "offset", rec.Offset, "error", err)
		return nil, nil //nolint:nilnil // documented
	}
	if err != nil {
		return nil, err
	}
	e, ok := decoded.(repair.Event)
	if !ok || !sight.Sees(e.Head().GarageID) {
		return nil, nil //nolint:nilnil // documented
	}
	data, err := f.codec.AppendJSON(ctx, nil, e)
	if err != nil {
		return nil, err
	}
	h := e.Head()
	shown, ok, err := sight.Event(readmodel.Event{
		Type: record.NameOf(e), EventID: h.EventID, RepairID: h.AggregateID, GarageID: h.GarageID,
		Sequence: repair.SequenceOf(e), OccurredAt: h.OccurredAt, Actor: h.Actor,
		CorrelationID: h.CorrelationID, CausationID: h.CausationID, Data: data,
	})
	if !ok || err != nil {
		return nil, err
	}
	return &shown, nil
}

// cursorVersion begins every cursor.
const cursorVersion = 1

func cursor(position []int64) string {
	b := []byte{cursorVersion}
	for _, offset := range position {
		b = binary.AppendUvarint(b, uint64(offset))
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

func parseCursor(s string) ([]int64, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(b) == 0 || b[0] != cursorVersion {
		return nil, readmodel.ErrCursor
	}
	var position []int64
	for b = b[1:]; len(b) > 0; {
		offset, n := binary.Uvarint(b)
		if n <= 0 || offset > 1<<62 {
			return nil, readmodel.ErrCursor
		}
		position, b = append(position, int64(offset)), b[n:]
	}
	return position, nil
}
