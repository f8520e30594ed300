package embedded

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// parentDir names, in the environment of this test binary, a data directory on
// which it starts everything and waits to be killed.
const parentDir = "PITSTOP_TEST_PARENT"

// The parts start this test binary again as their child processes.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == ChildCommand {
		switch {
		case len(os.Args) > 2 && os.Args[2] == "test":
			os.Exit(runTestChild(os.Args[3]))
		default:
			os.Exit(RunChild(os.Args[2:]))
		}
	}
	if dir := os.Getenv(parentDir); dir != "" {
		if err := runParent(dir); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// testLog collects what is logged, and shows it with a failed test.
type testLog struct {
	*slog.Logger
	mu   sync.Mutex
	text bytes.Buffer
}

func newLog(t *testing.T) *testLog {
	l := &testLog{}
	l.Logger = slog.New(slog.NewTextHandler(l, nil))
	t.Cleanup(func() { t.Log(l.String()) })
	return l
}

func (l *testLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *testLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func openData(t *testing.T, dir string) *Data {
	t.Helper()
	d, err := Open(dir, newLog(t).Logger)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() }) // may be closed already
	return d
}

// must stops a test whose set-up fails.
func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

type stopper interface{ Stop(context.Context) error }

// stop stops a part and fails the test where that was not clean.
func stop(t *testing.T, part stopper) {
	t.Helper()
	if err := part.Stop(context.WithoutCancel(t.Context())); err != nil {
		t.Error(err)
	}
}

// eventually waits for something that another process does.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	const patience = 2 * time.Minute // the machine may be busy
	for deadline := time.Now().Add(patience); !ok(); {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not happen within %s", what, patience)
		}
		<-time.After(10 * time.Millisecond)
	}
}

func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("got no error, want one with %q", parts)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q does not say %q", err, part)
		}
	}
}
