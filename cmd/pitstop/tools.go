package main

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"pitstop/api/web"
	"pitstop/cmd/pitstop/app"
	"pitstop/deploy/embedded"
	"pitstop/producers/deadletter"
	"pitstop/schemas/kafka"
	"pitstop/schemas/repair"
)

// tokenCommand prints a token where there is no identity provider.
type tokenCommand struct {
	Data        string        `default:"data" help:"Data directory of the embedded mode."`
	TokenSecret string        `help:"Instead of a data directory: the API's PITSTOP_TOKEN_SECRET; give it as that."`
	Role        repair.Role   `required:"" enum:"mechanic,customer_service,manager,integrator,admin" help:"mechanic, customer_service, manager, integrator or admin."`
	Garage      []string      `required:"" help:"Garage the token is for, of the garage file; several with commas." placeholder:"ID"`
	Subject     string        `required:"" help:"Whose token it is, e.g. sam."`
	TTL         time.Duration `name:"ttl" default:"12h" help:"How long it is good for."`
}

func (c *tokenCommand) Run(e *env) error {
	var secret []byte
	var err, garageErr error
	if c.TokenSecret != "" {
		secret, err = secretFrom("PITSTOP_TOKEN_SECRET", c.TokenSecret)
	} else if secret, err = embedded.ReadSecret(c.Data, app.TokensSecret); err == nil {
		garageErr = app.CheckGarages(c.Data, c.Garage)
	}
	if err := wrongUsage(err, garageErr); err != nil {
		return err
	}
	issuer, err := web.NewLocalIssuer(secret, time.Now)
	if err != nil {
		return err
	}
	token, err := issuer.Issue(web.Caller{Subject: c.Subject, Roles: []repair.Role{c.Role}, Garages: c.Garage}, c.TTL)
	if err != nil {
		return wrongUsage(err)
	}
	fmt.Fprintln(e.out, token)
	return nil
}

// readyCommand asks a running role whether it is ready, for a container's health
// check.
type readyCommand struct{ opsFlags }

func (c *readyCommand) Run(e *env) error {
	if err := wrongUsage(needAddr("--metrics-addr", c.MetricsAddr)); err != nil {
		return err
	}
	return app.AskReady(e, c.MetricsAddr, e.out)
}

// reachFlags are kafkaFlags, or instead the data directory of an embedded mode.
type reachFlags struct {
	Data string `help:"Data directory of a running embedded mode, instead of --kafka-brokers and --registry-url." placeholder:"DIR"`
	kafkaFlags
	logFlags
}

// reach returns where Kafka and the registry are.
func (f reachFlags) reach() (kafka.Config, error) {
	cfg := f.config()
	if f.Data != "" {
		if len(f.KafkaBrokers) > 0 || f.RegistryURL != "" {
			return cfg, errors.New("give --data, or --kafka-brokers and --registry-url, not both")
		}
		a, err := embedded.ReadAddresses(f.Data)
		if err != nil {
			return cfg, err
		}
		cfg.Brokers, cfg.RegistryURL = []string{a.Kafka}, a.Registry
	}
	return cfg, cfg.Validate()
}

// deadLettersCommand lists, shows and replays dead letters.
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
	All       bool     `help:"Every command among the dead letters that can be decoded, each once."`
	reachFlags
}

// box opens the dead letters, unless the rest of the command line is wrong.
func (f reachFlags) box(e *env, wrong ...error) (deadletter.Box, func(), error) {
	cfg, err := f.reach()
	if err := wrongUsage(append(wrong, err)...); err != nil {
		return deadletter.Box{}, nil, err
	}
	return app.OpenDeadLetters(e, cfg, f.logger(e.err))
}

func (c *deadLettersList) Run(e *env) error {
	box, done, err := c.box(e)
	if err != nil {
		return err
	}
	defer done()
	return box.List(e, e.out)
}

func (c *deadLettersShow) Run(e *env) error {
	position, wrong := deadletter.ParsePosition(c.Position)
	box, done, err := c.box(e, wrong)
	if err != nil {
		return err
	}
	defer done()
	return box.Show(e, e.out, position)
}

func (c *deadLettersReplay) Run(e *env) error {
	var wanted []deadletter.Position
	var wrong []error
	if c.All == (len(c.Positions) > 0) {
		wrong = append(wrong, errors.New("give positions, or --all"))
	}
	for _, s := range c.Positions {
		p, err := deadletter.ParsePosition(s)
		wrong = append(wrong, err)
		if !slices.Contains(wanted, p) {
			wanted = append(wanted, p)
		}
	}
	box, done, err := c.box(e, wrong...)
	if err != nil {
		return err
	}
	defer done()
	return box.Resend(e, e.out, wanted)
}
