package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"pitstop/deploy/embedded"
	"pitstop/schemas/garage"
	"pitstop/schemas/link"
	"pitstop/sinks/email"
)

// embeddedFlags say where the embedded mode keeps its data.
type embeddedFlags struct {
	Data              string `default:"data" help:"Directory for everything that is kept. Made if it is missing."`
	ClickHouseLibrary string `name:"clickhouse-library" help:"The ClickHouse library, for the embedded engine; default: where make deps puts it." placeholder:"FILE"`
	ClickHouse        string `name:"clickhouse" help:"Use this ClickHouse server instead of the embedded engine." placeholder:"DSN"`
	logFlags
}

// upCommand runs everything on embedded parts.
type upCommand struct {
	Garages string `help:"The garage file (YAML); default: garages.yaml in the data directory, at first a sample of two garages." placeholder:"FILE"`
	smtpFlags
	PublicURL  string `name:"public-url" help:"Where customers reach the API, which links in mails begin with; default: its address on this machine." placeholder:"URL"`
	MailSender string `help:"Address in From; default: one that is none." placeholder:"ADDRESS"`
	embeddedFlags
}

func (c *upCommand) Run(e *env) error {
	log := c.logger(e.err)
	mail := email.Config{PublicURL: c.PublicURL, Sender: c.MailSender}
	var relayErr error
	if c.SMTP == "" && c.smtpFlags != (smtpFlags{}) {
		relayErr = errors.New("an SMTP setting without --smtp: mail goes to the mailbox here")
	}
	if err := wrongUsage(embeddedMail(mail, "http://localhost", new(link.Keys)).Validate(), relayErr); err != nil {
		return err
	}
	data, err := embedded.Open(c.Data, log)
	if err != nil {
		return wrongUsage(err)
	}
	defer closing(log, "data directory", data.Close)
	book, err := garagesOf(data, c.Garages, e.err)
	if err != nil {
		return wrongUsage(err)
	}
	o := pipelineOptions{flags: c.embeddedFlags, data: data, book: book, clock: time.Now, requestClock: wallClock, mail: mail}
	if c.SMTP != "" {
		relay, err := email.SMTP(c.relay(), time.Now)
		if err != nil {
			return wrongUsage(err)
		}
		o.transport = func(email.Transport) email.Transport { return relay }
	}
	return runEmbedded(e, log, o)
}

// garagesOf loads the garage file. Without one it writes the sample into the
// data directory at first, and says where.
func garagesOf(data *embedded.Data, file string, out io.Writer) (*garage.Book, error) {
	if file != "" {
		return garage.Load(file)
	}
	file = embeddedGarages(data.Dir())
	if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
		if err := os.WriteFile(file, garage.Sample, 0o600); err != nil {
			return nil, fmt.Errorf("write sample garages: %w", err)
		}
		fmt.Fprintf(out, "No --garages: starting with a sample of two garages. Its copy, yours to change: %s\n", file)
	}
	return garage.Load(file)
}
