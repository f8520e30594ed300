package dashboards

import (
	"embed"
	"fmt"
	"strings"
	"time"

	"pitstop/schemas/record"
)

//go:embed sql/*.sql
var files embed.FS

// shared holds the items of a WITH that several queries have: a line with the name
// of one is replaced by its file.
var shared = func() *strings.Replacer {
	var pairs []string
	for _, name := range []string{"functions", "period", "elapsed"} {
		item := strings.TrimSuffix(file(name), "\n")
		pairs = append(pairs, "    "+name+",\n", item+",\n", "    "+name+"\n", item+"\n")
	}
	return strings.NewReplacer(pairs...)
}()

// query reads a panel's SQL. Panels are package variables, so a missing file shows
// in any test.
func query(id string) string { return shared.Replace(file(id)) }

// ofMeasure returns a panel with the SQL of a file that several panels share, each
// about another measure, and what its columns say of waits outside opening hours.
func ofMeasure(file string, m record.Measure, p Panel) Panel {
	p.File, p.Measure = file, m
	p.SQL = strings.ReplaceAll(query(file), "${measure}", string(m))
	for i, c := range p.Columns {
		if c.Unit == Minutes {
			p.Columns[i].Values = closed
		}
	}
	return p
}

func file(id string) string {
	b, err := files.ReadFile("sql/" + id + ".sql")
	if err != nil {
		panic(err)
	}
	return string(b)
}

// Clock says in which hours waits are measured.
type Clock string

// The clocks.
const (
	Opening Clock = "opening" // the garage's opening hours
	Wall    Clock = "wall"    // all hours
)

// Choice is what the reader of a dashboard chose.
type Choice struct {
	Garages  []string // ids; none: no rows
	From, To time.Time
	Clock    Clock
	Now      time.Time
	Repair   string // of dashboards about one repair
}

// Expand puts a choice into a panel's query as Grafana and its ClickHouse plugin
// do. The queries use no other macro or variable than these:
//
//	${garage:singlequote}     the garages, each quoted, with commas between
//	${clock}                  opening or wall
//	${repair:singlequote}     the id of a repair, quoted
//	$__fromTime_ms, $__toTime_ms   the period, From included and To not
//	now64(6)                  the present: Grafana leaves it to the server
//
// The period before is as long as the period and ends where it begins.
//
// It differs in two things: a backslash in a value is escaped, which Grafana leaves
// as it is, and without garages the list holds an empty text, where Grafana's is
// empty.
func Expand(sql string, c Choice) string {
	garages := make([]string, len(c.Garages))
	for i, g := range c.Garages {
		garages[i] = quote(g)
	}
	if len(garages) == 0 {
		garages = []string{"''"} // no garage's id
	}
	clock := Opening
	if c.Clock == Wall {
		clock = Wall
	}
	return strings.NewReplacer(
		"${garage:singlequote}", strings.Join(garages, ","),
		"${clock}", string(clock),
		"${repair:singlequote}", quote(c.Repair),
		"$__fromTime_ms", milli(c.From),
		"$__toTime_ms", milli(c.To),
		"now64(6)", fmt.Sprintf("fromUnixTimestamp64Micro(%d, 'UTC')", c.Now.UnixMicro()),
	).Replace(sql)
}

func milli(t time.Time) string { return fmt.Sprintf("fromUnixTimestamp64Milli(%d)", t.UnixMilli()) }

// quote writes a string literal of ClickHouse.
func quote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}
