// Package staff is the door of members of staff: signing in with a token, and the
// pages of the dashboards for whoever signed in.
package staff

import (
	"context"
	"embed"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"

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

const (
	dashboardsPath = "/dashboards"
	signInPath     = "/sign-in"
	signOutPath    = "/sign-out"
)

// Mount serves the dashboards, and the way to sign in to them.
func Mount(r chi.Router, c Config) error {
	t, err := template.ParseFS(templates, "templates/staff.html")
	if err != nil {
		return fmt.Errorf("parse templates: %w", err)
	}
	d := &door{Config: c, page: t, perGuess: c.Limits.PerGuess(), origin: http.NewCrossOriginProtection()}
	r.Group(func(r chi.Router) {
		r.Use(web.PrivatePages, sameOrigin)
		r.Get(signInPath, d.askToken)
		r.Group(func(r chi.Router) {
			r.Use(d.ownForms)
			r.Post(signInPath, d.signIn)
			r.Post(signOutPath, d.signOut)
		})
		r.Group(func(r chi.Router) {
			r.Use(d.signedIn)
			r.Get(dashboardsPath, d.first)
			r.Get(dashboardsPath+"/*", func(w http.ResponseWriter, r *http.Request) {
				d.stop(w, http.StatusNotFound, voiceOf(r), "no page")
			})
			for _, p := range Pages {
				r.Get(p.Path(), func(w http.ResponseWriter, r *http.Request) { d.dashboard(w, r, p) })
			}
		})
	})
	return nil
}

// sameOrigin lets browsers say which site a form comes from, as no-referrer does not.
func sameOrigin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Referrer-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}
