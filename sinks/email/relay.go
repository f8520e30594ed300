package email

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"pitstop/schemas/cafile"
)

// Security says how a connection to the relay is encrypted.
type Security string

// The ways to encrypt. Plain is for a relay on this machine only.
const (
	StartTLS    Security = "starttls"
	ImplicitTLS Security = "tls"
	Plain       Security = "plain"
)

// Relay says how to reach the SMTP server that takes over every mail.
type Relay struct {
	// Addr is host:port.
	Addr string
	// Security is starttls (the default, which the server cannot decline),
	// tls, or plain (the default on a loopback address).
	Security Security
	// CA is a file of certificates in PEM to trust instead of the system's.
	CA string
	// User and Password log in, with PLAIN or LOGIN; empty: no login.
	User, Password string
	// Helo is the name this client gives itself; empty: localhost.
	Helo string
}

func (r Relay) withDefaults() Relay {
	if r.Security == "" {
		r.Security = StartTLS
		if r.loopback() {
			r.Security = Plain
		}
	}
	if r.Helo == "" {
		r.Helo = "localhost"
	}
	return r
}

func (r Relay) loopback() bool {
	host, _, err := net.SplitHostPort(r.Addr)
	return err == nil && (host == "localhost" || net.ParseIP(host).IsLoopback())
}

// Validate reports everything that is wrong, without contacting the relay.
func (r Relay) Validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	host, port, err := net.SplitHostPort(r.Addr)
	if n, portErr := strconv.Atoi(port); err != nil || host == "" || portErr != nil || n < 1 || n > 65535 {
		bad("SMTP relay %q is not host:port: give --smtp HOST:PORT", r.Addr)
	}
	switch d := r.withDefaults(); d.Security {
	case StartTLS, ImplicitTLS:
	case Plain:
		if !r.loopback() {
			bad("SMTP relay %s would be spoken to in plain text: give --smtp-security starttls or tls", r.Addr)
		}
		if r.CA != "" {
			bad("an SMTP CA is set, but nothing is encrypted: give --smtp-security starttls or tls")
		}
		if r.User != "" || r.Password != "" {
			bad("an SMTP password would travel in plain text: give --smtp-security starttls or tls")
		}
	default:
		bad("--smtp-security %q is not one of starttls, tls, plain", r.Security)
	}
	if (r.User == "") != (r.Password == "") {
		bad("an SMTP login needs both a user and a password")
	}
	if _, err := r.roots(); err != nil {
		errs = append(errs, err)
	}
	if strings.ContainsAny(r.Helo, " \t\r\n") {
		bad("SMTP HELO name %q is not a host name", r.Helo)
	}
	return errors.Join(errs...)
}

func (r Relay) roots() (*x509.CertPool, error) { return cafile.Read("SMTP CA", r.CA) }
