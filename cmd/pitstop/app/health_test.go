package app

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

func TestOps(t *testing.T) {
	var broken error
	h := opsHandler([]Role{
		{name: "lifecycle", check: func(time.Time) error { return nil }},
		{name: "clickhouse", check: func(time.Time) error { return broken }},
	}, prometheus.NewRegistry())
	get := func(path string) (int, string) {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, path, nil))
		return rec.Code, rec.Body.String()
	}
	if code, _ := get("/healthz"); code != 200 {
		t.Errorf("healthz %d", code)
	}
	if code, body := get("/readyz"); code != 200 || body != `{"ready":true,"checks":[{"name":"lifecycle","ready":true},{"name":"clickhouse","ready":true}]}`+"\n" {
		t.Errorf("readyz %d %s", code, body)
	}
	broken = errors.New("stalled: connection refused")
	if code, body := get("/readyz"); code != 503 || !strings.Contains(body, `{"name":"clickhouse","ready":false,"reason":"stalled: connection refused"}`) {
		t.Errorf("readyz %d %s", code, body)
	}
	broken = warning{errors.New("the provider is away")} // ready all the same
	if code, body := get("/readyz"); code != 200 || !strings.Contains(body, `{"name":"clickhouse","ready":true,"reason":"the provider is away"}`) {
		t.Errorf("readyz %d %s", code, body)
	}
	if code, _ := get("/healthz"); code != 200 {
		t.Errorf("healthz %d", code)
	}
	if code, _ := get("/metrics"); code != 200 {
		t.Errorf("metrics %d", code)
	}
}
