package compose

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"pitstop/deploy/e2e/pitstop"
	"pitstop/deploy/embedded"
)

// The parts start this test binary again as their child processes.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == embedded.ChildCommand {
		os.Exit(embedded.RunChild(os.Args[2:]))
	}
	os.Exit(m.Run())
}

// build makes the binary of the image.
func build(t *testing.T) string {
	t.Helper()
	p, err := pitstop.Build(t.TempDir(), "-tags", "noembedded")
	if err != nil {
		t.Fatal(err)
	}
	return p.Path
}

// ours are the containers that run pitstop.
func ours(p *types.Project) map[string]types.ServiceConfig {
	services := map[string]types.ServiceConfig{}
	for name, s := range p.Services {
		if s.Build != nil {
			services[name] = s
		}
	}
	return services
}

// TestPitstopRunsAsConfigured runs every command line of compose.yaml with its
// environment, on the binary of the image and on embedded parts in place of the
// other containers: only addresses are others, and the number of brokers.
func TestPitstopRunsAsConfigured(t *testing.T) {
	if _, err := embedded.FindLibrary(""); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	binary := build(t)
	if out, err := exec.Command("ldd", binary).CombinedOutput(); err == nil {
		t.Errorf("the image has no libraries, but the binary needs some: %s", out)
	}
	parts := startParts(t)
	services := ours(project(t))

	// Nobody reads a variable that the command does not know.
	for name, s := range services {
		help, err := exec.Command(binary, append(slices.Clone([]string(s.Command)), "--help")...).Output()
		must(t, err)
		for variable := range s.Environment {
			if !regexp.MustCompile(`\$` + variable + `\b`).Match(help) {
				t.Errorf("%s: pitstop %s does not know %s", name, strings.Join(s.Command, " "), variable)
			}
		}
	}

	if out, err := parts.run(t, binary, services["topics"]); err != nil || !strings.Contains(out, "done: ") {
		t.Fatalf("topics: %v\n%s", err, out)
	}
	// The embedded engine takes no users by SQL: everything before them is done.
	if out, err := parts.run(t, binary, services["migrate"]); err == nil || !strings.Contains(out, "2 garages loaded") || !strings.Contains(out, "manage access") {
		t.Fatalf("migrate: %v\n%s", err, out)
	}
	// As docs/operations.md says.
	token := services["api"]
	token.Command = types.ShellCommand{"token", "--role", "mechanic", "--garage", "de-brug", "--subject", "sam"}
	if out, err := parts.run(t, binary, token); err != nil || !strings.HasPrefix(out, "eyJ") {
		t.Errorf("token: %v\n%s", err, out)
	}
	for name, s := range services {
		if once(s) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			parts.ready(t, binary, s)
		})
	}
}

// parts stand in for the other containers.
type parts struct {
	data      *embedded.Data
	variables map[string]string // that say where they are
}

func startParts(t *testing.T) parts {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	data, err := embedded.Open(t.TempDir(), quiet)
	must(t, err)
	t.Cleanup(func() { _ = data.Close() })
	stop := func(what string, stop func(context.Context) error) {
		t.Cleanup(func() {
			if err := stop(context.Background()); err != nil {
				t.Errorf("stop %s: %v", what, err)
			}
		})
	}
	kafka, err := embedded.StartKafka(t.Context(), data, embedded.KafkaOptions{Log: quiet})
	must(t, err)
	stop("kafka", kafka.Stop)
	registry, err := embedded.StartRegistry(t.Context(), data, quiet)
	must(t, err)
	stop("registry", registry.Stop)
	engine, err := embedded.StartClickHouse(t.Context(), data, embedded.ClickHouseOptions{Log: quiet})
	must(t, err)
	stop("clickhouse", engine.Stop)
	mail, err := embedded.StartMailbox(t.Context(), data, embedded.MailboxOptions{Clock: time.Now, Log: quiet})
	must(t, err)
	stop("mailbox", mail.Stop)
	return parts{data, map[string]string{
		"PITSTOP_KAFKA_BROKERS": kafka.Addr, "PITSTOP_REGISTRY_URL": registry.URL, "PITSTOP_CLICKHOUSE": engine.DSN,
		"PITSTOP_SMTP": mail.SMTPAddr, "PITSTOP_REPLICATION": "1", "PITSTOP_MIN_IN_SYNC": "1",
	}}
}

// environment is a container's, with the parts in place of the other containers,
// the files where they are mounted from, and free ports of loopback.
func (p parts) environment(t *testing.T, s types.ServiceConfig) []string {
	t.Helper()
	var env []string
	for name, value := range s.Environment {
		v := *value
		if part, ok := p.variables[name]; ok {
			v = part
		}
		for _, mount := range s.Volumes {
			if v == mount.Target {
				v = mount.Source
			}
		}
		if strings.HasPrefix(v, ":") {
			port, err := p.data.Port(strings.ReplaceAll(strings.ToLower(s.Name+"-"+name), "_", "-"))
			must(t, err)
			v = fmt.Sprintf("127.0.0.1:%d", port)
		}
		env = append(env, name+"="+v)
	}
	return env
}

// run runs a container to its end.
func (p parts) run(t *testing.T, binary string, s types.ServiceConfig) (out string, err error) {
	t.Helper()
	cmd := exec.Command(binary, s.Command...)
	cmd.Env = p.environment(t, s)
	b, err := cmd.CombinedOutput()
	return string(b), err
}

// ready starts a container, waits until its health check says that it is well, and
// stops it.
func (p parts) ready(t *testing.T, binary string, s types.ServiceConfig) {
	t.Helper()
	cmd := exec.Command(binary, s.Command...)
	cmd.Env = p.environment(t, s)
	said, err := os.Create(filepath.Join(t.TempDir(), "log"))
	must(t, err)
	cmd.Stdout, cmd.Stderr = said, said
	must(t, cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()

	if s.HealthCheck.Test[0] != "CMD" || s.HealthCheck.Test[1] != "/pitstop" {
		t.Fatalf("its health check is %q", s.HealthCheck.Test)
	}
	healthy := func() error {
		check := exec.Command(binary, s.HealthCheck.Test[2:]...)
		check.Env = cmd.Env
		if out, err := check.CombinedOutput(); err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		return nil
	}
	deadline := time.After(5 * time.Minute) // all of them start at once
	for problem := healthy(); problem != nil; problem = healthy() {
		select {
		case err := <-ended:
			t.Fatalf("it ended: %v\n%s", err, text(t, said))
		case <-deadline:
			_ = cmd.Process.Kill()
			t.Fatalf("%v\n%s", problem, text(t, said))
		case <-time.After(100 * time.Millisecond):
		}
	}
	must(t, cmd.Process.Signal(syscall.SIGTERM))
	if err := <-ended; err != nil {
		t.Errorf("stopped: %v\n%s", err, text(t, said))
	}
}

func text(t *testing.T, f *os.File) string {
	t.Helper()
	_, err := f.Seek(0, io.SeekStart)
	must(t, err)
	b, err := io.ReadAll(f)
	must(t, err)
	return string(b)
}
