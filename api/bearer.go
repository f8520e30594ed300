package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"pitstop/api/signin"
	"pitstop/api/web"
	"pitstop/schemas/repair"
)

// authenticate returns the middleware that checks the token before anything else.
func authenticate(c Config) func(http.Handler) http.Handler {
	tooMany := func(w http.ResponseWriter) {
		web.NewProblem(web.CodeRateLimited, "slow down; Retry-After says in how many seconds").Write(w)
	}
	perSubject, perGuess := c.Limits.NewPerSubject(), c.Limits.NewPerGuess() // one for all routes: chi makes the handlers below for each
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			caller, err := authenticated(c, w, r)
			if errors.Is(err, errForeignCall) {
				web.NewProblem(repair.Forbidden, err.Error()).Write(w)
				return
			}
			if errors.Is(err, web.ErrAway) {
				web.NewProblem(web.CodeUnavailable, err.Error()).With("Retry-After", "10").Write(w)
				return
			}
			if err != nil {
				if perGuess.Over(w, r, c.TrustedProxies.ClientIP(r)) {
					tooMany(w)
					return
				}
				challenge := `Bearer realm="pitstop"`
				if !errors.Is(err, web.ErrNoToken) {
					challenge += `, error="invalid_token"`
				}
				web.NewProblem(web.CodeUnauthenticated, err.Error()).With("WWW-Authenticate", challenge).Write(w)
				return
			}
			if perSubject.Over(w, r, caller.Subject) {
				tooMany(w)
				return
			}
			granted := func(right string) bool { // by one of the caller's garages
				return slices.ContainsFunc(caller.Garages, func(id string) bool {
					p, ok := c.Garages.Garage(id)
					return ok && slices.Contains(p.Integrators, right)
				})
			}
			ctx := context.WithValue(web.WithCaller(r.Context(), caller), grantedKey{}, granted)
			next.ServeHTTP(w, r.WithContext(ctx))
		})
	}
}

// errForeignCall means that a session's cookie comes with a CSRF token that is not its own.
var errForeignCall = errors.New("the CSRF token is not that of this session: load the page again")

// authenticated returns who asks: whoever its bearer token says, or the session of a page of
// this site. A session's cookie counts only with its CSRF token, which only pages know.
func authenticated(c Config, w http.ResponseWriter, r *http.Request) (web.Caller, error) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	csrf := r.Header.Get(signin.CSRFHeader)
	switch {
	case strings.EqualFold(scheme, "Bearer") && token != "":
		return c.Auth.Authenticate(r.Context(), strings.TrimSpace(token))
	case c.SignIn == nil, csrf == "", r.Header.Get("Authorization") != "":
		return web.Caller{}, web.ErrNoToken
	}
	s, err := c.SignIn.Session(w, r)
	switch {
	case errors.Is(err, signin.ErrNone):
		return web.Caller{}, web.ErrNoToken
	case err != nil:
		return web.Caller{}, err
	case !s.MayChange(r, csrf):
		return web.Caller{}, errForeignCall
	}
	return s.Caller, nil
}

// actorKey is the key, in a request's context, of who acts and in which of the
// caller's roles: the one that the route is for.
type actorKey struct{}

// grantedKey is the key of the function that says whether a garage of the caller grants a
// right.
type grantedKey struct{}

// rightKey is the key of the right that the actor needs in the garage's file.
type rightKey struct{}

func actorOf(ctx context.Context) repair.Actor {
	a, _ := ctx.Value(actorKey{}).(repair.Actor)
	return a
}
