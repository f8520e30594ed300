// Package link signs and verifies the links that customers get by mail. A link
// opens one repair of one garage, for the customer or for the approver, until it
// expires, or until something that happened to the repair after the link was made
// ends it; it holds ids only, no personal data, and cannot be altered. The package
// reads no clock and knows no repair: the present moment is a parameter, and whether a
// link has ended is seen by whoever reads the repair.
package link

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"
	"time"
)

// Claims are what a link says about itself.
type Claims struct {
	Garage   string    // the garage's id
	Repair   string    // the repair's id
	Audience Audience  // who the link was sent to
	Lang     string    // the language of the mail it was in; may be empty
	Sequence int64     // of the repair's last event when the link was made; 0: not said
	Expires  time.Time // from then on the link is refused; UTC, whole seconds
}

// Audience is who a link was sent to. A link for one is not a link for the other.
type Audience byte

// The audiences. Their numbers are in links already sent: never reuse one.
const (
	// Customer sees the repair, writes messages, and decides quotes where nobody else does.
	Customer Audience = 1
	// Approver decides quotes: somebody else than the customer or, in links that were
	// made before they said so, the customer where there was nobody else.
	Approver Audience = 2
)

func (a Audience) String() string {
	switch a {
	case Customer:
		return "customer"
	case Approver:
		return "approver"
	}
	return "unknown"
}

// What is wrong with a token.
var (
	// ErrMalformed: not a token of ours, cut off or mangled on its way.
	ErrMalformed = errors.New("link is incomplete: open it from the mail again, or copy all of it")
	// ErrForged: the signature is not of a key in use. Either somebody changed
	// the token, or its key was retired.
	ErrForged = errors.New("link is not valid: ask the garage for a new one")
	// ErrExpired: genuine, but too old. Verify returns its claims beside it.
	ErrExpired = errors.New("link has expired: ask the garage for a new one")
)

const (
	// version of what is signed; the first one did not have the sequence.
	version, firstVersion = 2, 1
	// macSize truncates HMAC-SHA256 to 128 bits (RFC 2104, section 5): out of
	// reach of guessing, and 21 letters shorter in a mail.
	macSize = 16
)

// Every token has exactly one spelling: unused bits must be zero.
var encoding = base64.RawURLEncoding.Strict()

// Sign returns the token for the claims, safe in a URL path:
// KEY-ID.CLAIMS.SIGNATURE. The same claims have the same token until the current
// key changes. Expires is rounded down to whole seconds.
func (k *Keys) Sign(c Claims) string {
	payload := []byte{version, byte(c.Audience)}
	payload = binary.AppendVarint(payload, c.Expires.Unix())
	payload = binary.AppendVarint(payload, c.Sequence)
	for _, s := range []string{c.Garage, c.Repair, c.Lang} {
		payload = binary.AppendUvarint(payload, uint64(len(s)))
		payload = append(payload, s...)
	}
	signed := k.current + "." + encoding.EncodeToString(payload)
	return signed + "." + encoding.EncodeToString(mac(k.secrets[k.current], signed))
}

// Verify returns the claims of a token that a key in use has signed and that
// has not expired at now. Its errors are ErrMalformed, ErrForged and
// ErrExpired; only with ErrExpired are the claims filled, and true. Signatures
// are compared in constant time.
func (k *Keys) Verify(token string, now time.Time) (Claims, error) {
	dot := strings.LastIndexByte(token, '.')
	if dot < 0 || strings.ContainsAny(token, "\r\n") { // base64 would skip line breaks
		return Claims{}, ErrMalformed
	}
	signed := token[:dot]
	id, encoded, ok := strings.Cut(signed, ".")
	if !ok {
		return Claims{}, ErrMalformed
	}
	signature, err := encoding.DecodeString(token[dot+1:])
	if err != nil || len(signature) != macSize {
		return Claims{}, ErrMalformed
	}
	payload, err := encoding.DecodeString(encoded)
	if err != nil {
		return Claims{}, ErrMalformed
	}
	secret, ok := k.secrets[id]
	if !ok || !hmac.Equal(signature, mac(secret, signed)) {
		return Claims{}, ErrForged
	}
	claims, ok := decode(payload)
	if !ok {
		return Claims{}, ErrMalformed
	}
	if !now.Before(claims.Expires) {
		return claims, ErrExpired
	}
	return claims, nil
}

func mac(secret []byte, signed string) []byte {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(signed))
	return h.Sum(nil)[:macSize]
}

func decode(payload []byte) (Claims, bool) {
	if len(payload) < 2 || payload[0] != version && payload[0] != firstVersion {
		return Claims{}, false
	}
	c := Claims{Audience: Audience(payload[1])}
	rest := payload[2:]
	expires, n := binary.Varint(rest)
	if n <= 0 {
		return Claims{}, false
	}
	c.Expires, rest = time.Unix(expires, 0).UTC(), rest[n:]
	if payload[0] != firstVersion {
		if c.Sequence, n = binary.Varint(rest); n <= 0 {
			return Claims{}, false
		}
		rest = rest[n:]
	}
	for _, s := range []*string{&c.Garage, &c.Repair, &c.Lang} {
		size, n := binary.Uvarint(rest)
		if n <= 0 || size > uint64(len(rest)-n) {
			return Claims{}, false
		}
		*s, rest = string(rest[n:n+int(size)]), rest[n+int(size):]
	}
	return c, len(rest) == 0
}
