package e2e

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"pitstop/deploy/browser"
	"pitstop/deploy/e2e/client"
	"pitstop/deploy/e2e/expect"
	"pitstop/deploy/e2e/garage"
	"pitstop/deploy/e2e/pitstop"
	"pitstop/deploy/embedded"
	"pitstop/deploy/keycloak"
)

// Staff sign in at Keycloak, in a browser, to an API as an operator runs it: they see
// what their roles and garages allow, also after an administrator has changed them; keys
// are rotated; the provider goes away and comes back; who signs out is gone at both.
func TestKeycloak_SignIn(t *testing.T) {
	if os.Getenv("PITSTOP_TEST_KEYCLOAK") == "" {
		t.Skip("make test-keycloak runs this, on Keycloak")
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	data, err := embedded.Open(filepath.Join(t.TempDir(), "keycloak"), log)
	must(err)
	t.Cleanup(func() { must(data.Close()) })
	port, err := data.Port("api")
	must(err)
	api := fmt.Sprintf("http://127.0.0.1:%d", port)
	server, err := keycloak.Start(t.Context(), data, keycloak.Options{Clients: []string{api}, Log: log})
	must(err)
	t.Cleanup(server.Kill)

	dir := t.TempDir()
	file := filepath.Join(dir, "garages.yaml")
	must(os.WriteFile(file, pitstop.GarageFile(pitstop.Garages("de-brug noord", "")...), 0o600))
	up := program.Up(t, filepath.Join(dir, "up"), "--garages", file)
	p, err := program.Launch("api", "--addr", strings.TrimPrefix(api, "http://"), "--metrics-addr", "127.0.0.1:0",
		"--kafka-brokers", up.Kafka, "--registry-url", up.Registry, "--clickhouse", up.ClickHouse, "--garages", file,
		"--link-keys", "1:"+base64.StdEncoding.EncodeToString(random(32)), "--command-secret", hex.EncodeToString(random(32)),
		"--session-keys", "1:"+base64.StdEncoding.EncodeToString(random(32)), "--public-url", api,
		"--oidc-issuer", server.Issuer, "--oidc-client-id", "pitstop", "--oidc-roles-claim", "resource_access.pitstop.roles")
	must(err)
	t.Cleanup(func() {
		p.Stop(os.Interrupt)
		if t.Failed() {
			t.Logf("what the API said at last:\n%s", p.Said.Tail())
		}
	})
	expect.Until(t, "the API answers", func() string {
		answer, err := client.HTTP.Get(api + "/openapi.json")
		if err != nil {
			return err.Error()
		}
		defer answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			return answer.Status
		}
		return ""
	})
	g := garage.New(t, up, "de-brug")
	g.Start(nil).Ask(nil)
	other := garage.New(t, up, "noord")
	other.Start(object{"vehicle": object{"plate": "GG-999-G", "country": "NL"}}).Ask(nil)

	const home = "/dashboards/waiting"
	d := newDesk(g, api)
	asks := func() {
		t.Helper()
		if at := d.at(); !strings.HasPrefix(at, server.URL) {
			t.Fatalf("it asks at %s: %s", at, d.text("body"))
		}
	}
	signIn := func(d *desk, name string) {
		t.Helper()
		d.open("/sign-in?next=" + url.QueryEscape(home))
		d.run(chromedp.SendKeys(chromedp.CSS("#username"), name), chromedp.SendKeys(chromedp.CSS("#password"), name))
		d.goes(chromedp.Click(chromedp.CSS("#kc-login")))
	}
	// until opens the page until it says what it should: tokens are good for some
	// seconds, and what they say holds as long.
	until := func(what string, says ...string) {
		t.Helper()
		expect.Until(t, what, func() string {
			d.open(home)
			text := d.text("body")
			for _, want := range says {
				if !strings.Contains(text, want) {
					return text
				}
			}
			return ""
		})
	}

	// renews opens the page until the session is another, and it is never refused.
	renews := func(when string) {
		t.Helper()
		before := d.cookie("pitstop_session")
		expect.Until(t, "the session is renewed "+when, func() string {
			d.open(home)
			if !d.shows("K-482-TR") {
				t.Fatalf("%s the page is %s: %s", when, d.at(), d.text("body"))
			}
			if d.cookie("pitstop_session") == before {
				return "it is the one of before"
			}
			return ""
		})
	}

	// Signing in, and the other garage.
	signIn(d, "manager")
	d.is(home, "Wachten")
	until("the open quote", "K-482-TR")
	if d.shows("GG-999-G") {
		t.Error("another garage's car is shown")
	}
	d.open(home + "?garage=noord")
	if d.shows("GG-999-G") || d.text("h1") == "Wachten" {
		t.Errorf("another garage's page says %s", d.text("body"))
	}

	// Keys are rotated: the session goes on, and others sign in.
	must(server.SetTokensFor(t.Context(), 5*time.Second))
	must(server.RotateKeys(t.Context()))
	second := newDesk(g, api)
	signIn(second, "baas")
	second.is(home, "Wachten")
	renews("with another key")

	// The provider is away: who is signed in stays so, others are told.
	must(server.Stop(t.Context()))
	expect.Until(t, "a session was to be renewed, and went on", func() string {
		d.open(home)
		if !d.shows("K-482-TR") {
			t.Fatalf("while the provider is away the page is %s: %s", d.at(), d.text("body"))
		}
		if !strings.Contains(p.Said.String(), `what="renew a session"`) {
			return "it has not been renewed"
		}
		return ""
	})
	stranger := newDesk(g, api)
	expect.Until(t, "a stranger is told that the provider is away", func() string {
		stranger.open("/sign-in")
		if text := stranger.text("body"); !strings.Contains(text, "Inloggen lukt nu niet") {
			return text
		}
		return ""
	})
	browser.Accessible(t, stranger.ctx, "the provider is away")
	must(server.Start(t.Context()))
	renews("when the provider is back")
	expect.Until(t, "others sign in again", func() string {
		stranger.open("/sign-in")
		if at := stranger.at(); !strings.HasPrefix(at, server.URL) {
			return at
		}
		return ""
	})

	// A role is taken away: the page ends with the next token.
	must(server.TakeRole(t.Context(), "manager", "manager"))
	until("without the role", "je hebt die rol niet")
	if d.shows("K-482-TR") {
		t.Error("the page is shown without the role")
	}

	// Signing out ends the session here and there.
	second.open(home)
	second.signOut()
	second.run(chromedp.NavigateBack())
	if second.shows("GG-999-G") {
		t.Errorf("back after signing out, %s shows what is private", second.at())
	}
	d = second
	d.open("/sign-in?next=" + url.QueryEscape(home))
	asks()
}
