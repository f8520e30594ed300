package clickhouse

import (
	"context"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"pitstop/schemas/avro"
	"pitstop/sinks"
)

// The parts of Run, one by one.

func Prepare(ctx context.Context, codec *avro.Codec, m *sinks.Message) error {
	return rowBuilder{codec}.Prepare(ctx, m)
}

func Write(ctx context.Context, conn driver.Conn, batch []sinks.Message) error {
	_, err := writer{conn}.Write(ctx, batch)
	return err
}

func WriteWatermarks(ctx context.Context, conn driver.Conn, watermarks []sinks.Watermark) error {
	return writer{conn}.writeWatermarks(ctx, watermarks)
}
