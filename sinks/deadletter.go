package sinks

import (
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/schemas/avro"
	"pitstop/schemas/record"
)

var errMisplaced = errors.New("misplaced")

// maxDeadLetterBytes is what a broker takes by default (message.max.bytes) less
// the batch around it; maxKept leaves room in it for the rest of a dead letter.
const (
	maxDeadLetterBytes = 1_048_000
	maxKept            = maxDeadLetterBytes - 8_000
	maxDetail          = 2_000
)

// deadReasons are the classes of errors that make a record a dead letter.
var deadReasons = []struct {
	class  error
	reason string
}{{avro.ErrUndecodable, "undecodable"}, {ErrUnhandled, "unhandled"}, {errMisplaced, "misplaced"}}

// deadReason is the class of an error that makes a record a dead letter; empty:
// it does not.
func deadReason(err error) string {
	for _, c := range deadReasons {
		if errors.Is(err, c.class) {
			return c.reason
		}
	}
	return ""
}

// deadLetter wraps a record as it is, with where it was and why it is here. A
// record too large to be wrapped is cut, which the detail says.
func (l *loop) deadLetter(r *kgo.Record, reason string, why error) (*kgo.Record, error) {
	d := &record.DeadLetter{
		Consumer: l.Name, Reason: reason, Detail: why.Error(),
		Topic: r.Topic, Partition: r.Partition, Offset: r.Offset, At: l.Now().UTC(),
		Key: r.Key, Value: r.Value,
	}
	d.Detail = d.Detail[:min(len(d.Detail), maxDetail)]
	size := len(r.Key) + len(r.Value)
	for _, h := range r.Headers {
		d.Headers = append(d.Headers, record.DeadLetterHeader{Key: h.Key, Value: h.Value})
		size += len(h.Key) + len(h.Value) + 8
	}
	if size > maxKept {
		d.Headers = nil
		d.Key = d.Key[:min(len(d.Key), maxKept/2)]
		d.Value = d.Value[:min(len(d.Value), maxKept-len(d.Key))]
		d.Detail += fmt.Sprintf(" (cut: %d bytes of key, value and headers were too many)", size)
	}
	value, err := l.Codec.Encode(d)
	if err != nil {
		return nil, fmt.Errorf("encode dead letter of %s[%d]@%d: %w", r.Topic, r.Partition, r.Offset, err)
	}
	return &kgo.Record{Topic: record.DeadLetters.Name, Key: r.Key, Value: value}, nil
}
