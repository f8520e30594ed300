package serve

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a listener for use in a synctest bubble.
type pipes struct {
	accept chan net.Conn
	closed chan struct{}
}

func (p pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.accept:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p pipes) Close() error   { close(p.closed); return nil }
func (p pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (p pipes) dial() net.Conn {
	client, server := net.Pipe()
	p.accept <- server
	return client
}

// A stop waits for requests in flight, up to grace, and for nothing else.
func TestStop(t *testing.T) {
	for name, c := range map[string]struct {
		lasts time.Duration // the request; 0: none is made
		took  time.Duration // the stop
		err   error
	}{
		"nothing was asked":       {0, 0, nil},
		"a request is under way":  {3 * time.Second, 3 * time.Second, nil},
		"a request takes forever": {time.Hour, grace, context.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := pipes{make(chan net.Conn), make(chan struct{})}
				ctx, cancel := context.WithCancel(t.Context())
				ended := make(chan error)
				go func() {
					ended <- Until(ctx, l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						select {
						case <-time.After(c.lasts):
							_, _ = io.WriteString(w, "done")
						case <-r.Context().Done():
						}
					}), slog.New(slog.DiscardHandler))
				}()
				conn := l.dial()
				defer conn.Close()
				answered := make(chan error, 1)
				if c.lasts > 0 {
					_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: garage\r\n\r\n")
					go func() {
						resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
						if err == nil {
							_, err = io.Copy(io.Discard, resp.Body)
						}
						answered <- err
					}()
				} else {
					go func() {
						_, err := conn.Read(make([]byte, 1))
						answered <- err
					}()
				}
				synctest.Wait()

				began := time.Now()
				cancel()
				if err := <-ended; !errors.Is(err, c.err) || c.err == nil && err != nil {
					t.Errorf("Until gives %v, want %v", err, c.err)
				}
				// Shutdown polls its connections twice a second.
				if took := time.Since(began); took < c.took || took > c.took+time.Second {
					t.Errorf("the stop took %s, want %s", took, c.took)
				}
				if err := <-answered; (err == nil) != (c.lasts == c.took && c.lasts > 0) {
					t.Errorf("the client's end: %v", err)
				}
			})
		})
	}
}

// A server that ends by itself says why.
func TestEndsByItself(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if err := Until(t.Context(), l, http.NotFoundHandler(), slog.New(slog.DiscardHandler)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Until gives %v", err)
	}
}
