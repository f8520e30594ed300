package api

import "pitstop/schemas/repair"

// MaxBodyBytes, Heartbeat and Examples are what tests need to know.
const (
	MaxBodyBytes = maxBodyBytes
	Heartbeat    = heartbeat
)

var Examples = examples

// Route is an entry of the table of routes.
type Route struct {
	ID, Method, Path, Summary, Allowed string
	Roles                              []repair.Role
	Writes, Keyed                      bool
}

func Routes() []Route {
	var all []Route
	for _, r := range routes {
		all = append(all, Route{r.id, r.method, r.path, r.summary, r.allowed(), r.roles(), r.writes(), r.keyed()})
	}
	return all
}
