package jvm

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// stopTimeout is for a clean stop; then the process is killed.
const stopTimeout = 30 * time.Second

// options are those of every Java process: little memory, and no time for
// optimising what will be stopped soon.
var options = []string{"-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-XX:-UsePerfData"}

// Process is a Java process, which can be started again after its end.
type Process struct {
	Name string
	Java string   // see Find
	Args []string // the last of two options of the virtual machine holds
	Env  []string // added to this process's
	Dir  string   // to run in
	Log  string   // file for its output

	cmd   *exec.Cmd
	ended chan struct{} // closed when it has
}

// Start starts the process.
func (p *Process) Start() error {
	log, err := os.OpenFile(p.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(p.Java, slices.Concat(options, p.Args)...)
	cmd.Env = append(os.Environ(), p.Env...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = p.Dir, log, log
	cmd.SysProcAttr = sysProcAttr()
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", p.Name, err)
	}
	p.cmd, p.ended = cmd, make(chan struct{})
	go func() {
		defer close(p.ended)
		_ = cmd.Wait() // ProcessState says how it ended
	}()
	return nil
}

// exitError returns nil while the process runs, and else how it ended.
func (p *Process) exitError() error {
	select {
	case <-p.ended:
		return fmt.Errorf("%s ended by itself (%s):\n%s", p.Name, p.cmd.ProcessState, tail(p.Log))
	default:
		return nil
	}
}

// Stop asks the process to end, and kills it when it does not.
func (p *Process) Stop() error {
	if p.cmd == nil {
		return nil
	}
	_ = p.cmd.Process.Signal(syscall.SIGCONT) // it may be suspended
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-p.ended:
		return nil
	case <-time.After(stopTimeout):
		p.Kill()
		return fmt.Errorf("%s did not end within %s and was killed:\n%s", p.Name, stopTimeout, tail(p.Log))
	}
}

// Kill kills the process, if it was started.
func (p *Process) Kill() {
	if p.cmd == nil {
		return
	}
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.ended
}

// Run runs the process to its end.
func (p *Process) Run(ctx context.Context) error {
	if err := p.Start(); err != nil {
		return err
	}
	select {
	case <-p.ended:
	case <-ctx.Done():
		p.Kill()
		return ctx.Err()
	}
	if !p.cmd.ProcessState.Success() {
		return fmt.Errorf("%s: %s:\n%s", p.Name, p.cmd.ProcessState, tail(p.Log))
	}
	return nil
}

// WaitUntil calls ask until it returns nil, as long as the processes run.
func WaitUntil(ctx context.Context, what string, processes []*Process, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	again := time.NewTicker(200 * time.Millisecond)
	defer again.Stop()
	for {
		err := ask(ctx)
		if err == nil {
			return nil
		}
		for _, p := range processes {
			if ended := p.exitError(); ended != nil {
				return ended
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait until %s: %w", what, errors.Join(ctx.Err(), err))
		case <-again.C:
		}
	}
}

// tail returns the end of a log.
func tail(file string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	return filepath.Base(file) + ": " + string(text[max(0, len(text)-4000):])
}
