package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

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
			scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
			var caller web.Caller
			err := web.ErrNoToken
			if strings.EqualFold(scheme, "Bearer") && token != "" {
				caller, err = c.Auth.Authenticate(r.Context(), strings.TrimSpace(token))
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
