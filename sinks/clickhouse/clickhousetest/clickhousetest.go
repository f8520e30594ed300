// Package clickhousetest is what the tests of the tables share: a migrated database
// on the embedded engine, and stories of repairs to fill it with.
package clickhousetest

import (
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/go-cmp/cmp"

	"pitstop/deploy/embedded/enginetest"
	"pitstop/schemas/avro"
	"pitstop/schemas/garage"
	"pitstop/sinks/clickhouse"
)

// Quiet is a logger that discards everything.
var Quiet = slog.New(slog.DiscardHandler)

// Must fails the test at an error.
func Must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// DB is a migrated database, with connections to it and a codec for its records.
type DB struct {
	t      testing.TB
	Config clickhouse.Config
	Conn   driver.Conn
	Codec  *avro.Codec
}

// Empty returns a database without tables on the engine that the test's binary
// shares (enginetest.Main).
func Empty(t testing.TB) clickhouse.Config {
	t.Helper()
	return clickhouse.Config{DSN: enginetest.Database(t)}
}

// Open migrates a database and opens it.
func Open(t testing.TB, c clickhouse.Config) *DB {
	t.Helper()
	_, err := clickhouse.Migrate(t.Context(), c, Book(t), Quiet)
	Must(t, err)
	conn, err := c.Open()
	Must(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	codec, err := avro.NewCodec()
	Must(t, err)
	return &DB{t, c, conn, codec}
}

// Write puts records into the tables as the sink does.
func (d *DB) Write(records ...any) {
	d.t.Helper()
	Must(d.t, clickhouse.Insert(d.t.Context(), d.Conn, d.Codec, records...))
}

// Texts returns the first column of a query, which must be strings.
func Texts(t testing.TB, conn driver.Conn, sql string) ([]string, error) {
	t.Helper()
	rows, err := conn.Query(t.Context(), sql)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // Err says what there is to say
	texts := []string{}
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		texts = append(texts, text)
	}
	return texts, rows.Err()
}

var update = flag.Bool("update", false, "write the golden files")

// Golden compares text with a file in testdata.
func Golden(t testing.TB, file string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", file)
	if *update {
		Must(t, os.WriteFile(path, got, 0o644)) //nolint:gosec // everybody may read a file of the repository
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; -update writes it", err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got; -update writes it):\n%s", path, diff)
	}
}

// Book returns the garages brug, in Utrecht, and noord, in New York.
func Book(t testing.TB) *garage.Book {
	t.Helper()
	open := []garage.Hours{{Days: map[string]string{"mon-fri": "8:00-12:00, 13:00-17:00"}}}
	profile := func(id, zone string) garage.Profile {
		return garage.Profile{
			ID: id, Name: "Garage " + id, Address: "Dorpsstraat 1", City: "Utrecht", Phone: "+31301234567",
			ReplyTo: id + "@example.nl", TimeZone: zone, OpeningHours: open,
		}
	}
	b, err := garage.NewBook(profile("brug", "Europe/Amsterdam"), profile("noord", "America/New_York"))
	Must(t, err)
	return b
}
