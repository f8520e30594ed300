package stream

import (
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/schemas/avro"
	"pitstop/schemas/record"
)

// A record fires the timers of its key that were due before it. One whose clock is two days
// ahead fires none that was not, as when the processor handled it.
func TestAFoldFiresWhatWasDue(t *testing.T) {
	type seen struct {
		logged, ahead time.Duration
		want          int64
	}
	for name, c := range map[string]seen{
		"a clock ahead":   {time.Minute, 48 * time.Hour, 2},
		"before it":       {delay - time.Microsecond, 0, 2},
		"at its due time": {delay, 0, 102},
	} {
		p := counter()
		p.MovesTime = nil
		codec, err := avro.NewCodec(count{})
		if err != nil {
			t.Fatal(err)
		}
		f := NewFold(p, codec, 0)
		for i, r := range []seen{{}, c} {
			logged := noon.Add(r.logged)
			raw := &kgo.Record{Topic: record.Commands.Name, Offset: int64(i), Key: []byte("a"), Timestamp: logged}
			if err := f.Handle(raw, command("a", logged.Add(r.ahead)), nil); err != nil {
				t.Fatal(err)
			}
		}
		if got := f.task.count(t, "a"); got != c.want {
			t.Errorf("%s: counted %d, want %d", name, got, c.want)
		}
	}
}
