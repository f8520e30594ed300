package embedded

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Secret returns the 32 random bytes that were generated for name at the first
// call. Names are lower-case words with hyphens.
func (d *Data) Secret(name string) ([]byte, error) {
	text, err := d.readOrCreate("secrets", name, func() (string, error) {
		secret := make([]byte, 32)
		rand.Read(secret) // never fails, says crypto/rand
		return hex.EncodeToString(secret), nil
	})
	if err != nil {
		return nil, fmt.Errorf("read secret %s: %w", name, err)
	}
	return decodeSecret(d.dir, name, text)
}

// ReadSecret returns a secret of the data directory dir, which another process may
// hold. It creates nothing: before the first start there is none.
func ReadSecret(dir, name string) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(dir, "secrets", name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is no data directory that Pitstop has started in: run pitstop up --data %s first", dir, dir)
	}
	if err != nil {
		return nil, fmt.Errorf("read secret %s: %w", name, err)
	}
	return decodeSecret(dir, name, string(text))
}

func decodeSecret(dir, name, text string) ([]byte, error) {
	secret, err := hex.DecodeString(strings.TrimSpace(text))
	if err != nil || len(secret) != 32 {
		return nil, fmt.Errorf("read secret %s: %s does not hold 64 hexadecimal digits: restore it from a backup", name, filepath.Join(dir, "secrets", name))
	}
	return secret, nil
}
