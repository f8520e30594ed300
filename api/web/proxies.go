package web

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// Proxies are the networks whose X-Forwarded-For and X-Forwarded-Proto are believed.
type Proxies []netip.Prefix

// ClientIP returns the address a request came from. Behind trusted proxies it is
// the last address in X-Forwarded-For that is not one of theirs.
func (p Proxies) ClientIP(r *http.Request) string {
	host := peer(r)
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && p.trust(host); i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		host = hop.Unmap().String()
	}
	return host
}

// OverTLS reports whether the browser's connection is encrypted, up to us or to a
// trusted proxy.
func (p Proxies) OverTLS(r *http.Request) bool {
	return r.TLS != nil || p.trust(peer(r)) && strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https")
}

// peer returns the address at the other end of the connection.
func peer(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

func (p Proxies) trust(host string) bool {
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	for _, network := range p {
		if network.Contains(addr.Unmap()) {
			return true
		}
	}
	return false
}
