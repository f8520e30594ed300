package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/api"
	"pitstop/deploy/embedded"
	"pitstop/producers/deadletter"
	"pitstop/schemas"
	"pitstop/schemas/kafka"
	"pitstop/schemas/repair"
	"pitstop/sinks/clickhouse"
)

// migrateCommand brings the tables up to date, and with a secret the users that
// dashboards log in with.
type migrateCommand struct {
	clickhouseFlags
	readerFlags
	garageFlags
	logFlags
}

func (c *migrateCommand) Run(e *env) error {
	db := c.config()
	book, bookErr := c.load()
	readers, readersErr := c.readers()
	if err := wrongUsage(db.Validate(), bookErr, readersErr); err != nil {
		return err
	}
	steps, err := clickhouse.Migrate(e, db, book, c.logger(e.err))
	if err != nil {
		return err
	}
	fmt.Fprintf(e.out, "done: %d migrations applied, %d garages loaded\n", steps, len(book.Garages()))
	if readers == nil {
		fmt.Fprintln(e.out, "no PITSTOP_READER_SECRET: users for dashboards are left as they are")
		return nil
	}
	if err := readers.Migrate(e, db, book); err != nil {
		return err
	}
	fmt.Fprintf(e.out, "done: a user for the dashboards of each garage, and %s for all of them\n", readers.Operator().User)
	return nil
}

// tokenCommand prints a token of the embedded mode's own issuer.
type tokenCommand struct {
	Data    string        `default:"data" help:"Data directory of the embedded mode." placeholder:"DIR"`
	Role    repair.Role   `required:"" enum:"mechanic,customer_service,manager,integrator,admin" help:"mechanic, customer_service, manager, integrator or admin."`
	Garage  []string      `required:"" help:"Garage the token is for; several with commas." placeholder:"ID"`
	Subject string        `required:"" help:"Whose token it is, e.g. sam."`
	TTL     time.Duration `name:"ttl" default:"12h" help:"How long it is good for."`
}

func (c *tokenCommand) Run(e *env) error {
	secret, err := embedded.ReadSecret(c.Data, tokensSecret)
	if err != nil {
		return wrongUsage(err)
	}
	issuer, err := api.NewLocalIssuer(secret, time.Now)
	if err != nil {
		return err
	}
	token, err := issuer.Issue(api.Caller{Subject: c.Subject, Roles: []repair.Role{c.Role}, Garages: c.Garage}, c.TTL)
	if err != nil {
		return wrongUsage(err)
	}
	fmt.Fprintln(e.out, token)
	return nil
}

// readerCommand prints how a reader of the dashboards logs in.
type readerCommand struct {
	Garage string `help:"Garage whose rows he gets; default: the operator, who gets every garage's." placeholder:"ID"`
	Data   string `help:"Data directory of a running embedded mode, instead of the flags below." placeholder:"DIR"`
	clickhouseFlags
	readerFlags
}

func (c *readerCommand) Run(e *env) error {
	db := c.config()
	readers, err := c.readers()
	if c.Data != "" {
		var a embedded.Addresses
		a, err = embedded.ReadAddresses(c.Data)
		db.DSN = a.ClickHouse
		secret, secretErr := embedded.ReadSecret(c.Data, readersSecret)
		readers, err = &clickhouse.Readers{Secret: secret}, errors.Join(err, secretErr)
	} else if readers == nil {
		err = errors.New("no secret: give PITSTOP_READER_SECRET, as to migrate, or --data DIR")
	}
	if err != nil {
		return wrongUsage(err)
	}
	reader := readers.Operator()
	if c.Garage != "" {
		reader = readers.Of(c.Garage)
	}
	dsn, err := db.As(reader)
	if err != nil {
		return wrongUsage(err)
	}
	fmt.Fprintln(e.out, dsn)
	return nil
}

// reachFlags are kafkaFlags, or the embedded mode's data directory instead.
type reachFlags struct {
	Data string `help:"Data directory of a running embedded mode, instead of the Kafka flags." placeholder:"DIR"`
	kafkaFlags
	logFlags
}

// reach gives where the log is.
func (f reachFlags) reach() (kafka.Config, error) {
	cfg := f.config()
	if f.Data != "" {
		a, err := embedded.ReadAddresses(f.Data)
		if err != nil {
			return cfg, err
		}
		cfg.Brokers, cfg.RegistryURL = []string{a.Kafka}, a.Registry
	}
	return cfg, cfg.Validate()
}

// deadLettersCommand looks at dead letters.
type deadLettersCommand struct {
	List   deadLettersList   `cmd:"" help:"List what could not be handled: position, when, who gave up, where it was, why."`
	Show   deadLettersShow   `cmd:"" help:"Show one, with its bytes and, where they are a record, what they say."`
	Replay deadLettersReplay `cmd:"" help:"Send commands again. What derives from events is rebuilt instead."`
}

type deadLettersList struct {
	reachFlags
}

type deadLettersShow struct {
	Position string `arg:"" help:"Position, as list prints it." placeholder:"PARTITION:OFFSET"`
	reachFlags
}

type deadLettersReplay struct {
	Positions []string `arg:"" optional:"" help:"Positions, as list prints them." placeholder:"PARTITION:OFFSET"`
	All       bool     `help:"Every command among the dead letters."`
	reachFlags
}

// box opens the dead letters.
func (f reachFlags) box(e *env) (deadletter.Box, func(), error) {
	cfg, err := f.reach()
	if err != nil {
		return deadletter.Box{}, nil, wrongUsage(err)
	}
	opts, err := cfg.Producer("pitstop-dead-letters", f.logger(e.err))
	if err != nil {
		return deadletter.Box{}, nil, err
	}
	cl, err := kgo.NewClient(append(opts, kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords())...)
	if err != nil {
		return deadletter.Box{}, nil, fmt.Errorf("kafka client: %w", err)
	}
	codec, err := newCodec(e, cfg)
	if err != nil {
		cl.Close()
		return deadletter.Box{}, nil, err
	}
	return deadletter.Box{Client: cl, Codec: codec}, cl.Close, nil
}

func (c *deadLettersList) Run(e *env) error {
	box, done, err := c.box(e)
	if err != nil {
		return err
	}
	defer done()
	w := tabwriter.NewWriter(e.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "POSITION\tAT\tCONSUMER\tWAS\tREASON\tDETAIL")
	n := 0
	err = box.Each(e, func(p deadletter.Position, d *schemas.DeadLetter) error {
		n++
		_, err := fmt.Fprintf(w, "%s\t%s\t%s\t%s[%d]@%d\t%s\t%.100q\n",
			p, d.At.Format(time.RFC3339), d.Consumer, d.Topic, d.Partition, d.Offset, d.Reason, d.Detail)
		return err
	})
	if err != nil {
		return err
	}
	if n == 0 {
		fmt.Fprintln(e.out, "no dead letters")
		return nil
	}
	return w.Flush()
}

func (c *deadLettersShow) Run(e *env) error {
	position, err := deadletter.ParsePosition(c.Position)
	if err != nil {
		return wrongUsage(err)
	}
	box, done, err := c.box(e)
	if err != nil {
		return err
	}
	defer done()
	d, err := box.Get(e, position)
	if err != nil {
		return err
	}
	fmt.Fprintf(e.out, "consumer  %s\nreason    %s\ndetail    %s\nwas       %s[%d]@%d, key %q\nat        %s\nbytes     %x\n",
		d.Consumer, d.Reason, d.Detail, d.Topic, d.Partition, d.Offset, d.Key, d.At.Format(time.RFC3339Nano), d.Value)
	record, err := box.Codec.Decode(e, d.Value)
	if err != nil {
		fmt.Fprintf(e.out, "record    none: %v\n", err)
		return nil
	}
	// Personal data in it is sealed in bytes, and stays so here.
	text, err := json.MarshalIndent(record, "", "  ")
	if err != nil {
		return err
	}
	fmt.Fprintf(e.out, "record    %s %s\n", schemas.NameOf(record), text)
	return nil
}

func (c *deadLettersReplay) Run(e *env) error {
	var wanted []deadletter.Position
	var errs []error
	if c.All == (len(c.Positions) > 0) {
		errs = append(errs, errors.New("give positions, or --all"))
	}
	for _, s := range c.Positions {
		p, err := deadletter.ParsePosition(s)
		wanted, errs = append(wanted, p), append(errs, err)
	}
	if err := wrongUsage(errs...); err != nil {
		return err
	}
	box, done, err := c.box(e)
	if err != nil {
		return err
	}
	defer done()
	var sent int
	err = box.Each(e, func(p deadletter.Position, d *schemas.DeadLetter) error {
		switch {
		case c.All && d.Topic != schemas.Commands.Name:
			return nil
		case !c.All && !slices.Contains(wanted, p):
			return nil
		}
		if err := box.Replay(e, d); err != nil {
			return fmt.Errorf("dead letter %s: %w", p, err)
		}
		sent++
		_, err := fmt.Fprintf(e.out, "%s sent again\n", p)
		return err
	})
	if err == nil && sent < len(wanted) {
		err = fmt.Errorf("%d of %d positions hold no dead letter: see pitstop dead-letters list", len(wanted)-sent, len(wanted))
	}
	return err
}
