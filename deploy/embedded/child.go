package embedded

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	stopTimeout  = 20 * time.Second // for a clean stop, then the child is killed
	minBackOff   = 100 * time.Millisecond
	maxBackOff   = 10 * time.Second
	healthyAfter = time.Minute // a child that ran this long starts again at minBackOff
)

// partVar names, in the environment of a child process, the part that it is.
const partVar = "PITSTOP_EMBEDDED_PART"

// childSpec says how to run a part of the embedded set-up in a process of its own.
type childSpec struct {
	name      string        // of the part, for logs and errors
	exe       string        // empty: this program
	args      []string      // follow ChildCommand
	env       []string      // added to this process's environment
	dir       string        // working directory
	wait      time.Duration // for the child to become ready
	stop      time.Duration // for the child to end when it is asked to
	quietStop bool          // what it writes while it stops is logged for debugging only
	log       *slog.Logger
}

// child is a supervised process: when it ends without having been stopped it is
// started again, with a growing pause. It ends when its parent does, however
// that ends, because it reads its control pipe.
type child struct {
	spec     childSpec
	stopping chan struct{} // closed by stop
	stopOnce sync.Once
	kill     context.CancelFunc // kills the process
	done     chan struct{}      // closed when no process runs any more
	err      error              // how the last process ended after stop; read it after done
}

// startChild starts the process and waits until it is ready. When it cannot become
// ready, the error holds what it wrote. ctx bounds only the start.
func startChild(ctx context.Context, spec childSpec) (*child, error) {
	life, kill := context.WithCancel(context.WithoutCancel(ctx))
	c := &child{spec: spec, stopping: make(chan struct{}), kill: kill, done: make(chan struct{})}
	p, err := c.launch(ctx, life)
	if err != nil {
		kill()
		return nil, fmt.Errorf("start embedded %s: %w", spec.name, err)
	}
	go c.supervise(life, p)
	return c, nil
}

// stop asks the child to end cleanly and waits for it. The end of ctx does not cut
// that short, since a child that is killed may break what it guarantees; after
// spec.stop the child is killed all the same, and the error says so.
func (c *child) stop(ctx context.Context) error {
	c.stopOnce.Do(func() { close(c.stopping) })
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.spec.stop)
	defer cancel()
	defer c.kill()
	select {
	case <-c.done:
		if c.err != nil {
			return fmt.Errorf("stop embedded %s: %w", c.spec.name, c.err)
		}
		return nil
	case <-ctx.Done():
		c.kill()
		<-c.done
		return fmt.Errorf("stop embedded %s: killed, it did not end within %s", c.spec.name, c.spec.stop)
	}
}

// supervise keeps one process running until stop. Its log lines are the only
// place where a crash is reported: clients see a broken connection and retry.
func (c *child) supervise(life context.Context, p *process) {
	defer close(c.done)
	log := c.spec.log
	pause, started := minBackOff, time.Now()
	for {
		if p != nil {
			select {
			case <-c.stopping:
				c.err = p.stop()
				return
			case <-p.ended:
				if time.Since(started) > healthyAfter {
					pause = minBackOff
				}
				log.Error("embedded part ended by itself, starting it again", "part", c.spec.name, "error", p.err, "pause", pause)
			}
		}
		select {
		case <-c.stopping:
			return
		case <-time.After(pause):
		}
		pause = min(2*pause, maxBackOff)
		started = time.Now()
		var err error
		if p, err = c.launch(life, life); err != nil {
			log.Error("embedded part did not start again", "part", c.spec.name, "error", err, "pause", pause)
			continue
		}
		log.Info("embedded part runs again", "part", c.spec.name)
	}
}

// process is one run of a child.
type process struct {
	cmd     *exec.Cmd
	control *os.File // closing it asks the process to stop
	stderr  *output
	ended   chan struct{}
	err     error // how it ended; read it after ended
}

func (p *process) stop() error {
	p.stderr.stopping.Store(true)
	p.control.Close() // an error leaves nothing to do: the kill on time-out remains
	<-p.ended
	return p.err
}

// launch starts a process and waits until it says that it is ready. The end of life
// kills it.
func (c *child) launch(ctx, life context.Context) (*process, error) {
	if os.Getenv(partVar) != "" { // else it would start itself for ever
		return nil, fmt.Errorf("%s is itself started as a part, and has not handed its arguments to RunChild", os.Args[0])
	}
	controlR, controlW, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	readyR, readyW, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, controlR.Close(), controlW.Close())
	}
	defer readyR.Close()

	cmd := exec.CommandContext(life, executable(c.spec.exe), slices.Concat([]string{ChildCommand}, c.spec.args)...)
	cmd.Args[0] = os.Args[0]
	cmd.Env = slices.Concat(os.Environ(), []string{partVar + "=" + c.spec.name}, c.spec.env)
	cmd.Dir = c.spec.dir
	cmd.ExtraFiles = []*os.File{controlR, readyW} // descriptors 3 and 4
	// A group of its own: the terminal's interrupt must not reach it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = time.Second // for a grandchild that would hold stderr
	stderr := &output{part: c.spec.name, quietStop: c.spec.quietStop, log: c.spec.log}
	cmd.Stderr = stderr
	err = cmd.Start()
	err = errors.Join(err, controlR.Close(), readyW.Close())
	if err != nil {
		return nil, errors.Join(err, controlW.Close())
	}
	p := &process{cmd: cmd, control: controlW, stderr: stderr, ended: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.ended)
	}()

	answer := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(readyR).ReadString('\n') // cut short: not a port
		answer <- strings.TrimSpace(line)
	}()
	var failed func() error // called when the process has ended and its output is complete
	select {
	case line := <-answer:
		if _, err = strconv.Atoi(line); err == nil {
			return p, nil
		}
		failed = func() error { return errors.New(line) }
		if line == "" {
			failed = func() error { return fmt.Errorf("it ended before it was ready: %s", stderr.last()) }
		}
	case <-time.After(c.spec.wait):
		failed = func() error { return fmt.Errorf("not ready after %s: %s", c.spec.wait, stderr.last()) }
	case <-ctx.Done():
		failed = ctx.Err
	}
	p.control.Close()
	select {
	case <-p.ended:
	case <-time.After(c.spec.stop):
		_ = cmd.Process.Kill() // it may have ended just now
		<-p.ended
	}
	if cmd.ProcessState.ExitCode() == exitMisconfigured {
		return nil, configurationError{failed()}
	}
	return nil, failed()
}

// executable returns the program to run as a child. On Linux this program's own is
// found even when its file has been replaced by a newer build.
func executable(path string) string {
	if path != "" {
		return path
	}
	if runtime.GOOS == "linux" {
		return "/proc/self/exe"
	}
	if path, err := os.Executable(); err == nil {
		return path
	}
	return os.Args[0]
}

// output passes what a child writes on stderr to the log, line by line, and
// remembers the last lines for the error of a failed start.
type output struct {
	part      string
	quietStop bool
	stopping  atomic.Bool
	log       *slog.Logger

	mu   sync.Mutex
	rest string
	tail []string
}

func (o *output) Write(b []byte) (int, error) {
	level := slog.LevelWarn
	if o.quietStop && o.stopping.Load() {
		level = slog.LevelDebug
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	lines := strings.Split(o.rest+string(b), "\n")
	o.rest = lines[len(lines)-1]
	if len(o.rest) > 64<<10 { // a line without an end
		o.rest = ""
	}
	for _, line := range lines[:len(lines)-1] {
		if line = strings.TrimSpace(line); line != "" {
			o.log.Log(context.Background(), level, "embedded part output", "part", o.part, "line", line)
			o.tail = append(o.tail, line)
		}
	}
	o.tail = o.tail[max(0, len(o.tail)-10):]
	return len(b), nil
}

func (o *output) last() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.tail) == 0 {
		return "it said nothing"
	}
	return strings.Join(o.tail, " | ")
}

var _ io.Writer = (*output)(nil)
