package staff

import (
	"fmt"
	"html/template"
	"net/http"

	"github.com/go-chi/chi/v5"

	"pitstop/api/web"
)

// Mount serves the dashboards, and signing in to them.
func Mount(r chi.Router, c Config) error {
	t, err := template.ParseFS(templates, "templates/staff.html")
	if err != nil {
		return fmt.Errorf("parse templates: %w", err)
	}
	d := &door{
		Config: c, page: t, origin: http.NewCrossOriginProtection(),
		perSubject: c.Limits.NewPerSubject(), perGuess: c.Limits.NewPerGuess(),
	}
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

// sameOrigin lets browsers say which site a form comes from; no-referrer would not.
func sameOrigin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Referrer-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}
