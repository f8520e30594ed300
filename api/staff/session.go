package staff

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"pitstop/api/signin"
	"pitstop/api/web"
)

// sessionKey is the key, in a request's context, of the session.
type sessionKey struct{}

func sessionOf(ctx context.Context) *signin.Session {
	s, _ := ctx.Value(sessionKey{}).(*signin.Session)
	return s
}

// guarded limits the pages of signing in by address, and says where nobody can.
func (d *door) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case d.perGuess.Over(w, r, d.Proxies.ClientIP(r)):
			d.stop(w, http.StatusTooManyRequests, voiceOf(r), "slow down")
		case d.SignIn == nil:
			d.stop(w, http.StatusServiceUnavailable, voiceOf(r), "no sign-in")
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// signIn sends the browser to the identity provider; one that is signed in goes on, but
// where a link names who is to sign in.
func (d *door) signIn(w http.ResponseWriter, r *http.Request) {
	if at, elsewhere := d.SignIn.Away(r); elsewhere {
		http.Redirect(w, r, at, http.StatusSeeOther) //nolint:gosec // to the configured origin
		return
	}
	q := r.URL.Query()
	next, hint := signin.LocalPath(q.Get("next")), q.Get("login_hint")
	if _, err := d.SignIn.Session(w, r); err == nil && hint == "" {
		http.Redirect(w, r, next, http.StatusSeeOther) //nolint:gosec // to a page of this site, see LocalPath
		return
	}
	if err := d.SignIn.Begin(w, r, next, hint, voiceOf(r).Lang); err != nil {
		d.notSignedIn(w, r, next, err)
	}
}

// signedInNow takes the provider's answer.
func (d *door) signedInNow(w http.ResponseWriter, r *http.Request) {
	next, err := d.SignIn.Finish(w, r)
	if err != nil {
		d.notSignedIn(w, r, next, err)
		return
	}
	http.Redirect(w, r, next, http.StatusSeeOther) //nolint:gosec // to a page of this site, see LocalPath
}

// notSignedIn says why not, and offers to try again.
func (d *door) notSignedIn(w http.ResponseWriter, r *http.Request, next string, err error) {
	v, status, why := voiceOf(r), http.StatusForbidden, "sign-in refused"
	switch {
	case errors.Is(err, web.ErrAway):
		status, why = http.StatusServiceUnavailable, "provider away"
		w.Header().Set("Retry-After", "10")
	case errors.Is(err, signin.ErrLost):
		status, why = http.StatusBadRequest, "sign-in lost"
	case !errors.Is(err, signin.ErrRefused):
		web.LogFailure(d.Log, "sign somebody in", err)
		status, why = http.StatusInternalServerError, "sign-in refused"
	}
	d.render(w, status, &page{Voice: v, Head: v.T(why), Text: v.T(why + " text"), SignIn: signInAt(next)})
}

// signInAt returns the address at which signing in leads to next.
func signInAt(next string) string {
	if next == "" || next == signin.Home {
		return signin.Path
	}
	return signin.Path + "?" + url.Values{"next": {next}}.Encode()
}

// signOut ends the session here and at the provider, for a page of this site only: another
// must not sign anybody out.
func (d *door) signOut(w http.ResponseWriter, r *http.Request) {
	v := voiceOf(r)
	if status, _ := web.ParseForm(w, r); status != 0 { // which says enough
		d.stop(w, status, v, "foreign form")
		return
	}
	if s, err := d.SignIn.Session(w, r); err == nil && !s.MayChange(r, r.PostForm.Get(signin.CSRFField)) {
		d.stop(w, http.StatusForbidden, v, "foreign form")
		return
	}
	// Not a redirect: the policy of pages lets forms lead to this site only, and browsers
	// hold every redirect after one to it.
	d.render(w, http.StatusOK, &page{Voice: v, Head: v.T("moment"), Refresh: d.SignIn.End(w, r)})
}

func (d *door) signedOut(w http.ResponseWriter, r *http.Request) {
	v := voiceOf(r)
	d.render(w, http.StatusOK, &page{Voice: v, Head: v.T("signed out"), Text: v.T("signed out text"), SignIn: signin.Path})
}

// signedIn passes on the requests of members of staff who signed in, and sends others to.
func (d *door) signedIn(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if d.SignIn == nil {
			d.stop(w, http.StatusServiceUnavailable, voiceOf(r), "no sign-in")
			return
		}
		s, err := d.SignIn.Session(w, r)
		switch {
		case errors.Is(err, signin.ErrNone):
			http.Redirect(w, r, signInAt(signin.LocalPath(r.URL.RequestURI())), http.StatusSeeOther)
		case err != nil:
			d.notSignedIn(w, r, signin.Home, err)
		case d.perSubject.Over(w, r, s.Subject):
			d.stop(w, http.StatusTooManyRequests, voiceOf(r), "slow down")
		default:
			ctx := context.WithValue(web.WithCaller(r.Context(), s.Caller), sessionKey{}, s)
			next.ServeHTTP(w, r.WithContext(ctx))
		}
	})
}
