package access

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/go-cmp/cmp"

	"pitstop/dashboards"
	"pitstop/deploy/embedded"
	"pitstop/schemas/repair"
	sink "pitstop/sinks/clickhouse"
	"pitstop/sinks/clickhouse/clickhousetest"
)

var secretReaders = Readers{Secret: []byte("a secret of the tests, of 32 bytes")}

// guarded is an engine with the readers of the book, and records of both garages.
type guarded struct{ *clickhousetest.DB }

func newGuarded(t *testing.T) *guarded {
	t.Helper()
	g := &guarded{clickhousetest.Open(t, startEngine(t, secretReaders.UsersFile(embedded.User, embedded.Database, book(t))))}
	must(t, MigrateViews(t.Context(), g.Config))
	for _, id := range []string{"brug", "noord"} {
		for n := range 3 {
			s := g.Story(id, fmt.Sprintf("%s-%d", id, n))
			s.Start("12-ABC-3", "Jan").Ask(sam)
			g.Write(s.Records...)
		}
		// Rows where the stories leave none.
		for _, table := range []string{"notifications", "deliveries", "latencies", "dead_letters"} {
			column := "garage_id"
			if table == "dead_letters" {
				column = "topic"
			}
			must(t, g.Conn.Exec(t.Context(), fmt.Sprintf("INSERT INTO %s (%s) VALUES ('%s')", table, column, id)))
		}
	}
	return g
}

// as returns a connection of a reader.
func (g *guarded) as(t *testing.T, r Reader) driver.Conn {
	t.Helper()
	return g.open(t, r, func(*clickhouse.Options) {})
}

func (g *guarded) open(t *testing.T, r Reader, how func(*clickhouse.Options)) driver.Conn {
	t.Helper()
	dsn, err := r.DSN(g.Config)
	must(t, err)
	o, err := sink.Config{DSN: dsn}.Options()
	must(t, err)
	o.MaxOpenConns, o.MaxIdleConns = 1, 1
	how(o)
	conn, err := clickhouse.Open(o)
	must(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// TestReaders shares one engine among its subtests; the last two change it.
func TestReaders(t *testing.T) {
	g := newGuarded(t)
	for _, part := range []struct {
		name string
		test func(*testing.T, *guarded)
	}{
		{"get their own rows", testOwnRows},
		{"see nothing confidential", testConfidential},
		{"cannot escape", testNoEscape},
		{"are who they logged in as", testSpoofed},
		{"compute nothing of others' rows", testProbes},
		{"see nothing of others", testNothingOfOthers},
		{"get every panel", testPanels},
		{"log in as themselves", testLogins},
		{"compute nothing of others' keys", testKeys},
		{"read no other garage's part of a table", testPruned},
		{"are kept apart by each wall", testEachWall},
	} {
		t.Run(part.name, func(t *testing.T) { part.test(t, g) })
	}
}

// testOwnRows: a reader sees its own rows of every view; the program sees every row of
// the tables.
func testOwnRows(t *testing.T, g *guarded) {
	// Migrate again: the tables of the garages are replaced, and so are the views.
	_, err := sink.Migrate(t.Context(), g.Config, book(t), quiet)
	must(t, err)
	must(t, MigrateViews(t.Context(), g.Config))
	for _, table := range garageTables {
		got, err := texts(t, g.Conn, "SELECT DISTINCT toString(garage_id) AS g FROM "+table+" ORDER BY g")
		if diff := cmp.Diff([]string{"brug", "noord"}, got); err != nil || diff != "" {
			t.Errorf("the program sees in %s (-want +got) %v:\n%s", table, err, diff)
		}
	}
	for _, who := range []struct {
		reader Reader
		sees   []string
	}{
		{secretReaders.Of("brug"), []string{"brug"}},
		{secretReaders.Of("noord"), []string{"noord"}},
		{secretReaders.Operator(), []string{"brug", "noord"}},
	} {
		conn := g.as(t, who.reader)
		for _, v := range views {
			if v.common {
				if _, err := texts(t, conn, "SELECT topic FROM "+v.name); err != nil {
					t.Error(err)
				}
				continue
			}
			for _, from := range []string{
				v.name,
				v.name + " FINAL",
				v.name + " AS a CROSS JOIN garages AS b",
				"(SELECT garage_id FROM " + v.name + " UNION DISTINCT SELECT garage_id FROM " + v.name + ")",
				"view(SELECT garage_id FROM " + v.name + ")",
			} {
				got, err := texts(t, conn, "SELECT DISTINCT toString(garage_id) AS g FROM "+from+" ORDER BY g")
				if diff := cmp.Diff(who.sees, got); err != nil || diff != "" {
					t.Errorf("%s sees in %s (-want +got) %v:\n%s", who.reader.User, from, err, diff)
				}
			}
		}
	}
}

// testConfidential: managers are readers, also with SQL of their own. What staff wrote
// for themselves, and where a customer decided from, is in no row that they can read.
func testConfidential(t *testing.T, g *guarded) {
	s := g.Story("brug", "confidential").Start("12-ABC-4", "Jan").Ask(sam)
	s.Must(clickhousetest.Customer, &repair.DecideQuote{
		Revision: 1, Answers: []repair.Answer{{Line: 1, Answer: repair.Approve}, {Line: 2, Answer: repair.Approve}}, TotalSeen: 38795, Method: repair.ByPage,
		Evidence: s.Seal(&repair.Evidence{Name: "Jan", IP: "203.0.113.7", UserAgent: "Testfox/1.0"}),
	})
	s.Say(sam, repair.Note, "klinkt boos") // what the lists say last
	g.Write(s.Records...)
	count := func(conn driver.Conn, from string) string {
		rows, err := texts(t, conn, "SELECT toString(count()) FROM (SELECT toString(tuple(*)) AS row FROM "+from+
			") WHERE multiSearchAny(row, ['\\'note\\'', 'klinkt boos', '203.0.113.7', 'Testfox'])")
		must(t, err)
		return rows[0]
	}
	if count(g.Conn, "conversations") == "0" || count(g.Conn, "events") == "0" || count(g.Conn, "timeline") == "0" {
		t.Error("the program does not see what is confidential: this shows nothing")
	}
	for _, reader := range []Reader{secretReaders.Of("brug"), secretReaders.Operator()} {
		conn := g.as(t, reader)
		for _, v := range views {
			if n := count(conn, v.name); n != "0" {
				t.Errorf("%s sees %s rows of %s with what is confidential", reader.User, n, v.name)
			}
		}
	}
}

// testEachWall: each of the three layers protects alone. It removes the policy on the
// tables by a table without, the condition in the view by a view without, and the
// reader's policy on the views by a view of another name.
func testEachWall(t *testing.T, g *guarded) {
	where := viewStatements(embedded.Database)
	conditional := strings.NewReplacer("_readers`.waits", "_readers`.conditional", "`pitstop`.waits", "`pitstop`.unheld").Replace(where[len(where)-1])
	for _, sql := range []string{
		"CREATE TABLE pitstop.unheld ENGINE = MergeTree ORDER BY garage_id AS SELECT * FROM pitstop.waits",
		"CREATE VIEW pitstop_readers.onlyheld SQL SECURITY DEFINER AS SELECT * FROM pitstop.waits",
		conditional,
		"CREATE OR REPLACE VIEW pitstop_readers.waits SQL SECURITY DEFINER AS SELECT * FROM pitstop.unheld",
		"CREATE VIEW pitstop_readers.open SQL SECURITY DEFINER AS SELECT * FROM pitstop.unheld",
	} {
		must(t, g.Conn.Exec(t.Context(), sql))
	}
	for _, brug := range []asker{g.itself(t, secretReaders.Of("brug")), g.spoofed(t, secretReaders.Of("brug"))} {
		for view, want := range map[string][]string{
			"onlyheld":    {"brug"},
			"conditional": {"brug"},
			"waits":       {"brug"}, // by its policy
			"open":        {"brug", "noord"},
		} {
			var got []string
			err := brug.conn.QueryRow(brug.ctx(), "SELECT arraySort(groupUniqArray(toString(garage_id))) FROM "+view+" WHERE garage_id NOT LIKE 'g%'").Scan(&got)
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("%s%s (-want +got) %v:\n%s", brug.name, view, err, diff)
			}
		}
	}
}

// testPanels: a garage's dashboards show its reader what they show the program, and
// nothing of another garage.
func testPanels(t *testing.T, g *guarded) {
	s := g.Eventful()
	g.Write(s.Records...)
	reader := g.as(t, secretReaders.Of("brug"))
	rows := func(conn driver.Conn, panel dashboards.Panel, garage string) []string {
		t.Helper()
		sql := dashboards.Expand(panel.SQL, dashboards.Choice{
			Garages: []string{garage}, From: monday.AddDate(0, 0, -7), To: monday.AddDate(0, 0, 7),
			Now: monday.AddDate(0, 0, 7), Repair: s.ID,
		})
		got, err := texts(t, conn, "SELECT toString(tuple(*)) FROM ("+sql+")")
		if err != nil {
			t.Errorf("%s: %v", panel.ID, err)
		}
		return got
	}
	shown := 0
	for _, board := range dashboards.All {
		for _, panel := range board.Panels {
			if panel.SQL == "" {
				continue
			}
			want := rows(g.Conn, panel, "brug")
			shown += len(want)
			if diff := cmp.Diff(want, rows(reader, panel, "brug")); diff != "" {
				t.Errorf("%s (-program +reader):\n%s", panel.ID, diff)
			}
			if diff := cmp.Diff(rows(g.Conn, panel, "nobody"), rows(reader, panel, "noord")); diff != "" {
				t.Errorf("%s (-of no garage +of another):\n%s", panel.ID, diff)
			}
		}
	}
	if shown < 10 {
		t.Errorf("the panels have %d rows", shown)
	}
}

// testNothingOfOthers: no result holds a trace of another garage.
func testNothingOfOthers(t *testing.T, g *guarded) {
	conn := g.as(t, secretReaders.Of("brug"))
	none := []string{}
	for _, q := range []struct {
		sql  string
		want []string
	}{
		{"SELECT event_id FROM events WHERE garage_id = 'noord'", none},
		{"SELECT event_id FROM events FINAL WHERE garage_id = 'noord'", none},
		{"SELECT event_id FROM events FINAL WHERE garage_id != 'brug' SETTINGS apply_row_policy_after_final = 0, apply_prewhere_after_final = 1", none},
		{"SELECT event_id FROM events WHERE garage_id = 'noord' SETTINGS additional_table_filters = {'events': '1 OR garage_id = \\'noord\\''}", none},
		{"SELECT event_id FROM events WHERE garage_id = 'noord' SETTINGS use_query_condition_cache = 1, use_skip_indexes = 0, optimize_move_to_prewhere = 0, enable_analyzer = 0", none},
		// what would fail, or show, for another garage's row
		{"SELECT toString(throwIf(garage_id = 'noord')) FROM events LIMIT 1", []string{"0"}},
		{"SELECT toString(max(intDiv(1, garage_id != 'noord'))) FROM events", []string{"1"}},
		{"SELECT toString(countIf(garage_id = 'noord')) FROM events", []string{"0"}},
		{"SELECT toString(uniqExact(garage_id)) FROM events", []string{"1"}},
		{"SELECT toString(max(garage_id)) FROM events", []string{"brug"}}, // not from an index
		{"SELECT toString(count()) FROM garages", []string{"1"}},          // not from the part's header
		{"SELECT toString(count()) FROM garages SETTINGS optimize_trivial_count_query = 1", []string{"1"}},
		// what the catalogue shows
		{"SELECT name FROM system.databases", []string{"pitstop_readers"}},
		{"SELECT name FROM system.tables ORDER BY name", names(views)},
		{"SELECT name FROM system.tables WHERE total_rows IS NOT NULL OR uuid = toUUIDOrZero('') AND notEmpty(data_paths)", none},
		{"SELECT DISTINCT table FROM system.columns ORDER BY table", names(views)},
		{"SELECT currentUser()", []string{"pitstop_reader_brug"}},
	} {
		got, err := texts(t, conn, q.sql)
		if diff := cmp.Diff(q.want, got); err != nil || diff != "" {
			t.Errorf("%s (-want +got) %v:\n%s", q.sql, err, diff)
		}
	}
}

func names(views []readerView) []string {
	names := make([]string, len(views))
	for i, v := range views {
		names[i] = v.name
	}
	return names
}

func testLogins(t *testing.T, g *guarded) {
	other := Readers{Secret: []byte("another secret of the tests, 32 bytes")}
	for name, r := range map[string]Reader{
		"another secret":     other.Of("brug"),
		"another's password": {secretReaders.Of("brug").User, secretReaders.Of("noord").Password},
		"no password":        {secretReaders.Of("brug").User, ""},
		"no such garage":     secretReaders.Of("zuid"),
	} {
		if err := g.as(t, r).Ping(t.Context()); err == nil {
			t.Errorf("%s: logged in", name)
		}
	}
}

// testPruned: a policy must not make every query read every garage's rows.
func testPruned(t *testing.T, g *guarded) {
	must(t, g.Conn.Exec(t.Context(), "INSERT INTO latencies (latency_id, garage_id, measure) SELECT toString(number), concat('g', toString(intDiv(number, 10000))), 'view' FROM numbers(1000000)"))
	var read uint64
	ctx := clickhouse.Context(t.Context(), clickhouse.WithProgress(func(p *clickhouse.Progress) { read += p.Rows }))
	var n uint64
	must(t, g.as(t, secretReaders.Of("brug")).QueryRow(ctx, "SELECT count(latency_id) FROM waits").Scan(&n))
	if n != 1 || read > 30_000 {
		t.Errorf("%d rows, %d read for them", n, read)
	}
}
