package web

import (
	"context"
	"errors"
	"slices"
	"time"

	"pitstop/schemas/readmodel"
	"pitstop/schemas/repair"
)

// Caller is who a token says is calling.
type Caller struct {
	Subject string
	Name    string // as colleagues know them; may be empty
	Roles   []repair.Role
	Garages []string
	Expires time.Time // of the token
}

// Authenticator checks bearer tokens.
type Authenticator interface {
	// Authenticate returns the caller a token is for. Its error says what is wrong
	// with the token, in words that may be shown, or is ErrAway.
	Authenticate(ctx context.Context, token string) (Caller, error)
}

var (
	// ErrNoToken means that a request has no token.
	ErrNoToken = errors.New("send Authorization: Bearer TOKEN")
	// ErrAway means that nobody can say now whether a token is good.
	ErrAway = errors.New("the identity provider does not answer; try again in a moment")
	// ErrExpired is what Authenticate returns for a token that has expired.
	ErrExpired = errors.New("the token has expired: get a new one")
)

type callerKey struct{}

// WithCaller returns a context in which CallerOf finds the caller.
func WithCaller(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// CallerOf returns the caller; the zero Caller where no token was checked.
func CallerOf(ctx context.Context) Caller {
	c, _ := ctx.Value(callerKey{}).(Caller)
	return c
}

// As returns the role in which a caller uses what is for these roles: the first
// of them that the token has. No roles: any.
func (c Caller) As(roles []repair.Role) (repair.Role, bool) {
	for _, role := range roles {
		if slices.Contains(c.Roles, role) {
			return role, true
		}
	}
	if len(roles) == 0 && len(c.Roles) > 0 {
		return c.Roles[0], true
	}
	return "", false
}

// Sight returns what the caller may see.
func (c Caller) Sight() readmodel.Sight { return readmodel.SightOf(c.Garages, c.Roles...) }

// MayUse reports whether the token names a garage.
func (c Caller) MayUse(garage string) bool { return slices.Contains(c.Garages, garage) }
