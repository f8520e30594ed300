package api

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// sessionCookie holds the token of a member of staff who looks at pages. Only the
// dashboards take it: the API wants a header, which no other site's page can send.
const sessionCookie = "pitstop_session"

// maxCookieBytes is the longest token that browsers keep in a cookie.
const maxCookieBytes = 4000

const (
	dashboardsPath = "/dashboards"
	signInPath     = "/sign-in"
	signOutPath    = "/sign-out"
)

// session gives the caller whose token the request's cookie holds, or why there
// is none.
func (s *server) session(r *http.Request) (Caller, error) {
	cookie, err := r.Cookie(sessionCookie)
	if err != nil || cookie.Value == "" {
		return Caller{}, errNoToken
	}
	return s.Auth.Authenticate(r.Context(), cookie.Value)
}

// cookie is the session's cookie, for a token until it expires; none: forgets it.
// It goes to the dashboards only, never with a request that another site caused.
func (s *server) cookie(r *http.Request, token string, expires time.Time) *http.Cookie {
	c := &http.Cookie{ //nolint:gosec // secure where the connection is
		Name: sessionCookie, Value: token, Path: dashboardsPath,
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: s.overTLS(r),
	}
	if left := expires.Sub(s.Clock(r)); token == "" || left < time.Second {
		c.MaxAge = -1
	} else {
		c.MaxAge = int(left.Seconds())
	}
	return c
}

// overTLS reports whether the browser's connection is encrypted, up to a proxy
// that is trusted.
func (s *server) overTLS(r *http.Request) bool {
	return r.TLS != nil || s.trusted(peer(r)) && strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https")
}

// signIn takes a token, pasted into the form, and keeps it in a cookie.
func (s *server) signIn(w http.ResponseWriter, r *http.Request) {
	v := s.staffVoice(r)
	r.Body = http.MaxBytesReader(w, r.Body, maxFormBytes)
	if err := r.ParseForm(); err != nil {
		s.staffPage(w, http.StatusBadRequest, &staffPage{voice: v, Head: v.T("sign in"), Form: true, Error: v.T("token invalid")})
		return
	}
	next := localPath(r.PostForm.Get("next"))
	refuse := func(status int, why string) {
		s.staffPage(w, status, &staffPage{voice: v, Head: v.T("sign in"), Form: true, Error: why, Next: next})
	}
	token := strings.TrimSpace(r.PostForm.Get("token"))
	caller, err := s.Auth.Authenticate(r.Context(), token)
	switch {
	case token == "":
		refuse(http.StatusUnprocessableEntity, v.T("token missing"))
	case errors.Is(err, errExpired):
		refuse(http.StatusUnauthorized, v.T("token expired"))
	case err != nil:
		s.Log.InfoContext(r.Context(), "refused a sign-in", "reason", err)
		refuse(http.StatusUnauthorized, v.T("token invalid"))
	case len(token) > maxCookieBytes:
		refuse(http.StatusUnprocessableEntity, v.T("token long", len(token), maxCookieBytes))
	default:
		http.SetCookie(w, s.cookie(r, token, caller.Expires))
		http.Redirect(w, r, next, http.StatusSeeOther) //nolint:gosec // to a dashboard, see localPath
	}
}

func (s *server) signOut(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, s.cookie(r, "", time.Time{}))
	http.Redirect(w, r, signInPath, http.StatusSeeOther)
}

// localPath is where to go after signing in: a dashboard of this site, or the
// first one.
func localPath(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.IsAbs() || u.Host != "" || u.User != nil || !strings.HasPrefix(next, dashboardsPath+"/") {
		return dashboardsPath
	}
	return next
}

// signedIn lets members of staff through who signed in; others may do so there.
func (s *server) signedIn(next http.Handler) http.Handler {
	perSubject := limiter(s.Limits.Staff, staffWindow)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		caller, err := s.session(r)
		v := s.staffVoice(r)
		switch {
		case errors.Is(err, errNoToken) && r.Header.Get("Sec-Fetch-Site") == "cross-site":
			// The cookie stays behind when a link in a mail is followed: ask again from here.
			s.staffPage(w, http.StatusOK, &staffPage{voice: v, Head: v.T("moment"), Refresh: r.URL.RequestURI()})
		case err != nil:
			p := &staffPage{voice: v, Head: v.T("sign in"), Form: true, Next: localPath(r.URL.RequestURI())}
			if !errors.Is(err, errNoToken) {
				http.SetCookie(w, s.cookie(r, "", time.Time{}))
				p.Error = v.T("session over")
			}
			s.staffPage(w, http.StatusUnauthorized, p)
		case perSubject.over(w, r, caller.Subject):
			s.stopStaff(w, http.StatusTooManyRequests, v, "slow down")
		default:
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, caller)))
		}
	})
}
