// Package app runs the roles of Pitstop: one in a process of its own, or all of them
// in one process on embedded parts.
//
//   - Role is what runs: role.go restarts it when it fails, health.go and metrics.go
//     report its health, lag.go its lag.
//   - NewAPI, NewProcessor, NewClickHouseSink and NewEmailSink return the roles.
//   - Process runs one role in a process of its own; Run runs the whole pipeline.
//   - simulated.go is for what plays people on it: the demo and the chaos tests.
//
// Flags, and what a person reads, are cmd/pitstop's.
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
	"pitstop/schemas/garage"
	"pitstop/schemas/kafka"
)

// Role is a long-running part of the pipeline: the API, a processor or a sink. It
// runs until its context ends and is restarted when it fails. Who a person is to a
// garage is repair.Role.
type Role struct {
	name string
	// run returns when the context ends, or with an error that it cannot recover from.
	run func(context.Context) error
	// check returns why the role is not ready, nil when it is.
	check func(now time.Time) error
	// garages are those it looks up; nil: none.
	garages *garage.Book
	// reload is called when the garages are others; nil: nothing is.
	reload func(context.Context) error
}

// Backoff between a role's failure and its restart.
const (
	firstRestart = 500 * time.Millisecond
	lastRestart  = 15 * time.Second
)

// final reports whether a restart of the role would fail in the same way, or do
// harm.
func final(err error) bool {
	return errors.Is(err, kafka.ErrFenced) || errors.Is(err, kafka.ErrLost) || errors.Is(err, avro.ErrIncompatible)
}

// remembering returns the role with a check that says why it failed last, until it is
// ready, and what to do about brokers that refuse it.
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
		if ready(err) {
			failed.Store(nil)
			return err
		}
		if last := failed.Load(); last != nil {
			return fmt.Errorf("%w; it failed before: %w", err, *last)
		}
		return kafka.Advise(err)
	}
	return r
}

// keepRunning runs a role until the context ends, and restarts it when it fails. It
// returns the error that ends it for good, nil after a stop.
func (r Role) keepRunning(ctx context.Context, log *slog.Logger) error {
	wait := firstRestart
	for {
		began := time.Now()
		err := r.run(ctx)
		switch {
		case ctx.Err() != nil:
			return nil //nolint:nilerr // stopped, so whatever this cut short is no failure
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

// runRoles runs roles concurrently until the context ends, or one fails for good.
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

// ShutdownTimeout bounds a graceful shutdown.
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

// brokers returns a role that only checks, for readiness, whether the brokers answer.
func brokers(cl *kgo.Client) Role {
	return Role{name: "kafka", check: func(time.Time) error {
		ctx, cancel := context.WithTimeout(context.Background(), askFor)
		defer cancel()
		if err := kafka.Reach(ctx, cl); err != nil {
			return fmt.Errorf("no Kafka broker answers: %w", kafka.Advise(err))
		}
		return nil
	}}
}
