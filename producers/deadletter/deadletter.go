// Package deadletter reads the records that could not be handled, and sends the
// commands among them again.
//
// Only commands are sent again: what derives from events is rebuilt from the
// events, and a second copy of it would be wrong.
package deadletter

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/schemas/avro"
	"pitstop/schemas/kafka"
	"pitstop/schemas/record"
)

// Position is a dead letter's place on its topic.
type Position struct {
	Partition int32
	Offset    int64
}

// String is the form ParsePosition reads: partition:offset.
func (p Position) String() string { return fmt.Sprintf("%d:%d", p.Partition, p.Offset) }

// ParsePosition reads partition:offset.
func ParsePosition(s string) (Position, error) {
	var p Position
	var rest string
	if n, _ := fmt.Sscanf(s+" ", "%d:%d%s", &p.Partition, &p.Offset, &rest); n != 2 || p.Partition < 0 || p.Offset < 0 {
		return Position{}, fmt.Errorf("%q is no dead letter's position, such as 0:42: see pitstop dead-letters list", s)
	}
	return p, nil
}

// ErrNotReplayable marks a dead letter that cannot be sent again.
var ErrNotReplayable = errors.New("only commands are sent again; what derives from events is rebuilt")

// Box reads dead letters. The client reads committed records and has an
// idempotent producer.
type Box struct {
	Client *kgo.Client
	Codec  *avro.Codec
}

// Each calls fn for every dead letter there is now, partition by partition in
// order; an error of fn ends it.
func (b Box) Each(ctx context.Context, fn func(Position, *record.DeadLetter) error) error {
	topic := record.DeadLetters.Name
	adm := kadm.NewClient(b.Client)
	starts, err := kafka.Starts(ctx, adm, topic)
	if err != nil {
		return err
	}
	ends, err := kafka.Ends(ctx, adm, topic)
	if err != nil {
		return err
	}
	from, remaining := make(map[int32]kgo.Offset), make(map[int32]int64)
	ends.Each(func(end kadm.ListedOffset) {
		if start, _ := starts.Lookup(topic, end.Partition); start.Offset < end.Offset {
			from[end.Partition], remaining[end.Partition] = kgo.NewOffset().At(start.Offset), end.Offset
		}
	})
	if len(remaining) == 0 {
		return nil
	}
	b.Client.AddConsumePartitions(map[string]map[int32]kgo.Offset{topic: from})
	defer b.Client.PurgeTopicsFromConsuming(topic)
	for len(remaining) > 0 {
		fetches := b.Client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return fmt.Errorf("read %s: %w", topic, err)
		}
		for it := fetches.RecordIter(); !it.Done(); {
			r := it.Next()
			end, ok := remaining[r.Partition]
			if !ok || r.Offset >= end {
				continue
			}
			if r.Offset+1 == end {
				delete(remaining, r.Partition)
			}
			if r.Attrs.IsControl() {
				continue
			}
			if err := b.visit(ctx, r, fn); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b Box) visit(ctx context.Context, r *kgo.Record, fn func(Position, *record.DeadLetter) error) error {
	at := Position{r.Partition, r.Offset}
	decoded, err := b.Codec.Decode(ctx, r.Value)
	if err != nil {
		return fmt.Errorf("dead letter %s: %w", at, err)
	}
	d, ok := decoded.(*record.DeadLetter)
	if !ok {
		return fmt.Errorf("dead letter %s is a %s", at, record.NameOf(decoded))
	}
	return fn(at, d)
}

// errFound ends the search.
var errFound = errors.New("found")

// Get returns one dead letter.
func (b Box) Get(ctx context.Context, p Position) (*record.DeadLetter, error) {
	var found *record.DeadLetter
	err := b.Each(ctx, func(at Position, d *record.DeadLetter) error {
		if at != p {
			return nil
		}
		found = d
		return errFound
	})
	if err != nil && !errors.Is(err, errFound) {
		return nil, err
	}
	if found == nil {
		return nil, fmt.Errorf("there is no dead letter %s: see pitstop dead-letters list", p)
	}
	return found, nil
}

// Replay sends a command again, byte for byte, and returns once the brokers have
// it. A command that was handled meanwhile is a duplicate and changes nothing.
func (b Box) Replay(ctx context.Context, d *record.DeadLetter) error {
	if d.Topic != record.Commands.Name {
		return fmt.Errorf("a record of %s: %w", d.Topic, ErrNotReplayable)
	}
	r := &kgo.Record{Topic: d.Topic, Key: d.Key, Value: d.Value}
	for _, h := range d.Headers {
		r.Headers = append(r.Headers, kgo.RecordHeader{Key: h.Key, Value: h.Value})
	}
	if err := b.Client.ProduceSync(ctx, r).FirstErr(); err != nil {
		return fmt.Errorf("send command again: %w", err)
	}
	return nil
}
