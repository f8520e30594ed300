package api

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/go-chi/httprate"
)

// The windows that Limits count in.
const (
	staffWindow    = 10 * time.Second
	customerWindow = time.Minute
)

// limit is a rate limit by key; nil: none.
type limit struct{ *httprate.RateLimiter }

func limiter(requests int, window time.Duration) limit {
	if requests <= 0 {
		return limit{}
	}
	return limit{httprate.NewRateLimiter(requests, window, httprate.WithResponseHeaders(
		httprate.ResponseHeaders{RetryAfter: "Retry-After"},
	))}
}

// over counts a request and reports whether there were too many. Then it has
// set Retry-After.
func (l limit) over(w http.ResponseWriter, r *http.Request, key string) bool {
	return l.RateLimiter != nil && l.OnLimit(w, r, key)
}

// clientIP is the address a request came from. Behind trusted proxies it is the
// last address in X-Forwarded-For that is not one of theirs.
func (s *server) clientIP(r *http.Request) string {
	host := peer(r)
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && s.trusted(host); i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		host = hop.Unmap().String()
	}
	return host
}

// peer is the address at the other end of the connection.
func peer(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

func (s *server) trusted(host string) bool {
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	for _, p := range s.TrustedProxies {
		if p.Contains(addr.Unmap()) {
			return true
		}
	}
	return false
}
