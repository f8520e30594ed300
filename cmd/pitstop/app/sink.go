package app

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"pitstop/schemas/avro"
	"pitstop/schemas/garage"
	"pitstop/schemas/kafka"
	"pitstop/schemas/record"
	"pitstop/sinks"
	"pitstop/sinks/clickhouse"
	"pitstop/sinks/email"
)

// NewClickHouseSink returns the role of the sink that fills the tables. c must have
// Kafka, Instance, Now and Log; zero Limits mean the default. With garages it keeps the
// tables about them as their file is; nil: migrate alone does.
func NewClickHouseSink(db clickhouse.Config, c sinks.Config, garages *garage.Book) Role {
	c.Progress = new(kafka.Progress)
	c.Upstream = processorStages()
	load := func(ctx context.Context) error {
		if garages == nil {
			return nil
		}
		return clickhouse.LoadGarages(ctx, db, garages)
	}
	return Role{name: record.ClickHouseSink.Name, check: c.Progress.Check, garages: garages, reload: load, run: func(ctx context.Context) error {
		if err := load(ctx); err != nil { // it may have changed since the last start
			return err
		}
		var err error
		if c.Codec, err = NewCodec(ctx, c.Kafka); err != nil {
			return err
		}
		conn, err := db.Open()
		if err != nil {
			return err
		}
		return errors.Join(clickhouse.Run(ctx, conn, c), conn.Close())
	}}
}

// processorStages returns the processors, in the order in which records pass through
// them, without the topic of ticks: no record causes a tick.
func processorStages() []sinks.Stage {
	var stages []sinks.Stage
	for _, c := range record.Processors() {
		s := sinks.Stage{Group: c.Group()}
		for _, t := range c.Reads {
			if t.Name != record.Ticks.Name {
				s.Topics = append(s.Topics, t.Name)
			}
		}
		stages = append(stages, s)
	}
	return stages
}

// EmailSinkOptions configure the sink that sends mails.
type EmailSinkOptions struct {
	Kafka     kafka.Config
	Mail      email.Config
	Garages   *garage.Book
	Transport email.Transport
	Instance  string
	// Since is the time from which requests are answered where the group has committed
	// no offset.
	Since    time.Time
	Clock    func() time.Time // stamps the mails
	Metrics  *sinks.Metrics   // nil: none
	Attempts *email.Metrics   // nil: none
	Log      *slog.Logger
}

// NewEmailSink returns the role of the sink that sends mails. Every start makes a new
// sink: a failed one is dropped with its state.
func NewEmailSink(o EmailSinkOptions) Role {
	var current atomic.Pointer[email.Sink]
	return Role{
		name: record.EmailSink.Name, garages: o.Garages,
		run: func(ctx context.Context) error {
			codec, err := NewCodec(ctx, o.Kafka)
			if err != nil {
				return err
			}
			sink, err := email.New(o.Mail, o.Garages, codec, o.Transport, o.Clock, o.Log.With("role", record.EmailSink.Name))
			if err != nil {
				return err
			}
			sink.Metrics, sink.Attempts, sink.Since = o.Metrics, o.Attempts, o.Since
			current.Store(sink)
			return sink.Run(ctx, o.Kafka, o.Instance)
		},
		check: func(now time.Time) error {
			if sink := current.Load(); sink != nil {
				return sink.Progress.Check(now)
			}
			return errors.New("starting")
		},
	}
}

// NewCodec returns a codec with the schemas of the cluster's registry.
func NewCodec(ctx context.Context, cfg kafka.Config) (*avro.Codec, error) {
	return cfg.Codec(ctx, "pitstop", record.PersonalPrefix)
}
