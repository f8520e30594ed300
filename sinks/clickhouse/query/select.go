package query

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"reflect"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// What a query of Select may cost.
const (
	selectTime = 10 * time.Second
	selectRows = 5000
)

// selectSettings allow a query to read and nothing else.
var selectSettings = clickhouse.Settings{
	"readonly":             1,
	"max_result_rows":      selectRows,
	"result_overflow_mode": "throw",
}

// Select runs a query of the dashboards and returns its columns and rows. The query
// may only read; more than 5,000 rows or 10 seconds are an error. A value is nil, a
// string, bool, int64, float64 or time.Time (in UTC); any other is formatted by fmt.
func (s *Store) Select(ctx context.Context, sql string) (columns []string, rows [][]any, err error) {
	ctx, cancel := context.WithTimeout(ctx, selectTime)
	defer cancel()
	found, err := s.conn.Query(clickhouse.Context(ctx, clickhouse.WithSettings(selectSettings)), sql)
	if err != nil {
		return nil, nil, selectError(err)
	}
	defer found.Close() //nolint:errcheck // Err says what there is to say
	types := found.ColumnTypes()
	for found.Next() {
		values := make([]any, len(types))
		for i, t := range types {
			values[i] = reflect.New(t.ScanType()).Interface()
		}
		if err := found.Scan(values...); err != nil {
			return nil, nil, fmt.Errorf("select: %w", err)
		}
		for i, v := range values {
			values[i] = plainValue(reflect.ValueOf(v))
		}
		rows = append(rows, values)
	}
	if err := found.Err(); err != nil {
		return nil, nil, selectError(err)
	}
	return found.Columns(), rows, nil
}

// selectError returns one error for a timeout, whether the context or the connection,
// which has the same deadline, notices first.
func selectError(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = fmt.Errorf("%w: %w", context.DeadlineExceeded, err)
	}
	return fmt.Errorf("select: %w", err)
}

// plainValue converts what the driver scanned to the few types that Select returns.
// NaN, the mean of no rows, becomes nil.
func plainValue(v reflect.Value) any {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		if v.IsNil() {
			return nil
		}
		v = v.Elem()
	}
	switch x := v.Interface().(type) {
	case time.Time:
		return x.UTC()
	case interface{ InexactFloat64() float64 }: // a decimal
		return x.InexactFloat64()
	}
	switch {
	case v.CanInt():
		return v.Int()
	case v.CanUint():
		if u := v.Uint(); u > math.MaxInt64 {
			return float64(u)
		}
		return int64(v.Uint())
	case v.CanFloat():
		if f := v.Float(); !math.IsNaN(f) && !math.IsInf(f, 0) {
			return f
		}
		return nil
	case v.Kind() == reflect.Bool:
		return v.Bool()
	case v.Kind() == reflect.String:
		return v.String()
	}
	return fmt.Sprint(v.Interface())
}
