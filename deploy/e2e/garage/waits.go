package garage

import (
	"fmt"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"

	"pitstop/deploy/e2e/client"
	"pitstop/deploy/e2e/expect"
)

// Measures are the names of all measures.
var Measures = []string{"delivery", "view", "response", "approval", "staff_response", "resume", "customer_wait", "turnaround"}

// Wait is a wait as it should be measured.
type Wait struct {
	measure  string
	about    string // for delivery, the kind of the notification
	revision int
	outcome  string // empty: open
	from, to time.Time
	opening  time.Duration // within opening hours
}

func (w Wait) String() string {
	if w.to.IsZero() {
		return fmt.Sprintf("%s %s (%d) open since %s", w.measure, w.about, w.revision, w.from.UTC().Format(time.RFC3339Nano))
	}
	return fmt.Sprintf("%s %s (%d) %s from %s to %s: %s, open %s", w.measure, w.about, w.revision, w.outcome,
		w.from.UTC().Format(time.RFC3339Nano), w.to.UTC().Format(time.RFC3339Nano), w.to.Sub(w.from), w.opening)
}

// Waited returns a wait at a garage that is open round the clock; with no end it is
// open.
func Waited(measure, about string, revision int, outcome string, from, to time.Time) Wait {
	w := Wait{measure, about, revision, outcome, from, to, 0}
	if !to.IsZero() {
		w.opening = to.Sub(from)
	}
	return w
}

// Delivery returns the wait until a mail server accepts a notification.
func (j *Job) Delivery(kind, to string, revision int) Wait {
	j.Helper()
	about := kind + " to " + to
	return Waited("delivery", kind, revision, "accepted", j.When("NotificationRequested "+about), j.When("DeliveryAccepted "+about))
}

// Decided returns all waits of a completed repair whose customer was asked once, saw
// the page, and gave this answer.
func (j *Job) Decided(answer string) []Wait {
	j.Helper()
	asking, done, ended := j.When("ApprovalRequested"), j.When("QuoteDecided"), j.When("RepairCompleted")
	arrived := j.When("DeliveryAccepted approval_required to customer")
	return []Wait{
		Waited("turnaround", "", 0, "completed", j.When("RepairStarted"), ended),
		Waited("approval", "", 1, answer, asking, done),
		Waited("customer_wait", "", 1, answer, asking, done),
		Waited("view", "", 1, "viewed", arrived, j.When("QuoteViewed")),
		Waited("response", "", 1, "decided", arrived, done),
		Waited("resume", "", 1, "resumed", done, ended),
		j.Delivery("repair_started", "customer", 0), j.Delivery("approval_required", "customer", 1),
		j.Delivery("decision", "mechanic", 1), j.Delivery("repair_completed", "customer", 0),
	}
}

// Undecided returns the waits of a repair whose customer was asked once and did not
// answer: event closed the quote, with this outcome. The wait for the whole repair is
// left out.
func (j *Job) Undecided(event, outcome string) []Wait {
	j.Helper()
	asking, over := j.When("ApprovalRequested"), j.When(event)
	arrived := j.When("DeliveryAccepted approval_required to customer")
	return []Wait{
		Waited("approval", "", 1, outcome, asking, over),
		Waited("customer_wait", "", 1, outcome, asking, over),
		Waited("view", "", 1, outcome, arrived, over),
		Waited("response", "", 1, outcome, arrived, over),
		j.Delivery("repair_started", "customer", 0), j.Delivery("approval_required", "customer", 1),
	}
}

// Measured waits until ClickHouse has exactly these waits of the repair.
func (j *Job) Measured(want ...Wait) {
	j.Helper()
	conn := j.Database()
	lines := make([]string, 0, len(want))
	for _, w := range want {
		lines = append(lines, w.String())
	}
	slices.Sort(lines)
	expect.Until(j, "waits of "+j.Ref, func() string {
		rows, err := conn.Query(j.Context(), `
			SELECT measure, about, revision, outcome, started_at, ended_at, wall_micros, opening_micros
			FROM latencies FINAL WHERE aggregate_id = ? AND outcome != 'void'`, j.ID)
		if err != nil {
			j.Fatal(err)
		}
		defer rows.Close() //nolint:errcheck // Err says what there is to say
		var got []string
		for rows.Next() {
			var w Wait
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

// SummedUp checks that /v1/latencies aggregates these waits, which must be all waits
// of the garage: for each measure how many count, how many are open, and the
// percentiles.
func (g *Garage) SummedUp(waits ...Wait) {
	g.Helper()
	about := map[string][]string{
		"delivery": {"accepted"}, "view": {"viewed"}, "response": {"decided", "message"},
		"approval":       {"approved", "partly_approved", "rejected", "expired"},
		"staff_response": {"replied"}, "resume": {"resumed"}, "turnaround": {"completed"},
		"customer_wait": {"approved", "partly_approved", "rejected", "expired", "withdrawn", "cancelled"},
	}
	for measure, outcomes := range about {
		var want client.Figures
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
		var rows []client.Figures
		if want.N+want.Open > 0 {
			rows = append(rows, want)
		}
		got := g.Latencies("measure=" + measure)
		if len(got) == 0 {
			got = nil
		}
		if diff := cmp.Diff(rows, got, client.ToTheMicrosecond); diff != "" {
			g.Errorf("latencies %s: -want +got\n%s", measure, diff)
		}
	}
}

// quantile interpolates between the two nearest values.
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
