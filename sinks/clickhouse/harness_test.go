package clickhouse

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"pitstop/deploy/embedded/enginetest"
	"pitstop/schemas/avro"
	"pitstop/schemas/garage"
)

var quiet = slog.New(slog.DiscardHandler)

func TestMain(m *testing.M) { enginetest.Main(m) }

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
	codec  *avro.Codec
	*Store
}

func emptyDatabase(t testing.TB) Config {
	t.Helper()
	return Config{DSN: enginetest.Database(t)}
}

func (c Config) database() string { return c.DSN[strings.LastIndex(c.DSN, "/")+1:] }

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
	d.codec, err = avro.NewCodec()
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
