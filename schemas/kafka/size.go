package kafka

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/schemas/record"
)

// ErrTooLarge means that a record is larger than brokers take for its topic.
var ErrTooLarge = errors.New("too large")

// MaxCommandBytes is the Size of the largest command: what follows from it has other
// headers and has to fit as well.
const MaxCommandBytes = 1_000_000

// batchOverhead is what surrounds a record that is alone in its batch: the batch's own
// fields, and at most 10 bytes for each of the record's length, time and offset.
const batchOverhead = 61 + 3*10 + 1

// maxBatchBytes returns the largest batch that brokers take for a topic: of a larger
// one they refuse every record. By default they take 12 bytes more than this.
func maxBatchBytes(topic string) int32 {
	for _, t := range record.Topics() {
		if t.Name == topic && t.MaxRecordBytes > 0 {
			return int32(t.MaxRecordBytes)
		}
	}
	return 1 << 20
}

// Size returns the bytes that a record takes on the wire at most, with its key, its
// headers and the batch around it.
func Size(r *kgo.Record) int {
	n := batchOverhead + sized(len(r.Key)) + sized(len(r.Value)) + varint(len(r.Headers))
	for _, h := range r.Headers {
		n += sized(len(h.Key)) + sized(len(h.Value))
	}
	return n
}

// sized returns what n bytes take with their length before them.
func sized(n int) int { return varint(n) + n }

// varint returns the bytes of a length, which Kafka writes in zigzag.
func varint(n int) int { return len(binary.AppendVarint(nil, int64(n))) }

// Fits returns an error that wraps ErrTooLarge if brokers refuse the record for its size.
func Fits(r *kgo.Record) error {
	if size, most := Size(r), int(maxBatchBytes(r.Topic)); size > most {
		return fmt.Errorf("%w: %d bytes are more than the %d that a record on %s may take", ErrTooLarge, size, most, r.Topic)
	}
	return nil
}
