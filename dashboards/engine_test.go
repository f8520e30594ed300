package dashboards_test

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/go-cmp/cmp"

	"pitstop/deploy/embedded"
	"pitstop/schemas/garage"
	"pitstop/sinks/clickhouse"
)

var (
	update = flag.Bool("update", false, "write the generated files")
	quiet  = slog.New(slog.DiscardHandler)
	atExit []func() // run backwards
	// databases counts those that were made.
	databases atomic.Int32
)

// engine is the ClickHouse that the tests share, each with a database of its own.
var engine = sync.OnceValues(func() (*embedded.ClickHouse, error) {
	dir, err := os.MkdirTemp("", "pitstop-dashboards-")
	if err != nil {
		return nil, err
	}
	atExit = append(atExit, func() { _ = os.RemoveAll(dir) })
	data, err := embedded.Open(dir, quiet)
	if err != nil {
		return nil, err
	}
	e, err := embedded.StartClickHouse(context.Background(), data, embedded.ClickHouseOptions{Log: quiet})
	if err != nil {
		return nil, err
	}
	atExit = append(atExit, func() { _ = data.Close() }, func() { _ = e.Stop(context.Background()) })
	return e, nil
})

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == embedded.ChildCommand {
		os.Exit(embedded.RunChild(os.Args[2:]))
	}
	code := m.Run()
	for i := len(atExit) - 1; i >= 0; i-- {
		atExit[i]()
	}
	os.Exit(code)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// database is a database of its own for a test, migrated for the garages.
type database struct {
	conn driver.Conn
	*clickhouse.Store
}

func newDatabase(t testing.TB, book *garage.Book) database {
	t.Helper()
	e, err := engine()
	must(t, err)
	name := fmt.Sprintf("test%d", databases.Add(1))
	admin, err := clickhouse.Config{DSN: e.DSN}.Open()
	must(t, err)
	defer admin.Close()
	must(t, admin.Exec(t.Context(), fmt.Sprintf("CREATE DATABASE `%s` ENGINE = Atomic", name)))
	u, err := url.Parse(e.DSN)
	must(t, err)
	u.Path = "/" + name
	c := clickhouse.Config{DSN: u.String()}
	_, err = clickhouse.Migrate(t.Context(), c, book, quiet)
	must(t, err)
	return open(t, c)
}

func open(t testing.TB, c clickhouse.Config) database {
	t.Helper()
	conn, err := c.Open()
	must(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return database{conn, clickhouse.NewStore(conn)}
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
