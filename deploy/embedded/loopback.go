package embedded

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// loopbackServer serves HTTP on loopback until it is stopped.
type loopbackServer struct {
	http *http.Server
	done chan struct{}
}

func serveLoopback(l net.Listener, h http.Handler, log *slog.Logger) *loopbackServer {
	s := &loopbackServer{
		http: &http.Server{
			Handler:           localOnly(h),
			ReadHeaderTimeout: 10 * time.Second,
			ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		},
		done: make(chan struct{}),
	}
	go func() {
		defer close(s.done)
		if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			log.Error("embedded server ended", "address", l.Addr(), "error", err)
		}
	}()
	return s
}

// stop finishes the requests under way, for a second. What is left then is cut off,
// and that is no error: Shutdown waits five seconds and more for a connection on
// which nothing has been asked yet, and clients open some in advance.
func (s *loopbackServer) stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.http.Close()
	}
	<-s.done
	return err
}

// localOnly refuses what a page from elsewhere makes this machine's browser ask:
// by a name of its own that it lets point to 127.0.0.1, or across origins.
func localOnly(h http.Handler) http.Handler {
	h = http.NewCrossOriginProtection().Handler(h)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		if host != "127.0.0.1" && host != "localhost" {
			http.Error(w, "this server answers only as 127.0.0.1 or localhost", http.StatusForbidden)
			return
		}
		h.ServeHTTP(w, r)
	})
}
