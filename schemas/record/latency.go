package record

import (
	"time"

	"pitstop/schemas/repair"
)

// Measure names a wait.
type Measure string

// The waits that are measured.
const (
	MeasureDelivery      Measure = "delivery"
	MeasureView          Measure = "view"
	MeasureResponse      Measure = "response"
	MeasureApproval      Measure = "approval"
	MeasureStaffResponse Measure = "staff_response"
	MeasureResume        Measure = "resume"
	MeasureCustomerWait  Measure = "customer_wait"
	MeasureTurnaround    Measure = "turnaround"
)

// Measures lists every measure.
var Measures = []Measure{
	MeasureDelivery, MeasureView, MeasureResponse, MeasureApproval,
	MeasureStaffResponse, MeasureResume, MeasureCustomerWait, MeasureTurnaround,
}

// Latency is one measured wait: written when it begins, and again with a higher
// version whenever what is known about it changes.
type Latency struct {
	repair.Header
	// Identifies the wait through all its versions.
	LatencyID string `avro:"latency_id"`
	// delivery, view, response, approval, staff_response, resume, customer_wait or turnaround.
	Measure Measure `avro:"measure"`
	// Grows with every rewriting of the row; the highest is what holds.
	Version int64 `avro:"version"`
	// When the wait began.
	StartedAt time.Time `avro:"started_at,required"`
	// When it ended; absent: it is still open.
	EndedAt time.Time `avro:"ended_at"`
	// How it ended; empty: it is still open. A void row was measured from something that turned out otherwise, and counts for nothing.
	Outcome string `avro:"outcome"`
	// Wall time in microseconds; 0 while open.
	WallMicros int64 `avro:"wall_micros"`
	// Time within the garage's opening hours, in microseconds; 0 while open.
	OpeningMicros int64 `avro:"opening_micros"`
	// The mechanic it concerns: who asked, or who works on the car.
	Mechanic string `avro:"mechanic"`
	// The revision it is about; 0: none.
	Revision int32 `avro:"revision"`
	// The kind of the notification, of delivery; else empty.
	Kind NotificationKind `avro:"kind"`
	// The channel it went through, of delivery and view; else empty.
	Channel repair.Channel `avro:"channel"`
	// Amount at stake, of approval: the quote's total, in minor units.
	Amount int64 `avro:"amount"`
	// ISO 4217 currency of the amount; empty: none.
	Currency string `avro:"currency"`
}
