package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/deploy/embedded"
	"pitstop/deploy/jvm"
)

// Options are the options of [Start].
type Options struct {
	// Nodes is the number of nodes; 0: three. Every topic should have a replica on
	// each.
	Nodes int
	// Listeners are the listeners that each node has besides the plain one: their
	// security protocols, by name.
	Listeners map[string]string
	// Properties are added to those of each node.
	Properties map[string]string
	Log        *slog.Logger
}

// Cluster is a running Apache Kafka, with a registry.
type Cluster struct {
	Brokers     []string // host:port of the plain listener, by node
	RegistryURL string   // of the Confluent API

	data      *embedded.Data
	listeners map[string][]string // by name: host:port, by node
	nodes     []*jvm.Process
	registry  *jvm.Process
}

// Start starts a cluster and a registry on a data directory, and waits until they
// are ready. ctx bounds only the start. The error names everything that is missing
// on this machine.
func Start(ctx context.Context, data *embedded.Data, o Options) (_ *Cluster, err error) {
	if o.Nodes == 0 {
		o.Nodes = 3
	}
	java, javaErr := jvm.Find(ctx)
	found, fetchErr := fetch(ctx, o.Log)
	if err := errors.Join(javaErr, fetchErr); err != nil {
		return nil, err
	}
	o.Log.Info("starting Apache Kafka and Apicurio Registry", "nodes", o.Nodes, "data", data.Dir())
	began := time.Now()
	c := &Cluster{data: data, listeners: make(map[string][]string)}
	defer func() {
		if err != nil {
			c.Kill()
		}
	}()
	if err := c.configure(java, found, o); err != nil {
		return nil, err
	}
	var starting sync.WaitGroup
	errs := make([]error, o.Nodes+1)
	for i := range o.Nodes {
		starting.Go(func() { errs[i] = c.format(ctx, java, found, i) })
	}
	starting.Go(func() { errs[o.Nodes] = jvm.Unpack(found.registry, c.registry.Dir) })
	starting.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	for _, p := range c.processes() {
		if err := p.Start(); err != nil {
			return nil, err
		}
	}
	o.Log.Info("the processes are started, waiting until they are ready")
	if err := errors.Join(c.Ready(ctx), c.registryReady(ctx)); err != nil {
		return nil, err
	}
	o.Log.Info("ready", "took", time.Since(began).Round(time.Millisecond))
	return c, nil
}

func (c *Cluster) processes() []*jvm.Process {
	all := c.nodes
	if c.registry != nil {
		all = append(all[:len(all):len(all)], c.registry)
	}
	return all
}

// Addr returns where a node listens under a name of Options.Listeners.
func (c *Cluster) Addr(listener string, node int) string { return c.listeners[listener][node] }

// Ready waits until every node is up, and every replica of every partition is in
// sync: then another node may go down.
func (c *Cluster) Ready(ctx context.Context) error {
	return jvm.WaitUntil(ctx, "the brokers are ready", c.nodes, func(ctx context.Context) error {
		for _, broker := range c.Brokers {
			if err := inSync(ctx, broker, len(c.nodes)); err != nil {
				return fmt.Errorf("broker %s: %w", broker, err)
			}
		}
		return nil
	})
}

// inSync asks one broker directly: for some seconds, the metadata that others
// return about one that was killed is stale.
func inSync(ctx context.Context, broker string, nodes int) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	adm, err := kadm.NewOptClient(kgo.SeedBrokers(broker))
	if err != nil {
		return err
	}
	defer adm.Close()
	m, err := adm.Metadata(ctx) // the first request of a client goes to its seed
	if err != nil {
		return err
	}
	if len(m.Brokers) < nodes {
		return fmt.Errorf("it knows of %d brokers, not of %d", len(m.Brokers), nodes)
	}
	for _, t := range m.Topics {
		for _, p := range t.Partitions {
			if len(p.ISR) < len(p.Replicas) || p.Leader < 0 {
				return fmt.Errorf("%s[%d] has %d of its %d replicas in sync", t.Topic, p.Partition, len(p.ISR), len(p.Replicas))
			}
		}
	}
	return nil
}

// KillNode kills a node, and waits until the others have noticed and lead without
// it.
func (c *Cluster) KillNode(ctx context.Context, node int) error {
	c.nodes[node].Kill()
	other := c.Brokers[(node+1)%len(c.nodes)]
	return jvm.WaitUntil(ctx, "the others have noticed", nil, func(ctx context.Context) error {
		if inSync(ctx, other, len(c.nodes)) == nil {
			return errors.New("they have not")
		}
		return nil
	})
}

// StopNode stops a node as an operator does.
func (c *Cluster) StopNode(node int) error { return c.nodes[node].Stop() }

// StartNode starts a node again, and waits until it has what it missed.
func (c *Cluster) StartNode(ctx context.Context, node int) error {
	if err := c.nodes[node].Start(); err != nil {
		return err
	}
	return c.Ready(ctx)
}

// Stop stops everything cleanly. Nodes whose quorum is gone do not end by
// themselves, and are killed.
func (c *Cluster) Stop(context.Context) error {
	var stopping sync.WaitGroup
	errs := make([]error, len(c.processes()))
	for i, p := range c.processes() {
		stopping.Go(func() { errs[i] = p.Stop() })
	}
	stopping.Wait()
	return errors.Join(errs...)
}

// Kill kills everything, for whoever does not need the data any more.
func (c *Cluster) Kill() {
	for _, p := range c.processes() {
		p.Kill()
	}
}

// properties is a Java properties file.
type properties map[string]string

func (p properties) write(file string) error {
	var b strings.Builder
	for k, v := range p {
		fmt.Fprintf(&b, "%s=%s\n", k, v)
	}
	return os.WriteFile(file, []byte(b.String()), 0o600)
}
