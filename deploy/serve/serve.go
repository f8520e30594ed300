// Package serve runs every HTTP server of this program, with the same limits and
// the same end.
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

// Grace is how long requests under way may take after a stop.
const Grace = 5 * time.Second

// Until serves until the context ends, and then lets the requests under way finish.
// Those that take longer than Grace are cut off, which is an error. A handler whose
// answers take longer than the limits below sets deadlines of its own, and ends them
// with the same context.
//
// Clients open connections in advance, browsers too. Shutdown waits five to six
// seconds for one on which nothing has been asked yet; Until closes it at once.
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
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), Grace)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		return errors.Join(err, server.Close())
	}
	return nil
}

// connections are those on which nothing has been asked yet.
type connections struct {
	mu     sync.Mutex
	open   map[net.Conn]bool
	closed bool // and so is any that is still to come
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
