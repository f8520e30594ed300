package embedded

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
)

// doors are the parts that people open. Where an address is chosen, it is that of the
// first, and the others have the ports after it.
var doors = []string{"api", "provider", "mailbox", "metrics"}

// doorNames are the doors as people know them.
var doorNames = []string{"the API", "the sign-in page", "the mailbox", "the metrics"}

// At has the doors listen at an address, host:port, and at the ports after it, instead of
// at loopback ports of their own. The error names every port that is taken.
func (d *Data) At(addr string) error {
	at, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil || at.Port == 0 || at.Port+len(doors)-1 > 65535 {
		return configurationError{fmt.Errorf("--addr %q is not an address on this machine, such as 127.0.0.1:8080, with three ports after it", addr)}
	}
	d.at = at
	var errs []error
	for door := range doors {
		l, err := d.listenAt(door)
		if err == nil {
			err = l.Close()
		}
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return configurationError{err}
	}
	return nil
}

func (d *Data) listenAt(door int) (net.Listener, error) {
	at := net.TCPAddr{IP: d.at.IP, Zone: d.at.Zone, Port: d.at.Port + door}
	l, err := net.ListenTCP("tcp", &at)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, configurationError{fmt.Errorf("port %d, for %s, is taken by another program: stop that program, or give another --addr, with three free ports after it", at.Port, doorNames[door])}
	case err != nil:
		return nil, configurationError{fmt.Errorf("open %s: %w; give another --addr", doorNames[door], err)}
	}
	return l, nil
}

// Exposed reports whether other machines can reach the doors.
func (d *Data) Exposed() bool { return d.at != nil && !d.at.IP.IsLoopback() }

// Origin returns the URL at which browsers reach a listener. One on all addresses of this
// machine is reached at the one that others know it by.
func Origin(l net.Listener) string {
	at, err := netip.ParseAddrPort(l.Addr().String())
	if err == nil && at.Addr().IsUnspecified() {
		at = netip.AddrPortFrom(ownAddress(), at.Port())
	}
	if err != nil {
		return "http://" + l.Addr().String()
	}
	return "http://" + at.String()
}

// ownAddress returns this machine's first address in a network; loopback: it is in none.
func ownAddress() netip.Addr {
	addresses, _ := net.InterfaceAddrs() // what cannot be listed is not reached either
	for _, a := range addresses {
		if prefix, err := netip.ParsePrefix(a.String()); err == nil && prefix.Addr().Is4() && !prefix.Addr().IsLoopback() && !prefix.Addr().IsLinkLocalUnicast() {
			return prefix.Addr()
		}
	}
	return netip.AddrFrom4([4]byte{127, 0, 0, 1})
}
