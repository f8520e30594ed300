package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// process is a running pitstop.
type process struct {
	addresses
	dir   string // its data directory
	cmd   *exec.Cmd
	said  *transcript   // both outputs
	ended chan struct{} // closed when it has ended
}

// addresses is addresses.json.
type addresses struct {
	API, Mailbox, Metrics, Kafka, Registry, ClickHouse string
}

// up starts pitstop up on a data directory and waits until it is ready. It is
// stopped with the test, and must then end well.
func up(t testing.TB, dir string, args ...string) *process {
	t.Helper()
	return everything(t, "up", dir, args...)
}

// everything starts pitstop up or pitstop demo.
func everything(t testing.TB, command, dir string, args ...string) *process {
	t.Helper()
	p, err := launchAll(command, dir, args...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if code := p.stop(os.Interrupt); code != 0 && p.cmd.ProcessState.Exited() {
			t.Errorf("pitstop %s ended with %d", command, code)
		}
		if t.Failed() {
			t.Logf("what pitstop said at last:\n%s", p.said.tail())
		}
	})
	return p
}

func launchUp(dir string, args ...string) (*process, error) { return launchAll("up", dir, args...) }

func launchAll(command, dir string, args ...string) (*process, error) {
	// Ready is when the file appears.
	if err := os.Remove(filepath.Join(dir, "addresses.json")); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	p, err := launch(append([]string{command, "--data", dir}, args...)...)
	if err != nil {
		return nil, err
	}
	p.dir = dir
	missing := poll(func() string {
		select {
		case <-p.ended:
			return ""
		default:
		}
		text, err := os.ReadFile(filepath.Join(dir, "addresses.json"))
		if err == nil {
			err = json.Unmarshal(text, &p.addresses)
		}
		if err != nil {
			return err.Error()
		}
		return ""
	})
	if missing != "" || p.API == "" {
		p.stop(os.Kill)
		return nil, fmt.Errorf("pitstop %s did not become ready: %s\n%s", command, missing, p.said.tail())
	}
	return p, nil
}

// launch starts pitstop.
func launch(args ...string) (*process, error) {
	p := &process{cmd: exec.Command(binary, args...), said: new(transcript), ended: make(chan struct{})}
	p.cmd.Env = environment()
	p.cmd.Stdout, p.cmd.Stderr = p.said, p.said
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(p.ended)
		_ = p.cmd.Wait() // ProcessState says how it ended
	}()
	return p, nil
}

// stop sends a signal and gives the exit code; -1: it was killed.
func (p *process) stop(signal os.Signal) int {
	_ = p.cmd.Process.Signal(signal) // it may have ended
	select {
	case <-p.ended:
	case <-time.After(patience):
		_ = p.cmd.Process.Kill()
		<-p.ended
	}
	p.keepPorts()
	return p.cmd.ProcessState.ExitCode()
}

// keepPorts keeps the ports of a process that has ended, as it did itself: it may be
// started again, and others that start meanwhile must not choose them.
func (p *process) keepPorts() {
	files, _ := filepath.Glob(filepath.Join(p.dir, "ports", "*")) // the pattern is fine
	for _, file := range files {
		port, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		if conn, err := net.ListenPacket("udp4", "127.0.0.1:"+strings.TrimSpace(string(port))); err == nil {
			ports.Store(conn, true)
		}
	}
}

// ports are those of processes that have ended, kept until the tests end.
var ports sync.Map

// environment is this process's, without what would configure pitstop; where the
// ClickHouse library is belongs to the machine.
func environment() []string {
	var env []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "PITSTOP_") || strings.HasPrefix(v, "PITSTOP_CLICKHOUSE_LIB=") {
			env = append(env, v)
		}
	}
	return env
}

// pitstop runs a command that ends by itself.
func pitstop(t testing.TB, args ...string) (code int, out, errOut string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = environment(), &stdout, &stderr
	err := cmd.Run()
	if failed := new(exec.ExitError); err != nil && !errors.As(err, &failed) || ctx.Err() != nil {
		t.Fatalf("pitstop %s: %v", strings.Join(args, " "), errors.Join(err, ctx.Err()))
	}
	return cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()
}

// token is a new token of the embedded mode's issuer.
func (p *process) token(t testing.TB, role, subject, garages string) string {
	t.Helper()
	code, out, errOut := pitstop(t, "token", "--data", p.dir, "--role", role, "--garage", garages, "--subject", subject)
	if code != 0 || errOut != "" || strings.Count(out, "\n") != 1 {
		t.Fatalf("pitstop token: code %d, said %q and %q, want one line with the token", code, out, errOut)
	}
	return strings.TrimSpace(out)
}

// transcript keeps what a process says.
type transcript struct {
	mu   sync.Mutex
	text bytes.Buffer
}

var _ io.Writer = (*transcript)(nil)

func (s *transcript) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *transcript) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

func (s *transcript) tail() string {
	text := s.String()
	return text[max(0, len(text)-8000):]
}
