package kafka_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/schemas/kafka"
	"pitstop/schemas/kafka/kafkatest"
	"pitstop/schemas/record"
)

// Whatever its size, a record has a dead letter that the brokers take: whole up to
// what they take of other topics by default, cut beyond.
func TestDeadLetterFits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := kafkatest.Start(t, 1)
		cl := c.Client(t)
		headers := func(n int) []kgo.RecordHeader { return []kgo.RecordHeader{{Key: "h", Value: make([]byte, n)}} }
		for what, test := range map[string]struct {
			record kgo.Record
			cut    bool
		}{
			"the largest that brokers take": {kgo.Record{Key: []byte("k"), Value: make([]byte, 900_000), Headers: headers(148_000)}, false},
			"a large value":                 {kgo.Record{Key: []byte("k"), Value: make([]byte, 10<<20)}, true},
			"a large key":                   {kgo.Record{Key: make([]byte, 10<<20), Value: make([]byte, 10<<20)}, true},
			"large headers":                 {kgo.Record{Key: []byte("k"), Value: make([]byte, 9), Headers: headers(10 << 20)}, true},
		} {
			letter, err := kafka.DeadLetter(c.Codec, &test.record, "test", kafka.Undecodable, errors.New(strings.Repeat("x", 1<<20)), time.Unix(1, 0))
			must(t, err)
			decoded, err := c.Codec.Decode(t.Context(), letter.Value)
			must(t, err)
			d := decoded.(*record.DeadLetter)
			if cut := strings.Contains(d.Detail, "missing"); cut != test.cut {
				t.Errorf("%s: cut is %t", what, cut)
			}
			whole := bytes.Equal(d.Key, test.record.Key) && bytes.Equal(d.Value, test.record.Value) && len(d.Headers) == len(test.record.Headers)
			if whole == test.cut {
				t.Errorf("%s: whole is %t", what, whole)
			}
			if err := cl.ProduceSync(t.Context(), letter).FirstErr(); err != nil {
				t.Errorf("%s: the dead letter of %d bytes is refused: %v", what, len(letter.Value), err)
			}
		}
	})
}
