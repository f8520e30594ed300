package dashboards_test

import (
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/go-cmp/cmp"

	"pitstop/deploy/embedded/enginetest"
	"pitstop/schemas/garage"
	"pitstop/sinks/clickhouse"
	"pitstop/sinks/clickhouse/query"
)

var (
	update = flag.Bool("update", false, "write the generated files")
	quiet  = slog.New(slog.DiscardHandler)
)

func TestMain(m *testing.M) { enginetest.Main(m) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// database is a database of its own for a test, migrated for the garages.
type database struct {
	conn driver.Conn
	*query.Store
}

func newDatabase(t testing.TB, book *garage.Book) database {
	t.Helper()
	c := clickhouse.Config{DSN: enginetest.Database(t)}
	_, err := clickhouse.Migrate(t.Context(), c, book, quiet)
	must(t, err)
	return open(t, c)
}

func open(t testing.TB, c clickhouse.Config) database {
	t.Helper()
	conn, err := c.Open()
	must(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return database{conn, query.NewStore(conn)}
}

// golden compares with a file, or writes it.
func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(t, os.WriteFile(path, got, 0o644))
		return
	}
	want, err := os.ReadFile(path)
	must(t, err)
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-there +should be; -update writes it):\n%s", path, diff)
	}
}
