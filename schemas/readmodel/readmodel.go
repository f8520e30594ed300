// Package readmodel holds what is read back from ClickHouse and shown by the API.
// The types are the API's JSON bodies: amounts are integers in minor units, times
// are RFC 3339, and personal data is opened. DashboardVisit is no body: it is what
// the pages of the dashboards are asked with.
package readmodel

import (
	"encoding/json"
	"errors"
	"time"

	"pitstop/schemas/repair"
)

// ErrNotFound is returned for what does not exist, or not in the garages asked for.
var ErrNotFound = errors.New("not found")

// ErrCursor is returned for a cursor that this program did not give out.
var ErrCursor = errors.New("cursor is not valid")

// Vehicle is a car.
type Vehicle struct {
	Plate       string `json:"plate" doc:"Number plate, bare and upper case."`
	Country     string `json:"country,omitempty" doc:"ISO 3166 country of the plate."`
	Description string `json:"description,omitempty" doc:"Make and model."`
}

// Person is a customer or an approver.
type Person struct {
	ID       string `json:"id,omitempty"`
	Name     string `json:"name"`
	Email    string `json:"email,omitempty"`
	Phone    string `json:"phone,omitempty"`
	Language string `json:"language,omitempty"`
}

// VAT is the VAT contained in a total.
type VAT struct {
	Rate   repair.VATRate `json:"rate"`
	Amount int64          `json:"amount"`
}

// Detail is one part or one piece of labour.
type Detail struct {
	Kind        repair.DetailKind `json:"kind" enum:"part,labour"`
	Description string            `json:"description"`
	Quantity    string            `json:"quantity"`
	UnitPrice   int64             `json:"unit_price"`
	VAT         repair.VATRate    `json:"vat"`
}

// Line is one decidable job with its total and, once decided, its answer.
type Line struct {
	Line        int32               `json:"line"`
	Title       string              `json:"title"`
	Urgency     repair.Urgency      `json:"urgency,omitempty" enum:"safety,soon,advice"`
	Consequence string              `json:"consequence,omitempty"`
	Details     []Detail            `json:"details"`
	Total       int64               `json:"total"`
	Answer      repair.AnswerKind   `json:"answer,omitempty" enum:"approve,reject"`
	Reason      repair.RejectReason `json:"reason,omitempty" enum:"price,later,elsewhere,other"`
	Text        string              `json:"text,omitempty"`
}

// Work is priced work: what was agreed, or one quote's.
type Work struct {
	Currency         string `json:"currency"`
	PricesIncludeVAT bool   `json:"prices_include_vat"`
	Total            int64  `json:"total"`
	VAT              []VAT  `json:"vat"`
	Lines            []Line `json:"lines"`
}

// Quote is one revision and what became of it.
type Quote struct {
	Revision int32              `json:"revision"`
	Status   repair.QuoteStatus `json:"status" enum:"open,decided,expired,withdrawn,replaced,cancelled"`
	Work
	RequestedAt   time.Time       `json:"requested_at"`
	AskedBy       string          `json:"asked_by"`
	AnswerBy      *time.Time      `json:"answer_by,omitempty"`
	ExpiresAt     time.Time       `json:"expires_at"`
	ViewedAt      *time.Time      `json:"viewed_at,omitempty"`
	ClosedAt      *time.Time      `json:"closed_at,omitempty" doc:"When it was decided, expired, withdrawn or replaced."`
	Decision      repair.Decision `json:"decision,omitempty" enum:"approved,partly_approved,rejected"`
	ApprovedTotal int64           `json:"approved_total"`
	Method        repair.Method   `json:"method,omitempty" enum:"page,phone,counter"`
	DecidedBy     string          `json:"decided_by,omitempty"`
}

// WaitingFor says whose turn it is.
type WaitingFor string

// Who can be waited for: the customer while a quote is open; the mechanic while
// work is in progress or a customer's message is unanswered; else nobody.
const (
	ForCustomer WaitingFor = "customer"
	ForMechanic WaitingFor = "mechanic"
	ForNobody   WaitingFor = "nobody"
)

// Repair is one repair as it stands.
type Repair struct {
	RepairID    string       `json:"repair_id"`
	GarageID    string       `json:"garage_id"`
	ExternalRef string       `json:"external_ref,omitempty"`
	State       repair.State `json:"state" enum:"in_progress,awaiting_approval,completed,collected,cancelled"`
	Sequence    int64        `json:"sequence"`
	WaitingFor  WaitingFor   `json:"waiting_for" enum:"customer,mechanic,nobody"`
	Vehicle     Vehicle      `json:"vehicle"`
	Customer    Person       `json:"customer"`
	Approver    *Person      `json:"approver"`
	Mechanic    string       `json:"mechanic"`
	Bay         string       `json:"bay,omitempty"`
	StartedAt   time.Time    `json:"started_at"`
	ReadyAt     *time.Time   `json:"ready_at"`
	CompletedAt *time.Time   `json:"completed_at,omitempty"`
	Total       *int64       `json:"total,omitempty" doc:"What there was to pay, once completed."`
	TotalReason string       `json:"total_reason,omitempty" doc:"Why the total differs from what was agreed, as the mechanic wrote it."`
	Agreed      Work         `json:"agreed"`
	Quotes      []Quote      `json:"quotes"`
	Messages    []Message    `json:"messages"`
	AsOf        time.Time    `json:"as_of"`
	// LinksSince says which links have ended.
	LinksSince LinksSince `json:"-"`
}

// LinksSince are the sequences since when links of the customer and of the approver
// work: one that was made before has ended.
type LinksSince struct{ Customer, Approver int64 }

// Of returns when those of a party do.
func (s *LinksSince) Of(p repair.Party) *int64 {
	if p == repair.TheApprover {
		return &s.Approver
	}
	return &s.Customer
}

// Message is something one side said.
type Message struct {
	At   time.Time          `json:"at"`
	Kind repair.MessageKind `json:"kind" enum:"text,note,callback"`
	From repair.Role        `json:"from"`
	By   string             `json:"by,omitempty"`
	Text string             `json:"text"`
}

// CommandOutcome is what became of a command.
type CommandOutcome struct {
	CommandID string              `json:"command_id"`
	RepairID  string              `json:"repair_id,omitempty"`
	Result    Result              `json:"result" enum:"pending,accepted,refused"`
	Code      repair.Code         `json:"code,omitempty" doc:"Why it was refused."`
	Detail    string              `json:"detail,omitempty"`
	Errors    []repair.FieldError `json:"errors,omitempty"`
	State     repair.State        `json:"state,omitempty"`
	Sequence  int64               `json:"sequence,omitempty"`
	Revision  int32               `json:"revision,omitempty"`
	Decision  repair.Decision     `json:"decision,omitempty" enum:"approved,partly_approved,rejected"`
	// Sender and GarageID say who may see the outcome.
	Sender   repair.Actor `json:"-"`
	GarageID string       `json:"-"`
}

// Result is a command's result as its sender sees it: that of the lifecycle
// processor, or pending while there is none.
type Result string

// The results of a CommandOutcome.
const (
	Pending  Result = "pending"
	Accepted Result = "accepted"
	Refused  Result = "refused"
)

// Event is one event as integrators read it, with personal data opened.
type Event struct {
	Type          string          `json:"type" doc:"The event's name, e.g. RepairStarted."`
	EventID       string          `json:"event_id"`
	RepairID      string          `json:"repair_id"`
	GarageID      string          `json:"garage_id"`
	ExternalRef   string          `json:"external_ref" doc:"The garage's own order number of the repair; empty: it has none."`
	Sequence      int64           `json:"sequence" doc:"Position within the repair's events, from 1. What is missing is a note of staff, where the token may not read those."`
	OccurredAt    time.Time       `json:"occurred_at"`
	Actor         repair.Actor    `json:"actor"`
	CorrelationID string          `json:"correlation_id"`
	CausationID   string          `json:"causation_id"`
	Data          json.RawMessage `json:"data" doc:"What the event says, by its type."`
	Cursor        string          `json:"cursor" doc:"Ask with it for what follows this event."`
}

// EventPage is a stretch of the events of some garages. Events of one repair
// come in order.
type EventPage struct {
	Events []Event `json:"events"`
	Cursor string  `json:"cursor" doc:"Ask with it for what follows. It never misses an event; the same cursor again means that there is nothing yet."`
}

// RepairFilter selects repairs. Empty fields select all.
type RepairFilter struct {
	Garages []string       // the garages the caller may see; never empty
	States  []repair.State // any of them
	// ChangedSince is when the last of their events was written to the log, or earlier.
	ChangedSince time.Time
	Plate        string // bare and upper case
	ExternalRef  string
	Cursor       string // of the page before; empty: the first page
	Limit        int
}

// RepairItem is one row of a list of repairs.
type RepairItem struct {
	RepairID    string       `json:"repair_id"`
	GarageID    string       `json:"garage_id"`
	ExternalRef string       `json:"external_ref,omitempty"`
	State       repair.State `json:"state" enum:"in_progress,awaiting_approval,completed,collected,cancelled"`
	Sequence    int64        `json:"sequence"`
	WaitingFor  WaitingFor   `json:"waiting_for" enum:"customer,mechanic,nobody"`
	Vehicle     Vehicle      `json:"vehicle"`
	Customer    string       `json:"customer"`
	Mechanic    string       `json:"mechanic"`
	StartedAt   time.Time    `json:"started_at"`
	LastAt      time.Time    `json:"last_at"`
}

// Page is one page of a list, newest first unless it says otherwise.
type Page[T any] struct {
	Items  []T       `json:"items"`
	Cursor string    `json:"cursor,omitempty" doc:"Ask for the next page with it; absent on the last."`
	AsOf   time.Time `json:"as_of" doc:"How fresh the list is: everything up to this time is in it."`
}

// TimelineEntry is one thing that happened around a repair.
type TimelineEntry struct {
	At       time.Time      `json:"at"`
	Kind     string         `json:"kind" doc:"An event's name; CommandRefused; NotificationRequested, NotificationSuppressed, DeliveryAccepted, DeliveryDeferred, DeliveryFailed; CallTask."`
	Actor    repair.Actor   `json:"actor"`
	Sequence int64          `json:"sequence,omitempty"`
	Data     map[string]any `json:"data"`
}

// Timeline is everything that happened around a repair, oldest first.
type Timeline struct {
	RepairID string          `json:"repair_id"`
	Entries  []TimelineEntry `json:"entries"`
	AsOf     time.Time       `json:"as_of"`
}

// ConversationFilter selects conversations.
type ConversationFilter struct {
	Garages []string
	// Filter is needs-reply (a customer's message is unanswered), waiting (a quote
	// is open), call (a call task stands), or empty.
	Filter string
	Query  string // part of a plate, a name, or a repair's id or reference
	// Sort is waiting (longest waiting first, the default) or recent.
	Sort   string
	Cursor string
	Limit  int
}

// Conversation is one repair as customer service sees it.
type Conversation struct {
	RepairID     string             `json:"repair_id"`
	GarageID     string             `json:"garage_id"`
	ExternalRef  string             `json:"external_ref,omitempty"`
	State        repair.State       `json:"state" enum:"in_progress,awaiting_approval,completed,collected,cancelled"`
	Vehicle      Vehicle            `json:"vehicle"`
	Customer     Person             `json:"customer"`
	Mechanic     string             `json:"mechanic"`
	NeedsReply   bool               `json:"needs_reply"`
	Waiting      bool               `json:"waiting" doc:"A quote is open."`
	Call         bool               `json:"call" doc:"Somebody should call the customer."`
	CallReason   string             `json:"call_reason,omitempty"`
	WaitingSince *time.Time         `json:"waiting_since,omitempty"`
	Amount       int64              `json:"amount,omitempty" doc:"Total of the open quote."`
	Currency     string             `json:"currency,omitempty"`
	LastAt       time.Time          `json:"last_at"`
	LastMessage  string             `json:"last_message,omitempty"`
	LastKind     repair.MessageKind `json:"last_kind,omitempty"`
}

// LatencyQuery selects measured waits.
type LatencyQuery struct {
	Measure  string
	Garages  []string
	From, To time.Time // of the wait's beginning
	GroupBy  string    // day (in the garage's time zone), mechanic, or empty
}

// Percentiles holds percentiles in seconds.
type Percentiles struct {
	P50 float64 `json:"p50"`
	P90 float64 `json:"p90"`
	P99 float64 `json:"p99"`
}

// LatencyRow sums up the waits of one group: n ended ones, and the open ones.
type LatencyRow struct {
	Group   string      `json:"group"`
	N       int64       `json:"n"`
	Open    int64       `json:"open"`
	Wall    Percentiles `json:"wall"`
	Opening Percentiles `json:"opening"`
}

// Latencies answers a LatencyQuery.
type Latencies struct {
	Measure string       `json:"measure"`
	Rows    []LatencyRow `json:"rows"`
	AsOf    time.Time    `json:"as_of"`
}
