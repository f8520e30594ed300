package main

import (
	"fmt"
	"time"

	"pitstop/cmd/pitstop/app"
	"pitstop/deploy/embedded"
)

// rebuildCommand makes what a role keeps out of the topics.
type rebuildCommand struct {
	Name              string    `arg:"" enum:"${rebuildable}" help:"lifecycle, notification or latency: the state of that processor. clickhouse: the tables."`
	Until             time.Time `help:"Of a processor whose position is lost: when it was stopped. What came later it handles when it starts, and tells of." placeholder:"2026-11-24T08:00:00Z"`
	Data              string    `help:"Data directory of an embedded mode that is stopped, instead of the flags below." placeholder:"DIR"`
	ClickHouseLibrary string    `name:"clickhouse-library" help:"As of pitstop up." placeholder:"FILE"`
	kafkaFlags
	garageFlags
	clickhouseFlags
	logFlags
}

func (c *rebuildCommand) Run(e *env) (err error) {
	r := app.Rebuild{
		Name: c.Name, Library: c.ClickHouseLibrary, Kafka: c.kafkaFlags.config(), Database: c.clickhouseFlags.config(), Until: c.Until, Log: c.logger(e.err),
		Tell: func(s string) { fmt.Fprintf(e.out, "%s: %s\n", c.Name, s) },
	}
	next := "every process of " + c.Name
	if c.Data != "" {
		if r.Data, err = embedded.Open(c.Data, r.Log); err != nil {
			return wrongUsage(err)
		}
		defer closing(r.Log, "data directory", r.Data.Close)
		next = "pitstop up, or pitstop demo if that made it"
		if c.Garages == "" {
			c.Garages = app.GarageFile(r.Data.Dir())
		}
	}
	if r.Garages, err = c.loadIf(r.NeedsGarages()); err != nil || r.Validate() != nil {
		return wrongUsage(r.Validate(), err)
	}
	if err := r.Run(e); err != nil {
		return err
	}
	fmt.Fprintf(e.out, "done; now start it again: %s\n", next)
	return nil
}
