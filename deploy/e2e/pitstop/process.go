package pitstop

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"pitstop/deploy/e2e/expect"
)

// Process is a running pitstop.
type Process struct {
	program *Program
	Addresses
	Dir   string // its data directory
	Cmd   *exec.Cmd
	Said  *Transcript   // both outputs
	Ended chan struct{} // closed when it has ended
}

// Addresses are the addresses of a process's parts, as it writes them to addresses.json.
type Addresses struct {
	API, Provider, Mailbox, Metrics, Kafka, Registry, ClickHouse string
}

// Stop sends a signal, waits for the process to end and returns its exit code, -1 if it
// was killed.
func (p *Process) Stop(signal os.Signal) int {
	_ = p.Cmd.Process.Signal(signal) // it may have ended
	select {
	case <-p.Ended:
	case <-time.After(expect.Patience):
		_ = p.Cmd.Process.Kill()
		<-p.Ended
	}
	p.keepPorts()
	return p.Cmd.ProcessState.ExitCode()
}

// keepPorts occupies the ports of a process that has ended: it may be started again,
// and others that start meanwhile must not choose them.
func (p *Process) keepPorts() {
	files, _ := filepath.Glob(filepath.Join(p.Dir, "ports", "*")) // the pattern is valid
	for _, file := range files {
		port, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		if conn, err := net.ListenPacket("udp4", "127.0.0.1:"+strings.TrimSpace(string(port))); err == nil {
			p.program.ports.Store(conn, true)
		}
	}
}

// Token returns a new token, as pitstop token prints it.
func (p *Process) Token(t testing.TB, role, subject, garages string) string {
	t.Helper()
	code, out, errOut := p.program.Run(t, "token", "--data", p.Dir, "--role", role, "--garage", garages, "--subject", subject)
	if code != 0 || errOut != "" || strings.Count(out, "\n") != 1 {
		t.Fatalf("pitstop token: code %d, said %q and %q, want one line with the token", code, out, errOut)
	}
	return strings.TrimSpace(out)
}

// SignIn returns a client with the session of a person, by their hint at the embedded
// identity provider: GARAGE/ID, or manager for the manager of all garages. It follows no
// redirects.
func (p *Process) SignIn(t testing.TB, hint string) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &http.Client{Jar: jar, Timeout: expect.Patience}
	const there = "/dashboards"
	answer, err := c.Get(p.API + "/sign-in?" + url.Values{"login_hint": {hint}, "next": {there}}.Encode())
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close() //nolint:errcheck // was read
	if at := answer.Request.URL; !strings.HasPrefix(at.String(), p.API+there) {
		said, _ := io.ReadAll(answer.Body) // for the message
		t.Fatalf("signing in as %s ends at %s: %s\n%s", hint, at, answer.Status, said)
	}
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return c
}

// Children returns the processes that the process started, with their arguments.
func (p *Process) Children(t testing.TB) map[int]string {
	t.Helper()
	found := make(map[int]string)
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, stat := range stats {
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(stat)))
		if _, parent := Running(pid); err == nil && parent == p.Cmd.Process.Pid {
			args, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)) // it may have just ended
			found[pid] = string(bytes.ReplaceAll(args, []byte{0}, []byte{' '}))
		}
	}
	return found
}

// Running reports whether a process runs, and returns its parent's id.
func Running(pid int) (runs bool, parent int) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false, 0
	}
	// The name, in parentheses, may contain anything.
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	parent, _ = strconv.Atoi(fields[1])
	return fields[0] != "Z" && fields[0] != "X", parent
}

// Transcript keeps what a process writes.
type Transcript struct {
	mu   sync.Mutex
	text bytes.Buffer
}

var _ io.Writer = (*Transcript)(nil)

func (s *Transcript) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *Transcript) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// Tail returns the last 8,000 bytes.
func (s *Transcript) Tail() string {
	text := s.String()
	return text[max(0, len(text)-8000):]
}
