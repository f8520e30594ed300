package query

import (
	"encoding/json"
	"testing"

	"pitstop/schemas/repair"
	"pitstop/sinks/clickhouse/clickhousetest"
)

func TestTimeline(t *testing.T) {
	d := newDB(t)
	s := d.Eventful()
	cancelled := d.Story("brug", "2").Start("AB12CD", "Een ander").Must(desk, &repair.CancelRepair{Reason: s.Text("verkocht")})
	d.Write(append(s.Records, cancelled.Records...)...)
	for file, id := range map[string]string{"timeline.json": s.ID, "timeline-cancelled.json": cancelled.ID} {
		timeline, err := d.Timeline(t.Context(), []string{"brug"}, id)
		must(t, err)
		text, err := json.MarshalIndent(timeline, "", "  ")
		must(t, err)
		clickhousetest.Golden(t, file, append(text, '\n'))
	}
}
