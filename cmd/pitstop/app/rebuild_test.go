package app

import (
	"testing"
	"testing/synctest"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/schemas/kafka/kafkatest"
	"pitstop/schemas/record"
)

// Tables are filled up to where the topics ended at the beginning: what is written while
// they are filled makes it no longer.
func TestABacklogDoesNotGrow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := kafkatest.Start(t, 1)
		cl := c.Client(t)
		adm := kadm.NewClient(cl)
		write := func(n int) {
			for range n {
				if err := cl.ProduceSync(t.Context(), &kgo.Record{Topic: record.Events.Name, Key: []byte("r")}).FirstErr(); err != nil {
					t.Fatal(err)
				}
			}
		}
		write(10)
		if _, err := adm.DeleteRecords(t.Context(), kadm.Offsets{record.Events.Name: {0: {Topic: record.Events.Name, At: 2}}}); err != nil {
			t.Fatal(err)
		}
		todo, err := backlogOf(t.Context(), adm, record.ClickHouseSink)
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range []struct {
			written   int
			committed int64 // 0: nothing is
			want      int64
		}{{0, 0, 8}, {5, 0, 8}, {0, 6, 4}, {100, 10, 0}, {0, 12, 0}} {
			write(step.written)
			if step.committed > 0 {
				var o kadm.Offsets
				o.AddOffset(record.Events.Name, 0, step.committed, -1)
				if err := adm.CommitAllOffsets(t.Context(), record.ClickHouseSink.Group(), o); err != nil {
					t.Fatal(err)
				}
			}
			got, err := todo.left(t.Context(), adm)
			if err != nil || got != step.want {
				t.Errorf("%+v: %d records are left, %v", step, got, err)
			}
		}
	})
}
