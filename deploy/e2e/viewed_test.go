package e2e

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"pitstop/deploy/e2e/customer"
)

// An open page retries to record a view that could not be written.
func TestAViewIsToldAgain(t *testing.T) {
	t.Parallel()
	s := tell(t, "seen", nil)
	s.Propose(nil)
	link, err := url.Parse(s.Mail.Link(t))
	if err != nil {
		t.Fatal(err)
	}
	api := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: link.Scheme, Host: link.Host})
	var told atomic.Int32
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/view") && told.Add(1) == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		api.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)

	customer.OpenOnPhone(t, front.URL+link.Path)
	s.Happens("QuoteViewed")
	if n := told.Load(); n != 2 {
		t.Errorf("the page told of it %d times", n)
	}
}
