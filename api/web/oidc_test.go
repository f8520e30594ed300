package web

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/go-cmp/cmp"

	"pitstop/schemas/repair"
)

const issuerURL = "https://login.example"

// idp is an identity provider without a network.
type idp struct {
	mu      sync.Mutex
	keys    map[string]ed25519.PrivateKey // by their ids
	hangs   bool
	status  int
	lookUps int // times that it was asked for its keys
}

func (p *idp) set(change func(*idp)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(p)
}

func (p *idp) asked() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lookUps
}

// rotate replaces its keys.
func (p *idp) rotate(ids ...string) {
	p.set(func(p *idp) {
		p.keys = make(map[string]ed25519.PrivateKey)
		for _, id := range ids {
			p.keys[id] = keyOf(id)
		}
	})
}

func keyOf(id string) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed([]byte(fmt.Sprintf("%-32s", id)))
}

func (p *idp) RoundTrip(r *http.Request) (*http.Response, error) {
	p.mu.Lock()
	hangs, status := p.hangs, p.status
	body := map[string]any{"issuer": issuerURL, "jwks_uri": issuerURL + "/keys"}
	if r.URL.Path == "/keys" {
		set := []any{map[string]any{"kty": "of the future", "kid": "x"}} // keys of other kinds do no harm
		for id, key := range p.keys {
			set = append(set, jose.JSONWebKey{Key: key.Public(), KeyID: id, Algorithm: "EdDSA", Use: "sig"})
		}
		body = map[string]any{"keys": set}
	} else {
		p.lookUps++
	}
	p.mu.Unlock()
	if hangs {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	text, err := json.Marshal(body)
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status), Body: io.NopCloser(bytes.NewReader(text)),
		Header: http.Header{"Content-Type": {"application/json"}}, Request: r,
	}, err
}

// token returns a token of sam, signed with the key of an id; kid is what its header
// says.
func token(t *testing.T, key, kid string, change map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: jose.JSONWebKey{Key: keyOf(key), KeyID: kid}}, nil)
	must(t, err)
	claims := map[string]any{
		"iss": issuerURL, "sub": "sam", "aud": "pitstop", "exp": time.Now().Add(24 * time.Hour).Unix(),
		"realm_access": map[string]any{"roles": []string{"mechanic", "offline_access"}}, "workshops": "de-brug noord",
	}
	for k, v := range change {
		claims[k] = v
	}
	text, err := jwt.Signed(signer).Claims(claims).Serialize()
	must(t, err)
	return text
}

// withProvider runs a test with a provider that has the key "1", on a clock of its own.
func withProvider(t *testing.T, hangs bool, test func(t *testing.T, p *idp, o *OIDC)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := &idp{status: http.StatusOK, hangs: hangs}
		p.rotate("1")
		o, err := NewOIDC(OIDCConfig{Issuer: issuerURL, Claims: Claims{Roles: "realm_access.roles", Garages: "workshops"}}, time.Now)
		must(t, err)
		o.client.Transport = p
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			o.Run(ctx)
		}()
		if !hangs {
			synctest.Wait()
		}
		test(t, p, o)
		stop()
		<-ended
	})
}

// sees checks what becomes of a token, and that it takes no longer than it may.
func (o *OIDC) sees(t *testing.T, token string, want error, within time.Duration) {
	t.Helper()
	began := time.Now()
	caller, err := o.Authenticate(t.Context(), token)
	switch {
	case want == nil && (err != nil || caller.Subject != "sam"):
		t.Errorf("a good token: %v", err)
	case errors.Is(want, ErrAway) != errors.Is(err, ErrAway), want != nil && err == nil:
		t.Errorf("%v, want %v", err, want)
	}
	if took := time.Since(began); took > within {
		t.Errorf("it took %s", took)
	}
}

var errInvalid = errors.New("the token is not valid here")

func TestOIDC(t *testing.T) {
	withProvider(t, false, func(t *testing.T, _ *idp, o *OIDC) {
		got, err := o.Authenticate(t.Context(), token(t, "1", "1", nil))
		must(t, err)
		want := Caller{Subject: "sam", Roles: []repair.Role{repair.Mechanic}, Garages: []string{"de-brug", "noord"}, Expires: time.Now().Add(24 * time.Hour).Truncate(time.Second)}
		if diff := cmp.Diff(want, got, cmp.Comparer(time.Time.Equal)); diff != "" {
			t.Errorf("caller (-want +got):\n%s", diff)
		}
		o.sees(t, token(t, "1", "", nil), nil, 0) // without the key's id
		for what, change := range map[string]map[string]any{
			"another audience": {"aud": "elsewhere"}, "another issuer": {"iss": "https://evil.example"},
			"expired": {"exp": time.Now().Add(-time.Minute).Unix()}, "nobody": {"sub": ""},
		} {
			if _, err := o.Authenticate(t.Context(), token(t, "1", "1", change)); err == nil || errors.Is(err, ErrAway) {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
}

// A provider that hangs holds up only tokens whose key nobody knows, and those not for
// long; it is asked again, and found when it is back.
func TestAProviderThatHangs(t *testing.T) {
	withProvider(t, true, func(t *testing.T, p *idp, o *OIDC) {
		good := token(t, "1", "1", nil)
		o.sees(t, good, ErrAway, patience)
		if usable, err := o.Check(); usable || err == nil {
			t.Errorf("ready without keys: %v", err)
		}
		time.Sleep(time.Minute)
		if usable, err := o.Check(); usable || err == nil || !strings.Contains(err.Error(), "identity provider") {
			t.Errorf("ready without keys: %v", err)
		}
		p.set(func(p *idp) { p.hangs = false })
		time.Sleep(pace + lookUpTimeout)
		o.sees(t, good, nil, 0)
		if usable, err := o.Check(); !usable || err != nil {
			t.Errorf("not ready: %v", err)
		}
		p.set(func(p *idp) { p.hangs = true })
		time.Sleep(2 * refreshAfter)
		o.sees(t, good, nil, 0)
		o.sees(t, token(t, "2", "2", nil), ErrAway, patience)
		o.sees(t, token(t, "2", "1", nil), errInvalid, 0)
		if usable, err := o.Check(); !usable || err == nil || !strings.Contains(err.Error(), "keys of before") {
			t.Errorf("usable: %t, %v", usable, err)
		}
	})
}

// Keys are kept while the provider answers nothing better.
func TestAProviderThatFails(t *testing.T) {
	withProvider(t, false, func(t *testing.T, p *idp, o *OIDC) {
		good, unknown := token(t, "1", "1", nil), token(t, "2", "2", nil)
		p.set(func(p *idp) { p.status = http.StatusInternalServerError })
		for range 20 {
			time.Sleep(time.Minute)
			o.sees(t, good, nil, 0)
			o.sees(t, unknown, ErrAway, patience) // never that it is not valid
		}
		p.set(func(p *idp) { p.status, p.keys = http.StatusOK, nil }) // an answer without keys is none
		time.Sleep(time.Minute)
		o.sees(t, good, nil, 0)
		if usable, err := o.Check(); !usable || err == nil {
			t.Errorf("usable: %t, %v", usable, err)
		}
		p.rotate("1", "2")
		time.Sleep(pace)
		o.sees(t, unknown, nil, patience)
	})
}

// Keys that the provider has not confirmed for a day are no longer trusted: it may have
// taken them back. Until it is back nobody knows what a token is worth.
func TestKeysOfAProviderThatIsAwayGrowOld(t *testing.T) {
	withProvider(t, false, func(t *testing.T, p *idp, o *OIDC) {
		good := token(t, "1", "1", map[string]any{"exp": time.Now().Add(72 * time.Hour).Unix()})
		p.set(func(p *idp) { p.hangs = true })
		time.Sleep(trustedFor)
		o.sees(t, good, nil, 0)
		if usable, err := o.Check(); !usable || err == nil {
			t.Errorf("after a day: usable %t, %v", usable, err)
		}
		time.Sleep(time.Second)
		o.sees(t, good, ErrAway, patience)
		o.sees(t, token(t, "1", "", nil), ErrAway, patience)
		if usable, err := o.Check(); usable || err == nil || !strings.Contains(err.Error(), "no longer trusted") {
			t.Errorf("after more than a day: usable %t, %v", usable, err)
		}
		p.set(func(p *idp) { p.hangs = false })
		time.Sleep(pace + lookUpTimeout)
		o.sees(t, good, nil, 0)
	})
}

// A new key is taken at once, and one that the provider took back is not.
func TestAProviderThatRotatesItsKeys(t *testing.T) {
	withProvider(t, false, func(t *testing.T, p *idp, o *OIDC) {
		before, after := token(t, "1", "1", nil), token(t, "2", "2", nil)
		o.sees(t, before, nil, 0)
		p.rotate("2")
		time.Sleep(pace)
		o.sees(t, after, nil, 0)
		o.sees(t, before, errInvalid, patience)
		p.rotate("3")
		time.Sleep(refreshAfter)
		synctest.Wait()
		asked := p.asked()
		o.sees(t, token(t, "3", "3", nil), nil, 0) // known before anybody showed it
		if p.asked() != asked {
			t.Error("keys are not refreshed in the background")
		}
	})
}

// Whatever is shown, the provider is asked once in ten seconds, and who has a good
// token notices nothing.
func TestAFloodOfForgedTokens(t *testing.T) {
	withProvider(t, false, func(t *testing.T, p *idp, o *OIDC) {
		good := token(t, "1", "1", nil)
		for n := range 60 {
			var flood sync.WaitGroup
			for m := range 20 {
				flood.Go(func() { o.sees(t, token(t, "evil", fmt.Sprint(n, m), nil), errInvalid, patience) })
				flood.Go(func() { o.sees(t, token(t, "evil", "", nil), errInvalid, patience) })
				flood.Go(func() { o.sees(t, good, nil, 0) })
			}
			flood.Wait()
			time.Sleep(time.Second)
		}
		if asked := p.asked(); asked > 1+60/10 {
			t.Errorf("it was asked %d times in a minute", asked)
		}
		time.Sleep(pace)
		asked := p.asked()
		for range 100 {
			o.sees(t, token(t, "evil", "1", nil), errInvalid, 0)
		}
		if p.asked() != asked {
			t.Error("a forged token with a known key's id causes a look-up")
		}
	})
}

func TestClaims(t *testing.T) {
	var all map[string]any
	must(t, json.Unmarshal([]byte(`{
		"roles": ["mechanic", 7, "manager"], "scope": "mechanic manager",
		"realm_access": {"roles": ["realm"]},
		"resource_access": {"pitstop": {"roles": ["client"]}, "pitstop.web": {"roles": ["dotted"]}, "a/b~c": {"roles": ["escaped"]}},
		"https://pitstop.example/roles": ["url"],
		"a.b": ["literal"], "a": {"b": ["nested"]},
		"/odd": ["odd"]
	}`), &all))
	for c, want := range map[claim]string{
		"roles": "mechanic manager", "scope": "mechanic manager",
		"realm_access.roles":                 "realm",
		"resource_access.pitstop.roles":      "client",
		"https://pitstop.example/roles":      "url",
		"a.b":                                "literal",
		"/a/b":                               "nested",
		"/resource_access/pitstop.web/roles": "dotted",
		"/resource_access/a~1b~0c/roles":     "escaped",
		"/https:~1~1pitstop.example~1roles":  "url",
		"/~1odd":                             "odd",
		`resource_access.pitstop\.web.roles`: "dotted",
		"resource_access.pitstop.web.roles":  "", "nothing": "", "roles.0": "", "/": "", "realm_access": "",
	} {
		if got := strings.Join(c.words(all), " "); got != want {
			t.Errorf("%s: %q, want %q", c, got, want)
		}
	}
	for _, c := range []string{"/a~b", "/a~", "/~2"} {
		if _, err := NewOIDC(OIDCConfig{Issuer: issuerURL, Claims: Claims{Roles: c}}, time.Now); err == nil {
			t.Errorf("%s was taken for a pointer", c)
		}
	}
}

// A URL of the provider that is not one is refused by its flag, without the URL: it may hold
// a password.
func TestOIDCConfig(t *testing.T) {
	const issuer = "https://idp.example/realms/garage"
	for name, c := range map[string]struct {
		issuer, jwks string
		want         string // empty: it is taken
	}{
		"an issuer":           {issuer, "", ""},
		"and where keys are":  {issuer, "http://idp:8080/keys", ""},
		"no issuer":           {"", "", "no identity provider of the staff: give --oidc-issuer URL"},
		"keys of nobody":      {"", "http://idp:8080/keys", "no identity provider of the staff: give --oidc-issuer URL"},
		"no scheme":           {"idp.example", "", `--oidc-issuer "idp.example" is not an http or https URL`},
		"another scheme":      {"ldap://me:secret@idp.example", "", "--oidc-issuer \"…\" is not an http or https URL"},
		"no host":             {"https:///realm", "", `--oidc-issuer "https:///realm" is not an http or https URL`},
		"no URL":              {"https://me:secret@idp.example:port", "", "--oidc-issuer \"…\" is not an http or https URL"},
		"keys without a host": {issuer, "https:keys", `--oidc-jwks-url "https:keys" is not an http or https URL`},
		"both": {
			"me:secret@idp.example", "ftp://me:secret@idp.example",
			"--oidc-issuer \"…\" is not an http or https URL\n--oidc-jwks-url \"…\" is not an http or https URL",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := ""
			if _, err := NewOIDC(OIDCConfig{Issuer: c.issuer, JWKSURL: c.jwks}, time.Now); err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("it says %q, want %q", got, c.want)
			}
		})
	}
}
