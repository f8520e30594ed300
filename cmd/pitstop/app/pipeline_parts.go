package app

import (
	"context"
	"log/slog"

	"golang.org/x/sync/errgroup"

	"pitstop/deploy/embedded"
	"pitstop/schemas/kafka"
	"pitstop/sinks/clickhouse"
	"pitstop/sinks/clickhouse/access"
)

// partitions of the embedded topics: more than one, so that keys are spread as in
// production, and few enough to be cheap.
const partitions = 4

// startParts starts broker, registry, engine and mailbox concurrently.
func (p *Pipeline) startParts(ctx context.Context, o Options) error {
	var (
		broker   *embedded.Kafka
		registry *embedded.Registry
		engine   *embedded.ClickHouse
		starting errgroup.Group
	)
	starting.Go(func() (err error) {
		broker, err = embedded.StartKafka(ctx, p.Data, embedded.KafkaOptions{Log: o.Log})
		return err
	})
	starting.Go(func() (err error) {
		registry, err = embedded.StartRegistry(ctx, p.Data, o.Log)
		return err
	})
	starting.Go(func() (err error) {
		if o.ClickHouse != "" {
			return clickhouse.Config{DSN: o.ClickHouse}.Validate()
		}
		secret, err := p.Data.Secret(ReadersSecret)
		if err != nil {
			return err
		}
		engine, err = embedded.StartClickHouse(ctx, p.Data, embedded.ClickHouseOptions{
			Library: o.ClickHouseLibrary, Log: o.Log,
			Users: access.Readers{Secret: secret}.UsersFile(embedded.User, embedded.Database, p.Garages),
		})
		return err
	})
	starting.Go(func() (err error) {
		if o.Relay != nil {
			return nil
		}
		p.Mails, err = embedded.StartMailbox(ctx, p.Data, embedded.MailboxOptions{Clock: o.Clock, Log: o.Log})
		return err
	})
	err := starting.Wait()
	if broker != nil {
		p.stops = append(p.stops, stop{"kafka", broker.Stop})
		p.Kafka = broker.Addr
	}
	if engine != nil {
		p.stops = append(p.stops, stop{"clickhouse", engine.Stop})
		p.ClickHouse = engine.DSN
	}
	if registry != nil {
		p.stops = append(p.stops, stop{"schema registry", registry.Stop})
		p.Registry = registry.URL
	}
	if p.Mails != nil {
		p.stops = append(p.stops, stop{"mailbox", p.Mails.Stop})
		p.Mailbox = p.Mails.URL
	}
	if o.ClickHouse != "" {
		p.ClickHouse = o.ClickHouse
	}
	p.cfg = kafka.Config{Brokers: []string{p.Kafka}, RegistryURL: p.Registry}
	p.Database = clickhouse.Config{DSN: p.ClickHouse}
	return err
}

// prepare brings topics and tables up to date.
func (p *Pipeline) prepare(ctx context.Context, log *slog.Logger) error {
	if err := p.applyTopics(ctx, log); err != nil {
		return err
	}
	var err error
	if p.adm, err = p.cfg.Admin("pitstop-embedded", log); err != nil {
		return err
	}
	p.stops = append(p.stops, stop{"kafka client", func(context.Context) error { p.adm.Close(); return nil }})
	if _, err = clickhouse.Migrate(ctx, p.Database, p.Garages, log); err != nil {
		return err
	}
	return p.rewind(ctx)
}

// applyTopics uses a client of its own, whose metadata says for seconds that there are
// no topics.
func (p *Pipeline) applyTopics(ctx context.Context, log *slog.Logger) error {
	adm, err := p.cfg.Admin("pitstop-embedded", log)
	if err != nil {
		return err
	}
	defer adm.Close()
	layout := kafka.Layout{Partitions: partitions, Replication: 1, KeepForEver: true}
	steps, err := layout.Plan(ctx, adm)
	if err != nil {
		return err
	}
	return layout.Apply(ctx, adm, steps)
}
