package query

import (
	"testing"

	"pitstop/deploy/embedded/enginetest"
	"pitstop/sinks/clickhouse/clickhousetest"
)

func TestMain(m *testing.M) { enginetest.Main(m) }

type story = clickhousetest.Story

var (
	monday                   = clickhousetest.Monday
	sam, kim, desk, customer = clickhousetest.Sam, clickhousetest.Kim, clickhousetest.Desk, clickhousetest.Customer
	must, wait               = clickhousetest.Must, clickhousetest.Wait
)

// db is a migrated database, and a store on it.
type db struct {
	t testing.TB
	*clickhousetest.DB
	*Store
}

func newDB(t testing.TB) *db {
	t.Helper()
	d := clickhousetest.Open(t, clickhousetest.Empty(t))
	return &db{t, d, NewStore(d.Conn)}
}
