// Package customer is the door of a garage's customers: the page that the link in
// a mail opens, on which they follow their repair, decide about a quote and write
// to the garage. GET changes nothing; forms become commands.
package customer

import (
	"context"
	"embed"
	"html/template"
	"log/slog"
	"net/http"
	"time"

	"pitstop/api/web"
	"pitstop/schemas/garage"
	"pitstop/schemas/link"
	"pitstop/schemas/readmodel"
	"pitstop/schemas/repair"
	"pitstop/schemas/request"
)

//go:embed templates
var templates embed.FS

// Static holds the script of the customer's page.
//
//go:embed static
var Static embed.FS

// Commands sends commands and waits for their outcomes.
type Commands interface {
	// Ask sends a command and waits up to patience, after its acknowledgement,
	// for its outcome. Both results are nil when it is written but not answered.
	Ask(ctx context.Context, cmd repair.Command, patience time.Duration) (*repair.Outcome, error)
	// Newest returns how far a repair is, and whose it is, as far as outcomes told;
	// 0: none did.
	Newest(repairID string) (garageID string, sequence int64)
}

// Store is what the page reads. What does not exist, or not in the garages given,
// is readmodel.ErrNotFound.
type Store interface {
	web.Sequences
	Repair(ctx context.Context, sight readmodel.Sight, id string) (*readmodel.Repair, error)
	// Outcome returns what became of a command; readmodel.ErrNotFound: not known yet.
	Outcome(ctx context.Context, commandID string) (*readmodel.CommandOutcome, error)
}

// Config is what the customer's page needs.
type Config struct {
	// Patience is how long a request waits for its outcome, or for the read model.
	Patience time.Duration
	Limits   web.Limits
	Proxies  web.Proxies
	Requests *request.Builder
	Commands Commands
	Store    Store
	Garages  *garage.Book
	Links    *link.Keys
	// Clock returns the time of a request.
	Clock  func(*http.Request) time.Time
	Assets string // path below which pages find their assets
	Log    *slog.Logger
}

// door serves one Config.
type door struct {
	Config
	page                *template.Template
	perLink, perAddress web.Limit
}
