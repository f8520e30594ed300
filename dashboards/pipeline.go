package dashboards

import "pitstop/schemas/locale"

// Pipeline is for whoever runs Pitstop: does everything get on, and what is in its
// way? Its figures are Prometheus's. Every query takes one process with all the
// roles, and any number of processes with one each.
var Pipeline = Dashboard{
	ID:       "pipeline",
	Title:    locale.Text{NL: "Pijplijn", EN: "Pipeline"},
	Operator: true,
	For: locale.Text{
		NL: "Voor wie Pitstop beheert: loopt alles door, en zo niet, waar zit het vast?",
		EN: "For whoever runs Pitstop: does everything get on, and if not, where is it stuck?",
	},
	Panels: []Panel{
		rates(Panel{
			ID:         "ready",
			Title:      locale.Text{NL: "Processen die klaarstaan", EN: "Processes that are ready"},
			Question:   locale.Text{NL: "Loopt elke rol?", EN: "Does every role run?"},
			Definition: locale.Text{NL: "Per rol het aantal processen waarvan /readyz zegt dat het doorloopt; kafka is hoe de processen de brokers zien.", EN: "By role, the processes of which /readyz says that they get on; kafka is how the processes see the brokers."},
			Unit:       Count,
			Threshold:  &Threshold{Good: 1, Bad: 1, HigherIsBetter: true},
			Queries:    []PromQuery{{`sum by (role) (pitstop_ready)`, "{{role}}"}},
		}),
		rates(Panel{
			ID:         "behind",
			Title:      locale.Text{NL: "Achterstand in tijd", EN: "Time behind"},
			Question:   locale.Text{NL: "Hoe oud is wat nog gedaan moet worden?", EN: "How old is what is still to be done?"},
			Definition: locale.Text{NL: "Alles wat zoveel seconden geleden gelogd was, is verwerkt; de slechtste partitie van elke rol. Zo precies als de tijd tussen twee metingen.", EN: "Everything that was logged so many seconds ago has been handled; the worst partition of each role. As exact as the time between two scrapes."},
			Unit:       Seconds,
			Threshold:  &Threshold{Good: 30, Bad: 120},
			Queries:    []PromQuery{{`max by (role) (pitstop_consumer_lag_seconds)`, "{{role}}"}},
		}),
		rates(Panel{
			ID:         "tables-behind",
			Title:      locale.Text{NL: "Versheid van de tabellen", EN: "Freshness of the tables"},
			Question:   locale.Text{NL: "Hoe oud is wat managers zien?", EN: "How old is what managers see?"},
			Definition: locale.Text{NL: "Alles wat zoveel seconden geleden gelogd was, staat in de tabel van ClickHouse.", EN: "Everything that was logged so many seconds ago is in ClickHouse's table."},
			Unit:       Seconds,
			Threshold:  &Threshold{Good: 30, Bad: 120},
			Queries:    []PromQuery{{`time() - max by (table) (pitstop_clickhouse_complete_timestamp_seconds)`, "{{table}}"}},
		}),
		rates(Panel{
			ID:         "lag",
			Title:      locale.Text{NL: "Achterstand in berichten", EN: "Records behind"},
			Question:   locale.Text{NL: "Hoeveel ligt er nog?", EN: "How much is left?"},
			Definition: locale.Text{NL: "Berichten die de consumentengroep van de rol niet heeft vastgelegd, over alle partities.", EN: "Records that the role's consumer group has not committed, over all partitions."},
			Unit:       Count,
			Queries:    []PromQuery{{`sum by (role) (max by (role, topic, partition) (pitstop_consumer_lag_records))`, "{{role}}"}},
		}),
		rates(Panel{
			ID:         "consumed",
			Title:      locale.Text{NL: "Gelezen", EN: "Consumed"},
			Question:   locale.Text{NL: "Hoeveel gaat er elke rol in?", EN: "How much goes into each role?"},
			Definition: locale.Text{NL: "Verwerkte berichten per seconde: vastgelegd, of weggeschreven.", EN: "Records handled a second: committed, or written."},
			Unit:       PerSecond,
			Queries: []PromQuery{
				{`sum by (role) (rate(pitstop_processor_records_total[$__rate_interval]))`, "{{role}}"},
				{`sum by (role) (rate(pitstop_sink_records_total[$__rate_interval]))`, "{{role}}"},
			},
		}),
		rates(Panel{
			ID:         "produced",
			Title:      locale.Text{NL: "Geschreven", EN: "Produced"},
			Question:   locale.Text{NL: "Hoeveel komt er uit elke processor?", EN: "How much comes out of each processor?"},
			Definition: locale.Text{NL: "Geschreven berichten per seconde en topic, ook die van afgebroken transacties.", EN: "Records written a second, by topic, those of aborted transactions included."},
			Unit:       PerSecond,
			Queries:    []PromQuery{{`sum by (role, topic) (rate(pitstop_processor_outputs_total[$__rate_interval]))`, "{{role}} → {{topic}}"}},
		}),
		rates(Panel{
			ID:         "transactions",
			Title:      locale.Text{NL: "Transacties", EN: "Transactions"},
			Question:   locale.Text{NL: "Slagen ze?", EN: "Do they succeed?"},
			Definition: locale.Text{NL: "Transacties per seconde, vastgelegd of afgebroken. Bij een herverdeling van partities breken er een paar af.", EN: "Transactions a second, committed or aborted. A few abort when partitions are shared out anew."},
			Unit:       PerSecond,
			Queries:    []PromQuery{{`sum by (role, outcome) (rate(pitstop_processor_transaction_duration_seconds_count[$__rate_interval]))`, "{{role}} {{outcome}}"}},
		}),
		rates(Panel{
			ID:         "transaction-time",
			Title:      locale.Text{NL: "Duur van transacties", EN: "How long transactions take"},
			Question:   locale.Text{NL: "Is Kafka snel genoeg?", EN: "Is Kafka fast enough?"},
			Definition: locale.Text{NL: "99e percentiel van begin tot vastleggen.", EN: "99th percentile from begin to commit."},
			Unit:       Seconds,
			Threshold:  &Threshold{Good: 0.5, Bad: 5},
			Queries:    []PromQuery{{`histogram_quantile(0.99, sum by (role, le) (rate(pitstop_processor_transaction_duration_seconds_bucket[$__rate_interval])))`, "{{role}}"}},
		}),
		rates(Panel{
			ID:         "restores",
			Title:      locale.Text{NL: "Duur van het herstel", EN: "How long restoring takes"},
			Question:   locale.Text{NL: "Hoe snel is een rol terug?", EN: "How soon is a role back?"},
			Definition: locale.Text{NL: "Hoe lang het laatste opbouwen van de toestand uit de changelog duurde; het langzaamste proces van elke rol.", EN: "How long the last rebuilding of state from the changelog took; the slowest process of each role."},
			Unit:       Seconds,
			Threshold:  &Threshold{Good: 15, Bad: 60},
			Queries:    []PromQuery{{`max by (role) (pitstop_processor_restore_seconds)`, "{{role}}"}},
		}),
		rates(Panel{
			ID:         "dead-letters",
			Title:      locale.Text{NL: "Onverwerkbare berichten", EN: "Dead letters"},
			Question:   locale.Text{NL: "Wat kon niemand aan?", EN: "What could nobody handle?"},
			Definition: locale.Text{NL: "Berichten die in het uur ervoor opzij zijn gezet, per rol en reden.", EN: "Records put aside in the hour before, by role and reason."},
			Empty:      locale.Text{NL: "Niets: alles was te verwerken.", EN: "Nothing: everything could be handled."},
			Unit:       Count,
			Threshold:  &Threshold{Good: 0, Bad: 0},
			Queries: []PromQuery{
				{deadLetters("pitstop_processor_dead_letters_total"), "{{role}} {{reason}}"},
				{deadLetters("pitstop_sink_dead_letters_total"), "{{role}} {{reason}}"},
			},
		}),
		rates(Panel{
			ID:         "mails",
			Title:      locale.Text{NL: "Mail", EN: "Mail"},
			Question:   locale.Text{NL: "Neemt de mailserver de mail aan?", EN: "Does the relay take the mail?"},
			Definition: locale.Text{NL: "Pogingen per seconde: accepted aangenomen, deferred voorlopig geweigerd, failed voorgoed geweigerd, paused mailserver onbereikbaar (de poging telt niet en komt terug).", EN: "Attempts a second: accepted; deferred, refused for now; failed, refused for good; paused, the relay is away (the attempt does not count and comes again)."},
			Unit:       PerSecond,
			Queries:    []PromQuery{{`sum by (outcome) (rate(pitstop_mail_attempt_duration_seconds_count[$__rate_interval]))`, "{{outcome}}"}},
		}),
		rates(Panel{
			ID:         "mail-time",
			Title:      locale.Text{NL: "Duur van een mail", EN: "How long a mail takes"},
			Question:   locale.Text{NL: "Is de mailserver snel genoeg?", EN: "Is the relay fast enough?"},
			Definition: locale.Text{NL: "Van verbinden tot het antwoord van de mailserver, mediaan en 99e percentiel.", EN: "From connecting to the relay's answer, median and 99th percentile."},
			Empty:      locale.Text{NL: "Er ging geen mail uit.", EN: "No mail went out."},
			Unit:       Seconds,
			Threshold:  &Threshold{Good: 1, Bad: 5},
			Queries: []PromQuery{
				{`histogram_quantile(0.5, sum by (le) (rate(pitstop_mail_attempt_duration_seconds_bucket[$__rate_interval])))`, "p50"},
				{`histogram_quantile(0.99, sum by (le) (rate(pitstop_mail_attempt_duration_seconds_bucket[$__rate_interval])))`, "p99"},
			},
		}),
		rates(Panel{
			ID:         "stalled",
			Title:      locale.Text{NL: "Sinks die wachten", EN: "Sinks that wait"},
			Question:   locale.Text{NL: "Is er iets weg dat een sink nodig heeft?", EN: "Is something away that a sink needs?"},
			Definition: locale.Text{NL: "1 zolang ClickHouse, de mailserver, het schemaregister of Kafka weg is voor een sink, anders 0.", EN: "1 while ClickHouse, the relay, the schema registry or Kafka is away for a sink, else 0."},
			Unit:       Count,
			Threshold:  &Threshold{Good: 0, Bad: 0},
			Queries:    []PromQuery{{`max by (role) (pitstop_sink_stalled)`, "{{role}}"}},
		}),
		rates(Panel{
			ID:         "batch-time",
			Title:      locale.Text{NL: "Duur van een batch", EN: "How long a batch takes"},
			Question:   locale.Text{NL: "Is ClickHouse snel genoeg?", EN: "Is ClickHouse fast enough?"},
			Definition: locale.Text{NL: "99e percentiel van lezen en wegschrijven van een batch.", EN: "99th percentile of decoding and writing a batch."},
			Empty:      locale.Text{NL: "Er was niets weg te schrijven.", EN: "There was nothing to write."},
			Unit:       Seconds,
			Threshold:  &Threshold{Good: 1, Bad: 10},
			Queries:    []PromQuery{{`histogram_quantile(0.99, sum by (role, le) (rate(pitstop_sink_batch_duration_seconds_bucket[$__rate_interval])))`, "{{role}}"}},
		}),
		rates(Panel{
			ID:         "requests",
			Title:      locale.Text{NL: "Verzoeken aan de API", EN: "Requests to the API"},
			Question:   locale.Text{NL: "Krijgt iedereen antwoord?", EN: "Does everybody get an answer?"},
			Definition: locale.Text{NL: "Verzoeken per seconde, per route en status.", EN: "Requests a second, by route and status."},
			Empty:      locale.Text{NL: "Niemand vroeg iets.", EN: "Nobody asked anything."},
			Unit:       PerSecond,
			Queries:    []PromQuery{{`sum by (method, route, status) (rate(pitstop_http_request_duration_seconds_count[$__rate_interval]))`, "{{status}} {{method}} {{route}}"}},
		}),
		rates(Panel{
			ID:         "request-time",
			Title:      locale.Text{NL: "Duur van een verzoek", EN: "How long a request takes"},
			Question:   locale.Text{NL: "Hoe lang wacht een verzoek op antwoord?", EN: "How long does a request wait for its answer?"},
			Definition: locale.Text{NL: "99e percentiel per route. Een opdracht wacht op zijn uitkomst, de gebeurtenissenstroom op een gebeurtenis.", EN: "99th percentile by route. A command waits for its outcome, the event stream for an event."},
			Empty:      locale.Text{NL: "Niemand vroeg iets.", EN: "Nobody asked anything."},
			Unit:       Seconds,
			Threshold:  &Threshold{Good: 0.5, Bad: 2.5},
			Queries:    []PromQuery{{`histogram_quantile(0.99, sum by (method, route, le) (rate(pitstop_http_request_duration_seconds_bucket[$__rate_interval])))`, "{{method}} {{route}}"}},
		}),
		rates(Panel{
			ID:         "builds",
			Title:      locale.Text{NL: "Versies", EN: "Versions"},
			Question:   locale.Text{NL: "Wat draait er, en is een upgrade overal?", EN: "What runs, and is an upgrade everywhere?"},
			Definition: locale.Text{NL: "Processen per versie.", EN: "Processes by version."},
			Unit:       Count,
			Queries:    []PromQuery{{`count by (version, goversion) (pitstop_build_info)`, "{{version}} ({{goversion}})"}},
		}),
		rates(Panel{
			ID:         "processor-time",
			Title:      locale.Text{NL: "Rekentijd", EN: "Processor time"},
			Question:   locale.Text{NL: "Welk proces rekent het meest?", EN: "Which process computes most?"},
			Definition: locale.Text{NL: "Kernen die een proces gebruikt: seconden rekentijd per seconde.", EN: "Cores that a process uses: seconds of processor time a second."},
			Unit:       PerSecond,
			Queries:    []PromQuery{{`sum by (instance) (rate(process_cpu_seconds_total[$__rate_interval]) and on (instance) pitstop_build_info)`, "{{instance}}"}},
		}),
	},
}

// rates fills in what all the panels of Pipeline share.
func rates(p Panel) Panel {
	p.Kind, p.Width, p.Height = Rates, 12, 8
	if p.Empty == (locale.Text{}) {
		p.Empty = locale.Text{NL: "Geen metingen: loopt Pitstop, en leest Prometheus het uit?", EN: "No measurements: does Pitstop run, and does Prometheus scrape it?"}
	}
	return p
}
