package dashboards

// Pipeline is for whoever runs Pitstop: does everything keep up, and if not, why?
// Its figures are from Prometheus. Every query works for one process with all the
// roles, and for any number of processes with one each.
var Pipeline = Dashboard{
	ID:       "pipeline",
	Title:    Text{"Pijplijn", "Pipeline"},
	Operator: true,
	For: Text{
		"Voor wie Pitstop beheert: loopt alles door, en zo niet, waar zit het vast?",
		"For whoever runs Pitstop: does everything get on, and if not, where is it stuck?",
	},
	Panels: []Panel{
		rates(Panel{
			ID:         "ready",
			Title:      Text{"Processen die klaarstaan", "Processes that are ready"},
			Question:   Text{"Loopt elke rol?", "Does every role run?"},
			Definition: Text{"Per rol het aantal processen waarvan /readyz zegt dat het doorloopt; kafka is hoe de processen de brokers zien.", "By role, the processes of which /readyz says that they get on; kafka is how the processes see the brokers."},
			Unit:       Count,
			Threshold:  &Threshold{Good: 1, Bad: 1, HigherIsBetter: true},
			Queries:    []PromQuery{{`sum by (role) (pitstop_ready)`, "{{role}}"}},
		}),
		rates(Panel{
			ID:         "behind",
			Title:      Text{"Achterstand in tijd", "Time behind"},
			Question:   Text{"Hoe oud is wat nog gedaan moet worden?", "How old is what is still to be done?"},
			Definition: Text{"Alles wat zoveel seconden geleden gelogd was, is verwerkt; de slechtste partitie van elke rol. Zo precies als de tijd tussen twee metingen.", "Everything that was logged so many seconds ago has been handled; the worst partition of each role. As exact as the time between two scrapes."},
			Unit:       Seconds,
			Threshold:  &Threshold{Good: 30, Bad: 120},
			Queries:    []PromQuery{{`max by (role) (pitstop_consumer_lag_seconds)`, "{{role}}"}},
		}),
		rates(Panel{
			ID:         "tables-behind",
			Title:      Text{"Versheid van de tabellen", "Freshness of the tables"},
			Question:   Text{"Hoe oud is wat managers zien?", "How old is what managers see?"},
			Definition: Text{"Alles wat zoveel seconden geleden gelogd was, staat in de tabel van ClickHouse.", "Everything that was logged so many seconds ago is in ClickHouse's table."},
			Unit:       Seconds,
			Threshold:  &Threshold{Good: 30, Bad: 120},
			Queries:    []PromQuery{{`time() - max by (table) (pitstop_clickhouse_complete_timestamp_seconds)`, "{{table}}"}},
		}),
		rates(Panel{
			ID:         "lag",
			Title:      Text{"Achterstand in berichten", "Records behind"},
			Question:   Text{"Hoeveel ligt er nog?", "How much is left?"},
			Definition: Text{"Berichten die de consumentengroep van de rol niet heeft vastgelegd, over alle partities.", "Records that the role's consumer group has not committed, over all partitions."},
			Unit:       Count,
			Queries:    []PromQuery{{`sum by (role) (max by (role, topic, partition) (pitstop_consumer_lag_records))`, "{{role}}"}},
		}),
		rates(Panel{
			ID:         "consumed",
			Title:      Text{"Gelezen", "Consumed"},
			Question:   Text{"Hoeveel gaat er elke rol in?", "How much goes into each role?"},
			Definition: Text{"Verwerkte berichten per seconde: vastgelegd, of weggeschreven.", "Records handled a second: committed, or written."},
			Unit:       PerSecond,
			Queries: []PromQuery{
				{`sum by (role) (rate(pitstop_processor_records_total[$__rate_interval]))`, "{{role}}"},
				{`sum by (role) (rate(pitstop_sink_records_total[$__rate_interval]))`, "{{role}}"},
			},
		}),
		rates(Panel{
			ID:         "produced",
			Title:      Text{"Geschreven", "Produced"},
			Question:   Text{"Hoeveel komt er uit elke processor?", "How much comes out of each processor?"},
			Definition: Text{"Geschreven berichten per seconde en topic, ook die van afgebroken transacties.", "Records written a second, by topic, those of aborted transactions included."},
			Unit:       PerSecond,
			Queries:    []PromQuery{{`sum by (role, topic) (rate(pitstop_processor_outputs_total[$__rate_interval]))`, "{{role}} → {{topic}}"}},
		}),
		rates(Panel{
			ID:         "transactions",
			Title:      Text{"Transacties", "Transactions"},
			Question:   Text{"Slagen ze?", "Do they succeed?"},
			Definition: Text{"Transacties per seconde, vastgelegd of afgebroken. Bij een herverdeling van partities breken er een paar af.", "Transactions a second, committed or aborted. A few abort when partitions are shared out anew."},
			Unit:       PerSecond,
			Queries:    []PromQuery{{`sum by (role, outcome) (rate(pitstop_processor_transaction_duration_seconds_count[$__rate_interval]))`, "{{role}} {{outcome}}"}},
		}),
		rates(Panel{
			ID:         "transaction-time",
			Title:      Text{"Duur van transacties", "How long transactions take"},
			Question:   Text{"Is Kafka snel genoeg?", "Is Kafka fast enough?"},
			Definition: Text{"99e percentiel van begin tot vastleggen.", "99th percentile from begin to commit."},
			Unit:       Seconds,
			Threshold:  &Threshold{Good: 0.5, Bad: 5},
			Queries:    []PromQuery{{`histogram_quantile(0.99, sum by (role, le) (rate(pitstop_processor_transaction_duration_seconds_bucket[$__rate_interval])))`, "{{role}}"}},
		}),
		rates(Panel{
			ID:         "restores",
			Title:      Text{"Duur van het herstel", "How long restoring takes"},
			Question:   Text{"Hoe snel is een rol terug?", "How soon is a role back?"},
			Definition: Text{"Hoe lang het laatste opbouwen van de toestand uit de changelog duurde; het langzaamste proces van elke rol.", "How long the last rebuilding of state from the changelog took; the slowest process of each role."},
			Unit:       Seconds,
			Threshold:  &Threshold{Good: 15, Bad: 60},
			Queries:    []PromQuery{{`max by (role) (pitstop_processor_restore_seconds)`, "{{role}}"}},
		}),
		rates(Panel{
			ID:         "dead-letters",
			Title:      Text{"Onverwerkbare berichten", "Dead letters"},
			Question:   Text{"Wat kon niemand aan?", "What could nobody handle?"},
			Definition: Text{"Berichten die in het uur ervoor opzij zijn gezet, per rol en reden.", "Records put aside in the hour before, by role and reason."},
			Empty:      Text{"Niets: alles was te verwerken.", "Nothing: everything could be handled."},
			Unit:       Count,
			Threshold:  &Threshold{Good: 0, Bad: 0},
			Queries: []PromQuery{
				{deadLetters("pitstop_processor_dead_letters_total"), "{{role}} {{reason}}"},
				{deadLetters("pitstop_sink_dead_letters_total"), "{{role}} {{reason}}"},
			},
		}),
		rates(Panel{
			ID:         "mails",
			Title:      Text{"Mail", "Mail"},
			Question:   Text{"Neemt de mailserver de mail aan?", "Does the relay take the mail?"},
			Definition: Text{"Pogingen per seconde: accepted aangenomen, deferred voorlopig geweigerd, failed voorgoed geweigerd, paused mailserver onbereikbaar (de poging telt niet en komt terug).", "Attempts a second: accepted; deferred, refused for now; failed, refused for good; paused, the relay is away (the attempt does not count and comes again)."},
			Unit:       PerSecond,
			Queries:    []PromQuery{{`sum by (outcome) (rate(pitstop_mail_attempt_duration_seconds_count[$__rate_interval]))`, "{{outcome}}"}},
		}),
		rates(Panel{
			ID:         "mail-time",
			Title:      Text{"Duur van een mail", "How long a mail takes"},
			Question:   Text{"Is de mailserver snel genoeg?", "Is the relay fast enough?"},
			Definition: Text{"Van verbinden tot het antwoord van de mailserver, mediaan en 99e percentiel.", "From connecting to the relay's answer, median and 99th percentile."},
			Empty:      Text{"Er ging geen mail uit.", "No mail went out."},
			Unit:       Seconds,
			Threshold:  &Threshold{Good: 1, Bad: 5},
			Queries: []PromQuery{
				{`histogram_quantile(0.5, sum by (le) (rate(pitstop_mail_attempt_duration_seconds_bucket[$__rate_interval])))`, "p50"},
				{`histogram_quantile(0.99, sum by (le) (rate(pitstop_mail_attempt_duration_seconds_bucket[$__rate_interval])))`, "p99"},
			},
		}),
		rates(Panel{
			ID:         "stalled",
			Title:      Text{"Sinks die wachten", "Sinks that wait"},
			Question:   Text{"Is er iets weg dat een sink nodig heeft?", "Is something away that a sink needs?"},
			Definition: Text{"1 zolang ClickHouse, de mailserver, het schemaregister of Kafka weg is voor een sink, anders 0.", "1 while ClickHouse, the relay, the schema registry or Kafka is away for a sink, else 0."},
			Unit:       Count,
			Threshold:  &Threshold{Good: 0, Bad: 0},
			Queries:    []PromQuery{{`max by (role) (pitstop_sink_stalled)`, "{{role}}"}},
		}),
		rates(Panel{
			ID:         "batch-time",
			Title:      Text{"Duur van een batch", "How long a batch takes"},
			Question:   Text{"Is ClickHouse snel genoeg?", "Is ClickHouse fast enough?"},
			Definition: Text{"99e percentiel van lezen en wegschrijven van een batch.", "99th percentile of decoding and writing a batch."},
			Empty:      Text{"Er was niets weg te schrijven.", "There was nothing to write."},
			Unit:       Seconds,
			Threshold:  &Threshold{Good: 1, Bad: 10},
			Queries:    []PromQuery{{`histogram_quantile(0.99, sum by (role, le) (rate(pitstop_sink_batch_duration_seconds_bucket[$__rate_interval])))`, "{{role}}"}},
		}),
		rates(Panel{
			ID:         "requests",
			Title:      Text{"Verzoeken aan de API", "Requests to the API"},
			Question:   Text{"Krijgt iedereen antwoord?", "Does everybody get an answer?"},
			Definition: Text{"Verzoeken per seconde, per route en status.", "Requests a second, by route and status."},
			Empty:      Text{"Niemand vroeg iets.", "Nobody asked anything."},
			Unit:       PerSecond,
			Queries:    []PromQuery{{`sum by (method, route, status) (rate(pitstop_http_request_duration_seconds_count[$__rate_interval]))`, "{{status}} {{method}} {{route}}"}},
		}),
		rates(Panel{
			ID:         "request-time",
			Title:      Text{"Duur van een verzoek", "How long a request takes"},
			Question:   Text{"Hoe lang wacht een verzoek op antwoord?", "How long does a request wait for its answer?"},
			Definition: Text{"99e percentiel per route. Een opdracht wacht op zijn uitkomst, de stroom van gebeurtenissen op een gebeurtenis.", "99th percentile by route. A command waits for its outcome, the stream of events for an event."},
			Empty:      Text{"Niemand vroeg iets.", "Nobody asked anything."},
			Unit:       Seconds,
			Threshold:  &Threshold{Good: 0.5, Bad: 2.5},
			Queries:    []PromQuery{{`histogram_quantile(0.99, sum by (method, route, le) (rate(pitstop_http_request_duration_seconds_bucket[$__rate_interval])))`, "{{method}} {{route}}"}},
		}),
		rates(Panel{
			ID:         "builds",
			Title:      Text{"Versies", "Versions"},
			Question:   Text{"Wat draait er, en is een upgrade overal?", "What runs, and is an upgrade everywhere?"},
			Definition: Text{"Processen per versie.", "Processes by version."},
			Unit:       Count,
			Queries:    []PromQuery{{`count by (version, goversion) (pitstop_build_info)`, "{{version}} ({{goversion}})"}},
		}),
		rates(Panel{
			ID:         "processor-time",
			Title:      Text{"Rekentijd", "Processor time"},
			Question:   Text{"Welk proces rekent het meest?", "Which process computes most?"},
			Definition: Text{"Kernen die een proces gebruikt: seconden rekentijd per seconde.", "Cores that a process uses: seconds of processor time a second."},
			Unit:       PerSecond,
			Queries:    []PromQuery{{`sum by (instance) (rate(process_cpu_seconds_total[$__rate_interval]) and on (instance) pitstop_build_info)`, "{{instance}}"}},
		}),
	},
}

// rates fills in what all the panels of Pipeline share.
func rates(p Panel) Panel {
	p.Kind, p.Width, p.Height = Rates, 12, 8
	if p.Empty == (Text{}) {
		p.Empty = Text{"Geen metingen: loopt Pitstop, en leest Prometheus het uit?", "No measurements: does Pitstop run, and does Prometheus scrape it?"}
	}
	return p
}
