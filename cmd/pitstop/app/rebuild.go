package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"

	"pitstop/deploy/embedded"
	"pitstop/processors/latency"
	"pitstop/processors/lifecycle"
	"pitstop/processors/notification"
	"pitstop/processors/rebuild"
	"pitstop/processors/stream"
	"pitstop/producers/simulate/checkpoint"
	"pitstop/schemas/garage"
	"pitstop/schemas/kafka"
	"pitstop/schemas/record"
	"pitstop/sinks"
	"pitstop/sinks/clickhouse"
)

// Rebuild makes what a role keeps out of the topics: the state of a processor, or the
// tables. It can be interrupted and run again.
type Rebuild struct {
	Name string // of the role
	// Data is of an embedded mode that is stopped; nil: there are servers.
	Data     *embedded.Data
	Library  string // of the embedded engine
	Kafka    kafka.Config
	Garages  *garage.Book      // of notification and latency, and of an embedded mode
	Database clickhouse.Config // of clickhouse
	// Until is when a processor was stopped, where its position is lost.
	Until time.Time
	// Tell is told how far it is, in words.
	Tell func(string)
	Log  *slog.Logger

	simulated stream.Simulated // of Data
}

// Rebuildable lists the roles that Rebuild knows.
func Rebuildable() []record.Consumer { return append(record.Processors(), record.ClickHouseSink) }

// Validate reports everything that is wrong, without connecting to anything.
func (r Rebuild) Validate() error {
	if r.Data != nil {
		if len(r.Kafka.Brokers) > 0 || r.Kafka.RegistryURL != "" || r.Database.DSN != "" {
			return errors.New("give --data, or --kafka-brokers and what goes with it, not both")
		}
		return nil
	}
	err := r.Kafka.Validate()
	if r.Name == record.ClickHouseSink.Name {
		err = errors.Join(err, r.Database.Validate())
	}
	return err
}

// NeedsGarages reports whether Garages is looked at.
func (r Rebuild) NeedsGarages() bool {
	return r.Data != nil || r.Name == record.NotificationProcessor.Name || r.Name == record.LatencyProcessor.Name
}

// Run rebuilds.
func (r Rebuild) Run(ctx context.Context) error {
	if r.Data != nil {
		return r.embedded(ctx)
	}
	o := rebuild.Options{Kafka: r.Kafka, Until: r.Until, Tell: r.Tell, Log: r.Log}
	switch r.Name {
	case record.LifecycleProcessor.Name:
		return rebuild.Run(ctx, record.LifecycleProcessor, lifecycle.Fold(), o)
	case record.NotificationProcessor.Name:
		return rebuild.Run(ctx, record.NotificationProcessor, notification.New(r.Garages, r.simulated), o)
	case record.LatencyProcessor.Name:
		return rebuild.Run(ctx, record.LatencyProcessor, latency.New(r.Garages), o)
	case record.ClickHouseSink.Name:
		if err := r.tables(ctx); err != nil {
			return fmt.Errorf("rebuild %s: %w", r.Name, err)
		}
		return nil
	}
	return fmt.Errorf("nothing of %s can be rebuilt", r.Name)
}

// embedded rebuilds on embedded parts, which run meanwhile.
func (r Rebuild) embedded(ctx context.Context) (err error) {
	if r.Name == record.NotificationProcessor.Name { // the only one that handles simulated times in another way
		if r.simulated, err = checkpoint.Simulated(HistoryFile(r.Data.Dir())); err != nil {
			return fmt.Errorf("rebuild %s: %w", r.Name, err)
		}
	}
	p := &Pipeline{Data: r.Data, Garages: r.Garages}
	defer func() { err = errors.Join(err, p.stopAll(r.Log)) }()
	o := Options{Data: r.Data, Garages: r.Garages, ClickHouseLibrary: r.Library, Clock: time.Now, Log: r.Log}
	if err := p.startParts(ctx, o); err != nil {
		return err
	}
	if err := p.prepare(ctx, r.Log); err != nil {
		return err
	}
	r.Data, r.Kafka, r.Database = nil, p.cfg, p.Database
	return r.Run(ctx)
}

// tables empties the tables and fills them from the topics. The positions go first:
// interrupted after that, whatever fills the tables begins at the beginning.
func (r Rebuild) tables(ctx context.Context) error {
	adm, err := r.Kafka.Admin("pitstop-rebuild", r.Log)
	if err != nil {
		return err
	}
	defer adm.Close()
	c := record.ClickHouseSink
	if err := forget(ctx, adm, c); err != nil {
		return err
	}
	if err := clickhouse.Empty(ctx, r.Database); err != nil {
		return err
	}
	// Again: one that was started meanwhile may have moved on past rows that are gone.
	if err := forget(ctx, adm, c); err != nil {
		return err
	}
	todo, err := backlogOf(ctx, adm, c)
	if err != nil {
		return err
	}
	left, err := todo.left(ctx, adm)
	if err != nil {
		return err
	}
	total := left
	r.Tell(fmt.Sprintf("the tables are empty; %d records to read", total))

	filling, stop := context.WithCancel(ctx)
	defer stop()
	filled := make(chan error, 1)
	sink := NewClickHouseSink(r.Database, sinks.Config{Kafka: r.Kafka, Instance: "rebuild", Now: time.Now, Log: r.Log}, nil)
	go func() { filled <- sink.keepRunning(filling, r.Log) }()
	look := time.NewTicker(time.Second)
	defer look.Stop()
	for said := time.Now(); ; {
		select {
		case err := <-filled:
			return fmt.Errorf("the tables are not complete, with %d of %d records to go: run it again, or start the sink, which goes on: %w",
				left, total, errors.Join(err, ctx.Err()))
		case <-look.C:
		}
		if n, err := todo.left(ctx, adm); err == nil {
			left = n
		} else {
			r.Log.Warn("how far it is cannot be asked", "error", err)
		}
		if left == 0 {
			stop()
			r.Tell(fmt.Sprintf("read %d records", total))
			return <-filled
		}
		if time.Since(said) > 5*time.Second {
			said = time.Now()
			r.Tell(fmt.Sprintf("%d of %d records to go", left, total))
		}
	}
}

// forget deletes the positions of a consumer that does not run.
func forget(ctx context.Context, adm *kadm.Client, c record.Consumer) error {
	if err := kafka.Deserted(ctx, adm, c); err != nil {
		return err
	}
	if _, err := adm.DeleteGroup(ctx, c.Group()); err != nil && !errors.Is(err, kerr.GroupIDNotFound) {
		return fmt.Errorf("forget the positions of %s: %w", c.Group(), err)
	}
	return nil
}

// backlog is what a consumer has to read to come where its topics ended at one time: what
// is written later is no part of it.
type backlog struct {
	group        string
	starts, ends kadm.ListedOffsets
}

func backlogOf(ctx context.Context, adm *kadm.Client, c record.Consumer) (b backlog, err error) {
	b.group = c.Group()
	if b.starts, err = kafka.Starts(ctx, adm, c.Subscription()...); err != nil {
		return b, err
	}
	b.ends, err = kafka.StableEnds(ctx, adm, c.Subscription()...)
	return b, err
}

// left returns how many records of it the group has not committed.
func (b backlog) left(ctx context.Context, adm *kadm.Client) (n int64, err error) {
	committed, err := kafka.Committed(ctx, adm, b.group)
	if err != nil {
		return 0, err
	}
	b.ends.Each(func(end kadm.ListedOffset) {
		at, _ := reached(committed[b.group], end, func() (kadm.ListedOffsets, error) { return b.starts, nil })
		n += max(end.Offset-at, 0)
	})
	return n, nil
}
