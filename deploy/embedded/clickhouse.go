package embedded

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// Database is the database of the embedded engine, and User the program's user,
// which every DSN names.
const (
	Database = "pitstop"
	User     = "pitstop"
)

// clickhouseSecret names the secret that is the password of User.
const clickhouseSecret = "clickhouse"

// ClickHouseOptions are the options of [StartClickHouse].
type ClickHouseOptions struct {
	Exe     string       // the program to start as the child; empty: this one
	Library string       // path of libchdb.so; empty: see FindLibrary
	Users   []byte       // a users file of ClickHouse's with users beside its own; nil: none
	Log     *slog.Logger // crashes and warnings of the engine
}

// ClickHouse is the embedded engine: the real ClickHouse, speaking its native
// protocol on loopback, in a process of its own.
//
// Its insert deduplication tokens do not survive a kill: rely on idempotent
// rows. It does not sync to disk by default: a power cut may lose rows.
type ClickHouse struct {
	DSN   string // clickhouse://pitstop:PASSWORD@127.0.0.1:PORT/pitstop, the same over restarts
	child *child
}

// StartClickHouse starts the engine on the folder clickhouse of the data
// directory, waits until it answers and creates the database pitstop. ctx
// bounds only the start.
func StartClickHouse(ctx context.Context, d *Data, o ClickHouseOptions) (*ClickHouse, error) {
	library, err := FindLibrary(o.Library)
	if err != nil {
		return nil, err
	}
	password, err := d.Secret(clickhouseSecret)
	if err != nil {
		return nil, err
	}
	port, err := d.Port("clickhouse")
	if err != nil {
		return nil, err
	}
	dir := d.Path("clickhouse")
	if err := os.MkdirAll(filepath.Join(dir, "data"), 0o700); err != nil {
		return nil, fmt.Errorf("create folder of clickhouse: %w", err)
	}
	if err := writeEngineConfig(dir, hex.EncodeToString(password), o.Users); err != nil {
		return nil, fmt.Errorf("write configuration of clickhouse: %w", err)
	}
	c, err := startChild(ctx, childSpec{
		name:      "clickhouse",
		exe:       o.Exe,
		args:      []string{"clickhouse", library, d.Dir(), strconv.Itoa(port)},
		env:       []string{"TZ=UTC", "HOME=" + dir, "GOMAXPROCS=2"},
		dir:       dir,
		wait:      2 * time.Minute, // a cold disk reads half a gigabyte of library
		stop:      stopTimeout,
		quietStop: true, // it is told to exit until it does, and complains about the second time
		log:       o.Log,
	})
	if err != nil {
		return nil, err
	}
	server := url.URL{
		Scheme: "clickhouse",
		User:   url.UserPassword(User, hex.EncodeToString(password)),
		Host:   net.JoinHostPort("127.0.0.1", strconv.Itoa(port)),
	}
	if err := createDatabase(ctx, server); err != nil {
		return nil, errors.Join(fmt.Errorf("create database pitstop: %w", err), c.stop(ctx))
	}
	return &ClickHouse{DSN: server.JoinPath(Database).String(), child: c}, nil
}

// Stop ends the engine cleanly and waits for it, also after the end of ctx. Close
// every client first: the engine waits 5 s for those that are connected.
func (c *ClickHouse) Stop(ctx context.Context) error { return c.child.stop(ctx) }

// createDatabase also proves that the engine takes logins.
func createDatabase(ctx context.Context, server url.URL) (err error) {
	options, err := clickhouse.ParseDSN(server.JoinPath("default").String())
	if err != nil {
		return err
	}
	conn, err := clickhouse.Open(options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	return conn.Exec(ctx, "CREATE DATABASE IF NOT EXISTS "+Database+" ENGINE = Atomic")
}

func xmlText(s string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(s)) // a buffer takes everything
	return b.String()
}
