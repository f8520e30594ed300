package latency

import (
	"time"

	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// State is what is still to be measured of one repair. What can change no more is
// dropped: of a repair that is over, and whose mails were all accepted, about 15
// bytes stay, and 10 more for each mail.
type State struct {
	// Sequence of the last event.
	Sequence int64 `avro:"sequence"`
	// Whether the vehicle was collected or the repair cancelled.
	Over bool `avro:"over"`
	// The mechanic who acted last.
	Mechanic string `avro:"mechanic"`
	// The waits between events that are open.
	Waits []Wait `avro:"waits"`
	// The revisions whose view and response are not known to the end.
	Quotes []Quote `avro:"quotes"`
	// The revisions whose view and response are.
	Answered []int32 `avro:"answered"`
	// The notifications that were not accepted, so far.
	Notices []Notice `avro:"notices"`
	// The notifications that were: hashes of their ids.
	Accepted []int64 `avro:"accepted"`
}

// Wait is an open wait that an event began and another one will end.
type Wait struct {
	// What is measured.
	Measure record.Measure `avro:"measure"`
	// Sequence of the event that began it.
	Sequence int64 `avro:"sequence"`
	// When it began.
	StartedAt time.Time `avro:"started_at"`
	// The revision it is about; 0: none.
	Revision int32 `avro:"revision"`
	// The mechanic it concerns.
	Mechanic string `avro:"mechanic"`
	// Amount at stake, of approval, in minor units.
	Amount int64 `avro:"amount"`
	// Its currency.
	Currency string `avro:"currency"`
}

// Quote is what events and deliveries say about one revision, in whatever order
// the two come.
type Quote struct {
	// The revision.
	Revision int32 `avro:"revision"`
	// Whether the request for approval is known, and so the mechanic.
	Requested bool `avro:"requested"`
	// The mechanic who asked.
	Mechanic string `avro:"mechanic"`
	// When a mail server took the request over: the first to do so.
	AcceptedAt time.Time `avro:"accepted_at"`
	// The channel it went through.
	Channel repair.Channel `avro:"channel"`
	// When a person first saw its page.
	ViewedAt time.Time `avro:"viewed_at"`
	// When the customer wrote while it was open.
	WroteAt []time.Time `avro:"wrote_at"`
	// When it was decided, or ended otherwise.
	ClosedAt time.Time `avro:"closed_at"`
	// What became of it.
	Closed repair.QuoteStatus `avro:"closed"`
}

// Notice is what notifications and deliveries say about one notification, in
// whatever order the two come.
type Notice struct {
	// The notification's id.
	ID string `avro:"id"`
	// Its kind.
	Kind record.NotificationKind `avro:"kind"`
	// The revision it is about; 0: none.
	Revision int32 `avro:"revision"`
	// The channel.
	Channel repair.Channel `avro:"channel"`
	// The mechanic it concerns.
	Mechanic string `avro:"mechanic"`
	// When it was first requested; absent: that is not known yet.
	RequestedAt time.Time `avro:"requested_at"`
	// When it was accepted.
	AcceptedAt time.Time `avro:"accepted_at"`
	// When it was refused for good.
	FailedAt time.Time `avro:"failed_at"`
	// When it was given up.
	SuppressedAt time.Time `avro:"suppressed_at"`
}
