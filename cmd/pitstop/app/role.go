// Package app runs the roles of Pitstop: one in a process of its own, or all of them
// in one process on embedded parts.
//
//   - Role is what runs: role.go starts it again when it fails, health.go and
//     metrics.go say how it is, lag.go how far it is.
//   - NewAPI, NewProcessor, NewClickHouseSink and NewEmailSink make the roles.
//   - Process is one role in a process of its own; Run is the whole pipeline.
//
// Flags and printing are cmd/pitstop's.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/schemas/avro"
	"pitstop/schemas/kafka"
)

// Role is a long-running part of the pipeline: the API, a processor or a sink. It
// runs until its context ends and is started again when it fails.
type Role struct {
	name string
	// run ends with the context, or with what it could not get over.
	run func(context.Context) error
	// check returns the reason it is not ready, nil when it is.
	check func(now time.Time) error
}

// Between a role's end and its next start.
const (
	firstRestart = 500 * time.Millisecond
	lastRestart  = 15 * time.Second
)

// final reports whether starting the role again would fail in the same way, or
// do harm.
func final(err error) bool {
	return errors.Is(err, kafka.ErrFenced) || errors.Is(err, kafka.ErrForgotten) || errors.Is(err, avro.ErrIncompatible)
}

// remembering is the role that says in its check why it failed, until it is ready,
// and what to do about brokers that refuse it.
func (r Role) remembering() Role {
	if r.check == nil {
		return r
	}
	var failed atomic.Pointer[error]
	run, check := r.run, r.check
	r.run = func(ctx context.Context) error {
		err := run(ctx)
		if err != nil {
			err = kafka.Advise(err)
			failed.Store(&err)
		}
		return err
	}
	r.check = func(now time.Time) error {
		err := check(now)
		if err == nil {
			failed.Store(nil)
			return nil
		}
		if last := failed.Load(); last != nil {
			return fmt.Errorf("%w; it failed before: %w", err, *last)
		}
		return kafka.Advise(err)
	}
	return r
}

// keepRunning runs a role until the context ends, starting it again whenever it
// fails. It returns the error that ends it for good, nil after a stop.
func (r Role) keepRunning(ctx context.Context, log *slog.Logger) error {
	wait := firstRestart
	for {
		began := time.Now()
		err := r.run(ctx)
		switch {
		case ctx.Err() != nil:
			return nil //nolint:nilerr // stopping is no failure, whatever was cut short by it
		case err == nil:
			err = errors.New("ended by itself")
		case final(err):
			return fmt.Errorf("%s: %w", r.name, err)
		}
		if time.Since(began) > time.Minute {
			wait = firstRestart
		}
		log.Error("role failed, starting it again", "role", r.name, "error", err, "in", wait)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
		wait = min(2*wait, lastRestart)
	}
}

// runRoles runs roles side by side until the context ends, or one fails for good.
func runRoles(ctx context.Context, log *slog.Logger, roles ...Role) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	errs := make([]error, len(roles))
	var wg sync.WaitGroup
	for i, r := range roles {
		wg.Go(func() {
			if errs[i] = r.keepRunning(ctx, log); errs[i] != nil {
				cancel()
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// ShutdownTimeout bounds what has to end after a stop.
const ShutdownTimeout = 5 * time.Second

// brokerClient returns a client for readiness and lag.
func brokerClient(cfg kafka.Config, log *slog.Logger) (*kgo.Client, error) {
	opts, err := cfg.Opts("pitstop-readiness", log)
	if err != nil {
		return nil, err
	}
	cl, err := kgo.NewClient(opts...)
	if err != nil {
		return nil, fmt.Errorf("kafka client: %w", err)
	}
	return cl, nil
}

// brokers tells readiness whether the brokers answer.
func brokers(cl *kgo.Client) Role {
	return Role{name: "kafka", check: func(time.Time) error {
		ctx, cancel := context.WithTimeout(context.Background(), askFor)
		defer cancel()
		if err := cl.Ping(ctx); err != nil {
			return fmt.Errorf("no Kafka broker answers: %w", kafka.Advise(err))
		}
		return nil
	}}
}
