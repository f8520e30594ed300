// Package cafile reads files of certificate authorities.
package cafile

import (
	"crypto/x509"
	"fmt"
	"os"
)

// Read returns the authorities in a PEM file. Without a file it returns nil, which
// tls.Config takes for the system's. An error says what was read, such as "Kafka CA".
func Read(what, file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil //nolint:nilnil // documented
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", what, err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("read %s: %s holds no certificate in PEM", what, file)
	}
	return pool, nil
}
