//go:build !noembedded

package embedded

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"
)

// The function file() of SQL needs no privilege, and in this engine it reads every
// file of the machine, those with the rows of other garages too. But first it
// resolves the working directory. So while the engine listens, that is one that
// is gone, and the function fails. The engine's own start and end need one that
// is there: the gate is what keeps them apart from everybody's SQL.

// makeGate makes the named pipe that the engine reads after its start and before
// it listens.
func makeGate(gate string) error {
	return errors.Join(os.RemoveAll(gate), syscall.Mkfifo(gate, 0o600))
}

// openGate waits until the engine comes to the gate, and lets it listen.
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

// closeGate has the engine stop listening, cuts off who is still connected, and
// then gives it a working directory for its end.
func closeGate(dir string, port int, stopListening func()) error {
	for listens := true; listens; {
		stopListening()
		time.Sleep(again)
		listens = false
		if err := eachSocket(port, func(_ int, listener bool) error {
			listens = listens || listener
			return nil
		}); err != nil {
			return err
		}
	}
	err := eachSocket(port, func(fd int, _ bool) error {
		if err := syscall.Shutdown(fd, syscall.SHUT_RDWR); err != nil && !errors.Is(err, syscall.ENOTCONN) {
			return err
		}
		return nil
	})
	return errors.Join(err, os.Chdir(dir))
}

// eachSocket looks at the sockets of this process at its end of a TCP port.
func eachSocket(port int, look func(fd int, listener bool) error) error {
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
		listens, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_ACCEPTCONN)
		if err != nil {
			return err
		}
		if err := look(fd, listens == 1); err != nil {
			return err
		}
	}
	return nil
}
