package clickhouse

import (
	"context"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"pitstop/schemas/garage"
)

func fillGarages(ctx context.Context, conn driver.Conn, book *garage.Book) error { return nil }
