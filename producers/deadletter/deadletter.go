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
	"slices"

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

// Letter is what stands at a position: a dead letter or, where those bytes are none,
// why.
type Letter struct {
	*record.DeadLetter          // nil: Err says why
	Position           Position // of the dead letter; where the record was is in it
	Err                error    // wraps avro.ErrUndecodable
}

// ErrNotReplayable marks a dead letter that must not be sent again, ErrSent one whose
// record was sent before. The error that wraps it says why.
var (
	ErrNotReplayable = errors.New("not sent")
	ErrSent          = errors.New("sent already")
)

// replayOf is the header that names the original of a record sent again: given up on
// once more, it is still that original.
const replayOf = "replay-of"

// Box reads dead letters. The client reads committed records and has an
// idempotent producer.
type Box struct {
	Client *kgo.Client
	Codec  *avro.Codec
}

// Each calls fn for all there is now, partition by partition in order; an error of fn
// ends it. What stands behind an open transaction is not there yet.
func (b Box) Each(ctx context.Context, fn func(Letter) error) error {
	topic := record.DeadLetters.Name
	adm := kadm.NewClient(b.Client)
	starts, err := kafka.Starts(ctx, adm, topic)
	if err != nil {
		return err
	}
	ends, err := kafka.StableEnds(ctx, adm, topic)
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
			if r.Offset+1 >= end {
				delete(remaining, r.Partition)
			}
			if !ok || r.Offset >= end || r.Attrs.IsControl() {
				continue
			}
			letter, err := b.open(ctx, r)
			if err == nil {
				err = fn(letter)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// open returns what a record of the topic is. It fails when the registry cannot be
// asked.
func (b Box) open(ctx context.Context, r *kgo.Record) (Letter, error) {
	l := Letter{Position: Position{r.Partition, r.Offset}}
	decoded, err := b.Codec.Decode(ctx, r.Value)
	switch d, ok := decoded.(*record.DeadLetter); {
	case err != nil && !errors.Is(err, avro.ErrUndecodable):
		return l, fmt.Errorf("dead letter %s: %w", l.Position, err)
	case err != nil:
		l.Err = err
	case !ok:
		l.Err = fmt.Errorf("%w: a %s is no dead letter", avro.ErrUndecodable, record.NameOf(decoded))
	default:
		l.DeadLetter = d
	}
	return l, nil
}

// errFound ends the search.
var errFound = errors.New("found")

// Get returns one dead letter.
func (b Box) Get(ctx context.Context, p Position) (*record.DeadLetter, error) {
	var found *Letter
	err := b.Each(ctx, func(l Letter) error {
		if l.Position != p {
			return nil
		}
		found = &l
		return errFound
	})
	switch {
	case err != nil && !errors.Is(err, errFound):
		return nil, err
	case found == nil:
		return nil, fmt.Errorf("there is no dead letter %s: see pitstop dead-letters list", p)
	case found.Err != nil:
		return nil, fmt.Errorf("dead letter %s cannot be read: %w", p, found.Err)
	}
	return found.DeadLetter, nil
}

// Replay sends commands again, byte for byte, each of them once, however often it is
// among the dead letters, and calls fn once the brokers have it, or with an error that
// says why it was not sent. wanted says which are meant, by position; nil: all commands.
// A command that was handled meanwhile is a duplicate and changes nothing.
func (b Box) Replay(ctx context.Context, wanted []Position, fn func(Position, error)) error {
	sent := make(map[string]bool)
	return b.Each(ctx, func(l Letter) error {
		switch {
		case wanted == nil && l.Err == nil && l.Topic != record.Commands.Name:
			return nil
		case wanted != nil && !slices.Contains(wanted, l.Position):
			return nil
		}
		again, original, err := b.again(ctx, l)
		switch {
		case errors.Is(err, ErrNotReplayable):
			fn(l.Position, err)
			return nil
		case err != nil:
			return fmt.Errorf("dead letter %s: %w", l.Position, err)
		case sent[original]:
			fn(l.Position, fmt.Errorf("%w: it is %s, too", ErrSent, original))
			return nil
		}
		if err := b.Client.ProduceSync(ctx, again).FirstErr(); err != nil {
			return fmt.Errorf("dead letter %s: send the command again: %w", l.Position, err)
		}
		sent[original] = true
		fn(l.Position, nil)
		return nil
	})
}

// again returns the record that a dead letter is sent again as, and where its original
// was.
func (b Box) again(ctx context.Context, l Letter) (again *kgo.Record, original string, err error) {
	refused := func(format string, args ...any) (*kgo.Record, string, error) {
		return nil, "", fmt.Errorf("%w: "+format, append([]any{ErrNotReplayable}, args...)...)
	}
	if l.Err != nil {
		return refused("%w", l.Err)
	}
	if l.Topic != record.Commands.Name {
		return refused("a record of %s: only commands are sent again; what derives from events is rebuilt", l.Topic)
	}
	switch decoded, err := b.Codec.Decode(ctx, l.Value); {
	case errors.Is(err, avro.ErrUndecodable):
		return refused("it would only come back: %w", err)
	case err != nil:
		return nil, "", err
	case !record.Belongs(l.Topic, decoded):
		return refused("it would only come back: a %s is no command", record.NameOf(decoded))
	}
	original = fmt.Sprintf("%s[%d]@%d", l.Topic, l.Partition, l.Offset)
	again = &kgo.Record{Topic: l.Topic, Key: l.Key, Value: l.Value}
	for _, h := range l.Headers {
		if h.Key == replayOf {
			original = string(h.Value)
			continue
		}
		again.Headers = append(again.Headers, kgo.RecordHeader{Key: h.Key, Value: h.Value})
	}
	again.Headers = append(again.Headers, kgo.RecordHeader{Key: replayOf, Value: []byte(original)})
	return again, original, nil
}
