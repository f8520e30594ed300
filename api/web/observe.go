package web

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/propagation"
)

// Observe returns middleware that measures and logs requests by their route's pattern:
// the path of a customer's page is a credential, and labels must stay few.
func Observe(metrics prometheus.Registerer, log *slog.Logger) (func(http.Handler) http.Handler, error) {
	seconds := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "pitstop_http_request_duration_seconds", Help: "How long requests took.",
		Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
	}, []string{"method", "route", "status"})
	seconds, err := Registered(metrics, seconds)
	if err != nil {
		return nil, err
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			began := time.Now() //nolint:forbidigo // a stopwatch, not the time of anything
			ww := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
			// What the request causes belongs to the caller's trace.
			ctx := propagation.TraceContext{}.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
			next.ServeHTTP(ww, r.WithContext(ctx))
			took := time.Since(began)
			pattern := chi.RouteContext(ctx).RoutePattern()
			if pattern == "" {
				pattern = "none"
			}
			seconds.WithLabelValues(method(r), pattern, strconv.Itoa(ww.Status())).Observe(took.Seconds())
			log.DebugContext(ctx, "served a request", "method", r.Method, "route", pattern,
				"status", ww.Status(), "bytes", ww.BytesWritten(), "took", took)
		})
	}, nil
}

// Registered registers a collector, or returns the same of the API before a restart in
// this process.
func Registered[C prometheus.Collector](metrics prometheus.Registerer, c C) (C, error) {
	err := metrics.Register(c)
	if known := new(prometheus.AlreadyRegisteredError); errors.As(err, known) {
		return known.ExistingCollector.(C), nil //nolint:forcetypeassert // of one name and one kind
	}
	if err != nil {
		return c, fmt.Errorf("register metrics: %w", err)
	}
	return c, nil
}

// method keeps made-up methods out of the labels.
func method(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete, http.MethodHead, http.MethodOptions:
		return r.Method
	}
	return "other"
}

// Recover returns middleware that answers for a handler that panicked.
func Recover(log *slog.Logger) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer func() { //nolint:contextcheck // it has the request's
				if p := recover(); p != nil && p != http.ErrAbortHandler { //nolint:errorlint // as net/http compares it
					log.ErrorContext(r.Context(), "a handler panicked", "panic", p, "stack", string(debug.Stack()))
					NewProblem(CodeInternal, "").Write(w)
				} else if p != nil {
					panic(p)
				}
			}()
			next.ServeHTTP(w, r)
		})
	}
}
