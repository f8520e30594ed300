// Package serve runs HTTP servers and ends them well.
package serve

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"
)

// Grace is how long requests under way may take after a stop.
const Grace = 5 * time.Second

// Until serves until the context ends, and then lets the requests under way finish.
// Those that take longer than Grace are cut off, which is an error.
//
// Clients open connections in advance, browsers too. Shutdown waits five to six
// seconds for one on which nothing has been asked yet; Until closes it at once. For
// that it takes the server's ConnState.
func Until(ctx context.Context, l net.Listener, server *http.Server) error {
	var unasked connections
	server.ConnState = unasked.note
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
