package sinks

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/schemas/avro"
	"pitstop/schemas/kafka"
)

var errMisplaced = errors.New("misplaced")

// deadReasons are the classes of errors that make a record a dead letter.
var deadReasons = []struct {
	class  error
	reason string
}{{avro.ErrUndecodable, kafka.Undecodable}, {ErrUnhandled, kafka.Unhandled}, {errMisplaced, kafka.Misplaced}}

// deadReason returns the reason for which an error makes a record a dead letter;
// empty: it does not.
func deadReason(err error) string {
	for _, c := range deadReasons {
		if errors.Is(err, c.class) {
			return c.reason
		}
	}
	return ""
}

// place is a record's place in the log.
type place struct {
	topic     string
	partition int32
	offset    int64
}

func placeOf(r *kgo.Record) place { return place{r.Topic, r.Partition, r.Offset} }

// burial is a record given up on, and why.
type burial struct {
	*kgo.Record
	reason string
	why    error
}

// bury writes the dead letters of records, unless they are written already: a batch
// that waits for its target comes again and again, with the bad records in it.
func (l *loop) bury(ctx context.Context, dead []burial) error {
	var letters []*kgo.Record
	of := make(map[*kgo.Record]burial)
	for _, b := range dead {
		if l.buried[placeOf(b.Record)] {
			continue
		}
		letter, err := l.deadLetter(b)
		if err != nil {
			return err
		}
		letters, of[letter] = append(letters, letter), b
	}
	if len(letters) == 0 {
		return nil
	}
	results := l.client.ProduceSync(ctx, letters...)
	for _, written := range results {
		if b := of[written.Record]; written.Err == nil {
			l.buried[placeOf(b.Record)] = true
			l.Metrics.dead(l.Consumer.Name, b.reason)
		}
	}
	if err := results.FirstErr(); err != nil {
		return fmt.Errorf("%w: write %d dead letters: %w", ErrAway, len(letters), err)
	}
	l.Log.Warn("records went to the dead letters", "records", len(letters))
	return nil
}

// forget forgets the dead letters of records that are committed.
func (l *loop) forget(committed []*kgo.Record) {
	for _, r := range committed {
		delete(l.buried, placeOf(r))
	}
}

func (l *loop) deadLetter(b burial) (*kgo.Record, error) {
	d, err := kafka.DeadLetter(l.Codec, b.Record, l.Consumer.Name, b.reason, b.why, l.Now().UTC())
	if err != nil {
		return nil, fmt.Errorf("dead letter of %s[%d]@%d: %w", b.Topic, b.Partition, b.Offset, err)
	}
	return d, nil
}
