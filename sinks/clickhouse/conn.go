// Package clickhouse fills ClickHouse with every record of every topic. It owns the
// tables (migrations) and the connection to the server ([Config]). Of the packages on
// top of it, query reads the tables for the API, and access manages who may read them.
//
// Rows are identified by event_id in ReplacingMergeTree tables, and every query
// deduplicates: inserting the same records again, in whatever batches, changes no
// result.
package clickhouse

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"pitstop/schemas/cafile"
)

// Config says how to connect to the server, and as which user.
type Config struct {
	// DSN is clickhouse://user:password@host:9000/database; with ?secure=true
	// over TLS.
	DSN string
	// CA is a PEM file with the authorities to trust over TLS; empty: the system's.
	CA string
}

// Validate reports everything that is wrong, without connecting.
func (c Config) Validate() error {
	_, err := c.Options()
	return err
}

// Options returns the driver's options for the DSN and the CA. Its errors never
// contain the DSN, which holds a password.
func (c Config) Options() (*clickhouse.Options, error) {
	const give = "give --clickhouse clickhouse://user:password@host:9000/database"
	var errs []error
	u, err := url.Parse(c.DSN)
	if err != nil || u.Scheme != "clickhouse" || u.Host == "" {
		return nil, fmt.Errorf("the ClickHouse DSN is not of the form clickhouse://…: %s", give)
	}
	// In the driver these override the part before the question mark, which a reader's
	// login replaces.
	for _, name := range []string{"username", "password", "database"} {
		if u.Query().Has(name) {
			errs = append(errs, fmt.Errorf("the ClickHouse DSN has %s after the question mark: %s", name, give))
		}
	}
	o, err := clickhouse.ParseDSN(c.DSN)
	if err != nil {
		if parse := (*url.Error)(nil); errors.As(err, &parse) {
			err = parse.Err
		}
		return nil, fmt.Errorf("read the ClickHouse DSN: %w: %s", err, give)
	}
	for _, addr := range o.Addr {
		if _, _, err := net.SplitHostPort(addr); err != nil {
			errs = append(errs, fmt.Errorf("ClickHouse server %q is not host:port: %s", addr, give))
		}
	}
	if o.Auth.Database == "" || o.Auth.Database == "default" {
		errs = append(errs, fmt.Errorf("the ClickHouse DSN names no database of its own: %s", give))
	}
	switch {
	case c.CA == "":
	case o.TLS == nil:
		errs = append(errs, errors.New("a ClickHouse CA is set without TLS: add ?secure=true to the DSN"))
	default:
		pool, err := cafile.Read("ClickHouse CA", c.CA)
		errs = append(errs, err)
		o.TLS.RootCAs = pool
	}
	if o.TLS != nil {
		o.TLS.MinVersion = tls.VersionTLS12
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if o.Settings == nil {
		o.Settings = clickhouse.Settings{}
	}
	o.Settings["async_insert"] = 0 // on by default since 26.7, but an acknowledged INSERT must be visible
	o.Compression = &clickhouse.Compression{Method: clickhouse.CompressionLZ4}
	return o, nil
}

// Open returns a pool of connections. It does not connect: an unavailable server
// shows at the first use.
func (c Config) Open() (driver.Conn, error) {
	o, err := c.Options()
	if err != nil {
		return nil, err
	}
	conn, err := clickhouse.Open(o)
	if err != nil {
		return nil, fmt.Errorf("open ClickHouse: %w", err)
	}
	return conn, nil
}
