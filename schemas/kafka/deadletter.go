package kafka

import (
	"fmt"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/schemas/avro"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// The reasons for which a consumer gives up on a record.
const (
	Undecodable = "undecodable" // its bytes are no record
	Misplaced   = "misplaced"   // it does not belong on its topic or under its key
	Unhandled   = "unhandled"   // the consumer does not know what to do with it
	TooLarge    = "too_large"   // what follows from it is too large for the broker
)

// maxDetail is the most bytes of the detail.
const maxDetail = 16_000

// CheckKey returns what is wrong with a record's key: those of the catalogue are ids. What
// is kept and written under a longer one could outgrow what brokers take.
func CheckKey(r *kgo.Record) error {
	if len(r.Key) > repair.IDBytes {
		return fmt.Errorf("the key has %d bytes, and an id has at most %d", len(r.Key), repair.IDBytes)
	}
	return nil
}

// DeadLetter returns the dead letter of a record as it was read, with where it was
// and why consumer gave up on it, ready to be produced. It holds the whole record if
// brokers take that; else its beginning, and the detail says how much is missing.
func DeadLetter(codec *avro.Codec, r *kgo.Record, consumer, reason string, why error, at time.Time) (*kgo.Record, error) {
	detail := why.Error()
	d := &record.DeadLetter{
		Consumer: consumer, Reason: reason, Detail: strings.ToValidUTF8(detail[:min(len(detail), maxDetail)], ""),
		Topic: r.Topic, Partition: r.Partition, Offset: r.Offset, At: at,
		Key: r.Key, Value: r.Value,
	}
	for _, h := range r.Headers {
		d.Headers = append(d.Headers, record.DeadLetterHeader{Key: h.Key, Value: h.Value})
	}
	out := &kgo.Record{Topic: record.DeadLetters.Name, Key: r.Key[:min(len(r.Key), repair.IDBytes)]}
	var err error
	if out.Value, err = codec.Encode(d); err != nil || Fits(out) == nil {
		return out, err
	}
	total := len(r.Key) + len(r.Value)
	for _, h := range r.Headers {
		total += len(h.Key) + len(h.Value)
	}
	d.Detail += missing(total, total) // of the length of what it will say
	if out.Value, err = codec.Encode(d); err != nil {
		return nil, err
	}
	lost := shorten(d, Size(out)-int(maxBatchBytes(out.Topic)))
	d.Detail = strings.TrimSuffix(d.Detail, missing(total, total)) + missing(lost, total)
	out.Value, err = codec.Encode(d)
	return out, err
}

func missing(n, of int) string {
	return fmt.Sprintf(" (the last %d of %d bytes of key, value and headers are missing)", n, of)
}

// shorten takes at least n bytes off the end of a dead letter's record, as far as it has
// so many: its headers come last, and before them its value. It returns how many.
func shorten(d *record.DeadLetter, n int) (taken int) {
	for len(d.Headers) > 0 && taken < n {
		last := d.Headers[len(d.Headers)-1]
		d.Headers = d.Headers[:len(d.Headers)-1]
		taken += len(last.Key) + len(last.Value)
	}
	for _, part := range []*[]byte{&d.Value, &d.Key} {
		if n := min(n-taken, len(*part)); n > 0 {
			*part = (*part)[:len(*part)-n]
			taken += n
		}
	}
	return taken
}
