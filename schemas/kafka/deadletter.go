package kafka

import (
	"fmt"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/schemas/record"
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

// maxKept is the most bytes of the record: a dead letter holds a whole record of any
// size that brokers take by default, and more. It leaves room for the detail, the
// other fields and the batch.
var maxKept = record.DeadLetters.MaxRecordBytes - 2*maxDetail

// DeadLetter returns the dead letter of a record as it was read, with where it was
// and why consumer gave up on it. A record too large for the topic is cut, which
// the detail says. It goes on the topic under its Key.
func DeadLetter(r *kgo.Record, consumer, reason string, why error, at time.Time) *record.DeadLetter {
	detail := why.Error()
	d := &record.DeadLetter{
		Consumer: consumer, Reason: reason, Detail: strings.ToValidUTF8(detail[:min(len(detail), maxDetail)], ""),
		Topic: r.Topic, Partition: r.Partition, Offset: r.Offset, At: at,
		Key: r.Key, Value: r.Value,
	}
	size := len(r.Key) + len(r.Value)
	for _, h := range r.Headers {
		d.Headers = append(d.Headers, record.DeadLetterHeader{Key: h.Key, Value: h.Value})
		size += len(h.Key) + len(h.Value) + 8
	}
	if size+len(r.Key) > maxKept { // the key is in the dead letter and beside it
		d.Headers = nil
		d.Key = d.Key[:min(len(d.Key), maxKept/4)]
		d.Value = d.Value[:min(len(d.Value), maxKept-2*len(d.Key))]
		d.Detail += fmt.Sprintf(" (cut: %d bytes of key, value and headers were too many)", size)
	}
	return d
}
