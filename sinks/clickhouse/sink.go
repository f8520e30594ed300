package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"pitstop/schemas/avro"
	"pitstop/schemas/record"
	"pitstop/sinks"
)

// Limits make a row visible within a second, and batches large under load.
var Limits = sinks.Limits{Records: 20_000, Age: 250 * time.Millisecond, Write: 30 * time.Second}

// Run keeps the tables up to date until ctx ends. c must have Instance, Kafka, Codec,
// Progress, Now and Log; zero Limits mean the default.
func Run(ctx context.Context, conn driver.Conn, c sinks.Config) error {
	w := writer{conn}
	c.Consumer = record.ClickHouseSink
	c.Prepare, c.Watermarks = rowBuilder{c.Codec}.Prepare, w.writeWatermarks
	if c.Limits == (sinks.Limits{}) {
		c.Limits = Limits
	}
	return sinks.Run(ctx, c, w)
}

// Insert writes records to the tables as Run does with those it consumes.
func Insert(ctx context.Context, conn driver.Conn, codec *avro.Codec, records ...any) error {
	batch := make([]sinks.Message, len(records))
	for i, r := range records {
		batch[i].Record = r
		if err := (rowBuilder{codec}).Prepare(ctx, &batch[i]); err != nil {
			return err
		}
	}
	_, err := writer{conn}.Write(ctx, batch)
	return err
}

type writer struct{ conn driver.Conn }

// Write inserts a batch, one INSERT per table. When one of them fails the whole batch
// is retried: rows that are there already replace themselves.
func (w writer) Write(ctx context.Context, batch []sinks.Message) (int, error) {
	for _, insert := range []func(context.Context, driver.Conn, []sinks.Message) error{
		commands.insert, outcomes.insert, events.insert, notifications.insert,
		deliveries.insert, latencies.insert, deadLetters.insert,
	} {
		if err := insert(ctx, w.conn, batch); err != nil {
			return 0, classify(err)
		}
	}
	return len(batch), nil
}

func (w writer) writeWatermarks(ctx context.Context, watermarks []sinks.Watermark) error {
	rows := make([]*sinks.Watermark, len(watermarks))
	for i := range watermarks {
		rows[i] = &watermarks[i]
	}
	if err := freshness.send(ctx, w.conn, rows); err != nil {
		return classify(fmt.Errorf("insert into freshness: %w", err))
	}
	return nil
}

// schemaErrors are the server's codes for tables of another version. Retrying does
// not cure them; migrating does.
var schemaErrors = []int32{
	10, // NOT_FOUND_COLUMN_IN_BLOCK
	16, // NO_SUCH_COLUMN_IN_TABLE
	47, // UNKNOWN_IDENTIFIER
	53, // TYPE_MISMATCH
	60, // UNKNOWN_TABLE
	unknownDatabase,
}

// classify tells a server that is unavailable or overloaded from tables of another
// version.
func classify(err error) error {
	var e *clickhouse.Exception
	if errors.As(err, &e) && slices.Contains(schemaErrors, e.Code) {
		return fmt.Errorf("the tables are not those of this version: run pitstop migrate: %w", err)
	}
	return fmt.Errorf("%w: %w", sinks.ErrAway, err)
}
