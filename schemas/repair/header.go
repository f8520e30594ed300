package repair

import (
	"slices"
	"time"
)

// Role says in which capacity somebody acts.
type Role string

// The roles an Actor can have. System is Pitstop itself (an expiry, a reminder).
const (
	Mechanic        Role = "mechanic"
	Customer        Role = "customer"
	Approver        Role = "approver"
	CustomerService Role = "customer_service"
	Manager         Role = "manager"
	Integrator      Role = "integrator"
	Admin           Role = "admin"
	System          Role = "system"
)

// Staff reports whether the role belongs to the garage's side of a conversation.
func (r Role) Staff() bool {
	return slices.Contains([]Role{Mechanic, CustomerService, Manager, Integrator, Admin}, r)
}

// CustomerSide reports whether the role belongs to the customer's side of a conversation.
func (r Role) CustomerSide() bool { return r == Customer || r == Approver }

// Actor is who did it.
type Actor struct {
	// In which capacity: mechanic, customer, approver, customer_service, manager, integrator, admin or system.
	Role Role `avro:"role" json:"role"`
	// The subject of the actor's token; empty for the holder of a customer link.
	ID string `avro:"id" json:"id,omitempty"`
}

// Header is what every record carries. Records embed it.
type Header struct {
	// KSUID of this record. Of a derived record: computed from what caused it.
	EventID string `avro:"event_id"`
	// The repair's id; also the Kafka key.
	AggregateID string `avro:"aggregate_id"`
	// The garage; of a command: the garage its sender acts for.
	GarageID string `avro:"garage_id"`
	// When it happened (UTC, microseconds).
	OccurredAt time.Time `avro:"occurred_at,required"`
	// Who did it.
	Actor Actor `avro:"actor"`
	// The id of the command that began the chain.
	CorrelationID string `avro:"correlation_id"`
	// The id of the record that caused this one directly.
	CausationID string `avro:"causation_id"`
}

// Head returns the header of any record that embeds it.
func (h *Header) Head() *Header { return h }

// Personal holds personal data that processors pass on unopened. Its bytes are
// an Avro record of their own in the Confluent wire format; only the edges (API,
// channel sinks, ClickHouse sink) open it.
type Personal struct {
	// The key that seals the bytes; empty: not sealed.
	KeyID string `avro:"key_id"`
	// The personal record.
	Bytes []byte `avro:"bytes"`
}

// Channel names a way to reach a person.
type Channel string

// The channels a Contact can have.
const (
	Email Channel = "email"
	Phone Channel = "phone"
)

// Contact is a person who is told things; the address itself is personal.
type Contact struct {
	// The garage's own id of the customer; empty when it has none.
	ID string `avro:"id"`
	// BCP 47 language the person reads, e.g. nl or en; empty: the garage's.
	Language string `avro:"language"`
	// The channels the personal part has an address for: email, phone.
	Channels []Channel `avro:"channels"`
	// A ContactDetails record: name, e-mail address, phone number.
	Personal Personal `avro:"personal"`
	// Keyed digest of the e-mail address, the same for the same address within a repair; empty: there is none, or it is not known.
	Address string `avro:"address,added" json:"-"`
	// Names, e-mail addresses and phone numbers that were corrected by themselves: they hold, and not those in the personal part.
	Corrected []Correction `avro:"corrected,added" json:"-"`
}

// Correction is one sealed detail of a contact.
type Correction struct {
	// name, email or phone.
	Field ContactField `avro:"field"`
	// A ContactDetails record: that detail alone; empty: it was removed.
	Personal Personal `avro:"personal"`
}

// Reachable reports whether the contact has an address on the channel.
func (c Contact) Reachable(ch Channel) bool { return slices.Contains(c.Channels, ch) }

// Personal records: what travels, encoded, in the bytes of a Personal.
type (
	// ContactDetails is the personal part of a Contact.
	ContactDetails struct {
		// The person's name as the garage writes it.
		Name string `avro:"name"`
		// E-mail address; empty: none.
		Email string `avro:"email"`
		// Phone number, E.164 where known; empty: none.
		Phone string `avro:"phone"`
	}
	// VehicleDetails identifies a car, and through it its owner.
	VehicleDetails struct {
		// Number plate, bare and upper case.
		Plate string `avro:"plate"`
		// ISO 3166 country of the plate.
		Country string `avro:"country"`
		// Make and model as the garage writes it.
		Description string `avro:"description"`
	}
	// FreeText is anything a person or a mail server wrote.
	FreeText struct {
		// The text as it was written.
		Text string `avro:"text"`
	}
	// Evidence is what is kept of a decision beside its answers.
	Evidence struct {
		// Name the decider gave.
		Name string `avro:"name"`
		// Address of the client the decision came from; empty when given to staff.
		IP string `avro:"ip"`
		// Browser the decision came from; empty when given to staff.
		UserAgent string `avro:"user_agent"`
		// What the decider wrote beside a line.
		Texts []LineText `avro:"texts"`
	}
	// LineText is a remark on one line of a quote.
	LineText struct {
		// The line's number, from 1.
		Line int32 `avro:"line"`
		// The remark.
		Text string `avro:"text"`
	}
)
