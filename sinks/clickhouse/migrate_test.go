package clickhouse_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pitstop/schemas/repair"
	"pitstop/sinks/clickhouse"
	"pitstop/sinks/clickhouse/access"
	"pitstop/sinks/clickhouse/clickhousetest"
)

// schema returns the CREATE statements of every table of the database, separated by
// lines of "--".
func schema(t *testing.T, c clickhouse.Config) string {
	t.Helper()
	conn, err := c.Open()
	must(t, err)
	defer conn.Close()
	statements, err := clickhousetest.Texts(t, conn, `
SELECT create_table_query FROM system.tables
WHERE database = currentDatabase() AND name NOT LIKE '.%'
ORDER BY engine IN ('View', 'MaterializedView'), name`)
	must(t, err)
	// A dump must not name this test's database.
	text := strings.Join(statements, "\n--\n") + "\n"
	name := database(t, c)
	return strings.NewReplacer("`"+name+"`.", "", name+".", "").Replace(text)
}

func database(t *testing.T, c clickhouse.Config) string {
	t.Helper()
	o, err := c.Options()
	must(t, err)
	return o.Auth.Database
}

// versions returns the numbers of the migrations.
func versions(t *testing.T) []int {
	t.Helper()
	files, err := filepath.Glob("migrations/*.sql")
	must(t, err)
	var numbers []int
	for i, f := range files {
		if want := fmt.Sprintf("migrations/%04d_", i+1); !strings.HasPrefix(f, want) {
			t.Fatalf("%s is not numbered %s: numbers have no gaps", f, want)
		}
		numbers = append(numbers, i+1)
	}
	return numbers
}

// TestMigrateFromEveryVersion migrates the tables of every earlier version
// (testdata/versions) to those of today. A new migration needs a dump of its own:
// -update writes it. Never change the others.
func TestMigrateFromEveryVersion(t *testing.T) {
	fresh := emptyDatabase(t)
	steps, err := clickhouse.Migrate(t.Context(), fresh, book(t), quiet)
	must(t, err)
	all := versions(t)
	if steps != len(all) {
		t.Errorf("from nothing it takes %d steps, want %d", steps, len(all))
	}
	want := schema(t, fresh)
	clickhousetest.Golden(t, fmt.Sprintf("versions/%04d.sql", len(all)), []byte(want))
	if steps, err := clickhouse.Migrate(t.Context(), fresh, book(t), quiet); steps != 0 || err != nil {
		t.Errorf("a second run takes %d steps, %v", steps, err)
	}
	for _, version := range all {
		t.Run(fmt.Sprintf("%04d", version), func(t *testing.T) {
			c := emptyDatabase(t)
			load(t, c, version)
			steps, err := clickhouse.Migrate(t.Context(), c, book(t), quiet)
			must(t, err)
			if steps != len(all)-version {
				t.Errorf("it takes %d steps, want %d", steps, len(all)-version)
			}
			if diff := cmp.Diff(want, schema(t, c)); diff != "" {
				t.Errorf("tables (-from nothing +from version %d):\n%s", version, diff)
			}
		})
	}
}

// load creates the tables of a version, and records that version.
func load(t *testing.T, c clickhouse.Config, version int) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "versions", fmt.Sprintf("%04d.sql", version)))
	must(t, err)
	conn, err := c.Open()
	must(t, err)
	defer conn.Close()
	for _, statement := range strings.Split(string(text), "\n--\n") {
		must(t, conn.Exec(t.Context(), statement))
	}
	for v := range version + 1 { // from 0, as goose does
		must(t, conn.Exec(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (?, 1)", v))
	}
}

// TestMigrateReadsOldRows writes events to the tables of the first version: later
// versions derive the same from them as from events written afterwards.
func TestMigrateReadsOldRows(t *testing.T) {
	fresh := newDB(t)
	s := fresh.Story("brug", "1").Start("K482TR", "J. de Vries").Ask(sam)
	lease := repair.Contact{Personal: s.Seal(&repair.ContactDetails{Name: "Lease BV", Phone: "+31201234567"})}
	s.Must(sam, &repair.ChangeReadyTime{ReadyAt: monday.Add(9 * time.Hour)})
	s.Must(desk, &repair.CorrectContact{Party: repair.TheApprover, Contact: lease})
	s.Decide(customer, repair.ByPage, repair.Approve, repair.Reject)
	fresh.Write(s.Records...)

	t.Run("from before", func(t *testing.T) {
		c := emptyDatabase(t)
		load(t, c, 1)
		conn, err := c.Open()
		must(t, err)
		defer conn.Close()
		var columns string
		must(t, conn.QueryRow(t.Context(), `
			SELECT arrayStringConcat(groupArray(name), ', ') FROM system.columns
			WHERE database = currentDatabase() AND table = 'events'`).Scan(&columns))
		must(t, conn.Exec(t.Context(), fmt.Sprintf("INSERT INTO events (%[1]s) SELECT %[1]s FROM %[2]s.events", columns, database(t, fresh.Config))))
		old := openDB(t, c)
		const gathered = "SELECT promised_at, approver_name, approver_phone, toString(decisions) AS decisions FROM conversations"
		_, want, err := fresh.Select(t.Context(), gathered)
		must(t, err)
		_, got, err := old.Select(t.Context(), gathered)
		must(t, err)
		if diff := cmp.Diff(want, got); diff != "" || len(want) != 1 || want[0][2] != "+31201234567" {
			t.Errorf("%v (-as it comes +from before):\n%s", want, diff)
		}
	})
}

func TestMigrateGoesOnWhereItWasCut(t *testing.T) {
	c := emptyDatabase(t)
	conn, err := c.Open()
	must(t, err)
	defer conn.Close()
	// The first statement was executed, but the version not recorded.
	text, err := os.ReadFile("migrations/0001_tables.sql")
	must(t, err)
	_, rest, _ := strings.Cut(string(text), "CREATE TABLE")
	first, _, _ := strings.Cut(rest, ";")
	must(t, conn.Exec(t.Context(), "CREATE TABLE"+first))
	if steps, err := clickhouse.Migrate(t.Context(), c, book(t), quiet); steps != len(versions(t)) || err != nil {
		t.Errorf("%d steps, %v", steps, err)
	}
}

func TestMigrateWithoutADatabase(t *testing.T) {
	c := emptyDatabase(t)
	c.DSN += "_missing"
	_, err := clickhouse.Migrate(t.Context(), c, book(t), quiet)
	if err == nil || !strings.Contains(err.Error(), "CREATE DATABASE "+database(t, c)) {
		t.Errorf("it says %v, not what to do", err)
	}
}

func TestConfigIsChecked(t *testing.T) {
	ca := filepath.Join(t.TempDir(), "ca.pem")
	must(t, os.WriteFile(ca, []byte("no certificate"), 0o600))
	for _, tc := range []struct {
		config clickhouse.Config
		want   []string // empty: it is right
	}{
		{clickhouse.Config{DSN: "clickhouse://u:secret@host:9000/pitstop"}, nil},
		{clickhouse.Config{DSN: "clickhouse://u:secret@a:9440,b:9440/pitstop?secure=true"}, nil},
		{clickhouse.Config{}, []string{"--clickhouse"}},
		{clickhouse.Config{DSN: "http://host/pitstop"}, []string{"--clickhouse"}},
		{clickhouse.Config{DSN: "clickhouse://u:secret@host:90:00/pitstop"}, []string{"--clickhouse"}},
		{clickhouse.Config{DSN: "clickhouse://u:secret@host:9000/pitstop?dial_timeout=secret"}, []string{"dial"}},
		{clickhouse.Config{DSN: "clickhouse://host:9000/pitstop?username=u"}, []string{"username", "--clickhouse"}},
		{clickhouse.Config{DSN: "clickhouse://x@host:9000/pitstop?password=u:secret&secure=true"}, []string{"password"}},
		{clickhouse.Config{DSN: "clickhouse://u:secret@host:9000/pitstop?database=other"}, []string{"database after"}},
		{clickhouse.Config{DSN: "clickhouse://u:secret@host:9000", CA: ca}, []string{"database", "?secure=true"}},
		{clickhouse.Config{DSN: "clickhouse://u:secret@host:9000?secure=true", CA: ca}, []string{"database", "no certificate"}},
	} {
		err := tc.config.Validate()
		if (err != nil) != (tc.want != nil) {
			t.Errorf("%+v: %v", tc.config, err)
		}
		for _, w := range tc.want {
			if !strings.Contains(fmt.Sprint(err), w) {
				t.Errorf("%+v: %v does not say %q", tc.config, err, w)
			}
		}
		if strings.Contains(fmt.Sprint(err), "u:secret") {
			t.Errorf("the error tells the password: %v", err)
		}
		if dsn, err := (access.Reader{User: "r", Password: "p"}).DSN(tc.config); (err != nil) != (tc.want != nil) || strings.Contains(dsn, "secret") {
			t.Errorf("%+v as a reader is %s, %v", tc.config, dsn, err)
		}
	}
}
