package staff

import (
	"fmt"
	"html/template"
	"net/http"

	"github.com/go-chi/chi/v5"

	"pitstop/api/signin"
	"pitstop/api/web"
)

// Mount serves the dashboards, and signing in to them.
func Mount(r chi.Router, c Config) error {
	t, err := template.ParseFS(templates, "templates/staff.html")
	if err != nil {
		return fmt.Errorf("parse templates: %w", err)
	}
	d := &door{
		Config: c, page: t,
		perSubject: c.Limits.NewPerSubject(), perGuess: c.Limits.NewPerGuess(),
	}
	r.Group(func(r chi.Router) {
		r.Use(web.PrivatePages, sameOrigin)
		r.Get(signin.DonePath, d.signedOut)
		r.Group(func(r chi.Router) {
			r.Use(d.guarded)
			r.Get(signin.Path, d.signIn)
			r.Get(signin.CallbackPath, d.signedInNow)
			r.Post(signin.OutPath, d.signOut)
		})
		r.Group(func(r chi.Router) {
			r.Use(d.signedIn)
			r.Get(signin.Home, d.first)
			r.Get(signin.Home+"/*", func(w http.ResponseWriter, r *http.Request) {
				d.refuse(w, r, http.StatusNotFound, "no page")
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
