package app

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"pitstop/api/signin"
)

// SignIn returns where the staff sign in, with keys as configuration holds them; nil where
// there are none. They come back to publicURL, which an API on loopback need not be told.
func SignIn(keys, publicURL, addr string, c signin.Config) (*signin.Door, error) {
	if keys == "" {
		return nil, nil
	}
	sealing, keysErr := signin.ParseKeys(keys)
	if keysErr != nil {
		keysErr, sealing = fmt.Errorf("PITSTOP_SESSION_KEYS: %w", keysErr), new(signin.Keys)
	}
	c.Keys, c.Origin = sealing, strings.TrimSuffix(publicURL, "/")
	if c.Origin == "" {
		host, _, err := net.SplitHostPort(addr)
		if ip, notIP := netip.ParseAddr(host); err != nil || host != "localhost" && (notIP != nil || !ip.IsLoopback()) {
			return nil, errors.Join(keysErr, errors.New("the staff cannot come back from signing in: give --public-url URL, where they reach this API"))
		}
		c.Origin = "http://" + addr
	}
	door, err := signin.New(c)
	return door, errors.Join(keysErr, err)
}
