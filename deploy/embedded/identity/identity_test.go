package identity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/oauth2"

	"pitstop/schemas/garage"
)

const (
	issuer = "http://127.0.0.1:17001"
	api    = "http://127.0.0.1:17002"
	local  = "http://localhost:17002"
)

// rig is a provider with a client, without a network between them: it runs inside of
// testing/synctest.
type rig struct {
	*testing.T
	dir     string
	book    *garage.Book
	origins []string
	handler http.Handler
	client  *http.Client
	ctx     context.Context // that go-oidc and oauth2 find the client in
	oauth   oauth2.Config
	openid  *oidc.Provider
}

func newRig(t *testing.T, garageFile string) *rig {
	t.Helper()
	r := &rig{T: t, dir: t.TempDir(), origins: []string{api, local}}
	r.write(garageFile)
	var err error
	if r.book, err = garage.Load(r.file()); err != nil {
		t.Fatal(err)
	}
	r.start()
	return r
}

func (r *rig) file() string { return filepath.Join(r.dir, "garages.yaml") }

func (r *rig) write(garageFile string) {
	r.Helper()
	if err := os.WriteFile(r.file(), []byte(garageFile), 0o600); err != nil {
		r.Fatal(err)
	}
}

// start starts the provider, again.
func (r *rig) start() {
	r.Helper()
	var err error
	r.handler, err = New(Config{
		Issuer: issuer, Origins: r.origins, Garages: r.book, Secret: make([]byte, 32),
		Sessions: filepath.Join(r.dir, "sessions.json"), Clock: time.Now, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		r.Fatal(err)
	}
	r.client = &http.Client{Transport: transport{r.handler}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	r.ctx = oidc.ClientContext(r.Context(), r.client)
	if r.openid, err = oidc.NewProvider(r.ctx, issuer); err != nil {
		r.Fatal(err)
	}
	r.oauth = oauth2.Config{
		ClientID: ClientID, Endpoint: r.openid.Endpoint(), RedirectURL: r.origins[0] + CallbackPath,
		Scopes: []string{oidc.ScopeOpenID, "profile", oidc.ScopeOfflineAccess},
	}
}

type transport struct{ http.Handler }

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := httptest.NewRecorder()
	if r.Body == nil {
		r.Body = http.NoBody
	}
	t.ServeHTTP(answer, r)
	return answer.Result(), nil
}

// send sends a request and returns its answer: where it leads to, or what it says.
func (r *rig) send(method, target string, form url.Values, header ...string) (status int, says string) {
	r.Helper()
	at, err := url.Parse(issuer)
	if err == nil {
		at, err = at.Parse(target)
	}
	if err != nil {
		r.Fatal(err)
	}
	request, err := http.NewRequestWithContext(r.Context(), method, at.String(), strings.NewReader(form.Encode()))
	if err != nil {
		r.Fatal(err)
	}
	if form != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	answer, err := r.client.Do(request)
	if err != nil {
		r.Fatal(err)
	}
	defer answer.Body.Close()
	if to := answer.Header.Get("Location"); to != "" {
		return answer.StatusCode, to
	}
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		r.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// begin begins to sign in and returns the address of the page that asks who one is.
func (r *rig) begin(verifier string, options ...oauth2.AuthCodeOption) string {
	r.Helper()
	options = append([]oauth2.AuthCodeOption{oauth2.S256ChallengeOption(verifier), oidc.Nonce("n0nce")}, options...)
	status, to := r.send(http.MethodGet, r.oauth.AuthCodeURL("st4te", options...), nil)
	if status != http.StatusFound || !strings.HasPrefix(to, "/login?request=") {
		r.Fatalf("the provider answers %d %s", status, to)
	}
	return to
}

var hidden = regexp.MustCompile(`name="request" value="([^"]+)"`)

// pick picks a person on the page and returns where the browser ends.
func (r *rig) pick(at, hint string) *url.URL {
	r.Helper()
	status, text := r.send(http.MethodGet, at, nil)
	field := hidden.FindStringSubmatch(text)
	if status != http.StatusOK || field == nil {
		r.Fatalf("the page: %d %s", status, text)
	}
	status, to := r.send(http.MethodPost, loginPath, url.Values{"request": {html.UnescapeString(field[1])}, "person": {hint}})
	if status != http.StatusSeeOther {
		r.Fatalf("picking %s: %d %s", hint, status, to)
	}
	return r.follow(to)
}

// follow follows redirects within the provider.
func (r *rig) follow(to string) *url.URL {
	r.Helper()
	for strings.HasPrefix(to, "/") || strings.HasPrefix(to, issuer) {
		status, next := r.send(http.MethodGet, to, nil)
		if status != http.StatusFound && status != http.StatusSeeOther {
			r.Fatalf("%s: %d %s", to, status, next)
		}
		to = next
	}
	u, err := url.Parse(to)
	if err != nil {
		r.Fatal(err)
	}
	return u
}

func code(u *url.URL) string { return u.Query().Get("code") }

// claims are those that Pitstop reads.
type claims struct {
	Sub, PreferredUsername, Name, Nonce, Sid string
	Roles, Garages                           []string
}

func (c *claims) UnmarshalJSON(b []byte) error {
	var all struct {
		Sub      string   `json:"sub"`
		Username string   `json:"preferred_username"`
		Name     string   `json:"name"`
		Nonce    string   `json:"nonce"`
		Sid      string   `json:"sid"`
		Roles    []string `json:"roles"`
		Garages  []string `json:"garages"`
	}
	err := json.Unmarshal(b, &all)
	*c = claims{all.Sub, all.Username, all.Name, all.Nonce, all.Sid, all.Roles, all.Garages}
	return err
}

// verify checks an ID token as the client does.
func (r *rig) verify(token *oauth2.Token) (raw string, c claims) {
	r.Helper()
	raw, _ = token.Extra("id_token").(string)
	t, err := r.openid.Verifier(&oidc.Config{ClientID: ClientID}).Verify(r.ctx, raw)
	if err == nil {
		err = errors.Join(t.VerifyAccessToken(token.AccessToken), t.Claims(&c))
	}
	if err != nil {
		r.Fatalf("the ID token %q: %v", raw, err)
	}
	return raw, c
}

// signIn signs somebody in.
func (r *rig) signIn(hint string) *oauth2.Token {
	r.Helper()
	verifier := oauth2.GenerateVerifier()
	token, err := r.oauth.Exchange(r.ctx, code(r.pick(r.begin(verifier), hint)), oauth2.VerifierOption(verifier))
	if err != nil {
		r.Fatal(err)
	}
	return token
}

func (r *rig) refresh(token *oauth2.Token) (*oauth2.Token, error) {
	return r.oauth.TokenSource(r.ctx, &oauth2.Token{RefreshToken: token.RefreshToken}).Token()
}

func TestSignIn(t *testing.T) {
	r := newRig(t, string(garage.Sample))
	verifier := oauth2.GenerateVerifier()
	back := r.pick(r.begin(verifier), "de-brug/sam")
	if got := back.Scheme + "://" + back.Host + back.Path; got != api+CallbackPath || back.Query().Get("state") != "st4te" {
		t.Errorf("it leads to %s", back)
	}
	token, err := r.oauth.Exchange(r.ctx, code(back), oauth2.VerifierOption(verifier))
	if err != nil {
		t.Fatal(err)
	}
	_, c := r.verify(token)
	want := claims{Sub: "de-brug/sam", PreferredUsername: "sam", Name: "Sam", Nonce: "n0nce", Sid: c.Sid, Roles: []string{"mechanic"}, Garages: []string{"de-brug"}}
	if diff := cmp.Diff(want, c); diff != "" || c.Sid == "" {
		t.Errorf("claims (-want +got):\n%s", diff)
	}
	info, err := r.openid.UserInfo(r.ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		t.Fatal(err)
	}
	var told claims
	if err := info.Claims(&told); err != nil {
		t.Fatal(err)
	}
	want.Nonce, want.Sid = "", ""
	if diff := cmp.Diff(want, told); diff != "" {
		t.Errorf("userinfo (-want +got):\n%s", diff)
	}
}

func TestEverybodyIsWhoTheGarageFileSays(t *testing.T) {
	r := newRig(t, string(garage.Sample))
	for hint, want := range map[string]claims{
		"de-brug/noor": {PreferredUsername: "noor", Name: "Noor", Roles: []string{"mechanic"}, Garages: []string{"de-brug"}},
		"noord/balie@autonoord.example": {
			PreferredUsername: "balie@autonoord.example", Name: "balie@autonoord.example", Roles: []string{"customer_service"}, Garages: []string{"noord"},
		},
		"noord/baas@autonoord.example": {
			PreferredUsername: "baas@autonoord.example", Name: "baas@autonoord.example", Roles: []string{"manager"}, Garages: []string{"noord"},
		},
		"manager": {PreferredUsername: "manager", Name: "Manager", Roles: []string{"manager"}, Garages: []string{"de-brug", "noord"}},
	} {
		_, c := r.verify(r.signIn(hint))
		want.Sub, want.Nonce, want.Sid = hint, c.Nonce, c.Sid
		if diff := cmp.Diff(want, c); diff != "" {
			t.Errorf("%s (-want +got):\n%s", hint, diff)
		}
	}
}

// Somebody who is customer service and manager at once is one person.
func TestPeopleWhoAreNamedTwice(t *testing.T) {
	p := &garage.Profile{ID: "one", Staff: garage.Staff{CustomerService: []string{"a@one.example", "a@one.example"}, Manager: "a@one.example"}}
	people := People(p)
	if len(people) != 1 || fmt.Sprint(people[0].Roles) != "[customer_service manager]" {
		t.Errorf("people %v", people)
	}
}

// A login_hint of somebody known signs them in without a question, unless the client
// wants it asked; any other is asked about.
func TestLoginHint(t *testing.T) {
	r := newRig(t, string(garage.Sample))
	for _, c := range []struct {
		hint, prompt string
		asks         bool
	}{
		{"de-brug/sam", "", false},
		{"manager", "", false},
		{"de-brug/sam", "consent", false},
		{"de-brug/sam", "login", true},
		{"de-brug/sam", "select_account", true},
		{"de-brug/nobody", "", true},
		{"elsewhere/sam", "", true},
		{"sam", "", true},
		{"", "", true},
	} {
		options := []oauth2.AuthCodeOption{oauth2.SetAuthURLParam("login_hint", c.hint)}
		if c.prompt != "" {
			options = append(options, oauth2.SetAuthURLParam("prompt", c.prompt))
		}
		verifier := oauth2.GenerateVerifier()
		status, says := r.send(http.MethodGet, r.begin(verifier, options...), nil)
		if asks := status == http.StatusOK; asks != c.asks {
			t.Errorf("hint %q, prompt %q: it asks: %v (%d %s)", c.hint, c.prompt, asks, status, says)
		}
		if c.asks {
			continue
		}
		token, err := r.oauth.Exchange(r.ctx, code(r.follow(says)), oauth2.VerifierOption(verifier))
		if err != nil {
			t.Fatal(err)
		}
		if _, got := r.verify(token); got.Sub != c.hint {
			t.Errorf("hint %q signs in %q", c.hint, got.Sub)
		}
	}
}

// What is not exactly what the client is for, is refused: at once where nobody may be
// sent anywhere, else with an error for the client.
func TestRefusedRequests(t *testing.T) {
	r := newRig(t, string(garage.Sample))
	good := func() url.Values {
		return url.Values{
			"client_id": {ClientID}, "redirect_uri": {api + CallbackPath}, "response_type": {"code"}, "scope": {"openid"}, "state": {"s"},
			"code_challenge": {oauth2.S256ChallengeFromVerifier("v")}, "code_challenge_method": {"S256"},
		}
	}
	for name, c := range map[string]struct {
		field, value string
		wrong        string // what the client is told; empty: it is not told anything
	}{
		"another client":                 {"client_id", "other", ""},
		"no redirect":                    {"redirect_uri", "", ""},
		"another site":                   {"redirect_uri", "https://elsewhere.example" + CallbackPath, ""},
		"another port":                   {"redirect_uri", "http://127.0.0.1:17003" + CallbackPath, ""},
		"another path":                   {"redirect_uri", api + "/sign-in/callback/", ""},
		"a query":                        {"redirect_uri", api + CallbackPath + "?x=1", ""},
		"a host that begins alike":       {"redirect_uri", api + ".elsewhere.example" + CallbackPath, ""},
		"no PKCE":                        {"code_challenge", "", "invalid_request"},
		"plain PKCE":                     {"code_challenge_method", "plain", "invalid_request"},
		"PKCE without a method is plain": {"code_challenge_method", "", "invalid_request"},
		"the implicit flow":              {"response_type", "id_token token", ""},
		"nobody is remembered":           {"prompt", "none", "login_required"},
	} {
		form := good()
		form.Set(c.field, c.value)
		status, says := r.send(http.MethodGet, "/authorize?"+form.Encode(), nil)
		to, err := url.Parse(says)
		switch {
		case c.wrong == "" && status != http.StatusBadRequest:
			t.Errorf("%s: %d %s", name, status, says)
		case c.wrong != "" && (err != nil || !strings.HasPrefix(says, api+CallbackPath) || !strings.Contains(to.RawQuery+to.Fragment, "error="+c.wrong)):
			t.Errorf("%s: %d %s", name, status, says)
		}
	}
	if status, says := r.send(http.MethodGet, "/authorize?"+good().Encode(), nil); status != http.StatusFound || !strings.HasPrefix(says, loginPath) {
		t.Errorf("a good one: %d %s", status, says)
	}
	form := good()
	form.Set("redirect_uri", local+CallbackPath)
	if status, says := r.send(http.MethodGet, "/authorize?"+form.Encode(), nil); status != http.StatusFound || !strings.HasPrefix(says, loginPath) {
		t.Errorf("from localhost: %d %s", status, says)
	}
}

// Whoever opened Pitstop under another name of this machine reads where to begin anew.
func TestFromAnotherAddress(t *testing.T) {
	r := newRig(t, string(garage.Sample))
	r.oauth.RedirectURL = "http://workshop.example:17002" + CallbackPath
	status, text := r.send(http.MethodGet, r.oauth.AuthCodeURL("s", oauth2.S256ChallengeOption("v")), nil, "Accept-Language", "en")
	if status != http.StatusBadRequest || !strings.Contains(text, "You came from http://workshop.example:17002,") || !strings.Contains(text, `href="`+api+`/sign-in"`) {
		t.Errorf("it says %d %s", status, text)
	}
}

// A code is good once, for a minute, for who has the verifier.
func TestCodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, string(garage.Sample))
		verifier := oauth2.GenerateVerifier()
		redeem := func(code string, options ...oauth2.AuthCodeOption) error {
			_, err := r.oauth.Exchange(r.ctx, code, options...)
			return err
		}
		get := func() string { return code(r.pick(r.begin(verifier), "de-brug/sam")) }
		for name, err := range map[string]error{
			"another verifier": redeem(get(), oauth2.VerifierOption(oauth2.GenerateVerifier())),
			"no verifier":      redeem(get()),
			"another redirect": redeem(get(), oauth2.VerifierOption(verifier), oauth2.SetAuthURLParam("redirect_uri", local+CallbackPath)),
			"an invented one":  redeem("invented", oauth2.VerifierOption(verifier)),
		} {
			if refused := new(oauth2.RetrieveError); !errors.As(err, &refused) || refused.Response.StatusCode != http.StatusBadRequest {
				t.Errorf("%s: %v", name, err)
			}
		}
		once := get()
		if err := redeem(once, oauth2.VerifierOption(verifier)); err != nil {
			t.Fatal(err)
		}
		if err := redeem(once, oauth2.VerifierOption(verifier)); err == nil {
			t.Error("a code is good twice")
		}
		old := get()
		time.Sleep(codeFor + time.Second)
		if err := redeem(old, oauth2.VerifierOption(verifier)); err == nil {
			t.Error("an old code is good")
		}
	})
}

// A session goes on by its refresh token, also over a restart, until it is signed out;
// then nothing of it is of use.
func TestSessions(t *testing.T) {
	r := newRig(t, string(garage.Sample))
	mine, other := r.signIn("de-brug/sam"), r.signIn("de-brug/sam")
	raw, first := r.verify(mine)
	r.start()
	renewed, err := r.refresh(mine)
	if err != nil {
		t.Fatalf("after a restart: %v", err)
	}
	hint, c := r.verify(renewed)
	if c.Sub != first.Sub || c.Sid != first.Sid || hint == raw {
		t.Errorf("renewed: %v", c)
	}

	end := func(values url.Values) (int, string) {
		return r.send(http.MethodGet, "/end_session?"+values.Encode(), nil)
	}
	if status, says := end(url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {"https://elsewhere.example/"}}); status != http.StatusBadRequest {
		t.Errorf("signing out to elsewhere: %d %s", status, says)
	}
	if status, says := end(url.Values{"id_token_hint": {hint + "x"}, "post_logout_redirect_uri": {api + SignedOutPath}}); status != http.StatusBadRequest {
		t.Errorf("signing out with a forged token: %d %s", status, says)
	}
	if _, err := r.refresh(mine); err != nil {
		t.Errorf("a refused sign-out ends it: %v", err)
	}
	if status, says := end(url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {local + SignedOutPath}, "state": {"x"}}); status != http.StatusFound || says != local+SignedOutPath+"?state=x" {
		t.Errorf("signing out: %d %s", status, says)
	}
	for range 2 {
		if _, err := r.refresh(mine); err == nil || !strings.Contains(err.Error(), "invalid_grant") {
			t.Errorf("after signing out: %v", err)
		}
		if _, err := r.refresh(other); err != nil {
			t.Errorf("the session of another browser: %v", err)
		}
		r.start()
	}
	text, err := os.ReadFile(filepath.Join(r.dir, "sessions.json"))
	if err != nil || strings.Contains(string(text), other.RefreshToken) {
		t.Errorf("the file holds refresh tokens: %s, %v", text, err)
	}
}

func TestSessionsEndAfterAMonth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, string(garage.Sample))
		token := r.signIn("de-brug/sam")
		time.Sleep(sessionsFor - time.Minute)
		if _, err := r.refresh(token); err != nil {
			t.Errorf("before: %v", err)
		}
		time.Sleep(2 * time.Minute)
		if _, err := r.refresh(token); err == nil {
			t.Error("it goes on for ever")
		}
	})
}

// The garage file is followed: who is removed can neither sign in, nor go on, nor is
// described; what somebody may do changes with the next token.
func TestWhoIsRemoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sample := string(garage.Sample)
		r := newRig(t, sample)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go r.book.Follow(ctx, slog.New(slog.DiscardHandler), nil)
		noor, all, picked := r.signIn("de-brug/noor"), r.signIn("manager"), r.begin(oauth2.GenerateVerifier())
		verifier := oauth2.GenerateVerifier()
		underway := code(r.pick(r.begin(verifier), "de-brug/noor"))

		const line = "        - {id: noor, name: Noor, email: noor@debrug.example}\n"
		if !strings.Contains(sample, line) {
			t.Fatal("the sample is another")
		}
		r.write(strings.Replace(strings.Replace(sample, line, "", 1), "id: noord", "id: zuid", 1))
		time.Sleep(10 * time.Second)

		if _, err := r.refresh(noor); err == nil || !strings.Contains(err.Error(), "invalid_grant") {
			t.Errorf("her session: %v", err)
		}
		if info, err := r.openid.UserInfo(r.ctx, oauth2.StaticTokenSource(noor)); err == nil {
			t.Errorf("she is described: %v", info)
		}
		if _, err := r.oauth.Exchange(r.ctx, underway, oauth2.VerifierOption(verifier)); err == nil || !strings.Contains(err.Error(), "invalid_grant") {
			t.Errorf("her sign-in under way: %v", err)
		}
		_, text := r.send(http.MethodGet, picked, nil)
		if strings.Contains(text, "Noor<") || !strings.Contains(text, "Sam<") {
			t.Errorf("the page shows %s", text)
		}
		id := hidden.FindStringSubmatch(text)[1]
		if status, text := r.send(http.MethodPost, loginPath, url.Values{"request": {id}, "person": {"de-brug/noor"}}); status != http.StatusUnprocessableEntity || !strings.Contains(text, "niet meer in het garagebestand") {
			t.Errorf("picking her: %d %s", status, text)
		}
		renewed, err := r.refresh(all)
		if err != nil {
			t.Fatal(err)
		}
		if _, c := r.verify(renewed); !slices.Equal(c.Garages, []string{"de-brug", "zuid"}) {
			t.Errorf("the manager of all garages has %v", c.Garages)
		}
	})
}

// Only what is meant is open, and nothing is shown in another site's frame.
func TestDoors(t *testing.T) {
	r := newRig(t, string(garage.Sample))
	for _, target := range []string{"/oauth/introspect", "/device_authorization", "/revoke", "/healthz", "/ready", "/favicon.ico"} {
		if status, _ := r.send(http.MethodGet, target, nil); status != http.StatusNotFound {
			t.Errorf("%s: %d", target, status)
		}
	}
	if status, says := r.send(http.MethodGet, "/", nil); status != http.StatusSeeOther || says != api+"/sign-in" {
		t.Errorf("its front: %d %s", status, says)
	}
	for _, grant := range []string{"password", "client_credentials", "urn:ietf:params:oauth:grant-type:jwt-bearer", "urn:ietf:params:oauth:grant-type:token-exchange"} {
		if status, says := r.send(http.MethodPost, "/oauth/token", url.Values{"grant_type": {grant}, "client_id": {ClientID}, "username": {"sam"}}); status == http.StatusOK {
			t.Errorf("%s: %s", grant, says)
		}
	}
	answer, err := r.client.Get(issuer + r.begin("v"))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	policy := "default-src 'none'; style-src 'self'; form-action 'self' " + api + "; base-uri 'none'; frame-ancestors 'none'"
	for name, want := range map[string]string{
		"Content-Security-Policy": policy, "X-Frame-Options": "DENY", "Cache-Control": "no-store", "Access-Control-Allow-Origin": "",
		"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
	} {
		if got := answer.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// Picking is about one request, once, in time.
func TestPicking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, string(garage.Sample))
		at := r.begin("v")
		id := strings.TrimPrefix(at, "/login?request=")
		pick := func(id string) int {
			status, _ := r.send(http.MethodPost, loginPath, url.Values{"request": {id}, "person": {"de-brug/sam"}})
			return status
		}
		if status := pick(""); status != http.StatusGone {
			t.Errorf("without a request: %d", status)
		}
		if status, says := r.send(http.MethodGet, "/authorize/callback?id="+id, nil); code(r.follow(says)) != "" || !strings.Contains(says, "interaction_required") {
			t.Errorf("going on without picking: %d %s", status, says)
		}
		if status := pick(id); status != http.StatusSeeOther {
			t.Errorf("with one: %d", status)
		}
		if status := pick(id); status != http.StatusGone {
			t.Errorf("twice: %d", status)
		}
		old := r.begin("v")
		time.Sleep(requestsFor + time.Second)
		status, text := r.send(http.MethodGet, old, nil, "Accept-Language", "en")
		if status != http.StatusGone || !strings.Contains(text, `href="`+api+`/sign-in"`) {
			t.Errorf("too late: %d %s", status, text)
		}
		// However many begin, memory is bounded, and the newest can go on.
		for range maxRequests + 5 {
			time.Sleep(time.Millisecond)
			at = r.begin("v")
		}
		if status, _ := r.send(http.MethodGet, at, nil); status != http.StatusOK {
			t.Errorf("the newest of many: %d", status)
		}
	})
}

func TestPage(t *testing.T) {
	many, few := newRig(t, manyGarages(20)), newRig(t, string(garage.Sample))
	for name, c := range map[string]struct {
		rig      *rig
		query    string
		locales  string
		accept   string
		has, not []string
	}{
		"few, as the browser wants": {
			few, "", "", "en-GB,en;q=0.9",
			[]string{`<html lang="en">`, "Who are you?", "This page is for one machine: anyone who reaches it can sign in as anyone.", "<details open>", "Garage De Brug", ">mechanic<", ">workshop manager<"},
			[]string{`role="search"`, "<script"},
		},
		"as the client wants": {few, "", "nl en", "en", []string{`<html lang="nl">`, "Wie ben je?", ">klantenservice<"}, nil},
		"many":                {many, "", "", "nl", []string{`role="search"`, "Garage &lt;19&gt;", "Manager van alle garages"}, []string{"<details open>", "<19>"}},
		"a garage":            {many, "&q=stad+17", "", "nl", []string{"<details open>", "Garage &lt;17&gt;", "Sam<", "Toon iedereen"}, []string{"Garage &lt;1&gt;", "Manager van alle"}},
		"a person":            {many, "&q=SAM", "", "nl", []string{"<details open>", "Sam<"}, []string{"Noor<"}},
		"a role":              {many, "&q=klantens", "", "nl", []string{"klantenservice@<wbr>debrug.example<"}, []string{"Sam<"}},
		"nobody":              {many, "&q=%3Cb%3E", "", "en", []string{"Nobody found with “&lt;b&gt;”.", "Show everybody"}, []string{"<b>", "<details"}},
	} {
		at := c.rig.begin("v", oauth2.SetAuthURLParam("ui_locales", c.locales))
		status, text := c.rig.send(http.MethodGet, at+c.query, nil, "Accept-Language", c.accept)
		if status != http.StatusOK {
			t.Errorf("%s: %d %s", name, status, text)
		}
		for _, want := range c.has {
			if !strings.Contains(text, want) {
				t.Errorf("%s: it lacks %s:\n%s", name, want, text)
			}
		}
		for _, not := range c.not {
			if strings.Contains(text, not) {
				t.Errorf("%s: it has %s", name, not)
			}
		}
	}
}

func TestAFileOfSessionsThatIsNone(t *testing.T) {
	file := filepath.Join(t.TempDir(), "sessions.json")
	if err := os.WriteFile(file, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openSessions(file, time.Now); err == nil || !strings.Contains(err.Error(), "remove "+file) {
		t.Errorf("it says %v", err)
	}
}
