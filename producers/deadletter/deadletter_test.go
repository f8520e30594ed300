package deadletter_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/producers/deadletter"
	"pitstop/schemas/kafka/kafkatest"
	"pitstop/schemas/record"
)

func TestReplaySendsCommandsAgainByteForByte(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := kafkatest.Start(t, 2)
		cl := c.Client(t, kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords())
		box := deadletter.Box{Client: cl, Codec: c.Codec}
		for _, topic := range []string{record.Commands.Name, record.Events.Name} {
			b, err := c.Codec.Encode(&record.DeadLetter{
				Consumer: "lifecycle", Reason: "unhandled", Topic: topic, Offset: 7,
				At: time.Now(), Key: []byte("r1"), Value: []byte("original"),
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := cl.ProduceSync(t.Context(), &kgo.Record{Topic: record.DeadLetters.Name, Key: []byte("r1"), Value: b}).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}

		var at []deadletter.Position
		if err := box.Each(t.Context(), func(p deadletter.Position, _ *record.DeadLetter) error {
			at = append(at, p)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if len(at) != 2 {
			t.Fatalf("found %d dead letters, want 2", len(at))
		}
		command, err := box.Get(t.Context(), at[0])
		if err != nil {
			t.Fatal(err)
		}
		if err := box.Replay(t.Context(), command); err != nil {
			t.Fatal(err)
		}
		event, err := box.Get(t.Context(), at[1])
		if err != nil {
			t.Fatal(err)
		}
		if err := box.Replay(t.Context(), event); !errors.Is(err, deadletter.ErrNotReplayable) {
			t.Errorf("replaying an event: got %v, want %v", err, deadletter.ErrNotReplayable)
		}

		reader := c.Client(t, kgo.ConsumeTopics(record.Commands.Name), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
		records := reader.PollFetches(t.Context()).Records()
		if len(records) != 1 || string(records[0].Value) != "original" || string(records[0].Key) != "r1" {
			t.Errorf("commands hold %v, want the original once", records)
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
