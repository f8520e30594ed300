package identity

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

const (
	algorithm = jose.EdDSA

	requestsFor = 10 * time.Minute // people have to pick themselves
	codeFor     = time.Minute      // the client has to redeem it
	maxRequests = 1000             // under way; the oldest makes room
)

// storage is the state of a provider: the requests under way, in memory, and the
// sessions, in a file. Its methods are op.Storage, where they say more than that
// something is not done here.
type storage struct {
	Config
	key      ed25519.PrivateKey
	sessions *sessions

	mu       sync.Mutex
	requests map[string]*request // by id
	codes    map[string]*request // by code; each is good once
}

var (
	_ op.Storage                        = (*storage)(nil)
	_ op.CanSetUserinfoFromRequest      = (*storage)(nil)
	_ op.CanTerminateSessionFromRequest = (*storage)(nil)

	errUnknown = errors.New("unknown or expired")
	errNotHere = errors.New("not supported")
)

func newStorage(c Config, key ed25519.PrivateKey) (*storage, error) {
	kept, err := openSessions(c.Sessions, c.Clock)
	if err != nil {
		return nil, err
	}
	return &storage{Config: c, key: key, sessions: kept, requests: make(map[string]*request), codes: make(map[string]*request)}, nil
}

// request is a sign-in under way. Only its person and session change, and never in place.
type request struct {
	*oidc.AuthRequest
	id      string
	person  string // the hint of who was picked; empty: nobody yet
	session string // that its tokens belong to; empty: none
	began   time.Time
	since   time.Time // the person was picked
}

func (r *request) GetID() string                      { return r.id }
func (r *request) GetACR() string                     { return "" }
func (r *request) GetAMR() []string                   { return nil }
func (r *request) GetAudience() []string              { return []string{ClientID} }
func (r *request) GetAuthTime() time.Time             { return r.since }
func (r *request) GetClientID() string                { return r.ClientID }
func (r *request) GetNonce() string                   { return r.Nonce }
func (r *request) GetResponseMode() oidc.ResponseMode { return r.ResponseMode }
func (r *request) GetScopes() []string                { return r.Scopes }
func (r *request) GetSubject() string                 { return r.person }
func (r *request) Done() bool                         { return r.person != "" }
func (r *request) GetCodeChallenge() *oidc.CodeChallenge {
	return &oidc.CodeChallenge{Challenge: r.CodeChallenge, Method: r.CodeChallengeMethod}
}

// CreateAuthRequest begins a sign-in. It is done at once where the client names who it
// is and does not ask for the question.
func (s *storage) CreateAuthRequest(_ context.Context, asked *oidc.AuthRequest, _ string) (op.AuthRequest, error) {
	switch {
	case asked.CodeChallenge == "" || asked.CodeChallengeMethod != oidc.CodeChallengeMethodS256:
		return nil, oidc.ErrInvalidRequest().WithDescription("PKCE is required, with the method S256")
	case slices.Contains(asked.Prompt, oidc.PromptNone):
		return nil, oidc.ErrLoginRequired() // nobody is remembered
	}
	now := s.Clock()
	r := &request{AuthRequest: asked, id: rand.Text(), began: now}
	if !slices.Contains(asked.Prompt, oidc.PromptLogin) && !slices.Contains(asked.Prompt, oidc.PromptSelectAccount) {
		if _, known := find(s.Garages, asked.LoginHint); known {
			r.person, r.since = asked.LoginHint, now
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	oldest := r
	for id, other := range s.requests {
		if now.Sub(other.began) > requestsFor {
			delete(s.requests, id)
		} else if other.began.Before(oldest.began) {
			oldest = other
		}
	}
	if len(s.requests) >= maxRequests {
		delete(s.requests, oldest.id)
	}
	s.requests[r.id] = r
	return r, nil
}

// request returns a sign-in that is under way.
func (s *storage) request(id string) (*request, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.requests[id]
	return r, ok && s.Clock().Sub(r.began) <= requestsFor
}

// pick says who signs in, and reports whether the request waited for that and the garage
// file names them.
func (s *storage) pick(id, person string) bool {
	if _, known := find(s.Garages, person); !known {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.requests[id]
	if !ok || r.Done() {
		return false
	}
	picked := *r
	picked.person, picked.since = person, s.Clock()
	s.requests[id] = &picked
	return true
}

func (s *storage) AuthRequestByID(_ context.Context, id string) (op.AuthRequest, error) {
	if r, ok := s.request(id); ok {
		return r, nil
	}
	return nil, errUnknown
}

// SaveAuthCode ends the request: from here on only its code is of use.
func (s *storage) SaveAuthCode(_ context.Context, id, code string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.requests[id]
	if !ok {
		return errUnknown
	}
	delete(s.requests, id)
	now := s.Clock()
	for old, other := range s.codes {
		if now.Sub(other.since) > codeFor {
			delete(s.codes, old)
		}
	}
	s.codes[code] = r
	return nil
}

func (s *storage) AuthRequestByCode(_ context.Context, code string) (op.AuthRequest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.codes[code]
	delete(s.codes, code) // also when it turns out to be somebody else who shows it
	if !ok || s.Clock().Sub(r.since) > codeFor {
		return nil, errUnknown
	}
	redeemed := *r
	return &redeemed, nil
}

func (s *storage) DeleteAuthRequest(context.Context, string) error { return nil } // it ended with its code

func (s *storage) CreateAccessToken(context.Context, op.TokenRequest) (id string, expires time.Time, err error) {
	return rand.Text(), s.Clock().Add(tokensFor), nil
}

// CreateAccessAndRefreshTokens begins a session, or goes on with one. Its refresh token
// stays the same.
func (s *storage) CreateAccessAndRefreshTokens(ctx context.Context, asks op.TokenRequest, current string) (id, refresh string, expires time.Time, err error) {
	if r, ok := asks.(*request); ok {
		current, err = s.sessions.begin(session{Person: r.person, Scopes: r.Scopes, Since: r.since})
		r.session = digest(current)
	}
	if err != nil {
		return "", "", time.Time{}, err
	}
	id, expires, err = s.CreateAccessToken(ctx, asks)
	return id, current, expires, err
}

// refreshing is a session that asks for new tokens.
type refreshing struct {
	session
	id string
}

func (r *refreshing) GetAMR() []string                 { return nil }
func (r *refreshing) GetAudience() []string            { return []string{ClientID} }
func (r *refreshing) GetAuthTime() time.Time           { return r.Since }
func (r *refreshing) GetClientID() string              { return ClientID }
func (r *refreshing) GetScopes() []string              { return r.Scopes }
func (r *refreshing) GetSubject() string               { return r.Person }
func (r *refreshing) SetCurrentScopes(scopes []string) { r.Scopes = scopes }

func (s *storage) TokenRequestByRefreshToken(_ context.Context, token string) (op.RefreshTokenRequest, error) {
	id := digest(token)
	found, ok := s.sessions.find(id)
	if !ok {
		return nil, op.ErrInvalidRefreshToken
	}
	if _, known := find(s.Garages, found.Person); !known {
		return nil, op.ErrInvalidRefreshToken
	}
	return &refreshing{found, id}, nil
}

func (s *storage) GetRefreshTokenInfo(context.Context, string, string) (userID, tokenID string, err error) {
	return "", "", op.ErrInvalidRefreshToken
}

// TerminateSessionFromRequest ends the session that the ID token names.
func (s *storage) TerminateSessionFromRequest(_ context.Context, r *op.EndSessionRequest) (string, error) {
	if r.IDTokenHintClaims == nil {
		return r.RedirectURI, nil // nobody says whose
	}
	id, _ := r.IDTokenHintClaims.Claims["sid"].(string)
	return r.RedirectURI, s.sessions.end(id)
}

func (s *storage) TerminateSession(context.Context, string, string) error { return errNotHere }

func (s *storage) RevokeToken(context.Context, string, string, string) *oidc.Error {
	return oidc.ErrInvalidRequest().WithDescription("tokens are not revoked here")
}

func (s *storage) SigningKey(context.Context) (op.SigningKey, error) { return signingKey{s.key}, nil }

func (s *storage) SignatureAlgorithms(context.Context) ([]jose.SignatureAlgorithm, error) {
	return []jose.SignatureAlgorithm{algorithm}, nil
}

func (s *storage) KeySet(context.Context) ([]op.Key, error) { return []op.Key{publicKey{s.key}}, nil }

func (s *storage) GetClientByClientID(_ context.Context, id string) (op.Client, error) {
	if id != ClientID {
		return nil, oidc.ErrInvalidClient().WithDescription("unknown client")
	}
	return client{s.Origins}, nil
}

func (s *storage) AuthorizeClientIDSecret(context.Context, string, string) error { return errNotHere }

func (s *storage) SetUserinfoFromScopes(context.Context, *oidc.UserInfo, string, string, []string) error {
	return nil // SetUserinfoFromRequest does it
}

// SetUserinfoFromRequest says in an ID token who somebody is now.
func (s *storage) SetUserinfoFromRequest(_ context.Context, info *oidc.UserInfo, r op.IDTokenRequest, _ []string) error {
	switch r := r.(type) {
	case *request:
		if r.session != "" {
			info.AppendClaims("sid", r.session)
		}
	case *refreshing:
		info.AppendClaims("sid", r.id)
	}
	return s.describe(info, r.GetSubject())
}

// SetUserinfoFromToken says who somebody is now to whoever has their access token.
func (s *storage) SetUserinfoFromToken(_ context.Context, info *oidc.UserInfo, _, subject, _ string) error {
	return s.describe(info, subject)
}

func (s *storage) describe(info *oidc.UserInfo, hint string) error {
	p, known := find(s.Garages, hint)
	if !known {
		return oidc.ErrInvalidGrant().WithDescription("the garage file does not name them any more")
	}
	info.Subject, info.PreferredUsername, info.Name = p.Hint, p.ID, p.Name
	info.AppendClaims("roles", p.Roles)
	info.AppendClaims("garages", p.Garages)
	return nil
}

func (s *storage) SetIntrospectionFromToken(context.Context, *oidc.IntrospectionResponse, string, string, string) error {
	return errNotHere
}

func (s *storage) GetPrivateClaimsFromScopes(context.Context, string, string, []string) (map[string]any, error) {
	return nil, nil
}

func (s *storage) GetKeyByIDAndClientID(context.Context, string, string) (*jose.JSONWebKey, error) {
	return nil, errNotHere
}

func (s *storage) ValidateJWTProfileScopes(context.Context, string, []string) ([]string, error) {
	return nil, errNotHere
}

func (s *storage) Health(context.Context) error { return nil }

// keyID names the key; another secret makes another one.
func keyID(key ed25519.PrivateKey) string {
	return digest(string(key.Public().(ed25519.PublicKey)))[:16]
} //nolint:forcetypeassert // says crypto/ed25519

type signingKey struct{ key ed25519.PrivateKey }

func (k signingKey) SignatureAlgorithm() jose.SignatureAlgorithm { return algorithm }
func (k signingKey) Key() any                                    { return k.key }
func (k signingKey) ID() string                                  { return keyID(k.key) }

type publicKey struct{ key ed25519.PrivateKey }

func (k publicKey) Algorithm() jose.SignatureAlgorithm { return algorithm }
func (k publicKey) Use() string                        { return "sig" }
func (k publicKey) Key() any                           { return k.key.Public() }
func (k publicKey) ID() string                         { return keyID(k.key) }
