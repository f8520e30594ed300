// Package kafka is the contract with the log and the schema registry: how to reach
// them and which topics there are; and what every consumer must do the same way: ask
// for offsets, end when it was fenced or its offsets are gone, put a record aside as
// a dead letter, and say whether it makes progress. It neither produces nor consumes:
// that is the business of producers, processors, sinks and the API.
package kafka

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
	"github.com/twmb/franz-go/pkg/sr"
	"github.com/twmb/franz-go/plugin/kslog"

	"pitstop/schemas/cafile"
)

// Config says how to reach the brokers and the schema registry.
type Config struct {
	// Brokers are the seeds, as host:port.
	Brokers []string
	// TLS encrypts the connection. CA, Cert and Key are files in PEM; an empty CA
	// means the system's.
	TLS           bool
	CA, Cert, Key string
	// SASL is empty, plain, scram-sha-256 or scram-sha-512.
	SASL, User, Password string

	// RegistryURL is the schema registry's, with an optional user and password.
	RegistryURL, RegistryUser, RegistryPassword string

	// Dialer replaces the network in tests; nil: the real one.
	Dialer func(ctx context.Context, network, host string) (net.Conn, error)
	// RegistryTransport replaces the network to the registry in tests; nil: the real one.
	RegistryTransport http.RoundTripper
	// Hooks observe every client made from this Config, e.g. for metrics.
	Hooks []kgo.Hook
}

// SessionTimeout is how long a member may be silent before its partitions go to
// another, and TransactionTimeout how long a dead one's open transaction hides
// what comes after it.
const (
	SessionTimeout     = 10 * time.Second
	TransactionTimeout = 10 * time.Second
	RebalanceTimeout   = 60 * time.Second
)

// registryTimeout bounds one request to the schema registry.
const registryTimeout = 5 * time.Second

// Validate reports everything that is wrong, without connecting to anything.
func (c Config) Validate() error {
	return errors.Join(c.ValidateBrokers(), c.validateRegistry())
}

// ValidateBrokers is Validate for callers that need no schema registry.
func (c Config) ValidateBrokers() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if len(c.Brokers) == 0 {
		bad("no Kafka brokers: give --kafka-brokers host:port[,host:port]")
	}
	for _, b := range c.Brokers {
		host, port, err := net.SplitHostPort(b)
		if _, e := strconv.ParseUint(port, 10, 16); err != nil || e != nil || host == "" {
			bad("Kafka broker %q is not host:port", b)
		}
	}
	switch c.SASL {
	case "":
		if c.User != "" || c.Password != "" {
			bad("a Kafka user or password is set without --kafka-sasl")
		}
	case "plain", "scram-sha-256", "scram-sha-512":
		if c.User == "" || c.Password == "" {
			bad("--kafka-sasl %s needs a user and a password", c.SASL)
		}
	default:
		bad("--kafka-sasl %q is not one of plain, scram-sha-256, scram-sha-512", c.SASL)
	}
	if !c.TLS && (c.CA != "" || c.Cert != "" || c.Key != "") {
		bad("Kafka certificate files are set without --kafka-tls")
	}
	if (c.Cert == "") != (c.Key == "") {
		bad("a Kafka client certificate needs both its certificate and its key")
	}
	if c.TLS {
		if _, err := c.tls(); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (c Config) validateRegistry() error {
	var errs []error
	bad := func(text string) { errs = append(errs, errors.New(text)) }
	switch u, err := url.Parse(c.RegistryURL); { // none of these repeats the URL: it may hold a password
	case c.RegistryURL == "":
		bad("no schema registry: give --registry-url")
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		bad("the schema registry's URL is not an http or https one: correct --registry-url")
	case u.User != nil:
		bad("the schema registry's user and password belong in their own settings, not in its URL")
	}
	if c.RegistryUser == "" && c.RegistryPassword != "" {
		bad("a schema registry password is set without a user")
	}
	return errors.Join(errs...)
}

func (c Config) tls() (*tls.Config, error) {
	roots, err := cafile.Read("Kafka CA", c.CA)
	errs := []error{err}
	conf := &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}
	if c.Cert != "" && c.Key != "" {
		pair, err := tls.LoadX509KeyPair(c.Cert, c.Key)
		if err != nil {
			errs = append(errs, fmt.Errorf("read Kafka client certificate: %w", err))
		}
		conf.Certificates = []tls.Certificate{pair}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return conf, nil
}

// Opts returns the options that every client shares: the brokers, the login, the
// client id and the log.
func (c Config) Opts(clientID string, log *slog.Logger) ([]kgo.Opt, error) {
	logger := &clientLogger{Logger: kslog.New(log)}
	opts := []kgo.Opt{
		kgo.SeedBrokers(c.Brokers...),
		kgo.ClientID(clientID),
		kgo.WithLogger(logger),
		kgo.WithHooks(append([]kgo.Hook{logger}, c.Hooks...)...),
		// A broker that came back, or a topic just made, is noticed at once.
		kgo.MetadataMinAge(100 * time.Millisecond),
		kgo.RetryTimeout(20 * time.Second),
		kgo.ProducerBatchMaxBytesFn(maxBatchBytes),
	}
	if c.Dialer != nil {
		opts = append(opts, kgo.Dialer(c.Dialer))
	}
	if c.TLS {
		conf, err := c.tls()
		if err != nil {
			return nil, err
		}
		opts = append(opts, kgo.DialTLSConfig(conf))
	}
	if m := c.mechanism(); m != nil {
		opts = append(opts, kgo.SASL(m))
	}
	return opts, nil
}

// Admin returns a client that asks and tells brokers about topics and groups.
func (c Config) Admin(clientID string, log *slog.Logger) (*kadm.Client, error) {
	opts, err := c.Opts(clientID, log)
	if err != nil {
		return nil, err
	}
	adm, err := kadm.NewOptClient(opts...)
	if err != nil {
		return nil, fmt.Errorf("kafka client: %w", err)
	}
	return adm, nil
}

func (c Config) mechanism() sasl.Mechanism {
	switch c.SASL {
	case "plain":
		return plain.Auth{User: c.User, Pass: c.Password}.AsMechanism()
	case "scram-sha-256":
		return scram.Auth{User: c.User, Pass: c.Password}.AsSha256Mechanism()
	case "scram-sha-512":
		return scram.Auth{User: c.User, Pass: c.Password}.AsSha512Mechanism()
	}
	return nil
}

// clientLogger leaves franz-go's routine messages to level debug; and also what the
// caller learns from an error anyway, and logs once: that no broker has accepted the
// client yet, and that another member fenced it.
type clientLogger struct {
	*kslog.Logger
	accepted atomic.Bool // by a broker
}

// Level returns the level from which kgo logs.
func (l *clientLogger) Level() kgo.LogLevel {
	if level := l.Logger.Level(); level != kgo.LogLevelInfo {
		return level
	}
	return kgo.LogLevelWarn
}

// Log writes a message.
func (l *clientLogger) Log(level kgo.LogLevel, msg string, keyvals ...any) {
	if !l.accepted.Load() || slices.ContainsFunc(keyvals, fenced) {
		level = kgo.LogLevelDebug
	}
	l.Logger.Log(level, msg, keyvals...)
}

// fenced reports whether a value of a message is the error, or its code, of a fenced
// member.
func fenced(v any) bool {
	if code, ok := v.(int16); ok {
		return code == kerr.FencedInstanceID.Code
	}
	err, ok := v.(error)
	return ok && errors.Is(err, kerr.FencedInstanceID)
}

// handshake lists the requests that a broker answers before it has accepted a client.
var handshake = []int16{int16(kmsg.ApiVersions), int16(kmsg.SASLHandshake), int16(kmsg.SASLAuthenticate)}

// OnBrokerE2E is called after every request.
func (l *clientLogger) OnBrokerE2E(_ kgo.BrokerMetadata, key int16, e2e kgo.BrokerE2E) {
	if e2e.Err() == nil && !slices.Contains(handshake, key) {
		l.accepted.Store(true)
	}
}

// Producer returns the options of a client that writes records without transactions:
// idempotent, acknowledged by every in-sync replica, and retried for as long as the
// caller's context allows.
func (c Config) Producer(clientID string, log *slog.Logger) ([]kgo.Opt, error) {
	opts, err := c.Opts(clientID, log)
	return append(opts,
		kgo.RequiredAcks(kgo.AllISRAcks()), // with idempotence, franz-go's default
	), err
}

// Group returns the options of a member of a consumer group that commits by itself,
// after its work is durable. Whether a rebalance waits for that work is up to
// the member: see kgo.BlockRebalanceOnPoll. Resume comes before the member joins, and
// again after a poll whose error Displaced reports.
func (c Config) Group(group, instance string, log *slog.Logger, topics ...string) ([]kgo.Opt, error) {
	opts, err := c.Opts(group, log)
	opts = append(opts,
		kgo.ConsumerGroup(group),
		kgo.ConsumeTopics(topics...),
		kgo.ConsumeStartOffset(kgo.NewOffset().AtStart()), // a new group misses nothing
		kgo.ConsumeResetOffset(kgo.NoResetOffset()),       // see Resume
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.DisableAutoCommit(),
		// A partition assigned while a fetch waits for records waits with it.
		kgo.FetchMaxWait(250*time.Millisecond),
		kgo.SessionTimeout(SessionTimeout),
		kgo.HeartbeatInterval(SessionTimeout/4),
		kgo.RebalanceTimeout(RebalanceTimeout),
	)
	if instance != "" {
		opts = append(opts, kgo.InstanceID(group+"/"+instance))
	}
	return opts, err
}

// RegistryClient returns a client of the schema registry.
func (c Config) RegistryClient(clientID string) (*sr.Client, error) {
	opts := []sr.ClientOpt{
		sr.URLs(c.RegistryURL), sr.UserAgent(clientID),
		sr.HTTPClient(&http.Client{Timeout: registryTimeout, Transport: c.RegistryTransport}),
	}
	if c.RegistryUser != "" {
		opts = append(opts, sr.BasicAuth(c.RegistryUser, c.RegistryPassword))
	}
	cl, err := sr.NewClient(opts...)
	if err != nil {
		return nil, fmt.Errorf("schema registry client: %w", err)
	}
	return cl, nil
}
