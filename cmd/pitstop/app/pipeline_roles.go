package app

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"pitstop/api"
	"pitstop/api/signin"
	"pitstop/api/web"
	"pitstop/deploy/embedded"
	"pitstop/deploy/embedded/identity"
	"pitstop/processors/stream"
	"pitstop/schemas/link"
	"pitstop/schemas/record"
	"pitstop/sinks"
	"pitstop/sinks/clickhouse"
	"pitstop/sinks/clickhouse/query"
	"pitstop/sinks/email"
)

// instance names the embedded mode's members: each group has one.
const instance = "embedded"

// EmbeddedMail fills in what is not configured for mails that go to the mailbox on
// this machine: links lead to its API, and the sender cannot be answered.
func EmbeddedMail(c email.Config, api string, keys *link.Keys) email.Config {
	c.PublicURL, c.Sender, c.LinkKeys = cmp.Or(c.PublicURL, api), cmp.Or(c.Sender, "pitstop@localhost.invalid"), keys
	return c
}

// roles returns every role: the API, and the rest.
func (p *Pipeline) roles(o Options) (apiRole Role, rest []Role, err error) {
	if p.Keys, err = keysFrom(p.Data.Secret); err != nil {
		return Role{}, nil, err
	}
	apiListener, opsListener, err := p.listen()
	if err != nil {
		return Role{}, nil, err
	}
	if err := p.startIdentity(o); err != nil {
		return Role{}, nil, err
	}
	staff, err := p.signIn(o)
	if err != nil {
		return Role{}, nil, err
	}
	metrics := NewMetrics()
	processors := ProcessorOptions{
		Kafka: p.cfg, Garages: p.Garages, Instance: instance, Clock: o.Clock, Simulated: o.Simulated, Log: o.Log, Metrics: stream.NewMetrics(metrics),
	}
	for _, c := range record.Processors() {
		r, monitor := NewProcessor(c.Name, processors)
		rest, p.monitors = append(rest, r), append(p.monitors, monitor)
	}
	toTables, toMail, err := p.sinks(o, metrics)
	if err != nil {
		return Role{}, nil, err
	}
	apiRole = NewAPI(APIOptions{
		Listener: apiListener, Kafka: p.cfg, Database: p.Database, CommandSecret: p.Commands,
		Config: api.Config{
			Limits: o.Limits, Auth: p.Issuer, SignIn: staff, Garages: p.Garages, Links: p.Links, Clock: o.RequestClock, Log: o.Log.With("role", "api"), Metrics: metrics,
		},
	})
	brokers, err := p.measure(o.Log, metrics)
	if err != nil {
		return Role{}, nil, err
	}
	rest = append(rest, toTables, toMail)
	asked := append(slices.Clone(rest), apiRole, brokers)
	return apiRole, append(rest, following(p.Garages, o.Log, toTables.reload), opsRole(opsListener, metrics, asked, o.Log)), nil
}

// listen opens the listeners of the API and of the metrics.
func (p *Pipeline) listen() (apiListener, opsListener net.Listener, err error) {
	if apiListener, err = p.Data.Listen("api"); err != nil {
		return nil, nil, err
	}
	if opsListener, err = p.Data.Listen("metrics"); err != nil {
		return nil, nil, errors.Join(err, apiListener.Close())
	}
	p.API, p.Metrics = embedded.Origin(apiListener), embedded.Origin(opsListener)
	return apiListener, opsListener, nil
}

// startIdentity starts the identity provider, which sends people to the API.
func (p *Pipeline) startIdentity(o Options) error {
	clients := []string{p.API}
	if o.Mail.PublicURL != "" {
		clients = append(clients, o.Mail.PublicURL)
	}
	identity, err := embedded.StartIdentity(p.Data, embedded.IdentityOptions{
		Clients: clients, Garages: p.Garages, Clock: time.Now, Log: o.Log.With("role", "identity"),
	})
	if err != nil {
		return err
	}
	p.stops = append(p.stops, stop{"identity provider", identity.Stop})
	p.Provider = identity.URL
	return nil
}

// signIn returns where the staff sign in: at the embedded identity provider.
func (p *Pipeline) signIn(o Options) (*signin.Door, error) {
	return signin.New(signin.Config{
		Issuer: p.Provider, ClientID: identity.ClientID, Scopes: []string{"profile", "offline_access"},
		Claims: web.Claims{Subject: "preferred_username"}, Origin: p.API, Keys: p.Sessions, Clock: time.Now, Log: o.Log.With("role", "api"),
	})
}

// sinks returns the roles of the sinks.
func (p *Pipeline) sinks(o Options, metrics prometheus.Registerer) (toTables, toMail Role, err error) {
	counted := sinks.NewMetrics(metrics)
	toTables = NewClickHouseSink(p.Database, sinks.Config{
		Kafka: p.cfg, Instance: instance, Metrics: counted, Now: time.Now, Log: o.Log.With("role", record.ClickHouseSink.Name),
		Limits: sinks.Limits{Records: clickhouse.Limits.Records, Age: embeddedAge, Write: clickhouse.Limits.Write},
	}, p.Garages)
	transport := o.Relay
	if transport == nil {
		if transport, err = email.SMTP(email.Relay{Addr: p.Mails.SMTPAddr}, time.Now); err != nil {
			return Role{}, Role{}, err
		}
	}
	if o.Transport != nil {
		transport = o.Transport(transport)
	}
	toMail = NewEmailSink(EmailSinkOptions{
		Kafka: p.cfg, Mail: EmbeddedMail(o.Mail, p.API, p.Links), Garages: p.Garages, Transport: transport, Instance: instance,
		Since: o.MailSince, Clock: o.Clock, Log: o.Log, Metrics: counted, Attempts: email.NewMetrics(metrics),
	})
	return toTables, toMail, nil
}

// measure registers lag and freshness, and returns the role that checks the broker.
func (p *Pipeline) measure(log *slog.Logger, metrics *prometheus.Registry) (Role, error) {
	broker, err := brokerClient(p.cfg, log)
	if err != nil {
		return Role{}, err
	}
	p.stops = append(p.stops, stop{"readiness client", func(context.Context) error { broker.Close(); return nil }})
	conn, err := p.Database.Open()
	if err != nil {
		return Role{}, err
	}
	p.stops = append(p.stops, stop{"connections for metrics", func(context.Context) error { return conn.Close() }})
	metrics.MustRegister(newLagMetrics(p.adm, record.Consumers, log), NewFreshness(query.NewStore(conn), log))
	return brokers(broker), nil
}

// embeddedAge is how long a batch of rows waits for more before it is written.
const embeddedAge = 100 * time.Millisecond
