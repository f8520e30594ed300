package deadletter_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/producers/deadletter"
	"pitstop/schemas/avro"
	"pitstop/schemas/kafka"
	"pitstop/schemas/kafka/kafkatest"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// newBox starts a broker with dead letters; nil: bytes that are none.
func newBox(t *testing.T, letters ...*record.DeadLetter) (*kafkatest.Cluster, deadletter.Box) {
	t.Helper()
	c := kafkatest.Start(t, 1)
	cl := c.Client(t, kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords())
	for _, l := range letters {
		value := []byte("no dead letter")
		if l != nil {
			l.Consumer, l.Reason, l.At = "lifecycle", "unhandled", time.Now()
			var err error
			if value, err = c.Codec.Encode(l); err != nil {
				t.Fatal(err)
			}
		}
		if err := cl.ProduceSync(t.Context(), &kgo.Record{Topic: record.DeadLetters.Name, Value: value}).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	return c, deadletter.Box{Client: cl, Codec: c.Codec}
}

// command returns the bytes of a command, which replay decodes before it sends it.
func command(t *testing.T) []byte {
	t.Helper()
	codec, err := avro.NewCodec()
	if err != nil {
		t.Fatal(err)
	}
	cmd := &repair.CollectVehicle{}
	cmd.EventID, cmd.AggregateID, cmd.OccurredAt = "c1", "r1", time.Unix(1, 0)
	b, err := codec.Encode(cmd)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func at(topic record.Topic, offset int64, value []byte) *record.DeadLetter {
	return &record.DeadLetter{Topic: topic.Name, Offset: offset, Key: []byte("r1"), Value: value}
}

// replay returns what became of each position, and the commands sent.
func replay(t *testing.T, c *kafkatest.Cluster, box deadletter.Box, wanted []deadletter.Position) (became map[int64]error, sent []*kgo.Record) {
	t.Helper()
	end := func() int64 {
		ends, err := kafka.Ends(t.Context(), kadm.NewClient(box.Client), record.Commands.Name)
		if err != nil {
			t.Fatal(err)
		}
		return ends[record.Commands.Name][0].Offset
	}
	before := end()
	became = make(map[int64]error)
	if err := box.Replay(t.Context(), wanted, func(p deadletter.Position, err error) { became[p.Offset] = err }); err != nil {
		t.Fatal(err)
	}
	if n := end() - before; n > 0 {
		reader := c.Client(t, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{record.Commands.Name: {0: kgo.NewOffset().At(before)}}))
		for int64(len(sent)) < n {
			sent = append(sent, reader.PollFetches(t.Context()).Records()...)
		}
	}
	return became, sent
}

// What two roles gave up on, or one at each retry, is one record.
func TestReplaySendsEachOriginalOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		value := command(t)
		c, box := newBox(t,
			at(record.Commands, 7, value), at(record.Commands, 7, value), at(record.Commands, 8, value), at(record.Commands, 7, value),
			at(record.Events, 7, value))
		became, sent := replay(t, c, box, nil)
		if len(sent) != 2 || string(sent[0].Key) != "r1" || !bytes.Equal(sent[0].Value, value) {
			t.Errorf("%d records are sent, want the commands at 7 and 8, byte for byte", len(sent))
		}
		if len(became) != 4 || became[0] != nil || became[2] != nil || !errors.Is(became[1], deadletter.ErrSent) || !errors.Is(became[3], deadletter.ErrSent) {
			t.Errorf("it says %v", became)
		}
	})
}

// A command that is given up on again is still the same one, however often it is
// sent again.
func TestReplayOfAReplayIsTheOriginal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, box := newBox(t, at(record.Commands, 7, command(t)))
		for range 3 {
			_, sent := replay(t, c, box, nil)
			if len(sent) != 1 {
				t.Fatalf("%d records are sent, want 1", len(sent))
			}
			letter, err := kafka.DeadLetter(c.Codec, sent[0], "lifecycle", kafka.Unhandled, errors.New("again"), time.Now())
			if err != nil {
				t.Fatal(err)
			}
			if err := box.Client.ProduceSync(t.Context(), letter).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestWhatReplayRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, box := newBox(t,
			at(record.Events, 1, command(t)), at(record.Commands, 2, []byte("nobody reads this")), at(record.Commands, 3, command(t)[:9]), nil)
		became, sent := replay(t, c, box, []deadletter.Position{{Offset: 0}, {Offset: 1}, {Offset: 2}, {Offset: 3}})
		if len(sent) > 0 {
			t.Errorf("%d records are sent", len(sent))
		}
		for i := range int64(4) {
			if !errors.Is(became[i], deadletter.ErrNotReplayable) {
				t.Errorf("%d: %v", i, became[i])
			}
		}
	})
}

func TestListGoesOnPastTheUnreadable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, box := newBox(t, at(record.Commands, 1, nil), nil, at(record.Commands, 2, nil), at(record.Commands, 1, nil))
		var listed []string
		err := box.Each(t.Context(), func(l deadletter.Letter) error {
			if l.DeadLetter == nil {
				listed = append(listed, "unreadable")
			} else {
				listed = append(listed, fmt.Sprint(l.Offset))
			}
			return nil
		})
		if d := cmp.Diff([]string{"1", "unreadable", "2", "1"}, listed); err != nil || d != "" {
			t.Errorf("%v (-want +got):\n%s", err, d)
		}
		var out strings.Builder
		if err := box.List(t.Context(), &out); err != nil || strings.Count(out.String(), "unreadable") != 1 || strings.Count(out.String(), "pitstop.commands[0]") != 2 { // what is read again is listed once
			t.Errorf("%v, and the list is\n%s", err, &out)
		}
		if _, err := box.Get(t.Context(), deadletter.Position{Offset: 1}); !errors.Is(err, avro.ErrUndecodable) {
			t.Errorf("showing it says %v", err)
		}
	})
}

// A list does not wait for a transaction that somebody has left open.
func TestListDoesNotWaitForATransaction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, box := newBox(t, at(record.Commands, 1, nil))
		stranger := c.Client(t, kgo.TransactionalID("stranger"), kgo.TransactionTimeout(15*time.Minute))
		if err := stranger.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		if err := stranger.ProduceSync(t.Context(), &kgo.Record{Topic: record.DeadLetters.Name, Value: []byte("x")}).FirstErr(); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var out strings.Builder
		if err := box.List(ctx, &out); err != nil || strings.Count(out.String(), "pitstop.commands[0]") != 1 {
			t.Errorf("%v, and the list is\n%s", err, &out)
		}
	})
}

func TestParsePosition(t *testing.T) {
	if p, err := deadletter.ParsePosition("3:42"); err != nil || p != (deadletter.Position{Partition: 3, Offset: 42}) {
		t.Errorf("got %v, %v", p, err)
	}
	for _, s := range []string{"", "3", "3:", ":4", "3:4x", "-1:2", "a:b"} {
		if _, err := deadletter.ParsePosition(s); err == nil {
			t.Errorf("%q was accepted", s)
		}
	}
}
