package kafka

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pitstop/deploy/jvm"
)

// make kafka prints where it listens, and its stop command leaves nothing.
func TestKafka_RunAndStop(t *testing.T) {
	if os.Getenv("PITSTOP_TEST_KAFKA") == "" {
		t.Skip("make test-kafka runs this, on Apache Kafka")
	}
	program := filepath.Join(t.TempDir(), "kafka")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./run").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	data := filepath.Join(t.TempDir(), "data")
	said := new(bytes.Buffer)
	running := exec.CommandContext(t.Context(), program, "--data", data)
	running.Stderr = said
	out, err := running.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := running.Start(); err != nil {
		t.Fatal(err)
	}
	addresses := make(map[string]string)
	lines := bufio.NewScanner(out)
	for len(addresses) < 2 && lines.Scan() {
		name, value, _ := strings.Cut(strings.TrimPrefix(lines.Text(), "export "), "=")
		addresses[name] = value
	}
	brokers := strings.Split(addresses["PITSTOP_KAFKA_BROKERS"], ",")
	if len(brokers) != 3 {
		t.Fatalf("it prints %v and says %s", addresses, said)
	}
	for _, b := range brokers {
		if err := jvm.WaitUntil(t.Context(), "it is in sync", nil, func(ctx context.Context) error { return inSync(ctx, b, 3) }); err != nil || !strings.HasPrefix(b, "127.0.0.1:") {
			t.Errorf("broker %s: %v", b, err)
		}
	}
	answer, err := http.Get(addresses["PITSTOP_REGISTRY_URL"] + "/subjects")
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(answer.Body); err != nil || string(text) != "[]" {
		t.Errorf("the registry says %s, %v", text, err)
	}

	began := time.Now()
	if text, err := exec.CommandContext(t.Context(), program, "stop", "--data", data).CombinedOutput(); err != nil || len(text) > 0 {
		t.Errorf("stop: %v, %s", err, text)
	}
	t.Logf("stopped within %s", time.Since(began).Round(time.Millisecond))
	if err := running.Wait(); err != nil {
		t.Errorf("it ended with %v and said %s", err, said)
	}
	if left, err := os.ReadDir(data); err != nil || len(left) > 0 {
		t.Errorf("its data is left: %v, %v", left, err)
	}
	text, err := exec.CommandContext(t.Context(), program, "stop", "--data", data).CombinedOutput()
	if err == nil || string(text) != "kafka: nothing runs on "+filepath.Join(data, "kafka-cluster")+"\n" {
		t.Errorf("stop of nothing: %v, %s", err, text)
	}
}

// A start that fails takes nothing away: not what stood beside its directory,
// nor what an earlier start kept in it.
func TestRun_FailedStartRemovesNothing(t *testing.T) {
	program := filepath.Join(t.TempDir(), "kafka")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./run").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	dir := t.TempDir()
	beside, kept := filepath.Join(dir, "format"), filepath.Join(dir, "kafka-cluster", "kept")
	if err := os.MkdirAll(filepath.Dir(kept), 0o700); err != nil {
		t.Fatal(err)
	}
	start := func() []byte {
		failing := exec.CommandContext(t.Context(), program, "--data", dir)
		failing.Env = []string{"HOME=" + t.TempDir()} // no PATH: no Maven, nor what it fetched before
		text, err := failing.CombinedOutput()
		if err == nil {
			t.Fatalf("it started: %s", text)
		}
		return text
	}
	start()
	for _, file := range []string{beside, kept} {
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text := start()
	for _, file := range []string{beside, kept} {
		if _, err := os.Stat(file); err != nil {
			t.Errorf("after %s: %v", text, err)
		}
	}
}
