package kafka_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/schemas/kafka"
)

// The options reach a broker that demands TLS and a login, and say why when
// they do not fit.
func TestTLSAndSASL(t *testing.T) {
	ca, server := certificate(t)
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.TLS(server), kfake.EnableSASL(),
		kfake.Superuser("SCRAM-SHA-512", "pitstop", "right"), kfake.Superuser("PLAIN", "pitstop", "right"))
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	good := kafka.Config{
		Brokers: cluster.ListenAddrs(), TLS: true, CA: ca, RegistryURL: "http://registry",
		SASL: "scram-sha-512", User: "pitstop", Password: "right",
	}
	ping := func(c kafka.Config) error {
		t.Helper()
		if err := c.Validate(); err != nil {
			t.Fatal(err)
		}
		opts, err := c.Opts("test", slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		cl, err := kgo.NewClient(opts...)
		if err != nil {
			t.Fatal(err)
		}
		defer cl.Close()
		return cl.Ping(t.Context())
	}
	if err := ping(good); err != nil {
		t.Errorf("SCRAM: %v", err)
	}
	plain := good
	plain.SASL = "plain"
	if err := ping(plain); err != nil {
		t.Errorf("PLAIN: %v", err)
	}
	wrong := good
	wrong.Password = "wrong"
	if err := ping(wrong); err == nil {
		t.Error("a wrong password was taken")
	}
	stranger := good
	stranger.CA = ""
	if err := ping(stranger); err == nil {
		t.Error("a certificate of an unknown authority was taken")
	}
}

// certificate makes a certificate for the loopback address that is its own
// authority, and returns the authority's file and the server's configuration.
func certificate(t *testing.T) (ca string, server *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "broker"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	ca = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return ca, &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12}
}
