package readmodel

import (
	"net/url"
	"time"

	"pitstop/schemas/locale"
)

// DashboardVisit is a request by a member of staff for a dashboard's page.
type DashboardVisit struct {
	ID      string   // of the dashboard
	All     []string // ids of the dashboards that this member of staff may see
	Name    string   // of who looks
	CSRF    string   // with which the page's forms show that they are ours
	Garages []string // that this member of staff may see
	Chosen  []string // those looked at, some or all of Garages
	// Query is what else was chosen, not checked: period, clock, repair.
	Query  url.Values
	Lang   locale.Lang
	Now    time.Time
	Assets string // path below which the assets are
}
