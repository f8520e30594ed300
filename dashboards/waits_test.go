package dashboards_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pitstop/dashboards"
)

// wait writes that a garage's waits of a measure took 1 to n minutes, or in all hours
// twice that.
func (d database) wait(t *testing.T, garage, measure string, n int, outcome string, began time.Time) {
	t.Helper()
	must(t, d.conn.Exec(t.Context(), `
INSERT INTO latencies (latency_id, version, aggregate_id, garage_id, measure, started_at, ended_at, outcome, wall_micros, opening_micros, revision)
SELECT concat(?, toString(number)), 1, toString(number), ?, ?, ?, ?, ?, (number + 1) * 120000000, (number + 1) * 60000000, 1
FROM numbers(?)`, measure+began.String(), garage, measure, began, began, outcome, n))
}

// Of waits of 1 to n minutes the median is (n+1)/2, and the others are where they
// fall between two of them. Of fewer than 20 there is no p90, of fewer than 100 no p99.
func TestPercentiles(t *testing.T) {
	db := newDatabase(t, garages(t))
	sizes := map[int][3]any{ // median, p90, p99
		19:  {10., nil, nil},
		20:  {10.5, 18.1, nil},
		99:  {50., 89.2, nil},
		100: {50.5, 90.1, 99.01},
	}
	at := func(n int) string { return fmt.Sprintf("n%d", n) }
	for n := range sizes {
		for measure, outcome := range map[string]string{"approval": "approved", "staff_response": "replied", "delivery": "accepted"} {
			db.wait(t, at(n), measure, n, outcome, now.Add(-time.Hour))
		}
	}
	for _, p := range []struct {
		id, median string
		p99        bool
		unit       float64 // of a minute
		always     bool    // in all hours
	}{
		{"approval-time", "value", true, 1, false},
		{"approval-by-day", "median", false, 1, false},
		{"reply-time", "value", true, 1, false},
		{"reply-by-day", "median", false, 1, false},
		{"mail-time", "value", true, 60, true},
	} {
		for n, want := range sizes {
			for _, c := range []dashboards.Choice{chosen(at(n)), wall(at(n))} {
				in := p.unit
				if p.always || c.Clock == dashboards.Wall {
					in *= 2
				}
				rows := db.rows(t, p.id, c)
				if len(rows) != 1 {
					t.Fatalf("%s has %d rows", p.id, len(rows))
				}
				got := []any{rows[0]["n"], rows[0][p.median], rows[0]["p90"]}
				wanted := []any{float64(n), want[0], want[1]}
				if p.p99 {
					got, wanted = append(got, rows[0]["p99"]), append(wanted, want[2])
				}
				for i, v := range wanted[1:] {
					if f, ok := v.(float64); ok {
						wanted[i+1] = f * in
					}
				}
				if diff := cmp.Diff(wanted, got, cmpopts.EquateApprox(0, 1e-9)); diff != "" {
					t.Errorf("%s of %d in %s (-n, median, p90, p99 by hand +shown):\n%s", p.id, n, c.Clock, diff)
				}
			}
		}
	}
}

// Beside a day stands the same weekday of the week before, when the clocks change too.
func TestByDay_ClocksChange(t *testing.T) {
	db := newDatabase(t, garages(t))
	amsterdam, err := time.LoadLocation("Europe/Amsterdam")
	must(t, err)
	for name, week := range map[string]struct {
		from        time.Time
		hours, days int
	}{
		"autumn": {time.Date(2026, time.October, 21, 0, 0, 0, 0, amsterdam), 169, 7},
		"spring": {time.Date(2026, time.March, 25, 0, 0, 0, 0, amsterdam), 167, 7},
		"half":   {time.Date(2026, time.May, 25, 0, 0, 0, 0, amsterdam), 12, 1},
	} {
		t.Run(name, func(t *testing.T) {
			c := chosen("brug")
			c.From, c.To = week.from, week.from.Add(time.Duration(week.hours)*time.Hour)
			day := week.from.AddDate(0, 0, week.days/2)
			for id, measure := range map[string]string{"approval-by-day": "approval", "reply-by-day": "staff_response"} {
				outcome := map[string]string{"approval": "approved", "staff_response": "replied"}[measure]
				db.wait(t, "brug", measure, 3, outcome, day.Add(10*time.Hour))
				db.wait(t, "brug", measure, 5, outcome, day.AddDate(0, 0, -week.days).Add(13*time.Hour))
				rows := db.rows(t, id, c)
				if len(rows) != 1 || rows[0]["median"] != 2. || rows[0]["before"] != 3. {
					t.Errorf("%s shows %v, not the medians 2 and 3 on one day", id, rows)
				}
			}
		})
	}
}

// However long a repair took, its promise counts.
func TestKeptPromises_OfLongRepairs(t *testing.T) {
	db := newDatabase(t, garages(t))
	for days, late := range map[int]bool{1: false, 100: false, 400: true} {
		id, began := fmt.Sprint(days), now.AddDate(0, 0, -days)
		promised := now.Add(-time.Minute)
		if late {
			promised = began.Add(time.Hour)
		}
		must(t, db.conn.Exec(t.Context(), `
INSERT INTO latencies (latency_id, version, aggregate_id, garage_id, measure, started_at, ended_at, outcome)
VALUES (?, 1, ?, 'brug', 'turnaround', ?, ?, 'completed')`, id, id, began, now.Add(-time.Hour)))
		must(t, db.conn.Exec(t.Context(), `
INSERT INTO repairs (garage_id, aggregate_id, sequence, last_at, promises) VALUES ('brug', ?, 1, ?, [(1, ?)])`, id, now.Add(-time.Hour), promised))
	}
	row := db.rows(t, "kept-promises", chosen("brug"))[0]
	if row["n"] != 3. || !cmp.Equal(row["value"], 200./3, cmpopts.EquateApprox(0, 1e-9)) {
		t.Errorf("it shows %v, not 2 of 3", row)
	}
}
