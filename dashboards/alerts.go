package dashboards

import (
	"strings"
	"time"

	"pitstop/schemas/locale"
)

// Severity says how soon somebody must look.
type Severity string

// The severities. A warning is work for now, to a garage its own; a critical alert
// calls somebody who runs the system.
const (
	Warning  Severity = "warning"
	Critical Severity = "critical"
)

// Alert is a rule that tells people when something must be done.
type Alert struct {
	ID      string // stable, lower-case words with "-"; also the name of its SQL file
	Title   locale.Text
	Summary locale.Text // what is the matter and what to do; {{ $labels.x }} names a column of text
	// SQL is a query on ClickHouse that returns a row for each thing that is
	// wrong: one numeric column, value, and columns of text that label it. The
	// labels of a row are its own, and say nothing about a person: whoever is told
	// keeps them. A row whose value is above 0 fires. It uses no variable, and of
	// the macros none: an alert is about the present, and about the garages that
	// its reader may see.
	SQL string
	// Expr is PromQL instead; a series whose value is above 0 fires.
	Expr string
	// For is how long it must stay wrong before anybody is notified.
	For      time.Duration
	Severity Severity
	// Operator alerts are about the system as a whole; garages do not get them.
	Operator bool
	// Garage alerts are a garage's own work; the operator does not get them.
	Garage bool
}

// Alerts are the rules on ClickHouse; those on Prometheus are [PipelineAlerts].
var Alerts = []Alert{
	{
		ID:    "quote-overdue",
		Title: locale.Text{NL: "Een klant antwoordt niet", EN: "A customer does not answer"},
		Summary: locale.Text{
			NL: "{{ $labels.garage }}: de vraag om akkoord voor {{ $labels.plate }} staat langer open dan het doel. Bel de klant: wie, staat in Wacht nu op de klant.",
			EN: "{{ $labels.garage }}: the request for approval of {{ $labels.plate }} has been open for longer than the target. Call the customer: Waiting for the customer now says whom.",
		},
		SQL: ofEveryGarage("quote-overdue"), For: time.Minute, Severity: Warning, Garage: true,
	},
	{
		ID:    "no-mail",
		Title: locale.Text{NL: "Er wordt geen mail aangenomen", EN: "No mail is accepted"},
		Summary: locale.Text{
			NL: "In een half uur is geen enkele mail aangenomen, terwijl er wel te versturen waren. Kijk of de mailserver bereikbaar is en of de e-mailsink loopt.",
			EN: "No mail has been accepted for half an hour, though there were some to send. See whether the mail server can be reached and the email sink runs.",
		},
		SQL: ofEveryGarage("no-mail"), For: 5 * time.Minute, Severity: Critical, Operator: true,
	},
}

// ofEveryGarage returns a query about all garages whose rows its reader may see.
func ofEveryGarage(id string) string {
	return strings.ReplaceAll(query(id), "${garage:singlequote}", "SELECT garage_id FROM garages")
}
