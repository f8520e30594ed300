package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"pitstop/deploy/embedded"
	"pitstop/schemas/kafka"
)

// worker runs a role, and restarts it at once when its process is killed. Its process
// ending in another way fails the test.
type worker struct {
	t    *testing.T
	role string
	name string // the instance
	dir  string
	addr [2]string // where it serves its readiness, in turn
	api  string    // where it serves the API, if it does

	injecting sync.Mutex // one fault at a time

	mu       sync.Mutex
	current  *process
	starts   int
	stopping bool
	done     chan struct{} // closed when it is not restarted
}

// process is one process of a role.
type process struct {
	cmd   *exec.Cmd
	input io.Closer
	log   string
	addr  string
	left  chan struct{} // closed when it is replaced
	ended chan struct{}
	err   error // how it ended; read it after ended
}

// killed reports whether a process that ended was killed.
func (p *process) killed() bool {
	status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

func startWorker(t *testing.T, role, name string, data *embedded.Data) *worker {
	t.Helper()
	w := &worker{t: t, role: role, name: name, dir: data.Dir(), done: make(chan struct{})}
	for i := range w.addr {
		w.addr[i] = address(t, data, fmt.Sprintf("%s-%s-ops-%d", role, name, i))
	}
	w.api = address(t, data, "api-"+name)
	must(t, w.start())
	go w.work()
	t.Cleanup(func() {
		w.mu.Lock()
		w.stopping = true
		p := w.current
		w.mu.Unlock()
		_ = p.cmd.Process.Kill() // it may have ended
		<-w.done
	})
	return w
}

// address returns a loopback address that is kept for what.
func address(t *testing.T, data *embedded.Data, what string) string {
	t.Helper()
	port, err := data.Port(what)
	must(t, err)
	return fmt.Sprintf("127.0.0.1:%d", port)
}

// start starts a process. The caller holds the lock, or is the only one.
func (w *worker) start() error {
	p := &process{
		cmd: exec.Command(os.Args[0]), log: fmt.Sprintf("%s/%s-%s-%d.log", w.dir, w.role, w.name, w.starts),
		addr: w.addr[w.starts%2], left: make(chan struct{}), ended: make(chan struct{}),
	}
	w.starts++
	log, err := os.Create(p.log)
	if err != nil {
		return err
	}
	defer log.Close()
	p.cmd.Env = append(os.Environ(), roleVar+"="+w.role, nameVar+"="+w.name, apiVar+"="+w.api, dirVar+"="+w.dir, opsVar+"="+p.addr)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	if p.input, err = p.cmd.StdinPipe(); err != nil {
		return err
	}
	if err := p.cmd.Start(); err != nil {
		return err
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.ended)
	}()
	w.current = p
	return nil
}

// work keeps a process running until stop.
func (w *worker) work() {
	defer close(w.done)
	for {
		p := w.process()
		byItself := false
		select {
		case <-p.ended:
			byItself = !p.killed()
		case <-p.left:
		}
		w.mu.Lock()
		if w.stopping {
			w.mu.Unlock()
			return
		}
		if byItself {
			w.t.Errorf("%s ended by itself: %v\n%s", w.role, p.err, tail(p.log))
		}
		err := w.start()
		w.mu.Unlock()
		if err != nil {
			w.t.Errorf("start %s: %v", w.role, err)
			return
		}
	}
}

// process returns the process that runs, or ran last.
func (w *worker) process() *process {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.current
}

// signal sends a signal to the process that runs, and returns it.
func (w *worker) signal(s syscall.Signal) *process {
	p := w.process()
	_ = p.cmd.Process.Signal(s) // it may just have been killed
	return p
}

// kill kills the process.
func (w *worker) kill() { w.signal(syscall.SIGKILL) }

// killAfterMail lets the process be killed after the mail server accepts its next mail.
func (w *worker) killAfterMail() {
	if err := os.WriteFile(killFile(w.dir), nil, 0o600); err != nil {
		w.t.Error(err)
	}
}

// killTwice kills the process, and the next one while it starts.
func (w *worker) killTwice() {
	old := w.signal(syscall.SIGKILL)
	w.until("another process is started", func() bool { return w.process() != old })
	<-time.After(300 * time.Millisecond)
	w.kill()
}

// freeze suspends the process for longer than its session and transaction timeouts.
func (w *worker) freeze() {
	w.until("it does its work", w.started)
	w.signal(syscall.SIGSTOP)
	<-time.After(max(kafka.SessionTimeout, kafka.TransactionTimeout) + time.Second)
	w.signal(syscall.SIGCONT)
}

// replace suspends the process and starts another under its name, as an operator would
// who takes it for dead. When it resumes it must find that it is fenced, and end.
func (w *worker) replace() {
	w.until("it does its work", w.started)
	old := w.signal(syscall.SIGSTOP)
	close(old.left)
	w.until("the process in its place is ready", func() bool {
		return w.process() != old && w.ready(context.Background()) == nil
	})
	_ = old.cmd.Process.Signal(syscall.SIGCONT) // it cannot have ended
	select {
	case <-old.ended:
	case <-time.After(patience):
		w.t.Errorf("%s goes on beside the process that took its place", w.role)
		_ = old.cmd.Process.Kill()
		<-old.ended
	}
	if output := tail(old.log); !strings.Contains(output, kafka.ErrFenced.Error()) {
		w.t.Errorf("%s ended (%v) without saying that it was replaced:\n%s", w.role, old.err, output)
	}
}

func (w *worker) until(what string, ok func() bool) {
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for deadline := time.Now().Add(patience); !ok(); <-look.C {
		if time.Now().After(deadline) {
			w.t.Errorf("%s: not after %s: %s", w.role, patience, what)
			return
		}
	}
}

// ready returns why the process is not ready or not idle; nil when it is both.
func (w *worker) ready(ctx context.Context) error {
	why, err := w.ask(ctx)
	if err == nil && why != "" {
		err = errors.New(why)
	}
	return err
}

// started reports whether the process has started its role.
func (w *worker) started() bool {
	why, err := w.ask(context.Background())
	return err == nil && !strings.Contains(why, "starting")
}

// ask asks the process why it is not ready; empty when it is.
func (w *worker) ask(ctx context.Context) (why string, err error) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+w.process().addr+"/readyz", nil)
	if err != nil {
		return "", err
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if answer.StatusCode == http.StatusOK {
		return "", err
	}
	return strings.TrimSpace(string(text)), err
}

// stop stops the role as an operator does.
func (w *worker) stop() {
	w.mu.Lock()
	w.stopping = true
	p := w.current
	w.mu.Unlock()
	_ = p.input.Close() // it may have ended
	<-w.done
	if p.err != nil {
		w.t.Errorf("%s did not stop cleanly: %v\n%s", w.role, p.err, tail(p.log))
	}
}
