package app

import (
	"context"
	"log/slog"
	"time"

	"pitstop/processors/latency"
	"pitstop/processors/lifecycle"
	"pitstop/processors/notification"
	"pitstop/processors/stream"
	"pitstop/schemas/garage"
	"pitstop/schemas/kafka"
	"pitstop/schemas/record"
)

// ProcessorOptions configure a processor.
type ProcessorOptions struct {
	Kafka    kafka.Config
	Garages  *garage.Book // may be nil for lifecycle
	Instance string
	Clock    func() time.Time // of its ticks
	// Simulated reports whether a time is part of a simulation; nil: none is.
	Simulated stream.Simulated
	Metrics   *stream.Metrics
	Log       *slog.Logger
}

// NewProcessor returns the role of a processor, and the monitor of its progress.
func NewProcessor(name string, o ProcessorOptions) (Role, *stream.Monitor) {
	monitor := new(stream.Monitor)
	options := stream.Options{
		Kafka: o.Kafka, Instance: o.Instance, Clock: o.Clock, Log: o.Log.With("role", name),
		Metrics: o.Metrics, Monitor: monitor,
	}
	run := map[string]func(context.Context) error{
		record.LifecycleProcessor.Name: func(ctx context.Context) error {
			return stream.Run(ctx, lifecycle.New(o.Simulated), options)
		},
		record.NotificationProcessor.Name: func(ctx context.Context) error {
			return stream.Run(ctx, notification.New(o.Garages, o.Simulated), options)
		},
		record.LatencyProcessor.Name: func(ctx context.Context) error { return stream.Run(ctx, latency.New(o.Garages), options) },
	}
	return Role{name: name, run: run[name], check: monitor.Check, garages: o.Garages}, monitor
}
