package clickhouse_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	sink "pitstop/sinks/clickhouse"
)

// TestSQLComputesOpeningTime checks the calendar table, by the query that
// dashboards use, against the garage's calendar.
func TestSQLComputesOpeningTime(t *testing.T) {
	d := newDB(t)
	const opening = `
SELECT sum(if(b, 1, -1) * (c.before_micros + dateDiff('microsecond', c.starts_at, least(at, c.ends_at))))
FROM (SELECT {garage:String} AS garage_id, toBool(number) AS b, if(b, {b:DateTime64(6, 'UTC')}, {a:DateTime64(6, 'UTC')}) AS at FROM numbers(2)) AS q
ASOF JOIN calendar AS c ON c.garage_id = q.garage_id AND c.starts_at <= q.at`
	random := rand.New(rand.NewPCG(1, 2))
	for _, p := range book(t).Garages() {
		for range 20 {
			a := monday.Add(time.Duration(random.Int64N(int64(300 * 24 * time.Hour)))).Truncate(time.Microsecond)
			b := a.Add(time.Duration(random.Int64N(int64(90 * 24 * time.Hour)))).Truncate(time.Microsecond)
			var micros int64
			must(t, d.Conn.QueryRow(t.Context(), opening, clickhouse.Named("garage", p.ID),
				clickhouse.Named("a", a), clickhouse.Named("b", b)).Scan(&micros))
			if want := p.Calendar().Open(a, b).Microseconds(); micros != want {
				t.Errorf("%s from %s to %s: SQL says %d µs open, the calendar %d", p.ID, a, b, micros, want)
			}
		}
	}
}

// TestGaragesAreRewritten migrates again: the rows are replaced, not added to.
func TestGaragesAreRewritten(t *testing.T) {
	d := newDB(t)
	count := func() (garages, days, intervals uint64) {
		must(t, d.Conn.QueryRow(t.Context(), "SELECT (SELECT count() FROM garages), (SELECT count() FROM days), (SELECT count() FROM calendar)").
			Scan(&garages, &days, &intervals))
		return garages, days, intervals
	}
	g, n, i := count()
	steps, err := sink.Migrate(t.Context(), d.Config, book(t), quiet)
	must(t, err)
	if g2, n2, i2 := count(); steps != 0 || g2 != g || n2 != n || i2 != i {
		t.Errorf("a second run takes %d steps and leaves %d, %d, %d rows instead of %d, %d, %d", steps, g2, n2, i2, g, n, i)
	}
	if g != 2 || n != 2*9133 || i == 0 {
		t.Errorf("%d garages with %d days (and %d intervals)", g, n, i)
	}
}
