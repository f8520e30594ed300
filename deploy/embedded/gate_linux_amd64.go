//go:build !noembedded

package embedded

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"syscall"
)

// The function file() of SQL needs no privilege, and in this engine it reads every
// file of the machine, those with the rows of other garages too. But first it
// resolves the working directory. So while the engine listens, its working directory
// is a deleted one, and the function fails. The engine's own start and end need one
// that exists: the gate keeps them apart from everybody's SQL.

// makeGate makes the named pipe that the engine reads after its start and before
// it listens.
func makeGate(gate string) error {
	return errors.Join(os.RemoveAll(gate), syscall.Mkfifo(gate, 0o600))
}

// openGate waits until the engine reaches the gate, and lets it listen.
func openGate(gate string) {
	engine, err := os.OpenFile(gate, os.O_WRONLY, 0) // until it opens the other end
	if err == nil {
		gone := gate + ".gone"
		err = errors.Join(os.MkdirAll(gone, 0o700), os.Chdir(gone), os.Remove(gone), os.Remove(gate))
	}
	if err != nil { // it must not listen
		fmt.Fprintln(os.Stderr, "close files to SQL:", err)
		os.Exit(1)
	}
	engine.Close()
}

// closeGate makes the engine stop listening, disconnects whoever is still
// connected, and then gives it a working directory for its end. stopListening
// reports whether the engine did as it was told: before that, the absence of a
// listener may only mean that the engine has yet to reach the gate, behind which
// its directory is deleted again.
func closeGate(dir string, port int, stopListening func() bool) error {
	for listens := true; listens; {
		listens = !stopListening()
		if err := eachSocket(port, func(_ int, listener bool) { listens = listens || listener }); err != nil {
			return err
		}
	}
	err := eachSocket(port, func(fd int, _ bool) {
		_ = syscall.Shutdown(fd, syscall.SHUT_RDWR) // an error means that the other end has gone
	})
	return errors.Join(err, os.Chdir(dir))
}

// eachSocket calls look for the sockets of this process at its end of a TCP port.
// Those that the engine closes meanwhile are skipped.
func eachSocket(port int, look func(fd int, listener bool)) error {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return err
	}
	for _, e := range entries {
		fd, err := strconv.Atoi(e.Name())
		if err != nil {
			return err
		}
		addr, err := syscall.Getsockname(fd)
		if ipv4, ok := addr.(*syscall.SockaddrInet4); err != nil || !ok || ipv4.Port != port {
			continue // no socket, or another
		}
		if listens, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_ACCEPTCONN); err == nil {
			look(fd, listens == 1)
		}
	}
	return nil
}
