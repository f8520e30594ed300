package clickhouse_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pitstop/sinks"
	"pitstop/sinks/clickhouse"
)

// A table is as fresh as its partition that lags most, in whatever order watermarks
// were written.
func TestFreshness(t *testing.T) {
	d := newDB(t)
	at := func(second int) time.Time { return monday.Add(time.Duration(second) * time.Second).UTC() }
	for _, marks := range [][]sinks.Watermark{
		{{Topic: "pitstop.events", Partition: 0, AsOf: at(9)}, {Topic: "pitstop.events", Partition: 1, AsOf: at(5)}},
		{{Topic: "pitstop.dead-letters", Partition: 0, AsOf: at(1)}, {Topic: "pitstop.events", Partition: 1, AsOf: at(4)}},
	} {
		must(t, clickhouse.WriteWatermarks(t.Context(), d.Conn, marks))
	}
	got, err := d.Freshness(t.Context())
	must(t, err)
	if diff := cmp.Diff(map[string]time.Time{"events": at(5), "dead_letters": at(1)}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
