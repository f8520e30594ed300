// Package enginetest shares one ClickHouse engine among the tests of a package: each
// test has a database of its own.
package enginetest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"

	"pitstop/deploy/embedded"
)

// Main is the package's TestMain: the engine is a child of the test's own binary,
// and ends with the tests.
func Main(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == embedded.ChildCommand {
		os.Exit(embedded.RunChild(os.Args[2:]))
	}
	code := m.Run()
	if err := stop(); err != nil {
		fmt.Fprintln(os.Stderr, "stop the engine:", err)
		code = 1
	}
	os.Exit(code)
}

// stop undoes what the first Database has started.
var stop = func() error { return nil }

var start = sync.OnceValues(func() (*embedded.ClickHouse, error) {
	dir, err := os.MkdirTemp("", "pitstop-engine-")
	if err != nil {
		return nil, err
	}
	stop = func() error { return os.RemoveAll(dir) }
	quiet := slog.New(slog.DiscardHandler)
	data, err := embedded.Open(dir, quiet)
	if err != nil {
		return nil, err
	}
	stop = func() error { return errors.Join(data.Close(), os.RemoveAll(dir)) }
	e, err := embedded.StartClickHouse(context.Background(), data, embedded.ClickHouseOptions{Log: quiet})
	if err != nil {
		return nil, err
	}
	stop = func() error { return errors.Join(e.Stop(context.Background()), data.Close(), os.RemoveAll(dir)) }
	return e, nil
})

var databases atomic.Int32

// Database makes an empty database for a test and returns its DSN.
func Database(t testing.TB) (dsn string) {
	t.Helper()
	e, err := start()
	if err != nil {
		t.Fatal(err)
	}
	options, err := clickhouse.ParseDSN(e.DSN)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := clickhouse.Open(options)
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("test%d", databases.Add(1))
	if err := errors.Join(conn.Exec(t.Context(), "CREATE DATABASE "+name+" ENGINE = Atomic"), conn.Close()); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(e.DSN)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}
