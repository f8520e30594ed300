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

// readersDatabase is the database of the views that readers select from, for the
// tables in a database. They have no right on the tables themselves: a policy
// binds whoever selects from a table, but not who looks into its index with the
// table function mergeTreeIndex.
func readersDatabase(database string) string { return database + "_readers" }

// shown is what readers see of a table, or of a view.
type shown struct {
	name    string
	columns string // separated by commas
	common  bool   // the rows are no garage's
}

// views are the least that dashboards need: no dead letter; of a command no more
// than that it was refused, who sent it and why (the code); and of a record neither
// the whole (data), nor texts, nor the customer. A record that came twice is there
// once, but in notices.
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
	{"timeline", "garage_id, repair_id, occurred_at, rests_on, rank, attempt, event_id, kind, actor_role, actor_id, sequence, recipient_role, recipient_id, about, revision, decision, message_kind, amount, currency, detail", false},
	{"waits", "*", false},
}

const recordColumns = "event_id, aggregate_id, garage_id, kind, occurred_at, actor_role, actor_id, correlation_id, causation_id, logged_at"

// ownRows holds for a garage's rows if its reader asks, and for every row if
// anybody else does: the program, above all. Whoever asks is the user that logged
// in, whom no query can choose; currentUser is the initial_user that it names. A
// server folds the condition to a constant, or to one on garage_id.
var ownRows = fmt.Sprintf("NOT startsWith(authenticatedUser(), '%s') OR garage_id = substring(authenticatedUser(), %d)", readerPrefix, len(readerPrefix)+1)

// The first wall around a garage's rows is a policy with ownRows on the tables
// below, for the user as whom the views read. The engine applies it as it reads,
// before any condition that the query has. The others are filters above, which the
// engine may move, and join with the reader's own conditions, so that these see
// rows that the filter takes away: a condition in each view, ownRows again, and
// a policy for each reader on the views, which rests on no function.
const tablesPolicy = "pitstop_readers"

// held are the tables that the views read and that hold rows of garages.
var held = []string{"calendar", "commands", "days", "deliveries", "events", "garages", "latencies", "notices", "notifications", "outcomes", "repairs"}

// policy is the condition of the reader's own policy on the views.
func (r Reader) policy() string {
	if r.User == operatorName {
		return "1"
	}
	return "garage_id = '" + strings.TrimPrefix(r.User, readerPrefix) + "'"
}

// bound are the views that hold rows of garages.
func bound() []string {
	var names []string
	for _, v := range views {
		if !v.common {
			names = append(names, v.name)
		}
	}
	return names
}

// viewStatements make the views. They read as the user who makes them.
func viewStatements(database string) []string {
	readers := readersDatabase(database)
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

// statements are what Migrate does to a server that has the users named present.
// An old server fails at once: it would take a policy, and then fail whoever reads.
// Who left goes first; what binds comes before what is bound: the policy on the
// tables before the views, and each reader's right to read last.
func (r Readers) statements(database string, present []string, book *garage.Book) []string {
	readers := r.of(book)
	users := make([]string, len(readers))
	for i, reader := range readers {
		users[i] = quoted(reader.User)
	}
	shown := tables(readersDatabase(database), bound())
	statements := []string{"SELECT authenticatedUser()"}
	for _, gone := range present {
		if name := quoted(gone); !slices.Contains(users, name) {
			statements = append(statements,
				"DROP USER IF EXISTS "+name,
				fmt.Sprintf("DROP ROW POLICY IF EXISTS %s ON %s", name, shown))
		}
	}
	statements = append(statements, ensure("ROW POLICY", tablesPolicy,
		fmt.Sprintf("ON %s USING %s TO CURRENT_USER", tables(database, held), ownRows))...)
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

// ensure makes something, or makes it what it must be. CREATE OR REPLACE would put
// another in its place, which whoever had the first one has no more.
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

// quoted is an identifier: an id of a garage may hold hyphens.
func quoted(name string) string { return "`" + name + "`" }
