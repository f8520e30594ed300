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
	"pitstop/producers/deadletter"
	"pitstop/producers/simulate"
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
		return rebuild.Run(ctx, lifecycle.New(nil), lifecycle.Fold(), o)
	case record.NotificationProcessor.Name:
		p := notification.New(r.Garages, r.simulated)
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
	if r.Name == record.NotificationProcessor.Name { // the only one that handles simulated times in another way
		if r.simulated, err = simulate.Simulated(HistoryFile(r.Data.Dir())); err != nil {
			return fmt.Errorf("rebuild %s: %w: start pitstop demo on this directory again, and let it finish", r.Name, err)
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
	total, err := todo.left(ctx, adm)
	if err != nil {
		return err
	}
	r.Tell(fmt.Sprintf("the tables are empty; %d records to read", total))

	buried, err := r.buried(ctx, c)
	if err != nil {
		return err
	}
	filling, stop := context.WithCancel(ctx)
	defer stop()
	filled := make(chan error, 1)
	sink := NewClickHouseSink(r.Database, sinks.Config{
		Kafka: r.Kafka, Instance: "rebuild", Now: time.Now, Log: r.Log,
		Buried: func(topic string, partition int32, offset int64) bool {
			return buried[place{c.Name, topic, partition}][offset]
		},
	}, nil)
	go func() { filled <- sink.keepRunning(filling, r.Log) }()
	look := time.NewTicker(time.Second)
	defer look.Stop()
	for said := time.Now(); ; {
		select {
		case err := <-filled:
			return errors.Join(err, ctx.Err())
		case <-look.C:
		}
		left, err := todo.left(ctx, adm)
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

// buried returns the offsets of the records whose dead letters a consumer has written: they
// are read again, and would be written again.
func (r Rebuild) buried(ctx context.Context, c record.Consumer) (map[place]map[int64]bool, error) {
	box, done, err := OpenDeadLetters(ctx, r.Kafka, r.Log)
	if err != nil {
		return nil, err
	}
	defer done()
	buried := make(map[place]map[int64]bool)
	return buried, box.Each(ctx, func(l deadletter.Letter) error {
		if l.DeadLetter != nil && l.Consumer == c.Name {
			at := place{c.Name, l.Topic, l.Partition}
			if buried[at] == nil {
				buried[at] = make(map[int64]bool)
			}
			buried[at][l.Offset] = true
		}
		return nil
	})
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
	var topics []string
	for _, t := range c.Reads {
		topics = append(topics, t.Name)
	}
	if b.starts, err = kafka.Starts(ctx, adm, topics...); err != nil {
		return b, err
	}
	b.ends, err = kafka.StableEnds(ctx, adm, topics...)
	return b, err
}

// left returns how many records of it the group has not committed.
func (b backlog) left(ctx context.Context, adm *kadm.Client) (n int64, err error) {
	committed, err := kafka.Committed(ctx, adm, b.group)
	if err != nil {
		return 0, err
	}
	b.ends.Each(func(end kadm.ListedOffset) {
		start, _ := b.starts.Lookup(end.Topic, end.Partition)
		at := start.Offset
		if o, ok := committed[b.group].Lookup(end.Topic, end.Partition); ok {
			at = o.At
		}
		n += max(end.Offset-at, 0)
	})
	return n, nil
}
