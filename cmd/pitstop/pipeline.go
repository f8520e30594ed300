package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"golang.org/x/sync/errgroup"

	"pitstop/api/web"
	"pitstop/deploy/embedded"
	"pitstop/processors/stream"
	"pitstop/schemas/garage"
	"pitstop/schemas/kafka"
	"pitstop/sinks/clickhouse"
	"pitstop/sinks/email"
)

// pipelineOptions are what up and demo give the pipeline.
type pipelineOptions struct {
	flags embeddedFlags
	data  *embedded.Data
	book  *garage.Book
	// clock is the time of ticks and mails, requestClock that of customers' requests.
	clock        func() time.Time
	requestClock func(*http.Request) time.Time
	// limits bound what one caller may ask of the API.
	limits web.Limits
	mail   email.Config // see embeddedMail
	// transport replaces the one that hands mails to the mailbox; nil: none does.
	transport func(email.Transport) email.Transport
	// beside runs beside the roles once all are ready, and its end ends the
	// pipeline; nil: the pipeline runs until it is stopped.
	beside func(context.Context, *pipeline) error
}

// pipeline is everything, running on one machine.
type pipeline struct {
	embedded.Addresses
	keys
	data     *embedded.Data
	book     *garage.Book
	cfg      kafka.Config
	mailbox  *embedded.Mailbox
	monitors []*stream.Monitor
	adm      *kadm.Client
	db       clickhouse.Config
	stops    []stop // last started first stopped
}

type stop struct {
	name string
	stop func(context.Context) error
}

func runEmbedded(e *env, log *slog.Logger, o pipelineOptions) (err error) {
	p := &pipeline{data: o.data, book: o.book}
	defer func() {
		if err = errors.Join(err, p.stopAll(log)); embedded.IsConfiguration(err) {
			err = wrongUsage(err)
		}
	}()
	if err := embedded.RemoveAddresses(o.data.Dir()); err != nil { // of a start that was killed
		return err
	}
	if err := p.startParts(e, log, o); err != nil {
		return err
	}
	if err := p.prepare(e, log); err != nil {
		return err
	}
	if o.flags.ClickHouse == "" { // the engine's readers are in its users file
		if err := clickhouse.MigrateViews(e, p.db); err != nil {
			return err
		}
	}
	api, rest, err := p.roles(log, o)
	if err != nil {
		return err
	}

	// On a stop the API stops first, so that what it accepted is still answered.
	ctx, cancel := context.WithCancel(e)
	defer cancel()
	restCtx, stopRest := context.WithCancel(context.WithoutCancel(e))
	defer stopRest()
	running, failed := errgroup.WithContext(ctx)
	running.Go(func() error { return runRoles(restCtx, log, rest...) })
	running.Go(func() error {
		defer stopRest()
		return runRoles(failed, log, api)
	})
	running.Go(func() error {
		if err := p.ready(failed, append(rest, api)); err != nil {
			return err
		}
		if err := p.Write(p.data.Dir()); err != nil {
			return err
		}
		p.stops = append(p.stops, stop{"addresses", func(context.Context) error { return embedded.RemoveAddresses(p.data.Dir()) }})
		p.announce(e.out)
		if o.beside == nil {
			return nil
		}
		defer cancel()
		return o.beside(failed, p)
	})
	return running.Wait()
}

// embeddedGarages is where a data directory keeps its garage file.
func embeddedGarages(dir string) string { return filepath.Join(dir, "garages.yaml") }

// ready waits until every role is.
func (p *pipeline) ready(ctx context.Context, roles []role) error {
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		waiting := false
		for _, r := range roles {
			waiting = waiting || r.check != nil && r.check(time.Now()) != nil
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

// announce prints where to go.
func (p *pipeline) announce(out io.Writer) {
	garages := make([]string, 0, 2)
	for _, g := range p.book.Garages() {
		garages = append(garages, g.ID)
	}
	if len(garages) > 3 {
		garages = append(garages[:3], "…")
	}
	dir, err := filepath.Abs(p.data.Dir())
	if err != nil {
		dir = p.data.Dir()
	}
	fmt.Fprintf(out, `Pitstop is running.
  API and its documentation  %[1]s/docs
  Dashboards                 %[1]s/dashboards
  Mailbox                    %[2]s
  Metrics and readiness      %[3]s/readyz
  Garages                    %[4]s
  A manager's token          pitstop token --data %[5]s --role manager --garage %[6]s --subject jan
  A mechanic's token         pitstop token --data %[5]s --role mechanic --garage %[6]s --subject sam
Everything is kept in %[7]s; addresses for programs are in addresses.json there. Ctrl-C stops.
`, p.API, p.Mailbox, p.Metrics, strings.Join(garages, ", "), p.data.Dir(), p.book.Garages()[0].ID, dir)
}

// stopAll stops the parts, the last started first.
func (p *pipeline) stopAll(log *slog.Logger) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*shutdownTimeout)
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

func closing(log *slog.Logger, what string, close func() error) {
	if err := close(); err != nil {
		log.Error("not closed cleanly", "what", what, "error", err)
	}
}
