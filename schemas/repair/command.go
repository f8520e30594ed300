package repair

import "time"

// Command is a request to change a repair. It may be refused. The linter reports
// every type switch on it that leaves a command out.
//
//sumtype:decl
type Command interface {
	Head() *Header
	ask() *Ask
}

// Commands lists every command, empty.
var Commands = []Command{
	new(StartRepair), new(RequestApproval), new(WithdrawQuote), new(DecideQuote), new(ChangeReadyTime), new(CorrectContact),
	new(CompleteRepair), new(CollectVehicle), new(CancelRepair), new(PostMessage), new(RecordView),
	new(RequestLink), new(RevokeLinks),
}

// Ask is what every command carries besides its Header. The command's id is
// its event id.
type Ask struct {
	// Keyed digest of the plain request, so that the same idempotency key with another body is noticed.
	Digest string `avro:"digest"`
	// Whether people are told of it even if it is history: more than a day old when it reached the log.
	Tell bool `avro:"tell,added"`
	// The sequence that is named by the link through which a customer or an approver sent it; of others 0.
	LinkSequence int64 `avro:"link_sequence,added"`
}

func (a *Ask) ask() *Ask { return a }

// DigestOf returns the keyed digest of the request that a command was made from.
// The command's outcome repeats it.
func DigestOf(c Command) string { return c.ask().Digest }

// StartRepair registers a vehicle for repair.
type StartRepair struct {
	Header
	Ask
	// The garage's own order number; empty: it has none.
	ExternalRef string `avro:"external_ref"`
	// A VehicleDetails record: plate, country, description.
	Vehicle Personal `avro:"vehicle"`
	// Whose car it is.
	Customer Contact `avro:"customer"`
	// Who decides about extra work; absent: the customer.
	Approver *Contact `avro:"approver"`
	// When the car is promised to be ready; absent: nothing was promised.
	ReadyAt time.Time `avro:"ready_at"`
	// The bay (brug) the car stands in; empty: not said.
	Bay string `avro:"bay"`
	// The work agreed beforehand.
	Agreed Work `avro:"agreed"`
}

// RequestApproval proposes extra work. While an earlier revision is undecided,
// it replaces that one.
type RequestApproval struct {
	Header
	Ask
	// The extra work.
	Work Work `avro:"work"`
	// Until when the customer is asked to answer; absent: not said.
	AnswerBy time.Time `avro:"answer_by"`
	// When the quote expires; the door fills in the default.
	ExpiresAt time.Time `avro:"expires_at,required"`
}

// WithdrawQuote takes a quote back before it is decided.
type WithdrawQuote struct {
	Header
	Ask
	// The revision to withdraw.
	Revision int32 `avro:"revision"`
	// A FreeText record: why.
	Reason Personal `avro:"reason"`
}

// AnswerKind is yes or no to one line.
type AnswerKind string

// The answers to a line.
const (
	Approve AnswerKind = "approve"
	Reject  AnswerKind = "reject"
)

// RejectReason says why a line was rejected.
type RejectReason string

// The reasons for a rejection; empty: none was given.
const (
	ReasonPrice     RejectReason = "price"
	ReasonLater     RejectReason = "later"
	ReasonElsewhere RejectReason = "elsewhere"
	ReasonOther     RejectReason = "other"
)

// Answer answers one line of a quote.
type Answer struct {
	// The line's number, from 1.
	Line int32 `avro:"line"`
	// approve or reject.
	Answer AnswerKind `avro:"answer"`
	// Why it was rejected: price, later, elsewhere, other, or empty.
	Reason RejectReason `avro:"reason"`
}

// Method is how a decision reached the garage.
type Method string

// The ways a decision is given.
const (
	ByPage    Method = "page"
	ByPhone   Method = "phone"
	AtCounter Method = "counter"
)

// DecideQuote answers every line of one revision once.
type DecideQuote struct {
	Header
	Ask
	// The revision it decides.
	Revision int32 `avro:"revision"`
	// One answer per line.
	Answers []Answer `avro:"answers"`
	// The total of the approved lines the decider saw, in minor units: what the button said.
	TotalSeen int64 `avro:"total_seen"`
	// page, phone or counter.
	Method Method `avro:"method"`
	// An Evidence record: name, address, browser, remarks.
	Evidence Personal `avro:"evidence"`
}

// ChangeReadyTime moves the promised time.
type ChangeReadyTime struct {
	Header
	Ask
	// The new promise.
	ReadyAt time.Time `avro:"ready_at,required"`
}

// Party names one of the contacts of a repair.
type Party string

// The parties whose contact can be corrected.
const (
	TheCustomer Party = "customer"
	TheApprover Party = "approver"
)

func (p Party) known() bool { return p == TheCustomer || p == TheApprover }

// CorrectContact changes fields of a contact.
type CorrectContact struct {
	Header
	Ask
	// customer or approver.
	Party Party `avro:"party"`
	// The contact from now on.
	Contact Contact `avro:"contact"`
	// The fields of it that count: id, language, name, email, phone; the others stay as they are. Empty: all of them.
	Fields []ContactField `avro:"fields,added"`
}

// CompleteRepair says the work is done.
type CompleteRepair struct {
	Header
	Ask
	// What there is to pay, including VAT, in minor units.
	Total int64 `avro:"total"`
	// Whether a reason was stated; needed above what was agreed and approved.
	ReasonGiven bool `avro:"reason_given"`
	// A FreeText record: why the total differs.
	Reason Personal `avro:"reason"`
}

// CollectVehicle says the car was collected.
type CollectVehicle struct {
	Header
	Ask
}

// CancelRepair ends a repair that will not be completed.
type CancelRepair struct {
	Header
	Ask
	// A FreeText record: why.
	Reason Personal `avro:"reason"`
}

// MessageKind says what a message is for.
type MessageKind string

// The kinds of message. A note is seen by staff only; a callback asks to be called.
const (
	Text     MessageKind = "text"
	Note     MessageKind = "note"
	Callback MessageKind = "callback"
)

// PostMessage says something to the other side, in any state.
type PostMessage struct {
	Header
	Ask
	// text, note (staff only) or callback (asks to be called).
	Kind MessageKind `avro:"kind"`
	// A FreeText record: the words.
	Text Personal `avro:"text"`
	// Whether there are words; a text or note needs some.
	TextGiven bool `avro:"text_given"`
}

// RecordView says that a person opened the page of a quote.
type RecordView struct {
	Header
	Ask
	// The revision that was shown.
	Revision int32 `avro:"revision"`
}

// RequestLink asks for a fresh link by mail.
type RequestLink struct {
	Header
	Ask
	// customer, or approver: whoever decides about extra work.
	Party Party `avro:"party"`
}

// RevokeLinks ends every link to the repair.
type RevokeLinks struct {
	Header
	Ask
}
