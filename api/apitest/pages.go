package apitest

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"time"

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

// SessionCookie is the cookie with the token of a member of staff.
const SessionCookie = "pitstop_session"

// Look opens a page as a browser with a session does; token "" is no session.
func (w *World) Look(token, path string, headers ...string) Answer {
	w.T.Helper()
	r := httptest.NewRequest("GET", path, http.NoBody)
	if token != "" {
		r.AddCookie(&http.Cookie{Name: SessionCookie, Value: token})
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	return w.Do(r)
}

// Submit sends a form as a browser does from this site's own page.
func (w *World) Submit(path string, form url.Values, headers ...string) Answer {
	w.T.Helper()
	r := httptest.NewRequest("POST", path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	return w.Do(r)
}

// Session returns the session cookie that an answer sets.
func (w *World) Session(a Answer) *http.Cookie {
	w.T.Helper()
	for _, c := range a.Cookies() {
		if c.Name == SessionCookie {
			return c
		}
	}
	w.T.Fatalf("no session in %v", a.Header)
	return nil
}
