package staff

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"pitstop/api/web"
)

// sessionCookie holds the token of a member of staff. Only the dashboards accept
// it: the API wants a header, which no other site's page can send.
const sessionCookie = "pitstop_session"

// maxCookieBytes is the longest token that browsers keep in a cookie.
const maxCookieBytes = 4000

// Paths of the pages for staff.
const (
	dashboardsPath = "/dashboards"
	signInPath     = "/sign-in"
	signOutPath    = "/sign-out"
)

// session returns the caller whose token the request's cookie holds, or why there
// is none.
func (d *door) session(r *http.Request) (web.Caller, error) {
	cookie, err := r.Cookie(sessionCookie)
	if err != nil || cookie.Value == "" {
		return web.Caller{}, web.ErrNoToken
	}
	return d.Auth.Authenticate(r.Context(), cookie.Value)
}

// cookie returns the session's cookie, for a token until it expires; without a
// token, one that deletes it. Browsers send it to the dashboards only, and never
// with a request that another site caused.
func (d *door) cookie(r *http.Request, token string, expires time.Time) *http.Cookie {
	c := &http.Cookie{ //nolint:gosec // secure where the connection is
		Name: sessionCookie, Value: token, Path: dashboardsPath,
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: d.Proxies.OverTLS(r),
	}
	if left := expires.Sub(d.Clock(r)); token == "" || left < time.Second {
		c.MaxAge = -1
	} else {
		c.MaxAge = int(left.Seconds())
	}
	return c
}

func (d *door) askToken(w http.ResponseWriter, r *http.Request) {
	v := voiceOf(r)
	d.render(w, http.StatusOK, &page{Voice: v, Head: v.T("sign in"), Form: true})
}

// ownForms accepts forms of this site only, at a limited rate.
func (d *door) ownForms(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch v := voiceOf(r); {
		case d.origin.Check(r) != nil: // another site must not sign anybody in as somebody else
			d.stop(w, http.StatusForbidden, v, "foreign form")
		case d.perGuess.Over(w, r, d.Proxies.ClientIP(r)):
			d.stop(w, http.StatusTooManyRequests, v, "slow down")
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// signIn keeps a token, pasted into the form, in a cookie.
func (d *door) signIn(w http.ResponseWriter, r *http.Request) {
	v := voiceOf(r)
	if status, _ := web.ParseForm(w, r); status != 0 { // which says enough
		why := "token invalid"
		if status == http.StatusRequestTimeout {
			why = "token slow"
		}
		d.render(w, status, &page{Voice: v, Head: v.T("sign in"), Form: true, Error: v.T(why)})
		return
	}
	next := localPath(r.PostForm.Get("next"))
	refuse := func(status int, why string) {
		d.render(w, status, &page{Voice: v, Head: v.T("sign in"), Form: true, Error: why, Next: next})
	}
	token := strings.TrimSpace(r.PostForm.Get("token"))
	caller, err := d.Auth.Authenticate(r.Context(), token)
	switch {
	case token == "":
		refuse(http.StatusUnprocessableEntity, v.T("token missing"))
	case errors.Is(err, web.ErrAway):
		refuse(http.StatusServiceUnavailable, v.T("provider away text"))
	case errors.Is(err, web.ErrExpired):
		refuse(http.StatusUnauthorized, v.T("token expired"))
	case err != nil:
		d.Log.InfoContext(r.Context(), "refused a sign-in", "error", err)
		refuse(http.StatusUnauthorized, v.T("token invalid"))
	case len(token) > maxCookieBytes:
		refuse(http.StatusUnprocessableEntity, v.T("token long", len(token), maxCookieBytes))
	default:
		http.SetCookie(w, d.cookie(r, token, caller.Expires))
		http.Redirect(w, r, next, http.StatusSeeOther) //nolint:gosec // to a dashboard, see localPath
	}
}

func (d *door) signOut(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, d.cookie(r, "", time.Time{}))
	http.Redirect(w, r, signInPath, http.StatusSeeOther)
}

// localPath returns the path to go to after signing in: next if it is a dashboard
// of this site, or else the first one.
func localPath(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.IsAbs() || u.Host != "" || u.User != nil || !strings.HasPrefix(next, dashboardsPath+"/") {
		return dashboardsPath
	}
	return next
}

// signedIn passes on the requests of members of staff who signed in, and asks
// others to.
func (d *door) signedIn(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		caller, err := d.session(r)
		v := voiceOf(r)
		switch {
		case errors.Is(err, web.ErrNoToken) && r.Header.Get("Sec-Fetch-Site") == "cross-site":
			// Browsers hold back the cookie when a link in a mail is followed: reload from here.
			d.render(w, http.StatusOK, &page{Voice: v, Head: v.T("moment"), Refresh: r.URL.RequestURI()})
		case errors.Is(err, web.ErrAway): // the session may be good: it stays
			d.stop(w, http.StatusServiceUnavailable, v, "provider away")
		case err != nil:
			p := &page{Voice: v, Head: v.T("sign in"), Form: true, Next: localPath(r.URL.RequestURI())}
			if !errors.Is(err, web.ErrNoToken) {
				http.SetCookie(w, d.cookie(r, "", time.Time{}))
				p.Error = v.T("session over")
			}
			d.render(w, http.StatusUnauthorized, p)
		case d.perSubject.Over(w, r, caller.Subject):
			d.stop(w, http.StatusTooManyRequests, v, "slow down")
		default:
			next.ServeHTTP(w, r.WithContext(web.WithCaller(r.Context(), caller)))
		}
	})
}
