package dashboards

import "time"

// Severity says how soon somebody must look.
type Severity string

// The severities. The garage's own people get a warning as their work of the
// moment; what is critical calls somebody who runs the system.
const (
	Warning  Severity = "warning"
	Critical Severity = "critical"
)

// Alert is a rule that tells people when something must be done.
type Alert struct {
	ID      string // stable, lower-case words with "-"; also the name of its SQL file
	Title   Text
	Summary Text // what is the matter and what to do; {{ $labels.x }} names a column of text
	// SQL is a query on ClickHouse that gives a row for each thing that is the
	// matter: one numeric column, value, and columns of text that label it. A row
	// whose value is above 0 fires. It uses no variable, and of the macros none:
	// an alert is about the present, and about the garages that its reader may see.
	SQL string
	// Expr is PromQL instead; a series whose value is above 0 fires.
	Expr string
	// For is how long it must be the matter before anybody is told.
	For      time.Duration
	Severity Severity
	// Operator alerts are about the system as a whole; garages do not get them.
	Operator bool
}

// Alerts are the rules on ClickHouse; those on Prometheus stand beside the
// dashboard of the pipeline.
var Alerts = []Alert{}
