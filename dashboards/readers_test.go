package dashboards_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/go-cmp/cmp"

	"pitstop/dashboards"
	"pitstop/deploy/embedded"
	"pitstop/sinks/clickhouse"
	"pitstop/sinks/clickhouse/access"
	"pitstop/sinks/clickhouse/query"
)

// A garage's reader can run every panel and alert, and gets only that garage's rows
// whichever garages are asked for; the operator's gets everything.
func TestReaders(t *testing.T) {
	readers := access.Readers{Secret: bytes.Repeat([]byte("k"), 32)}
	book, dir := garages(t), t.TempDir()
	data, err := embedded.Open(dir, quiet)
	must(t, err)
	t.Cleanup(func() { _ = data.Close() })
	e, err := embedded.StartClickHouse(t.Context(), data, embedded.ClickHouseOptions{Log: quiet, Users: readers.UsersFile(embedded.User, embedded.Database, book)})
	must(t, err)
	t.Cleanup(func() { _ = e.Stop(context.WithoutCancel(t.Context())) })
	c := clickhouse.Config{DSN: e.DSN}
	_, err = clickhouse.Migrate(t.Context(), c, book, quiet)
	must(t, err)
	must(t, access.MigrateViews(t.Context(), c))
	all := fill(t, open(t, c))
	for _, as := range []struct {
		reader  access.Reader
		garages []string
	}{{readers.Of("brug"), []string{"brug"}}, {readers.Of("leeg"), []string{"leeg"}}, {readers.Operator(), []string{"brug", "oost"}}} {
		t.Run(as.reader.User, func(t *testing.T) {
			dsn, err := as.reader.DSN(c)
			must(t, err)
			restricted := open(t, clickhouse.Config{DSN: dsn})
			restricted.Store = query.NewStore(bound{restricted.conn, t.Context()})
			for _, p := range panels() {
				for _, repair := range []string{partly.id(), quick.id()} {
					if repair != partly.id() && !strings.Contains(p.SQL, "${repair") {
						continue
					}
					asked, may := chosen("brug", "oost", "leeg"), chosen(as.garages...)
					asked.Repair, may.Repair = repair, repair
					if diff := cmp.Diff(all.show(t, p, may), restricted.show(t, p, asked)); diff != "" {
						t.Errorf("%s (-allowed +shown):\n%s", p.ID, diff)
					}
				}
			}
			for _, a := range dashboards.Alerts {
				if _, _, err := restricted.Select(t.Context(), dashboards.Expand(a.SQL, chosen())); err != nil {
					t.Errorf("%s: %v", a.ID, err)
				}
			}
		})
	}
}

// bound is a reader's connection, whose settings are set already.
type bound struct {
	driver.Conn
	ctx context.Context // without the settings that Store.Select wants
}

func (b bound) Query(_ context.Context, sql string, args ...any) (driver.Rows, error) {
	return b.Conn.Query(b.ctx, sql, args...)
}
