package signin

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"pitstop/schemas/link"
)

// Keys seal what browsers keep, with AES-256-GCM: with the current key, and open it with
// that and previous ones. To rotate, put a new key in front, and drop the old one half a
// day later.
type Keys struct {
	current string
	aeads   map[string]cipher.AEAD
}

// ParseKeys reads keys as configuration holds them; see [link.ReadKeys].
func ParseKeys(config string) (*Keys, error) {
	keys, err := link.ReadKeys(config)
	if err != nil {
		return nil, err
	}
	return NewKeys(keys...)
}

// NewKeys returns the keys, the current one first. There must be one.
func NewKeys(keys ...link.Key) (*Keys, error) {
	if len(keys) == 0 {
		return nil, errors.New("no keys")
	}
	if _, err := link.NewKeys(keys[0], keys[1:]...); err != nil { // what holds for those of links
		return nil, err
	}
	k := &Keys{current: keys[0].ID, aeads: make(map[string]cipher.AEAD)}
	for _, key := range keys {
		secret, err := hkdf.Key(sha256.New, key.Secret, nil, "pitstop staff session", 32)
		if err != nil {
			return nil, fmt.Errorf("derive a session key: %w", err)
		}
		block, err := aes.NewCipher(secret)
		if err != nil {
			return nil, fmt.Errorf("session key: %w", err)
		}
		if k.aeads[key.ID], err = cipher.NewGCMWithRandomNonce(block); err != nil {
			return nil, fmt.Errorf("session key: %w", err)
		}
	}
	return k, nil
}

var errSealed = errors.New("not sealed with a key in use")

// seal returns v, sealed for one purpose, safe in a cookie: KEY-ID.SEALED.
func (k *Keys) seal(purpose string, v any) (string, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("seal a cookie: %w", err)
	}
	sealed := k.aeads[k.current].Seal(nil, nil, text, []byte(purpose)) //nolint:gosec // it draws a nonce by itself
	return k.current + "." + base64.RawURLEncoding.EncodeToString(sealed), nil
}

// open reads what was sealed for a purpose.
func (k *Keys) open(purpose, sealed string, v any) error {
	id, encoded, _ := strings.Cut(sealed, ".")
	aead, ok := k.aeads[id]
	if !ok {
		return errSealed
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	if err != nil {
		return errSealed
	}
	text, err := aead.Open(nil, nil, b, []byte(purpose))
	if err != nil {
		return errSealed
	}
	return json.Unmarshal(text, v)
}
