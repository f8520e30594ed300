package signin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"pitstop/api/web"
)

// provider is an identity provider as it describes itself.
type provider struct {
	*oidc.Provider
	end    string // where sessions are ended; empty: nowhere
	namesI bool   // it says in each answer who it is (RFC 9207)
	at     time.Time
}

// provider returns the provider as it describes itself, or did when it last could be asked.
// The error is web.ErrAway.
func (d *Door) provider(ctx context.Context) (*provider, error) {
	p, err := d.present(ctx, rediscovered)
	if p != nil {
		return p, nil
	}
	return nil, err
}

// present is provider with an error also where the provider is known, but could not be asked
// in the last while.
func (d *Door) present(ctx context.Context, while time.Duration) (*provider, error) {
	d.mu.Lock()
	known, failed := d.known, d.failed
	d.mu.Unlock()
	now := d.Clock()
	switch {
	case now.Sub(failed) < pace:
		return known, web.ErrAway
	case known != nil && now.Sub(known.at) < while:
		return known, nil
	}
	found, err, _ := d.flight.Do("discover", func() (any, error) {
		p, err := d.discover(context.WithoutCancel(ctx))
		d.mu.Lock()
		defer d.mu.Unlock()
		if err == nil {
			d.known, d.failed = p, time.Time{}
			return p, nil
		}
		d.failed = d.Clock()
		d.Log.ErrorContext(ctx, "nobody of the staff can sign in: the identity provider is away", "error", err)
		return d.known, web.ErrAway
	})
	p, _ := found.(*provider)
	return p, err
}

func (d *Door) discover(ctx context.Context) (*provider, error) {
	// The provider's keys are asked for in this context, too, whenever an unknown one signs.
	found, err := oidc.NewProvider(oidc.ClientContext(ctx, d.client), d.Issuer)
	if err != nil {
		return nil, fmt.Errorf("discover the identity provider: %w", err)
	}
	var says struct {
		End    string `json:"end_session_endpoint"`
		Issues bool   `json:"authorization_response_iss_parameter_supported"`
	}
	if err := found.Claims(&says); err != nil {
		return nil, fmt.Errorf("read what the identity provider says of itself: %w", err)
	}
	return &provider{Provider: found, end: says.End, namesI: says.Issues, at: d.Clock()}, nil
}

// oauth returns Pitstop as the provider knows it.
func (d *Door) oauth(p *provider) *oauth2.Config {
	return &oauth2.Config{
		ClientID: d.ClientID, ClientSecret: d.ClientSecret, Endpoint: p.Endpoint(),
		RedirectURL: d.Origin + CallbackPath, Scopes: append([]string{oidc.ScopeOpenID}, d.Scopes...),
	}
}

// ask returns a context in which the provider is asked, for a while.
func (d *Door) ask(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(oidc.ClientContext(ctx, d.client), 2*timeout)
}

// refusal returns ErrRefused for an answer with which the provider refuses something, and
// web.ErrAway where there was no answer to speak of.
func (d *Door) refusal(ctx context.Context, what string, err error) error {
	refused := new(oauth2.RetrieveError)
	if errors.As(err, &refused) && refused.Response.StatusCode < http.StatusInternalServerError && refused.Response.StatusCode != http.StatusTooManyRequests {
		// Not the error itself: it repeats the answer, which may hold a token.
		d.Log.WarnContext(ctx, "the identity provider refuses", "what", what, "code", refused.ErrorCode, "description", refused.ErrorDescription)
		return ErrRefused
	}
	cause := err
	if asked := new(url.Error); errors.As(err, &asked) {
		cause = asked.Err // its URL may hold a secret
	}
	d.Log.ErrorContext(ctx, "the identity provider is away", "what", what, "error", cause)
	return web.ErrAway
}

// identity checks an ID token and returns whom it is about. Where nonce is not empty, it
// must hold it.
func (d *Door) identity(ctx context.Context, p *provider, token, nonce string) (web.Caller, error) {
	t, err := p.Verifier(&oidc.Config{ClientID: d.ClientID, SupportedSigningAlgs: web.Signatures, Now: d.Clock}).Verify(ctx, token)
	if err != nil {
		return web.Caller{}, fmt.Errorf("check the ID token: %w", err)
	}
	if nonce != "" && t.Nonce != nonce {
		return web.Caller{}, errors.New("the ID token is an answer to another sign-in")
	}
	var all map[string]any
	if err := t.Claims(&all); err != nil {
		return web.Caller{}, fmt.Errorf("read the ID token: %w", err)
	}
	return d.Claims.Caller(all, t.Expiry)
}
