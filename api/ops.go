package api

import (
	"encoding/json"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Check is one condition of readiness.
type Check struct {
	Name string
	// Ready gives the reason it is not, nil when it is. It must not take long.
	Ready func() error
}

// Ops gives the handler of a listener that only operators reach: /healthz says
// that the process lives, /readyz whether it gets on and why not, /metrics what
// it counted.
func Ops(checks []Check, metrics prometheus.Gatherer) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte("ok\n"))
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		type result struct {
			Name   string `json:"name"`
			Ready  bool   `json:"ready"`
			Reason string `json:"reason,omitempty"`
		}
		answer := struct {
			Ready  bool     `json:"ready"`
			Checks []result `json:"checks"`
		}{Ready: true, Checks: []result{}}
		for _, c := range checks {
			r := result{Name: c.Name, Ready: true}
			if err := c.Ready(); err != nil {
				r.Ready, r.Reason, answer.Ready = false, err.Error(), false
			}
			answer.Checks = append(answer.Checks, r)
		}
		w.Header().Set("Content-Type", "application/json")
		if !answer.Ready {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_ = json.NewEncoder(w).Encode(answer) // the client is gone: nobody to tell
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(metrics, promhttp.HandlerOpts{}))
	return mux
}
