// Command run runs Keycloak in the foreground: make keycloak.
package main

import (
	"context"
	"log/slog"

	"pitstop/deploy/embedded"
	"pitstop/deploy/jvm/foreground"
	"pitstop/deploy/keycloak"
)

func main() {
	foreground.Command{
		Name: "keycloak", Dir: "keycloak-server",
		Description: "Keycloak on loopback, with a realm for a pitstop api on http://127.0.0.1:8080. " +
			"Its people are sam, klantenservice, manager (of de-brug) and baas (of noord), and each one's password is their name; the administrator is admin with the password admin.",
		Start: func(ctx context.Context, data *embedded.Data, log *slog.Logger) (foreground.Server, []string, error) {
			server, err := keycloak.Start(ctx, data, keycloak.Options{Clients: []string{"http://127.0.0.1:8080", "http://localhost:8080"}, Log: log})
			if err != nil {
				return nil, nil, err
			}
			return server, []string{"PITSTOP_OIDC_ISSUER=" + server.Issuer, "PITSTOP_OIDC_ROLES_CLAIM=resource_access.pitstop.roles"}, nil
		},
	}.Main()
}
