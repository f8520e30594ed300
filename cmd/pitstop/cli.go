package main

import (
	"strings"

	"pitstop/schemas/record"
)

var description = `Pitstop tells a garage's customers what happens to their car, asks them to agree to extra work, and measures how long everybody waits.

Try it: "pitstop demo" simulates garages and customers on embedded parts; "pitstop up" runs the same empty. On your own servers run each role by itself: api, processor ` + strings.Join(names(record.Processors()), "|") + `, sink clickhouse|email, after "pitstop topics apply" and "pitstop migrate".

Every flag can be given in the environment too, as PITSTOP_ and its name: --kafka-brokers is PITSTOP_KAFKA_BROKERS. Give secrets that way.

Exit codes: 0 done, 1 failed, 2 wrong usage or configuration.`

// cli is the command line.
type cli struct {
	Demo demoCommand `cmd:"" help:"Run everything on this machine with simulated garages, mechanics and customers. For one machine: whoever reaches its sign-in page can sign in as anyone."`
	Up   upCommand   `cmd:"" help:"Run everything on this machine, on embedded parts: no servers needed. For one machine: whoever reaches its sign-in page can sign in as anyone."`

	API       apiCommand       `cmd:"" name:"api" help:"Run the HTTP API and the customers' page."`
	Processor processorCommand `cmd:"" help:"Run one of the processors: ${processor_list}."`
	Sink      sinkCommand      `cmd:"" help:"Run one sink: clickhouse or email."`

	Topics      topicsCommand      `cmd:"" help:"Compare the topics with the catalogue, or make them so."`
	Migrate     migrateCommand     `cmd:"" help:"Bring the ClickHouse tables up to date and load the garages into them."`
	Dashboards  dashboardsCommand  `cmd:"" help:"Compare Grafana with the dashboards and alert rules, make it so, or write them as files."`
	Import      importCommand      `cmd:"" help:"Send the commands in a file of JSON lines."`
	Links       linksCommand       `cmd:"" help:"End the links to a repair that customers hold."`
	Token       tokenCommand       `cmd:"" help:"Print an API token for a member of staff, where there is no identity provider."`
	Ready       readyCommand       `cmd:"" help:"Ask a role on this machine whether it is ready, and why not. For health checks."`
	Reader      readerCommand      `cmd:"" help:"Print the DSN with which dashboards read ClickHouse: one garage's rows, or all."`
	Rebuild     rebuildCommand     `cmd:"" help:"Make the state of a processor, or the tables, out of the topics: ${rebuildable_list}."`
	DeadLetters deadLettersCommand `cmd:"" help:"Look at records that could not be handled, and send commands among them again."`
}

func indent(s string) string { return "  " + strings.ReplaceAll(s, "\n", "\n  ") }
