package clickhouse

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"pitstop/schemas/garage"
)

type (
	dayRow struct {
		garage   string
		startsAt time.Time // of the day, by the garage's clock
		day      time.Time // its date, in UTC
	}
	intervalRow struct {
		garage string
		garage.Interval
	}
)

var (
	garagesTable = table[garage.Profile]{"garages", []column[garage.Profile]{
		col("garage_id", func(p *garage.Profile) string { return p.ID }),
		col("name", func(p *garage.Profile) string { return p.Name }),
		col("time_zone", func(p *garage.Profile) string { return p.TimeZone }),
		col("language", func(p *garage.Profile) string { return p.Language }),
		col("currency", func(p *garage.Profile) string { return p.Currency }),
		col("answer_within", func(p *garage.Profile) int64 { return int64(p.Approval.AnswerWithin.Seconds()) }),
		col("call_after", func(p *garage.Profile) int64 { return int64(p.Approval.CallAfter.Seconds()) }),
	}}
	daysTable = table[dayRow]{"days", []column[dayRow]{
		col("garage_id", func(d *dayRow) string { return d.garage }),
		col("day", func(d *dayRow) time.Time { return d.day }),
		col("starts_at", func(d *dayRow) time.Time { return d.startsAt }),
	}}
	calendarTable = table[intervalRow]{"calendar", []column[intervalRow]{
		col("garage_id", func(i *intervalRow) string { return i.garage }),
		col("starts_at", func(i *intervalRow) time.Time { return i.Start }),
		col("ends_at", func(i *intervalRow) time.Time { return i.End }),
		col("before_micros", func(i *intervalRow) int64 { return i.Before.Microseconds() }),
	}}
)

// The time that the days and the calendar cover: from before the first repair to
// long after the next migration.
var (
	calendarFrom = time.Date(2020, time.January, 1, 0, 0, 0, 0, time.UTC)
	calendarTo   = time.Date(2045, time.January, 1, 0, 0, 0, 0, time.UTC)
)

// fillGarages rewrites the tables about garages, each of them atomically.
func fillGarages(ctx context.Context, conn driver.Conn, book *garage.Book) error {
	var days []*dayRow
	var intervals []*intervalRow
	for _, p := range book.Garages() {
		year, month, day := calendarFrom.In(p.Location()).Date()
		for i := 0; ; i++ {
			start := garage.DayBegins(p.Location(), year, month, day+i)
			if start.After(calendarTo) {
				break
			}
			days = append(days, &dayRow{p.ID, start.UTC(), time.Date(year, month, day+i, 0, 0, 0, 0, time.UTC)})
		}
		for _, in := range p.Calendar().Intervals(calendarFrom, calendarTo) {
			intervals = append(intervals, &intervalRow{p.ID, in})
		}
	}
	return firstError(
		func() error { return replace(ctx, conn, garagesTable, book.Garages()) },
		func() error { return replace(ctx, conn, daysTable, days) },
		func() error { return replace(ctx, conn, calendarTable, intervals) },
	)
}

// replace exchanges the rows of a table atomically, so that no query sees half of them.
func replace[R any](ctx context.Context, conn driver.Conn, t table[R], rows []*R) error {
	name := t.name
	next := name + "_next"
	t.name = next
	err := firstError(
		func() error { return conn.Exec(ctx, "DROP TABLE IF EXISTS "+next) },
		func() error { return conn.Exec(ctx, "CREATE TABLE "+next+" AS "+name) },
		func() error { return t.send(ctx, conn, rows) },
		func() error { return conn.Exec(ctx, "EXCHANGE TABLES "+name+" AND "+next) },
		func() error { return conn.Exec(ctx, "DROP TABLE "+next) },
	)
	if err != nil {
		return fmt.Errorf("rewrite %s: %w", name, err)
	}
	return nil
}

// firstError does one thing after another until one fails.
func firstError(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}
