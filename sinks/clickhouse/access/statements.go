package access

import (
	"fmt"
	"slices"
	"strings"

	"pitstop/schemas/garage"
)

const (
	operatorName = "pitstop_reader"
	readerPrefix = operatorName + "_"
	readersSQL   = "SELECT arraySort(groupArray(name)) FROM system.users WHERE name = '" + operatorName + "' OR startsWith(name, '" + readerPrefix + "')"
)

// readersDatabase returns the name of the database with the readers' views of the
// tables in a database. Readers have no grant on the tables themselves: a row policy
// applies to a SELECT, but not to the table function mergeTreeIndex.
func readersDatabase(database string) string { return database + "_readers" }

// readerView says which columns readers see of a table, or of a view.
type readerView struct {
	name    string
	columns string // separated by commas
	common  bool   // the rows belong to no garage
	only    string // condition of the rows that readers see
}

// views are the least that dashboards need: no dead letters; of a command only that
// it was refused, who sent it and why (the code); and of a record neither the whole
// (data), nor texts, nor the customer. Managers are readers: of what is for mechanics and
// customer service only (readmodel.Sight), no note has a row; that something was written
// shows in sequence and last_at only. They are free of duplicates, except notices.
var views = []readerView{
	{name: "calendar", columns: "garage_id, starts_at, ends_at, before_micros"},
	{name: "conversations", columns: "garage_id, repair_id, sequence, started_at, last_at, external_ref, plate, country, vehicle, state, mechanic, customer_id, customer_name, customer_phone, customer_language, approver_name, approver_phone, needs_reply, waiting, call, may_call, needs_reply_since, waiting_since, call_since, call_reason, amount, currency, revision, promised_at, decisions, waiting_for"},
	{name: "days", columns: "garage_id, day, starts_at"},
	{name: "deliveries", columns: recordColumns + ", notification_id, about, rests_on, revision, recipient_role, recipient_id, channel, attempt, code"},
	{name: "events", columns: recordColumns + ", sequence, state, side, revision, replaces, external_ref, plate, country, vehicle, customer_id, customer_language, amount, currency, decision, method, message_kind, reason, ready_at", only: noNotes},
	{name: "freshness", columns: "topic, partition, as_of", common: true},
	{name: "garages", columns: "garage_id, name, time_zone, language, currency, answer_within, call_after"},
	{name: "notices", columns: "garage_id, occurred_at, event_id, aggregate_id, kind, notification_id, about, recipient_role, recipient_id, reason"},
	{name: "notifications", columns: recordColumns + ", notification_id, about, rests_on, revision, recipient_role, recipient_id, channel, attempt, reason, because"},
	{name: "pending", columns: "*"},
	{name: "timeline", columns: "garage_id, repair_id, occurred_at, rests_on, rank, attempt, event_id, kind, actor_role, actor_id, sequence, recipient_role, recipient_id, about, revision, decision, message_kind, amount, currency, detail", only: noNotes},
	{name: "waits", columns: "*"},
}

const noNotes = "message_kind != 'note'"

const recordColumns = "event_id, aggregate_id, garage_id, kind, occurred_at, actor_role, actor_id, correlation_id, causation_id, logged_at"

// ownRows is true for a garage's rows when its reader selects, and for every row when
// another user does: above all, the program. authenticatedUser is the user that logged
// in, which no query can choose; currentUser is the initial_user that a query names.
// The server folds the condition to a constant, or to one on garage_id.
var ownRows = fmt.Sprintf("NOT startsWith(authenticatedUser(), '%s') OR garage_id = substring(authenticatedUser(), %d)", readerPrefix, len(readerPrefix)+1)

// Three layers protect a garage's rows. The first is a row policy with ownRows on the
// tables below, for the user as whom the views read. The engine applies it while it
// reads, before any condition of the query. The others are filters above it: a
// condition in each view, ownRows again, and a policy per reader on the views, which
// needs no function. The engine may reorder those and merge them with the reader's own
// conditions, which then see rows that the filter removes.
const tablesPolicy = "pitstop_readers"

// garageTables are the tables behind the views that hold rows of garages.
var garageTables = []string{"calendar", "commands", "days", "deliveries", "events", "garages", "latencies", "notices", "notifications", "outcomes", "repairs"}

// policy returns the condition of the reader's own policy on the views.
func (r Reader) policy() string {
	if r.User == operatorName {
		return "1"
	}
	return "garage_id = '" + strings.TrimPrefix(r.User, readerPrefix) + "'"
}

// garageViews returns the views that hold rows of garages.
func garageViews() []string {
	var names []string
	for _, v := range views {
		if !v.common {
			names = append(names, v.name)
		}
	}
	return names
}

// viewStatements returns the statements that create the views. A view reads as the
// user who created it.
func viewStatements(database string) []string {
	readers := readersDatabase(database)
	statements := []string{fmt.Sprintf("CREATE DATABASE IF NOT EXISTS %s ENGINE = Atomic", quoted(readers))}
	for _, v := range views {
		from := quoted(database) + "." + v.name
		if slices.Contains(deduplicated, v.name) {
			from += " FINAL"
		}
		if !v.common {
			from += " WHERE (" + ownRows + ")"
		}
		if v.only != "" {
			from += " AND " + v.only
		}
		statements = append(statements, fmt.Sprintf("CREATE OR REPLACE VIEW %s.%s DEFINER = CURRENT_USER SQL SECURITY DEFINER AS SELECT %s FROM %s",
			quoted(readers), v.name, v.columns, from))
	}
	return statements
}

// deduplicated are the tables that may still hold duplicates, so that views read them
// with FINAL. notices is left out: there FINAL would merge the days of every garage,
// so panels deduplicate the few rows they read, by event_id.
var deduplicated = []string{"deliveries", "events", "freshness", "notifications"}

// A limit is a setting of the readers, and the range in which they may change it. They
// may change settings at all because Grafana does, with every query.
type limit struct{ name, value, min, max string }

var limits = []limit{
	{name: "readonly", value: "2"},
	{"max_execution_time", "30", "1", "120"}, // seconds; 0 would be no limit
	{"max_memory_usage", "4000000000", "1", "4000000000"},
	{"max_result_rows", "1000000", "1", "1000000"},
	{name: "max_memory_usage_for_user", value: "6000000000"},
	{name: "max_temporary_data_on_disk_size_for_user", value: "10000000000"},
	{name: "max_concurrent_queries_for_user", value: "50"},
	{name: "enable_parallel_replicas", value: "0"}, // a replica would be queried as another user
	{name: "query_cache_share_between_users", value: "0"},
}

// statements returns what Migrate executes on a server that has the users present.
// The first fails on an old server, which would accept a policy and then fail queries.
// Users of garages that left are dropped first; restrictions come before access: the
// policy on the tables before the views, and the readers' grants last.
func (r Readers) statements(database string, present []string, book *garage.Book) []string {
	readers := r.of(book)
	users := make([]string, len(readers))
	for i, reader := range readers {
		users[i] = quoted(reader.User)
	}
	shown := tables(readersDatabase(database), garageViews())
	statements := []string{"SELECT authenticatedUser()"}
	for _, gone := range present {
		if name := quoted(gone); !slices.Contains(users, name) {
			statements = append(statements,
				"DROP USER IF EXISTS "+name,
				fmt.Sprintf("DROP ROW POLICY IF EXISTS %s ON %s", name, shown))
		}
	}
	statements = append(statements, ensure("ROW POLICY", tablesPolicy,
		fmt.Sprintf("ON %s USING %s TO CURRENT_USER", tables(database, garageTables), ownRows))...)
	statements = append(statements, viewStatements(database)...)
	statements = append(statements, ensure("SETTINGS PROFILE", operatorName, "SETTINGS "+profile())...)
	for i, reader := range readers {
		statements = append(statements, ensure("USER", users[i],
			fmt.Sprintf("IDENTIFIED WITH sha256_hash BY '%s' DEFAULT DATABASE %s SETTINGS PROFILE '%s'",
				reader.hash(), quoted(readersDatabase(database)), operatorName))...)
		statements = append(statements, ensure("ROW POLICY", users[i],
			fmt.Sprintf("ON %s USING %s TO %s", shown, reader.policy(), users[i]))...)
	}
	return append(statements, fmt.Sprintf("GRANT SELECT ON %s.* TO %s WITH REPLACE OPTION", quoted(readersDatabase(database)), strings.Join(users, ", ")))
}

// ensure returns statements that create an object or alter the existing one. CREATE OR
// REPLACE would make a new object, without the old one's assignments.
func ensure(kind, name, rest string) []string {
	return []string{
		fmt.Sprintf("CREATE %s IF NOT EXISTS %s %s", kind, name, rest),
		fmt.Sprintf("ALTER %s %s %s", kind, name, rest),
	}
}

func tables(database string, names []string) string {
	full := make([]string, len(names))
	for i, name := range names {
		full[i] = quoted(database) + "." + name
	}
	return strings.Join(full, ", ")
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

// quoted returns a quoted identifier: a garage's id may contain hyphens.
func quoted(name string) string { return "`" + name + "`" }
