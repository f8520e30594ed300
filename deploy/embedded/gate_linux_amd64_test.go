//go:build !noembedded

package embedded

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"testing"
)

// TestGateClosesBehindAnEngineThatHasYetToListen has the parent gone at the worst
// moment: the engine is between its gate and its listener.
func TestGateClosesBehindAnEngineThatHasYetToListen(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(t.TempDir()) // closeGate leaves it
	port := must(openData(t, t.TempDir()).Port("gate"))(t)
	addr := fmt.Sprintf("127.0.0.1:%d", port)

	var engine net.Listener
	var client, served net.Conn
	told := 0
	stopListening := func() bool {
		switch told++; told {
		case 1: // it does not read its commands
			return false
		case 2: // it listens, and somebody is quick
			engine = must(net.Listen("tcp4", addr))(t)
			client = must(net.Dial("tcp4", addr))(t)
			served = must(engine.Accept())(t)
			return false
		case 3: // it read a command that was cut short
			return true
		default:
			engine.Close()
			return true
		}
	}
	if err := closeGate(dir, port, stopListening); err != nil {
		t.Fatal(err)
	}
	if told != 4 {
		t.Fatalf("told to stop listening %d times, want 4", told)
	}
	defer client.Close()
	defer served.Close()
	if _, err := client.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("who was connected reads %v, want to be cut off", err)
	}
	if wd := must(os.Getwd())(t); wd != dir {
		t.Errorf("working directory %s, want %s", wd, dir)
	}
}
