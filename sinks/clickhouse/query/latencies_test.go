package query

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pitstop/schemas/readmodel"
	"pitstop/schemas/record"
)

func TestLatencies(t *testing.T) {
	d := newDB(t)
	const approval, minute = record.MeasureApproval, time.Minute
	tuesday := monday.Add(24 * time.Hour)
	elsewhere := wait("z", approval, "sam", monday, "approved", 99*minute, minute)
	elsewhere.GarageID = "noord"
	d.Write(
		// Sam on Monday: 10, 20, 30 and 40 minutes, half of them opening time.
		wait("a", approval, "sam", monday, "", 0, 0), // and it ended:
		wait("a", approval, "sam", monday, "approved", 10*minute, 5*minute),
		wait("b", approval, "sam", monday, "partly_approved", 20*minute, 10*minute),
		wait("c", approval, "sam", monday, "rejected", 30*minute, 15*minute),
		wait("d", approval, "sam", monday, "expired", 40*minute, 20*minute),
		// Kim on Tuesday: one of 50 minutes, one open, and what does not count.
		wait("e", approval, "kim", tuesday, "approved", 50*minute, 50*minute),
		wait("f", approval, "kim", tuesday, "", 0, 0),
		wait("g", approval, "kim", tuesday, "withdrawn", 1000*minute, minute),
		wait("h", approval, "kim", tuesday, "replaced", 1000*minute, minute),
		wait("i", approval, "kim", tuesday, "cancelled", 1000*minute, minute),
		wait("j", approval, "kim", tuesday, "", 0, 0), // turned out not to count:
		wait("j", approval, "kim", tuesday, "void", 0, 0),
		// 22:30 UTC is half past midnight in Utrecht: Wednesday.
		wait("k", approval, "kim", tuesday.Add(14*time.Hour+30*minute), "approved", 60*minute, 0),
		elsewhere,
		// Which outcomes count differs by measure.
		wait("l", record.MeasureTurnaround, "sam", monday, "completed", 100*minute, 100*minute),
		wait("m", record.MeasureTurnaround, "sam", monday, "cancelled", 1*minute, 1*minute),
		wait("n", record.MeasureDelivery, "sam", monday, "accepted", 1*minute, 1*minute),
		wait("o", record.MeasureDelivery, "sam", monday, "failed", 100*minute, 1*minute),
		wait("p", record.MeasureCustomerWait, "sam", monday, "withdrawn", 7*minute, 7*minute),
		wait("q", record.MeasureView, "sam", monday, "expired", 100*minute, 1*minute),
		wait("r", record.MeasureStaffResponse, "sam", monday, "", 0, 0),
	)
	row := func(group string, n, open int64, wall, opening readmodel.Percentiles) readmodel.LatencyRow {
		return readmodel.LatencyRow{Group: group, N: n, Open: open, Wall: wall, Opening: opening}
	}
	minutes := func(p50, p90, p99 float64) readmodel.Percentiles {
		return readmodel.Percentiles{P50: p50 * 60, P90: p90 * 60, P99: p99 * 60}
	}
	one := func(m float64) readmodel.Percentiles { return minutes(m, m, m) }
	brug := []string{"brug"}
	// Of 10 20 30 40, interpolated: the median lies half-way, p90 at 0.9 × 3 = 2.7 steps.
	mondayWall, mondayOpening := minutes(25, 37, 39.7), minutes(12.5, 18.5, 19.85)
	for _, tc := range []struct {
		name  string
		query readmodel.LatencyQuery
		want  []readmodel.LatencyRow
	}{
		{"by day", readmodel.LatencyQuery{Measure: "approval", Garages: brug, GroupBy: "day"}, []readmodel.LatencyRow{
			row("2026-05-18", 4, 0, mondayWall, mondayOpening), row("2026-05-19", 1, 1, one(50), one(50)), row("2026-05-20", 1, 0, one(60), one(0)),
		}},
		{"by mechanic", readmodel.LatencyQuery{Measure: "approval", Garages: brug, GroupBy: "mechanic"}, []readmodel.LatencyRow{
			row("kim", 2, 1, minutes(55, 59, 59.9), minutes(25, 45, 49.5)), row("sam", 4, 0, mondayWall, mondayOpening),
		}},
		{"from and to", readmodel.LatencyQuery{Measure: "approval", Garages: brug, From: monday, To: tuesday}, []readmodel.LatencyRow{
			row("", 4, 0, mondayWall, mondayOpening),
		}},
		{"open only", readmodel.LatencyQuery{Measure: "staff_response", Garages: brug}, []readmodel.LatencyRow{row("", 0, 1, readmodel.Percentiles{}, readmodel.Percentiles{})}},
		{"turnaround", readmodel.LatencyQuery{Measure: "turnaround", Garages: brug}, []readmodel.LatencyRow{row("", 1, 0, one(100), one(100))}},
		{"delivery", readmodel.LatencyQuery{Measure: "delivery", Garages: brug}, []readmodel.LatencyRow{row("", 1, 0, one(1), one(1))}},
		{"customer_wait", readmodel.LatencyQuery{Measure: "customer_wait", Garages: brug}, []readmodel.LatencyRow{row("", 1, 0, one(7), one(7))}},
		{"never viewed", readmodel.LatencyQuery{Measure: "view", Garages: brug}, []readmodel.LatencyRow{}},
		{"nothing", readmodel.LatencyQuery{Measure: "resume", Garages: brug, GroupBy: "day"}, []readmodel.LatencyRow{}},
		{"another garage", readmodel.LatencyQuery{Measure: "approval", Garages: []string{"noord"}}, []readmodel.LatencyRow{row("", 1, 0, one(99), one(1))}},
		{"no garage", readmodel.LatencyQuery{Measure: "approval", Garages: []string{}}, []readmodel.LatencyRow{}},
		{"all time", readmodel.LatencyQuery{Measure: "turnaround", Garages: brug, From: time.Unix(-1<<40, 0), To: time.Unix(1<<40, 0)}, []readmodel.LatencyRow{
			row("", 1, 0, one(100), one(100)),
		}},
		{"since the clocks of Unix began", readmodel.LatencyQuery{Measure: "turnaround", Garages: brug, From: time.Unix(0, 0)}, []readmodel.LatencyRow{row("", 1, 0, one(100), one(100))}},
		{"and a little later", readmodel.LatencyQuery{Measure: "turnaround", Garages: brug, From: time.Unix(9999, 0)}, []readmodel.LatencyRow{row("", 1, 0, one(100), one(100))}},
		{"before they began", readmodel.LatencyQuery{Measure: "turnaround", Garages: brug, From: time.Unix(-1, 0)}, []readmodel.LatencyRow{row("", 1, 0, one(100), one(100))}},
	} {
		got, err := d.Latencies(t.Context(), tc.query)
		must(t, err)
		near := cmp.Comparer(func(a, b float64) bool { return a-b < 1e-6 && b-a < 1e-6 })
		if diff := cmp.Diff(tc.want, got.Rows, near); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
	}
}
