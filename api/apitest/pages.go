package apitest

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"time"

	"pitstop/api/signin"
	"pitstop/schemas/link"
)

// Link returns the path of a repair's page, for the audience.
func (w *World) Link(id string, to link.Audience) string {
	return w.LinkOf(id, to, 0)
}

// LinkOf is Link for one that was made at a sequence of the repair.
func (w *World) LinkOf(id string, to link.Audience, sequence int64) string {
	return "/c/" + w.Links.Sign(link.Claims{
		Garage: "de-brug", Repair: id, Audience: to, Lang: "nl", Expires: Begin.Add(60 * 24 * time.Hour), Sequence: sequence,
	})
}

// Get opens a page without a token.
func (w *World) Get(path string, headers ...string) Answer {
	return w.Call("", http.MethodGet, path, "", headers...)
}

// Post sends a form: name, value, name, value.
func (w *World) Post(path string, fields ...string) Answer {
	w.T.Helper()
	return w.Do(FormRequest(path, fields...))
}

// FormRequest returns the request that Post sends.
func FormRequest(path string, fields ...string) *http.Request {
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

// CSRF is the CSRF token of the sessions here.
const CSRF = "the-csrf-token"

// SignedIn adds to a request the session of whoever a token is for, as signing in makes it. A
// token that is none becomes a cookie as it is; "" is no session.
func (w *World) SignedIn(r *http.Request, token string) {
	w.T.Helper()
	if token == "" {
		return
	}
	caller, err := w.issuer.Authenticate(r.Context(), token)
	if err != nil {
		r.AddCookie(&http.Cookie{Name: "pitstop_session", Value: token})
		return
	}
	rec := httptest.NewRecorder()
	Must(w.T, w.signIn.Keep(rec, r, &signin.Session{Caller: caller, CSRF: CSRF, Ends: caller.Expires.Add(time.Hour)}))
	for _, c := range rec.Result().Cookies() {
		r.AddCookie(c)
	}
}

// Look opens a page as a browser with the session of whoever a token is for does.
func (w *World) Look(token, path string, headers ...string) Answer {
	w.T.Helper()
	r := httptest.NewRequest("GET", path, http.NoBody)
	w.SignedIn(r, token)
	head(r, headers)
	return w.Do(r)
}

// Submit sends a form as such a browser does, from this site's own page.
func (w *World) Submit(token, path string, form url.Values, headers ...string) Answer {
	w.T.Helper()
	r := httptest.NewRequest("POST", path, strings.NewReader(form.Encode()))
	w.SignedIn(r, token)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	head(r, headers)
	return w.Do(r)
}

func head(r *http.Request, headers []string) {
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
}
