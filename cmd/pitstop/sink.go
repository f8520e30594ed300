package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"pitstop/schemas/avro"
	"pitstop/schemas/garage"
	"pitstop/schemas/kafka"
	"pitstop/schemas/link"
	"pitstop/schemas/record"
	"pitstop/sinks"
	"pitstop/sinks/clickhouse"
	"pitstop/sinks/email"
)

// sinkCommand runs one sink.
type sinkCommand struct {
	ClickHouse clickhouseSinkCommand `cmd:"" name:"clickhouse" help:"Copy every topic into ClickHouse."`
	Email      emailSinkCommand      `cmd:"" help:"Send the mails of notifications through an SMTP relay."`
}

type clickhouseSinkCommand struct {
	kafkaFlags
	clickhouseFlags
	instanceFlags
	opsFlags
	logFlags
}

func (c *clickhouseSinkCommand) Run(e *env) error {
	log, cfg := c.logger(e.err), c.kafkaFlags.config()
	instance, instanceErr := c.name()
	if err := wrongUsage(cfg.Validate(), c.clickhouseFlags.config().Validate(), instanceErr, needAddr("--metrics-addr", c.MetricsAddr)); err != nil {
		return err
	}
	metrics := newRegistry()
	r := clickhouseRole(c.clickhouseFlags.config(), sinks.Config{
		Kafka: cfg, Instance: instance, Metrics: sinks.NewMetrics(metrics), Now: time.Now, Log: log.With("role", "clickhouse"),
	})
	return alone(e, log, c.opsFlags, cfg, metrics, r)
}

func clickhouseRole(db clickhouse.Config, c sinks.Config) role {
	c.Progress = new(kafka.Progress)
	c.Upstream = processorStages()
	return role{name: "clickhouse", check: c.Progress.Check, run: func(ctx context.Context) error {
		var err error
		if c.Codec, err = newCodec(ctx, c.Kafka); err != nil {
			return err
		}
		conn, err := db.Open()
		if err != nil {
			return err
		}
		return errors.Join(clickhouse.Run(ctx, conn, c), conn.Close())
	}}
}

// processorStages are the processors, in the order in which records go through
// them. Ticks are left out: they follow from no record.
func processorStages() []sinks.Stage {
	var stages []sinks.Stage
	for _, r := range readers {
		if !slices.Contains(record.Processors, r.name) {
			continue
		}
		s := sinks.Stage{Group: record.Prefix + r.name}
		for _, t := range r.topics {
			if t.Name != record.Ticks.Name {
				s.Topics = append(s.Topics, t.Name)
			}
		}
		stages = append(stages, s)
	}
	return stages
}

type emailSinkCommand struct {
	Since time.Time `help:"Where the brokers have forgotten which mails were sent, or none were: send those requested from this time on. Without effect otherwise." placeholder:"2026-11-24T08:00:00Z"`
	kafkaFlags
	garageFlags
	smtpFlags
	mailFlags
	instanceFlags
	opsFlags
	logFlags
}

func (c *emailSinkCommand) Run(e *env) error {
	log, cfg, relay := c.logger(e.err), c.kafkaFlags.config(), c.relay()
	instance, instanceErr := c.name()
	book, bookErr := c.load()
	mail, mailErr := c.mailFlags.config()
	if err := wrongUsage(cfg.Validate(), relay.Validate(), bookErr, mailErr, instanceErr, needAddr("--metrics-addr", c.MetricsAddr)); err != nil {
		return err
	}
	transport, err := email.SMTP(relay, time.Now)
	if err != nil {
		return wrongUsage(err)
	}
	metrics := newRegistry()
	r := emailParts{
		cfg: cfg, mail: mail, book: book, transport: transport, instance: instance,
		since: c.Since, now: time.Now, log: log, metrics: sinks.NewMetrics(metrics), attempts: email.NewMetrics(metrics),
	}.role()
	return alone(e, log, c.opsFlags, cfg, metrics, r)
}

// emailParts are what the e-mail sink is made of.
type emailParts struct {
	cfg       kafka.Config
	mail      email.Config
	book      *garage.Book
	transport email.Transport
	instance  string
	since     time.Time
	now       func() time.Time
	log       *slog.Logger
	metrics   *sinks.Metrics
	attempts  *email.Metrics
}

// role makes the sink anew at every start: a failed one is dropped with all it
// remembers.
func (p emailParts) role() role {
	var current atomic.Pointer[email.Sink]
	return role{
		name: email.Name,
		run: func(ctx context.Context) error {
			codec, err := newCodec(ctx, p.cfg)
			if err != nil {
				return err
			}
			sink, err := email.New(p.mail, p.book, codec, p.transport, p.now, p.log.With("role", email.Name))
			if err != nil {
				return err
			}
			sink.Metrics, sink.Attempts, sink.Since = p.metrics, p.attempts, p.since
			current.Store(sink)
			return sink.Run(ctx, p.cfg, p.instance)
		},
		check: func(now time.Time) error {
			if sink := current.Load(); sink != nil {
				return sink.Progress.Check(now)
			}
			return errors.New("starting")
		},
	}
}

func (f mailFlags) config() (email.Config, error) {
	c := email.Config{
		PublicURL: f.PublicURL, StaffURL: f.StaffURL, Sender: f.MailSender, Domain: f.MailDomain,
		LinkLifetime: f.LinkLifetime,
	}
	var err error
	if c.LinkKeys, err = f.keys(); err != nil {
		c.LinkKeys = new(link.Keys) // what is wrong with them is said
	}
	return c, errors.Join(err, c.Validate())
}

func (f mailFlags) keys() (*link.Keys, error) {
	if f.LinkKeys == "" {
		return nil, errors.New("no keys for the customers' links: give PITSTOP_LINK_KEYS, the same in every process")
	}
	keys, err := link.ParseKeys(f.LinkKeys)
	if err != nil {
		return nil, fmt.Errorf("PITSTOP_LINK_KEYS: %w", err)
	}
	return keys, nil
}

func newCodec(ctx context.Context, cfg kafka.Config) (*avro.Codec, error) {
	registry, err := cfg.RegistryClient("pitstop")
	if err != nil {
		return nil, err
	}
	return kafka.NewCodec(ctx, registry, record.PersonalPrefix)
}
