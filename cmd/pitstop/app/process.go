package app

import (
	"context"
	"log/slog"
	"net"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kadm"

	"pitstop/schemas/kafka"
	"pitstop/schemas/record"
)

// Process runs one role in a process of its own.
type Process struct {
	Role Role
	// Listener is where health and metrics are served.
	Listener net.Listener
	Metrics  *prometheus.Registry
	Kafka    kafka.Config
	Log      *slog.Logger
}

// Run runs the role beside its health and metrics, until the context ends or the
// role fails for good.
func (p Process) Run(ctx context.Context) error {
	cl, err := brokerClient(p.Kafka, p.Log)
	if err != nil {
		return err
	}
	defer cl.Close()
	isRole := func(c record.Consumer) bool { return c.Name == p.Role.name }
	if i := slices.IndexFunc(record.Consumers, isRole); i >= 0 {
		p.Metrics.MustRegister(newLagMetrics(kadm.NewClient(cl), record.Consumers[i:i+1], p.Log))
	}
	r := p.Role.remembering()
	p.Log.Info("started", "role", r.name, "metrics", "http://"+p.Listener.Addr().String())
	return runRoles(ctx, p.Log, r, opsRole(p.Listener, p.Metrics, []Role{r, brokers(cl)}, p.Log), following(r.garages, p.Log, r.reload))
}
