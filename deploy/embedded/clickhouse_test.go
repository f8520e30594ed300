package embedded

import (
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// needEngine skips a test where the library is not installed, except in CI,
// whose results must not rest on what it lacked.
func needEngine(t *testing.T) {
	t.Helper()
	if _, err := FindLibrary(""); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
}

func startClickHouse(t *testing.T, d *Data, log *testLog) *ClickHouse {
	t.Helper()
	return must(StartClickHouse(t.Context(), d, ClickHouseOptions{Log: log.Logger}))(t)
}

func connect(t *testing.T, dsn string) clickhouse.Conn {
	t.Helper()
	conn := must(clickhouse.Open(must(clickhouse.ParseDSN(dsn))(t)))(t)
	t.Cleanup(func() { _ = conn.Close() }) // may be closed already
	return conn
}

func run(t *testing.T, conn clickhouse.Conn, sql string) {
	t.Helper()
	if err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func query[T any](t *testing.T, conn clickhouse.Conn, sql string) T {
	t.Helper()
	var v T
	if err := conn.QueryRow(t.Context(), sql).Scan(&v); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return v
}

const createEvents = "CREATE TABLE events (n UInt64) ENGINE = ReplacingMergeTree ORDER BY n"

func TestClickHouseKeepsRowsAndAddressOverRestart(t *testing.T) {
	needEngine(t)
	dir, log := t.TempDir(), newLog(t)
	var dsn string
	for round := range uint64(3) {
		d := openData(t, dir)
		c := startClickHouse(t, d, log)
		if dsn == "" {
			dsn = c.DSN
		}
		if c.DSN != dsn {
			t.Errorf("DSN %s became %s", dsn, c.DSN)
		}
		conn := connect(t, dsn)
		if round == 0 {
			run(t, conn, createEvents)
		}
		if n := query[uint64](t, conn, "SELECT count() FROM events"); n != 10*round {
			t.Errorf("%d rows, want %d", n, 10*round)
		}
		run(t, conn, fmt.Sprintf("INSERT INTO events SELECT number + %d FROM numbers(10)", 10*round))
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
		stop(t, c)
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if log.String() != "" {
		t.Error("clean stops left something in the log")
	}
}

// TestClickHouseSurvivesRudeClients guards what the pseudo-terminal and
// --interactive are for: without them the first refused login, or the first
// connection that speaks something else, ends the engine.
func TestClickHouseSurvivesRudeClients(t *testing.T) {
	needEngine(t)
	log := newLog(t)
	c := startClickHouse(t, openData(t, t.TempDir()), log)
	conn := connect(t, c.DSN)
	pid := childOf(t, ChildCommand, "clickhouse")
	addr := must(clickhouse.ParseDSN(c.DSN))(t).Addr[0]

	garbage := make([]byte, 4096)
	rand.Read(garbage)
	hello := "\x00\x06rude c\x01\x01\xa0\xa9\x03" // the beginning of a login
	var wait sync.WaitGroup
	for n := range 200 {
		wait.Go(func() {
			switch n % 5 {
			case 0: // connected, and gone
				rude(t, addr, "", false)
			case 1:
				rude(t, addr, string(garbage), false)
			case 2: // half a login, then a reset
				rude(t, addr, hello, true)
			case 3:
				rude(t, addr, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", true)
			case 4: // refused
				login := must(clickhouse.Open(must(clickhouse.ParseDSN("clickhouse://pitstop:wrong@" + addr + "/pitstop"))(t)))(t)
				if err := login.Ping(t.Context()); err == nil {
					t.Error("a wrong password was accepted")
				}
				_ = login.Close() // it never opened
			}
		})
	}
	wait.Wait()

	if got := query[uint8](t, conn, "SELECT 1"); got != 1 {
		t.Errorf("SELECT 1 is %d", got)
	}
	if err := conn.Close(); err != nil {
		t.Error(err)
	}
	if again := childOf(t, ChildCommand, "clickhouse"); again != pid {
		t.Error("the engine did not survive, it was started again")
	}
	if strings.Contains(log.String(), "ended by itself") {
		t.Error("the engine ended")
	}
	stop(t, c)
}

// rude sends text and goes away, without or with a reset.
func rude(t *testing.T, addr, text string, reset bool) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Error(err)
		return
	}
	if reset {
		err = conn.(*net.TCPConn).SetLinger(0)
	}
	if err != nil {
		t.Error(err)
	}
	_, _ = conn.Write([]byte(text)) // the engine may have hung up already
	_ = conn.Close()
}

func TestKilledClickHouseComesBackWithAllRows(t *testing.T) {
	needEngine(t)
	log := newLog(t)
	c := startClickHouse(t, openData(t, t.TempDir()), log)
	conn := connect(t, c.DSN)
	run(t, conn, createEvents)

	// A writer that repeats what was not acknowledged, as the sink does.
	const blocks = 120
	written := make(chan uint64)
	go func() {
		defer close(written)
		for block := range uint64(blocks) {
			insert := fmt.Sprintf("INSERT INTO events SELECT number + %d FROM numbers(100)", 100*block)
			eventually(t, insert, func() bool { return conn.Exec(t.Context(), insert) == nil })
			written <- block
		}
	}()
	for block := range written {
		if block%40 == 20 {
			if err := syscall.Kill(childOf(t, ChildCommand, "clickhouse"), syscall.SIGKILL); err != nil {
				t.Error(err)
			}
		}
	}
	if n := query[uint64](t, conn, "SELECT count() FROM events FINAL"); n != 100*blocks {
		t.Errorf("%d rows, want %d", n, 100*blocks)
	}
	if err := conn.Close(); err != nil {
		t.Error(err)
	}
	// The engine takes rows a moment before it says that it is ready.
	eventually(t, "the third restart", func() bool { return strings.Count(log.String(), "embedded part runs again") == 3 })
	stop(t, c)
}

// TestClickHouseStopsRightAfterStart guards the moment at which the engine
// already listens and does not yet read its commands.
func TestClickHouseStopsRightAfterStart(t *testing.T) {
	needEngine(t)
	log := newLog(t)
	d := openData(t, t.TempDir())
	for range 5 {
		stop(t, startClickHouse(t, d, log))
	}
}

func TestClickHouseUsers(t *testing.T) {
	needEngine(t)
	c := startClickHouse(t, openData(t, t.TempDir()), newLog(t))
	defer stop(t, c)
	addr := must(clickhouse.ParseDSN(c.DSN))(t).Addr[0]
	secret := filepath.Join(t.TempDir(), "secret.csv")
	if err := os.WriteFile(secret, []byte("1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, forbidden := range []struct{ who, dsn, sql, says string }{
		{"the user without a password", "clickhouse://default@" + addr + "/default", "SELECT 1", "overflown session count"},
		{"pitstop", c.DSN, "SELECT * FROM file('" + secret + "')", "current_path"},
		{"pitstop", c.DSN, "SELECT * FROM default.`" + secret + "`", "current_path"},
		{"pitstop", c.DSN, "SELECT file('" + secret + "')", "current_path"},
		{"pitstop", c.DSN, "SELECT file('" + secret + "', NULL)", "current_path"},
		{"pitstop", c.DSN, "SELECT * FROM url('http://127.0.0.1/', CSV, 'n Int8')", "Not enough privileges"},
		{"pitstop", c.DSN, "CREATE USER other", "Not enough privileges"},
	} {
		t.Run(forbidden.who+" "+forbidden.sql, func(t *testing.T) {
			conn := connect(t, forbidden.dsn)
			defer conn.Close()
			wantError(t, conn.Exec(t.Context(), forbidden.sql), forbidden.says)
		})
	}
	conn := connect(t, c.DSN)
	defer conn.Close()
	if v := query[string](t, conn, "SELECT value FROM system.settings WHERE name = 'async_insert'"); v != "0" {
		t.Errorf("async_insert is %s, want 0 as on a server of one's own", v)
	}
	if v := query[string](t, conn, "SELECT engine FROM system.databases WHERE name = 'pitstop'"); v != "Atomic" {
		t.Errorf("database pitstop is %s, want Atomic", v)
	}
}

// TestClickHouseMerges guards the sizes of the background pools: with few threads
// and a server's usual demand for free ones, mutations and OPTIMIZE never run.
func TestClickHouseMerges(t *testing.T) {
	needEngine(t)
	c := startClickHouse(t, openData(t, t.TempDir()), newLog(t))
	defer stop(t, c)
	conn := connect(t, c.DSN)
	defer conn.Close()
	run(t, conn, createEvents)
	for range 10 {
		run(t, conn, "INSERT INTO events SELECT number FROM numbers(1000)")
	}
	run(t, conn, "ALTER TABLE events DELETE WHERE n >= 500 SETTINGS mutations_sync = 1")
	run(t, conn, "OPTIMIZE TABLE events FINAL SETTINGS optimize_throw_if_noop = 1")
	if n := query[uint64](t, conn, "SELECT count() FROM events"); n != 500 {
		t.Errorf("%d rows, want 500", n)
	}
}

func TestClickHouseAtRestIsSmall(t *testing.T) {
	needEngine(t)
	c := startClickHouse(t, openData(t, t.TempDir()), newLog(t))
	defer stop(t, c)
	status := string(must(os.ReadFile(fmt.Sprintf("/proc/%d/status", childOf(t, ChildCommand, "clickhouse"))))(t))
	_, after, _ := strings.Cut(status, "VmRSS:")
	var kB int
	if _, err := fmt.Sscan(after, &kB); err != nil {
		t.Fatal(err)
	}
	if t.Logf("resident: %d MB", kB/1024); kB > 300<<10 {
		t.Errorf("%d MB resident at rest, want under 300", kB/1024)
	}
}

func TestClickHouseRefuses(t *testing.T) {
	needEngine(t)
	t.Run("a directory that another engine holds", func(t *testing.T) {
		d := openData(t, t.TempDir())
		stop(t, startClickHouse(t, d, newLog(t)))
		status := must(os.OpenFile(d.Path("clickhouse/data/status"), os.O_RDWR|os.O_CREATE, 0o600))(t)
		defer status.Close()
		if err := syscall.Flock(int(status.Fd()), syscall.LOCK_EX); err != nil {
			t.Fatal(err)
		}
		_, err := StartClickHouse(t.Context(), d, ClickHouseOptions{Log: newLog(t).Logger})
		wantError(t, err, "start embedded clickhouse", "Cannot lock file")
	})
	t.Run("a port taken by another program", func(t *testing.T) {
		d := openData(t, t.TempDir())
		l := must(d.Listen("clickhouse"))(t)
		defer l.Close()
		_, err := StartClickHouse(t.Context(), d, ClickHouseOptions{Log: newLog(t).Logger})
		wantError(t, err, "start embedded clickhouse", "taken by another program", d.Path("ports/clickhouse"))
		if !IsConfiguration(err) {
			t.Error("it does not say that trying again is of no use")
		}
	})
	t.Run("a file that is no library", func(t *testing.T) {
		library := filepath.Join(t.TempDir(), "libchdb.so")
		if err := os.WriteFile(library, []byte("no"), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := StartClickHouse(t.Context(), openData(t, t.TempDir()), ClickHouseOptions{Library: library, Log: newLog(t).Logger})
		wantError(t, err, "load the ClickHouse library", "remove deploy/clickhouse-lib/node_modules and run make deps", "--clickhouse DSN")
	})
}

func TestFindLibrarySaysWhatToDo(t *testing.T) {
	if err := checkPlatform(); err != nil {
		_, err := FindLibrary("")
		wantError(t, err, "linux/amd64", "--clickhouse DSN")
		return
	}
	missing := filepath.Join(t.TempDir(), "libchdb.so")
	_, err := FindLibrary(missing)
	wantError(t, err, missing, "--clickhouse DSN")
	t.Setenv(LibraryEnv, missing)
	_, err = FindLibrary("")
	wantError(t, err, missing, "--clickhouse DSN")
	t.Setenv(LibraryEnv, "")
	t.Chdir(t.TempDir())
	_, err = FindLibrary("")
	wantError(t, err, "run make deps", LibraryEnv, "--clickhouse DSN")
}

func TestMakeDepsFetchesTheLibrary(t *testing.T) {
	out, err := exec.Command("make", "-C", "../..", "--dry-run", "--always-make", "deps").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "cd deploy/clickhouse-lib && npm ci") {
		t.Errorf("it does not: %v\n%s", err, out)
	}
}
