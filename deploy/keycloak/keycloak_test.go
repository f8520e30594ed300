package keycloak

import (
	"flag"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"golang.org/x/oauth2"

	"pitstop/deploy/embedded"
)

var update = flag.Bool("update", false, "fetch what pom.xml names and write its digests")

func TestArtifacts(t *testing.T) {
	if !*update {
		t.Skip("with -update, this writes artifacts.sha256")
	}
	sums, err := pinned.Sums(t.Context(), t.TempDir())
	if err == nil {
		err = os.WriteFile("artifacts.sha256", []byte(sums), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

var action = regexp.MustCompile(`action="([^"]+)"`)

// The realm is what Pitstop's documentation says of Keycloak: the claims are where it
// looks for them, for people who sign in with a password, also after a restart.
func TestKeycloak_SignIn(t *testing.T) {
	if os.Getenv("PITSTOP_TEST_KEYCLOAK") == "" {
		t.Skip("make test-keycloak runs this, on Keycloak")
	}
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	data, err := embedded.Open(t.TempDir(), log)
	if err != nil {
		t.Fatal(err)
	}
	defer data.Close()
	client := httptest.NewServer(http.NotFoundHandler())
	defer client.Close()
	s, err := Start(t.Context(), data, Options{Clients: []string{client.URL}, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Kill()
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}

	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar}
	provider, err := oidc.NewProvider(t.Context(), s.Issuer)
	if err != nil {
		t.Fatal(err)
	}
	config := oauth2.Config{ClientID: "pitstop", Endpoint: provider.Endpoint(), RedirectURL: client.URL + "/sign-in/callback", Scopes: []string{"openid", "profile"}}
	verifier := oauth2.GenerateVerifier()
	answer, err := browser.Get(config.AuthCodeURL("s", oauth2.S256ChallengeOption(verifier)))
	if err != nil {
		t.Fatal(err)
	}
	page, err := io.ReadAll(answer.Body)
	answer.Body.Close()
	form := action.FindSubmatch(page)
	if err != nil || form == nil {
		t.Fatalf("its page: %v, %s", err, page)
	}
	answer, err = browser.PostForm(html.UnescapeString(string(form[1])), url.Values{"username": {"sam"}, "password": {"sam"}})
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	token, err := config.Exchange(t.Context(), answer.Request.URL.Query().Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		t.Fatalf("at %s: %v", answer.Request.URL, err)
	}
	if got, want := claims(t, provider, token), "sam, Sam de Jong, [de-brug], [mechanic]"; got != want {
		t.Errorf("claims %s, want %s", got, want)
	}

	// What an administrator does shows in the next token.
	for what, err := range map[string]error{
		"take a role away": s.TakeRole(t.Context(), "sam", "mechanic"),
		"set the garages":  s.SetGarages(t.Context(), "sam", "noord", "de-brug"),
		"set the lifespan": s.SetTokensFor(t.Context(), 7*time.Second),
		"rotate the keys":  s.RotateKeys(t.Context()),
	} {
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	before := token.AccessToken
	if token, err = config.TokenSource(t.Context(), &oauth2.Token{RefreshToken: token.RefreshToken}).Token(); err != nil {
		t.Fatal(err)
	}
	if got, want := claims(t, provider, token), "sam, Sam de Jong, [noord de-brug], []"; got != want {
		t.Errorf("renewed: claims %s, want %s", got, want)
	}
	if token.ExpiresIn != 7 || keyOf(t, token.AccessToken) == keyOf(t, before) {
		t.Errorf("renewed: good for %d seconds, signed with %s, before with %s", token.ExpiresIn, keyOf(t, token.AccessToken), keyOf(t, before))
	}
}

// claims returns what Pitstop reads of an ID token.
func claims(t *testing.T, provider *oidc.Provider, token *oauth2.Token) string {
	t.Helper()
	raw, _ := token.Extra("id_token").(string)
	id, err := provider.Verifier(&oidc.Config{ClientID: "pitstop"}).Verify(t.Context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	var c struct {
		Username  string   `json:"preferred_username"`
		Name      string   `json:"name"`
		Garages   []string `json:"garages"`
		Resources map[string]struct {
			Roles []string `json:"roles"`
		} `json:"resource_access"`
	}
	if err := id.Claims(&c); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%s, %s, %v, %v", c.Username, c.Name, c.Garages, c.Resources["pitstop"].Roles)
}

// keyOf returns the name of the key that a token is signed with.
func keyOf(t *testing.T, token string) string {
	t.Helper()
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		t.Fatal(err)
	}
	return signed.Signatures[0].Header.KeyID
}
