package api

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/prometheus/client_golang/prometheus"

	"pitstop/api/customer"
	"pitstop/api/staff"
	"pitstop/api/web"
	"pitstop/schemas/garage"
	"pitstop/schemas/link"
	"pitstop/schemas/readmodel"
	"pitstop/schemas/repair"
	"pitstop/schemas/request"
)

//go:embed templates
var templates embed.FS

//go:embed static
var static embed.FS

// Commands sends commands and waits for their outcomes.
type Commands interface {
	// Ask sends a command and waits up to patience, after its acknowledgement,
	// for its outcome. Both results are nil when it is written but not answered.
	Ask(ctx context.Context, cmd repair.Command, patience time.Duration) (*repair.Outcome, error)
}

// Store is the read model. What does not exist, or not in the garages given, is
// readmodel.ErrNotFound; a cursor it did not give out is readmodel.ErrCursor.
type Store interface {
	Repair(ctx context.Context, garages []string, id string) (*readmodel.Repair, error)
	// Sequence is the last one of a repair that the read model has; 0: none.
	Sequence(ctx context.Context, id string) (int64, error)
	Repairs(ctx context.Context, f readmodel.RepairFilter) (readmodel.Page[readmodel.RepairItem], error)
	Timeline(ctx context.Context, garages []string, id string) (*readmodel.Timeline, error)
	Conversations(ctx context.Context, f readmodel.ConversationFilter) (readmodel.Page[readmodel.Conversation], error)
	Latencies(ctx context.Context, q readmodel.LatencyQuery) (*readmodel.Latencies, error)
	// Outcome returns what became of a command; readmodel.ErrNotFound: not known yet.
	Outcome(ctx context.Context, commandID string) (*readmodel.CommandOutcome, error)
	// AsOf is how fresh the read model is.
	AsOf(ctx context.Context) (time.Time, error)
}

// EventReader reads on in the log of events from where it was opened.
type EventReader interface {
	// Next returns up to limit events of the garages, waiting up to wait for the first.
	Next(ctx context.Context, garages []string, limit int, wait time.Duration) (readmodel.EventPage, error)
	Close()
}

// OpenEvents opens the log of events after a cursor; an empty one is the
// beginning. A cursor that it did not give out is readmodel.ErrCursor.
type OpenEvents func(ctx context.Context, after string) (EventReader, error)

// Dashboards draw the pages of figures, and have their assets.
type Dashboards interface {
	staff.Dashboards
	// Assets are the files that its pages load from DashboardVisit.Assets.
	Assets() fs.FS
}

// Config is what the API needs.
type Config struct {
	// Patience is how long a request waits for its outcome, or for the read
	// model; 0: 2 seconds.
	Patience time.Duration
	Limits   web.Limits
	// TrustedProxies are the networks whose X-Forwarded-For is believed.
	TrustedProxies web.Proxies

	Requests *request.Builder
	Commands Commands
	Store    Store
	Events   OpenEvents
	Auth     web.Authenticator
	// Dashboards draw the pages of figures.
	Dashboards Dashboards
	Garages    *garage.Book
	Links      *link.Keys
	// Clock tells when a customer's request is made; members of staff say it
	// themselves, or the clock of Requests does.
	Clock   func(*http.Request) time.Time
	Log     *slog.Logger
	Metrics prometheus.Registerer
}

// Validate reports everything that is missing.
func (c Config) Validate() error {
	var errs []error
	for name, missing := range map[string]bool{
		"Requests": c.Requests == nil, "Commands": c.Commands == nil, "Store": c.Store == nil, "Events": c.Events == nil, "Auth": c.Auth == nil,
		"Garages": c.Garages == nil, "Links": c.Links == nil, "Clock": c.Clock == nil, "Dashboards": c.Dashboards == nil, "Log": c.Log == nil, "Metrics": c.Metrics == nil,
	} {
		if missing {
			errs = append(errs, fmt.Errorf("api: %s is missing", name))
		}
	}
	if c.Patience < 0 {
		errs = append(errs, errors.New("api: patience must not be negative"))
	}
	return errors.Join(errs...)
}

// API serves everything: JSON, its documentation, and the doors of customers and staff.
type API struct {
	http.Handler
	// OpenAPI documents the JSON, to check answers against.
	OpenAPI *huma.OpenAPI
}

// New returns the API of a configuration.
func New(c Config) (*API, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.Patience == 0 {
		c.Patience = 2 * time.Second
	}
	c.Limits = c.Limits.OrDefault()
	observe, err := web.Observe(c.Metrics, c.Log)
	if err != nil {
		return nil, err
	}
	assets, err := web.NewAssets(customer.Static, static, c.Dashboards.Assets())
	if err != nil {
		return nil, err
	}
	r := chi.NewRouter()
	r.Use(observe, web.Recover(c.Log), web.Secure, middleware.GetHead)
	r.NotFound(func(w http.ResponseWriter, req *http.Request) {
		web.NewProblem(web.CodeNotFound, "there is nothing at this address").Write(w)
	})
	r.MethodNotAllowed(func(w http.ResponseWriter, req *http.Request) {
		allow(w, r, req)
		web.NewProblem(web.CodeMethod, "this address does not take the method "+req.Method).Write(w)
	})
	doc := document{register(humachi.New(r.With(authenticate(c)), openapi()), c)}
	assets.Mount(r)
	return &API{r, doc.OpenAPI}, errors.Join(
		doc.serve(r, assets.Path()),
		customer.Mount(r, customer.Config{
			Patience: c.Patience, Limits: c.Limits, Proxies: c.TrustedProxies, Requests: c.Requests, Commands: c.Commands, Store: c.Store,
			Garages: c.Garages, Links: c.Links, Clock: c.Clock, Assets: assets.Path(), Log: c.Log,
		}),
		staff.Mount(r, staff.Config{
			Limits: c.Limits, Proxies: c.TrustedProxies, Auth: c.Auth, Dashboards: c.Dashboards,
			Garages: c.Garages, Clock: c.Clock, Assets: assets.Path(), Log: c.Log,
		}),
	)
}

// allow names the methods that an address does take.
func allow(w http.ResponseWriter, routes chi.Routes, req *http.Request) {
	for _, m := range []string{http.MethodGet, http.MethodPost, http.MethodPatch} {
		if routes.Match(chi.NewRouteContext(), m, req.URL.Path) {
			w.Header().Add("Allow", m)
		}
	}
}

// stopping is the key, in a request's context, of a context that ends when the
// server begins to shut down: streams must not keep it waiting.
type stopping struct{}

// Server returns an HTTP server with the time limits that an open door needs.
// Streams of events set their own, and end when it shuts down.
func Server(h http.Handler, log *slog.Logger) *http.Server {
	stop, cancel := context.WithCancel(context.Background())
	server := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		BaseContext: func(net.Listener) context.Context {
			return context.WithValue(context.Background(), stopping{}, stop)
		},
	}
	server.RegisterOnShutdown(cancel)
	return server
}
