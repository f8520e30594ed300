package web

import (
	"net/http/httptest"
	"net/netip"
	"testing"
)

func TestClientIP(t *testing.T) {
	proxies := Proxies{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	for _, tt := range []struct{ name, remote, forwarded, want string }{
		{"direct", "203.0.113.9:1234", "", "203.0.113.9"},
		{"direct, and lies", "203.0.113.9:1234", "198.51.100.1", "203.0.113.9"},
		{"one proxy", "10.0.0.1:1234", "198.51.100.1", "198.51.100.1"},
		{"two proxies, and a lie before them", "10.0.0.1:1234", "1.2.3.4, 198.51.100.1, 10.0.0.2", "198.51.100.1"},
		{"a proxy that says nothing", "[::1]:1234", "", "::1"},
		{"nonsense", "10.0.0.1:1234", "unknown", "10.0.0.1"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = tt.remote
		if tt.forwarded != "" {
			r.Header.Set("X-Forwarded-For", tt.forwarded)
		}
		if got := proxies.ClientIP(r); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}
