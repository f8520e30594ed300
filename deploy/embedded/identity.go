package embedded

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"slices"
	"time"

	"pitstop/deploy/embedded/identity"
	"pitstop/schemas/garage"
)

// IdentitySecret names the secret that makes the identity provider's key.
const IdentitySecret = "identity"

// IdentityOptions are the options of [StartIdentity].
type IdentityOptions struct {
	// Clients are the URLs at which browsers reach the API. The provider sends people
	// back there, and to the same ports of this machine's loopback names.
	Clients []string
	Garages *garage.Book
	Clock   func() time.Time
	Log     *slog.Logger
}

// Identity is a running identity provider.
type Identity struct {
	URL string // the issuer, the same over restarts

	web *loopbackServer
}

// StartIdentity serves the identity provider of the members of staff.
func StartIdentity(d *Data, o IdentityOptions) (*Identity, error) {
	secret, err := d.Secret(IdentitySecret)
	if err != nil {
		return nil, err
	}
	origins, err := clientOrigins(o.Clients)
	if err != nil {
		return nil, err
	}
	l, err := d.Listen("provider")
	if err != nil {
		return nil, err
	}
	i := &Identity{URL: Origin(l)}
	h, err := identity.New(identity.Config{
		Issuer: i.URL, Origins: origins, Garages: o.Garages, Secret: secret, Sessions: d.Path("sessions.json"), Clock: o.Clock, Log: o.Log,
	})
	if err != nil {
		l.Close()
		return nil, err
	}
	i.web = serveLoopback(l, h, o.Log)
	return i, nil
}

// Stop finishes the requests under way, for a few seconds.
func (i *Identity) Stop(context.Context) error { return i.web.stop() }

// clientOrigins returns the origins of URLs, and those of this machine's loopback names
// with the same ports.
func clientOrigins(urls []string) ([]string, error) {
	var origins []string
	for _, text := range urls {
		u, err := url.Parse(text)
		if err != nil || u.Host == "" {
			return nil, fmt.Errorf("%q is not the URL of an API", text)
		}
		hosts := []string{u.Host}
		if u.Scheme == "http" && u.Port() != "" {
			for _, name := range []string{"127.0.0.1", "localhost", "::1"} {
				hosts = append(hosts, net.JoinHostPort(name, u.Port()))
			}
		}
		for _, host := range hosts {
			if origin := u.Scheme + "://" + host; !slices.Contains(origins, origin) {
				origins = append(origins, origin)
			}
		}
	}
	return origins, nil
}
