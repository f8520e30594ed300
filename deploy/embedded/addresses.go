package embedded

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
)

// Addresses holds where a running Pitstop can be reached: API, Provider (of identities,
// its issuer), Mailbox, Metrics and Registry are URLs, Kafka is host:port, ClickHouse a DSN with its password, Garages
// the path of the garage file.
type Addresses struct {
	API        string `json:"api"`
	Provider   string `json:"provider"`
	Mailbox    string `json:"mailbox,omitempty"` // none where a relay takes the mail
	Metrics    string `json:"metrics"`
	Kafka      string `json:"kafka"`
	Registry   string `json:"registry"`
	ClickHouse string `json:"clickhouse"`
	Garages    string `json:"garages"`
}

// addressesFile is there while everything runs.
const addressesFile = "addresses.json"

// ReadAddresses reads what a running Pitstop wrote into its data directory.
func ReadAddresses(dir string) (Addresses, error) {
	var a Addresses
	b, err := os.ReadFile(filepath.Join(dir, addressesFile))
	if err != nil {
		return a, fmt.Errorf("is pitstop up --data %s running? %w", dir, err)
	}
	if err := json.Unmarshal(b, &a); err != nil {
		return a, fmt.Errorf("read addresses: %w", err)
	}
	return a, nil
}

// OwnClickHouse reports whether ClickHouse is the embedded engine of the data
// directory dir, and not another server: whether its password is the one generated
// there.
func (a Addresses) OwnClickHouse(dir string) bool {
	u, err := url.Parse(a.ClickHouse)
	if err != nil {
		return false
	}
	drawn, err := ReadSecret(dir, clickhouseSecret)
	password, _ := u.User.Password()
	return err == nil && password == hex.EncodeToString(drawn)
}

// RemoveAddresses removes addresses.json from dir, if it is there.
func RemoveAddresses(dir string) error {
	err := os.Remove(filepath.Join(dir, addressesFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove addresses: %w", err)
	}
	return nil
}

// Write replaces addresses.json in dir, readable by the owner only.
func (a Addresses) Write(dir string) error {
	text, err := json.MarshalIndent(a, "", "  ")
	if err != nil {
		return fmt.Errorf("encode addresses: %w", err)
	}
	if err := writeFile(filepath.Join(dir, addressesFile), append(text, '\n')); err != nil {
		return fmt.Errorf("write addresses: %w", err)
	}
	return nil
}
