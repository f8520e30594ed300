package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"pitstop/cmd/pitstop/app"
	"pitstop/processors/stream"
	"pitstop/schemas/kafka"
	"pitstop/schemas/record"
	"pitstop/sinks"
	"pitstop/sinks/email"
)

// runRole runs a role in this process, and serves its health and metrics.
func runRole(e *env, log *slog.Logger, ops opsFlags, cfg kafka.Config, metrics *prometheus.Registry, r app.Role) error {
	l, err := listen("--metrics-addr", ops.MetricsAddr)
	if err != nil {
		return wrongUsage(err)
	}
	return app.Process{Role: r, Listener: l, Metrics: metrics, Kafka: cfg, Log: log}.Run(e)
}

// listen opens a listener; its error says what to do about an address in use.
func listen(flag, addr string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w; stop what uses it, or give another %s", addr, err, flag)
	}
	return l, nil
}

// processorCommand runs one processor.
type processorCommand struct {
	Name string `arg:"" enum:"${processors}" help:"lifecycle decides about commands, and needs no --garages; notification decides what to tell whom; latency measures waits."`
	kafkaFlags
	garageFlags
	instanceFlags
	opsFlags
	logFlags
}

func (c *processorCommand) Run(e *env) error {
	log, cfg := c.logger(e.err), c.config()
	instance, instanceErr := c.name()
	book, bookErr := c.loadIf(c.Name != record.LifecycleProcessor.Name)
	if err := wrongUsage(cfg.Validate(), instanceErr, bookErr, needAddr("--metrics-addr", c.MetricsAddr)); err != nil {
		return err
	}
	metrics := app.NewMetrics()
	r, _ := app.NewProcessor(c.Name, app.ProcessorOptions{
		Kafka: cfg, Garages: book, Instance: instance, Clock: time.Now, Metrics: stream.NewMetrics(metrics), Log: log,
	})
	return runRole(e, log, c.opsFlags, cfg, metrics, r)
}

// sinkCommand runs one sink.
type sinkCommand struct {
	ClickHouse clickhouseSinkCommand `cmd:"" name:"clickhouse" help:"Copy every topic into ClickHouse."`
	Email      emailSinkCommand      `cmd:"" help:"Send the mails of notifications through an SMTP relay."`
}

type clickhouseSinkCommand struct {
	kafkaFlags
	clickhouseFlags
	garageFlags
	instanceFlags
	opsFlags
	logFlags
}

func (c *clickhouseSinkCommand) Run(e *env) error {
	log, cfg := c.logger(e.err), c.kafkaFlags.config()
	instance, instanceErr := c.name()
	book, bookErr := c.loadIf(c.Garages != "")
	if err := wrongUsage(cfg.Validate(), c.clickhouseFlags.config().Validate(), bookErr, instanceErr, needAddr("--metrics-addr", c.MetricsAddr)); err != nil {
		return err
	}
	metrics := app.NewMetrics()
	r := app.NewClickHouseSink(c.clickhouseFlags.config(), sinks.Config{
		Kafka: cfg, Instance: instance, Metrics: sinks.NewMetrics(metrics), Now: time.Now, Log: log.With("role", record.ClickHouseSink.Name),
	}, book)
	return runRole(e, log, c.opsFlags, cfg, metrics, r)
}

// sinceFlag says what to do where it is not known which mails were sent.
type sinceFlag struct {
	Since time.Time `help:"Where the brokers have forgotten which mails were sent, or none were: send those requested from this time on. Without effect otherwise." placeholder:"2026-11-24T08:00:00Z"`
}

type emailSinkCommand struct {
	sinceFlag
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
	metrics := app.NewMetrics()
	r := app.NewEmailSink(app.EmailSinkOptions{
		Kafka: cfg, Mail: mail, Garages: book, Transport: transport, Instance: instance,
		Since: c.Since, Clock: time.Now, Metrics: sinks.NewMetrics(metrics), Attempts: email.NewMetrics(metrics), Log: log,
	})
	return runRole(e, log, c.opsFlags, cfg, metrics, r)
}
