// Package serve runs every HTTP server of this program, with the same limits and the
// same graceful shutdown.
package serve

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// grace is how long requests in flight may take after a stop.
const grace = 5 * time.Second

// Until serves until the context ends, and then lets the requests in flight finish.
// Those that take longer than grace are cut off, which is an error. A handler whose
// responses take longer than the limits below sets its own deadlines, and ends them
// with the same context.
//
// Clients, browsers among them, open connections in advance. Shutdown waits five to
// six seconds for one without a request yet; Until closes it at once.
func Until(ctx context.Context, l net.Listener, h http.Handler, log *slog.Logger) error {
	var unasked connections
	server := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		ConnState:         unasked.note,
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	unasked.close()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		return errors.Join(err, server.Close())
	}
	return nil
}

// connections are those without a request yet.
type connections struct {
	mu     sync.Mutex
	open   map[net.Conn]bool
	closed bool // and new ones are closed at once
}

func (c *connections) note(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case state != http.StateNew:
		delete(c.open, conn)
	case c.closed:
		_ = conn.Close() // an error means that it has ended
	default:
		if c.open == nil {
			c.open = make(map[net.Conn]bool)
		}
		c.open[conn] = true
	}
}

func (c *connections) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for conn := range c.open {
		_ = conn.Close() // an error means that it has ended
	}
}
