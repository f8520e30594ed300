package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"pitstop/deploy/serve"
)

// opsRole returns the role that serves health, readiness and metrics.
func opsRole(l net.Listener, metrics *prometheus.Registry, roles []Role, log *slog.Logger) Role {
	var checked []Role
	for _, r := range roles {
		if r.check != nil {
			metrics.MustRegister(readiness(r))
			checked = append(checked, r)
		}
	}
	return Role{name: "metrics", run: func(ctx context.Context) error {
		return serve.Until(ctx, l, opsHandler(checked, metrics), log)
	}}
}

// opsHandler returns the handler of a listener that only operators reach: /healthz
// says that the process lives, /readyz whether its roles are ready and why not,
// /metrics serves their metrics. The checks of the roles must not take long.
func opsHandler(roles []Role, metrics prometheus.Gatherer) http.Handler {
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
		for _, role := range roles {
			r := result{Name: role.name, Ready: true}
			if err := role.check(time.Now()); err != nil {
				r.Ready, r.Reason = ready(err), err.Error()
				answer.Ready = answer.Ready && r.Ready
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

// warning is what is wrong with a role that is ready all the same.
type warning struct{ error }

// ready reports whether a role is ready, by what its check returned.
func ready(err error) bool { return err == nil || errors.As(err, new(warning)) }

// AskReady asks /readyz of another process, by the address on which it listens, whether it
// is ready, and copies the answer to out. Its error says that the process is not ready, or
// does not answer.
func AskReady(ctx context.Context, metricsAddr string, out io.Writer) (err error) {
	host, port, err := net.SplitHostPort(metricsAddr)
	if err != nil {
		return fmt.Errorf("where readiness is: %w", err)
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "localhost"
	}
	readyz := url.URL{Scheme: "http", Host: net.JoinHostPort(host, port), Path: "/readyz"}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, readyz.String(), nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("ask for readiness: %w", err)
	}
	defer func() { err = errors.Join(err, answer.Body.Close()) }()
	if _, err := io.Copy(out, io.LimitReader(answer.Body, 1<<20)); err != nil {
		return fmt.Errorf("read readiness: %w", err)
	}
	if answer.StatusCode != http.StatusOK {
		return errors.New("not ready")
	}
	return nil
}
