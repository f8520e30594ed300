package latency

import (
	"strconv"
	"time"

	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// The versions of a row say how much is known: a higher one replaces a lower one
// whatever their order, and the same facts always have the same version.
const (
	open = iota + 1
	ended
	failed   // a delivery: over a suppression
	accepted // a delivery: over a refusal that came with it
)

// void is the outcome of a wait that was over before it began.
const void = "void"

// emit emits a row. The identity distinguishes a repair's waits of one measure.
func (s step) emit(row record.Latency, identity string) {
	if !row.EndedAt.IsZero() {
		if row.EndedAt.Before(row.StartedAt) { // another clock's time
			row.EndedAt = row.StartedAt
		}
		row.WallMicros = row.EndedAt.Sub(row.StartedAt).Microseconds()
		row.OpeningMicros = s.garage.Calendar().Open(row.StartedAt, row.EndedAt).Microseconds()
	}
	row.LatencyID = repair.DerivedID(row.StartedAt, "latency", s.Key(), string(row.Measure), identity)
	row.GarageID = s.garage.ID
	row.OccurredAt = latest(row.StartedAt, row.EndedAt)
	row.EventID = repair.DerivedID(row.OccurredAt, row.LatencyID, strconv.FormatInt(row.Version, 10))
	s.Emit(record.Latencies, &row)
}

// until returns the row of a wait that has ended.
func until(at time.Time, outcome string, version int64, row record.Latency) record.Latency {
	row.EndedAt, row.Outcome, row.Version = at, outcome, version
	return row
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// first sets a time unless it is set.
func first(t *time.Time, said time.Time) {
	if t.IsZero() {
		*t = said
	}
}
