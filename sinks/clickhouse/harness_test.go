package clickhouse

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"pitstop/deploy/embedded"
	"pitstop/schemas"
	"pitstop/schemas/garage"
)

var quiet = slog.New(slog.DiscardHandler)

// engine is the ClickHouse that the tests of this package share, each with a
// database of its own.
var engine = sync.OnceValues(func() (*embedded.ClickHouse, error) {
	dir, err := os.MkdirTemp("", "pitstop-clickhouse-")
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

var atExit []func() // run backwards

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

// db is a database on the engine, migrated, with a writer and a store on it.
type db struct {
	t      testing.TB
	config Config
	conn   driver.Conn
	codec  *schemas.Codec
	*Store
}

// emptyDatabase creates a database for a test and gives its configuration.
func emptyDatabase(t testing.TB) Config {
	t.Helper()
	e, err := engine()
	must(t, err)
	name := strings.ToLower(strings.NewReplacer("/", "_", "#", "_").Replace(t.Name()))
	admin, err := Config{DSN: e.DSN}.Open()
	must(t, err)
	defer admin.Close()
	must(t, admin.Exec(t.Context(), fmt.Sprintf("DROP DATABASE IF EXISTS `%s` SYNC", name))) // of a run before
	must(t, admin.Exec(t.Context(), fmt.Sprintf("CREATE DATABASE `%s` ENGINE = Atomic", name)))
	u, err := url.Parse(e.DSN)
	must(t, err)
	u.Path = "/" + name
	return Config{DSN: u.String()}
}

func newDB(t testing.TB) *db {
	t.Helper()
	return openDB(t, emptyDatabase(t))
}

// openDB migrates a database and opens it.
func openDB(t testing.TB, c Config) *db {
	t.Helper()
	d := &db{t: t, config: c}
	_, err := Migrate(t.Context(), d.config, book(t), quiet)
	must(t, err)
	d.conn, err = d.config.Open()
	must(t, err)
	t.Cleanup(func() { _ = d.conn.Close() })
	d.codec, err = schemas.NewCodec()
	must(t, err)
	d.Store = NewStore(d.conn)
	return d
}

// write puts records into the tables as the sink does.
func (d *db) write(records ...any) {
	d.t.Helper()
	must(d.t, Insert(d.t.Context(), d.conn, d.codec, records...))
}

func book(t testing.TB) *garage.Book {
	t.Helper()
	open := []garage.Hours{{Days: map[string]string{"mon-fri": "8:00-12:00, 13:00-17:00"}}}
	profile := func(id, zone string) garage.Profile {
		return garage.Profile{
			ID: id, Name: "Garage " + id, Address: "Dorpsstraat 1", City: "Utrecht", Phone: "+31301234567",
			ReplyTo: id + "@example.nl", TimeZone: zone, OpeningHours: open,
		}
	}
	b, err := garage.NewBook(profile("brug", "Europe/Amsterdam"), profile("noord", "America/New_York"))
	must(t, err)
	return b
}
