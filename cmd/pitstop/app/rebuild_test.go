package app

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/schemas/garage/garagetest"
	"pitstop/schemas/kafka"
	"pitstop/schemas/kafka/kafkatest"
	"pitstop/schemas/record"
	"pitstop/sinks/clickhouse"
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

// Whoever is listed can be rebuilt: it fails only since no broker is asked.
func TestRebuildKnowsAllThatAreListed(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range Rebuildable() {
		r := Rebuild{
			Name: c.Name, Kafka: kafka.Config{Brokers: []string{"localhost:1"}, RegistryURL: "http://localhost:1"},
			Garages: garagetest.Sample(t), Database: clickhouse.Config{DSN: "clickhouse://localhost:1"},
			Tell: func(string) {}, Log: slog.New(slog.DiscardHandler),
		}
		if err := r.Run(ctx); err == nil || strings.Contains(err.Error(), "can be rebuilt") {
			t.Errorf("%s: it says %v", c.Name, err)
		}
	}
}
