package main

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"time"

	"pitstop/schemas/garage"
	"pitstop/schemas/kafka"
	"pitstop/schemas/link"
	"pitstop/sinks/clickhouse"
	"pitstop/sinks/clickhouse/access"
	"pitstop/sinks/email"
)

// logFlags configure the logger.
type logFlags struct {
	LogLevel  slog.Level `default:"info" help:"Least level to log: debug, info, warn or error."`
	LogFormat string     `enum:"text,json" default:"text" help:"text or json."`
}

func (f logFlags) logger(w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: f.LogLevel}
	if f.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// brokerFlags say where the brokers are.
type brokerFlags struct {
	KafkaBrokers  []string `help:"Kafka brokers, as host:port,host:port." placeholder:"HOST:PORT"`
	KafkaTLS      bool     `name:"kafka-tls" help:"Encrypt the connection to Kafka."`
	KafkaCA       string   `name:"kafka-ca" help:"Certificates to trust, in PEM; default: the system's." placeholder:"FILE"`
	KafkaCert     string   `help:"Client certificate, in PEM." placeholder:"FILE"`
	KafkaKey      string   `help:"Client key, in PEM." placeholder:"FILE"`
	KafkaSASL     string   `name:"kafka-sasl" enum:",plain,scram-sha-256,scram-sha-512" default:"" help:"How to log in: plain, scram-sha-256 or scram-sha-512."`
	KafkaUser     string   `help:"User to log in with."`
	KafkaPassword string   `help:"Password; give it as PITSTOP_KAFKA_PASSWORD."`
}

func (f brokerFlags) config() kafka.Config {
	return kafka.Config{
		Brokers: f.KafkaBrokers, TLS: f.KafkaTLS, CA: f.KafkaCA, Cert: f.KafkaCert, Key: f.KafkaKey,
		SASL: f.KafkaSASL, User: f.KafkaUser, Password: f.KafkaPassword,
	}
}

// kafkaFlags say where the brokers and the schema registry are.
type kafkaFlags struct {
	brokerFlags
	RegistryURL      string `name:"registry-url" help:"Schema registry (Confluent API)." placeholder:"URL"`
	RegistryUser     string `help:"User of the schema registry."`
	RegistryPassword string `help:"Password; give it as PITSTOP_REGISTRY_PASSWORD."`
}

func (f kafkaFlags) config() kafka.Config {
	c := f.brokerFlags.config()
	c.RegistryURL, c.RegistryUser, c.RegistryPassword = f.RegistryURL, f.RegistryUser, f.RegistryPassword
	return c
}

// garageFlags name the garage file.
type garageFlags struct {
	Garages string `help:"The garage file: names, opening hours, staff (YAML). Read again when it changes." placeholder:"FILE"`
}

// loadIf loads the garages if they are needed; else they are nil.
func (f garageFlags) loadIf(needed bool) (*garage.Book, error) {
	if !needed {
		return nil, nil
	}
	return f.load()
}

func (f garageFlags) load() (*garage.Book, error) {
	if f.Garages == "" {
		return nil, errors.New("no garage file: give --garages FILE")
	}
	return garage.Load(f.Garages)
}

// clickhouseFlags say where ClickHouse is.
type clickhouseFlags struct {
	ClickHouse   string `name:"clickhouse" help:"ClickHouse server, as clickhouse://user:password@host:9000/database?secure=true; give it as PITSTOP_CLICKHOUSE." placeholder:"DSN"`
	ClickHouseCA string `name:"clickhouse-ca" help:"Certificates to trust, in PEM; default: the system's." placeholder:"FILE"`
}

func (f clickhouseFlags) config() clickhouse.Config {
	return clickhouse.Config{DSN: f.ClickHouse, CA: f.ClickHouseCA}
}

// readerFlags configure the users of ClickHouse that dashboards log in with.
type readerFlags struct {
	ReaderSecret string `help:"Secret from which the passwords of the ClickHouse users that dashboards log in with are computed, in hexadecimal; give it as PITSTOP_READER_SECRET."`
}

// readers returns nil where no secret is given.
func (f readerFlags) readers() (*access.Readers, error) {
	if f.ReaderSecret == "" {
		return nil, nil
	}
	secret, err := secretFrom("PITSTOP_READER_SECRET", f.ReaderSecret)
	return &access.Readers{Secret: secret}, err
}

// smtpFlags say how mail leaves.
type smtpFlags struct {
	SMTP         string         `name:"smtp" help:"SMTP relay, as host:port; of pitstop up: instead of its mailbox." placeholder:"HOST:PORT"`
	SMTPSecurity email.Security `name:"smtp-security" help:"starttls, tls or plain; default: starttls, and plain on loopback."`
	SMTPCA       string         `name:"smtp-ca" help:"Certificates to trust, in PEM; default: the system's." placeholder:"FILE"`
	SMTPUser     string         `name:"smtp-user" help:"User to log in with."`
	SMTPPassword string         `name:"smtp-password" help:"Password; give it as PITSTOP_SMTP_PASSWORD."`
	SMTPHelo     string         `name:"smtp-helo" help:"Name this host gives itself." placeholder:"HOST"`
}

func (f smtpFlags) relay() email.Relay {
	return email.Relay{
		Addr: f.SMTP, Security: f.SMTPSecurity, CA: f.SMTPCA,
		User: f.SMTPUser, Password: f.SMTPPassword, Helo: f.SMTPHelo,
	}
}

// mailFlags configure what customers see of mails: sender, links and their keys.
type mailFlags struct {
	PublicURL    string        `name:"public-url" help:"Where customers reach the API, e.g. https://garage.example: their links begin with it." placeholder:"URL"`
	StaffURL     string        `name:"staff-url" help:"A repair's page for staff, with {repair} in place of its id; default: no link in their mails." placeholder:"URL"`
	MailSender   string        `help:"Address in From, beside the garage's name." placeholder:"ADDRESS"`
	MailDomain   string        `help:"Right-hand side of every Message-ID; default: the sender's." placeholder:"DOMAIN"`
	LinkKeys     string        `help:"Keys of the customers' links, newest first, as id:base64,id:base64; give them as PITSTOP_LINK_KEYS."`
	LinkLifetime time.Duration `default:"2160h" help:"How long a customer's link works."`
}

func (f mailFlags) config() (email.Config, error) {
	c := email.Config{
		PublicURL: f.PublicURL, StaffURL: f.StaffURL, Sender: f.MailSender, Domain: f.MailDomain,
		LinkLifetime: f.LinkLifetime,
	}
	var err error
	if c.LinkKeys, err = f.keys(); err != nil {
		c.LinkKeys = new(link.Keys) // err says what is wrong with them
	}
	return c, errors.Join(err, c.Validate())
}

func (f mailFlags) keys() (*link.Keys, error) {
	if f.LinkKeys == "" {
		return nil, errors.New("no keys for the customers' links: give PITSTOP_LINK_KEYS, the same in every process")
	}
	keys, err := link.ParseKeys(f.LinkKeys)
	if err != nil {
		return nil, fmt.Errorf("PITSTOP_LINK_KEYS: %w", err)
	}
	return keys, nil
}

// opsFlags say where health and metrics are.
type opsFlags struct {
	MetricsAddr string `default:"127.0.0.1:9464" help:"Address for /healthz, /readyz and /metrics, which need no token: keep it off the open net."`
}

// instanceFlags name this member of its consumer group.
type instanceFlags struct {
	Instance string `help:"Name of this process among those of its role: unique, and the same at every start; default: the host's name." placeholder:"NAME"`
}

func (f instanceFlags) name() (string, error) {
	if f.Instance != "" {
		return f.Instance, nil
	}
	host, err := os.Hostname()
	if err != nil {
		return "", fmt.Errorf("no --instance, and the host has no name: %w", err)
	}
	return host, nil
}

// secretFrom reads a secret of at least 32 bytes, in hexadecimal.
func secretFrom(flag, value string) ([]byte, error) {
	b, err := hex.DecodeString(strings.TrimSpace(value))
	if err != nil || len(b) < 32 {
		example := make([]byte, 32)
		rand.Read(example) // never fails, by its documentation
		return nil, fmt.Errorf("%s must be at least 32 bytes in hexadecimal, the same in every process; a fresh one: %x", flag, example)
	}
	return b, nil
}

// needAddr checks a listening address.
func needAddr(flag, addr string) error {
	if _, _, err := net.SplitHostPort(addr); err != nil {
		return fmt.Errorf("%s %q is not host:port", flag, addr)
	}
	return nil
}
