package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"pitstop/schemas/repair"
)

// Caller is who a token says is calling.
type Caller struct {
	Subject string
	Roles   []repair.Role
	Garages []string
	Expires time.Time // of the token
}

// Authenticator checks bearer tokens.
type Authenticator interface {
	// Authenticate gives the caller a token is for. Its error says what is wrong
	// with the token, in words that may be shown.
	Authenticate(ctx context.Context, token string) (Caller, error)
}

var (
	errNoToken = errors.New("send Authorization: Bearer TOKEN")
	errExpired = errors.New("the token has expired: get a new one")
)

type callerKey struct{}

func callerOf(ctx context.Context) Caller {
	c, _ := ctx.Value(callerKey{}).(Caller)
	return c
}

// authenticate finds out who is calling, before anything else is looked at.
func (s *server) authenticate(next http.Handler) http.Handler {
	tooMany := func(w http.ResponseWriter) {
		writeProblem(w, problem(codeRateLimited, "slow down; Retry-After says in how many seconds"))
	}
	perSubject, refused := limiter(s.Limits.Staff, staffWindow), limiter(s.Limits.Staff/10, staffWindow)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		var caller Caller
		err := errNoToken
		if strings.EqualFold(scheme, "Bearer") && token != "" {
			caller, err = s.Auth.Authenticate(r.Context(), strings.TrimSpace(token))
		}
		if err != nil {
			if refused.over(w, r, s.clientIP(r)) {
				tooMany(w)
				return
			}
			challenge := `Bearer realm="pitstop"`
			if !errors.Is(err, errNoToken) {
				challenge += `, error="invalid_token"`
			}
			writeProblem(w, problem(codeUnauthenticated, err.Error()).with("WWW-Authenticate", challenge))
			return
		}
		if perSubject.over(w, r, caller.Subject) {
			tooMany(w)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, caller)))
	})
}

// as gives the role in which a caller uses a route: the first of the route's
// roles that its token has. No roles: any.
func (c Caller) as(roles []repair.Role) (repair.Role, bool) {
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

func (c Caller) mayUse(garage string) bool { return slices.Contains(c.Garages, garage) }
