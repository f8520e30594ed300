package embedded

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// Ports are chosen below the ranges from which systems take the ports of
// outgoing connections (32768 and up on Linux, 49152 on macOS). From within such
// a range a client that dials a part while it is down can be given that very
// port, connect to itself, and so keep the part from coming back.
const (
	firstPort = 15000
	lastPort  = 31999
)

// Port returns the loopback port of the part name: a free one chosen at the first
// call, and the same ever after. While the data directory is open, no other one
// chooses that port, even when nobody listens on it.
func (d *Data) Port(name string) (int, error) {
	text, err := d.readOrCreate("ports", name, d.freePort)
	if err != nil {
		return 0, fmt.Errorf("choose port of %s: %w", name, err)
	}
	port, err := strconv.Atoi(text)
	if err != nil || port < 1 || port > 65535 {
		return 0, fmt.Errorf("read port of %s: %s holds %q: remove that file to have a free port chosen", name, d.Path("ports/"+name), text)
	}
	_ = d.reserved.reserve(port) // if another directory reserved it too, the first to listen has it
	return port, nil
}

// portReservations keeps ports from being chosen by other data directories, by
// holding the UDP ports with the same numbers, which nobody else uses.
type portReservations struct {
	mu    sync.Mutex
	ports map[int]net.PacketConn
}

// reserve reserves the port, unless another directory has.
func (r *portReservations) reserve(port int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ports[port] != nil {
		return nil
	}
	conn, err := net.ListenPacket("udp4", loopback(port))
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return err
	case err != nil: // there is no UDP here, and so nobody reserves anything
		return nil
	case r.ports == nil:
		r.ports = make(map[int]net.PacketConn)
	}
	r.ports[port] = conn
	return nil
}

func (r *portReservations) release() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var errs []error
	for port, conn := range r.ports {
		errs = append(errs, conn.Close())
		delete(r.ports, port)
	}
	return errors.Join(errs...)
}

// Listen listens on the loopback port of the part name, see [Data.Port], or where
// [Data.At] said.
func (d *Data) Listen(name string) (net.Listener, error) {
	if door := slices.Index(doors, name); door >= 0 && d.at != nil {
		return d.listenAt(door)
	}
	port, err := d.Port(name)
	if err != nil {
		return nil, err
	}
	l, err := listen(port)
	if err != nil {
		return nil, portError(name, d.Path("ports/"+name), port, err)
	}
	return l, nil
}

func listen(port int) (net.Listener, error) {
	return net.Listen("tcp4", loopback(port))
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

func portError(name, file string, port int, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return configurationError{fmt.Errorf("port %d, which %s has had since its first start, is taken by another program: stop that program, or remove %s to have a free port chosen", port, name, file)}
	}
	return fmt.Errorf("open %s: %w", name, err)
}

// freePort finds a port that nobody listens on and that no other part has, here or
// in another directory, even one that is not running.
func (d *Data) freePort() (string, error) {
	taken := map[string]bool{}
	files, err := filepath.Glob(d.Path("ports/*"))
	if err != nil {
		return "", err
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		taken[strings.TrimSpace(string(text))] = true
	}
	for range 100 {
		port := firstPort + rand.IntN(lastPort-firstPort+1)
		if taken[strconv.Itoa(port)] {
			continue
		}
		if err = d.reserved.reserve(port); err != nil {
			continue
		}
		var l net.Listener
		if l, err = listen(port); err == nil {
			return strconv.Itoa(port), l.Close()
		}
	}
	return "", fmt.Errorf("no free port between %d and %d: %w", firstPort, lastPort, err)
}
