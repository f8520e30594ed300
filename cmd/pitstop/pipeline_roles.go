package main

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
	"pitstop/api/web"
	"pitstop/processors/stream"
	"pitstop/schemas/link"
	"pitstop/schemas/record"
	"pitstop/sinks"
	"pitstop/sinks/clickhouse"
	"pitstop/sinks/email"
)

// instance is the name of the embedded mode's members: there is one of each.
const instance = "embedded"

// embeddedMail fills in how mails look that leave this machine for its mailbox
// only: links lead to the API here, and nobody can answer the sender.
func embeddedMail(c email.Config, api string, keys *link.Keys) email.Config {
	c.PublicURL, c.Sender, c.LinkKeys = cmp.Or(c.PublicURL, api), cmp.Or(c.Sender, "pitstop@localhost.invalid"), keys
	return c
}

// roles makes every role: the API, and the rest.
func (p *pipeline) roles(log *slog.Logger, o pipelineOptions) (apiRole role, rest []role, err error) {
	if p.keys, err = keysFrom(p.data.Secret); err != nil {
		return role{}, nil, err
	}
	door, ops, err := p.listen()
	if err != nil {
		return role{}, nil, err
	}
	metrics := newRegistry()
	ps := processors{cfg: p.cfg, book: p.book, instance: instance, clock: o.clock, log: log, metrics: stream.NewMetrics(metrics)}
	for _, name := range record.Processors {
		r, monitor := ps.role(name)
		rest, p.monitors = append(rest, r), append(p.monitors, monitor)
	}
	toTables, toMail, err := p.sinks(log, o, metrics)
	if err != nil {
		return role{}, nil, err
	}
	apiRole = newAPIRole(apiParts{
		listener: door, cfg: p.cfg, db: p.db, secret: p.commands,
		config: api.Config{
			Limits: o.limits, Auth: p.issuer, Garages: p.book, Links: p.links, Clock: o.requestClock, Log: log.With("role", "api"), Metrics: metrics,
		},
	})
	brokers, err := p.measure(log, metrics)
	if err != nil {
		return role{}, nil, err
	}
	rest = append(rest, toTables, toMail)
	asked := append(slices.Clone(rest), apiRole, brokers)
	return apiRole, append(rest, opsRole(ops, metrics, asked, log)), nil
}

// keys are what the secrets of a data directory are for.
type keys struct {
	commands []byte // of the digests of commands
	links    *link.Keys
	issuer   *web.LocalIssuer
}

func keysFrom(secret func(name string) ([]byte, error)) (k keys, err error) {
	secrets := make(map[string][]byte)
	for _, name := range []string{commandsSecret, linksSecret, tokensSecret} {
		if secrets[name], err = secret(name); err != nil {
			return keys{}, err
		}
	}
	k.commands = secrets[commandsSecret]
	if k.links, err = link.NewKeys(link.Key{ID: "1", Secret: secrets[linksSecret]}); err != nil {
		return keys{}, err
	}
	k.issuer, err = web.NewLocalIssuer(secrets[tokensSecret], time.Now)
	return k, err
}

// listen opens the listeners of the API and of the metrics.
func (p *pipeline) listen() (door, ops net.Listener, err error) {
	if door, err = p.data.Listen("api"); err != nil {
		return nil, nil, err
	}
	if ops, err = p.data.Listen("metrics"); err != nil {
		return nil, nil, errors.Join(err, door.Close())
	}
	p.API, p.Metrics = "http://"+door.Addr().String(), "http://"+ops.Addr().String()
	return door, ops, nil
}

// sinks makes the roles of the sinks.
func (p *pipeline) sinks(log *slog.Logger, o pipelineOptions, metrics prometheus.Registerer) (toTables, toMail role, err error) {
	counted := sinks.NewMetrics(metrics)
	toTables = clickhouseRole(p.db, sinks.Config{
		Kafka: p.cfg, Instance: instance, Metrics: counted, Now: time.Now, Log: log.With("role", "clickhouse"),
		Limits: sinks.Limits{Records: clickhouse.Limits.Records, Age: embeddedAge, Write: clickhouse.Limits.Write},
	})
	transport, err := email.SMTP(email.Relay{Addr: p.mailbox.SMTPAddr}, time.Now)
	if err != nil {
		return role{}, role{}, err
	}
	if o.transport != nil {
		transport = o.transport(transport)
	}
	toMail = emailParts{
		cfg: p.cfg, mail: embeddedMail(o.mail, p.API, p.links), book: p.book, transport: transport, instance: instance,
		now: o.clock, log: log, metrics: counted, attempts: email.NewMetrics(metrics),
	}.role()
	return toTables, toMail, nil
}

// measure adds lag and freshness to the metrics, and gives the check of the broker.
func (p *pipeline) measure(log *slog.Logger, metrics *prometheus.Registry) (role, error) {
	broker, err := brokerClient(p.cfg, log)
	if err != nil {
		return role{}, err
	}
	p.stops = append(p.stops, stop{"readiness client", func(context.Context) error { broker.Close(); return nil }})
	conn, err := p.db.Open()
	if err != nil {
		return role{}, err
	}
	p.stops = append(p.stops, stop{"connections for metrics", func(context.Context) error { return conn.Close() }})
	metrics.MustRegister(newLagMetrics(p.adm, readers, log), freshnessMetrics{clickhouse.NewStore(conn), log})
	return brokers(broker), nil
}

// embeddedAge is how long a row waits for others before it is written.
const embeddedAge = 100 * time.Millisecond

// Names of secrets; other commands read some of them too.
const (
	tokensSecret   = "tokens"   // signs the tokens of the staff
	commandsSecret = "commands" // keys the digests of commands
	linksSecret    = "links"    // signs the links of the customers
	readersSecret  = "readers"  // gives the passwords of the dashboards' users
)
