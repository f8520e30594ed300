package main

import (
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"pitstop/api"
	"pitstop/api/signin"
	"pitstop/api/web"
	"pitstop/cmd/pitstop/app"
	"pitstop/sinks/clickhouse/query"
)

// apiCommand runs the HTTP API.
type apiCommand struct {
	Addr           string         `default:"127.0.0.1:8080" help:"Address to listen on. Put a proxy with TLS in front."`
	TrustedProxies []netip.Prefix `help:"Networks whose X-Forwarded-For is believed." placeholder:"CIDR"`
	CommandSecret  string         `help:"Key of the digests of commands, in hexadecimal, the same in every process; give it as PITSTOP_COMMAND_SECRET."`
	LinkKeys       string         `help:"Keys of the customers' links, newest first, as id:base64,id:base64; give them as PITSTOP_LINK_KEYS."`

	PublicURL   string `name:"public-url" help:"Where the staff reach this API, e.g. https://garage.example: signing in comes back there; default: its own address on loopback." placeholder:"URL"`
	SessionKeys string `help:"Keys of the staff's sessions, newest first, as id:base64,id:base64, the same in every process; give them as PITSTOP_SESSION_KEYS. Without them nobody signs in to the pages."`

	OIDCClientID     string   `name:"oidc-client-id" default:"pitstop" help:"What the identity provider knows these pages by. It must allow PUBLIC-URL/sign-in/callback and, after signing out, PUBLIC-URL/signed-out."`
	OIDCClientSecret string   `name:"oidc-client-secret" help:"Its secret, unless it is a public client; give it as PITSTOP_OIDC_CLIENT_SECRET."`
	OIDCScopes       []string `name:"oidc-scopes" default:"profile" help:"What to ask for beside openid; many providers renew a session only with offline_access."`
	OIDCIssuer       string   `name:"oidc-issuer" help:"Identity provider of the staff, as in the iss claim." placeholder:"URL"`
	OIDCJWKSURL      string   `name:"oidc-jwks-url" help:"Where its keys are; default: discovered from the issuer." placeholder:"URL"`
	OIDCAudience     string   `name:"oidc-audience" default:"pitstop" help:"What the aud claim must hold."`
	OIDCRolesClaim   string   `name:"oidc-roles-claim" default:"roles" help:"Claim with the roles: mechanic, customer_service, manager, integrator, admin. The name of a claim, as https://x/roles; or, where there is none of that name, dots reach into objects, as realm_access.roles (resource_access.pitstop\\.web.roles); or a JSON pointer, as /resource_access/pitstop.web/roles."`
	OIDCGaragesClaim string   `name:"oidc-garages-claim" default:"garages" help:"Claim with the ids of the garages, in the same way."`
	OIDCSubjectClaim string   `name:"oidc-subject-claim" default:"sub" help:"Claim with a person's id, as under mechanics in the garage file, in the same way."`

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
	auth, authErr := c.auth(log.With("role", "api"))
	staff, staffErr := app.SignIn(c.SessionKeys, c.PublicURL, c.Addr, signin.Config{
		Issuer: c.OIDCIssuer, ClientID: c.OIDCClientID, ClientSecret: c.OIDCClientSecret, Scopes: c.OIDCScopes,
		Claims: c.claims(), Clock: time.Now, Log: log.With("role", "api"),
	})
	if err := wrongUsage(cfg.Validate(), c.clickhouseFlags.config().Validate(), bookErr, linksErr, secretErr, authErr, staffErr,
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
	metrics := app.NewMetrics()
	metrics.MustRegister(app.NewFreshness(query.NewStore(conn), log))
	r := app.NewAPI(app.APIOptions{
		Listener: l, Kafka: cfg, Database: c.clickhouseFlags.config(), CommandSecret: secret,
		Config: api.Config{
			TrustedProxies: c.TrustedProxies, Auth: auth, SignIn: staff, Garages: book, Links: links,
			Clock: wallClock, Log: log.With("role", "api"), Metrics: metrics,
		},
	})
	return runRole(e, log, c.opsFlags, cfg, metrics, r)
}

func (c *apiCommand) claims() web.Claims {
	return web.Claims{Subject: c.OIDCSubjectClaim, Roles: c.OIDCRolesClaim, Garages: c.OIDCGaragesClaim}
}

// auth returns the authenticator of staff tokens.
func (c *apiCommand) auth(log *slog.Logger) (web.Authenticator, error) {
	switch {
	case c.TokenSecret == "":
		return web.NewOIDC(web.OIDCConfig{
			Issuer: c.OIDCIssuer, JWKSURL: c.OIDCJWKSURL, Audience: c.OIDCAudience,
			Claims: c.claims(), Log: log,
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

// wallClock returns now as the time of every request.
func wallClock(*http.Request) time.Time { return time.Now() }
