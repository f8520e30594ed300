package access

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"regexp"
	"strings"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/go-cmp/cmp"
)

// An asker runs queries over a reader's connection.
type asker struct {
	name string // prefix of a query in failures
	conn driver.Conn
	ctx  func() context.Context // of one query
}

func (g *guarded) itself(t *testing.T, r Reader) asker {
	t.Helper()
	return asker{"", g.as(t, r), t.Context}
}

// spoofed claims with each query that another server sends it, for another user.
func (g *guarded) spoofed(t *testing.T, r Reader) asker {
	t.Helper()
	conn := g.open(t, r, func(o *clickhouse.Options) {
		o.DialContext = func(ctx context.Context, addr string) (net.Conn, error) {
			conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
			return spoofer{conn}, err
		}
	})
	return asker{"as nobody: ", conn, func() context.Context {
		return clickhouse.Context(t.Context(), clickhouse.WithQueryID("spoofed"+rand.Text())) // the query before may still be ending
	}}
}

// spoofer rewrites the start of spoofed queries: the packet's kind, the query's id and
// kind, and the initial user, as length-prefixed strings.
type spoofer struct{ net.Conn }

var (
	initialQuery   = regexp.MustCompile("\x01(.spoofed[A-Z2-7]{26})\x01\x00")
	secondaryQuery = []byte("\x01${1}\x02\x06nobody")
)

func (s spoofer) Write(b []byte) (int, error) {
	if _, err := s.Conn.Write(initialQuery.ReplaceAll(b, secondaryQuery)); err != nil {
		return 0, err
	}
	return len(b), nil
}

// testSpoofed: the user who logged in counts, not the initial user of a query.
func testSpoofed(t *testing.T, g *guarded) {
	brug := g.spoofed(t, secretReaders.Of("brug"))
	var current, authenticated string
	must(t, brug.conn.QueryRow(brug.ctx(), "SELECT currentUser(), authenticatedUser()").Scan(&current, &authenticated))
	if current != "nobody" || authenticated != "pitstop_reader_brug" {
		t.Fatalf("it is %q, and logged in as %q: the test spoofs nothing", current, authenticated)
	}
	for _, view := range garageViews() {
		var garages []string
		err := brug.conn.QueryRow(brug.ctx(), "SELECT arraySort(groupUniqArray(toString(garage_id))) FROM "+view).Scan(&garages)
		if diff := cmp.Diff([]string{"brug"}, garages); err != nil || diff != "" {
			t.Errorf("%s (-want +got) %v:\n%s", view, err, diff)
		}
	}
}

// Conditions that fail on another garage's row, and say so: no reader may see
// "leak". The first needs no setting.
var tellTales = []string{
	"toInt64(if(garage_id = 'brug', '0', 'leak ' || garage_id)) = 0",
	"throwIf(garage_id != 'brug', 'leak') = 0",
	"NOT ignore(throwIf(garage_id = 'noord', 'leak'))",
}

// Settings that move conditions, or decide which part of one is evaluated for which rows.
var movers = []string{
	"max_threads = 2",
	"short_circuit_function_evaluation = 'disable'",
	"short_circuit_function_evaluation = 'force_enable'",
	"enable_analyzer = 0",
	"enable_analyzer = 0, short_circuit_function_evaluation = 'disable'",
	"enable_analyzer = 0, enable_optimize_predicate_expression = 0",
	"enable_analyzer = 0, optimize_move_to_prewhere = 0",
	"optimize_move_to_prewhere = 0",
	"optimize_move_to_prewhere_if_final = 1",
	"move_all_conditions_to_prewhere = 1, allow_reorder_prewhere_conditions = 0",
	"enable_multiple_prewhere_read_steps = 0",
	"query_plan_optimize_prewhere = 0",
	"query_plan_enable_optimizations = 0",
	"query_plan_filter_push_down = 0",
	"query_plan_merge_filters = 0, query_plan_split_filter = 0",
	"query_plan_merge_filters = 1, short_circuit_function_evaluation = 'disable'",
	"query_plan_execute_functions_after_sorting = 0",
	"query_plan_optimize_lazy_materialization = 0",
	"final = 1",
	"apply_prewhere_after_final = 1",
	"apply_row_policy_after_final = 1",
	"apply_row_policy_after_final = 1, optimize_move_to_prewhere_if_final = 1",
	"apply_row_policy_after_final = 1, apply_prewhere_after_final = 1",
	"use_query_condition_cache = 0, use_skip_indexes = 0",
	"compile_expressions = 1, min_count_to_compile_expression = 0",
	"read_in_order_use_virtual_row = 1",
}

// Where else in a query a condition may stand: %[1]s is a view, %[2]s the condition.
var places = []string{
	"SELECT max(%[2]s) FROM %[1]s",
	"SELECT * FROM %[1]s ORDER BY %[2]s LIMIT 1",
	"SELECT * FROM %[1]s ORDER BY garage_id, %[2]s LIMIT 1 SETTINGS read_in_order_use_virtual_row = 1",
	"SELECT count() FROM %[1]s GROUP BY %[2]s",
	"SELECT count() FROM %[1]s GROUP BY garage_id HAVING %[2]s",
	"SELECT count() OVER (PARTITION BY %[2]s) FROM %[1]s",
	"SELECT * FROM %[1]s QUALIFY %[2]s",
	"SELECT * FROM %[1]s LIMIT 1 BY %[2]s",
	"SELECT count() FROM %[1]s ARRAY JOIN [%[2]s] AS x",
	"SELECT count() FROM %[1]s FINAL WHERE %[2]s",
	"SELECT count() FROM %[1]s WHERE garage_id = 'zuid' OR %[2]s",
	"SELECT count() FROM %[1]s JOIN (SELECT 'brug' AS b) AS one ON b = garage_id AND %[2]s",
	"SELECT count() FROM (SELECT garage_id FROM %[1]s UNION ALL SELECT garage_id FROM %[1]s) WHERE %[2]s",
	"SELECT count() FROM garages WHERE garage_id IN (SELECT garage_id FROM %[1]s WHERE %[2]s)",
}

// testProbes: no condition of a reader is ever evaluated for another garage's row.
func testProbes(t *testing.T, g *guarded) {
	// Where such rows are visible, the conditions do fail.
	operator := g.as(t, secretReaders.Operator())
	for _, view := range garageViews() {
		for _, c := range tellTales {
			err := operator.Exec(t.Context(), fmt.Sprintf("SELECT count() FROM %s WHERE %s", view, c))
			if err == nil || !strings.Contains(err.Error(), "leak") {
				t.Errorf("%s WHERE %s does not tell: %v", view, c, err)
			}
		}
	}

	brug := g.as(t, secretReaders.Of("brug"))
	probe := func(sql string) {
		t.Helper()
		if err := brug.Exec(t.Context(), sql); err != nil {
			t.Errorf("%s: %v", sql, err)
		}
	}
	for _, view := range garageViews() {
		for _, c := range tellTales {
			for _, s := range movers {
				probe(fmt.Sprintf("SELECT count() FROM %s WHERE %s SETTINGS %s", view, c, s))
			}
			for _, q := range places {
				probe(fmt.Sprintf(q, view, c))
			}
		}
		for _, name := range append(tableNames("pitstop", garageTables), tableNames("pitstop_readers", garageViews())...) {
			for analyzer := range 2 {
				probe(fmt.Sprintf("SELECT garage_id FROM %s SETTINGS enable_analyzer = %d, additional_table_filters = {'%s': '%s'}",
					view, analyzer, name, strings.ReplaceAll(tellTales[0], "'", `\'`)))
			}
		}
	}
}

// testKeys: nor is a condition evaluated for another garage's key while the engine
// prunes by the index. Times from 2167 on, which noord alone has, are too late for
// these conditions.
func testKeys(t *testing.T, g *guarded) {
	must(t, g.Conn.Exec(t.Context(), `
		INSERT INTO notifications (event_id, garage_id, occurred_at)
		SELECT 'late' || toString(number), 'noord', toDateTime64('2200-01-01 00:00:00', 6, 'UTC') + toIntervalSecond(number) FROM numbers(5000)`))
	brug, operator := g.as(t, secretReaders.Of("brug")), g.as(t, secretReaders.Operator())
	for _, c := range []string{
		"toDateTime64(occurred_at + 3000000000, 9) > '2024-01-01'",
		"occurred_at + toIntervalSecond(3000000000) > toDateTime64('2024-01-01 00:00:00', 9)",
		"toUnixTimestamp64Nano(date_add(YEAR, 95, occurred_at)) > 1",
		"toStartOfInterval(occurred_at + 3000000000, INTERVAL 1 NANOSECOND) > '2024-01-01'",
	} {
		for _, view := range []string{"notices", "notifications"} {
			sql := "SELECT count() FROM " + view + " WHERE " + c
			if err := brug.Exec(t.Context(), sql); err != nil {
				t.Errorf("%s: %v", sql, err)
			}
			if err := operator.Exec(t.Context(), sql); err == nil {
				t.Errorf("%s does not tell", sql)
			}
		}
	}
}

func tableNames(database string, tables []string) []string {
	names := make([]string, len(tables))
	for i, table := range tables {
		names[i] = database + "." + table
	}
	return names
}
