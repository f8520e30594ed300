package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"pitstop/cmd/pitstop/app"
	"pitstop/cmd/pitstop/banner"
	"pitstop/deploy/embedded"
	"pitstop/schemas/garage"
	"pitstop/schemas/link"
	"pitstop/sinks/clickhouse"
	"pitstop/sinks/email"
)

// embeddedFlags say where the embedded mode keeps its data.
type embeddedFlags struct {
	Data              string `default:"data" help:"Directory for everything that is kept. Made if it is missing."`
	Addr              string `help:"Address of the API; the sign-in page, the mailbox and the metrics have the three ports after it. Default: free ports on loopback, the same at every start. Anywhere else, whoever reaches it reads all mail and signs in as anyone: as 0.0.0.0:8080." placeholder:"HOST:PORT"`
	ClickHouseLibrary string `name:"clickhouse-library" help:"The ClickHouse library, for the embedded engine; default: where make deps puts it." placeholder:"FILE"`
	ClickHouse        string `name:"clickhouse" help:"Use this ClickHouse server instead of the embedded engine." placeholder:"DSN"`
	logFlags
}

// upCommand runs everything on embedded parts.
type upCommand struct {
	Garages string `help:"The garage file (YAML); default: garages.yaml in the data directory, at first a sample of two garages." placeholder:"FILE"`
	smtpFlags
	PublicURL  string `name:"public-url" help:"Where customers reach the API, which links in mails begin with; default: its address on this machine." placeholder:"URL"`
	MailSender string `help:"Address in From; default: a placeholder address." placeholder:"ADDRESS"`
	sinceFlag
	embeddedFlags
}

func (c *upCommand) Run(e *env) error {
	log := c.logger(e.err)
	mail := email.Config{PublicURL: c.PublicURL, Sender: c.MailSender}
	var relayErr, bookErr, databaseErr error
	if c.SMTP != "" {
		relayErr = c.relay().Validate()
	} else if c.smtpFlags != (smtpFlags{}) {
		relayErr = errors.New("an SMTP setting without --smtp: mail goes to the mailbox here")
	}
	if c.Garages != "" {
		_, bookErr = garage.Load(c.Garages)
	}
	if c.ClickHouse != "" {
		databaseErr = clickhouse.Config{DSN: c.ClickHouse}.Validate()
	}
	if err := wrongUsage(app.EmbeddedMail(mail, "http://localhost", new(link.Keys)).Validate(), relayErr, bookErr, databaseErr, needAddr("--addr", cmp.Or(c.Addr, anywhere))); err != nil {
		return err
	}
	data, err := c.open(log)
	if err != nil {
		return err
	}
	defer closing(log, "data directory", data.Close)
	if c.Garages == "" {
		c.Garages = app.GarageFile(data.Dir())
		if sample, err := app.WriteSample(data); err != nil {
			return wrongUsage(err)
		} else if sample {
			fmt.Fprintf(e.err, "No --garages: starting with a sample of two garages. Its copy, yours to change: %s\n", c.Garages)
		}
	}
	book, err := garage.Load(c.Garages)
	if err != nil {
		return wrongUsage(err)
	}
	o := app.Options{Data: data, Garages: book, GarageFile: c.Garages, Clock: time.Now, RequestClock: wallClock, Mail: mail, MailSince: c.Since, Log: log}
	if c.SMTP != "" {
		if o.Relay, err = email.SMTP(c.relay(), time.Now); err != nil {
			return wrongUsage(err)
		}
	}
	return c.embeddedFlags.run(e, e.out, o)
}

// anywhere is an address for --addr to be, where it is not given.
const anywhere = "localhost:0"

// open opens the data directory, to be served where the flags say.
func (f embeddedFlags) open(log *slog.Logger) (*embedded.Data, error) {
	data, err := embedded.Open(f.Data, log)
	if err != nil || f.Addr == "" {
		return data, wrongUsage(err)
	}
	if err := data.At(f.Addr); err != nil {
		return nil, wrongUsage(err, data.Close())
	}
	return data, nil
}

// run runs everything and prints its addresses. It returns when the context ends or
// o.Beside does.
func (f embeddedFlags) run(ctx context.Context, out io.Writer, o app.Options) error {
	o.ClickHouse, o.ClickHouseLibrary = f.ClickHouse, f.ClickHouseLibrary
	slog.SetDefault(o.Log) // which the identity provider's library takes
	beside := o.Beside
	o.Beside = func(ctx context.Context, p *app.Pipeline) error {
		banner.Banner{Out: out, Program: os.Args[0], Pipeline: p}.Running()
		if beside != nil {
			return beside(ctx, p)
		}
		<-ctx.Done()
		return nil
	}
	err := app.Run(ctx, o)
	if embedded.IsConfiguration(err) {
		return wrongUsage(err)
	}
	return err
}

func closing(log *slog.Logger, what string, close func() error) {
	if err := close(); err != nil {
		log.Error("not closed cleanly", "what", what, "error", err)
	}
}
