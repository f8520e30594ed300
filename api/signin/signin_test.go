package signin

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"golang.org/x/oauth2"

	"pitstop/api/web"
	"pitstop/schemas/link"
	"pitstop/schemas/locale"
)

const origin = "http://garage.example"

// idp is an identity provider that signs jan in, as the test wants it.
type idp struct {
	t      *testing.T
	server *httptest.Server

	mu        sync.Mutex
	now       time.Time
	kid       int
	claims    map[string]any // of everything it issues
	away      bool
	refuses   bool // to renew
	noID      bool // leaves the ID token out when it renews
	codes     map[string]url.Values
	refresh   int // number of the refresh token that is good
	refreshed int // how often it was used
}

func newIDP(t *testing.T) *idp {
	i := &idp{t: t, now: time.Date(2026, 5, 20, 8, 0, 0, 0, time.UTC), codes: make(map[string]url.Values)}
	i.claims = map[string]any{"sub": "jan", "name": "Jan", "roles": []string{"manager"}, "garages": []string{"de-brug"}}
	i.server = httptest.NewServer(i)
	t.Cleanup(i.server.Close)
	return i
}

func (i *idp) clock() time.Time {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.now
}

func (i *idp) do(f func()) {
	i.mu.Lock()
	defer i.mu.Unlock()
	f()
}

func (i *idp) key() jose.JSONWebKey {
	seed := bytes.Repeat([]byte{byte(i.kid)}, ed25519.SeedSize)
	return jose.JSONWebKey{Key: ed25519.NewKeyFromSeed(seed), KeyID: fmt.Sprint(i.kid), Algorithm: string(jose.EdDSA), Use: "sig"}
}

func (i *idp) token(nonce string) string {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: i.key()}, nil)
	if err != nil {
		i.t.Fatal(err)
	}
	all := map[string]any{"iss": i.server.URL, "aud": "pitstop", "exp": i.now.Add(5 * time.Minute).Unix(), "iat": i.now.Unix()}
	if nonce != "" {
		all["nonce"] = nonce
	}
	maps.Copy(all, i.claims)
	text, err := jwt.Signed(signer).Claims(all).Serialize()
	if err != nil {
		i.t.Fatal(err)
	}
	return text
}

func (i *idp) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.away {
		http.Error(w, "away", http.StatusBadGateway)
		return
	}
	answer := func(status int, v any) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(v)
	}
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		u := i.server.URL
		answer(200, map[string]any{
			"issuer": u, "authorization_endpoint": u + "/authorize", "token_endpoint": u + "/token", "jwks_uri": u + "/keys",
			"userinfo_endpoint": u + "/userinfo", "end_session_endpoint": u + "/end", "id_token_signing_alg_values_supported": []string{"EdDSA"},
		})
	case "/keys":
		key := i.key()
		public := key.Public()
		answer(200, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{public}})
	case "/userinfo":
		answer(200, i.claims)
	case "/token":
		_ = r.ParseForm()
		out := map[string]any{"access_token": "a", "token_type": "Bearer", "expires_in": 300}
		switch r.Form.Get("grant_type") {
		case "authorization_code":
			asked, ok := i.codes[r.Form.Get("code")]
			delete(i.codes, r.Form.Get("code"))
			if !ok || oauth2.S256ChallengeFromVerifier(r.Form.Get("code_verifier")) != asked.Get("code_challenge") || asked.Get("redirect_uri") != r.Form.Get("redirect_uri") {
				answer(400, map[string]any{"error": "invalid_grant"})
				return
			}
			out["id_token"] = i.token(asked.Get("nonce"))
		case "refresh_token":
			if i.refuses || r.Form.Get("refresh_token") != fmt.Sprint("r", i.refresh) {
				answer(400, map[string]any{"error": "invalid_grant"})
				return
			}
			i.refreshed++
			i.refresh++ // each is good once
			if !i.noID {
				out["id_token"] = i.token("")
			}
		}
		out["refresh_token"] = fmt.Sprint("r", i.refresh)
		answer(200, out)
	default:
		http.NotFound(w, r)
	}
}

// authorize is what the provider answers a browser that was sent to it.
func (i *idp) authorize(to string) url.Values {
	u, err := url.Parse(to)
	if err != nil || !strings.HasPrefix(to, i.server.URL+"/authorize?") {
		i.t.Fatalf("sent to %q", to)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	code := fmt.Sprint("code", len(i.codes)+1)
	i.codes[code] = u.Query()
	return url.Values{"code": {code}, "state": {u.Query().Get("state")}}
}

// browser keeps cookies as a browser does.
type browser struct {
	t       *testing.T
	cookies map[string]*http.Cookie
}

func newBrowser(t *testing.T) *browser { return &browser{t, make(map[string]*http.Cookie)} }

// visit has a handler answer a request with the browser's cookies.
func (b *browser) visit(path string, handle func(http.ResponseWriter, *http.Request)) *http.Response {
	r := httptest.NewRequest("GET", origin+path, http.NoBody)
	for _, c := range b.cookies {
		if strings.HasPrefix(r.URL.Path, c.Path) {
			r.AddCookie(c)
		}
	}
	w := httptest.NewRecorder()
	handle(w, r)
	for _, c := range w.Result().Cookies() {
		if len(c.Value) > chunk+20 {
			b.t.Errorf("the cookie %s has %d bytes", c.Name, len(c.Value))
		}
		if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode {
			b.t.Errorf("the cookie %s is %+v", c.Name, c)
		}
		if b.cookies[c.Name] = c; c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		}
	}
	return w.Result()
}

func newDoor(t *testing.T, i *idp, change ...func(*Config)) *Door {
	t.Helper()
	keys, err := NewKeys(link.Key{ID: "1", Secret: bytes.Repeat([]byte{1}, 32)})
	if err != nil {
		t.Fatal(err)
	}
	c := Config{
		Issuer: i.server.URL, ClientID: "pitstop", Scopes: []string{"profile"}, Origin: origin, Keys: keys,
		Clock: i.clock, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	}
	for _, f := range change {
		f(&c)
	}
	d, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// begin begins a sign-in and returns where the browser is sent.
func (b *browser) begin(d *Door, next string) string {
	b.t.Helper()
	a := b.visit("/sign-in", func(w http.ResponseWriter, r *http.Request) {
		if err := d.Begin(w, r, next, "de-brug/jan", locale.NL); err != nil {
			b.t.Errorf("begin: %v", err)
		}
	})
	return a.Header.Get("Location")
}

// finish comes back with an answer.
func (b *browser) finish(d *Door, answer url.Values) (next string, err error) {
	b.visit(CallbackPath+"?"+answer.Encode(), func(w http.ResponseWriter, r *http.Request) { next, err = d.Finish(w, r) })
	return next, err
}

// session returns the browser's session, nil for none.
func (b *browser) session(d *Door) (s *Session) {
	b.visit("/dashboards", func(w http.ResponseWriter, r *http.Request) { s, _ = d.Session(w, r) })
	return s
}

func (b *browser) signIn(i *idp, d *Door) {
	b.t.Helper()
	if _, err := b.finish(d, i.authorize(b.begin(d, ""))); err != nil {
		b.t.Fatalf("sign in: %v", err)
	}
}

func TestSignIn(t *testing.T) {
	i := newIDP(t)
	d, b := newDoor(t, i), newBrowser(t)
	to := b.begin(d, "/dashboards/waiting?period=30")
	u, _ := url.Parse(to)
	q := u.Query()
	for name, want := range map[string]string{
		"client_id": "pitstop", "redirect_uri": origin + "/sign-in/callback", "response_type": "code", "scope": "openid profile",
		"code_challenge_method": "S256", "login_hint": "de-brug/jan", "ui_locales": "nl",
	} {
		if q.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, q.Get(name), want)
		}
	}
	if len(q.Get("state")) < 26 || len(q.Get("nonce")) < 26 || len(q.Get("code_challenge")) < 43 || q.Get("state") == q.Get("nonce") {
		t.Errorf("asked with %v", q)
	}
	next, err := b.finish(d, i.authorize(to))
	if err != nil || next != "/dashboards/waiting?period=30" {
		t.Fatalf("to %q, %v", next, err)
	}
	s := b.session(d)
	if s == nil || s.Subject != "jan" || s.Name != "Jan" || fmt.Sprint(s.Roles, s.Garages) != "[manager] [de-brug]" || len(s.CSRF) < 26 {
		t.Fatalf("session %+v", s)
	}
	for name := range b.cookies {
		if strings.HasPrefix(name, flowCookie) {
			t.Errorf("the cookie of the sign-in stays: %s", name)
		}
	}
	if strings.Contains(b.cookies[sessionCookie].Value, "jan") {
		t.Error("the session can be read")
	}
}

// What comes back is the answer to a sign-in of this browser, once, in time, from the
// provider; in any other case nobody is signed in.
func TestAnswersThatAreNone(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(*idp, *browser, *Door) url.Values
		want   error
	}{
		"no state": {func(i *idp, b *browser, d *Door) url.Values {
			a := i.authorize(b.begin(d, ""))
			a.Del("state")
			return a
		}, ErrLost},
		"wrong state": {func(i *idp, b *browser, d *Door) url.Values {
			a := i.authorize(b.begin(d, ""))
			a.Set("state", a.Get("state")+"x")
			return a
		}, ErrLost},
		"another's": {func(i *idp, _ *browser, d *Door) url.Values { return i.authorize(newBrowser(t).begin(d, "")) }, ErrLost},
		"no code": {func(i *idp, b *browser, d *Door) url.Values {
			a := i.authorize(b.begin(d, ""))
			a.Del("code")
			return a
		}, ErrRefused},
		"wrong code": {func(i *idp, b *browser, d *Door) url.Values {
			a := i.authorize(b.begin(d, ""))
			a.Set("code", "x")
			return a
		}, ErrRefused},
		"refused": {func(i *idp, b *browser, d *Door) url.Values {
			a := i.authorize(b.begin(d, ""))
			a.Set("error", "access_denied")
			return a
		}, ErrRefused},
		"wrong issuer": {func(i *idp, b *browser, d *Door) url.Values {
			a := i.authorize(b.begin(d, ""))
			a.Set("iss", "https://evil.example")
			return a
		}, ErrRefused},
		"too late": {func(i *idp, b *browser, d *Door) url.Values {
			a := i.authorize(b.begin(d, ""))
			i.do(func() { i.now = i.now.Add(flowLifetime + time.Second) })
			return a
		}, ErrLost},
		"the code of another sign-in": {func(i *idp, b *browser, d *Door) url.Values {
			mine, other := i.authorize(b.begin(d, "")), i.authorize(newBrowser(t).begin(d, ""))
			mine.Set("code", other.Get("code"))
			return mine
		}, ErrRefused},
		"another nonce": {func(i *idp, b *browser, d *Door) url.Values {
			a := i.authorize(b.begin(d, ""))
			i.do(func() { i.codes[a.Get("code")].Set("nonce", "x") })
			return a
		}, ErrRefused},
		"a second time": {func(i *idp, b *browser, d *Door) url.Values {
			a := i.authorize(b.begin(d, ""))
			if _, err := b.finish(d, a); err != nil {
				t.Error(err)
			}
			delete(b.cookies, sessionCookie)
			return a
		}, ErrLost},
		"no subject": {func(i *idp, b *browser, d *Door) url.Values {
			i.do(func() { i.claims["sub"] = "" })
			return i.authorize(b.begin(d, ""))
		}, ErrRefused},
		"the provider is away": {func(i *idp, b *browser, d *Door) url.Values {
			a := i.authorize(b.begin(d, ""))
			i.do(func() { i.away = true })
			return a
		}, web.ErrAway},
	} {
		t.Run(name, func(t *testing.T) {
			i := newIDP(t)
			d, b := newDoor(t, i), newBrowser(t)
			if _, err := b.finish(d, c.answer(i, b, d)); !errors.Is(err, c.want) {
				t.Errorf("error %v, want %v", err, c.want)
			}
			if s := b.session(d); s != nil {
				t.Errorf("signed in as %+v", s)
			}
		})
	}
}

func TestTwoTabs(t *testing.T) {
	i := newIDP(t)
	d, b := newDoor(t, i), newBrowser(t)
	one, two := b.begin(d, "/dashboards/waiting"), b.begin(d, "/dashboards/service")
	if next, err := b.finish(d, i.authorize(two)); err != nil || next != "/dashboards/service" {
		t.Errorf("the second tab goes to %q, %v", next, err)
	}
	if next, err := b.finish(d, i.authorize(one)); err != nil || next != "/dashboards/waiting" {
		t.Errorf("the first tab goes to %q, %v", next, err)
	}
	for range 3 * maxFlows { // never finished
		b.begin(d, "")
	}
	if n := len(b.cookies); n > maxFlows+2 {
		t.Errorf("%d cookies are left behind", n)
	}
}

// A session is renewed with what the provider says by then, and is over when it says no.
func TestRenewal(t *testing.T) {
	i := newIDP(t)
	d, b := newDoor(t, i), newBrowser(t)
	b.signIn(i, d)
	before := b.session(d)
	i.do(func() {
		i.now = i.now.Add(6 * time.Minute)
		i.claims["roles"], i.claims["garages"] = []string{"mechanic"}, []string{"noord"}
	})
	s := b.session(d)
	if s == nil || fmt.Sprint(s.Roles, s.Garages) != "[mechanic] [noord]" || s.CSRF != before.CSRF || !s.Ends.Equal(before.Ends) {
		t.Fatalf("renewed to %+v", s)
	}
	i.do(func() { i.now = i.now.Add(6 * time.Minute); i.noID = true }) // then it is asked
	i.do(func() { i.claims["roles"] = []string{"manager"} })
	if s = b.session(d); s == nil || fmt.Sprint(s.Roles) != "[manager]" {
		t.Fatalf("without an ID token: %+v", s)
	}
	i.do(func() { i.now = i.now.Add(time.Hour); i.refuses = true })
	if s := b.session(d); s != nil || len(b.cookies) > 0 {
		t.Errorf("after a refusal: %+v, cookies %v", s, b.cookies)
	}
}

// Somebody else's name in an answer is nobody's session.
func TestRenewalOfSomebodyElse(t *testing.T) {
	i := newIDP(t)
	d, b := newDoor(t, i), newBrowser(t)
	b.signIn(i, d)
	i.do(func() { i.now = i.now.Add(6 * time.Minute); i.claims["sub"] = "eva" })
	if s := b.session(d); s != nil {
		t.Errorf("the session of jan is %+v", s)
	}
}

// A browser asks for several things at once, and each refresh token is good once.
func TestRenewalsAtOnce(t *testing.T) {
	i := newIDP(t)
	d, b := newDoor(t, i), newBrowser(t)
	b.signIn(i, d)
	i.do(func() { i.now = i.now.Add(6 * time.Minute) })
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			w, r := httptest.NewRecorder(), httptest.NewRequest("GET", origin+"/dashboards", http.NoBody)
			r.AddCookie(b.cookies[sessionCookie])
			if _, err := d.Session(w, r); err != nil {
				t.Errorf("signed out: %v", err)
			}
		})
	}
	all.Wait()
	if i.refreshed != 1 {
		t.Errorf("renewed %d times", i.refreshed)
	}
}

// While the provider is away sessions go on, for half a day; nobody new is sent to it.
func TestTheProviderIsAway(t *testing.T) {
	i := newIDP(t)
	d, b := newDoor(t, i), newBrowser(t)
	b.signIn(i, d)
	i.do(func() { i.now = i.now.Add(6 * time.Hour); i.away = true })
	if s := b.session(d); s == nil || s.Subject != "jan" {
		t.Errorf("signed out: %+v", s)
	}
	newBrowser(t).visit("/sign-in", func(w http.ResponseWriter, r *http.Request) {
		if err := d.Begin(w, r, "", "", locale.NL); !errors.Is(err, web.ErrAway) {
			t.Errorf("begun: %v", err)
		}
	})
	b.visit("/sign-out", func(w http.ResponseWriter, r *http.Request) {
		if to := d.End(w, r); to != DonePath {
			t.Errorf("signed out to %q", to)
		}
	})
	b.signInAgain(i, d)
	i.do(func() { i.away = true; i.now = i.now.Add(lifetime) })
	if s := b.session(d); s != nil {
		t.Errorf("a session of yesterday goes on: %+v", s)
	}
}

func (b *browser) signInAgain(i *idp, d *Door) {
	b.t.Helper()
	i.do(func() { i.away = false; i.now = i.now.Add(pace) })
	b.signIn(i, d)
}

func TestTheProvidersKeysRotate(t *testing.T) {
	i := newIDP(t)
	d, b := newDoor(t, i), newBrowser(t)
	b.signIn(i, d)
	i.do(func() { i.now = i.now.Add(6 * time.Minute); i.kid++ })
	if s := b.session(d); s == nil {
		t.Error("signed out by a rotation of keys")
	}
	other := newBrowser(t)
	other.signIn(i, d)
}

// The keys of cookies rotate: an older one still opens, one that was dropped does not, and
// what was tampered with, or sealed for something else, never.
func TestCookiesAndTheirKeys(t *testing.T) {
	i := newIDP(t)
	one, two := link.Key{ID: "1", Secret: bytes.Repeat([]byte{1}, 32)}, link.Key{ID: "2", Secret: bytes.Repeat([]byte{2}, 32)}
	with := func(keys ...link.Key) *Door {
		k, err := NewKeys(keys...)
		if err != nil {
			t.Fatal(err)
		}
		return newDoor(t, i, func(c *Config) { c.Keys = k })
	}
	b := newBrowser(t)
	b.signIn(i, with(one))
	kept := *b.cookies[sessionCookie]
	if s := b.session(with(two, one)); s == nil {
		t.Error("a rotation signs people out")
	}
	if s := b.session(with(two)); s != nil || len(b.cookies) > 0 {
		t.Error("a key that was dropped still opens")
	}
	for name, value := range map[string]string{
		"cut": kept.Value[:len(kept.Value)-4], "changed": strings.Replace(kept.Value, kept.Value[40:44], "AAAA", 1), "empty": "", "no number": kept.Value[2:],
		"many": "9." + kept.Value[2:], "less": "0." + kept.Value[2:], "another key": "1.2" + kept.Value[3:],
	} {
		changed := kept
		changed.Value = value
		b.cookies[sessionCookie] = &changed
		if s := b.session(with(two, one)); s != nil {
			t.Errorf("%s: opens %+v", name, s)
		}
	}
	d := with(one)
	sealed, err := d.Keys.seal(flowPurpose, Session{Caller: web.Caller{Subject: "eva", Expires: i.now.Add(time.Hour)}, Ends: i.now.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	b.cookies[sessionCookie] = &http.Cookie{Name: sessionCookie, Path: "/", Value: "1." + sealed}
	if s := b.session(d); s != nil {
		t.Errorf("a sign-in opens as a session: %+v", s)
	}
}

// Tokens that are larger than a cookie are kept in several, and none of a longer one stays.
func TestLargeTokens(t *testing.T) {
	i := newIDP(t)
	d, b := newDoor(t, i), newBrowser(t)
	i.do(func() { i.claims["groups"] = strings.Repeat("x", 5000) })
	b.signIn(i, d)
	if n := len(b.cookies); n < 2 {
		t.Fatalf("%d cookies", n)
	}
	if s := b.session(d); s == nil || s.IDToken == "" {
		t.Fatalf("session %+v", s)
	}
	i.do(func() { i.now = i.now.Add(6 * time.Minute); delete(i.claims, "groups") })
	if s := b.session(d); s == nil || len(b.cookies) != 1 {
		t.Errorf("renewed to %+v in %d cookies", s, len(b.cookies))
	}
	i.do(func() { i.now = i.now.Add(6 * time.Minute); i.claims["groups"] = strings.Repeat("x", 50_000) })
	if s := b.session(d); s == nil || len(b.cookies) != 1 {
		t.Errorf("with an ID token that nothing holds: %+v in %d cookies", s, len(b.cookies))
	}
	many := make([]string, 3000)
	for n := range many {
		many[n] = fmt.Sprint("garage-", n)
	}
	i.do(func() { i.claims["garages"] = many })
	if _, err := newBrowser(t).finishWith(i, d); !errors.Is(err, ErrRefused) {
		t.Errorf("a session that nothing holds: %v", err)
	}
}

func (b *browser) finishWith(i *idp, d *Door) (string, error) {
	b.t.Helper()
	return b.finish(d, i.authorize(b.begin(d, "")))
}

func TestSignOut(t *testing.T) {
	i := newIDP(t)
	d, b := newDoor(t, i), newBrowser(t)
	b.signIn(i, d)
	id := b.session(d).IDToken
	b.visit("/sign-out", func(w http.ResponseWriter, r *http.Request) {
		want := i.server.URL + "/end?" + url.Values{"client_id": {"pitstop"}, "id_token_hint": {id}, "post_logout_redirect_uri": {origin + "/signed-out"}}.Encode()
		if got := d.End(w, r); got != want {
			t.Errorf("ends at %s, want %s", got, want)
		}
	})
	if s := b.session(d); s != nil || len(b.cookies) > 0 {
		t.Errorf("still %+v, %v", s, b.cookies)
	}
}

// Over TLS the cookies are of this very host.
func TestSecureCookies(t *testing.T) {
	i := newIDP(t)
	d, b := newDoor(t, i, func(c *Config) { c.Origin = "https://garage.example" }), newBrowser(t)
	b.signIn(i, d)
	c := b.cookies["__Host-pitstop_session"]
	if c == nil || !c.Secure || c.Path != "/" || c.Domain != "" {
		t.Errorf("cookies %v", b.cookies)
	}
}

func TestConfig(t *testing.T) {
	err := Config{Issuer: "idp", Origin: "https://garage.example/x", Claims: web.Claims{Roles: "/a~b"}}.Validate()
	for _, part := range []string{"(--oidc-issuer) is not", "has a path", "--oidc-client-id", "PITSTOP_SESSION_KEYS", "JSON pointer"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%v does not say %q", err, part)
		}
	}
}

// Where to go after signing in is chosen by whoever wrote the link.
func TestLocalPath(t *testing.T) {
	for next, want := range map[string]string{
		"":                              "/dashboards",
		"/dashboards":                   "/dashboards",
		"/dashboards/waiting?x=1":       "/dashboards/waiting?x=1",
		"https://evil.example/":         "/dashboards",
		"//evil.example/dashboards/":    "/dashboards",
		"/\\evil.example":               "/dashboards",
		"/dashboards/..//evil.example":  "/dashboards",
		"/dashboards/%2e%2e/v1":         "/dashboards",
		"/dashboards/..\\..":            "/dashboards",
		"/dashboards@evil.example":      "/dashboards",
		"/dashboards.evil.example":      "/dashboards",
		"javascript:alert(1)":           "/dashboards",
		"/v1/repairs":                   "/dashboards",
		"/sign-out":                     "/dashboards",
		"/dashboards/\r\nSet-Cookie: a": "/dashboards",
		"/dashboards/waiting#x":         "/dashboards",
		"/dashboards/waiting?a=\\b":     "/dashboards",
		"/dashboards/":                  "/dashboards",
	} {
		if got := LocalPath(next); got != want {
			t.Errorf("%q leads to %q, want %q", next, got, want)
		}
	}
}

// A browser that is sent there by this site stays on its pages for staff.
func FuzzLocalPath(f *testing.F) {
	f.Add("/dashboards/waiting?garage=noord&period=30")
	f.Add("/dashboards/%5c%5cevil.example")
	f.Add("/\t/evil.example")
	base, _ := url.Parse(origin + "/sign-in/callback")
	f.Fuzz(func(t *testing.T, next string) {
		got := LocalPath(next)
		if strings.ContainsAny(got, "\\#\r\n\t ") || strings.Contains(strings.SplitN(got, "?", 2)[0], ".") {
			t.Errorf("%q leads to %q", next, got)
		}
		to, err := base.Parse(got)
		if err != nil || to.Host != base.Host || to.Scheme != base.Scheme || to.Path != "/dashboards" && !strings.HasPrefix(to.Path, "/dashboards/") {
			t.Errorf("%q leads to %v, %v", next, to, err)
		}
		if LocalPath(got) != got {
			t.Errorf("%q leads to %q, and that elsewhere", next, got)
		}
	})
}
