package staff

import (
	"cmp"
	"net/http"
	"slices"

	"pitstop/api/signin"
	"pitstop/api/web"
	"pitstop/schemas/readmodel"
	"pitstop/schemas/repair"
)

// Page is a dashboard, for members of staff who signed in.
type Page struct {
	ID          string
	For         []repair.Role
	AboutRepair bool // shows one repair, which a link must name
}

// Path returns the page's address.
func (p Page) Path() string { return signin.Home + "/" + p.ID }

// Pages are the dashboards and who may see them. Signing in leads to the first
// one that a member of staff may see.
var Pages = []Page{
	{ID: "waiting", For: []repair.Role{repair.Manager}},
	{ID: "service", For: []repair.Role{repair.CustomerService, repair.Manager}},
	{ID: "notifications", For: []repair.Role{repair.CustomerService, repair.Manager}},
	{ID: "conversation", For: []repair.Role{repair.Mechanic, repair.CustomerService, repair.Manager}, AboutRepair: true},
}

// first redirects to the first dashboard that the member of staff may see.
func (d *door) first(w http.ResponseWriter, r *http.Request) {
	caller := web.CallerOf(r.Context())
	for _, p := range Pages {
		if _, ok := caller.As(p.For); ok && !p.AboutRepair {
			http.Redirect(w, r, p.Path(), http.StatusSeeOther)
			return
		}
	}
	d.refuse(w, r, http.StatusForbidden, "no dashboard")
}

// dashboard shows a page to callers with one of its roles, about garages that the
// token names.
func (d *door) dashboard(w http.ResponseWriter, r *http.Request, p Page) {
	caller, v, query := web.CallerOf(r.Context()), voiceOf(r), r.URL.Query()
	if _, ok := caller.As(p.For); !ok {
		var names []string
		for _, role := range p.For {
			names = append(names, v.T("role "+string(role)))
		}
		d.refuse(w, r, http.StatusForbidden, "not yours", v.Lang.And(names...))
		return
	}
	if len(caller.Garages) == 0 {
		d.refuse(w, r, http.StatusForbidden, "no garage")
		return
	}
	var chosen []string
	for _, id := range query["garage"] {
		switch {
		case id == "": // all of them
		case !caller.MayUse(id):
			d.refuse(w, r, http.StatusForbidden, "not your garage")
			return
		default:
			chosen = append(chosen, id)
		}
	}
	if len(chosen) == 0 {
		chosen = caller.Garages
	}
	known := func(id string) bool { _, ok := d.Garages.Garage(id); return ok }
	if !slices.ContainsFunc(chosen, known) { // or the page would say that nobody waits there
		d.refuse(w, r, http.StatusForbidden, "unknown garage", v.Lang.And(chosen...))
		return
	}
	visit := readmodel.DashboardVisit{
		ID: p.ID, Name: cmp.Or(caller.Name, caller.Subject), CSRF: sessionOf(r.Context()).CSRF, Garages: caller.Garages, Chosen: chosen,
		Query: query, Lang: v.Lang, Now: d.Clock(r), Assets: d.Assets,
	}
	for _, other := range Pages {
		if _, ok := caller.As(other.For); ok {
			visit.All = append(visit.All, other.ID)
		}
	}
	html, err := d.Dashboards.Page(r.Context(), visit)
	if err != nil {
		web.LogFailure(d.Log, "show the dashboard "+p.ID, err)
		d.refuse(w, r, http.StatusServiceUnavailable, "dashboard down")
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", string(v.Lang))
	_, _ = w.Write(html) // the client is gone: nobody to tell
}
