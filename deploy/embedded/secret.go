package embedded

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// ReadSecret gives a secret of a data directory that another process may hold.
// It makes nothing: before the first start there is none.
func ReadSecret(dir, name string) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(dir, "secrets", name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is no data directory that Pitstop has started in: run pitstop up --data %s first", dir, dir)
	}
	if err != nil {
		return nil, fmt.Errorf("read secret %s: %w", name, err)
	}
	secret, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil {
		return nil, fmt.Errorf("read secret %s: %w", name, err)
	}
	return secret, nil
}
