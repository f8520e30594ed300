package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"pitstop/api"
	"pitstop/api/web"
	"pitstop/dashboards"
	"pitstop/dashboards/page"
	"pitstop/deploy/serve"
	"pitstop/producers/command"
	"pitstop/schemas/kafka"
	"pitstop/schemas/request"
	"pitstop/sinks/clickhouse"
)

// apiCommand runs the HTTP API.
type apiCommand struct {
	Addr           string         `default:"127.0.0.1:8080" help:"Address to listen on. Put a proxy with TLS in front."`
	TrustedProxies []netip.Prefix `help:"Networks whose X-Forwarded-For is believed." placeholder:"CIDR"`
	CommandSecret  string         `help:"Key of the digests of commands, in hexadecimal, the same in every process; give it as PITSTOP_COMMAND_SECRET."`
	LinkKeys       string         `help:"Keys of the customers' links, newest first, as id:base64,id:base64; give them as PITSTOP_LINK_KEYS."`

	OIDCIssuer       string `name:"oidc-issuer" help:"Identity provider of the staff, as in the iss claim." placeholder:"URL"`
	OIDCJWKSURL      string `name:"oidc-jwks-url" help:"Where its keys are; default: discovered from the issuer." placeholder:"URL"`
	OIDCAudience     string `name:"oidc-audience" default:"pitstop" help:"What the aud claim must hold."`
	OIDCRolesClaim   string `name:"oidc-roles-claim" default:"roles" help:"Claim with the roles: mechanic, customer_service, manager, integrator, admin."`
	OIDCGaragesClaim string `name:"oidc-garages-claim" default:"garages" help:"Claim with the ids of the garages."`

	TokenSecret string `help:"Instead of an identity provider, for a demonstration: key of the tokens that pitstop token prints, in hexadecimal; give it as PITSTOP_TOKEN_SECRET."`

	kafkaFlags
	clickhouseFlags
	garageFlags
	opsFlags
	logFlags
}

func (c *apiCommand) Run(e *env) error {
	log, cfg := c.logger(e.err), c.kafkaFlags.config()
	book, bookErr := c.load()
	links, linksErr := mailFlags{LinkKeys: c.LinkKeys}.keys()
	secret, secretErr := secretFrom("PITSTOP_COMMAND_SECRET", c.CommandSecret)
	auth, authErr := c.auth()
	if err := wrongUsage(cfg.Validate(), c.clickhouseFlags.config().Validate(), bookErr, linksErr, secretErr, authErr,
		needAddr("--addr", c.Addr), needAddr("--metrics-addr", c.MetricsAddr)); err != nil {
		return err
	}
	l, err := listen("--addr", c.Addr)
	if err != nil {
		return wrongUsage(err)
	}
	conn, err := c.clickhouseFlags.config().Open()
	if err != nil {
		return err
	}
	defer closing(log, "connections for metrics", conn.Close)
	metrics := newRegistry()
	metrics.MustRegister(freshnessMetrics{clickhouse.NewStore(conn), log})
	r := newAPIRole(apiParts{
		listener: l, cfg: cfg, db: c.clickhouseFlags.config(), secret: secret,
		config: api.Config{
			TrustedProxies: c.TrustedProxies, Auth: auth, Garages: book, Links: links,
			Clock: wallClock, Log: log.With("role", "api"), Metrics: metrics,
		},
	})
	return alone(e, log, c.opsFlags, cfg, metrics, r)
}

// auth gives who checks the tokens of the staff.
func (c *apiCommand) auth() (web.Authenticator, error) {
	switch {
	case c.TokenSecret == "":
		return web.NewOIDC(web.OIDCConfig{
			Issuer: c.OIDCIssuer, JWKSURL: c.OIDCJWKSURL, Audience: c.OIDCAudience,
			RolesClaim: c.OIDCRolesClaim, GaragesClaim: c.OIDCGaragesClaim,
		}, time.Now)
	case c.OIDCIssuer != "" || c.OIDCJWKSURL != "":
		return nil, errors.New("give an identity provider with --oidc-…, or PITSTOP_TOKEN_SECRET, not both")
	}
	secret, err := secretFrom("PITSTOP_TOKEN_SECRET", c.TokenSecret)
	if err != nil {
		return nil, err
	}
	return web.NewLocalIssuer(secret, time.Now)
}

// apiParts are what the API is made of.
type apiParts struct {
	listener net.Listener
	cfg      kafka.Config
	db       clickhouse.Config
	secret   []byte
	config   api.Config // without Commands, Store, Events and Dashboards
}

// newAPIRole makes the parts that need Kafka's registry when the role starts.
func newAPIRole(p apiParts) role {
	var client atomic.Pointer[command.Client]
	return role{
		name: "api",
		run:  func(ctx context.Context) error { return p.run(ctx, &client) },
		check: func(now time.Time) error {
			if c := client.Load(); c != nil {
				return c.Check(now)
			}
			return errors.New("starting")
		},
	}
}

func (p apiParts) run(ctx context.Context, current *atomic.Pointer[command.Client]) (err error) {
	codec, err := newCodec(ctx, p.cfg)
	if err != nil {
		return err
	}
	client, err := command.NewClient(p.cfg, codec, p.config.Log)
	if err != nil {
		return err
	}
	conn, err := p.db.Open()
	if err != nil {
		return err
	}
	feed := kafka.NewFeed(p.cfg, codec, p.config.Log)
	c := p.config
	if c.Requests, err = request.NewBuilder(codec, c.Garages, p.secret, time.Now); err != nil {
		return err
	}
	store := clickhouse.NewStore(conn)
	c.Commands, c.Store, c.Events = client, store, openEvents(feed)
	if c.Dashboards, err = newDashboards(store, c); err != nil {
		return err
	}
	handler, err := api.New(c)
	if err != nil {
		return err
	}
	current.Store(client)

	tailing := make(chan error, 1)
	tail, stopTail := context.WithCancel(context.WithoutCancel(ctx)) // answers requests until the last is done
	go func() { tailing <- client.Run(tail) }()
	err = serve.Until(ctx, p.listener, api.Server(handler, c.Log))
	stopTail()
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	return errors.Join(err, <-tailing, client.Close(closing), conn.Close())
}

func newDashboards(store *clickhouse.Store, c api.Config) (api.Dashboards, error) {
	return page.New(page.Config{All: dashboards.All, Query: store.Select, AsOf: store.AsOf, Garages: c.Garages, Log: c.Log})
}

// wallClock is when every request is made: now.
func wallClock(*http.Request) time.Time { return time.Now() }

func openEvents(feed *kafka.Feed) api.OpenEvents {
	return func(ctx context.Context, after string) (api.EventReader, error) { return feed.Open(ctx, after) }
}

// opsRole serves health, readiness and metrics.
func opsRole(l net.Listener, metrics *prometheus.Registry, roles []role, log *slog.Logger) role {
	var checks []api.Check
	for _, r := range roles {
		if r.check != nil {
			metrics.MustRegister(readiness(r))
			checks = append(checks, api.Check{Name: r.name, Ready: func() error { return r.check(time.Now()) }})
		}
	}
	return role{name: "metrics", run: func(ctx context.Context) error {
		return serve.Until(ctx, l, api.Server(api.Ops(checks, metrics), log))
	}}
}
