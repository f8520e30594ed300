package clickhouse_test

import (
	"testing"

	"pitstop/deploy/embedded/enginetest"
	"pitstop/sinks/clickhouse"
	"pitstop/sinks/clickhouse/clickhousetest"
	"pitstop/sinks/clickhouse/query"
)

func TestMain(m *testing.M) { enginetest.Main(m) }

var (
	monday                     = clickhousetest.Monday
	sam, kim, desk, customer   = clickhousetest.Sam, clickhousetest.Kim, clickhousetest.Desk, clickhousetest.Customer
	must, wait                 = clickhousetest.Must, clickhousetest.Wait
	book, quiet, emptyDatabase = clickhousetest.Book, clickhousetest.Quiet, clickhousetest.Empty
)

// db is a migrated database, and a store on it.
type db struct {
	t testing.TB
	*clickhousetest.DB
	*query.Store
}

func newDB(t testing.TB) *db {
	t.Helper()
	return openDB(t, emptyDatabase(t))
}

func openDB(t testing.TB, c clickhouse.Config) *db {
	t.Helper()
	d := clickhousetest.Open(t, c)
	return &db{t, d, query.NewStore(d.Conn)}
}
