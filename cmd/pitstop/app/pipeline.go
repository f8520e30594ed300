package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"golang.org/x/sync/errgroup"

	"pitstop/api/web"
	"pitstop/deploy/embedded"
	"pitstop/processors/stream"
	"pitstop/schemas/garage"
	"pitstop/schemas/kafka"
	"pitstop/sinks/clickhouse"
	"pitstop/sinks/clickhouse/access"
	"pitstop/sinks/email"
)

// Options configure the pipeline.
type Options struct {
	Data    *embedded.Data
	Garages *garage.Book
	// GarageFile is the path of their file.
	GarageFile string
	// ClickHouse is the DSN of a server; empty: the embedded engine, whose library is
	// looked for where make deps puts it unless ClickHouseLibrary names it.
	ClickHouse, ClickHouseLibrary string
	// Clock is the time of ticks and mails, RequestClock that of customers' requests.
	Clock        func() time.Time
	RequestClock func(*http.Request) time.Time
	// Simulated reports whether a time is part of a simulation; nil: none is.
	Simulated stream.Simulated
	// Limits bound what one caller may ask of the API.
	Limits web.Limits
	Mail   email.Config // see EmbeddedMail
	// MailSince is EmailSinkOptions.Since.
	MailSince time.Time
	// Relay takes the mail, and no mailbox is started; nil: the mailbox takes it.
	Relay email.Transport
	// Transport replaces the transport to the mailbox, which it is given; nil: keep it.
	Transport func(email.Transport) email.Transport
	// Beside runs once all roles are ready; when it returns, the pipeline stops. It
	// must not be nil.
	Beside func(context.Context, *Pipeline) error
	Log    *slog.Logger
}

// Pipeline is everything, running on one machine.
type Pipeline struct {
	embedded.Addresses
	Keys
	Data     *embedded.Data
	Garages  *garage.Book
	Database clickhouse.Config
	Mails    *embedded.Mailbox

	cfg      kafka.Config
	monitors []*stream.Monitor
	adm      *kadm.Client
	stops    []stop // last started first stopped
}

type stop struct {
	name string
	stop func(context.Context) error
}

// Run runs every role on embedded parts until the context ends, Beside returns or a
// role fails for good. embedded.IsConfiguration reports whether an error is a mistake
// in the options.
func Run(ctx context.Context, o Options) (err error) {
	p := &Pipeline{Data: o.Data, Garages: o.Garages}
	if p.Addresses.Garages, err = filepath.Abs(o.GarageFile); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.stopAll(o.Log)) }()
	if err := embedded.RemoveAddresses(o.Data.Dir()); err != nil { // of a start that was killed
		return err
	}
	if err := p.startParts(ctx, o); err != nil {
		return err
	}
	if err := p.prepare(ctx, o.Log); err != nil {
		return err
	}
	if o.ClickHouse == "" { // the engine's readers are in its users file
		if err := access.MigrateViews(ctx, p.Database); err != nil {
			return err
		}
	}
	api, rest, err := p.roles(o)
	if err != nil {
		return err
	}

	// The API stops first, so that the requests it accepted are still answered.
	restCtx, stopRest := context.WithCancel(context.WithoutCancel(ctx))
	defer stopRest()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	running, failed := errgroup.WithContext(ctx)
	running.Go(func() error { return runRoles(restCtx, o.Log, rest...) })
	running.Go(func() error {
		defer stopRest()
		return runRoles(failed, o.Log, api)
	})
	running.Go(func() error {
		if err := p.ready(failed, append(rest, api)); err != nil {
			return err
		}
		if err := p.Write(p.Data.Dir()); err != nil {
			return err
		}
		p.stops = append(p.stops, stop{"addresses", func(context.Context) error { return embedded.RemoveAddresses(p.Data.Dir()) }})
		defer cancel()
		return o.Beside(failed, p)
	})
	return running.Wait()
}

// ready waits until every role is ready.
func (p *Pipeline) ready(ctx context.Context, roles []Role) error {
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		waiting := false
		for _, r := range roles {
			waiting = waiting || r.check != nil && !ready(r.check(time.Now()))
		}
		if !waiting {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-look.C:
		}
	}
}

// stopAll stops the parts, the last started first.
func (p *Pipeline) stopAll(log *slog.Logger) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*ShutdownTimeout)
	defer cancel()
	var errs []error
	for i := len(p.stops) - 1; i >= 0; i-- {
		if err := p.stops[i].stop(ctx); err != nil {
			errs = append(errs, fmt.Errorf("stop %s: %w", p.stops[i].name, err))
		}
	}
	log.Debug("stopped")
	return errors.Join(errs...)
}
