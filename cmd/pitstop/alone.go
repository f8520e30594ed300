package main

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kadm"

	"pitstop/processors/latency"
	"pitstop/processors/lifecycle"
	"pitstop/processors/notification"
	"pitstop/processors/stream"
	"pitstop/schemas/garage"
	"pitstop/schemas/kafka"
	"pitstop/schemas/record"
)

// alone runs a role with a listener of its own for health and metrics.
func alone(e *env, log *slog.Logger, ops opsFlags, cfg kafka.Config, metrics *prometheus.Registry, r role) error {
	l, err := listen("--metrics-addr", ops.MetricsAddr)
	if err != nil {
		return wrongUsage(err)
	}
	cl, err := brokerClient(cfg, log)
	if err != nil {
		return err
	}
	defer cl.Close()
	if i := slices.IndexFunc(record.Consumers, func(c record.Consumer) bool { return c.Name == r.name }); i >= 0 {
		metrics.MustRegister(newLagMetrics(kadm.NewClient(cl), record.Consumers[i:i+1], log))
	}
	r = r.remembering()
	log.Info("started", "role", r.name, "metrics", "http://"+l.Addr().String())
	return runRoles(e, log, r, opsRole(l, metrics, []role{r, brokers(cl)}, log))
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
	var book *garage.Book
	var bookErr error
	if c.Name != record.LifecycleProcessor.Name {
		book, bookErr = c.load()
	}
	if err := wrongUsage(cfg.Validate(), instanceErr, bookErr, needAddr("--metrics-addr", c.MetricsAddr)); err != nil {
		return err
	}
	metrics := newRegistry()
	p := processors{cfg: cfg, book: book, instance: instance, clock: time.Now, log: log, metrics: stream.NewMetrics(metrics)}
	r, _ := p.role(c.Name)
	return alone(e, log, c.opsFlags, cfg, metrics, r)
}

// processors makes the roles of processors.
type processors struct {
	cfg      kafka.Config
	book     *garage.Book
	instance string
	clock    func() time.Time
	log      *slog.Logger
	metrics  *stream.Metrics
}

// role gives the role of a processor, and the monitor it tells what it does.
func (p processors) role(name string) (role, *stream.Monitor) {
	monitor := new(stream.Monitor)
	o := stream.Options{
		Kafka: p.cfg, Instance: p.instance, Clock: p.clock, Log: p.log.With("role", name),
		Metrics: p.metrics, Monitor: monitor,
	}
	run := map[string]func(context.Context) error{
		record.LifecycleProcessor.Name:    func(ctx context.Context) error { return stream.Run(ctx, lifecycle.New(), o) },
		record.NotificationProcessor.Name: func(ctx context.Context) error { return stream.Run(ctx, notification.New(p.book), o) },
		record.LatencyProcessor.Name:      func(ctx context.Context) error { return stream.Run(ctx, latency.New(p.book), o) },
	}
	return role{name: name, run: run[name], check: monitor.Check}, monitor
}
