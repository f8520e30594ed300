package api

import (
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"pitstop/api/customer"
	"pitstop/api/staff"
	"pitstop/api/web"
)

// API serves everything: JSON, its documentation, and the doors of customers and staff.
type API struct {
	http.Handler
	// OpenAPI documents the JSON, to check answers against.
	OpenAPI *huma.OpenAPI
}

// compressed are the types of answers that are compressed for clients that accept it. Not
// pages: theirs hold secrets beside what others may have written, and their length
// would tell (BREACH). Nor streams, which would be held back.
var compressed = []string{"application/json", "application/openapi+json", "text/css", "text/javascript"}

// compression is the level of gzip.
const compression = 5

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
	r.Use(observe, web.Recover(c.Log), web.Secure, middleware.Compress(compression, compressed...), middleware.GetHead)
	r.NotFound(func(w http.ResponseWriter, req *http.Request) {
		web.NewProblem(web.CodeNotFound, "there is nothing at this address").Write(w)
	})
	r.MethodNotAllowed(func(w http.ResponseWriter, req *http.Request) {
		allow(w, r, req)
		web.NewProblem(web.CodeMethod, "this address does not take the method "+req.Method).Write(w)
	})
	text, err := guide(c.Limits)
	if err != nil {
		return nil, err
	}
	doc, err := register(humachi.New(r.With(tagged, authenticate(c)), openapi(text)), c)
	if err != nil {
		return nil, err
	}
	assets.Mount(r)
	return &API{r, doc.OpenAPI}, errors.Join(
		doc.serve(r, assets.Path()),
		customer.Mount(r, customer.Config{
			Patience: c.Patience, Limits: c.Limits, Proxies: c.TrustedProxies, Requests: c.Requests, Commands: c.Commands, Store: c.Store,
			Garages: c.Garages, Links: c.Links, Clock: c.Clock, Assets: assets.Path(), Log: c.Log,
		}),
		staff.Mount(r, staff.Config{
			Limits: c.Limits, Proxies: c.TrustedProxies, SignIn: c.SignIn, Dashboards: c.Dashboards,
			Garages: c.Garages, Clock: c.Clock, Assets: assets.Path(), Log: c.Log,
		}),
	)
}

// allow names the methods that an address does take.
func allow(w http.ResponseWriter, routes chi.Routes, req *http.Request) {
	for _, m := range []string{http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete} {
		if routes.Match(chi.NewRouteContext(), m, req.URL.Path) {
			w.Header().Add("Allow", m)
			if m == http.MethodGet {
				w.Header().Add("Allow", http.MethodHead)
			}
		}
	}
}
