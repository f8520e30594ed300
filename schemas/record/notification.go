package record

import (
	"time"

	"pitstop/schemas/repair"
)

// NotificationKind says what a notification is about.
type NotificationKind string

// The notifications the system sends.
const (
	NotifyStarted          NotificationKind = "repair_started"
	NotifyCompleted        NotificationKind = "repair_completed"
	NotifyReadyLater       NotificationKind = "ready_later"
	NotifyQuoteWithdrawn   NotificationKind = "quote_withdrawn"
	NotifyApprovalRequired NotificationKind = "approval_required"
	NotifyReminder         NotificationKind = "approval_reminder"
	NotifyDecision         NotificationKind = "decision"
	NotifyExpiry           NotificationKind = "expiry"
	NotifyMessage          NotificationKind = "message"
	NotifyLink             NotificationKind = "link"
)

// NotificationKinds lists every kind.
var NotificationKinds = []NotificationKind{
	NotifyStarted, NotifyCompleted, NotifyReadyLater, NotifyQuoteWithdrawn, NotifyApprovalRequired,
	NotifyReminder, NotifyDecision, NotifyExpiry, NotifyMessage, NotifyLink,
}

// Notice is what the records about one notification share.
type Notice struct {
	// Identifies the notification through all its attempts; computed from what caused it.
	NotificationID string `avro:"notification_id"`
	// repair_started, repair_completed, ready_later, quote_withdrawn, approval_required, approval_reminder, decision, expiry, message or link.
	Kind NotificationKind `avro:"kind"`
	// The sequence of the event it rests on.
	RestsOn int64 `avro:"rests_on"`
	// The revision it is about; 0: none.
	Revision int32 `avro:"revision"`
	// Who is to be told: customer, approver, mechanic or customer_service, with the id of a member of staff.
	Recipient repair.Actor `avro:"recipient"`
	// The channel: email.
	Channel repair.Channel `avro:"channel"`
}

// DoneLine is one job in a summary of a repair.
type DoneLine struct {
	// What the job is.
	Title string `avro:"title"`
	// Its total including VAT, in minor units.
	Total int64 `avro:"total"`
}

// NotificationRequested asks a channel sink for one attempt to tell somebody
// something. It holds all there is to say: channel sinks are stateless.
type NotificationRequested struct {
	repair.Header
	Notice
	// Number of the attempt, from 1.
	Attempt int32 `avro:"attempt"`
	// When the first attempt was requested.
	FirstRequestedAt time.Time `avro:"first_requested_at,required"`
	// The recipient's contact; absent: a member of staff, whose address is in the garage's profile.
	Contact *repair.Contact `avro:"contact"`
	// Whether the recipient decides about quotes: the approver, or the customer where there is none.
	Decides bool `avro:"decides"`
	// Language to write in: nl or en.
	Language string `avro:"language"`
	// A VehicleDetails record.
	Vehicle repair.Personal `avro:"vehicle"`
	// The customer: named where a member of staff is told something.
	Customer repair.Contact `avro:"customer"`
	// The mechanic who works on the car.
	Mechanic repair.Actor `avro:"mechanic"`
	// The garage's own order number; empty: it has none.
	ExternalRef string `avro:"external_ref"`
	// When the car is promised to be ready; absent: nothing was promised.
	ReadyAt time.Time `avro:"ready_at"`
	// The promise before, of ready_later; absent: there was none.
	PreviousReadyAt time.Time `avro:"previous_ready_at"`
	// ISO 4217 currency of every amount.
	Currency string `avro:"currency"`
	// The agreed work and each approved job.
	Done []DoneLine `avro:"done"`
	// Each job that was proposed and rejected, and not approved later.
	Declined []DoneLine `avro:"declined"`
	// What was agreed beforehand, in minor units.
	AgreedTotal int64 `avro:"agreed_total"`
	// What was agreed and approved together, in minor units.
	ApprovedTotal int64 `avro:"approved_total"`
	// What there is to pay, of repair_completed, in minor units.
	Total int64 `avro:"total"`
	// The quote, of approval_required, approval_reminder, decision, expiry and quote_withdrawn.
	Quote *repair.Quote `avro:"quote"`
	// Until when an answer is asked for; absent: not said.
	AnswerBy time.Time `avro:"answer_by"`
	// When the quote expires; absent: the notification is not about a quote.
	ExpiresAt time.Time `avro:"expires_at"`
	// The decision, of decision: approved, partly_approved or rejected.
	Decision repair.Decision `avro:"decision"`
	// The answers, of decision.
	Answers []repair.Answer `avro:"answers"`
	// How the decision was given, of decision: page, phone or counter.
	Method repair.Method `avro:"method"`
	// An Evidence record, of decision.
	Evidence repair.Personal `avro:"evidence"`
	// The kind of message, of message.
	MessageKind repair.MessageKind `avro:"message_kind"`
	// A FreeText record: the message, or the reason of a withdrawal or a higher total.
	Text repair.Personal `avro:"text"`
	// Who wrote the message, of message.
	From repair.Actor `avro:"from"`
	// The sequence of the repair's last event when the attempt was requested: the link in it names it.
	Sequence int64 `avro:"sequence,added"`
	// When it was written, of message.
	WrittenAt time.Time `avro:"written_at,added"`
	// The messages before it that the same mail passes on, oldest first, of message.
	Earlier []Said `avro:"earlier,added"`
	// How many more messages there were before those.
	Omitted int32 `avro:"omitted,added"`
	// The jobs of an earlier proposal that its recipient was told of: the one that the quote replaces, of approval_required; the one to forget, of quote_withdrawn where the quote itself was never told. Empty: there is none.
	Replaced []DoneLine `avro:"replaced,added"`
	// What ended the quote, of quote_withdrawn: withdrawn, or cancelled with its repair.
	Ended repair.QuoteStatus `avro:"ended,added"`
}

// Said is a message that is passed on together with a later one.
type Said struct {
	// When it was written.
	At time.Time `avro:"at,required"`
	// The kind of message.
	Kind repair.MessageKind `avro:"kind"`
	// A FreeText record: the message.
	Text repair.Personal `avro:"text"`
}

// NotificationRecalled takes back a request whose moment has passed while its attempt
// was under way, or whose address or link holds no more. It follows the request on the same partition. A channel sink that has
// not made the attempt withholds it; one that has ignores the recall.
type NotificationRecalled struct {
	repair.Header
	Notice
	// Number of the attempt that is taken back.
	Attempt int32 `avro:"attempt"`
	// What ended its moment: as of NotificationSuppressed.
	Because string `avro:"because"`
}

// OutOfDate reports whether, by the clock, what a notification says is over.
func (n *NotificationRequested) OutOfDate(now time.Time) bool {
	switch n.Kind {
	case NotifyApprovalRequired, NotifyReminder:
		return !n.ExpiresAt.IsZero() && !n.ExpiresAt.After(now)
	case NotifyReadyLater:
		return !n.ReadyAt.IsZero() && !n.ReadyAt.After(now)
	case NotifyStarted, NotifyCompleted, NotifyQuoteWithdrawn, NotifyDecision,
		NotifyExpiry, NotifyMessage, NotifyLink: // true until something else happens
	}
	return false
}

// SuppressReason says why a notification was not sent.
type SuppressReason string

// Why nothing was sent.
const (
	// NoAddress: the recipient has no address on the channel.
	NoAddress SuppressReason = "no_address"
	// MomentPassed: what it was about is over (answered, withdrawn, replaced, expired, completed, cancelled).
	MomentPassed SuppressReason = "moment_passed"
	// TriesUsedUp: every attempt was refused for now.
	TriesUsedUp SuppressReason = "tries_used_up"
	// AddressRefused: the request for approval was refused for good, so a reminder would be too.
	AddressRefused SuppressReason = "address_refused"
	// NotTold: it takes back something that was not sent either.
	NotTold SuppressReason = "not_told"
	// ReplyOwed: a reminder for somebody who had asked something, and whom the garage owed the reply.
	ReplyOwed SuppressReason = "reply_owed"
	// Forgotten: the repair has been over for so long that its contacts are no longer kept.
	Forgotten SuppressReason = "forgotten"
	// History: it reached the log more than a day after it occurred, and its sender did not ask to tell.
	History SuppressReason = "history"
)

// NotificationSuppressed says that somebody was not told, and why.
type NotificationSuppressed struct {
	repair.Header
	Notice
	// no_address, moment_passed, tries_used_up, address_refused, not_told, reply_owed, forgotten or history.
	Reason SuppressReason `avro:"reason"`
	// Of moment_passed: the quote's or the repair's new state, replaced for a promise that moved again or a fresh link that was asked for again, contact_corrected, links_revoked or callback; else empty.
	Because string `avro:"because"`
}

// CallReason says why somebody must be called.
type CallReason string

// Why a call is needed.
const (
	CallNoAnswer      CallReason = "no_answer"
	CallNoAddress     CallReason = "no_address"
	CallUndeliverable CallReason = "undeliverable"
	CallRequested     CallReason = "requested"
)

// CallTask asks customer service and the mechanic to call (bel de klant). It is
// not a mail: the timeline and the list of conversations show it.
type CallTask struct {
	repair.Header
	// no_answer, no_address, undeliverable, or requested by the customer.
	Reason CallReason `avro:"reason"`
	// The sequence of the event it rests on.
	RestsOn int64 `avro:"rests_on"`
	// The revision it is about; 0: none.
	Revision int32 `avro:"revision"`
	// The kind of the notification that did not reach anybody; empty: none.
	Kind NotificationKind `avro:"kind"`
	// Whom to call: customer or approver.
	Recipient repair.Actor `avro:"recipient"`
	// The contact, with the phone number.
	Contact repair.Contact `avro:"contact"`
}

// DeliveryAttempt is what the records about one delivery attempt share.
type DeliveryAttempt struct {
	// Number of the attempt, from 1.
	Attempt int32 `avro:"attempt"`
	// The SMTP reply code; 0: the server was not reached or did not answer.
	Code int32 `avro:"code"`
	// A FreeText record: the server's words.
	Reply repair.Personal `avro:"reply"`
	// The Message-ID of the mail.
	MessageID string `avro:"message_id"`
}

// DeliveryAccepted says that the mail server took the message over.
type DeliveryAccepted struct {
	repair.Header
	Notice
	DeliveryAttempt
}

// DeliveryDeferred says that the message was refused for now; another attempt may follow.
type DeliveryDeferred struct {
	repair.Header
	Notice
	DeliveryAttempt
}

// DeliveryFailed says that the message was refused for good.
type DeliveryFailed struct {
	repair.Header
	Notice
	DeliveryAttempt
}

// WithheldReason says why a channel sink did not make an attempt.
type WithheldReason string

// Why an attempt was withheld.
const (
	// Recalled: the request was taken back before its turn came.
	Recalled WithheldReason = "recalled"
	// OutOfDate: by the clock, what it says is over (the quote has expired, the promised time has passed).
	OutOfDate WithheldReason = "out_of_date"
	// OutOfOrder: an earlier mail about the repair to the same person was refused for now.
	OutOfOrder WithheldReason = "out_of_order"
)

// DeliveryWithheld says that a channel sink did not make the attempt: at the moment of
// sending it made no sense. Unless the reason is out_of_order, the notification is over.
type DeliveryWithheld struct {
	repair.Header
	Notice
	// Number of the attempt that was not made.
	Attempt int32 `avro:"attempt"`
	// recalled, out_of_date or out_of_order.
	Reason WithheldReason `avro:"reason"`
	// Of recalled: the reason of the recall; else empty.
	Because string `avro:"because"`
}
