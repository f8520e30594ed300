package query

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/go-cmp/cmp"
)

func TestSelect(t *testing.T) {
	d := newDB(t)
	columns, rows, err := d.Select(t.Context(), `
		SELECT 'a\'b' AS text, toLowCardinality('c') AS low, toUInt8(3) AS small, count() AS n, -4 AS less, 1.5 AS half,
			toDecimal64(12.25, 2) AS money, NULL AS nothing, CAST(7, 'Nullable(Int32)') AS maybe, avgOrNull(number) AS none, avg(number) AS nan,
			toBool(1) AS yes, toDateTime64('2026-05-18 08:00:00', 6, 'UTC') AS at, toDate('2026-05-18') AS day, [1, 2] AS list
		FROM numbers(0)`)
	must(t, err)
	want := map[string]any{
		"text": "a'b", "low": "c", "small": int64(3), "n": int64(0), "less": int64(-4), "half": 1.5, "money": 12.25, "nothing": nil,
		"maybe": int64(7), "none": nil, "nan": nil, "yes": true, "at": time.Date(2026, 5, 18, 8, 0, 0, 0, time.UTC),
		"day": time.Date(2026, 5, 18, 0, 0, 0, 0, time.UTC), "list": "[1 2]",
	}
	if len(rows) != 1 {
		t.Fatalf("%d rows", len(rows))
	}
	got := make(map[string]any)
	for i, c := range columns {
		got[c] = rows[0][i]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
}

// A query of the dashboards can only read, and within its limits.
func TestSelectIsBounded(t *testing.T) {
	d := newDB(t)
	for _, tc := range []struct{ name, sql, code string }{
		{"insert", "INSERT INTO freshness SELECT 't', 1, now64(6)", "164"},
		{"drop", "DROP TABLE freshness", "164"},
		{"settings", "SELECT 1 SETTINGS max_result_rows = 0", "164"},
		{"many rows", "SELECT number FROM numbers(100000)", "396"},
		{"no table", "SELECT * FROM nowhere", "60"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, _, err := d.Select(t.Context(), tc.sql)
			var exception *clickhouse.Exception
			if !errors.As(err, &exception) || !strings.Contains(err.Error(), "code: "+tc.code) {
				t.Errorf("got %v, want the server's refusal %s", err, tc.code)
			}
		})
	}
	for range 20 { // the context or the connection may notice first
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		if _, _, err := d.Select(ctx, "SELECT sleepEachRow(1) FROM numbers(3)"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a slow query: %v, want that the time is over", err)
		}
		cancel()
	}
	if _, rows, err := d.Select(t.Context(), "SELECT 1 WHERE 0"); err != nil || len(rows) != 0 {
		t.Errorf("no rows: %v %v", rows, err)
	}
}
