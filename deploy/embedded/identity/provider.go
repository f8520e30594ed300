package identity

import (
	"context"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
	"golang.org/x/text/language"

	"pitstop/schemas/garage"
)

const (
	// ClientID is that of the only client, which has no secret.
	ClientID = "pitstop"
	// CallbackPath and SignedOutPath are where, below an origin, the client gets the code,
	// and where people go after signing out.
	CallbackPath  = "/sign-in/callback"
	SignedOutPath = "/signed-out"

	beginPath    = "/sign-in"
	loginPath    = "/login"
	callbackPath = "/authorize/callback"
	stylePath    = "/style.css"

	maxBytes = 64 << 10 // of a request

	tokensFor = 5 * time.Minute // after which they are renewed, or not
)

// Config says for whom a provider is.
type Config struct {
	Issuer string // its URL
	// Origins are those of the client, as https://host:port; the first is where people
	// begin anew.
	Origins []string
	Garages *garage.Book
	// Secret, of at least 32 bytes, makes the key that signs.
	Secret []byte
	// Sessions is the file that keeps who is signed in.
	Sessions string
	Clock    func() time.Time
	Log      *slog.Logger
}

// New returns the provider's handler. What it keeps from other sites' pages, it leaves to
// the server: requests of other hosts and across origins are not for it.
func New(c Config) (http.Handler, error) {
	seed, err := hkdf.Key(sha256.New, c.Secret, nil, "pitstop identity provider", ed25519.SeedSize)
	if err != nil {
		return nil, fmt.Errorf("derive the identity provider's key: %w", err)
	}
	s, err := newStorage(c, ed25519.NewKeyFromSeed(seed))
	if err != nil {
		return nil, err
	}
	languages := []language.Tag{language.Dutch, language.English}
	provider, err := op.NewProvider(
		&op.Config{CodeMethodS256: true, GrantTypeRefreshToken: true, SupportedUILocales: languages, DefaultLogoutRedirectURI: c.Origins[0] + SignedOutPath},
		s, op.StaticIssuer(c.Issuer),
		op.WithAllowInsecure(), // loopback has no certificate
		op.WithCORSOptions(nil),
		op.WithAccessTokenVerifierOpts(op.WithSupportedAccessTokenSigningAlgorithms(string(algorithm))),
		op.WithIDTokenHintVerifierOpts(op.WithSupportedIDTokenHintSigningAlgorithms(string(algorithm))),
	)
	if err != nil {
		return nil, fmt.Errorf("make the identity provider: %w", err)
	}
	says := discovery(op.CreateDiscoveryConfig(op.ContextWithIssuer(context.Background(), c.Issuer), provider, s))

	// Of the library's endpoints those that are meant; the others stay closed.
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+oidc.DiscoveryEndpoint, func(w http.ResponseWriter, _ *http.Request) { op.Discover(w, says) })
	l := login{s}
	mux.Handle(provider.AuthorizationEndpoint().Relative(), l.authorize(provider))
	for _, endpoint := range []*op.Endpoint{
		provider.TokenEndpoint(), provider.UserinfoEndpoint(),
		provider.EndSessionEndpoint(), provider.KeysEndpoint(), op.NewEndpoint(callbackPath),
	} {
		mux.Handle(endpoint.Relative(), provider)
	}
	mux.HandleFunc("GET "+loginPath, l.ask)
	mux.HandleFunc("POST "+loginPath, l.pick)
	mux.HandleFunc("GET "+stylePath, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		_, _ = w.Write(style) // the client may be gone
	})
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, c.Origins[0]+beginPath, http.StatusSeeOther)
	})
	return headers(mux), nil
}

// discovery returns what is left of the library's description.
func discovery(c *oidc.DiscoveryConfiguration) *oidc.DiscoveryConfiguration {
	return &oidc.DiscoveryConfiguration{
		Issuer: c.Issuer, AuthorizationEndpoint: c.AuthorizationEndpoint, TokenEndpoint: c.TokenEndpoint,
		UserinfoEndpoint: c.UserinfoEndpoint, EndSessionEndpoint: c.EndSessionEndpoint, JwksURI: c.JwksURI,
		ScopesSupported:                   []string{oidc.ScopeOpenID, oidc.ScopeProfile, oidc.ScopeOfflineAccess},
		ResponseTypesSupported:            []string{string(oidc.ResponseTypeCode)},
		ResponseModesSupported:            []string{string(oidc.ResponseModeQuery), string(oidc.ResponseModeFormPost)},
		GrantTypesSupported:               []oidc.GrantType{oidc.GrantTypeCode, oidc.GrantTypeRefreshToken},
		SubjectTypesSupported:             c.SubjectTypesSupported,
		IDTokenSigningAlgValuesSupported:  c.IDTokenSigningAlgValuesSupported,
		TokenEndpointAuthMethodsSupported: []oidc.AuthMethod{oidc.AuthMethodNone},
		ClaimsSupported:                   []string{"sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "sid", "preferred_username", "name", "roles", "garages"},
		CodeChallengeMethodsSupported:     c.CodeChallengeMethodsSupported,
		UILocalesSupported:                c.UILocalesSupported,
	}
}

// headers sets the headers of every answer, and bounds every request. No other site shows
// an answer in a frame.
func headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'")
		h.Set("X-Frame-Options", "DENY")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin") // with less, browsers do not say whose form it is
		h.Set("Cache-Control", "no-store")
		r.Body = http.MaxBytesReader(w, r.Body, maxBytes)
		next.ServeHTTP(w, r)
	})
}

// client is the only one: Pitstop's pages.
type client struct{ origins []string }

func (c client) below(path string) []string {
	uris := make([]string, len(c.origins))
	for i, origin := range c.origins {
		uris[i] = origin + path
	}
	return uris
}

func (c client) GetID() string                       { return ClientID }
func (c client) RedirectURIs() []string              { return c.below(CallbackPath) }
func (c client) PostLogoutRedirectURIs() []string    { return c.below(SignedOutPath) }
func (c client) ApplicationType() op.ApplicationType { return op.ApplicationTypeWeb }
func (c client) AuthMethod() oidc.AuthMethod         { return oidc.AuthMethodNone }
func (c client) ResponseTypes() []oidc.ResponseType {
	return []oidc.ResponseType{oidc.ResponseTypeCode}
}

func (c client) GrantTypes() []oidc.GrantType {
	return []oidc.GrantType{oidc.GrantTypeCode, oidc.GrantTypeRefreshToken}
}

func (c client) LoginURL(id string) string { return loginPath + "?request=" + id }

func (c client) AccessTokenType() op.AccessTokenType                          { return op.AccessTokenTypeJWT }
func (c client) IDTokenLifetime() time.Duration                               { return tokensFor }
func (c client) DevMode() bool                                                { return false }
func (c client) IsScopeAllowed(string) bool                                   { return false }
func (c client) IDTokenUserinfoClaimsAssertion() bool                         { return true }
func (c client) ClockSkew() time.Duration                                     { return 0 }
func (c client) RestrictAdditionalIdTokenScopes() func([]string) []string     { return all }
func (c client) RestrictAdditionalAccessTokenScopes() func([]string) []string { return all }

func all(scopes []string) []string { return scopes }

// digest is how a refresh token is kept, and the name of its session.
func digest(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
