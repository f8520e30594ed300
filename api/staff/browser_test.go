package staff_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"pitstop/api"
	"pitstop/api/apitest"
	"pitstop/deploy/browser"
	"pitstop/schemas/repair"
)

// The pages around the dashboards can be read and used by everybody: on a phone, with large
// text, in the dark, in both languages.
func TestBrowserPages(t *testing.T) {
	w, without := apitest.New(t), apitest.New(t, func(c *api.Config) { c.SignIn = nil })
	who, handler := "", w.API.Handler
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.SignedIn(r, who)
		handler.ServeHTTP(rw, r)
	}))
	t.Cleanup(server.Close)
	ctx := browser.Start(t)
	for _, page := range []struct {
		name, path, says string
		role             repair.Role
		garages          []string
		handler          http.Handler
	}{
		{"signed-out", "/signed-out", "uitgelogd", "", nil, w.API.Handler},
		{"away", "/sign-in?at=proxy", "Inloggen lukt nu niet", "", nil, w.API.Handler},
		{"lost", "/sign-in/callback?state=x&code=y", "verlopen", "", nil, w.API.Handler},
		{"not-set-up", "/sign-in", "niet ingesteld", "", nil, without.API.Handler},
		{"no-dashboard", "/dashboards", "geen dashboard", repair.Integrator, []string{"de-brug"}, w.API.Handler},
		{"not-yours", "/dashboards/waiting", "niet voor jou", repair.Mechanic, []string{"de-brug"}, w.API.Handler},
		{"no-garage", "/dashboards/waiting", "bij geen garage", repair.Manager, nil, w.API.Handler},
		{"other-garage", "/dashboards/waiting?garage=noord", "niet van jou", repair.Manager, []string{"de-brug"}, w.API.Handler},
	} {
		if handler, who = page.handler, ""; page.role != "" {
			who = w.Token("Jan de Vries", page.role, page.garages...)
		}
		for _, size := range []struct {
			name          string
			width, height int64
			text          int64
			scheme, lang  string
		}{{"phone-large-text", 320, 700, 200, "light", "nl"}, {"phone-dark", 390, 844, 100, "dark", "nl"}, {"desk-en", 1280, 900, 100, "light", "en"}} {
			_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: size.scheme}},
			})
			if err != nil {
				t.Fatal(err)
			}
			name, and := page.name+"-"+size.name, "?"
			if strings.Contains(page.path, "?") {
				and = "&"
			}
			browser.TextSize(t, ctx, size.text)
			browser.Open(t, ctx, size.width, size.height, server.URL+page.path+and+"lang="+size.lang)
			if head := browser.Value(t, ctx, chromedp.Text(chromedp.CSS("h1"))); size.lang == "nl" && !strings.Contains(head, page.says) {
				t.Errorf("%s says %q, not %q", name, head, page.says)
			}
			browser.Readable(t, ctx, name)
			browser.Accessible(t, ctx, name)
			if dir := os.Getenv("PITSTOP_SCREENSHOTS"); dir != "" {
				apitest.Must(t, os.WriteFile(filepath.Join(dir, name+".png"), browser.Picture(t, ctx), 0o600))
			}
		}
	}
}
