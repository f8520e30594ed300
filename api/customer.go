package api

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"pitstop/schemas/link"
	"pitstop/schemas/locale"
)

// pagePolicy lets a page use its own style sheet and script and send its own
// forms, and nothing else.
const pagePolicy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// maxFormBytes is the largest form that is read.
const maxFormBytes = 64 << 10

// customer serves the pages that links in mails open.
func (s *server) customer(r chi.Router) error {
	var err error
	s.pages, err = template.New("").Funcs(template.FuncMap{"within": within}).ParseFS(files, "templates/page.html", "templates/forms.html")
	if err != nil {
		return fmt.Errorf("parse templates: %w", err)
	}
	perLink, perAddress := limiter(s.Limits.Customer, customerWindow), limiter(10*s.Limits.Customer, customerWindow)
	r.Route("/c/{token}", func(r chi.Router) {
		r.Use(func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				h := w.Header()
				h.Set("Content-Security-Policy", pagePolicy)
				h.Set("X-Robots-Tag", "noindex, nofollow")
				if perAddress.over(w, r, s.clientIP(r)) || perLink.over(w, r, chi.URLParam(r, "token")) {
					s.stop(w, r, s.stranger(r), http.StatusTooManyRequests, "limit")
					return
				}
				next.ServeHTTP(w, r)
			})
		})
		r.Get("/", s.visitor(s.show))
		r.Post("/quotes/{revision}/decision", s.visitor(s.decide))
		r.Post("/messages", s.visitor(s.write))
		r.Post("/view", s.visitor(s.viewed))
	})
	return nil
}

// stranger is a visitor of whom only the request is known.
func (s *server) stranger(r *http.Request) *visit {
	chosen := r.URL.Query().Get("lang")
	v := &visit{base: "/c/" + url.PathEscape(chi.URLParam(r, "token"))}
	v.now, v.zone = s.Clock(r), time.UTC
	v.Lang = locale.Fold(append([]string{chosen}, strings.Split(r.Header.Get("Accept-Language"), ",")...)...)
	if chosen != "" {
		v.query = "?lang=" + string(v.Lang)
	}
	return v
}

// visitor checks the link and reads the repair it opens, before a page is shown
// or a form is taken.
func (s *server) visitor(handle func(http.ResponseWriter, *http.Request, *visit)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		token, chosen := chi.URLParam(r, "token"), r.URL.Query().Get("lang")
		v := s.stranger(r)
		claims, err := s.Links.Verify(token, v.now)
		v.garage, _ = s.Garages.Garage(claims.Garage)
		if v.garage != nil {
			v.zone = v.garage.Location()
			v.Lang = locale.Fold(chosen, claims.Lang, v.garage.Language)
		}
		switch {
		case errors.Is(err, link.ErrExpired):
			s.stop(w, r, v, http.StatusGone, "expired")
			return
		case err != nil || v.garage == nil:
			s.stop(w, r, v, http.StatusNotFound, "bad")
			return
		case r.Method == http.MethodPost && foreign(r):
			s.stop(w, r, v, http.StatusForbidden, "foreign")
			return
		}
		if r.Method == http.MethodPost {
			r.Body = http.MaxBytesReader(w, r.Body, maxFormBytes)
			if err := r.ParseForm(); err != nil {
				s.stop(w, r, v, http.StatusBadRequest, "foreign")
				return
			}
		}
		after, _ := strconv.ParseInt(r.URL.Query().Get("after"), 10, 64) // 0 is none
		if err := s.load(r.Context(), v, claims, max(after, 1)); err != nil {
			s.failed(w, r, v, err)
			return
		}
		if v.repair.Sequence < after {
			s.busy(w, r, v)
			return
		}
		if chosen == "" && claims.Lang == "" {
			v.Lang = locale.Fold(v.person.Language, v.garage.Language)
		}
		handle(w, r, v)
	}
}

// load reads the repair once the read model has its event number after.
func (s *server) load(ctx context.Context, v *visit, claims link.Claims, after int64) error {
	if err := s.reach(ctx, claims.Repair, after); err != nil {
		return err
	}
	found, err := s.Store.Repair(ctx, []string{claims.Garage}, claims.Repair)
	if err != nil {
		return err
	}
	v.repair, v.decides, v.person = found, claims.Audience == link.Approver, found.Customer
	if v.decides && found.Approver != nil {
		v.person = *found.Approver
	}
	return nil
}

// foreign reports that a form was sent by another site's page. Old browsers say
// nothing of it; the link is the credential all the same.
func foreign(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "same-origin", "none":
		return false
	case "":
		origin := r.Header.Get("Origin")
		u, err := url.Parse(origin)
		return origin != "" && origin != "null" && (err != nil || u.Host != r.Host)
	}
	return true
}
