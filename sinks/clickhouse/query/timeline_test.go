package query

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"

	"pitstop/schemas/readmodel"
	"pitstop/schemas/repair"
	"pitstop/sinks/clickhouse/clickhousetest"
)

func TestTimeline(t *testing.T) {
	d := newDB(t)
	s := d.Eventful()
	cancelled := d.Story("brug", "2").Start("AB12CD", "Een ander").Must(desk, &repair.CancelRepair{Reason: s.Text("verkocht")})
	d.Write(append(s.Records, cancelled.Records...)...)
	for file, id := range map[string]string{"timeline.json": s.ID, "timeline-cancelled.json": cancelled.ID} {
		timeline, err := d.Timeline(t.Context(), readmodel.SightOf([]string{"brug"}, repair.CustomerService), id)
		must(t, err)
		text, err := json.MarshalIndent(timeline, "", "  ")
		must(t, err)
		clickhousetest.Golden(t, file, append(text, '\n'))
	}
}

// One repair's timeline reads little of the tables, though it is a view with joins.
func TestTimelineReadsLittle(t *testing.T) {
	d := newDB(t)
	s := d.Eventful()
	d.Write(s.Records...)
	const others = 200_000
	for _, table := range []string{"commands", "outcomes", "events", "notifications", "deliveries"} {
		must(t, d.Conn.Exec(t.Context(), fmt.Sprintf(
			"INSERT INTO %s (garage_id, aggregate_id, event_id) SELECT 'brug', hex(number), hex(number) FROM numbers(%d)", table, others)))
	}
	var read uint64
	ctx := clickhouse.Context(t.Context(), clickhouse.WithProgress(func(p *clickhouse.Progress) { read += p.Rows }))
	timeline, err := d.Timeline(ctx, readmodel.SightOf([]string{"brug"}, repair.CustomerService), s.ID)
	must(t, err)
	if len(timeline.Entries) == 0 || read == 0 || read > others {
		t.Errorf("%d entries, %d rows read for them", len(timeline.Entries), read)
	}
}
