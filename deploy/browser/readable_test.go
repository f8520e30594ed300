package browser

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// What Readable and Accessible are for is found, and a page that is well is left alone.
func TestWhatCannotBeReadIsFound(t *testing.T) {
	served := func(body string) string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
			_, _ = w.Write([]byte(`<!doctype html><html lang="nl"><meta name="viewport" content="width=device-width"><title>Klaar</title><body><main><h1>Klaar</h1>` + body + `</main>`))
		}))
		t.Cleanup(server.Close)
		return server.URL
	}
	ctx := Start(t)
	for name, c := range map[string]struct {
		body  string
		check func(testing.TB, context.Context, string)
		want  string // in what it says; empty: nothing
	}{
		"well":            {`<p>Uw auto is klaar. https://garage.example/` + strings.Repeat("x", 90) + `</p><style>p { overflow-wrap: anywhere }</style>`, Readable, ""},
		"sideways":        {`<p style="width:30em">Uw auto is klaar</p>`, Readable, "the page is 968 wide in a window of 320"},
		"a letter a line": {`<p style="width:1ch;overflow-wrap:anywhere">auto</p>`, Readable, "the word auto is broken over 4 lines"},
		"accessible":      {`<p>Uw auto is klaar</p><label>Naam <input></label>`, Accessible, ""},
		"no label":        {`<input>`, Accessible, "label"},
		"no contrast":     {`<p style="color:#aaa">Uw auto is klaar</p>`, Accessible, "color-contrast"},
	} {
		t.Run(name, func(t *testing.T) {
			TextSize(t, ctx, 200)
			said := &said{TB: t}
			address := served(c.body)
			Open(said, ctx, 320, 600, address)
			said.errors = nil // Open says of a page that it is too wide, too
			c.check(said, ctx, name)
			if got := strings.Join(said.errors, "\n"); (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
				t.Errorf("it says %q, want %q", got, c.want)
			}
		})
	}
}

// said is a test that keeps what is wrong to itself.
type said struct {
	testing.TB
	errors []string
}

func (s *said) Errorf(format string, args ...any) {
	s.errors = append(s.errors, fmt.Sprintf(format, args...))
}
