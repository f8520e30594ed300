package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/sync/errgroup"

	"pitstop/api"
	"pitstop/deploy/embedded"
	"pitstop/processors/stream"
	"pitstop/schemas"
	"pitstop/schemas/garage"
	"pitstop/schemas/kafka"
	"pitstop/schemas/link"
	"pitstop/sinks"
	"pitstop/sinks/clickhouse"
	"pitstop/sinks/email"
)

// pipelineOptions are what up and demo give the pipeline.
type pipelineOptions struct {
	flags embeddedFlags
	data  *embedded.Data
	book  *garage.Book
	// clock is the time of ticks and mails, requestClock that of customers' requests.
	clock        func() time.Time
	requestClock func(*http.Request) time.Time
	// limits bound what one caller may ask of the API.
	limits api.Limits
	mail   email.Config // see embeddedMail
	// transport replaces the one that hands mails to the mailbox; nil: none does.
	transport func(email.Transport) email.Transport
	// beside runs beside the roles once all are ready, and its end ends the
	// pipeline; nil: the pipeline runs until it is stopped.
	beside func(context.Context, *pipeline) error
}

// pipeline is everything, running on one machine.
type pipeline struct {
	embedded.Addresses
	data     *embedded.Data
	book     *garage.Book
	cfg      kafka.Config
	mailbox  *embedded.Mailbox
	links    *link.Keys
	issuer   *api.LocalIssuer
	monitors []*stream.Monitor
	adm      *kadm.Client
	db       clickhouse.Config
	stops    []stop // last started first stopped
}

type stop struct {
	name string
	stop func(context.Context) error
}

// instance is the name of the embedded mode's members: there is one of each.
const instance = "embedded"

// partitions of the embedded topics: enough to show that a key's place matters,
// few enough to be cheap.
const partitions = 4

func runEmbedded(e *env, log *slog.Logger, o pipelineOptions) (err error) {
	p := &pipeline{data: o.data, book: o.book}
	defer func() {
		if err = errors.Join(err, p.stopAll(log)); embedded.IsConfiguration(err) {
			err = wrongUsage(err)
		}
	}()
	if err := embedded.RemoveAddresses(o.data.Dir()); err != nil { // of a start that was killed
		return err
	}
	if err := p.startParts(e, log, o); err != nil {
		return err
	}
	if err := p.prepare(e, log); err != nil {
		return err
	}
	if o.flags.ClickHouse == "" { // the engine's readers are in its users file
		if err := clickhouse.MigrateViews(e, p.db); err != nil {
			return err
		}
	}
	api, rest, err := p.roles(log, o)
	if err != nil {
		return err
	}

	// On a stop the API stops first, so that what it accepted is still answered.
	ctx, cancel := context.WithCancel(e)
	defer cancel()
	restCtx, stopRest := context.WithCancel(context.WithoutCancel(e))
	defer stopRest()
	running, failed := errgroup.WithContext(ctx)
	running.Go(func() error { return runRoles(restCtx, log, rest...) })
	running.Go(func() error {
		defer stopRest()
		return runRoles(failed, log, api)
	})
	running.Go(func() error {
		if err := p.ready(failed, append(rest, api)); err != nil {
			return err
		}
		if err := p.Write(p.data.Dir()); err != nil {
			return err
		}
		p.stops = append(p.stops, stop{"addresses", func(context.Context) error { return embedded.RemoveAddresses(p.data.Dir()) }})
		p.announce(e.out)
		if o.beside == nil {
			return nil
		}
		defer cancel()
		return o.beside(failed, p)
	})
	return running.Wait()
}

// startParts starts broker, registry, engine and mailbox side by side.
func (p *pipeline) startParts(ctx context.Context, log *slog.Logger, o pipelineOptions) error {
	var (
		broker   *embedded.Kafka
		registry *embedded.Registry
		engine   *embedded.ClickHouse
		starting errgroup.Group
	)
	starting.Go(func() (err error) {
		broker, err = embedded.StartKafka(ctx, p.data, embedded.KafkaOptions{Log: log})
		return err
	})
	starting.Go(func() (err error) {
		registry, err = embedded.StartRegistry(ctx, p.data, log)
		return err
	})
	starting.Go(func() (err error) {
		if o.flags.ClickHouse != "" {
			return clickhouse.Config{DSN: o.flags.ClickHouse}.Validate()
		}
		secret, err := p.data.Secret(readersSecret)
		if err != nil {
			return err
		}
		engine, err = embedded.StartClickHouse(ctx, p.data, embedded.ClickHouseOptions{
			Library: o.flags.ClickHouseLibrary, Log: log,
			Users: clickhouse.Readers{Secret: secret}.UsersFile(embedded.User, embedded.Database, p.book),
		})
		return err
	})
	starting.Go(func() (err error) {
		p.mailbox, err = embedded.StartMailbox(ctx, p.data, embedded.MailboxOptions{Clock: o.clock, Log: log})
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
	if p.mailbox != nil {
		p.stops = append(p.stops, stop{"mailbox", p.mailbox.Stop})
		p.Mailbox = p.mailbox.URL
	}
	if o.flags.ClickHouse != "" {
		p.ClickHouse = o.flags.ClickHouse
	}
	p.cfg = kafka.Config{Brokers: []string{p.Kafka}, RegistryURL: p.Registry}
	p.db = clickhouse.Config{DSN: p.ClickHouse}
	return err
}

// prepare brings topics and tables up to date.
func (p *pipeline) prepare(ctx context.Context, log *slog.Logger) error {
	opts, err := p.cfg.Opts("pitstop-embedded", log)
	if err != nil {
		return err
	}
	if err := applyTopics(ctx, opts); err != nil {
		return err
	}
	if p.adm, err = kadm.NewOptClient(opts...); err != nil {
		return fmt.Errorf("kafka client: %w", err)
	}
	p.stops = append(p.stops, stop{"kafka client", func(context.Context) error { p.adm.Close(); return nil }})
	if _, err = clickhouse.Migrate(ctx, p.db, p.book, log); err != nil {
		return err
	}
	return p.rewind(ctx)
}

// applyTopics has a client of its own: it remembers for seconds that there were no
// topics.
func applyTopics(ctx context.Context, opts []kgo.Opt) error {
	adm, err := kadm.NewOptClient(opts...)
	if err != nil {
		return fmt.Errorf("kafka client: %w", err)
	}
	defer adm.Close()
	layout := kafka.Layout{Partitions: partitions, Replication: 1, KeepForEver: true}
	steps, err := layout.Plan(ctx, adm)
	if err != nil {
		return err
	}
	return layout.Apply(ctx, adm, steps)
}

// embeddedMail fills in how mails look that leave this machine for its mailbox
// only: links lead to the API here, and nobody can answer the sender.
func embeddedMail(c email.Config, api string, keys *link.Keys) email.Config {
	c.PublicURL, c.Sender, c.LinkKeys = cmp.Or(c.PublicURL, api), cmp.Or(c.Sender, "pitstop@localhost.invalid"), keys
	return c
}

// roles makes every role: the API, and the rest.
func (p *pipeline) roles(log *slog.Logger, o pipelineOptions) (apiRole role, rest []role, err error) {
	secrets := make(map[string][]byte)
	for _, name := range []string{commandsSecret, "links", tokensSecret} {
		if secrets[name], err = p.data.Secret(name); err != nil {
			return role{}, nil, err
		}
	}
	if p.links, err = link.NewKeys(link.Key{ID: "1", Secret: secrets["links"]}); err != nil {
		return role{}, nil, err
	}
	if p.issuer, err = api.NewLocalIssuer(secrets[tokensSecret], time.Now); err != nil {
		return role{}, nil, err
	}
	door, err := p.data.Listen("api")
	if err != nil {
		return role{}, nil, err
	}
	ops, err := p.data.Listen("metrics")
	if err != nil {
		return role{}, nil, errors.Join(err, door.Close())
	}
	p.API, p.Metrics = "http://"+door.Addr().String(), "http://"+ops.Addr().String()

	metrics := newRegistry()
	ps := processors{cfg: p.cfg, book: p.book, instance: instance, clock: o.clock, log: log, metrics: stream.NewMetrics(metrics)}
	for _, name := range schemas.Processors {
		r, monitor := ps.role(name)
		rest, p.monitors = append(rest, r), append(p.monitors, monitor)
	}
	sinkMetrics := sinks.NewMetrics(metrics)
	rest = append(rest, clickhouseRole(p.db, sinks.Config{
		Kafka: p.cfg, Instance: instance, Metrics: sinkMetrics, Now: time.Now, Log: log.With("role", "clickhouse"),
		Limits: sinks.Limits{Records: clickhouse.Limits.Records, Age: embeddedAge, Write: clickhouse.Limits.Write},
	}))
	transport, err := email.SMTP(email.Relay{Addr: p.mailbox.SMTPAddr}, time.Now)
	if err != nil {
		return role{}, nil, err
	}
	if o.transport != nil {
		transport = o.transport(transport)
	}
	mail := embeddedMail(o.mail, p.API, p.links)
	rest = append(rest, emailParts{
		cfg: p.cfg, mail: mail, book: p.book, transport: transport, instance: instance,
		now: o.clock, log: log, metrics: sinkMetrics, attempts: email.NewMetrics(metrics),
	}.role())

	apiRole = newAPIRole(apiParts{
		listener: door, cfg: p.cfg, db: p.db, secret: secrets[commandsSecret],
		config: api.Config{
			Limits: o.limits, Auth: p.issuer, Garages: p.book, Links: p.links, Clock: o.requestClock, Log: log.With("role", "api"), Metrics: metrics,
		},
	})
	broker, err := brokerClient(p.cfg, log)
	if err != nil {
		return role{}, nil, err
	}
	p.stops = append(p.stops, stop{"readiness client", func(context.Context) error { broker.Close(); return nil }})
	conn, err := p.db.Open()
	if err != nil {
		return role{}, nil, err
	}
	p.stops = append(p.stops, stop{"connections for metrics", func(context.Context) error { return conn.Close() }})
	metrics.MustRegister(newLagMetrics(p.adm, readers, log), freshnessMetrics{clickhouse.NewStore(conn), log})
	asked := append(slices.Clone(rest), apiRole, brokers(broker))
	return apiRole, append(rest, opsRole(ops, metrics, asked, log)), nil
}

// embeddedAge is how long a row waits for others before it is written.
const embeddedAge = 100 * time.Millisecond

// Names of secrets that other commands read too.
const (
	tokensSecret   = "tokens"   // signs the tokens of the staff
	commandsSecret = "commands" // keys the digests of commands
	readersSecret  = "readers"  // gives the passwords of the dashboards' users
)

// embeddedGarages is where a data directory keeps its garage file.
func embeddedGarages(dir string) string { return filepath.Join(dir, "garages.yaml") }

// ready waits until every role is.
func (p *pipeline) ready(ctx context.Context, roles []role) error {
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		waiting := false
		for _, r := range roles {
			waiting = waiting || r.check != nil && r.check(time.Now()) != nil
		}
		if !waiting {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-look.C:
		}
	}
}

// announce prints where to go.
func (p *pipeline) announce(out io.Writer) {
	garages := make([]string, 0, 2)
	for _, g := range p.book.Garages() {
		garages = append(garages, g.ID)
	}
	if len(garages) > 3 {
		garages = append(garages[:3], "…")
	}
	dir, err := filepath.Abs(p.data.Dir())
	if err != nil {
		dir = p.data.Dir()
	}
	fmt.Fprintf(out, `Pitstop is running.
  API and its documentation  %[1]s/docs
  Dashboards                 %[1]s/dashboards
  Mailbox                    %[2]s
  Metrics and readiness      %[3]s/readyz
  Garages                    %[4]s
  A manager's token          pitstop token --data %[5]s --role manager --garage %[6]s --subject jan
  A mechanic's token         pitstop token --data %[5]s --role mechanic --garage %[6]s --subject sam
Everything is kept in %[7]s; addresses for programs are in addresses.json there. Ctrl-C stops.
`, p.API, p.Mailbox, p.Metrics, strings.Join(garages, ", "), p.data.Dir(), p.book.Garages()[0].ID, dir)
}

// stopAll stops the parts, the last started first.
func (p *pipeline) stopAll(log *slog.Logger) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*shutdownTimeout)
	defer cancel()
	var errs []error
	for i := len(p.stops) - 1; i >= 0; i-- {
		if err := p.stops[i].stop(ctx); err != nil {
			errs = append(errs, fmt.Errorf("stop %s: %w", p.stops[i].name, err))
		}
	}
	log.Debug("stopped")
	return errors.Join(errs...)
}

func closing(log *slog.Logger, what string, close func() error) {
	if err := close(); err != nil {
		log.Error("not closed cleanly", "what", what, "error", err)
	}
}
