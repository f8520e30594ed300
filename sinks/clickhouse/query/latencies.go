package query

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"pitstop/schemas/readmodel"
	sink "pitstop/sinks/clickhouse"
)

//go:embed queries/latencies.sql
var latenciesSQL string

// Latencies aggregates the waits that began in [From, To) (zero: without bound), each
// in its newest version. The view waits (migrations) decides which of them count.
// Percentiles are exact; without waits they are 0.
func (s *Store) Latencies(ctx context.Context, q readmodel.LatencyQuery) (*readmodel.Latencies, error) {
	asOf, err := s.AsOf(ctx) // before the rows: they are at least as fresh
	if err != nil {
		return nil, err
	}
	l := &readmodel.Latencies{Measure: q.Measure, Rows: []readmodel.LatencyRow{}, AsOf: asOf}
	args := []any{
		clickhouse.Named("measure", q.Measure),
		clickhouse.Named("garages", q.Garages),
		clickhouse.Named("from", within(q.From, sink.FirstTime)),
		clickhouse.Named("to", within(q.To, sink.LastTime)),
		clickhouse.Named("group", q.GroupBy),
	}
	err = each(ctx, s.conn, latenciesSQL, args, func(rows driver.Rows) error {
		var r readmodel.LatencyRow
		var wall, opening []float64
		if err := rows.Scan(&r.Group, &r.N, &r.Open, &wall, &opening); err != nil {
			return err
		}
		if r.N > 0 {
			r.Wall, r.Opening = percentiles(wall), percentiles(opening)
		}
		l.Rows = append(l.Rows, r)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read latencies %s: %w", q.Measure, err)
	}
	return l, nil
}

func percentiles(p []float64) readmodel.Percentiles {
	return readmodel.Percentiles{P50: p[0], P90: p[1], P99: p[2]}
}

// within clamps a time to the range of the tables; for zero it returns otherwise. It
// is written out in full: the driver would send seconds since 1970, of which the
// engine does not read fewer than five digits as a time.
func within(t, otherwise time.Time) string {
	switch {
	case t.IsZero():
		t = otherwise
	case t.Before(sink.FirstTime):
		t = sink.FirstTime
	case t.After(sink.LastTime):
		t = sink.LastTime
	}
	return t.UTC().Format("2006-01-02 15:04:05.000000")
}
