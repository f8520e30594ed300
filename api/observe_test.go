package api_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"pitstop/api"
	"pitstop/api/apitest"
	"pitstop/schemas/link"
	"pitstop/schemas/repair"
)

// Requests are counted by route: a customer's link is in no label.
func TestMetricsHoldNoLinks(t *testing.T) {
	registry := prometheus.NewRegistry()
	w := apitest.New(t, func(c *api.Config) { c.Metrics = registry })
	page := w.Link(w.Quoted(), link.Approver)
	w.Get(page)
	w.Call(w.Token("sam", repair.Mechanic, "de-brug"), "BREW", "/v1/repairs", "")
	w.Call("", "GET", "/wp-login.php", "")
	text := scrape(registry)
	if strings.Contains(text, strings.TrimPrefix(page, "/c/")) || strings.Contains(text, "wp-login") || strings.Contains(text, "BREW") {
		t.Errorf("metrics hold what callers sent:\n%s", text)
	}
	for _, want := range []string{`method="GET",route="/c/{token}`, `method="POST",route="/v1/repairs",status="201"`, `route="none",status="404"`} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
}

func scrape(registry *prometheus.Registry) string {
	rec := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	return rec.Body.String()
}

// An API that is restarted in the same process continues its counters.
func TestMetricsOverARestart(t *testing.T) {
	metrics := prometheus.NewRegistry()
	for range 2 {
		w := apitest.New(t, func(c *api.Config) { c.Metrics = metrics })
		w.API.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/nowhere", nil))
	}
	if text := scrape(metrics); !strings.Contains(text, `pitstop_http_request_duration_seconds_count{method="GET",route="none",status="404"} 2`) {
		t.Errorf("counted\n%s", text)
	}
}
