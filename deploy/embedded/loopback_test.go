package embedded

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// ask has h answer a request as from a program on this machine.
func ask(h http.Handler, method, target, body string) (int, string) {
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, httptest.NewRequest(method, target, strings.NewReader(body)))
	return answer.Code, answer.Body.String()
}

func TestOnlyThisMachineIsAnswered(t *testing.T) {
	h := localOnly(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "yes") }))
	for _, c := range []struct {
		method, host, origin string
		code                 int
	}{
		{"GET", "127.0.0.1:8081", "", http.StatusOK},
		{"GET", "localhost", "", http.StatusOK},
		{"GET", "[::1]:8081", "", http.StatusOK},
		{"GET", "[::1]", "", http.StatusOK},
		{"GET", "192.168.1.5:8081", "", http.StatusOK},
		{"GET", "127.0.0.1.rebound.example:8081", "", http.StatusForbidden},
		{"POST", "localhost:8081", "http://localhost:8081", http.StatusOK},
		{"GET", "rebound.example:8081", "", http.StatusForbidden}, // a name that points to 127.0.0.1
		{"GET", "", "", http.StatusForbidden},
		{"POST", "127.0.0.1:8081", "https://elsewhere.example", http.StatusForbidden},
	} {
		r := httptest.NewRequest(c.method, "/", nil)
		r.Host = c.host
		if c.origin != "" {
			r.Header.Set("Origin", c.origin)
		}
		answer := httptest.NewRecorder()
		h.ServeHTTP(answer, r)
		if answer.Code != c.code {
			t.Errorf("%s to %q from %q: %d, want %d", c.method, c.host, c.origin, answer.Code, c.code)
		}
	}
}
