package signin

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"pitstop/api/web"
)

// Session is somebody who signed in. Its caller holds until Caller.Expires.
type Session struct {
	web.Caller
	CSRF    string    // that pages of this site send with what they ask for
	Ends    time.Time // whatever the provider says
	Refresh string    // empty: it cannot be renewed
	IDToken string    // tells the provider whose session to end
}

const (
	// lifetime is how long a session lasts at the most: a long day's work.
	lifetime = 12 * time.Hour
	// renewed is after how long a session that can be renewed is, at the latest.
	renewed = 15 * time.Minute
	// overlap is how long a session goes on after the provider refused to renew it: another
	// process, asked by the same browser, may have renewed it just before.
	overlap = 20 * time.Second

	sessionCookie  = "pitstop_session"
	sessionPurpose = "session"
	// chunk is what browsers keep in one cookie, less its name and attributes.
	chunk     = 3800
	maxChunks = 4

	// CSRFHeader and CSRFField carry the session's CSRF token.
	CSRFHeader = "X-CSRF-Token"
	CSRFField  = "csrf"
)

// update takes over what a provider's answer says of how long it holds.
func (s *Session) update(t *oauth2.Token, id string, now time.Time) {
	if t.RefreshToken != "" {
		s.Refresh = t.RefreshToken
	}
	if id != "" {
		s.IDToken = id
	}
	if s.Refresh == "" {
		return
	}
	if !t.Expiry.IsZero() && t.Expiry.Before(s.Expires) {
		s.Expires = t.Expiry
	}
	if at := now.Add(renewed); at.Before(s.Expires) {
		s.Expires = at
	}
}

// MayChange reports whether a request comes from a page of this site that the session's
// holder opened.
func (s *Session) MayChange(r *http.Request, token string) bool {
	return http.NewCrossOriginProtection().Check(r) == nil && s.CSRF != "" &&
		subtle.ConstantTimeCompare([]byte(s.CSRF), []byte(token)) == 1
}

// cookie returns the name of the n-th cookie of the session.
func (d *Door) cookie(n int) string {
	name := sessionCookie
	if d.secure() {
		name = "__Host-" + name // from this very host, by its rules
	}
	if n > 0 {
		name += "." + strconv.Itoa(n)
	}
	return name
}

func (d *Door) set(w http.ResponseWriter, n int, value string, age int) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // secure where the origin is
		Name: d.cookie(n), Value: value, Path: "/", MaxAge: age, HttpOnly: true, Secure: d.secure(), SameSite: http.SameSiteLaxMode,
	})
}

// Keep puts a session into the browser's cookies. The error is ErrRefused for one that they
// do not hold.
func (d *Door) Keep(w http.ResponseWriter, r *http.Request, s *Session) error {
	sealed, err := d.Keys.seal(sessionPurpose, s)
	if err == nil && len(sealed) > maxChunks*chunk { // sooner than not at all
		without := *s
		without.IDToken = ""
		sealed, err = d.Keys.seal(sessionPurpose, without)
	}
	if err != nil {
		return err
	}
	if len(sealed) > maxChunks*chunk {
		d.Log.ErrorContext(r.Context(), "refused a sign-in: the provider's tokens are larger than browsers keep; have it leave out what Pitstop does not need, such as groups", "bytes", len(sealed))
		return ErrRefused
	}
	n, age := (len(sealed)+chunk-1)/chunk, int(s.Ends.Sub(d.Clock()).Seconds())
	for i := range n {
		part := sealed[i*chunk : min(len(sealed), (i+1)*chunk)]
		if i == 0 {
			part = strconv.Itoa(n) + "." + part
		}
		d.set(w, i, part, age)
	}
	d.drop(w, r, n)
	return nil
}

// drop deletes the session's cookies that the browser has, from the n-th on.
func (d *Door) drop(w http.ResponseWriter, r *http.Request, n int) {
	for ; n < maxChunks; n++ {
		if _, err := r.Cookie(d.cookie(n)); err == nil {
			d.set(w, n, "", -1)
		}
	}
}

// read returns the session in a request's cookies. The error is ErrNone.
func (d *Door) read(r *http.Request) (*Session, error) {
	first, err := r.Cookie(d.cookie(0))
	if err != nil {
		return nil, ErrNone
	}
	number, sealed, _ := strings.Cut(first.Value, ".")
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 || n > maxChunks {
		return nil, ErrNone
	}
	for i := 1; i < n; i++ {
		part, err := r.Cookie(d.cookie(i))
		if err != nil {
			return nil, ErrNone
		}
		sealed += part.Value
	}
	s := new(Session)
	if err := d.Keys.open(sessionPurpose, sealed, s); err != nil {
		return nil, ErrNone
	}
	return s, nil
}

// Session returns the session of a request, renewed where it is time. The error is ErrNone,
// also for a session that is over.
func (d *Door) Session(w http.ResponseWriter, r *http.Request) (*Session, error) {
	s, err := d.read(r)
	now := d.Clock()
	switch {
	case err != nil, !now.Before(s.Ends):
		d.drop(w, r, 0)
		return nil, ErrNone
	case now.Before(s.Expires):
		return s, nil
	case s.Refresh == "":
		d.drop(w, r, 0)
		return nil, ErrNone
	}
	fresh, err := d.renew(r.Context(), s)
	switch {
	case err == nil:
		return fresh, d.Keep(w, r, fresh)
	case errors.Is(err, web.ErrAway), now.Sub(s.Expires) < overlap:
		return s, nil
	}
	d.drop(w, r, 0)
	return nil, ErrNone
}

// renewal is how one refresh token was used: a browser asks for several things at once, and
// a provider may take each token once.
type renewal struct {
	session *Session
	err     error
	at      time.Time
}

// renew asks the provider who somebody is by now. The errors are ErrRefused and web.ErrAway.
func (d *Door) renew(ctx context.Context, s *Session) (*Session, error) {
	sum := sha256.Sum256([]byte(s.Refresh + s.CSRF))
	key := string(sum[:])
	done, _, _ := d.flight.Do(key, func() (any, error) {
		d.mu.Lock()
		before, ok := d.renewals[key]
		d.mu.Unlock()
		if ok && d.Clock().Sub(before.at) < pace {
			return before, nil
		}
		fresh, err := d.refresh(context.WithoutCancel(ctx), s)
		now := d.Clock()
		d.mu.Lock()
		defer d.mu.Unlock()
		for old, r := range d.renewals {
			if now.Sub(r.at) > time.Minute {
				delete(d.renewals, old)
			}
		}
		d.renewals[key] = renewal{fresh, err, now}
		return d.renewals[key], nil
	})
	r, _ := done.(renewal)
	return r.session, r.err
}

func (d *Door) refresh(ctx context.Context, s *Session) (*Session, error) {
	p, err := d.provider(ctx)
	if err != nil {
		return nil, err
	}
	ctx, cancel := d.ask(ctx)
	defer cancel()
	token, err := d.oauth(p).TokenSource(ctx, &oauth2.Token{RefreshToken: s.Refresh}).Token()
	if err != nil {
		return nil, d.refusal(ctx, "renew a session", err)
	}
	id, _ := token.Extra("id_token").(string)
	caller, err := d.identify(ctx, p, token, id)
	if err != nil { // by whom it is signed cannot be asked, or the answer is no good
		d.Log.ErrorContext(ctx, "a session is not renewed", "error", err)
		return nil, web.ErrAway
	}
	if caller.Subject != s.Subject {
		d.Log.ErrorContext(ctx, "a session is not renewed: the identity provider names somebody else")
		return nil, ErrRefused
	}
	fresh := *s
	fresh.Caller = caller
	fresh.update(token, id, d.Clock())
	return &fresh, nil
}

// identify returns whom a renewed token is about: by its ID token, which a provider may
// leave out, or else by asking.
func (d *Door) identify(ctx context.Context, p *provider, token *oauth2.Token, id string) (web.Caller, error) {
	if id != "" {
		return d.identity(ctx, p, id, "")
	}
	info, err := p.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		return web.Caller{}, fmt.Errorf("ask who is signed in: %w", err)
	}
	var all map[string]any
	if err := info.Claims(&all); err != nil {
		return web.Caller{}, fmt.Errorf("read who is signed in: %w", err)
	}
	return d.Claims.Caller(all, token.Expiry)
}

// End ends the session of a request, and returns where the provider ends its own; or, while
// it is away, DonePath.
func (d *Door) End(w http.ResponseWriter, r *http.Request) string {
	s, err := d.read(r)
	d.drop(w, r, 0)
	p, away := d.present(r.Context(), pace)
	if err != nil || away != nil || p.end == "" {
		return DonePath
	}
	end, err := url.Parse(p.end)
	if err != nil {
		return DonePath
	}
	q := end.Query()
	q.Set("client_id", d.ClientID)
	q.Set("post_logout_redirect_uri", d.Origin+DonePath)
	if s.IDToken != "" {
		q.Set("id_token_hint", s.IDToken)
	}
	end.RawQuery = q.Encode()
	return end.String()
}

// Away returns a request to the origin where it came to another name of this host: cookies
// and the provider know one.
func (d *Door) Away(r *http.Request) (string, bool) {
	origin, err := url.Parse(d.Origin)
	if err != nil || r.Host == origin.Host || r.URL.Query().Has("at") { // a proxy may name another host
		return "", false
	}
	q := r.URL.Query()
	q.Set("at", origin.Host)
	return d.Origin + r.URL.Path + "?" + q.Encode(), true
}
