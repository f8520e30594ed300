package identity

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"golang.org/x/oauth2"

	"pitstop/deploy/browser"
	"pitstop/schemas/garage"
)

// Everybody can read the page and sign in from it: on a phone and on a desktop, with
// large text, light and dark, in both languages, with two garages and with twenty.
func TestThePageInABrowser(t *testing.T) {
	few, many := newRig(t, string(garage.Sample)), newRig(t, manyGarages(20))
	ctx := browser.Start(t)
	if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name          string
		rig           *rig
		query         string
		width         int64
		text          int64 // percent
		scheme, langs string
	}{
		{"few-320-nl-light", few, "", 320, 100, "light", "nl"},
		{"few-320-nl-200", few, "", 320, 200, "light", "nl"},
		{"few-1280-en-dark", few, "", 1280, 100, "dark", "en"},
		{"many-390-nl-dark", many, "", 390, 100, "dark", "nl"},
		{"many-390-en-150", many, "", 390, 150, "light", "en"},
		{"many-320-nl-200", many, "", 320, 200, "dark", "nl"},
		{"many-1280-en-light", many, "", 1280, 100, "light", "en"},
		{"found-390-nl-light", many, "&q=stad+17", 390, 100, "light", "nl"},
		{"nobody-320-nl-dark", many, "&q=Hottentottententententoonstelling", 320, 100, "dark", "nl"},
		{"expired-390-nl-light", few, "x", 390, 100, "light", "nl"},
		{"expired-320-en-dark", few, "x", 320, 200, "dark", "en"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := httptest.NewServer(c.rig.handler)
			defer server.Close()
			browser.TextSize(t, ctx, c.text)
			if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: c.scheme}},
			}); err != nil {
				t.Fatal(err)
			}
			if _, err := chromedp.Call(ctx, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{
				Headers: network.Headers{"Accept-Language": c.langs},
			}); err != nil {
				t.Fatal(err)
			}
			browser.Open(t, ctx, c.width, 800, server.URL+c.rig.begin("v")+c.query)
			browser.Readable(t, ctx, c.name)
			browser.Accessible(t, ctx, c.name)
			if dir := os.Getenv("PITSTOP_SCREENSHOTS"); dir != "" {
				if err := os.WriteFile(filepath.Join(dir, "sign-in-"+c.name+".png"), browser.Value(t, ctx, chromedp.CaptureScreenshot()), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// With the keyboard alone: the first stop is the first person, Enter picks them, and the
// browser is sent back to the client with a code.
func TestSigningInWithTheKeyboard(t *testing.T) {
	got := make(chan string, 1)
	client := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == CallbackPath {
			got <- r.URL.Query().Get("code")
		}
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<!doctype html><title>back</title>")
	}))
	defer client.Close()
	r := newRig(t, string(garage.Sample))
	r.origins = []string{client.URL}
	r.start()
	server := httptest.NewServer(r.handler)
	defer server.Close()
	ctx := browser.Start(t)
	verifier := oauth2.GenerateVerifier()
	browser.Open(t, ctx, 390, 800, server.URL+r.begin(verifier))
	for _, key := range []string{"\t", "\t", "\t"} { // the manager of all, the garage, its first mechanic
		if err := chromedp.Do(ctx, chromedp.KeyEvent(key)); err != nil {
			t.Fatal(err)
		}
	}
	if at := browser.Value(t, ctx, chromedp.Evaluate[string]("document.activeElement.value")); at != "de-brug/sam" {
		t.Errorf("the focus is on %q", at)
	}
	if err := chromedp.Do(ctx, chromedp.KeyEvent("\r")); err != nil {
		t.Fatal(err)
	}
	select {
	case code := <-got:
		token, err := r.oauth.Exchange(r.ctx, code, oauth2.VerifierOption(verifier))
		if err != nil {
			t.Fatal(err)
		}
		if _, c := r.verify(token); c.Sub != "de-brug/sam" {
			t.Errorf("signed in as %s", c.Sub)
		}
	case <-ctx.Done():
		t.Fatal("the browser was not sent back: a page's policy may hold the form's redirect up")
	}
}

// manyGarages returns a garage file like the sample's first garage, n times.
func manyGarages(n int) string {
	one, _, _ := strings.Cut(string(garage.Sample), "\n  - id: noord")
	head, profile, _ := strings.Cut(one, "garages:\n")
	var file strings.Builder
	file.WriteString(head + "garages:\n")
	for i := range n {
		file.WriteString(strings.NewReplacer("id: de-brug", fmt.Sprintf("id: g%d", i), "Garage De Brug", fmt.Sprintf("Garage <%d>", i), "Utrecht", fmt.Sprintf("Stad %d", i)).Replace(profile) + "\n")
	}
	return file.String()
}
