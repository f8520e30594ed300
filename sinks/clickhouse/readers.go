package clickhouse

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"pitstop/schemas/garage"
)

// Readers are the users of ClickHouse that dashboards log in with: one per
// garage, who gets that garage's rows and no other, whatever SQL he thinks of,
// and one for the operator, who gets every row. They only read, and only what
// dashboards need. A server has one set of them.
//
// A password is the HMAC-SHA256 of the user's name, in hexadecimal: whoever has
// the secret knows them all, and another secret changes them all.
type Readers struct {
	Secret []byte // at least 32 bytes
}

// Reader is one of them.
type Reader struct{ User, Password string }

// Operator is the reader of every garage's rows.
func (r Readers) Operator() Reader { return r.reader(operatorName) }

// Of is the reader of one garage's rows.
func (r Readers) Of(garageID string) Reader { return r.reader(readerPrefix + garageID) }

func (r Readers) reader(user string) Reader {
	mac := hmac.New(sha256.New, r.Secret)
	mac.Write([]byte(user))
	return Reader{User: user, Password: hex.EncodeToString(mac.Sum(nil))}
}

// As gives the DSN with which a reader reaches the views on the server of c.
func (c Config) As(r Reader) (string, error) {
	if err := c.Validate(); err != nil {
		return "", err
	}
	u, err := url.Parse(c.DSN)
	if err != nil { // it was parsed once
		return "", err
	}
	u.User, u.Path = url.UserPassword(r.User, r.Password), ReadersDatabase(u.Path)
	return u.String(), nil
}

// of gives the readers for the garages of a book, the operator's first.
func (r Readers) of(book *garage.Book) []Reader {
	readers := []Reader{r.Operator()}
	for _, p := range book.Garages() {
		readers = append(readers, r.Of(p.ID))
	}
	return readers
}

// hash is what a server keeps of the password. It needs no salt: the password is
// as random as the secret.
func (r Reader) hash() string {
	sum := sha256.Sum256([]byte(r.Password))
	return hex.EncodeToString(sum[:])
}

// Migrate makes the views, the users, their rights and the policies that bind
// them, for the garages of the book, and drops the users of garages that left it.
// Running it again changes nothing. The user of c must be allowed to manage
// access; the views read as he does. [Migrate] goes before it: it makes the tables.
func (r Readers) Migrate(ctx context.Context, c Config, book *garage.Book) error {
	if err := MigrateViews(ctx, c); err != nil {
		return err
	}
	return c.do("make readers", func(conn driver.Conn, database string) error {
		var present []string
		err := each(ctx, conn, readersSQL, nil, func(rows driver.Rows) error {
			var name string
			err := rows.Scan(&name)
			present = append(present, name)
			return err
		})
		if err != nil {
			return err
		}
		return execute(ctx, conn, r.statements(database, present, book))
	})
}

// MigrateViews makes the views that readers select from.
func MigrateViews(ctx context.Context, c Config) error {
	return c.do("make views for readers", func(conn driver.Conn, database string) error {
		return execute(ctx, conn, viewStatements(database))
	})
}

// do does something to the database of c. Its error says what to do about missing rights.
func (c Config) do(what string, work func(conn driver.Conn, database string) error) (err error) {
	o, err := c.options()
	if err != nil {
		return err
	}
	conn, err := c.Open()
	if err != nil {
		return err
	}
	err = errors.Join(work(conn, o.Auth.Database), conn.Close())
	if denied := (*clickhouse.Exception)(nil); errors.As(err, &denied) && denied.Code == codeAccessDenied {
		return fmt.Errorf("%s: %w: let %s manage access (access_management), or run migrate as a user who may", what, err, o.Auth.Username)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

func execute(ctx context.Context, conn driver.Conn, statements []string) error {
	for _, s := range statements {
		if err := conn.Exec(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

const (
	operatorName = "pitstop_reader"
	readerPrefix = operatorName + "_"
	readersSQL   = "SELECT name FROM system.users WHERE name = '" + operatorName + "' OR startsWith(name, '" + readerPrefix + "') ORDER BY name"

	codeAccessDenied = 497
)

// ReadersDatabase is the database of the views that readers select from, for the
// tables in a database. They have no right on the tables themselves: a policy
// binds whoever selects from a table, but not who looks into its index with the
// table function mergeTreeIndex.
func ReadersDatabase(database string) string { return database + "_readers" }

// shown is what readers see of a table, or of a view.
type shown struct {
	name    string
	columns string // separated by commas
	common  bool   // the rows are no garage's
}

// views are the least that dashboards need: no command, no outcome, no dead
// letter, and of a record neither the whole (data), nor texts, nor the customer.
// A record that came twice is there once, but in notices.
var views = []shown{
	{"calendar", "garage_id, starts_at, ends_at, before_micros", false},
	{"conversations", "*", false},
	{"days", "garage_id, day, starts_at", false},
	{"deliveries", recordColumns + ", notification_id, about, rests_on, revision, recipient_role, recipient_id, channel, attempt, code", false},
	{"events", recordColumns + ", sequence, state, side, revision, replaces, external_ref, plate, country, vehicle, customer_id, customer_language, amount, currency, decision, method, message_kind, reason, ready_at", false},
	{"freshness", "topic, partition, as_of", true},
	{"garages", "garage_id, name, time_zone, language, currency, answer_within, call_after", false},
	{"notices", "garage_id, occurred_at, event_id, aggregate_id, kind, notification_id, about, recipient_role, recipient_id, reason", false},
	{"notifications", recordColumns + ", notification_id, about, rests_on, revision, recipient_role, recipient_id, channel, attempt, reason, because", false},
	{"pending", "*", false},
	{"waits", "*", false},
}

const recordColumns = "event_id, aggregate_id, garage_id, kind, occurred_at, actor_role, actor_id, correlation_id, causation_id, logged_at"

// ownRows is the first of two walls around a garage's rows: a condition in each
// view. It rests on nothing but the asking user's name, so that no order of steps
// and no user made by hand opens a gap.
var ownRows = fmt.Sprintf("NOT startsWith(currentUser(), '%s') OR garage_id = substring(currentUser(), %d)", readerPrefix, len(readerPrefix)+1)

// policy is the second: the condition of the reader's row policy on the views.
func (r Reader) policy() string {
	if r.User == operatorName {
		return "1"
	}
	return "garage_id = '" + strings.TrimPrefix(r.User, readerPrefix) + "'"
}

// bound are the views that hold rows of garages.
func bound(database string) []string {
	var names []string
	for _, v := range views {
		if !v.common {
			names = append(names, quoted(database)+"."+v.name)
		}
	}
	return names
}

// viewStatements make the views. They read as the user who makes them.
func viewStatements(database string) []string {
	readers := ReadersDatabase(database)
	statements := []string{fmt.Sprintf("CREATE DATABASE IF NOT EXISTS %s ENGINE = Atomic", quoted(readers))}
	for _, v := range views {
		from := quoted(database) + "." + v.name
		if slices.Contains(deduplicated, v.name) {
			from += " FINAL"
		}
		if !v.common {
			from += " WHERE " + ownRows
		}
		statements = append(statements, fmt.Sprintf("CREATE OR REPLACE VIEW %s.%s DEFINER = CURRENT_USER SQL SECURITY DEFINER AS SELECT %s FROM %s",
			quoted(readers), v.name, v.columns, from))
	}
	return statements
}

// deduplicated are the tables in which a row that came twice may still be twice. Of
// notices, each event_id counts once: panels ask that of a few rows themselves,
// where FINAL would merge the days of every garage.
var deduplicated = []string{"deliveries", "events", "freshness", "notifications"}

// A limit is a setting of the readers', and how far they may change it. They may
// change settings at all because Grafana does, with every query.
type limit struct{ name, value, min, max string }

var limits = []limit{
	{name: "readonly", value: "2"},
	{"max_execution_time", "30", "1", "120"}, // seconds; 0 would be no limit
	{"max_memory_usage", "4000000000", "1", "4000000000"},
	{"max_result_rows", "1000000", "1", "1000000"},
	{name: "max_memory_usage_for_user", value: "6000000000"},
	{name: "max_temporary_data_on_disk_size_for_user", value: "10000000000"},
	{name: "max_concurrent_queries_for_user", value: "50"},
	{name: "enable_parallel_replicas", value: "0"}, // another server would ask as somebody else
	{name: "query_cache_share_between_users", value: "0"},
}

// statements are what Migrate does, after the views, to a server that has the
// users named present. Rights come last: nobody may read before a policy binds him.
func (r Readers) statements(database string, present []string, book *garage.Book) []string {
	database = ReadersDatabase(database)
	tables := strings.Join(bound(database), ", ")
	statements := []string{fmt.Sprintf("CREATE SETTINGS PROFILE OR REPLACE %s SETTINGS %s", operatorName, profile())}
	var users []string
	for _, reader := range r.of(book) {
		verb := "CREATE USER"
		if slices.Contains(present, reader.User) {
			verb = "ALTER USER"
		}
		name := quoted(reader.User)
		users = append(users, name)
		statements = append(statements,
			fmt.Sprintf("%s %s IDENTIFIED WITH sha256_hash BY '%s' DEFAULT DATABASE %s SETTINGS PROFILE '%s'",
				verb, name, reader.hash(), quoted(database), operatorName),
			fmt.Sprintf("CREATE ROW POLICY OR REPLACE %s ON %s USING %s TO %[1]s", name, tables, reader.policy()))
	}
	for _, gone := range present {
		if name := quoted(gone); !slices.Contains(users, name) {
			statements = append(statements,
				"DROP USER IF EXISTS "+name,
				fmt.Sprintf("DROP ROW POLICY IF EXISTS %s ON %s", name, tables))
		}
	}
	return append(statements, fmt.Sprintf("GRANT SELECT ON %s.* TO %s WITH REPLACE OPTION", quoted(database), strings.Join(users, ", ")))
}

func profile() string {
	settings := make([]string, len(limits))
	for i, l := range limits {
		settings[i] = fmt.Sprintf("%s = %s", l.name, l.value)
		if l.max == "" {
			settings[i] += " CONST"
		} else {
			settings[i] += fmt.Sprintf(" MIN %s MAX %s", l.min, l.max)
		}
	}
	return strings.Join(settings, ", ")
}

// quoted is an identifier: an id of a garage may hold hyphens.
func quoted(name string) string { return "`" + name + "`" }
