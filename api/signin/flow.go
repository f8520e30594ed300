package signin

import (
	"crypto/rand"
	"crypto/subtle"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"pitstop/schemas/locale"
)

// flow is a sign-in under way, sealed in a cookie of its own: several may be, in several tabs.
type flow struct {
	State, Nonce, Verifier string
	Next                   string
	Begun                  time.Time
}

const (
	flowCookie   = "pitstop_sign_in_" // and the beginning of its state
	flowPurpose  = "sign-in"
	flowLifetime = 10 * time.Minute
	maxFlows     = 5 // of one browser
)

func (d *Door) secure() bool { return strings.HasPrefix(d.Origin, "https:") }

func (d *Door) setFlow(w http.ResponseWriter, name, value string, age int) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // secure where the origin is
		Name: name, Value: value, Path: Path, MaxAge: age, HttpOnly: true, Secure: d.secure(), SameSite: http.SameSiteLaxMode,
	})
}

func flowName(state string) string { return flowCookie + state[:min(8, len(state))] }

// Begin sends the browser to the provider, to come back to next. The hint names who is to
// sign in, if that is known. The error is web.ErrAway.
func (d *Door) Begin(w http.ResponseWriter, r *http.Request, next, hint string, lang locale.Lang) error {
	p, err := d.present(r.Context(), pace) // or the browser would be sent to nobody
	if err != nil {
		return err
	}
	f := flow{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), Next: LocalPath(next), Begun: d.Clock()}
	sealed, err := d.Keys.seal(flowPurpose, f)
	if err != nil {
		return err
	}
	var others int
	for _, c := range r.Cookies() {
		if strings.HasPrefix(c.Name, flowCookie) {
			if others++; others >= maxFlows { // left behind, in a browser that began many
				d.setFlow(w, c.Name, "", -1)
			}
		}
	}
	d.setFlow(w, flowName(f.State), sealed, int(flowLifetime.Seconds()))
	options := []oauth2.AuthCodeOption{
		oauth2.S256ChallengeOption(f.Verifier), oauth2.SetAuthURLParam("nonce", f.Nonce), oauth2.SetAuthURLParam("ui_locales", string(lang)),
	}
	if hint != "" {
		options = append(options, oauth2.SetAuthURLParam("login_hint", hint))
	}
	http.Redirect(w, r, d.oauth(p).AuthCodeURL(f.State, options...), http.StatusSeeOther)
	return nil
}

// Finish takes the provider's answer, begins a session and returns where to go. The errors
// are ErrLost, ErrRefused and web.ErrAway.
func (d *Door) Finish(w http.ResponseWriter, r *http.Request) (next string, err error) {
	q := r.URL.Query()
	f, err := d.flow(w, r, q.Get("state"))
	if err != nil {
		return "", err
	}
	p, err := d.provider(r.Context())
	if err != nil {
		return f.Next, err
	}
	if iss := q.Get("iss"); (iss != "" || p.namesI) && iss != d.Issuer { // a mix-up of providers
		d.Log.WarnContext(r.Context(), "refused a sign-in: another provider answers", "iss", iss)
		return f.Next, ErrRefused
	}
	if q.Get("error") != "" || q.Get("code") == "" {
		d.Log.InfoContext(r.Context(), "the identity provider refuses a sign-in", "code", q.Get("error"), "description", q.Get("error_description"))
		return f.Next, ErrRefused
	}
	ctx, cancel := d.ask(r.Context())
	defer cancel()
	token, err := d.oauth(p).Exchange(ctx, q.Get("code"), oauth2.VerifierOption(f.Verifier))
	if err != nil {
		return f.Next, d.refusal(ctx, "exchange a code", err)
	}
	id, _ := token.Extra("id_token").(string)
	caller, err := d.identity(ctx, p, id, f.Nonce)
	if err != nil {
		d.Log.WarnContext(ctx, "refused a sign-in", "error", err)
		return f.Next, ErrRefused
	}
	now := d.Clock()
	s := Session{CSRF: rand.Text(), Caller: caller, Ends: now.Add(lifetime)}
	s.update(token, id, now)
	if err := d.Keep(w, r, &s); err != nil {
		return f.Next, err
	}
	return f.Next, nil
}

// flow returns the sign-in that an answer is to, and forgets it: each counts once.
func (d *Door) flow(w http.ResponseWriter, r *http.Request, state string) (f flow, err error) {
	c, err := r.Cookie(flowName(state))
	if state == "" || err != nil {
		return flow{}, ErrLost
	}
	d.setFlow(w, c.Name, "", -1)
	if err := d.Keys.open(flowPurpose, c.Value, &f); err != nil {
		return flow{}, ErrLost
	}
	if subtle.ConstantTimeCompare([]byte(f.State), []byte(state)) != 1 || d.Clock().Sub(f.Begun) > flowLifetime {
		return flow{}, ErrLost
	}
	return f, nil
}

// Home is where staff go who want nothing else.
const Home = "/dashboards"

var (
	localPath  = regexp.MustCompile(`^/dashboards(/[A-Za-z0-9_-]+)*$`)
	localQuery = regexp.MustCompile(`^[!$%&'()*+,./:;=?@A-Za-z0-9_~-]*$`)
)

// LocalPath returns where to go after signing in: next where that is the address of a page
// for staff of this site, or else Home. Whoever wrote a link has chosen it, so it has
// nothing that a browser could read otherwise: no host, backslash, dot or percent sign in
// its path.
func LocalPath(next string) string {
	path, query, asked := strings.Cut(next, "?")
	if !localPath.MatchString(path) || !localQuery.MatchString(query) {
		return Home
	}
	if _, err := url.Parse(next); err != nil {
		return Home
	}
	if asked {
		return path + "?" + query
	}
	return path
}
