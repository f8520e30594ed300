// Package signin signs members of staff in at an identity provider and keeps their
// sessions: OpenID Connect's authorization code flow with PKCE (RFC 7636), state and nonce,
// the provider's refresh tokens, and its end of a session.
//
// Nothing is kept here. A sign-in under way, and a session, are each sealed in a cookie of
// the browser, so that every process with the same keys can go on with them.
//
//   - A session says who somebody is until the provider's tokens run out. It is then renewed
//     with the refresh token, with the roles and garages that the provider gives by then. If
//     the provider refuses, the session is over; if it cannot be asked, the session goes on
//     as it was, until lifetime at the most.
//   - A cookie opens pages. Whatever changes something, and the API, needs the session's CSRF
//     token besides, which only pages of this site know.
//   - Where somebody goes after signing in is a page for staff of this site.
package signin

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"pitstop/api/web"
)

// Config says where people sign in, and how they come back.
type Config struct {
	// Issuer is the identity provider's URL, exactly as in the iss claim.
	Issuer string
	// ClientID and ClientSecret are what the provider knows Pitstop by. Without a secret
	// Pitstop is a public client.
	ClientID, ClientSecret string
	// Scopes are asked for beside openid. Some providers give refresh tokens for
	// offline_access only.
	Scopes []string
	// Claims say where the provider puts the subject, the roles and the garages.
	Claims web.Claims
	// Origin is where people reach the pages, without a path: https://garage.example. The
	// provider must know Origin/sign-in/callback and Origin/signed-out.
	Origin string
	// Keys seal the cookies.
	Keys  *Keys
	Clock func() time.Time
	Log   *slog.Logger
}

// Validate reports everything that is wrong.
func (c Config) Validate() error {
	var wrong []error
	for _, f := range [][2]string{{"the identity provider of the staff (--oidc-issuer)", c.Issuer}, {"the origin of the staff's pages (--public-url)", c.Origin}} {
		if u, err := url.Parse(f[1]); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
			wrong = append(wrong, fmt.Errorf("%s is not an http or https URL", f[0]))
		}
	}
	if u, err := url.Parse(c.Origin); err == nil && u.Path != "" {
		wrong = append(wrong, fmt.Errorf("the origin of the staff's pages, %s, has a path: give scheme and host only", c.Origin))
	}
	if c.ClientID == "" {
		wrong = append(wrong, errors.New("signing in needs the id that the identity provider knows Pitstop by: give --oidc-client-id"))
	}
	if c.Keys == nil {
		wrong = append(wrong, errors.New("no keys for the staff's sessions: give PITSTOP_SESSION_KEYS, the same in every process"))
	}
	return errors.Join(append(wrong, c.Claims.Validate())...)
}

// Door signs people in and out, and reads their sessions.
type Door struct {
	Config
	client *http.Client
	flight singleflight.Group

	mu       sync.Mutex // never held while the provider is asked
	known    *provider  // as it was discovered last
	failed   time.Time  // when it could not be asked last
	renewals map[string]renewal
}

// Limits on how the provider is asked.
const (
	timeout      = 5 * time.Second  // of one request to the provider
	pace         = 10 * time.Second // after it could not be asked, before it is again
	rediscovered = time.Hour        // after which its endpoints are looked up again
)

// New returns a door. It asks the provider for nothing yet.
func New(c Config) (*Door, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return &Door{
		Config: c, client: &http.Client{Timeout: timeout}, renewals: make(map[string]renewal),
	}, nil
}

// Paths of signing in and out.
const (
	Path         = "/sign-in"
	CallbackPath = "/sign-in/callback"
	OutPath      = "/sign-out"
	DonePath     = "/signed-out"
)

var (
	// ErrNone means that nobody is signed in.
	ErrNone = errors.New("nobody is signed in")
	// ErrLost means that no sign-in is under way in this browser, or no more: it took too
	// long, was finished before, or began elsewhere.
	ErrLost = errors.New("no such sign-in is under way in this browser")
	// ErrRefused means that the provider signs nobody in, or says what cannot be believed.
	ErrRefused = errors.New("the identity provider did not sign anybody in")
)
