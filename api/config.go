package api

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"pitstop/api/customer"
	"pitstop/api/signin"
	"pitstop/api/staff"
	"pitstop/api/web"
	"pitstop/schemas/garage"
	"pitstop/schemas/link"
	"pitstop/schemas/readmodel"
	"pitstop/schemas/request"
)

// Commands sends commands and waits for their outcomes.
type Commands = customer.Commands

// Store is the read model. What does not exist, or may not be seen, is
// readmodel.ErrNotFound; a cursor it did not issue is readmodel.ErrCursor.
type Store interface {
	customer.Store
	Repairs(ctx context.Context, f readmodel.RepairFilter) (readmodel.Page[readmodel.RepairItem], error)
	Timeline(ctx context.Context, sight readmodel.Sight, id string) (*readmodel.Timeline, error)
	Conversations(ctx context.Context, f readmodel.ConversationFilter) (readmodel.Page[readmodel.Conversation], error)
	Latencies(ctx context.Context, q readmodel.LatencyQuery) (*readmodel.Latencies, error)
	// AsOf returns the time up to which the read model is complete.
	AsOf(ctx context.Context) (time.Time, error)
}

// EventReader reads the log of events onwards from where it was opened.
type EventReader interface {
	// Next returns up to limit events, waiting up to wait for the first.
	Next(ctx context.Context, limit int, wait time.Duration) (readmodel.EventPage, error)
	Close()
}

// OpenEvents opens the log of events, as somebody may see them, after a cursor; an
// empty one is the beginning. A cursor that it did not issue is readmodel.ErrCursor.
type OpenEvents func(ctx context.Context, sight readmodel.Sight, after string) (EventReader, error)

// Dashboards render the pages of figures, and hold their assets.
type Dashboards interface {
	staff.Dashboards
	// Assets returns the files that the pages load.
	Assets() fs.FS
}

// Config is what the API needs.
type Config struct {
	// Patience is how long a request waits for its outcome, or for the read
	// model; 0: 2 seconds.
	Patience time.Duration
	Limits   web.Limits
	// TrustedProxies are the networks whose X-Forwarded-For and X-Forwarded-Proto are
	// believed.
	TrustedProxies web.Proxies

	Requests *request.Builder
	Commands Commands
	Store    Store
	Events   OpenEvents
	Auth     web.Authenticator // of bearer tokens
	// SignIn signs people in to the pages for staff; nil: nobody can.
	SignIn *signin.Door
	// Dashboards render the pages of figures.
	Dashboards Dashboards
	Garages    *garage.Book
	Links      *link.Keys
	// Clock returns the time of a customer's request; members of staff state it
	// in the request, or else the clock of Requests does.
	Clock func(*http.Request) time.Time
	// Stopping is done when the server begins to stop, and ends the streams of
	// events, which must not hold up the shutdown; nil: never.
	Stopping context.Context
	Log      *slog.Logger
	Metrics  prometheus.Registerer
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
