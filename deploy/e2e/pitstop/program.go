// Package pitstop builds the program and runs it as operators do: as a process with a
// data directory, or as a command that ends by itself.
package pitstop

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"pitstop/deploy/e2e/expect"
)

// Program is pitstop as it was built from this source.
type Program struct {
	Path  string
	ports sync.Map // listeners on the ports of processes that have ended, kept until the tests end
}

// Build builds the program into a directory, with the flags that go build takes.
func Build(dir string, flags ...string) (*Program, error) {
	p := &Program{Path: filepath.Join(dir, "pitstop")}
	const program = "pitstop/cmd/pitstop"
	if _, err := run("build", append(flags, "-o", p.Path, program)...); err != nil {
		return nil, err
	}
	// go test keeps the result of a test until a file changes that the test itself has
	// looked at: what the build reads is none of them.
	dirs, err := run("list", append(flags, "-deps", "-f", "{{if not .Standard}}{{.Dir}}{{end}}", program)...)
	if err != nil {
		return nil, err
	}
	for dir := range strings.Lines(dirs) {
		if _, err := os.ReadDir(strings.TrimSpace(dir)); err != nil {
			return nil, fmt.Errorf("look at the source of pitstop: %w", err)
		}
	}
	return p, nil
}

// run runs the go command and returns what it prints.
func run(command string, args ...string) (string, error) {
	cmd := exec.Command("go", append([]string{command}, args...)...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("go %s pitstop: %w\n%s", command, err, said.String())
	}
	return string(out), nil
}

// Up starts pitstop up on a data directory and waits until it is ready. It is stopped
// when the test ends, and must exit with code 0.
func (prog *Program) Up(t testing.TB, dir string, args ...string) *Process {
	t.Helper()
	return prog.start(t, "up", dir, args...)
}

// Demo is Up for pitstop demo.
func (prog *Program) Demo(t testing.TB, dir string, args ...string) *Process {
	t.Helper()
	return prog.start(t, "demo", dir, args...)
}

func (prog *Program) start(t testing.TB, command, dir string, args ...string) *Process {
	t.Helper()
	p, err := prog.launchReady(command, dir, args...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if code := p.Stop(os.Interrupt); code != 0 && p.Cmd.ProcessState.Exited() {
			t.Errorf("pitstop %s ended with %d", command, code)
		}
		if t.Failed() {
			t.Logf("what pitstop said at last:\n%s", p.Said.Tail())
		}
	})
	return p
}

// LaunchUp is Up for a process that outlives a test: the caller stops it.
func (prog *Program) LaunchUp(dir string, args ...string) (*Process, error) {
	return prog.launchReady("up", dir, args...)
}

func (prog *Program) launchReady(command, dir string, args ...string) (*Process, error) {
	// It is ready when the file appears.
	if err := os.Remove(filepath.Join(dir, "addresses.json")); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	p, err := prog.Launch(append([]string{command, "--data", dir}, args...)...)
	if err != nil {
		return nil, err
	}
	p.Dir = dir
	missing := expect.Poll(func() string {
		select {
		case <-p.Ended:
			return ""
		default:
		}
		text, err := os.ReadFile(filepath.Join(dir, "addresses.json"))
		if err == nil {
			err = json.Unmarshal(text, &p.Addresses)
		}
		if err != nil {
			return err.Error()
		}
		return ""
	})
	if missing != "" || p.API == "" {
		p.Stop(os.Kill)
		return nil, fmt.Errorf("pitstop %s did not become ready: %s\n%s", command, missing, p.Said.Tail())
	}
	return p, nil
}

// Launch starts pitstop and does not wait for it.
func (prog *Program) Launch(args ...string) (*Process, error) {
	p := &Process{program: prog, Cmd: exec.Command(prog.Path, args...), Said: new(Transcript), Ended: make(chan struct{})}
	p.Cmd.Env = environment()
	p.Cmd.Stdout, p.Cmd.Stderr = p.Said, p.Said
	if err := p.Cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(p.Ended)
		_ = p.Cmd.Wait() // ProcessState says how it ended
	}()
	return p, nil
}

// Run runs a command that ends by itself, and returns its exit code and outputs.
func (prog *Program) Run(t testing.TB, args ...string) (code int, out, errOut string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), expect.Patience)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, prog.Path, args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = environment(), &stdout, &stderr
	err := cmd.Run()
	if failed := new(exec.ExitError); err != nil && !errors.As(err, &failed) || ctx.Err() != nil {
		t.Fatalf("pitstop %s: %v", strings.Join(args, " "), errors.Join(err, ctx.Err()))
	}
	return cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()
}

// environment returns the environment of this process without the variables that
// configure pitstop, except the path of the ClickHouse library, which belongs to the
// machine.
func environment() []string {
	var env []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "PITSTOP_") || strings.HasPrefix(v, "PITSTOP_CLICKHOUSE_LIB=") {
			env = append(env, v)
		}
	}
	return env
}
