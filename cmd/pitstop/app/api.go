package app

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"pitstop/api"
	"pitstop/api/feed"
	"pitstop/dashboards"
	"pitstop/dashboards/page"
	"pitstop/deploy/serve"
	"pitstop/producers/command"
	"pitstop/schemas/kafka"
	"pitstop/schemas/readmodel"
	"pitstop/schemas/request"
	"pitstop/sinks/clickhouse"
	"pitstop/sinks/clickhouse/query"
)

// APIOptions configure the API.
type APIOptions struct {
	Listener net.Listener
	Kafka    kafka.Config
	Database clickhouse.Config
	// CommandSecret is the key of the digests of commands.
	CommandSecret []byte
	// Config lacks what the role creates at its start: Requests, Commands, Store,
	// Events, Dashboards and Stopping.
	Config api.Config
}

// NewAPI returns the role of the API. It connects to Kafka, the registry and
// ClickHouse when it starts.
func NewAPI(o APIOptions) Role {
	var current atomic.Pointer[reading]
	return Role{
		name: "api", garages: o.Config.Garages,
		run: func(ctx context.Context) error { return o.run(ctx, &current) },
		check: func(now time.Time) error {
			r := current.Load()
			if r == nil {
				return errors.New("starting")
			}
			return r.check(now, o.Config.Auth)
		},
	}
}

// provider is an authenticator that an identity provider gives its keys.
type provider interface {
	// Run keeps the keys current until the context ends.
	Run(ctx context.Context)
	// Check returns why the provider is away, and whether tokens are checked all the same.
	Check() (usable bool, err error)
}

// reading is what the API reads records with.
type reading struct {
	outcomes interface {
		Check(now time.Time) error
		HeldUp() error
	}
	events, codec interface{ Check(now time.Time) error }
}

// check returns why the API is not ready. That answers and events come late is a warning:
// a reader is told so, and commands are taken.
func (r *reading) check(now time.Time, auth any) error {
	err := errors.Join(r.outcomes.Check(now), r.codec.Check(now))
	late := errors.Join(r.outcomes.HeldUp(), r.events.Check(now))
	if p, ok := auth.(provider); ok {
		if usable, away := p.Check(); usable {
			late = errors.Join(late, away)
		} else {
			err = errors.Join(err, away)
		}
	}
	if err == nil && late != nil {
		return warning{late}
	}
	return errors.Join(err, late)
}

func (o APIOptions) run(ctx context.Context, current *atomic.Pointer[reading]) (err error) {
	unhurried := context.WithoutCancel(ctx)
	codec, err := NewCodec(ctx, o.Kafka)
	if err != nil {
		return err
	}
	client, err := command.NewClient(o.Kafka, codec, o.Config.Log)
	if err != nil {
		return err
	}
	defer func() {
		closing, cancel := context.WithTimeout(unhurried, ShutdownTimeout)
		defer cancel()
		err = errors.Join(err, client.Close(closing))
	}()
	conn, err := o.Database.Open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	c := o.Config
	c.Stopping = ctx
	if c.Requests, err = request.NewBuilder(codec, c.Garages, o.CommandSecret, time.Now); err != nil {
		return err
	}
	store := query.NewStore(conn)
	events, err := feed.New(o.Kafka, codec, store.ExternalRefs, o.Config.Log)
	if err != nil {
		return err
	}
	defer events.Close()
	c.Commands, c.Store, c.Events = client, store, openEvents(events)
	if c.Dashboards, err = newDashboards(store, c); err != nil {
		return err
	}
	handler, err := api.New(c)
	if err != nil {
		return err
	}
	current.Store(&reading{client, events, codec})

	tailing := make(chan error, 1)
	tail, stopTail := context.WithCancel(unhurried) // answers requests until the last is done
	go func() { tailing <- client.Run(tail) }()
	var beside sync.WaitGroup
	if p, ok := c.Auth.(provider); ok {
		beside.Go(func() { p.Run(tail) })
	}
	beside.Go(func() { events.Run(tail) })
	err = serve.Until(ctx, o.Listener, handler, c.Log)
	stopTail()
	beside.Wait()
	return errors.Join(err, <-tailing)
}

func newDashboards(store *query.Store, c api.Config) (api.Dashboards, error) {
	return page.New(page.Config{All: dashboards.All, Query: store.Select, AsOf: store.AsOf, Garages: c.Garages, Log: c.Log})
}

func openEvents(f *feed.Feed) api.OpenEvents {
	return func(ctx context.Context, sight readmodel.Sight, after string) (api.EventReader, error) {
		return f.Open(ctx, sight, after)
	}
}
