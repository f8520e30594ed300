package embedded

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// ChildCommand is the hidden subcommand with which the program starts itself
// again as one of its parts.
const ChildCommand = "embedded-child"

// lockTimeout is how long a child waits for its predecessor, whose parent was
// killed and which is still closing its files, or loading the engine.
const lockTimeout = 45 * time.Second

// RunChild is the whole program of a child process. args are what followed
// ChildCommand on the command line; the result is the exit code.
//
// A child stops when its control pipe, descriptor 3, is closed. It writes one
// line to descriptor 4: its port when it is ready, else why it never will be.
// It ignores the signals that a terminal or an operator sends to stop the
// program: the parent decides when its parts stop, and in which order.
func RunChild(args []string) int {
	signal.Ignore(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGPIPE)
	syscall.Umask(0o077)
	control, ready := os.NewFile(3, "control"), os.NewFile(4, "ready")
	if !isPipe(control) || !isPipe(ready) {
		fmt.Fprintf(os.Stderr, "%s is how pitstop starts its own parts: use pitstop up\n", ChildCommand)
		return 2
	}
	// The engine of ClickHouse writes to descriptor 4 by its number and may
	// start programs: only the control pipe must not be inherited further.
	syscall.CloseOnExec(3)

	err := fmt.Errorf("unknown part %q", args)
	switch {
	case len(args) == 3 && args[0] == "kafka":
		err = runKafka(control, ready, args[1], args[2])
	case len(args) == 4 && args[0] == "clickhouse":
		err = runClickHouse(control, ready, args[1], args[2], args[3])
	}
	if err != nil {
		fmt.Fprintln(ready, strings.ReplaceAll(err.Error(), "\n", "; "))
		if IsConfiguration(err) {
			return exitMisconfigured
		}
		return 1
	}
	return 0
}

func isPipe(f *os.File) bool {
	if f == nil {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeNamedPipe != 0
}

// untilStopped returns when the parent asks for a stop, or is gone.
func untilStopped(control *os.File) {
	_, _ = io.Copy(io.Discard, control) // an error also means that the parent is gone
}

// lockPart takes the lock of a part's folder.
func lockPart(dir string) (*fileLock, error) {
	held, err := lock(dir+".lock", lockTimeout)
	if other := (*heldError)(nil); errors.As(err, &other) {
		return nil, fmt.Errorf("%s is in use by process %s: stop that process first", dir, other.pid)
	}
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", dir, err)
	}
	return held, nil
}
