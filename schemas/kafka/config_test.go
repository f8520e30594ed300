package kafka_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/schemas/kafka"
	"pitstop/schemas/kafka/kafkatest"
	"pitstop/schemas/record"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// clientFiles writes a certificate and its key to files, and returns their paths.
func clientFiles(t *testing.T) (cert, key string) {
	t.Helper()
	cert, server := certificate(t)
	der, err := x509.MarshalPKCS8PrivateKey(server.Certificates[0].PrivateKey)
	must(t, err)
	key = filepath.Join(t.TempDir(), "key.pem")
	must(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600))
	return cert, key
}

func TestValidate(t *testing.T) {
	cert, key := clientFiles(t)
	junk := filepath.Join(t.TempDir(), "junk.pem")
	must(t, os.WriteFile(junk, []byte("not PEM"), 0o600))
	fine := kafka.Config{Brokers: []string{"kafka-1:9092", "[::1]:9092"}, RegistryURL: "http://registry:8081"}
	for name, c := range map[string]struct {
		change func(*kafka.Config)
		want   []string // what the errors say, one a line
	}{
		"fine":         {func(*kafka.Config) {}, nil},
		"with a login": {func(c *kafka.Config) { c.SASL, c.User, c.Password = "scram-sha-512", "u", "p" }, nil},
		"with TLS":     {func(c *kafka.Config) { c.TLS = true }, nil},
		"with all of it": {func(c *kafka.Config) {
			c.TLS, c.CA, c.Cert, c.Key, c.RegistryUser, c.RegistryPassword = true, cert, cert, key, "u", "p"
		}, nil},
		"nothing at all": {func(c *kafka.Config) { *c = kafka.Config{} }, []string{"--kafka-brokers", "--registry-url"}},
		"brokers that are none": {
			func(c *kafka.Config) {
				c.Brokers = []string{"kafka", "", ":9092", "kafka:", "kafka:http", "kafka:70000", "kafka:9092"}
			},
			[]string{`"kafka"`, `""`, `":9092"`, `"kafka:"`, `"kafka:http"`, `"kafka:70000"`},
		},
		"unknown mechanism":     {func(c *kafka.Config) { c.SASL = "kerberos" }, []string{"kerberos"}},
		"login without a name":  {func(c *kafka.Config) { c.SASL, c.Password = "plain", "p" }, []string{"needs a user and a password"}},
		"name without a login":  {func(c *kafka.Config) { c.User = "u" }, []string{"without --kafka-sasl"}},
		"files without TLS":     {func(c *kafka.Config) { c.CA = cert }, []string{"without --kafka-tls"}},
		"certificate, no key":   {func(c *kafka.Config) { c.TLS, c.Cert = true, cert }, []string{"both its certificate and its key"}},
		"files that are away":   {func(c *kafka.Config) { c.TLS, c.CA, c.Cert, c.Key = true, "/no/ca", "/no/cert", "/no/key" }, []string{"read Kafka CA", "read Kafka client certificate"}},
		"files of something":    {func(c *kafka.Config) { c.TLS, c.CA, c.Cert, c.Key = true, junk, junk, junk }, []string{"holds no certificate", "read Kafka client certificate"}},
		"registry by name":      {func(c *kafka.Config) { c.RegistryURL = "registry:8081" }, []string{"--registry-url"}},
		"registry without host": {func(c *kafka.Config) { c.RegistryURL = "http://" }, []string{"--registry-url"}},
		"registry by FTP":       {func(c *kafka.Config) { c.RegistryURL = "ftp://user:secret@registry" }, []string{"--registry-url"}},
		"registry, unreadable":  {func(c *kafka.Config) { c.RegistryURL = "http://user:secret@reg istry" }, []string{"--registry-url"}},
		"login in the URL":      {func(c *kafka.Config) { c.RegistryURL = "https://user:secret@registry" }, []string{"in their own settings"}},
		"password, no user":     {func(c *kafka.Config) { c.RegistryPassword = "secret" }, []string{"without a user"}},
		"everything at once": {func(c *kafka.Config) {
			*c = kafka.Config{Brokers: []string{"kafka"}, SASL: "plain", CA: cert, Cert: cert, RegistryURL: "registry", RegistryPassword: "secret"}
		}, []string{"host:port", "needs a user", "without --kafka-tls", "both its certificate", "--registry-url", "without a user"}},
	} {
		t.Run(name, func(t *testing.T) {
			config := fine
			c.change(&config)
			err := config.Validate()
			if err == nil {
				if len(c.want) > 0 {
					t.Errorf("nothing is wrong, want %v", c.want)
				}
				if _, err := config.Opts("test", slog.New(slog.DiscardHandler)); err != nil {
					t.Errorf("valid, but %v", err)
				}
				return
			}
			lines := strings.Split(err.Error(), "\n")
			if len(lines) != len(c.want) {
				t.Fatalf("%d problems, want %d:\n%v", len(lines), len(c.want), err)
			}
			for i, want := range c.want {
				if !strings.Contains(lines[i], want) {
					t.Errorf("%q does not say %q", lines[i], want)
				}
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("the error holds a password: %v", err)
			}
		})
	}
}

// Brokers take the largest record that Fits, but nothing noticeably larger, and many that
// together are more than they take in one batch.
func TestLargeRecordsAreTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := kafkatest.Start(t, 1)
		cl := c.Client(t, kgo.ProducerLinger(time.Second))
		random := rand.NewChaCha8([32]byte{})
		value := func(n int) []byte {
			b := make([]byte, n)
			_, _ = random.Read(b) // does not compress
			return b
		}
		sized := func(topic record.Topic, n int) *kgo.Record {
			return &kgo.Record{
				Topic: topic.Name, Key: []byte("4fS5SJDfsD0WtWi7tKqhgMiGAcL"), Value: value(n),
				Headers: []kgo.RecordHeader{{Key: "traceparent", Value: value(55)}, {Key: "tracestate", Value: value(512)}},
			}
		}
		var records []*kgo.Record
		for _, topic := range []record.Topic{record.Events, record.DeadLetters, record.LifecycleProcessor.Changelog()} {
			r := sized(topic, sort.Search(3<<20, func(n int) bool { return kafka.Fits(sized(topic, n)) != nil })-1)
			must(t, kafka.Fits(r))
			records = append(records, r)
			larger := sized(topic, len(r.Value)+100)
			if err := kafka.Fits(larger); !errors.Is(err, kafka.ErrTooLarge) {
				t.Errorf("%s, %d bytes fit: %v", topic.Name, kafka.Size(larger), err)
			}
			if err := cl.ProduceSync(t.Context(), larger).FirstErr(); !errors.Is(err, kerr.MessageTooLarge) {
				t.Errorf("%s, %d bytes do not fit, but: %v", topic.Name, kafka.Size(larger), err)
			}
		}
		for range 10 {
			records = append(records, sized(record.Commands, 300_000))
		}
		for _, r := range cl.ProduceSync(t.Context(), records...) {
			if r.Err != nil {
				t.Errorf("%s, %d bytes: %v", r.Record.Topic, len(r.Record.Value), r.Err)
			}
		}
	})
}

// A client logs in as configured, and logs no password.
func TestLogin(t *testing.T) {
	for _, mechanism := range []string{"plain", "scram-sha-256", "scram-sha-512"} {
		t.Run(mechanism, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := startFake(t, 1, loginOptions(mechanism)...)
				for password, want := range map[string]bool{"right-secret": true, "wrong-secret": false} {
					var log bytes.Buffer
					c.SASL, c.User, c.Password = mechanism, "pitstop", password
					opts, err := c.Opts("test", slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
					must(t, err)
					cl, err := kgo.NewClient(opts...)
					must(t, err)
					ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
					if err := cl.Ping(ctx); (err == nil) != want {
						t.Errorf("%s: %v", password, err)
					}
					cancel()
					cl.Close()
					if strings.Contains(log.String(), "secret") {
						t.Errorf("the log holds the password:\n%s", log.String())
					}
				}
			})
		})
	}
}

// What franz-go logs besides warnings is for those who debug.
func TestClientsAreQuiet(t *testing.T) {
	for level, want := range map[slog.Level]bool{slog.LevelDebug: true, slog.LevelInfo: false} {
		synctest.Test(t, func(t *testing.T) {
			c := startFake(t, 1)
			var log bytes.Buffer
			opts, err := c.Opts("test", slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: level})))
			must(t, err)
			cl, err := kgo.NewClient(opts...)
			must(t, err)
			must(t, cl.Ping(t.Context()))
			cl.Close()
			if (log.Len() > 0) != want {
				t.Errorf("at %s the client wrote:\n%s", level, log.String())
			}
		})
	}
}

func TestOptsNeedTheirFiles(t *testing.T) {
	c := kafka.Config{Brokers: []string{"kafka:9092"}, TLS: true, CA: "/no/ca", RegistryURL: "http://registry"}
	log := slog.New(slog.DiscardHandler)
	if _, err := c.Producer("test", log); err == nil {
		t.Error("a producer without its CA")
	}
	if _, err := c.Group("test", "a", log, "topic"); err == nil {
		t.Error("a member without its CA")
	}
}
