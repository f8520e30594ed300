package clickhouse

import (
	"context"
	"fmt"
	"time"

	"pitstop/schemas/avro"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
	"pitstop/sinks"
)

// headRow is what the rows of every record with a Header share.
type headRow struct {
	*repair.Header
	kind   string
	logged time.Time // Kafka's timestamp
	data   string    // the record as JSON, personal data opened
}

type (
	commandRow struct{ headRow }
	outcomeRow struct {
		headRow
		*repair.Outcome
	}
	eventRow struct {
		headRow
		sequence             int64
		state                repair.State
		side                 string
		revision, replaces   int32
		externalRef          string
		vehicle              repair.VehicleDetails
		customer, approver   repair.ContactDetails
		readyAt              time.Time // never zero: see storable
		customerID, language string
		amount               int64
		currency             string
		decision             repair.Decision
		reason               repair.RejectReason
		method               repair.Method
		messageKind          repair.MessageKind
		text                 string
	}
	notificationRow struct {
		headRow
		record.Notice
		attempt         int32
		reason, because string
	}
	deliveryRow struct {
		headRow
		record.Notice
		attempt, code int32
	}
	latencyRow struct {
		*record.Latency
		logged time.Time
	}
	deadLetterRow struct {
		*record.DeadLetter
		logged time.Time
	}
)

// rowBuilder converts records to rows.
type rowBuilder struct{ codec *avro.Codec }

// Prepare replaces a message's record with its row, in which personal data is opened.
// A record that cannot be opened, or with a time outside the range of the tables,
// becomes a dead letter.
func (r rowBuilder) Prepare(ctx context.Context, m *sinks.Message) error {
	logged := storable(m.Timestamp)
	switch rec := m.Record.(type) {
	case *record.Latency:
		m.Record = &latencyRow{rec, logged}
		return checkTimes(rec.StartedAt, rec.EndedAt)
	case *record.DeadLetter:
		m.Record = &deadLetterRow{rec, logged}
		return checkTimes(rec.At)
	case record.Headed:
		row, err := r.row(ctx, rec, logged)
		m.Record = row
		return err
	}
	return fmt.Errorf("%w: no table for a %s", sinks.ErrUnhandled, record.NameOf(m.Record))
}

func (r rowBuilder) row(ctx context.Context, rec record.Headed, logged time.Time) (any, error) {
	data, err := r.codec.AppendJSON(ctx, make([]byte, 0, 512), rec)
	if err != nil {
		return nil, err
	}
	head := headRow{rec.Head(), record.NameOf(rec), logged, string(data)}
	if err := checkTimes(head.OccurredAt); err != nil {
		return nil, err
	}
	switch rec := rec.(type) {
	case repair.Command:
		return &commandRow{head}, nil
	case *repair.Outcome:
		return &outcomeRow{head, rec}, nil
	case repair.Event:
		return r.event(ctx, head, rec)
	case *record.NotificationRequested:
		return &notificationRow{headRow: head, Notice: rec.Notice, attempt: rec.Attempt}, nil
	case *record.NotificationRecalled:
		return &notificationRow{headRow: head, Notice: rec.Notice, attempt: rec.Attempt, because: rec.Because}, nil
	case *record.NotificationSuppressed:
		return &notificationRow{headRow: head, Notice: rec.Notice, reason: string(rec.Reason), because: rec.Because}, nil
	case *record.CallTask:
		about := record.Notice{Kind: rec.Kind, RestsOn: rec.RestsOn, Revision: rec.Revision, Recipient: rec.Recipient}
		return &notificationRow{headRow: head, Notice: about, reason: string(rec.Reason)}, nil
	case *record.DeliveryAccepted:
		return &deliveryRow{head, rec.Notice, rec.Attempt, rec.Code}, nil
	case *record.DeliveryDeferred:
		return &deliveryRow{head, rec.Notice, rec.Attempt, rec.Code}, nil
	case *record.DeliveryFailed:
		return &deliveryRow{head, rec.Notice, rec.Attempt, rec.Code}, nil
	case *record.DeliveryWithheld:
		return &deliveryRow{head, rec.Notice, rec.Attempt, 0}, nil
	}
	return nil, fmt.Errorf("%w: no table for a %s", sinks.ErrUnhandled, head.kind)
}

func (r rowBuilder) event(ctx context.Context, head headRow, e repair.Event) (*eventRow, error) {
	row := &eventRow{
		headRow: head, sequence: repair.SequenceOf(e), state: repair.EffectOf(e).State,
		side: side(head.Actor.Role), readyAt: storable(time.Time{}),
	}
	var err error
	switch e := e.(type) { //nolint:gochecksumtype // columns are for what queries ask; all that an event says is in its data
	case *repair.RepairStarted:
		row.externalRef = e.ExternalRef
		row.amount, row.currency, row.readyAt = e.Agreed.Total, e.Agreed.Currency, storable(e.ReadyAt)
		if row.vehicle, err = avro.Open[repair.VehicleDetails](ctx, r.codec, e.Vehicle); err == nil {
			err = r.contact(ctx, row, e.Customer)
		}
		if err == nil && e.Approver != nil {
			row.approver, err = avro.OpenContact(ctx, r.codec, *e.Approver)
		}
	case *repair.ApprovalRequested:
		row.revision, row.replaces = e.Revision, e.Replaces
		row.amount, row.currency = e.Quote.Total, e.Quote.Currency
	case *repair.QuoteWithdrawn:
		row.revision = e.Revision
	case *repair.QuoteDecided:
		row.revision = e.Revision
		row.decision, row.method, row.amount = e.Decision, e.Method, e.ApprovedTotal
		row.reason = reason(e.Answers)
	case *repair.QuoteExpired:
		row.revision = e.Revision
	case *repair.QuoteViewed:
		row.revision = e.Revision
	case *repair.ContactCorrected:
		if e.Party == repair.TheCustomer {
			err = r.contact(ctx, row, e.Contact)
		} else {
			row.approver, err = avro.OpenContact(ctx, r.codec, e.Contact)
		}
	case *repair.RepairCompleted:
		row.amount, row.currency = e.Total, e.Currency
	case *repair.MessagePosted:
		var text repair.FreeText
		text, err = avro.Open[repair.FreeText](ctx, r.codec, e.Text)
		row.messageKind, row.text = e.Kind, text.Text
	case *repair.ReadyTimeChanged:
		row.readyAt = storable(e.ReadyAt)
	}
	return row, err
}

// reason returns the first reason for a rejection among the answers.
func reason(answers []repair.Answer) repair.RejectReason {
	for _, a := range answers {
		if a.Reason != "" {
			return a.Reason
		}
	}
	return ""
}

func (r rowBuilder) contact(ctx context.Context, row *eventRow, c repair.Contact) (err error) {
	row.customerID, row.language = c.ID, c.Language
	row.customer, err = avro.OpenContact(ctx, r.codec, c)
	return err
}

func side(r repair.Role) string {
	switch {
	case r.Staff():
		return "staff"
	case r.CustomerSide():
		return "customer"
	}
	return "system"
}

// FirstTime and LastTime bound the times in the tables: both a DateTime64 and a
// time.Time's UnixNano can represent them.
var (
	FirstTime = time.Date(1900, time.January, 1, 0, 0, 0, 0, time.UTC)
	LastTime  = time.Date(2262, time.January, 1, 0, 0, 0, 0, time.UTC)
)

func checkTimes(times ...time.Time) error {
	for _, t := range times {
		if !t.IsZero() && (t.Before(FirstTime) || t.After(LastTime)) {
			return fmt.Errorf("%w: no table can hold the time %d (Unix seconds)", sinks.ErrUnhandled, t.Unix())
		}
	}
	return nil
}

// storable returns a record's timestamp, or the start of Unix time where a producer
// set it to what the tables cannot hold.
func storable(t time.Time) time.Time {
	if checkTimes(t) != nil || t.IsZero() {
		return time.Unix(0, 0).UTC()
	}
	return t
}
