// Package page draws the dashboards as HTML pages, for whoever has no Grafana: the
// same panels, the same queries, charts drawn here as SVG. A page works without
// scripts, on a phone and on paper.
package page

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"pitstop/dashboards"
	"pitstop/schemas/garage"
	"pitstop/schemas/readmodel"
)

//go:embed page.html
var templates embed.FS

//go:embed assets
var assets embed.FS

// Config is what pages are drawn from.
type Config struct {
	All []dashboards.Dashboard
	// Query runs a panel's query. A value of a row is nil, a string, bool, int64,
	// float64 or time.Time.
	Query func(ctx context.Context, sql string) (columns []string, rows [][]any, err error)
	// AsOf returns how fresh the figures are; zero: nothing was read yet.
	AsOf    func(context.Context) (time.Time, error)
	Garages *garage.Book
	Log     *slog.Logger
}

// Pages draws pages. It is safe for concurrent use.
type Pages struct {
	Config
	page *template.Template
}

// New returns the pages of a configuration.
func New(c Config) (*Pages, error) {
	t, err := template.ParseFS(templates, "page.html")
	if err != nil {
		return nil, fmt.Errorf("parse the dashboards' template: %w", err)
	}
	return &Pages{Config: c, page: t}, nil
}

// Assets are the files that pages load from DashboardVisit.Assets.
func (p *Pages) Assets() fs.FS {
	sub, err := fs.Sub(assets, "assets")
	if err != nil {
		panic(err) // the name is valid, and constant
	}
	return sub
}

// What the panels of a page may cost together.
const (
	panelsAtOnce = 4
	panelTime    = 8 * time.Second
)

// Page returns a dashboard as HTML. A panel that fails says so in its place; an
// error is about the page as a whole.
func (p *Pages) Page(ctx context.Context, v readmodel.DashboardVisit) ([]byte, error) {
	board, ok := p.dashboard(v.ID)
	if !ok {
		return nil, fmt.Errorf("there is no dashboard %q", v.ID)
	}
	board.Panels = slices.DeleteFunc(slices.Clone(board.Panels), func(d dashboards.Panel) bool {
		return d.ID == dashboards.Freshness.ID // the page's head says it
	})
	asOf, err := p.AsOf(ctx) // before the figures: they are at least as fresh
	if err != nil {
		return nil, err
	}
	r := p.renderer(v)
	results := make([]result, len(board.Panels))
	var running errgroup.Group
	running.SetLimit(panelsAtOnce)
	for i, d := range board.Panels {
		running.Go(func() error {
			results[i] = p.run(ctx, r, d)
			return nil
		})
	}
	_ = running.Wait() // each result has its own error
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if board.AboutRepair {
		r = r.forRepair(results)
	}
	panels := make([]panel, len(board.Panels))
	for i, d := range board.Panels {
		panels[i] = p.panel(ctx, r, board, d, results[i])
	}
	var b bytes.Buffer
	if err := p.page.ExecuteTemplate(&b, "page.html", p.document(r, board, asOf, panels)); err != nil {
		return nil, fmt.Errorf("draw dashboard %s: %w", board.ID, err)
	}
	return b.Bytes(), nil
}

func (p *Pages) dashboard(id string) (dashboards.Dashboard, bool) {
	for _, d := range p.All {
		if d.ID == id {
			return d, true
		}
	}
	return dashboards.Dashboard{}, false
}

// run runs a panel's query.
func (p *Pages) run(ctx context.Context, r renderer, d dashboards.Panel) (res result) {
	if d.SQL == "" {
		return result{}
	}
	ctx, cancel := context.WithTimeout(ctx, panelTime)
	defer cancel()
	res.columns, res.rows, res.err = p.Query(ctx, dashboards.Expand(d.SQL, r.choice))
	return res
}

// panel draws what came back from a panel's query.
func (p *Pages) panel(ctx context.Context, r renderer, board dashboards.Dashboard, d dashboards.Panel, res result) panel {
	drawn := r.heading(d)
	drawn.Now = d.Now && !board.AboutRepair
	if d.SQL == "" {
		drawn.Elsewhere = true
		return drawn
	}
	err := res.err
	if err == nil {
		err = r.draw(&drawn, d, res)
	}
	if err != nil {
		if !errors.Is(err, context.Canceled) {
			p.Log.ErrorContext(ctx, "a panel failed", "panel", d.ID, "error", err)
		}
		drawn.Failure = r.T("failed")
		if errors.Is(err, context.DeadlineExceeded) {
			drawn.Failure = r.T("slow")
		}
	}
	return drawn
}
