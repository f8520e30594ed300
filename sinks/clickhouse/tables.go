package clickhouse

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"pitstop/schemas/record"
	"pitstop/sinks"
)

// table is how rows of one type are inserted: column by column.
type table[R any] struct {
	name    string
	columns []column[R]
}

type column[R any] struct {
	name   string
	values func([]*R) any // the column's values as a slice
}

// col returns a column whose values get reads from the rows.
func col[R, T any](name string, get func(*R) T) column[R] {
	return column[R]{name, func(rows []*R) any {
		values := make([]T, len(rows))
		for i, r := range rows {
			values[i] = get(r)
		}
		return values
	}}
}

// insert writes the rows of this type in the batch with one INSERT.
func (t table[R]) insert(ctx context.Context, conn driver.Conn, batch []sinks.Message) error {
	var rows []*R
	for i := range batch {
		if r, ok := batch[i].Record.(*R); ok {
			rows = append(rows, r)
		}
	}
	if len(rows) == 0 {
		return nil
	}
	if err := t.send(ctx, conn, rows); err != nil {
		return fmt.Errorf("insert %d rows into %s: %w", len(rows), t.name, err)
	}
	return nil
}

func (t table[R]) send(ctx context.Context, conn driver.Conn, rows []*R) error {
	names := make([]string, len(t.columns))
	for i, c := range t.columns {
		names[i] = c.name
	}
	insert, err := conn.PrepareBatch(ctx, "INSERT INTO "+t.name+" ("+strings.Join(names, ", ")+")")
	if err != nil {
		return err
	}
	defer insert.Close() //nolint:errcheck // an unsent batch returns its connection; a sent one has
	for i, c := range t.columns {
		if err := insert.Column(i).Append(c.values(rows)); err != nil {
			return fmt.Errorf("column %s: %w", c.name, err)
		}
	}
	return insert.Send()
}

// headed returns the columns of a Header followed by the others.
func headed[R any](head func(*R) *headRow, others ...column[R]) []column[R] {
	return append([]column[R]{
		col("event_id", func(r *R) string { return head(r).EventID }),
		col("aggregate_id", func(r *R) string { return head(r).AggregateID }),
		col("garage_id", func(r *R) string { return head(r).GarageID }),
		col("kind", func(r *R) string { return head(r).kind }),
		col("occurred_at", func(r *R) time.Time { return head(r).OccurredAt }),
		col("actor_role", func(r *R) string { return string(head(r).Actor.Role) }),
		col("actor_id", func(r *R) string { return head(r).Actor.ID }),
		col("correlation_id", func(r *R) string { return head(r).CorrelationID }),
		col("causation_id", func(r *R) string { return head(r).CausationID }),
		col("logged_at", func(r *R) time.Time { return head(r).logged }),
		col("data", func(r *R) string { return head(r).data }),
	}, others...)
}

// noticed returns the columns of a Notice followed by the others.
func noticed[R any](notice func(*R) *record.Notice, others ...column[R]) []column[R] {
	return append([]column[R]{
		col("notification_id", func(r *R) string { return notice(r).NotificationID }),
		col("about", func(r *R) string { return string(notice(r).Kind) }),
		col("rests_on", func(r *R) int64 { return notice(r).RestsOn }),
		col("revision", func(r *R) int32 { return notice(r).Revision }),
		col("recipient_role", func(r *R) string { return string(notice(r).Recipient.Role) }),
		col("recipient_id", func(r *R) string { return notice(r).Recipient.ID }),
		col("channel", func(r *R) string { return string(notice(r).Channel) }),
	}, others...)
}

var (
	commands = table[commandRow]{"commands", headed(func(r *commandRow) *headRow { return &r.headRow })}

	outcomes = table[outcomeRow]{"outcomes", headed(func(r *outcomeRow) *headRow { return &r.headRow },
		col("command", func(r *outcomeRow) string { return r.Command }),
		col("result", func(r *outcomeRow) string { return string(r.Result) }),
		col("code", func(r *outcomeRow) string { return string(r.Code) }),
		col("state", func(r *outcomeRow) string { return string(r.State) }),
		col("sequence", func(r *outcomeRow) int64 { return r.Sequence }),
	)}

	events = table[eventRow]{"events", headed(func(r *eventRow) *headRow { return &r.headRow },
		col("sequence", func(r *eventRow) int64 { return r.sequence }),
		col("state", func(r *eventRow) string { return string(r.state) }),
		col("side", func(r *eventRow) string { return r.side }),
		col("revision", func(r *eventRow) int32 { return r.revision }),
		col("replaces", func(r *eventRow) int32 { return r.replaces }),
		col("external_ref", func(r *eventRow) string { return r.externalRef }),
		col("plate", func(r *eventRow) string { return r.vehicle.Plate }),
		col("country", func(r *eventRow) string { return r.vehicle.Country }),
		col("vehicle", func(r *eventRow) string { return r.vehicle.Description }),
		col("customer_id", func(r *eventRow) string { return r.customerID }),
		col("customer_name", func(r *eventRow) string { return r.customer.Name }),
		col("customer_email", func(r *eventRow) string { return r.customer.Email }),
		col("customer_phone", func(r *eventRow) string { return r.customer.Phone }),
		col("customer_language", func(r *eventRow) string { return r.language }),
		col("amount", func(r *eventRow) int64 { return r.amount }),
		col("currency", func(r *eventRow) string { return r.currency }),
		col("decision", func(r *eventRow) string { return string(r.decision) }),
		col("method", func(r *eventRow) string { return string(r.method) }),
		col("message_kind", func(r *eventRow) string { return string(r.messageKind) }),
		col("text", func(r *eventRow) string { return r.text }),
		col("ready_at", func(r *eventRow) time.Time { return r.readyAt }),
		col("reason", func(r *eventRow) string { return string(r.reason) }),
		col("approver_name", func(r *eventRow) string { return r.approver.Name }),
		col("approver_phone", func(r *eventRow) string { return r.approver.Phone }),
	)}

	notifications = table[notificationRow]{"notifications", headed(func(r *notificationRow) *headRow { return &r.headRow },
		noticed(func(r *notificationRow) *record.Notice { return &r.Notice },
			col("attempt", func(r *notificationRow) int32 { return r.attempt }),
			col("reason", func(r *notificationRow) string { return r.reason }),
			col("because", func(r *notificationRow) string { return r.because }),
		)...)}

	deliveries = table[deliveryRow]{"deliveries", headed(func(r *deliveryRow) *headRow { return &r.headRow },
		noticed(func(r *deliveryRow) *record.Notice { return &r.Notice },
			col("attempt", func(r *deliveryRow) int32 { return r.attempt }),
			col("code", func(r *deliveryRow) int32 { return r.code }),
		)...)}

	latencies = table[latencyRow]{"latencies", []column[latencyRow]{
		col("latency_id", func(r *latencyRow) string { return r.LatencyID }),
		col("version", func(r *latencyRow) int64 { return r.Version }),
		col("event_id", func(r *latencyRow) string { return r.EventID }),
		col("aggregate_id", func(r *latencyRow) string { return r.AggregateID }),
		col("garage_id", func(r *latencyRow) string { return r.GarageID }),
		col("measure", func(r *latencyRow) string { return string(r.Measure) }),
		col("started_at", func(r *latencyRow) time.Time { return r.StartedAt }),
		col("ended_at", func(r *latencyRow) *time.Time {
			if r.EndedAt.IsZero() {
				return nil
			}
			return &r.EndedAt
		}),
		col("outcome", func(r *latencyRow) string { return r.Outcome }),
		col("wall_micros", func(r *latencyRow) int64 { return r.WallMicros }),
		col("opening_micros", func(r *latencyRow) int64 { return r.OpeningMicros }),
		col("mechanic", func(r *latencyRow) string { return r.Mechanic }),
		col("revision", func(r *latencyRow) int32 { return r.Revision }),
		col("about", func(r *latencyRow) string { return string(r.Kind) }),
		col("channel", func(r *latencyRow) string { return string(r.Channel) }),
		col("amount", func(r *latencyRow) int64 { return r.Amount }),
		col("currency", func(r *latencyRow) string { return r.Currency }),
		col("logged_at", func(r *latencyRow) time.Time { return r.logged }),
	}}

	deadLetters = table[deadLetterRow]{"dead_letters", []column[deadLetterRow]{
		col("topic", func(r *deadLetterRow) string { return r.Topic }),
		col("partition", func(r *deadLetterRow) int32 { return r.Partition }),
		col("offset", func(r *deadLetterRow) int64 { return r.Offset }),
		col("consumer", func(r *deadLetterRow) string { return r.Consumer }),
		col("reason", func(r *deadLetterRow) string { return r.Reason }),
		col("detail", func(r *deadLetterRow) string { return r.Detail }),
		col("at", func(r *deadLetterRow) time.Time { return r.At }),
		col("key", func(r *deadLetterRow) string { return string(r.Key) }),
		col("value", func(r *deadLetterRow) string { return string(r.Value) }),
		col("headers", func(r *deadLetterRow) [][]any {
			headers := make([][]any, 0, len(r.Headers))
			for _, h := range r.Headers {
				headers = append(headers, []any{h.Key, string(h.Value)})
			}
			return headers
		}),
		col("logged_at", func(r *deadLetterRow) time.Time { return r.logged }),
	}}

	freshness = table[sinks.Watermark]{"freshness", []column[sinks.Watermark]{
		col("topic", func(m *sinks.Watermark) string { return m.Topic }),
		col("partition", func(m *sinks.Watermark) int32 { return m.Partition }),
		col("as_of", func(m *sinks.Watermark) time.Time { return m.AsOf }),
	}}
)
