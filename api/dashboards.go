package api

import (
	"bytes"
	"context"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"pitstop/schemas/locale"
)

// Dashboards draw the pages of figures, for who has no Grafana.
type Dashboards interface {
	// Page gives a dashboard as HTML. What goes wrong with one of its panels it
	// says in that panel's place; an error is about the page as a whole.
	Page(ctx context.Context, v DashboardVisit) ([]byte, error)
	// Assets are the files that its pages load from DashboardVisit.Assets.
	Assets() fs.FS
}

// DashboardVisit is a member of staff looking at a dashboard.
type DashboardVisit struct {
	ID      string   // of the dashboard
	All     []string // ids of the dashboards that this member of staff may see
	Subject string
	Garages []string // of the session
	Chosen  []string // those looked at, some or all of Garages
	// Query is what else was chosen, not checked: period, clock, repair.
	Query  url.Values
	Lang   locale.Lang
	Now    time.Time
	Assets string // path below which the assets are
}

// dashboards serves the pages for staff, and the way to sign in to them.
func (s *server) dashboards(r chi.Router) error {
	var err error
	if s.staff, err = template.ParseFS(files, "templates/staff.html"); err != nil {
		return fmt.Errorf("parse templates: %w", err)
	}
	signIns := limiter(s.Limits.Staff/10, staffWindow)
	origin := http.NewCrossOriginProtection()
	r.Group(func(r chi.Router) {
		r.Use(staffHeaders)
		r.Get(signInPath, func(w http.ResponseWriter, r *http.Request) {
			v := s.staffVoice(r)
			s.staffPage(w, http.StatusOK, &staffPage{voice: v, Head: v.T("sign in"), Form: true})
		})
		r.Group(func(r chi.Router) {
			r.Use(func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					switch v := s.staffVoice(r); {
					case origin.Check(r) != nil: // another site must not sign anybody in as somebody else
						s.stopStaff(w, http.StatusForbidden, v, "foreign form")
					case signIns.over(w, r, s.clientIP(r)):
						s.stopStaff(w, http.StatusTooManyRequests, v, "slow down")
					default:
						next.ServeHTTP(w, r)
					}
				})
			})
			r.Post(signInPath, s.signIn)
			r.Post(signOutPath, s.signOut)
		})
		r.Group(func(r chi.Router) {
			r.Use(s.signedIn)
			r.Get(dashboardsPath, s.firstDashboard)
			r.Get(dashboardsPath+"/*", func(w http.ResponseWriter, r *http.Request) {
				s.stopStaff(w, http.StatusNotFound, s.staffVoice(r), "no page")
			})
			for _, p := range pages {
				r.Get(p.path, func(w http.ResponseWriter, r *http.Request) { s.dashboard(w, r, p) })
			}
		})
	})
	return nil
}

// staffHeaders are those of pages for staff. With no-referrer, browsers would not
// say which site a form comes from.
func staffHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", pagePolicy)
		h.Set("X-Robots-Tag", "noindex, nofollow")
		h.Set("Referrer-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}

// firstDashboard leads to the first one that the member of staff may see.
func (s *server) firstDashboard(w http.ResponseWriter, r *http.Request) {
	caller := callerOf(r.Context())
	for _, p := range pages {
		if _, ok := caller.as(p.roles()); ok && !p.aboutRepair() {
			http.Redirect(w, r, p.path, http.StatusSeeOther)
			return
		}
	}
	s.stopStaff(w, http.StatusForbidden, s.staffVoice(r), "no dashboard")
}

// dashboard shows a page to whoever has one of its roles, about garages that the
// token names.
func (s *server) dashboard(w http.ResponseWriter, r *http.Request, p route) {
	caller, v, query := callerOf(r.Context()), s.staffVoice(r), r.URL.Query()
	if _, ok := caller.as(p.roles()); !ok {
		var names []string
		for _, role := range p.roles() {
			names = append(names, v.T("role "+string(role)))
		}
		s.stopStaff(w, http.StatusForbidden, v, "not yours", v.Lang.And(names...))
		return
	}
	if len(caller.Garages) == 0 {
		s.stopStaff(w, http.StatusForbidden, v, "no garage")
		return
	}
	var chosen []string
	for _, id := range query["garage"] {
		switch {
		case id == "": // all of them
		case !caller.mayUse(id):
			s.stopStaff(w, http.StatusForbidden, v, "not your garage")
			return
		default:
			chosen = append(chosen, id)
		}
	}
	if len(chosen) == 0 {
		chosen = caller.Garages
	}
	known := func(id string) bool { _, ok := s.Garages.Garage(id); return ok }
	if !slices.ContainsFunc(chosen, known) { // nobody waits there: that would be no good news
		s.stopStaff(w, http.StatusForbidden, v, "unknown garage", v.Lang.And(chosen...))
		return
	}
	visit := DashboardVisit{
		ID: p.id, Subject: caller.Subject, Garages: caller.Garages, Chosen: chosen,
		Query: query, Lang: v.Lang, Now: v.now, Assets: s.assets(),
	}
	for _, other := range pages {
		if _, ok := caller.as(other.roles()); ok {
			visit.All = append(visit.All, other.id)
		}
	}
	html, err := s.Dashboards.Page(r.Context(), visit)
	if err != nil {
		s.complain("show the dashboard "+p.id, err)
		s.stopStaff(w, http.StatusServiceUnavailable, v, "dashboard down")
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", string(v.Lang))
	_, _ = w.Write(html) // the client is gone: nobody to tell
}

// staffPage is what the template for staff shows.
type staffPage struct {
	voice
	Head, Text string
	Form       bool // asks for a token
	Error      string
	Next       string // path to go to after signing in
	Refresh    string // path to load again at once
	Back       bool   // offers to sign out
	Assets     string
}

func (s *server) staffVoice(r *http.Request) voice {
	return voice{
		Lang: locale.Fold(append([]string{r.URL.Query().Get("lang")}, strings.Split(r.Header.Get("Accept-Language"), ",")...)...),
		now:  s.Clock(r), zone: time.UTC,
	}
}

// stopStaff shows why there is no page.
func (s *server) stopStaff(w http.ResponseWriter, status int, v voice, why string, args ...any) {
	s.staffPage(w, status, &staffPage{voice: v, Head: v.T(why), Text: v.T(why+" text", args...), Back: true})
}

func (s *server) staffPage(w http.ResponseWriter, status int, p *staffPage) {
	p.Assets = s.assets()
	var b bytes.Buffer
	if err := s.staff.ExecuteTemplate(&b, "staff.html", p); err != nil {
		s.Log.Error("cannot render a page", "err", err)
		writeProblem(w, problem(codeInternal, ""))
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", string(p.Lang))
	w.WriteHeader(status)
	_, _ = b.WriteTo(w) // the client is gone: nobody to tell
}
