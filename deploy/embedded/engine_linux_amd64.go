//go:build !noembedded

package embedded

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"
	"unsafe"

	"github.com/creack/pty"
	"github.com/ebitengine/purego"
	"golang.org/x/sys/cpu"
)

// checkPlatform returns an error if this machine cannot run the engine.
func checkPlatform() error {
	if x := cpu.X86; !x.HasAVX2 || !x.HasBMI2 || !x.HasFMA {
		return errors.New("the embedded ClickHouse needs a processor with AVX2, BMI2 and FMA (x86-64-v3), which this one lacks")
	}
	return nil
}

// runClickHouse is the child process of the engine: clickhouse-local, from the
// library, with its listener for the native protocol started.
//
// It reads its commands from a pseudo-terminal and is told to be interactive:
// otherwise any exception that leaves the thread of a connection, one refused
// login is enough, ends the whole engine.
func runClickHouse(control, ready *os.File, library, data, portText string) (err error) {
	port, err := strconv.Atoi(portText)
	if err != nil {
		return fmt.Errorf("read port: %w", err)
	}
	dir := filepath.Join(data, "clickhouse")
	held, err := lockPart(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, held.release()) }()
	if held.killed {
		fmt.Fprintln(os.Stderr, "the engine was killed last time: no acknowledged row is lost unless the machine lost power")
	}
	// The engine says nothing clear about a port that is taken: try it first.
	l, err := listen(port)
	if err != nil {
		return portError("clickhouse", filepath.Join(data, "ports", "clickhouse"), port, err)
	}
	l.Close()

	terminal, stdin, err := pty.Open()
	if err != nil {
		return fmt.Errorf("open pseudo-terminal: %w", err)
	}
	if err := syscall.Dup2(int(stdin.Fd()), 0); err != nil {
		return fmt.Errorf("set standard input: %w", err)
	}
	gate := filepath.Join(dir, "gate")
	if err := makeGate(gate); err != nil {
		return fmt.Errorf("make named pipe: %w", err)
	}
	go openGate(gate)
	if err := stopOnRequest(control, terminal, dir, port); err != nil {
		return err
	}
	return callEngine(library, engineArgs(dir, port))
}

// stopOnRequest waits in the background for the request to stop, and then types the
// commands that end the engine.
func stopOnRequest(control, terminal *os.File, dir string, port int) error {
	answers, answer, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("make pipe: %w", err)
	}
	// Input is dropped until the engine reads its commands, which is after it has
	// passed the gate and tried to listen: so each is typed until it took effect.
	stopListening := func() bool {
		_, _ = fmt.Fprintf(terminal, "SYSTEM STOP LISTEN TCP; SELECT 1 INTO OUTFILE '/dev/fd/%d' APPEND FORMAT TSV;\r", answer.Fd())
		_ = answers.SetReadDeadline(time.Now().Add(retypeInterval)) // a pipe takes one
		_, err := answers.Read(make([]byte, 1))
		return err == nil
	}
	go func() { _, _ = io.Copy(io.Discard, terminal) }() // what the terminal echoes
	go func() {
		untilStopped(control)
		if err := closeGate(dir, port, stopListening); err != nil {
			fmt.Fprintln(os.Stderr, "not stopped cleanly:", err)
			os.Exit(1)
		}
		for ; ; time.Sleep(retypeInterval) {
			_, _ = terminal.WriteString("exit\r")
		}
	}()
	return nil
}

// callEngine calls the main function in the library, which returns when the engine
// has ended.
func callEngine(library string, args []string) error {
	handle, err := purego.Dlopen(library, purego.RTLD_NOW|purego.RTLD_GLOBAL)
	if err != nil {
		return fmt.Errorf("load the ClickHouse library: %w: to fetch it anew, remove deploy/clickhouse-lib/node_modules and run make deps, or give a server of your own with --clickhouse DSN", err)
	}
	var setSignalHandlers func(uint8)
	purego.RegisterLibFunc(&setSignalHandlers, handle, "chdb_set_signal_handlers_enabled")
	main, err := purego.Dlsym(handle, "chdb_query_cmdline")
	if err != nil {
		return fmt.Errorf("load the ClickHouse library: %w", err)
	}
	setSignalHandlers(0) // Go's own handlers, which its runtime rests on, stay
	argv := cStrings(args)
	runtime.LockOSThread()
	purego.SyscallN(main, uintptr(len(argv)-1), uintptr(unsafe.Pointer(&argv[0])))
	runtime.KeepAlive(argv)
	return nil
}

// retypeInterval is how long a command may take before it is typed again.
const retypeInterval = 50 * time.Millisecond

// engineArgs returns the command line of clickhouse-local. Once it listens, the
// engine writes its port to the ready pipe itself.
func engineArgs(dir string, port int) []string {
	return []string{
		"clickhouse-local", "--interactive", "--disable_suggestion",
		"--history_file=" + filepath.Join(dir, "history"), // not /dev/null: it makes its history private to its owner
		"--config-file=" + filepath.Join(dir, "config.xml"),
		"--path=" + filepath.Join(dir, "data"), // must be absolute
		"--listen_host=127.0.0.1", "--tcp_port=" + strconv.Itoa(port),
		"--query", "SELECT ignore(file('" + filepath.Join(dir, "gate") + "')) FORMAT Null; SYSTEM START LISTEN TCP; SELECT getServerPort('tcp_port') INTO OUTFILE '/dev/fd/4' APPEND FORMAT TSV",
	}
}

// cStrings returns args as C expects them: terminated strings, and a null at the
// end.
func cStrings(args []string) []*byte {
	argv := make([]*byte, 0, len(args)+1)
	for _, a := range args {
		argv = append(argv, &append([]byte(a), 0)[0])
	}
	return append(argv, nil)
}
