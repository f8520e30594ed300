package main

import (
	"errors"
	"fmt"
	"time"

	"pitstop/cmd/pitstop/app"
	"pitstop/deploy/embedded"
	"pitstop/schemas/garage"
	"pitstop/schemas/record"
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

func (c *rebuildCommand) Run(e *env) error {
	log := c.logger(e.err)
	r := app.Rebuild{
		Name: c.Name, Kafka: c.kafkaFlags.config(), Database: c.clickhouseFlags.config(), Until: c.Until, Log: log,
		Tell: func(s string) { fmt.Fprintf(e.out, "%s: %s\n", c.Name, s) },
	}
	run := func() error { return r.Run(e) }
	if c.Data != "" {
		data, err := embedded.Open(c.Data, log)
		if err != nil {
			return wrongUsage(err)
		}
		defer closing(log, "data directory", data.Close)
		if c.Garages == "" {
			c.Garages = app.GarageFile(data.Dir())
		}
		run = func() error { return r.RunEmbedded(e, data, c.ClickHouseLibrary) }
	}
	if err := wrongUsage(c.check(&r.Garages)); err != nil {
		return err
	}
	if err := run(); err != nil {
		return err
	}
	fmt.Fprintf(e.out, "done; now start it again: %s\n", map[bool]string{true: "pitstop up", false: "every process of " + c.Name}[c.Data != ""])
	return nil
}

// check reads the garages, where they are needed, and reports all that is wrong.
func (c *rebuildCommand) check(book **garage.Book) (err error) {
	if c.Data != "" || c.Name == record.NotificationProcessor.Name || c.Name == record.LatencyProcessor.Name {
		*book, err = c.load()
	}
	if c.Data != "" {
		if len(c.KafkaBrokers) > 0 || c.RegistryURL != "" || c.ClickHouse != "" {
			err = errors.Join(err, errors.New("give --data, or --kafka-brokers and what goes with it, not both"))
		}
		return err
	}
	err = errors.Join(err, c.kafkaFlags.config().Validate())
	if c.Name == record.ClickHouseSink.Name {
		err = errors.Join(err, c.clickhouseFlags.config().Validate())
	}
	return err
}
