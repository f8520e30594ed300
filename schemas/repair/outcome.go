package repair

// Code says why a command was refused. The codes are those of the HTTP problems.
type Code string

// The reasons for a refusal.
const (
	NotFound       Code = "not_found"
	IllegalState   Code = "illegal_state"
	Superseded     Code = "superseded"
	Expired        Code = "expired"
	Withdrawn      Code = "withdrawn"
	AlreadyDecided Code = "already_decided"
	AlreadyStarted Code = "already_started"
	TotalMismatch  Code = "total_mismatch"
	ReasonRequired Code = "reason_required"
	Invalid        Code = "invalid"
	KeyReused      Code = "key_reused"
	LinkEnded      Code = "link_ended"
	Forbidden      Code = "forbidden"
)

// Result says what became of a consumed command record.
type Result string

// The results of an Outcome.
const (
	Accepted  Result = "accepted"
	Refused   Result = "refused"
	Duplicate Result = "duplicate"
)

// Verdict is the answer to a command; its repetition gets the same.
type Verdict struct {
	// Why it was refused; empty: it was accepted.
	Code Code `avro:"code"`
	// The refusal in words, for the sender.
	Detail string `avro:"detail"`
	// What is wrong with single fields.
	Errors []FieldError `avro:"errors"`
	// The repair's state after the command.
	State State `avro:"state"`
	// The sequence of the repair's last event after the command.
	Sequence int64 `avro:"sequence"`
	// The revision the command made or decided; 0: none.
	Revision int32 `avro:"revision"`
	// The decision on that revision, where the command was one.
	Decision Decision `avro:"decision"`
	// Sum of the lines approved by the decision, in minor units.
	ApprovedTotal int64 `avro:"approved_total"`
}

// Outcome says what became of one consumed command record. Exactly one per
// command id is not a duplicate. Its causation id is the command's id.
type Outcome struct {
	Header
	// The command's record name.
	Command string `avro:"command"`
	// accepted, refused, or duplicate: the answer was given before, and is repeated here.
	Result Result `avro:"result"`
	// The digest of the command record it answers: two records with one id may differ in it.
	Digest string `avro:"digest"`
	Verdict
}
