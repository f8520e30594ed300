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
			d := kafka.DeadLetter(&test.record, "test", kafka.Undecodable, errors.New(strings.Repeat("x", 1<<20)), time.Unix(1, 0))
			if cut := strings.Contains(d.Detail, "cut"); cut != test.cut {
				t.Errorf("%s: cut is %t", what, cut)
			}
			whole := bytes.Equal(d.Key, test.record.Key) && bytes.Equal(d.Value, test.record.Value) && len(d.Headers) == len(test.record.Headers)
			if whole == test.cut {
				t.Errorf("%s: whole is %t", what, whole)
			}
			b, err := c.Codec.Encode(d)
			must(t, err)
			if err := cl.ProduceSync(t.Context(), &kgo.Record{Topic: record.DeadLetters.Name, Key: d.Key, Value: b}).FirstErr(); err != nil {
				t.Errorf("%s: the dead letter of %d bytes is refused: %v", what, len(b), err)
			}
		}
	})
}
