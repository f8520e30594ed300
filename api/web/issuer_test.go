package web

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/go-cmp/cmp"

	"pitstop/schemas/repair"
)

// begin is a Wednesday, 10:00 in Utrecht.
var begin = time.Date(2026, time.May, 20, 8, 0, 0, 0, time.UTC)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestLocalIssuer(t *testing.T) {
	now := begin
	clock := func() time.Time { return now }
	issuer, err := NewLocalIssuer(bytes.Repeat([]byte{1}, 32), clock)
	must(t, err)
	sam := Caller{Subject: "sam", Roles: []repair.Role{repair.Mechanic}, Garages: []string{"de-brug", "noord"}}
	token, err := issuer.Issue(sam, time.Hour)
	must(t, err)
	got, err := issuer.Authenticate(t.Context(), token)
	must(t, err)
	sam.Expires = now.Add(time.Hour)
	if diff := cmp.Diff(sam, got); diff != "" {
		t.Errorf("caller (-want +got):\n%s", diff)
	}
	same, err := NewLocalIssuer(bytes.Repeat([]byte{1}, 32), clock)
	must(t, err)
	if _, err := same.Authenticate(t.Context(), token); err != nil {
		t.Errorf("another process with the secret: %v", err)
	}
	other, err := NewLocalIssuer(bytes.Repeat([]byte{2}, 32), clock)
	must(t, err)
	if _, err := other.Authenticate(t.Context(), token); err == nil {
		t.Error("a token of another secret was taken")
	}
	now = begin.Add(time.Hour + time.Second)
	if _, err := issuer.Authenticate(t.Context(), token); err == nil || !strings.Contains(err.Error(), "expired") {
		t.Errorf("after its time: %v", err)
	}
	for name, c := range map[string]Caller{
		"no subject": {Roles: sam.Roles}, "no role": {Subject: "x"}, "a customer": {Subject: "x", Roles: []repair.Role{repair.Customer}},
	} {
		if _, err := issuer.Issue(c, time.Hour); err == nil {
			t.Errorf("%s: a token was issued", name)
		}
	}
	if _, err := NewLocalIssuer([]byte("short"), clock); err == nil {
		t.Error("a short secret was taken")
	}
}

func FuzzAuthenticate(f *testing.F) {
	issuer, err := NewLocalIssuer(bytes.Repeat([]byte{1}, 32), func() time.Time { return begin })
	if err != nil {
		f.Fatal(err)
	}
	caller := Caller{Subject: "sam", Roles: []repair.Role{repair.Mechanic}}
	token, err := issuer.Issue(caller, time.Hour)
	if err != nil {
		f.Fatal(err)
	}
	want, err := issuer.Authenticate(context.Background(), token)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(token)
	f.Add(token + "\n") // several texts are this token: white space and base64's last bits do not count
	f.Add("a.b.c")
	f.Add("eyJhbGciOiJub25lIn0.eyJzdWIiOiJzYW0ifQ.")
	f.Fuzz(func(t *testing.T, s string) {
		if got, err := issuer.Authenticate(context.Background(), s); err == nil && !cmp.Equal(got, want) {
			t.Errorf("took %q as %+v", s, got)
		}
	})
}

// provider starts an identity provider with one key.
func provider(t *testing.T) (url string, sign func(map[string]any) string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: key, KeyID: "1"}}, nil)
	must(t, err)
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"issuer": server.URL, "jwks_uri": server.URL + "/keys", "id_token_signing_alg_values_supported": []string{"RS256"}})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "1", Algorithm: "RS256", Use: "sig"}}})
	})
	return server.URL, func(claims map[string]any) string {
		token, err := jwt.Signed(signer).Claims(claims).Serialize()
		must(t, err)
		return token
	}
}

func TestOIDC(t *testing.T) {
	url, sign := provider(t)
	claims := func(change map[string]any) map[string]any {
		c := map[string]any{
			"iss": url, "sub": "sam", "aud": "pitstop", "exp": begin.Add(time.Hour).Unix(),
			"realm_access": map[string]any{"roles": []string{"mechanic", "offline_access"}}, "workshops": "de-brug noord",
		}
		for k, v := range change {
			c[k] = v
		}
		return c
	}
	clock := func() time.Time { return begin }
	config := OIDCConfig{Issuer: url, RolesClaim: "realm_access.roles", GaragesClaim: "workshops"}
	want := Caller{Subject: "sam", Roles: []repair.Role{repair.Mechanic}, Garages: []string{"de-brug", "noord"}, Expires: begin.Add(time.Hour)}
	for name, c := range map[string]OIDCConfig{"discovered": config, "keys given": {Issuer: url, JWKSURL: url + "/keys", RolesClaim: config.RolesClaim, GaragesClaim: config.GaragesClaim}} {
		t.Run(name, func(t *testing.T) {
			o, err := NewOIDC(c, clock)
			must(t, err)
			got, err := o.Authenticate(t.Context(), sign(claims(nil)))
			must(t, err)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("caller (-want +got):\n%s", diff)
			}
			for what, change := range map[string]map[string]any{
				"another audience": {"aud": "elsewhere"}, "another issuer": {"iss": "https://evil.example"},
				"expired": {"exp": begin.Add(-time.Minute).Unix()}, "nobody": {"sub": ""},
			} {
				if _, err := o.Authenticate(t.Context(), sign(claims(change))); err == nil {
					t.Errorf("%s: taken", what)
				}
			}
		})
	}
	away, err := NewOIDC(OIDCConfig{Issuer: "http://127.0.0.1:1"}, clock)
	must(t, err)
	if _, err := away.Authenticate(t.Context(), sign(claims(nil))); err == nil {
		t.Error("a provider that is away vouched for a token")
	}
}
