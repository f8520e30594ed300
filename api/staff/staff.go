// Package staff is the door of members of staff: signing in and out, and the pages of the
// dashboards for whoever signed in.
package staff

import (
	"context"
	"embed"
	"html/template"
	"log/slog"
	"net/http"
	"time"

	"pitstop/api/signin"
	"pitstop/api/web"
	"pitstop/schemas/garage"
	"pitstop/schemas/readmodel"
)

//go:embed templates
var templates embed.FS

// Dashboards render the pages of figures, for whoever has no Grafana.
type Dashboards interface {
	// Page returns a dashboard as HTML. A panel that fails says so in its place;
	// an error is about the page as a whole.
	Page(ctx context.Context, v readmodel.DashboardVisit) ([]byte, error)
}

// Config is what the pages for staff need.
type Config struct {
	Limits     web.Limits
	Proxies    web.Proxies
	SignIn     *signin.Door // nil: nobody can sign in
	Dashboards Dashboards
	Garages    *garage.Book
	// Clock returns the time of a request.
	Clock  func(*http.Request) time.Time
	Assets string // path below which pages find their assets
	Log    *slog.Logger
}

// door serves one Config.
type door struct {
	Config
	page                 *template.Template
	perSubject, perGuess web.Limit
}
