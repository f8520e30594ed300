package dashboards

import (
	"time"

	"pitstop/schemas/locale"
	"pitstop/schemas/record"
)

// PipelineAlerts are the rules on Prometheus. Each expression returns only what is
// wrong, as series above 0, so that it can be a rule of Prometheus as it is. The
// title of each is a heading in docs/operations.md, which says what to do.
var PipelineAlerts = []Alert{
	{
		ID:    "role-down",
		Title: locale.Text{NL: "Een rol ligt stil", EN: "No process of a role is ready"},
		Summary: locale.Text{
			NL: "Geen enkel proces van {{ $labels.role }} staat klaar. Kijk in /readyz van zijn processen waarom.",
			EN: "No process of {{ $labels.role }} is ready. See /readyz of its processes for why.",
		},
		Expr: `1 - max by (role) (pitstop_ready) > 0 unless on (role) pitstop_sink_stalled > 0` + // those have alerts of their own
			noProcess(),
		For: 2 * time.Minute, Severity: Critical, Operator: true,
	},
	{
		ID:    "process-not-ready",
		Title: locale.Text{NL: "Een proces staat niet klaar", EN: "A process is not ready"},
		Summary: locale.Text{
			NL: "{{ $labels.role }} op {{ $labels.instance }} loopt niet door; andere processen van die rol wel. Kijk in zijn /readyz waarom.",
			EN: "{{ $labels.role }} on {{ $labels.instance }} does not get on; others of its role do. See its /readyz for why.",
		},
		Expr: `1 - min by (role, instance) (pitstop_ready) > 0 and on (role) max by (role) (pitstop_ready) > 0` +
			` unless on (role, instance) pitstop_sink_stalled > 0`,
		For: 5 * time.Minute, Severity: Warning, Operator: true,
	},
	{
		ID:    "consumer-behind",
		Title: locale.Text{NL: "Een rol raakt achter", EN: "A consumer falls behind"},
		Summary: locale.Text{
			NL: "{{ $labels.role }} heeft op {{ $labels.topic }} meer dan twee minuten achterstand.",
			EN: "{{ $labels.role }} is more than two minutes behind on {{ $labels.topic }}.",
		},
		Expr: `max by (role, topic) (pitstop_consumer_lag_seconds) > 120`,
		For:  2 * time.Minute, Severity: Warning, Operator: true,
	},
	{
		ID:    "dead-letters",
		Title: locale.Text{NL: "Onverwerkbare berichten", EN: "Records became dead letters"},
		Summary: locale.Text{
			NL: "{{ $labels.role }} kon berichten niet verwerken ({{ $labels.reason }}) en heeft ze opzij gezet: pitstop dead-letters list.",
			EN: "{{ $labels.role }} could not handle records ({{ $labels.reason }}) and put them aside: pitstop dead-letters list.",
		},
		Expr:     deadLetters("pitstop_processor_dead_letters_total") + ` or ` + deadLetters("pitstop_sink_dead_letters_total"),
		Severity: Warning, Operator: true,
	},
	{
		ID:    "sink-stalled",
		Title: locale.Text{NL: "Een sink wacht", EN: "A sink is stalled"},
		Summary: locale.Text{
			NL: "{{ $labels.role }} wacht op iets dat weg is. Er gaat niets verloren; wat managers zien wordt ouder.",
			EN: "{{ $labels.role }} waits for something that is away. Nothing is lost; what managers see grows older.",
		},
		Expr: `max by (role) (pitstop_sink_stalled{role!="` + record.EmailSink.Name + `"}) > 0`,
		For:  5 * time.Minute, Severity: Warning, Operator: true,
	},
	{
		ID:    "mail-paused",
		Title: locale.Text{NL: "Er gaat geen mail uit", EN: "No mail goes out"},
		Summary: locale.Text{
			NL: "De mailserver (of Kafka of het schemaregister) is weg voor {{ $labels.role }}: klanten horen niets. De mail wacht en gaat daarna uit.",
			EN: "The relay (or Kafka, or the schema registry) is away for {{ $labels.role }}: customers hear nothing. The mails wait, and go out afterwards.",
		},
		Expr: `max by (role) (pitstop_sink_stalled{role="` + record.EmailSink.Name + `"}) > 0`,
		For:  5 * time.Minute, Severity: Critical, Operator: true,
	},
	{
		ID:    "mail-refused",
		Title: locale.Text{NL: "Mail wordt geweigerd", EN: "Mail is being refused"},
		Summary: locale.Text{
			NL: "Meer dan een vijfde van de mail is het afgelopen half uur uitgesteld of geweigerd.",
			EN: "More than a fifth of the mails was deferred or refused in the last half hour.",
		},
		Expr: `sum(rate(pitstop_mail_attempt_duration_seconds_count{outcome=~"deferred|failed"}[30m]))` +
			` / sum(rate(pitstop_mail_attempt_duration_seconds_count{outcome!="paused"}[30m])) > 0.2` +
			` and sum(increase(pitstop_mail_attempt_duration_seconds_count{outcome!="paused"}[30m])) >= 10`, // with fewer, one weighs too much
		For: 10 * time.Minute, Severity: Warning, Operator: true,
	},
	{
		ID:    "transactions-aborting",
		Title: locale.Text{NL: "Transacties breken af", EN: "Transactions abort"},
		Summary: locale.Text{
			NL: "Meer dan een tiende van de transacties van {{ $labels.role }} breekt af.",
			EN: "More than a tenth of the transactions of {{ $labels.role }} abort.",
		},
		Expr: `sum by (role) (rate(pitstop_processor_transaction_duration_seconds_count{outcome="aborted"}[10m]))` +
			` / sum by (role) (rate(pitstop_processor_transaction_duration_seconds_count[10m])) > 0.1`,
		For: 10 * time.Minute, Severity: Warning, Operator: true,
	},
	{
		ID:    "tables-stale",
		Title: locale.Text{NL: "De tabellen lopen achter", EN: "The tables are stale"},
		Summary: locale.Text{
			NL: "De tabel {{ $labels.table }} in ClickHouse loopt meer dan twee minuten achter: managers zien oude cijfers.",
			EN: "ClickHouse's table {{ $labels.table }} is more than two minutes behind: managers see old figures.",
		},
		Expr: `time() - max by (table) (pitstop_clickhouse_complete_timestamp_seconds) > 120`,
		For:  2 * time.Minute, Severity: Warning, Operator: true,
	},
	{
		ID:    "restore-slow",
		Title: locale.Text{NL: "Herstel duurt lang", EN: "Restoring takes long"},
		Summary: locale.Text{
			NL: "{{ $labels.role }} deed er langer dan een minuut over om zijn toestand op te bouwen.",
			EN: "{{ $labels.role }} took more than a minute to rebuild its state.",
		},
		Expr:     `max by (role) (pitstop_processor_restore_seconds > 60 and changes(pitstop_processor_restore_seconds[1h]) > 0)`,
		Severity: Warning, Operator: true,
	},
	{
		ID:    "requests-failing",
		Title: locale.Text{NL: "Verzoeken mislukken", EN: "Requests fail"},
		Summary: locale.Text{
			NL: "Meer dan een twintigste van de verzoeken aan de API krijgt een fout van de server.",
			EN: "More than a twentieth of the requests to the API get an error of the server's.",
		},
		Expr: `sum(rate(pitstop_http_request_duration_seconds_count{status=~"5.."}[5m]))` +
			` / sum(rate(pitstop_http_request_duration_seconds_count[5m])) > 0.05` +
			` and sum(increase(pitstop_http_request_duration_seconds_count[5m])) >= 20`, // with fewer, one weighs too much
		For: 5 * time.Minute, Severity: Warning, Operator: true,
	},
}

// noProcess is PromQL for each role of which no process is scraped at all.
func noProcess() (expr string) {
	roles := []string{"api"}
	for _, c := range record.Consumers {
		roles = append(roles, c.Name)
	}
	for _, role := range roles {
		expr += ` or absent(pitstop_ready{role="` + role + `"})`
	}
	return expr
}

// deadLetters counts those of the last hour. A process counts from its first one on,
// and the series begins above 0, which is no increase to Prometheus: until it is an
// hour old, all of it is new.
func deadLetters(counter string) string {
	return `sum by (role, reason) (increase(` + counter + `[1h])) > 0` +
		` or sum by (role, reason) (` + counter + ` unless ` + counter + ` offset 1h) > 0`
}
