package access

import (
	"fmt"
	"strings"

	"pitstop/schemas/garage"
)

// UsersFile returns the readers of a book as a file for ClickHouse's users.d, for the
// embedded engine, which keeps no users created by SQL. It configures the same as
// [Readers.Migrate], and lets them log in on loopback only. user is the one who
// creates the views ([MigrateViews]) and must exist already.
func (r Readers) UsersFile(user, database string, book *garage.Book) []byte {
	var b strings.Builder
	line := func(depth int, format string, args ...any) {
		fmt.Fprintf(&b, strings.Repeat("  ", depth)+format+"\n", args...)
	}
	line(0, "<clickhouse>")
	line(1, "<profiles><%s>", operatorName)
	for _, l := range limits {
		line(2, "<%s>%s</%[1]s>", l.name, l.value)
	}
	line(2, "<constraints>")
	for _, l := range limits {
		if l.max == "" {
			line(3, "<%s><const/></%[1]s>", l.name)
		} else {
			line(3, "<%s><min>%s</min><max>%s</max></%[1]s>", l.name, l.min, l.max)
		}
	}
	line(2, "</constraints>")
	line(1, "</%s></profiles>", operatorName)
	line(1, "<users>")
	filters := func(database string, names []string, condition string) {
		line(3, "<databases><%s>", database)
		for _, name := range names {
			line(4, "<%s><filter>%s</filter></%[1]s>", name, condition)
		}
		line(3, "</%s></databases>", database)
	}
	line(2, "<%s>", user)
	filters(database, garageTables, ownRows)
	line(2, "</%s>", user)
	for _, reader := range r.of(book) {
		line(2, "<%s>", reader.User)
		line(3, "<password_sha256_hex>%s</password_sha256_hex>", reader.hash())
		line(3, "<networks><ip>::1</ip><ip>127.0.0.1</ip></networks>")
		line(3, "<profile>%s</profile><quota>default</quota>", operatorName)
		line(3, "<default_database>%s</default_database>", readersDatabase(database))
		line(3, "<grants><query>GRANT SELECT ON %s.*</query></grants>", quoted(readersDatabase(database)))
		filters(readersDatabase(database), garageViews(), reader.policy())
		line(2, "</%s>", reader.User)
	}
	line(1, "</users>")
	line(0, "</clickhouse>")
	return []byte(b.String())
}
