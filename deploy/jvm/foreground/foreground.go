// Package foreground is the command that runs a server in the foreground, until it is
// interrupted or told to stop: make kafka, make keycloak.
package foreground

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"pitstop/deploy/embedded"
)

// Server is what runs.
type Server interface {
	// Stop stops it cleanly, so that its data is good for the next start.
	Stop(context.Context) error
	// Kill kills it.
	Kill()
}

// Command says what to run.
type Command struct {
	Name, Description string
	// Dir is the name of its directory, within the one that is given.
	Dir string
	// Start starts it on a data directory, and returns the environment for Pitstop: lines
	// of NAME=VALUE.
	Start func(context.Context, *embedded.Data, *slog.Logger) (s Server, environment []string, err error)
}

type flags struct {
	Action string `arg:"" optional:"" enum:"start,stop" default:"start" help:"start, or stop what was started on the same data directory."`
	Data   string `help:"Directory in which its own is made; default: in the user's cache." placeholder:"DIR"`
	Keep   bool   `help:"Keep the data after the stop, for the next start."`
}

// Main is the main function.
func (c Command) Main() {
	var f flags
	kong.Parse(&f, kong.Name("make "+c.Name+" ARGS=…"), kong.UsageOnError(), kong.Description(c.Description))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := f.run(ctx, c)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, c.Name+":", err)
		os.Exit(1)
	}
}

func (f flags) run(ctx context.Context, c Command) error {
	if f.Data == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return fmt.Errorf("find the user's cache: %w; give --data", err)
		}
		f.Data = filepath.Join(cache, "pitstop")
	}
	// A directory that nothing else has: without --keep all of it is removed.
	f.Data = filepath.Join(f.Data, c.Dir)
	if f.Action == "stop" {
		return f.stop(ctx)
	}
	return f.start(ctx, c)
}

func (f flags) start(ctx context.Context, c Command) (err error) {
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	_, missing := os.Stat(f.Data)
	data, err := embedded.Open(f.Data, log)
	if err != nil {
		return err
	}
	remove := missing != nil && !f.Keep // what an earlier start kept survives one that fails
	defer func() {
		if remove {
			err = errors.Join(err, os.RemoveAll(data.Dir()))
		}
		err = errors.Join(err, data.Close())
	}()
	server, environment, err := c.Start(ctx, data, log)
	if ctx.Err() != nil { // before it was ready
		return nil
	}
	if err != nil {
		return err
	}
	remove = !f.Keep
	for _, line := range environment {
		fmt.Fprintln(os.Stdout, "export "+line)
	}
	<-ctx.Done()
	log.Info("stopping")
	if !f.Keep {
		server.Kill()
		return nil
	}
	return server.Stop(context.WithoutCancel(ctx))
}

// stop interrupts what runs on the data directory, and waits for its end.
func (f flags) stop(ctx context.Context) error {
	lock, err := os.Open(filepath.Join(f.Data, "lock"))
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("nothing runs on %s", f.Data)
	}
	if err != nil {
		return err
	}
	defer lock.Close()
	asked := false
	look := time.NewTicker(100 * time.Millisecond)
	defer look.Stop()
	for syscall.Flock(int(lock.Fd()), syscall.LOCK_SH|syscall.LOCK_NB) != nil { // the kernel gives it back, however the holder ends
		if !asked {
			if err := interrupt(lock); err != nil {
				return err
			}
			asked = true
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-look.C:
		}
	}
	if !asked {
		return fmt.Errorf("nothing runs on %s", f.Data)
	}
	return nil
}

// interrupt interrupts the process whose id the lock holds.
func interrupt(lock io.Reader) error {
	text, err := io.ReadAll(lock)
	if err != nil {
		return err
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return fmt.Errorf("read the process id: %w; try again", err)
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop process %d: %w", pid, err)
	}
	return nil
}
