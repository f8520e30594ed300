package embedded

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestOpenCreatesDirectoryForOwnerOnly(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "data")
	d := openData(t, dir)
	must(d.Secret("link"))(t)
	must(d.Port("api"))(t)
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s can be read by others: %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestOpenRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		file, text string
		says       []string
	}{
		"a newer format":       {"format", "2\n", []string{"format 2", "up to 1", "newer version"}},
		"a damaged format":     {"format", "x", []string{"not a number", "backup"}},
		"somebody else's data": {"thesis.tex", "", []string{"thesis.tex", "not empty", "choose a new or empty directory"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, c.file), []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := Open(dir, newLog(t).Logger)
			wantError(t, err, c.says...)
		})
	}
}

func TestOpenRefusesSecondProcess(t *testing.T) {
	dir := t.TempDir()
	d := openData(t, dir)
	_, err := Open(dir, newLog(t).Logger)
	wantError(t, err, "in use by process "+strconv.Itoa(os.Getpid()), "choose another data directory")
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	openData(t, dir)
}

func TestSecretsAndPortsSurviveRestart(t *testing.T) {
	dir := t.TempDir()
	d := openData(t, dir)
	link, other := must(d.Secret("link"))(t), must(d.Secret("jwt"))(t)
	port := must(d.Port("api"))(t)
	if len(link) != 32 || bytes.Equal(link, other) {
		t.Errorf("secrets %x and %x, want two different ones of 32 bytes", link, other)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	d = openData(t, dir)
	if again := must(d.Secret("link"))(t); !bytes.Equal(again, link) {
		t.Errorf("secret %x became %x", link, again)
	}
	if again := must(d.Port("api"))(t); again != port {
		t.Errorf("port %d became %d", port, again)
	}
}

func TestDamagedSecretIsNotReplaced(t *testing.T) {
	d := openData(t, t.TempDir())
	must(d.Secret("link"))(t)
	if err := os.WriteFile(d.Path("secrets/link"), []byte("beef"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := d.Secret("link")
	wantError(t, err, "secrets/link", "backup")
	_, err = ReadSecret(d.Dir(), "link")
	wantError(t, err, "secrets/link", "backup")
}

func TestReadSecretOfARunningPitstop(t *testing.T) {
	d := openData(t, t.TempDir())
	_, err := ReadSecret(d.Dir(), "link")
	wantError(t, err, "run pitstop up --data "+d.Dir()+" first")
	want := must(d.Secret("link"))(t)
	if got := must(ReadSecret(d.Dir(), "link"))(t); !bytes.Equal(got, want) {
		t.Errorf("read %x, want %x", got, want)
	}
}

func TestNamesCannotLeaveTheDirectory(t *testing.T) {
	d := openData(t, t.TempDir())
	for _, name := range []string{"", "../x", "a/b", "A"} {
		_, err := d.Secret(name)
		wantError(t, err, "lower-case")
	}
}

func TestListenOnTakenPort(t *testing.T) {
	d := openData(t, t.TempDir())
	l := must(d.Listen("api"))(t)
	defer l.Close()
	if host, _, err := net.SplitHostPort(l.Addr().String()); err != nil || host != "127.0.0.1" {
		t.Errorf("listens on %s, not on loopback", l.Addr())
	}
	_, err := d.Listen("api")
	wantError(t, err, strconv.Itoa(must(d.Port("api"))(t)), "taken by another program", "remove "+d.Path("ports/api"))
	if !IsConfiguration(err) {
		t.Error("it does not say that trying again is of no use")
	}
}

// Two data directories do not choose the same port, though nobody listens on it yet.
func TestPortsAreKeptFromOthers(t *testing.T) {
	one, other := openData(t, t.TempDir()), openData(t, t.TempDir())
	mine := make(map[int]bool)
	for i := range 200 {
		mine[must(one.Port(fmt.Sprintf("part-%d", i)))(t)] = true
	}
	for port := range mine {
		if err := other.reserved.reserve(port); err == nil {
			t.Fatalf("port %d is not kept", port)
		}
	}
	if err := one.Close(); err != nil {
		t.Fatal(err)
	}
	for port := range mine {
		if err := other.reserved.reserve(port); err != nil {
			t.Fatalf("port %d is still kept: %v", port, err)
		}
	}
}

func TestAddressesWrite(t *testing.T) {
	dir := t.TempDir()
	want := Addresses{"http://a", "http://p", "http://b", "http://c", "127.0.0.1:1", "http://d", "clickhouse://e", "/garages.yaml"}
	for range 2 { // the second replaces the first
		if err := want.Write(dir); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "addresses.json")
	if info := must(os.Stat(path))(t); info.Mode() != 0o600 {
		t.Errorf("mode %v, want 0600: it holds a password", info.Mode())
	}
	var got map[string]string
	if err := json.Unmarshal(must(os.ReadFile(path))(t), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{
		"api": "http://a", "provider": "http://p", "mailbox": "http://b", "metrics": "http://c",
		"kafka": "127.0.0.1:1", "registry": "http://d", "clickhouse": "clickhouse://e", "garages": "/garages.yaml",
	}, got); diff != "" {
		t.Error(diff)
	}
	if files := must(os.ReadDir(dir))(t); len(files) != 1 {
		t.Errorf("left %d files, want 1", len(files))
	}
	for range 2 { // the second finds nothing
		if err := RemoveAddresses(dir); err != nil {
			t.Error(err)
		}
	}
	if files := must(os.ReadDir(dir))(t); len(files) != 0 {
		t.Errorf("left %d files, want none", len(files))
	}
}
