package query

import (
	"context"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"pitstop/schemas/readmodel"
	"pitstop/schemas/repair"
)

// TestScale times the queries over many events: PITSTOP_SCALE repairs of ten events
// each, in 20 garages, one of which has half of them.
func TestScale(t *testing.T) {
	repairs, _ := strconv.Atoi(os.Getenv("PITSTOP_SCALE"))
	if repairs == 0 {
		t.Skip("set PITSTOP_SCALE to a number of repairs")
	}
	d := newDB(t)
	const step = 50_000
	t0 := time.Now()
	for from := 0; from < repairs; from += step {
		must(t, d.Conn.Exec(t.Context(), `
INSERT INTO events (event_id, aggregate_id, garage_id, kind, occurred_at, actor_role, actor_id, data, sequence, state, side,
    revision, external_ref, plate, customer_id, customer_name, amount, currency, message_kind, text)
WITH intDiv(number, 10) + {from:UInt64} AS r, number % 10 + 1 AS s,
    ['RepairStarted','MessagePosted','ApprovalRequested','QuoteViewed','MessagePosted','QuoteDecided','MessagePosted','ReadyTimeChanged','RepairCompleted','VehicleCollected'][s] AS k,
    if(r % 100 = 0, s <= 5, true) AS happened
SELECT hex(sipHash128(r, s)), substring(hex(sipHash128(r)), 1, 27), if(r % 2 = 0, 'g0', concat('g', toString(r % 19 + 1))), k,
    toDateTime64('2024-01-01 08:00:00', 6, 'UTC') + toIntervalSecond(r * 60 + s * 600), if(s IN (2, 5, 7), 'customer', 'mechanic'), if(s IN (2,5,7), '', concat('m', toString(r % 50))),
    concat('{"text":"', repeat(hex(sipHash64(r, s)), if(s IN (1,3), 40, 10)), '"}'), s,
    ['in_progress','','awaiting_approval','','','in_progress','','','completed','collected'][s], if(s IN (2,5,7), 'customer', 'staff'),
    if(s IN (3,4,6), 1, 0), if(s=1, concat('WO-', toString(r)), ''), if(s=1, upper(hex(r)), ''), if(s=1, toString(r), ''), if(s=1, concat('Naam ', hex(sipHash64(r))), ''),
    if(s=3, 38795, 0), if(s=3, 'EUR', ''), if(s IN (2,5,7), 'text', ''), if(s IN (2,5,7), 'Hoe laat is mijn auto klaar?', '')
FROM numbers({n:UInt64})
WHERE happened`, clickhouse.Named("from", from), clickhouse.Named("n", step*10)))
	}
	t.Logf("filled in %s", time.Since(t0))
	var rows, bytes uint64
	must(t, d.Conn.QueryRow(t.Context(), "SELECT sum(rows), sum(bytes_on_disk) FROM system.parts WHERE active AND database = currentDatabase() AND table = 'events'").Scan(&rows, &bytes))
	t.Logf("%d events, %d MB", rows, bytes>>20)

	all := []string{"g0", "g1", "g2", "g3"}
	var first readmodel.Page[readmodel.RepairItem]
	// The server's CPU time is measured, not wall time: the machine may be busy.
	ctx, cpu := t.Context(), time.Duration(0)
	counting := clickhouse.Context(ctx, clickhouse.WithProfileEvents(func(events []clickhouse.ProfileEvent) {
		for _, e := range events {
			if e.Name == "UserTimeMicroseconds" || e.Name == "SystemTimeMicroseconds" {
				cpu += time.Duration(e.Value) * time.Microsecond
			}
		}
	}))
	timed := func(name string, f func(context.Context) error) {
		var best, bestCPU time.Duration
		for i := range 5 {
			cpu = 0
			t0 := time.Now()
			must(t, f(counting))
			if d := time.Since(t0); i == 0 || d < best {
				best = d
			}
			if i == 0 || cpu < bestCPU {
				bestCPU = cpu
			}
		}
		t.Logf("%-32s %s, %s of CPU", name, best.Round(10*time.Microsecond), bestCPU.Round(10*time.Microsecond))
	}
	timed("repairs, half of all", func(ctx context.Context) (err error) {
		first, err = d.Repairs(ctx, readmodel.RepairFilter{Garages: []string{"g0"}})
		return err
	})
	timed("repairs, one small garage", func(ctx context.Context) error {
		_, err := d.Repairs(ctx, readmodel.RepairFilter{Garages: []string{"g3"}})
		return err
	})
	for _, f := range []readmodel.ConversationFilter{
		{Garages: []string{"g0"}},
		{Garages: []string{"g3"}},
		{Garages: all, Filter: "needs-reply"},
		{Garages: all, Filter: "waiting"},
		{Garages: all, Query: "AB1"},
		{Garages: all, Query: "naam 7f"},
		{Garages: all, Sort: "recent"},
	} {
		timed("conversations "+f.Filter+f.Query+f.Sort+" "+f.Garages[0], func(ctx context.Context) error {
			p, err := d.Conversations(ctx, f)
			_ = p
			return err
		})
	}
	id := first.Items[3].RepairID
	timed("as of", func(ctx context.Context) error { _, err := d.AsOf(ctx); return err })
	timed("select 1", func(ctx context.Context) error { return d.Conn.Exec(ctx, "SELECT 1") })
	timed("sequence", func(ctx context.Context) error { _, err := d.Sequence(ctx, id); return err })
	timed("timeline", func(ctx context.Context) error {
		_, err := d.Timeline(ctx, readmodel.SightOf(all, repair.CustomerService), id)
		return err
	})
	timed("repair", func(ctx context.Context) error {
		_, err := d.Repair(ctx, readmodel.SightOf(all, repair.CustomerService), id)
		return err
	})
	timed("outcome", func(ctx context.Context) error { _, err := d.Outcome(ctx, "x"); _ = err; return nil })
	must(t, each(t.Context(), d.Conn, "EXPLAIN indexes = 1 "+sequenceSQL, []any{clickhouse.Named("id", id)}, func(r driver.Rows) error {
		var s string
		err := r.Scan(&s)
		t.Log(s)
		return err
	}))
}
