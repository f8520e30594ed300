// Package api is the JSON API for staff and integrators under /v1 with its
// documentation. A door is the part of the HTTP API for one kind of caller; this one
// mounts the others: the customers' page under /c (api/customer), and signing in and
// the dashboards for staff (api/staff). It turns requests into commands, waits for their outcomes, and shows the read model. It
// decides nothing about a repair, and holds no state but rate limits.
//
// What it needs from elsewhere it declares as interfaces (Commands, Store,
// OpenEvents, Dashboards); cmd/pitstop/app wires them.
package api

//go:generate go test -run TestOpenAPIDocument -update .
