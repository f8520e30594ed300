package embedded

import (
	"fmt"
	"log/slog"
	"net"
	"strings"
	"testing"
)

// freeDoors returns a port that is free, with those after it that the doors need, and
// a directory.
func freeDoors(t *testing.T) (*Data, int) {
	t.Helper()
	d, err := Open(t.TempDir(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	for port := firstPort; port < lastPort; port += len(doors) {
		if err = d.At(fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			return d, port
		}
	}
	t.Fatal(err)
	return nil, 0
}

// The doors are at the address that was asked for and the ports after it; what people do
// not open stays where it was, on loopback.
func TestDoorsAreWhereAskedFor(t *testing.T) {
	d, port := freeDoors(t)
	for at, name := range append(doors, "smtp") {
		l, err := d.Listen(name)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		if got, want := l.Addr().String(), fmt.Sprintf("127.0.0.1:%d", port+at); (got == want) != (name != "smtp") {
			t.Errorf("%s is at %s, with the API at %d", name, got, port)
		}
	}
	if d.Exposed() {
		t.Error("loopback is exposed")
	}
	for addr, want := range map[string]bool{"127.0.0.2": false, "::1": false, "0.0.0.0": true, "::": true, "192.0.2.1": true} {
		if d.at = (&net.TCPAddr{IP: net.ParseIP(addr)}); d.Exposed() != want {
			t.Errorf("%s is exposed: %t", addr, !want)
		}
	}
}

// Each port that is taken is named, with what it is for and what to do.
func TestDoorsThatAreTaken(t *testing.T) {
	d, port := freeDoors(t)
	for _, after := range []int{1, 3} {
		l, err := net.Listen("tcp4", loopback(port+after))
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
	}
	err := d.At(fmt.Sprintf("127.0.0.1:%d", port))
	if !IsConfiguration(err) {
		t.Fatalf("taken: %v", err)
	}
	for _, want := range []string{
		fmt.Sprintf("port %d, for the sign-in page, is taken", port+1), fmt.Sprintf("port %d, for the metrics, is taken", port+3), "another --addr",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in %v", want, err)
		}
	}
	if text := err.Error(); strings.Contains(text, "mailbox") {
		t.Errorf("the mailbox's is free: %s", text)
	}
}

func TestDoorsAtNoAddress(t *testing.T) {
	d, _ := freeDoors(t)
	for _, addr := range []string{"", "8080", "127.0.0.1:0", "127.0.0.1:65533", "no.such.host.invalid:8080", "127.0.0.1:http-alt-x", "203.0.113.254:8080"} {
		if err := d.At(addr); !IsConfiguration(err) || !strings.Contains(err.Error(), "--addr") {
			t.Errorf("%q: %v", addr, err)
		}
	}
}

// A listener on every address is reached at one that others know.
func TestOrigin(t *testing.T) {
	for addr, want := range map[string]string{
		"127.0.0.1:8080": "http://127.0.0.1:8080", "[::1]:8080": "http://[::1]:8080",
		"0.0.0.0:8080": "http://" + ownAddress().String() + ":8080", "[::]:8080": "http://" + ownAddress().String() + ":8080",
	} {
		at, err := net.ResolveTCPAddr("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		if got := Origin(fixed{at: at}); got != want {
			t.Errorf("%s is reached at %s, want %s", addr, got, want)
		}
	}
	if own := ownAddress(); own.IsUnspecified() || !own.Is4() {
		t.Errorf("own address %s", own)
	}
}

// fixed is a listener at an address.
type fixed struct {
	net.Listener
	at net.Addr
}

func (f fixed) Addr() net.Addr { return f.at }
