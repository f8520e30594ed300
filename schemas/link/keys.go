package link

import (
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// MinKeyBytes is the minimum length of a secret: the size of the digest.
const MinKeyBytes = 32

// Key is one secret and the name it goes by in tokens and configuration.
type Key struct {
	ID     string // 1 to 16 letters, digits, "-" or "_"
	Secret []byte // at least MinKeyBytes
}

// String names the key without its secret.
func (k Key) String() string { return "link key " + k.ID }

// GoString names the key without its secret.
func (k Key) GoString() string { return k.String() }

// Keys sign with the current key and verify with that and the previous ones.
// To rotate, put a new key in front; drop the old one when the last link it
// signed has expired. Safe for concurrent use.
type Keys struct {
	current string
	secrets map[string][]byte
}

// String lists the key ids, not the secrets.
func (k *Keys) String() string {
	return "link keys " + strings.Join(slices.Sorted(maps.Keys(k.secrets)), ", ") + " (current " + k.current + ")"
}

// GoString lists the key ids, not the secrets.
func (k *Keys) GoString() string { return k.String() }

var keyID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,16}$`)

// NewKeys returns the keys: the current one, and previous ones whose links are
// still valid. The error names every problem.
func NewKeys(current Key, previous ...Key) (*Keys, error) {
	keys := &Keys{current: current.ID, secrets: make(map[string][]byte)}
	var problems []error
	for i, key := range append([]Key{current}, previous...) {
		if !keyID.MatchString(key.ID) {
			// The id is not shown: it is the secret if the two were swapped.
			problems = append(problems, fmt.Errorf("key %d: its id is not 1 to 16 letters, digits, - or _: write it as ID:BASE64", i+1))
		}
		if len(key.Secret) < MinKeyBytes {
			problems = append(problems, fmt.Errorf("key %d: %d bytes, but at least %d are needed: make one with `openssl rand -base64 32`",
				i+1, len(key.Secret), MinKeyBytes))
		}
		if _, twice := keys.secrets[key.ID]; twice {
			problems = append(problems, fmt.Errorf("key %d: id %q is used twice: give the new key another id", i+1, key.ID))
		}
		keys.secrets[key.ID] = slices.Clone(key.Secret)
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return keys, nil
}

// ParseKeys reads keys as configuration holds them, the current one first; see ReadKeys.
func ParseKeys(config string) (*Keys, error) {
	keys, err := ReadKeys(config)
	if err != nil {
		return nil, err
	}
	return NewKeys(keys[0], keys[1:]...)
}

// ReadKeys reads a list of keys, the current one first: "k2:BASE64,k1:BASE64" (either
// base64 alphabet, with or without padding). Those of the staff's sessions are written so,
// too. The error names every problem, and never a secret.
func ReadKeys(config string) ([]Key, error) {
	var (
		keys     []Key
		problems []error
	)
	for i, item := range strings.Split(config, ",") {
		id, text, _ := strings.Cut(strings.TrimSpace(item), ":")
		secret, err := base64.RawStdEncoding.DecodeString(
			strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(text, "=")))
		if err != nil {
			problems = append(problems, fmt.Errorf("key %d: %w: make one with `openssl rand -base64 32`", i+1, err))
			// Report only that, not also its length.
			secret = make([]byte, MinKeyBytes)
		}
		keys = append(keys, Key{ID: id, Secret: secret})
	}
	_, err := NewKeys(keys[0], keys[1:]...)
	if err := errors.Join(append(problems, err)...); err != nil {
		return nil, err
	}
	return keys, nil
}
