package sinks

import (
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/schemas/avro"
	"pitstop/schemas/kafka"
	"pitstop/schemas/record"
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

func (l *loop) deadLetter(r *kgo.Record, reason string, why error) (*kgo.Record, error) {
	d := kafka.DeadLetter(r, l.Consumer.Name, reason, why, l.Now().UTC())
	value, err := l.Codec.Encode(d)
	if err != nil {
		return nil, fmt.Errorf("encode dead letter of %s[%d]@%d: %w", r.Topic, r.Partition, r.Offset, err)
	}
	return &kgo.Record{Topic: record.DeadLetters.Name, Key: d.Key, Value: value}, nil
}
