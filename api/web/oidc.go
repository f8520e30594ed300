package web

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
)

// OIDCConfig says whose tokens are accepted.
type OIDCConfig struct {
	// Issuer is the identity provider's URL, exactly as in the iss claim.
	Issuer string
	// JWKSURL is where its keys are; empty: discovered from the issuer.
	JWKSURL string
	// Audience must be in the aud claim; empty: pitstop.
	Audience string
	Claims   Claims
	Log      *slog.Logger
}

// How the provider is asked for its keys. Nobody who shows a token can cause more
// than one look-up in pace.
const (
	pace          = 10 * time.Second // between look-ups, also when the provider is away
	refreshAfter  = 5 * time.Minute  // when nobody shows an unknown key
	lookUpTimeout = 5 * time.Second  // of a whole look-up
	patience      = 2 * time.Second  // of a request that waits for a look-up
	trustedFor    = 24 * time.Hour   // keys that the provider does not confirm: it may have taken them back
	maxKeysBytes  = 1 << 20
)

var (
	// Signatures are the algorithms with which tokens may be signed.
	Signatures = []string{
		oidc.RS256, oidc.RS384, oidc.RS512, oidc.ES256, oidc.ES384, oidc.ES512, oidc.PS256, oidc.PS384, oidc.PS512, oidc.EdDSA,
	}
	errSignature = errors.New("the token is not signed by the identity provider")
)

// OIDC checks the tokens of an identity provider. It keeps the provider's keys; Run
// asks for them, and nothing else does, so that a provider that is slow or away holds
// up nobody whose key is known.
type OIDC struct {
	config OIDCConfig
	clock  func() time.Time
	client *http.Client
	wanted chan struct{} // holds one wish for a look-up

	mu       sync.Mutex // never held while the provider is asked
	keys     []jose.JSONWebKey
	given    time.Time     // when the look-up that the keys are from began
	lookedUp time.Time     // when the last look-up began; zero: never
	failed   error         // the last look-up; nil: the keys are the provider's
	since    time.Time     // of the failure
	next     chan struct{} // closed when the next look-up has ended
}

// NewOIDC returns an authenticator. It authenticates nobody before Run.
func NewOIDC(c OIDCConfig, clock func() time.Time) (*OIDC, error) {
	var wrong []error
	if c.Issuer == "" {
		wrong = append(wrong, errors.New("no identity provider of the staff: give --oidc-issuer URL"))
	}
	for _, f := range [][2]string{{"--oidc-issuer", c.Issuer}, {"--oidc-jwks-url", c.JWKSURL}} {
		flag, given := f[0], f[1]
		if u, err := url.Parse(given); given != "" && (err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "") {
			if strings.Contains(given, "@") {
				given = "…" // there may be a password before it
			}
			wrong = append(wrong, fmt.Errorf("%s %q is not an http or https URL", flag, given))
		}
	}
	c.Audience = cmp.Or(c.Audience, Audience)
	c.Log = cmp.Or(c.Log, slog.New(slog.DiscardHandler))
	if err := errors.Join(append(wrong, c.Claims.Validate())...); err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone() //nolint:forcetypeassert // net/http's own
	transport.DisableKeepAlives = true                           // a connection that hangs is not used again
	return &OIDC{
		config: c, clock: clock, client: &http.Client{Transport: transport},
		wanted: make(chan struct{}, 1), next: make(chan struct{}),
	}, nil
}

// Authenticate checks a token of the provider. The error is ErrAway where that takes a
// key that is not known, and the provider cannot be asked.
func (o *OIDC) Authenticate(ctx context.Context, token string) (Caller, error) {
	keys := &keySet{OIDC: o}
	caller, err := verify(ctx, oidc.NewVerifier(o.config.Issuer, keys, &oidc.Config{
		ClientID: o.config.Audience, SupportedSigningAlgs: Signatures, Now: o.clock,
	}), token, o.config.Claims)
	return caller, cmp.Or(keys.away, err)
}

// keySet verifies one token. Errors of its method do not come back whole from the
// verifier, so it keeps the one that matters.
type keySet struct {
	*OIDC
	away error
}

// VerifySignature implements oidc.KeySet.
func (k *keySet) VerifySignature(ctx context.Context, token string) ([]byte, error) {
	signed, err := jose.ParseSignedCompact(token, slices.Collect(algorithms))
	if err != nil {
		return nil, err
	}
	payload, known := k.verify(signed)
	if payload == nil && !known {
		if k.away = k.lookUp(ctx); k.away != nil {
			return nil, k.away
		}
		payload, _ = k.verify(signed)
	}
	if payload == nil {
		return nil, errSignature
	}
	return payload, nil
}

func algorithms(yield func(jose.SignatureAlgorithm) bool) {
	for _, s := range Signatures {
		if !yield(jose.SignatureAlgorithm(s)) {
			return
		}
	}
}

// verify returns what is signed, nil if none of the keys did, and whether the key that
// the token names is known. A token that names none may be signed with any.
func (o *OIDC) verify(token *jose.JSONWebSignature) (payload []byte, known bool) {
	o.mu.Lock()
	keys := o.trusted()
	o.mu.Unlock()
	name := token.Signatures[0].Header.KeyID
	for _, key := range keys {
		if name != "" && key.KeyID != name {
			continue
		}
		known = name != ""
		if payload, err := token.Verify(&key); err == nil {
			return payload, true
		}
	}
	return nil, known
}

// trusted returns the keys unless they are too old. They are replaced, never changed.
func (o *OIDC) trusted() []jose.JSONWebKey {
	if o.clock().Sub(o.given) > trustedFor {
		return nil
	}
	return o.keys
}

// lookUp waits until the keys are no older than pace. The error is ErrAway if the
// provider does not give them in time.
func (o *OIDC) lookUp(ctx context.Context) error {
	o.mu.Lock()
	recent, failed, next := o.clock().Sub(o.lookedUp) < pace, o.failed, o.next
	o.mu.Unlock()
	switch {
	case recent && failed != nil:
		return ErrAway
	case recent:
		return nil
	}
	select {
	case o.wanted <- struct{}{}:
	default: // somebody else wishes it
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case <-ctx.Done():
		return ErrAway
	case <-next:
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.failed != nil {
		return ErrAway
	}
	return nil
}

// Run asks the provider for its keys until the context ends: at once, then from time
// to time, and when an unknown key is shown.
func (o *OIDC) Run(ctx context.Context) {
	for {
		began := o.clock()
		keys, err := o.ask(ctx)
		if ctx.Err() != nil {
			return
		}
		select {
		case <-o.wanted: // what was wished meanwhile is granted
		default:
		}
		o.keep(began, keys, err)
		rest := refreshAfter
		if err != nil {
			rest = pace
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pace - o.clock().Sub(began)): // also before a wish is granted
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(rest - o.clock().Sub(began)):
		case <-o.wanted:
		}
	}
}

// keep remembers how a look-up ended. The keys stay when it failed, and are trusted for
// a while.
func (o *OIDC) keep(began time.Time, keys []jose.JSONWebKey, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case err == nil && o.failed != nil:
		o.config.Log.Info("the identity provider is back")
	case err != nil && o.failed == nil:
		o.since = began
		o.config.Log.Error("the identity provider is away; the keys that are known go on to be used for a day", "keys", len(o.keys), "error", err)
	}
	if err == nil {
		o.keys, o.given = keys, began
	}
	o.lookedUp, o.failed = began, err
	close(o.next)
	o.next = make(chan struct{})
}

// ask gets the keys from the provider.
func (o *OIDC) ask(ctx context.Context) (_ []jose.JSONWebKey, err error) {
	ctx, cancel := context.WithTimeout(ctx, lookUpTimeout)
	defer cancel()
	url := o.config.JWKSURL
	if url == "" {
		provider, err := oidc.NewProvider(oidc.ClientContext(ctx, o.client), o.config.Issuer)
		if err != nil {
			return nil, fmt.Errorf("discover the identity provider: %w", err)
		}
		var says struct {
			Keys string `json:"jwks_uri"`
		}
		if err := provider.Claims(&says); err != nil || says.Keys == "" {
			return nil, errors.Join(errors.New("the identity provider does not say where its keys are: give --oidc-jwks-url"), err)
		}
		url = says.Keys
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("ask for keys: %w", err)
	}
	answer, err := o.client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("ask for keys: %w", err)
	}
	defer func() { err = errors.Join(err, answer.Body.Close()) }()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("ask for keys: %s answers %s", url, answer.Status)
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.NewDecoder(io.LimitReader(answer.Body, maxKeysBytes)).Decode(&set); err != nil {
		return nil, fmt.Errorf("read the keys at %s: %w", url, err)
	}
	var keys []jose.JSONWebKey
	for _, text := range set.Keys {
		var key jose.JSONWebKey
		if err := json.Unmarshal(text, &key); err != nil || !key.IsPublic() || key.Use == "enc" {
			continue // of a kind that signs no token here
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("%s has no key that signs tokens", url)
	}
	return keys, nil
}

// Check returns why the provider was away at the last look-up, nil if it was not, and
// whether tokens are checked all the same, with the keys that are kept.
func (o *OIDC) Check() (usable bool, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.failed != nil && len(o.trusted()) > 0:
		return true, fmt.Errorf("the identity provider is away since %s, and tokens are checked with the keys of before: %w", o.since.UTC().Format(time.RFC3339), o.failed)
	case o.failed != nil && len(o.keys) > 0:
		return false, fmt.Errorf("the identity provider is away since %s, and keys of before %s are no longer trusted, so nobody of the staff can be let in: %w",
			o.since.UTC().Format(time.RFC3339), o.given.UTC().Format(time.RFC3339), o.failed)
	case o.failed != nil:
		return false, fmt.Errorf("the identity provider has given no keys, so nobody of the staff can be let in: %w", o.failed)
	case len(o.keys) == 0:
		return false, errors.New("the identity provider has not given its keys yet")
	}
	return true, nil
}
