// Package api is the HTTP door: JSON for staff and integrators under /v1, the
// customer's page under /c, and the dashboards for staff who signed in. It turns requests into commands, waits for
// their outcomes, and shows the read model. It decides nothing about a repair,
// and holds no state but rate limits.
//
// What it needs from elsewhere it declares as interfaces (Commands, Store,
// OpenEvents, Authenticator, Dashboards); cmd/pitstop/app wires them.
package api

//go:generate go test -run TestOpenAPIDocument -update .
