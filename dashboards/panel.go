// Package dashboards defines every figure that Pitstop shows, once: what it is
// called, which question it answers, how it is computed, in which unit, and the
// query that computes it. From these values come the Grafana dashboards
// (dashboards/grafana), the application's own pages (dashboards/page) and the
// documentation of the measures (docs/measures.md).
package dashboards

import (
	"pitstop/schemas/locale"
	"pitstop/schemas/record"
)

// Dashboard is a page of panels about one subject.
type Dashboard struct {
	ID     string // stable, lower-case words with "-": part of addresses and file names
	Title  locale.Text
	For    locale.Text // whom it is for, and what they do with it
	Panels []Panel
	// Operator dashboards are about the system as a whole; garages do not get them.
	Operator bool
	// AboutRepair dashboards show one repair, which their links name.
	AboutRepair bool
}

// Kind is the kind of picture that a panel is.
type Kind string

// The kinds of panels. Column.Role says what the columns of their rows mean.
const (
	// Figure is one row: a value, beside it n and the value of the period before.
	Figure Kind = "figure"
	// Table is rows of text and numbers.
	Table Kind = "table"
	// Trend is a row for each day, drawn as lines over time.
	Trend Kind = "trend"
	// Bars is a row for each category, drawn as horizontal bars.
	Bars Kind = "bars"
	// Rates is a Prometheus panel, drawn as lines over time.
	Rates Kind = "rates"
)

// Unit is what a number counts.
type Unit string

// The units. Times in results are DateTime64 in UTC, shown by the reader's clock.
const (
	None      Unit = ""          // text
	Count     Unit = "count"     // whole numbers
	Percent   Unit = "percent"   // 0 to 100
	Minutes   Unit = "minutes"   // may have a fraction
	Hours     Unit = "hours"     // may have a fraction
	Seconds   Unit = "seconds"   // may have a fraction
	Money     Unit = "money"     // major units of the garage's currency, incl. VAT
	Instant   Unit = "time"      // a moment
	Day       Unit = "day"       // a date of the garage's clock
	PerSecond Unit = "persecond" // a rate
)

// Role is the part that a column plays in the picture.
type Role string

// The roles of columns.
const (
	Plain    Role = ""         // shown as it is
	Value    Role = "value"    // the figure, a line of a trend or a bar
	Previous Role = "previous" // the figure in the period before
	N        Role = "n"        // how many the figure is computed from
	Label    Role = "label"    // the category of a bar, the day of a trend
	Link     Role = "link"     // the id of a repair: links to its conversation
)

// Column describes a column of a panel's result. A result may hold NULL, which
// is shown as "–": too few to say, or nothing there.
type Column struct {
	Name  string // alias in the query
	Title locale.Text
	Unit  Unit
	Role  Role
	// Values names the codes that the column may hold; a code without a name is
	// shown as it is.
	Values map[string]locale.Text
}

// Threshold colours a figure: better than Good is good, worse than Bad is bad.
type Threshold struct {
	Good, Bad float64 // in the panel's unit
	// HigherIsBetter reverses the comparison.
	HigherIsBetter bool
}

// Panel is one figure, list or picture.
type Panel struct {
	ID         string // stable, lower-case words with "-"; also the name of its SQL file, but where File names one
	Title      locale.Text
	Question   locale.Text // the question it answers, as its reader would ask it
	Definition locale.Text // how it is computed: what counts, from when to when
	Empty      locale.Text // what to say when there is nothing: good news or bad
	Kind       Kind
	Unit       Unit
	Threshold  *Threshold
	Columns    []Column
	// SQL is the query on ClickHouse, with Grafana's macros and variables (see
	// Expand); empty for a Prometheus panel.
	SQL string
	// File is the SQL file that it shares with other panels, and Measure what it is
	// about instead of what they are; empty: it has its own.
	File    string
	Measure record.Measure
	// Queries are those of a Prometheus panel.
	Queries []PromQuery
	// Now panels show the present, whatever the period.
	Now bool
	// Width of 24, and height in rows of Grafana's grid.
	Width, Height uint32
}

// PromQuery is one query of a Prometheus panel.
type PromQuery struct {
	Expr   string // PromQL, with $__rate_interval
	Legend string // Grafana's legend format: {{topic}}
}
