package web

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"pitstop/schemas/repair"
)

// Audience is what a token's aud claim must name.
const Audience = "pitstop"

// localIssuer is the iss claim of the tokens that Pitstop issues by itself.
const localIssuer = "urn:pitstop:local"

// staffRoles are the roles a token can have.
var staffRoles = []repair.Role{repair.Mechanic, repair.CustomerService, repair.Manager, repair.Integrator, repair.Admin}

// LocalIssuer signs and checks tokens with its own key, where there is no
// identity provider.
type LocalIssuer struct {
	signer jose.Signer
	oidc   *oidc.IDTokenVerifier
	clock  func() time.Time
}

// NewLocalIssuer derives the signing key from a secret of at least 32 bytes:
// whoever has the secret can issue tokens.
func NewLocalIssuer(secret []byte, clock func() time.Time) (*LocalIssuer, error) {
	if len(secret) < 32 {
		return nil, fmt.Errorf("token secret has %d bytes, but at least 32 are needed", len(secret))
	}
	seed, err := hkdf.Key(sha256.New, secret, nil, "pitstop local issuer", ed25519.SeedSize)
	if err != nil {
		return nil, fmt.Errorf("derive token key: %w", err)
	}
	private := ed25519.NewKeyFromSeed(seed)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: private}, new(jose.SignerOptions).WithType("JWT"))
	if err != nil {
		return nil, fmt.Errorf("token signer: %w", err)
	}
	keys := &oidc.StaticKeySet{PublicKeys: []crypto.PublicKey{private.Public()}}
	return &LocalIssuer{signer: signer, clock: clock, oidc: oidc.NewVerifier(localIssuer, keys, &oidc.Config{
		ClientID: Audience, SupportedSigningAlgs: []string{oidc.EdDSA}, Now: clock,
	})}, nil
}

// tokenClaims are the claims of a token that Pitstop reads.
type tokenClaims struct {
	jwt.Claims
	Roles   []repair.Role `json:"roles"`
	Garages []string      `json:"garages"`
}

// Issue signs a token that is valid for ttl.
func (l *LocalIssuer) Issue(c Caller, ttl time.Duration) (string, error) {
	var errs []error
	if c.Subject == "" {
		errs = append(errs, errors.New("a token needs a subject"))
	}
	if len(c.Roles) == 0 {
		errs = append(errs, errors.New("a token needs a role"))
	}
	for _, r := range c.Roles {
		if !slices.Contains(staffRoles, r) {
			errs = append(errs, fmt.Errorf("%q is no role: use mechanic, customer_service, manager, integrator or admin", r))
		}
	}
	if ttl <= 0 {
		errs = append(errs, errors.New("a token must be good for some time"))
	}
	if err := errors.Join(errs...); err != nil {
		return "", err
	}
	now := l.clock()
	token, err := jwt.Signed(l.signer).Claims(tokenClaims{
		Claims: jwt.Claims{
			Issuer: localIssuer, Subject: c.Subject, Audience: jwt.Audience{Audience},
			IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(ttl)),
		},
		Roles: c.Roles, Garages: c.Garages,
	}).Serialize()
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	return token, nil
}

// Authenticate checks a token that Issue signed.
func (l *LocalIssuer) Authenticate(ctx context.Context, token string) (Caller, error) {
	return verify(ctx, l.oidc, token, Claims{})
}

func verify(ctx context.Context, v *oidc.IDTokenVerifier, token string, claims Claims) (Caller, error) {
	t, err := v.Verify(ctx, token)
	if expired := new(oidc.TokenExpiredError); errors.As(err, &expired) {
		return Caller{}, ErrExpired
	}
	if err != nil {
		return Caller{}, errors.New("the token is not valid here")
	}
	var all map[string]any
	if err := t.Claims(&all); err != nil {
		return Caller{}, errors.New("the token's claims are not readable")
	}
	return claims.Caller(all, t.Expiry)
}
