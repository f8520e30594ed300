package embedded

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"strings"

	"pitstop/deploy/serve"
)

// loopbackServer serves HTTP on loopback until it is stopped.
type loopbackServer struct {
	cancel context.CancelFunc
	done   chan error
}

func serveLoopback(l net.Listener, h http.Handler, log *slog.Logger) *loopbackServer {
	ctx, cancel := context.WithCancel(context.Background())
	s := &loopbackServer{cancel: cancel, done: make(chan error, 1)}
	go func() {
		err := serve.Until(ctx, l, localOnly(h), log)
		if ctx.Err() == nil {
			log.Error("embedded server ended", "address", l.Addr(), "error", err)
		}
		s.done <- err
	}()
	return s
}

// stop finishes the requests under way, for a few seconds.
func (s *loopbackServer) stop() error {
	s.cancel()
	return <-s.done
}

// localOnly rejects what a page from elsewhere makes this machine's browser
// request: by a host name of its own that resolves to 127.0.0.1 (DNS rebinding, which an
// address cannot do), or across origins.
func localOnly(h http.Handler) http.Handler {
	h = http.NewCrossOriginProtection().Handler(h)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		if host != "localhost" && net.ParseIP(strings.Trim(host, "[]")) == nil {
			http.Error(w, "this server answers only as localhost, or by its address", http.StatusForbidden)
			return
		}
		h.ServeHTTP(w, r)
	})
}
