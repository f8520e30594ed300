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
		return rebuild.Run(ctx, lifecycle.New(nil), lifecycle.Fold(), o)
	case record.NotificationProcessor.Name:
		p := notification.New(r.Garages, nil)
		return rebuild.Run(ctx, p, p, o)
	case record.LatencyProcessor.Name:
		p := latency.New(r.Garages)
		return rebuild.Run(ctx, p, p, o)
	case record.ClickHouseSink.Name:
		return r.tables(ctx)
	}
	return fmt.Errorf("nothing of %s can be rebuilt", r.Name)
}

// embedded rebuilds on embedded parts, which run meanwhile.
func (r Rebuild) embedded(ctx context.Context) (err error) {
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
	if err := kafka.Deserted(ctx, adm, c); err != nil {
		return err
	}
	if _, err := adm.DeleteGroup(ctx, c.Group()); err != nil && !errors.Is(err, kerr.GroupIDNotFound) {
		return fmt.Errorf("forget the positions of %s: %w", c.Group(), err)
	}
	if err := clickhouse.Empty(ctx, r.Database); err != nil {
		return err
	}
	total, err := behind(ctx, adm, c)
	if err != nil {
		return err
	}
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
			return errors.Join(err, ctx.Err())
		case <-look.C:
		}
		left, err := behind(ctx, adm, c)
		if err == nil && left == 0 {
			stop()
			r.Tell(fmt.Sprintf("read %d records", total))
			return <-filled
		}
		if err == nil && time.Since(said) > 5*time.Second {
			said = time.Now()
			r.Tell(fmt.Sprintf("%d of %d records to go", left, total))
		}
	}
}

// behind returns how many records a group has not committed, of all that there are.
func behind(ctx context.Context, adm *kadm.Client, c record.Consumer) (n int64, err error) {
	p, err := kafka.PositionsOf(ctx, adm, c, time.Time{})
	if err != nil {
		return 0, err
	}
	for topic, partitions := range p.Offsets {
		ends, err := kafka.StableEnds(ctx, adm, topic)
		if err != nil {
			return 0, err
		}
		for id, o := range partitions {
			end, err := kafka.OffsetOf(ends, topic, id)
			if err != nil {
				return 0, err
			}
			n += max(end-o.At, 0)
		}
	}
	return n, nil
}
