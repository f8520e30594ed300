package e2e

import (
	"fmt"
	"math"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/go-cmp/cmp"
)

// measures are all that are measured.
var measures = []string{"delivery", "view", "response", "approval", "staff_response", "resume", "customer_wait", "turnaround"}

// wait is a measured wait, as it should be.
type wait struct {
	measure  string
	about    string // the kind of the notification, of delivery
	revision int
	outcome  string // empty: it is open
	from, to time.Time
	opening  time.Duration // within opening hours
}

func (w wait) String() string {
	if w.to.IsZero() {
		return fmt.Sprintf("%s %s (%d) open since %s", w.measure, w.about, w.revision, w.from.UTC().Format(time.RFC3339Nano))
	}
	return fmt.Sprintf("%s %s (%d) %s from %s to %s: %s, open %s", w.measure, w.about, w.revision, w.outcome,
		w.from.UTC().Format(time.RFC3339Nano), w.to.UTC().Format(time.RFC3339Nano), w.to.Sub(w.from), w.opening)
}

// waited is a wait in a garage that is open round the clock.
func waited(measure, about string, revision int, outcome string, from, to time.Time) wait {
	w := wait{measure, about, revision, outcome, from, to, 0}
	if !to.IsZero() {
		w.opening = to.Sub(from)
	}
	return w
}

// database is ClickHouse, as dashboards reach it.
func (p *process) database(t testing.TB) driver.Conn {
	t.Helper()
	options, err := clickhouse.ParseDSN(p.ClickHouse)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := clickhouse.Open(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	})
	return conn
}

// measured waits until ClickHouse has exactly these waits of the repair.
func (j *job) measured(want ...wait) {
	j.Helper()
	conn := j.database(j)
	lines := make([]string, 0, len(want))
	for _, w := range want {
		lines = append(lines, w.String())
	}
	slices.Sort(lines)
	until(j, "waits of "+j.ref, func() string {
		rows, err := conn.Query(j.Context(), `
			SELECT measure, about, revision, outcome, started_at, ended_at, wall_micros, opening_micros
			FROM latencies FINAL WHERE aggregate_id = ? AND outcome != 'void'`, j.id)
		if err != nil {
			j.Fatal(err)
		}
		defer rows.Close()
		var got []string
		for rows.Next() {
			var w wait
			var revision int32
			var ended *time.Time
			var wall, opening int64
			if err := rows.Scan(&w.measure, &w.about, &revision, &w.outcome, &w.from, &ended, &wall, &opening); err != nil {
				j.Fatal(err)
			}
			w.revision, w.opening = int(revision), time.Duration(opening)*time.Microsecond
			if ended != nil {
				w.to = w.from.Add(time.Duration(wall) * time.Microsecond)
				if !w.to.Equal(*ended) {
					j.Errorf("%s ended at %s, but lasted %s", w, *ended, w.to.Sub(w.from))
				}
			}
			got = append(got, w.String())
		}
		if err := rows.Err(); err != nil {
			j.Fatal(err)
		}
		slices.Sort(got)
		return cmp.Diff(lines, got)
	})
}

// figures are a row of /v1/latencies.
type figures struct {
	Group         string
	N, Open       int
	Wall, Opening struct{ P50, P90, P99 float64 }
}

func (w *world) latencies(query string) []figures {
	w.Helper()
	l := into[struct {
		Rows []figures
		AsOf time.Time `json:"as_of"`
	}](w.as("manager").get("/v1/latencies?garage="+w.garage+"&"+query), http.StatusOK)
	if l.Rows == nil || l.AsOf.IsZero() {
		w.Errorf("latencies %s: rows %v as of %s", query, l.Rows, l.AsOf)
	}
	return l.Rows
}

// figured checks that /v1/latencies sums up the waits, which are all of the
// garage's: of each measure how many ended in what it is about, how many are
// open, and the percentiles.
func (w *world) figured(waits ...wait) {
	w.Helper()
	about := map[string][]string{
		"delivery": {"accepted"}, "view": {"viewed"}, "response": {"decided", "message"},
		"approval":       {"approved", "partly_approved", "rejected", "expired"},
		"staff_response": {"replied"}, "resume": {"resumed"}, "turnaround": {"completed"},
		"customer_wait": {"approved", "partly_approved", "rejected", "expired", "withdrawn", "cancelled"},
	}
	for measure, outcomes := range about {
		var want figures
		var wall, opening []float64
		for _, x := range waits {
			switch {
			case x.measure != measure:
			case x.to.IsZero():
				want.Open++
			case slices.Contains(outcomes, x.outcome):
				wall, opening = append(wall, x.to.Sub(x.from).Seconds()), append(opening, x.opening.Seconds())
			}
		}
		want.N = len(wall)
		want.Wall.P50, want.Wall.P90, want.Wall.P99 = quantile(wall, 0.5), quantile(wall, 0.9), quantile(wall, 0.99)
		want.Opening.P50, want.Opening.P90, want.Opening.P99 = quantile(opening, 0.5), quantile(opening, 0.9), quantile(opening, 0.99)
		var rows []figures
		if want.N+want.Open > 0 {
			rows = append(rows, want)
		}
		got := w.latencies("measure=" + measure)
		if len(got) == 0 {
			got = nil
		}
		if diff := cmp.Diff(rows, got, near); diff != "" {
			w.Errorf("latencies %s: -want +got\n%s", measure, diff)
		}
	}
}

// near compares figures to the microsecond.
var near = cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) < 2e-6 })

// quantile is the one between the two nearest values.
func quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	place := q * float64(len(values)-1)
	low := int(place)
	high := min(low+1, len(values)-1)
	return values[low] + (place-float64(low))*(values[high]-values[low])
}
