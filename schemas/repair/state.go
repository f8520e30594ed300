package repair

import "time"

// State is where a repair stands.
type State string

// The states of a repair. No event leads to NotStarted.
const (
	NotStarted       State = ""
	InProgress       State = "in_progress"
	AwaitingApproval State = "awaiting_approval"
	Completed        State = "completed"
	Collected        State = "collected"
	Cancelled        State = "cancelled"
)

// States lists every state, in the order of a repair's life.
var States = []State{NotStarted, InProgress, AwaitingApproval, Completed, Collected, Cancelled}

// Final reports whether nothing but messages can follow.
func (s State) Final() bool { return s == Collected || s == Cancelled }

// Open reports whether work is still going on.
func (s State) Open() bool { return s == InProgress || s == AwaitingApproval }

// QuoteStatus is where one revision of a quote stands.
type QuoteStatus string

// The statuses of a revision.
const (
	StatusOpen      QuoteStatus = "open"
	StatusDecided   QuoteStatus = "decided"
	StatusExpired   QuoteStatus = "expired"
	StatusWithdrawn QuoteStatus = "withdrawn"
	StatusReplaced  QuoteStatus = "replaced"
	StatusCancelled QuoteStatus = "cancelled"
)

// Revision is what the state machine remembers of one quote.
type Revision struct {
	// open, decided, expired, withdrawn, replaced or cancelled.
	Status QuoteStatus `avro:"status"`
	// Totals of its lines, by line number.
	LineTotals []int64 `avro:"line_totals"`
	// When it expires.
	ExpiresAt time.Time `avro:"expires_at"`
	// The answers, once decided.
	Answers []Answer `avro:"answers"`
	// Sum of the approved lines.
	ApprovedTotal int64 `avro:"approved_total"`
	// Whether its page was opened.
	Viewed bool `avro:"viewed"`
	// Whether its request was history, so that its expiry is, too.
	History bool `avro:"history,added"`
}

// Repair is the state of one repair: what is needed to decide about its next
// command, and no more. The zero Repair has not started.
type Repair struct {
	// Where it stands; empty: not started.
	State State `avro:"state"`
	// Its garage.
	GarageID string `avro:"garage_id"`
	// Sequence of its last event.
	Sequence int64 `avro:"sequence"`
	// When its last event occurred.
	LastAt time.Time `avro:"last_at"`
	// ISO 4217 currency of the agreed work.
	Currency string `avro:"currency"`
	// What was agreed beforehand.
	AgreedTotal int64 `avro:"agreed_total"`
	// The approved lines of every revision together.
	ApprovedTotal int64 `avro:"approved_total"`
	// When the car is promised to be ready.
	ReadyAt time.Time `avro:"ready_at"`
	// Every revision, by number from 1.
	Revisions []Revision `avro:"revisions"`
	// Whose car it is.
	Customer Holder `avro:"customer,added"`
	// Who decides about extra work; absent: the customer, or not known.
	Approver *Holder `avro:"approver,added"`
	// Bytes of what was written in its events.
	Texts int64 `avro:"texts,added"`
	// Messages of the customer's side.
	Said int64 `avro:"said,added"`
	// Bytes of what the customer's side wrote in those, and in its answers.
	SaidTexts int64 `avro:"said_texts,added"`
}

// OpenRevision returns the number of the revision that awaits an answer; 0: none.
func (r *Repair) OpenRevision() int32 {
	if n := len(r.Revisions); n > 0 && r.Revisions[n-1].Status == StatusOpen {
		return int32(n)
	}
	return 0
}

// Forget drops what a finished repair no longer needs: what is left is a marker
// of a few dozen bytes that keeps it from being started again, and links that have
// ended from working again.
func (r *Repair) Forget() {
	if !r.State.Final() {
		return
	}
	marker := Repair{State: r.State, GarageID: r.GarageID, Sequence: r.Sequence, LastAt: r.LastAt, Texts: r.Texts, Said: r.Said, SaidTexts: r.SaidTexts}
	marker.Customer.Since = r.Customer.Since
	if r.Approver != nil && r.Approver.Since > 0 {
		marker.Approver = &Holder{Since: r.Approver.Since}
	}
	*r = marker
}

// revision returns the state of a revision by number, nil when there is none.
func (r *Repair) revision(n int32) *Revision {
	if n < 1 || int(n) > len(r.Revisions) {
		return nil
	}
	return &r.Revisions[n-1]
}
