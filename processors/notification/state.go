package notification

import (
	"time"

	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// State is what is remembered of one repair, to tell people about it. Once it
// has been over for keptFor, Stage is all that is left.
type State struct {
	// Where the repair stands; empty: it has not started.
	Stage repair.State `avro:"stage"`
	// All that there is to say; absent: the repair has not started, or is a marker.
	Known *Known `avro:"known"`
}

// Known is what a notification about a repair can say, and what is under way.
type Known struct {
	// Its garage.
	GarageID string `avro:"garage_id"`
	// Whose car it is.
	Customer repair.Contact `avro:"customer"`
	// Who decides about extra work; absent: the customer.
	Approver *repair.Contact `avro:"approver"`
	// Who wrote last on the customer's side, and gets the garage's messages: approver, else the customer.
	Writer repair.Role `avro:"writer"`
	// A VehicleDetails record.
	Vehicle repair.Personal `avro:"vehicle"`
	// The garage's own order number; empty: it has none.
	ExternalRef string `avro:"external_ref"`
	// The mechanic who acted last.
	Mechanic repair.Actor `avro:"mechanic"`
	// When the car is promised to be ready; absent: nothing was promised.
	ReadyAt time.Time `avro:"ready_at"`
	// ISO 4217 currency of every amount.
	Currency string `avro:"currency"`
	// The agreed work and each approved job.
	Done []record.DoneLine `avro:"done"`
	// Each job that was rejected.
	Declined []record.DoneLine `avro:"declined"`
	// What was agreed beforehand, in minor units.
	AgreedTotal int64 `avro:"agreed_total"`
	// What was agreed and approved together, in minor units.
	ApprovedTotal int64 `avro:"approved_total"`
	// The quote that awaits an answer; absent: none does.
	Asked *Asked `avro:"asked"`
	// The notifications whose fate is not known yet, in the order in which they arose.
	Pending []Pending `avro:"pending"`
	// The sequence of the last event.
	Sequence int64 `avro:"sequence,added"`
	// When the customer's side caused mails to staff, as far as it still counts.
	Heard []time.Time `avro:"heard,added"`
	// The customer's messages that wait to be passed on in one mail.
	Gathered []Gathered `avro:"gathered,added"`
	// How many messages there were before those.
	Omitted int32 `avro:"omitted,added"`
	// What a corrected address of the customer's is told anew, ready_later or repair_completed, without what every notification says; absent: nothing that still matters.
	News *record.NotificationRequested `avro:"news,added"`
}

// Gathered is a message of the customer that waits to be passed on.
type Gathered struct {
	// The message.
	record.Said
	// Who wrote it.
	From repair.Actor `avro:"from"`
	// The sequence of its event.
	Sequence int64 `avro:"sequence"`
}

// Asked is a quote that awaits an answer.
type Asked struct {
	// Its revision.
	Revision int32 `avro:"revision"`
	// The sequence of the request for approval.
	Sequence int64 `avro:"sequence"`
	// The extra work, with its price.
	Quote repair.Quote `avro:"quote"`
	// Until when an answer is asked for; absent: not said.
	AnswerBy time.Time `avro:"answer_by"`
	// When it expires.
	ExpiresAt time.Time `avro:"expires_at"`
	// The mechanic who asked.
	AskedBy repair.Actor `avro:"asked_by"`
	// Whether a mail server took a request for approval over.
	Accepted bool `avro:"accepted"`
	// Whether a request for approval was refused for good by the address as it is now.
	Refused bool `avro:"refused"`
	// Whether somebody was asked to call about it.
	Called bool `avro:"called"`
	// How many reminders it was to have.
	Reminders int32 `avro:"reminders"`
	// How many of them are done with.
	Reminded int32 `avro:"reminded"`
	// Whether it had expired when it was known, so that nobody was asked.
	Lapsed bool `avro:"lapsed,added"`
	// The jobs of the newest revision before that whoever decides was told of, and that nothing but replacing has ended; empty: there is none.
	Replaced []record.DoneLine `avro:"replaced,added"`
	// Since when the garage owes a reply to whoever decides; absent: it owes none.
	Owed time.Time `avro:"owed,added"`
	// From when the reminders' time counts; absent: it does not.
	Counted time.Time `avro:"counted,added"`
	// Opening time in microseconds that has counted before that.
	WaitedMicros int64 `avro:"waited_micros,added"`
}

// Pending is a notification that was requested and neither accepted nor given up.
type Pending struct {
	// The newest attempt, without what every notification says.
	Request record.NotificationRequested `avro:"request"`
	// Whether it was refused for now, and waits for its timer.
	Waiting bool `avro:"waiting"`
	// Whether its attempt is not requested yet, as something before it must end first.
	Held bool `avro:"held,added"`
	// Whether its attempt was recalled to be made anew: the address or the link in it holds no more.
	Renew bool `avro:"renew,added"`
	// The notification that it takes back, or replaces, while it is not known whether that was sent; empty: none.
	TakesBack string `avro:"takes_back,added"`
	// The jobs that it asked about, once a later revision has replaced them; else empty.
	Jobs []record.DoneLine `avro:"jobs,added"`
	// What ended its moment while an attempt was under way; empty: it still makes sense.
	Passed string `avro:"passed"`
}
