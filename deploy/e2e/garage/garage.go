// Package garage acts as the staff and the customers of one garage on a pipeline, and
// checks the results: the timeline of a repair, its mails, and the measured waits.
package garage

import (
	"net/http"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"pitstop/deploy/e2e/client"
	"pitstop/deploy/e2e/pitstop"
)

// Garage is a garage on a pipeline. Each test has its own, and so figures of its own.
type Garage struct {
	*pitstop.Process
	testing.TB
	ID      string
	Clients map[string]client.Client // by role, from As or put here by a test
}

// New returns a garage that is in the pipeline's garage file.
func New(t testing.TB, p *pitstop.Process, garage string) *Garage {
	return &Garage{Process: p, TB: t, ID: garage, Clients: make(map[string]client.Client)}
}

// Subjects names the subject of each role's token.
var Subjects = map[string]string{
	"mechanic": "sam", "customer_service": "els", "manager": "baas", "integrator": "dms", "admin": "root",
}

// As returns a client of the API for the member of the garage's staff with a role.
func (g *Garage) As(role string) client.Client {
	g.Helper()
	c, ok := g.Clients[role]
	if !ok {
		c = client.Client{T: g.TB, Base: g.API, Token: g.Token(g.TB, role, Subjects[role], g.ID)}
		g.Clients[role] = c
	}
	return c
}

// List reads a page of repairs or conversations.
func (g *Garage) List(role, path string) client.List {
	g.Helper()
	l := client.Decode[client.List](g.As(role).Get(path), http.StatusOK)
	if l.Items == nil || l.AsOf == nil {
		g.Errorf("%s: incomplete list %+v", path, l)
	}
	return l
}

// Latencies reads the garage's figures as its manager.
func (g *Garage) Latencies(query string) []client.Figures {
	g.Helper()
	l := client.Decode[struct {
		Rows []client.Figures
		AsOf time.Time `json:"as_of"`
	}](g.As("manager").Get("/v1/latencies?garage="+g.ID+"&"+query), http.StatusOK)
	if l.Rows == nil || l.AsOf.IsZero() {
		g.Errorf("latencies %s: rows %v as of %s", query, l.Rows, l.AsOf)
	}
	return l.Rows
}

// Events reads all events of the garage, page by page.
func (g *Garage) Events() (all []client.Event) {
	g.Helper()
	for cursor := ""; ; {
		page := client.Decode[struct {
			Events []client.Event
			Cursor string
		}](g.As("customer_service").Get("/v1/events?limit=7&after="+cursor), http.StatusOK)
		all = append(all, page.Events...)
		if cursor == page.Cursor {
			return all
		}
		cursor = page.Cursor
	}
}

// Database connects to ClickHouse, until the test ends.
func (g *Garage) Database() driver.Conn {
	g.Helper()
	options, err := clickhouse.ParseDSN(g.ClickHouse)
	if err != nil {
		g.Fatal(err)
	}
	conn, err := clickhouse.Open(options)
	if err != nil {
		g.Fatal(err)
	}
	g.Cleanup(func() {
		if err := conn.Close(); err != nil {
			g.Error(err)
		}
	})
	return conn
}
