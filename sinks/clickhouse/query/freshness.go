package query

import (
	"context"
	_ "embed"
	"fmt"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"pitstop/schemas/record"
)

//go:embed queries/freshness.sql
var freshnessSQL string

// Freshness returns, by table, the time up to which everything logged for it has been
// written to it. Tables that nothing has been written to yet are left out.
func (s *Store) Freshness(ctx context.Context) (map[string]time.Time, error) {
	asOf := make(map[string]time.Time)
	err := each(ctx, s.conn, freshnessSQL, nil, func(rows driver.Rows) error {
		var topic string
		var at time.Time
		if err := rows.Scan(&topic, &at); err != nil {
			return err
		}
		asOf[tableOf(topic)] = at
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read freshness: %w", err)
	}
	return asOf, nil
}

// tableOf returns the table that a topic's records go to.
func tableOf(topic string) string {
	return strings.ReplaceAll(strings.TrimPrefix(topic, record.Prefix), "-", "_")
}
