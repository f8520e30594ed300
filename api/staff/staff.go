// Package staff is the door of members of staff: signing in with a token, and the
// pages of the dashboards for whoever signed in.
package staff

import (
	"context"
	"embed"
	"html/template"
	"log/slog"
	"net/http"
	"time"

	"pitstop/api/web"
	"pitstop/schemas/garage"
	"pitstop/schemas/readmodel"
)

//go:embed templates
var templates embed.FS

// Dashboards draw the pages of figures, for who has no Grafana.
type Dashboards interface {
	// Page returns a dashboard as HTML. What goes wrong with one of its panels it
	// says in that panel's place; an error is about the page as a whole.
	Page(ctx context.Context, v readmodel.DashboardVisit) ([]byte, error)
}

// Config is what the pages for staff need.
type Config struct {
	Limits     web.Limits
	Proxies    web.Proxies
	Auth       web.Authenticator
	Dashboards Dashboards
	Garages    *garage.Book
	// Clock tells when a request is made.
	Clock  func(*http.Request) time.Time
	Assets string // path below which pages find their assets
	Log    *slog.Logger
}

// door serves one Config.
type door struct {
	Config
	page     *template.Template
	perGuess web.Limit
	origin   *http.CrossOriginProtection
}
