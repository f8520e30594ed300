package dashboards_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"pitstop/dashboards"
	"pitstop/deploy/embedded"
	"pitstop/schemas/garage"
	sink "pitstop/sinks/clickhouse"
	"pitstop/sinks/clickhouse/access"
	"pitstop/sinks/clickhouse/query"
)

// A year of 200 garages.
const (
	scaleGarages = 200
	scaleRepairs = 1_070_000 // with 10 million events
)

// scaleStory is when everything of repair r happens, in seconds: a (asked), v
// (viewed), d (decided), m (the customer writes), p (a reply), c (completed).
const scaleStory = `
    {from:UInt64} + intDiv(number, 10) AS r,
    number % 10 + 1 AS s,
    sipHash64(r) AS h,
    substring(hex(sipHash128(r)), 1, 27) AS aggregate,
    concat('g', leftPad(toString(r % 200), 3, '0')) AS garage,
    concat('m', toString(h % 5)) AS mechanic,
    h % 5 != 0 AS quoted,
    toDateTime64({end:String}, 6, 'UTC') AS present,
    toDateTime64(toStartOfDay(present), 6, 'UTC') - toIntervalDay(intDiv(({repairs:UInt64} - 1 - r) * 365, {repairs:UInt64})) + toIntervalSecond(21600 + h % 28000) AS begins,
    1800 + intDiv(h, 7) % 3600 AS a,
    a + 90 + intDiv(h, 11) % 2400 AS v,
    v + 30 + intDiv(h, 13) % (if(h % 13 = 0, 90000, 4000)) AS d,
    d + 300 AS m,
    m + 60 + intDiv(h, 17) % 9000 AS p,
    p + 600 + intDiv(h, 19) % 9000 AS c,
    ['approved','partly_approved','rejected','expired','approved','approved','approved','rejected'][intDiv(h, 23) % 8 + 1] AS answer,
    h % 97 = 0 AS addressless,
    h % 101 = 0 AS refused,
    (t, x) -> concat(leftPad(lower(hex(toUInt32(t))), 8, '0'), hex(sipHash64(r, x))) AS ksuid`

// The generator: each statement fills a table for the repairs from {from} on.
var scaleTables = []string{
	`
INSERT INTO events (event_id, aggregate_id, garage_id, kind, occurred_at, actor_role, actor_id, data, sequence, state, side, revision,
    external_ref, plate, country, vehicle, customer_id, customer_name, customer_phone, amount, currency, decision, method, message_kind, text, ready_at, reason)
WITH ` + scaleStory + `
SELECT ksuid(at, s), aggregate, garage,
    ['RepairStarted','ApprovalRequested','QuoteViewed',if(answer = 'expired', 'QuoteExpired', 'QuoteDecided'),'MessagePosted','MessagePosted','ReadyTimeChanged','MessagePosted','RepairCompleted','VehicleCollected'][s] AS k,
    begins + toIntervalSecond([0, a, v, d, m, p, p + 60, p + 120, c, c + 5000][s]) AS at,
    if(s IN (3, 4, 5), 'customer', 'mechanic'), if(s IN (3, 4, 5), '', mechanic),
    concat('{"lines":"', repeat(hex(sipHash64(r, s)), if(s < 3, 12, 3)), '"}'), s,
    ['in_progress','awaiting_approval','','in_progress','','','','','completed','collected'][s], if(s IN (3, 4, 5), 'customer', 'staff'),
    if(s IN (2, 3, 4), 1, 0), if(s = 1, concat('WO-', toString(r)), ''), if(s = 1, substring(hex(h), 1, 6), ''), if(s = 1, 'NL', ''), if(s = 1, 'Volkswagen Golf', ''),
    if(s = 1, toString(h), ''), if(s = 1, concat('Naam ', hex(h)), ''), if(s = 1, '+31612345678', ''),
    multiIf(s = 1, 28900, s = 2, 38795, s = 4 AND answer = 'approved', 38795, s = 4 AND answer = 'partly_approved', 34800, s = 9, 60000, 0), if(s IN (1, 2, 9), 'EUR', ''),
    if(s = 4 AND answer != 'expired', answer, ''), if(s = 4 AND answer != 'expired', if(h % 9 = 0, 'phone', 'page'), ''), multiIf(s IN (5, 6), 'text', s = 8, 'note', ''), if(s IN (5, 6, 8), 'Hoe laat is mijn auto klaar?', ''),
    multiIf(s = 1 AND h % 10 != 0, begins + toIntervalHour(6), s = 7, begins + toIntervalHour(7), toDateTime64(0, 6, 'UTC')), if(s = 4 AND answer = 'rejected', ['price','later','elsewhere',''][h % 4 + 1], '')
FROM numbers({n:UInt64} * 10)
WHERE at <= present AND (quoted OR s NOT IN (2, 3, 4))`, `
INSERT INTO commands (event_id, aggregate_id, garage_id, kind, occurred_at, actor_role, actor_id, data)
SELECT concat(substring(event_id, 1, 8), hex(sipHash64(event_id, 'c'))), aggregate_id, garage_id, kind, occurred_at, actor_role, actor_id, data
FROM events
WHERE aggregate_id IN (SELECT substring(hex(sipHash128({from:UInt64} + number)), 1, 27) FROM numbers({n:UInt64}))`, `
INSERT INTO outcomes (event_id, aggregate_id, garage_id, kind, occurred_at, actor_role, causation_id, data, command, result, code, sequence)
SELECT concat(substring(event_id, 1, 8), hex(sipHash64(event_id, 'o'))), aggregate_id, garage_id, 'CommandOutcome', occurred_at, actor_role,
    concat(substring(event_id, 1, 8), hex(sipHash64(event_id, 'c'))), '{"code":"superseded"}', kind,
    if(sipHash64(event_id) % 20 = 0, 'refused', 'accepted'), if(sipHash64(event_id) % 20 = 0, 'superseded', ''), sequence
FROM events
WHERE aggregate_id IN (SELECT substring(hex(sipHash128({from:UInt64} + number)), 1, 27) FROM numbers({n:UInt64}))`, `
INSERT INTO notifications (event_id, aggregate_id, garage_id, kind, occurred_at, actor_role, data, notification_id, about, rests_on, revision,
    recipient_role, recipient_id, channel, attempt, reason)
WITH ` + scaleStory + `
SELECT ksuid(at, s + 100), aggregate, garage,
    multiIf(s = 8, 'CallTask', s = 3 AND d < a + 3600, 'NotificationSuppressed', s != 4 AND addressless, 'NotificationSuppressed', 'NotificationRequested') AS k,
    begins + toIntervalSecond([0, a, if(d < a + 3600, d, a + 3600), d, m, p, c, a + 7200, m, 0][s]) AS at,
    'system', concat('{"lines":"', repeat(hex(sipHash64(r, s)), 20), '"}'), if(k = 'CallTask', '', ksuid(at, s + 200)),
    ['repair_started','approval_required','approval_reminder','decision','message','message','repair_completed','','message',''][s], [1, 2, 2, 4, 5, 6, 9, 2, 5, 0][s], if(s IN (2, 3, 4, 8), 1, 0),
    if(s IN (4, 5), 'mechanic', if(s = 9, 'customer_service', 'customer')), if(s IN (4, 5), mechanic, ''), if(s = 8, '', 'email'), if(k = 'NotificationRequested', 1, 0),
    multiIf(k = 'CallTask', 'no_answer', k = 'NotificationSuppressed' AND s = 3, 'moment_passed', k = 'NotificationSuppressed', 'no_address', '')
FROM numbers({n:UInt64} * 10)
WHERE s < 10 AND at <= present AND (quoted OR s NOT IN (2, 3, 4, 8)) AND (s != 8 OR d > a + 7200)`, `
INSERT INTO deliveries (event_id, aggregate_id, garage_id, kind, occurred_at, actor_role, data, notification_id, about, rests_on, revision,
    recipient_role, recipient_id, channel, attempt, code)
SELECT concat(substring(event_id, 1, 8), hex(sipHash64(event_id))), aggregate_id, garage_id,
    multiIf(sipHash64(event_id) % 211 = 0, 'DeliveryFailed', sipHash64(event_id) % 50 = 0, 'DeliveryDeferred', 'DeliveryAccepted'),
    occurred_at + toIntervalMillisecond(400 + sipHash64(event_id) % 3000), 'system', '{"code":250}', notification_id, about, rests_on, revision, recipient_role, recipient_id, channel, 1, 250
FROM notifications
WHERE kind = 'NotificationRequested' AND aggregate_id IN (SELECT substring(hex(sipHash128({from:UInt64} + number)), 1, 27) FROM numbers({n:UInt64}))`, `
INSERT INTO latencies (latency_id, version, event_id, aggregate_id, garage_id, measure, started_at, ended_at, outcome, wall_micros, opening_micros,
    mechanic, revision, about, channel, amount, currency)
WITH ` + scaleStory + `,
    ['turnaround','customer_wait','approval','view','response','resume','staff_response','','',''] AS measures,
    begins + toIntervalSecond([0, a, a, a + 2, a + 2, d, m, 0, 0, 0][s]) AS starts,
    begins + toIntervalSecond([c, d, d, v, d, m + 100, p, 0, 0, 0][s]) AS ends,
    ['completed', answer, answer, if(h % 9 = 0, 'decided', 'viewed'), if(answer = 'expired', 'expired', 'decided'), 'resumed', 'replied', '', '', ''][s] AS how,
    ends <= present AS over,
    dateDiff('microsecond', starts, ends) AS took
SELECT ksuid(starts, s + 300), 1 + over, ksuid(starts, s + 400), aggregate, garage, measures[s], starts, if(over, ends, NULL), if(over, how, ''),
    if(over, took, 0), if(over, intDiv(took, 2), 0), mechanic, if(s IN (1, 7), 0, 1), '', if(s = 4, 'email', ''), if(s = 3, 38795, 0), if(s = 3, 'EUR', '')
FROM numbers({n:UInt64} * 10)
WHERE s <= 7 AND starts <= present AND (quoted OR s IN (1, 7)) AND (s != 6 OR answer != 'expired') AND (s NOT IN (4, 5) OR NOT (addressless OR refused))`, `
INSERT INTO latencies (latency_id, version, event_id, aggregate_id, garage_id, measure, started_at, ended_at, outcome, wall_micros, opening_micros,
    mechanic, revision, about, channel)
SELECT concat(notification_id, 'd'), 4, concat(notification_id, 'e'), aggregate_id, garage_id, 'delivery', occurred_at,
    occurred_at + toIntervalMillisecond(400 + sipHash64(event_id) % 3000), 'accepted', 1000 * (400 + sipHash64(event_id) % 3000), 1000 * (400 + sipHash64(event_id) % 3000),
    'm1', revision, about, 'email'
FROM notifications
WHERE kind = 'NotificationRequested' AND aggregate_id IN (SELECT substring(hex(sipHash128({from:UInt64} + number)), 1, 27) FROM numbers({n:UInt64}))`,
}

// TestScale times every panel on a year of 200 garages, which takes some minutes to
// make: PITSTOP_DASHBOARDS_SCALE names the folder to keep it in. It reads as the
// application does, and as Grafana does: through the views of the readers.
func TestScale(t *testing.T) {
	dir := os.Getenv("PITSTOP_DASHBOARDS_SCALE")
	if dir == "" {
		t.Skip("set PITSTOP_DASHBOARDS_SCALE to a folder")
	}
	profiles := make([]garage.Profile, scaleGarages)
	for i := range profiles {
		profiles[i] = garage.Profile{
			ID: fmt.Sprintf("g%03d", i), Name: fmt.Sprintf("Garage %d", i), Address: "Dorpsstraat 1", City: "Utrecht", Phone: "+31301234567",
			ReplyTo: "g@example.nl", TimeZone: "Europe/Amsterdam", OpeningHours: []garage.Hours{{Days: map[string]string{"mon-fri": "8:00-12:30, 13:00-17:30"}}},
		}
	}
	book, err := garage.NewBook(profiles...)
	must(t, err)
	data, err := embedded.Open(dir, quiet)
	must(t, err)
	t.Cleanup(func() { _ = data.Close() })
	readers := access.Readers{Secret: bytes.Repeat([]byte("k"), 32)}
	e, err := embedded.StartClickHouse(t.Context(), data, embedded.ClickHouseOptions{Log: quiet, Users: readers.UsersFile(embedded.User, embedded.Database, book)})
	must(t, err)
	t.Cleanup(func() { _ = e.Stop(context.WithoutCancel(t.Context())) })
	c := sink.Config{DSN: e.DSN}
	_, err = sink.Migrate(t.Context(), c, book, quiet)
	must(t, err)
	must(t, access.MigrateViews(t.Context(), c))
	db := open(t, c)
	db.generate(t)
	for _, table := range []string{"commands", "outcomes", "events", "notifications", "deliveries", "latencies", "repairs", "calendar", "days"} {
		_, rows, err := db.Select(t.Context(), "SELECT sum(rows), intDiv(sum(bytes_on_disk), 1000000), count() FROM system.parts WHERE active AND database = currentDatabase() AND table = '"+table+"'")
		must(t, err)
		t.Logf("%-14s %v rows, %v MB, %v parts", table, rows[0][0], rows[0][1], rows[0][2])
	}

	all := make([]string, scaleGarages)
	for i := range all {
		all[i] = fmt.Sprintf("g%03d", i)
	}
	reader := func(r access.Reader) database {
		dsn, err := r.DSN(c)
		must(t, err)
		restricted := open(t, sink.Config{DSN: dsn})
		restricted.Store = query.NewStore(bound{restricted.conn, t.Context()})
		return restricted
	}
	one, every := reader(readers.Of("g007")), reader(readers.Operator())
	year := chosen("g007")
	year.From = now.AddDate(-1, 0, 0)
	for _, p := range panels() {
		if only := os.Getenv("PITSTOP_DASHBOARDS_PANEL"); only != "" && !slices.Contains(strings.Split(only, ","), p.ID) {
			continue
		}
		line := fmt.Sprintf("| %s |", p.ID)
		for _, m := range []struct {
			db database
			c  dashboards.Choice
		}{{db, chosen("g007")}, {db, chosen(all...)}, {one, chosen("g007")}, {every, chosen(all...)}, {db, year}} {
			m.c.Repair = scaleRepair
			line += " " + m.db.timed(t, p, m.c) + " |"
		}
		t.Log(line)
	}
}

// scaleRepair is a repair of garage 7.
var scaleRepair = "" // read from the tables

func (d database) generate(t *testing.T) {
	t.Helper()
	_, rows, err := d.Select(t.Context(), "SELECT count() FROM events")
	must(t, err)
	if rows[0][0] == int64(0) {
		const step = 53_500
		for at := 0; at < scaleRepairs; at += step {
			for _, sql := range scaleTables {
				args := []any{
					clickhouse.Named("from", at), clickhouse.Named("n", step), clickhouse.Named("repairs", scaleRepairs),
					clickhouse.Named("end", now.Format("2006-01-02 15:04:05")),
				}
				must(t, d.conn.Exec(t.Context(), sql, args...))
			}
			t.Logf("%d repairs", at+step)
		}
		must(t, d.conn.Exec(t.Context(), "INSERT INTO freshness VALUES ('events', 0, ?)", now))
	}
	_, rows, err = d.Select(t.Context(), "SELECT max(repair_id) FROM conversations WHERE garage_id = 'g007' AND state = 'collected'")
	must(t, err)
	scaleRepair, _ = rows[0][0].(string)
}

// timed returns the first, the middle and the slowest of several runs, in milliseconds,
// and the least time that the server's processors took.
func (d database) timed(t *testing.T, p dashboards.Panel, c dashboards.Choice) string {
	t.Helper()
	var cpu time.Duration
	counting := clickhouse.Context(t.Context(), clickhouse.WithProfileEvents(func(events []clickhouse.ProfileEvent) {
		for _, e := range events {
			if e.Name == "UserTimeMicroseconds" || e.Name == "SystemTimeMicroseconds" {
				cpu += time.Duration(e.Value) * time.Microsecond
			}
		}
	}))
	var took, busy []time.Duration
	for range 5 {
		cpu = 0
		t0 := time.Now()
		rows, err := d.conn.Query(counting, dashboards.Expand(p.SQL, c))
		must(t, err)
		for rows.Next() { //nolint:revive // only how long it takes matters
		}
		must(t, rows.Err())
		must(t, rows.Close())
		took, busy = append(took, time.Since(t0)), append(busy, cpu)
	}
	first := took[0]
	slices.SortFunc(took, cmp.Compare)
	return fmt.Sprintf("%d / %d / %d (%d)", first.Milliseconds(), took[2].Milliseconds(), took[4].Milliseconds(), slices.Min(busy).Milliseconds())
}
