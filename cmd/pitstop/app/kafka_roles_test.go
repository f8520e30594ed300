package app

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	apache "pitstop/deploy/kafka"
	"pitstop/schemas/kafka"
	"pitstop/schemas/record"
	"pitstop/sinks/clickhouse"
)

// testRoles plays a history on Apache Kafka while every role is scaled up, killed and
// scaled down, and the brokers are restarted; and compares what it leaves with an
// undisturbed run.
func testRoles(t *testing.T, cluster *apache.Cluster, adm *kadm.Client) {
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	h := openHarness(t, filepath.Join(t.TempDir(), "data"), log)
	h.cfg = kafka.Config{Brokers: cluster.Brokers, RegistryURL: cluster.RegistryURL}
	h.adm = adm
	h.startEngine(t, log)
	_, err := clickhouse.Migrate(t.Context(), h.Database, h.Garages, log)
	must(t, err)
	h.startRoles(t, log)

	c := &operator{harness: h, t: t, cluster: cluster, pace: time.NewTicker(time.Second / 20), transport: h.requests}
	defer c.pace.Stop()
	h.requests = c
	c.schedule(rand.New(rand.NewPCG(*luckSeed, 3)))
	h.play(t)
	for _, w := range h.allWorkers() {
		t.Logf("%s was started %d times", w.role, w.starts)
	}
	got, err := remainsOf(t.Context(), h.cfg, h.Database, log)
	if err != nil {
		t.Error(err)
	}
	h.stop(t)
	checkSentMails(t, h.Data.Dir(), got.check(t))
}

// operator performs operations while a history is played, one after the other, each
// starting with a step of the history.
type operator struct {
	*harness
	t         *testing.T
	cluster   *apache.Cluster
	pace      *time.Ticker
	transport http.RoundTripper

	performing sync.Mutex
	pending    atomic.Int32 // operations in progress, or waiting for one
	apis       atomic.Pointer[[]string]
	turn       atomic.Uint32 // among the APIs
}

// schedule decides when each operation starts.
func (c *operator) schedule(rng *rand.Rand) {
	c.apis.Store(&[]string{c.workers["api"].api})
	type operation struct {
		what   string
		weight int // share of the steps
		do     func(context.Context)
	}
	operations := []operation{{"every role scaled from 1 to 3", 6, c.scaleUp}}
	for _, name := range roleNames {
		operations = append(operations, operation{"one of three killed: " + name, 2, func(ctx context.Context) { c.resume(ctx, name) }})
	}
	node := rng.IntN(3)
	operations = append(operations,
		operation{"one of three killed between a mail and its record", 1, func(context.Context) { c.workers[record.EmailSink.Name].killAfterMail() }},
		operation{fmt.Sprintf("broker %d killed and restarted", node+1), 6, func(ctx context.Context) {
			must(c.t, c.cluster.KillNode(ctx, node))
			must(c.t, c.cluster.StartNode(ctx, node))
		}},
		operation{"every broker restarted in turn", 9, func(ctx context.Context) {
			for node := range 3 {
				must(c.t, c.cluster.StopNode(node))
				must(c.t, c.cluster.StartNode(ctx, node))
			}
		}},
		operation{"every role scaled from 3 to 1", 4, c.scaleDown},
	)
	for _, name := range roleNames {
		operations = append(operations, operation{"the only one killed: " + name, 3, func(ctx context.Context) { c.resume(ctx, name) }})
	}
	for _, name := range []string{record.LifecycleProcessor.Name, record.NotificationProcessor.Name} {
		operations = append(operations, operation{"a second start under the same name: " + name, 3, func(context.Context) { c.workers[name].replace() }})
	}

	total, begun := 0, 0
	for _, a := range operations {
		total += a.weight
	}
	steps := len(c.saved.Plan.Steps)
	for _, a := range operations {
		c.onStep[begun*steps*9/10/total] = fault{do: func() { c.perform(a.what, a.do) }}
		begun += a.weight
	}
}

func (c *operator) perform(what string, do func(context.Context)) {
	c.pending.Add(1)
	defer c.pending.Add(-1)
	c.performing.Lock()
	defer c.performing.Unlock()
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	began, steps := time.Now(), c.steps()
	do(ctx)
	c.t.Logf("%-50s %5.1f s, %3d steps meanwhile", what, time.Since(began).Seconds(), c.steps()-steps)
}

func (c *operator) steps() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.seen)
}

// RoundTrip sends requests to the APIs in turn. It paces them while an operation is
// in progress, and holds them back while another waits for it.
func (c *operator) RoundTrip(req *http.Request) (*http.Response, error) {
	for n := c.pending.Load(); n > 0; n = c.pending.Load() {
		select {
		case <-c.pace.C:
		case <-req.Context().Done():
			return nil, req.Context().Err()
		}
		if n == 1 {
			break
		}
	}
	req = req.Clone(req.Context())
	apis := *c.apis.Load()
	req.URL.Host = apis[int(c.turn.Add(1))%len(apis)]
	return c.transport.RoundTrip(req)
}

func (c *operator) scaleUp(ctx context.Context) {
	var added []*worker
	for _, role := range roleNames {
		for _, name := range []string{"second", "third"} {
			added = append(added, startWorker(c.t, role, name, c.Data))
		}
	}
	for _, w := range added {
		w.until("it is ready", func() bool { return w.serves(ctx) })
	}
	c.mu.Lock()
	c.more = added
	c.mu.Unlock()
	apis := *c.apis.Load()
	for _, w := range added {
		if w.role == "api" {
			apis = append(apis, w.api)
		}
	}
	c.apis.Store(&apis)
	for _, r := range record.Consumers {
		c.shared(r.Name, 3)
	}
}

// shared waits until so many members of a role share its partitions. A broker knows
// the assignment only while the group does not rebalance, and the connection to it
// may have been lost with a broker.
func (c *operator) shared(role string, members int) {
	group := record.Prefix + role
	c.workers[role].until(fmt.Sprintf("its partitions are shared by %d", members), func() bool {
		groups, err := c.adm.DescribeGroups(c.t.Context(), group)
		if err != nil {
			return false
		}
		n := 0
		for _, m := range groups[group].Members {
			if a, ok := m.Assigned.AsConsumer(); ok && len(a.Topics) > 0 {
				n++
			}
		}
		return n == members
	})
}

func (c *operator) scaleDown(context.Context) {
	apis := (*c.apis.Load())[:1]
	c.apis.Store(&apis)
	c.mu.Lock()
	leaving := c.more
	c.more = nil
	c.mu.Unlock()
	var stopping sync.WaitGroup
	for _, w := range leaving {
		stopping.Go(w.stop)
	}
	stopping.Wait()
	for _, r := range record.Consumers {
		c.shared(r.Name, 1)
	}
}

// resume kills a process of a role, and measures how long it takes until another has
// replaced it and the role has handled what was logged before.
func (c *operator) resume(ctx context.Context, role string) {
	w := c.workers[role]
	var group string
	var topics []string
	for _, r := range record.Consumers {
		if r.Name == role {
			group = r.Group()
			topics = r.Subscription()
		}
	}
	old := w.signal(syscall.SIGKILL)
	killed := time.Now()
	var ends kadm.ListedOffsets
	if group != "" {
		w.until("the ends of its inputs are known", func() bool { // the connection may have been lost with its broker
			var err error
			ends, err = kafka.Ends(ctx, c.adm, topics...)
			return err == nil
		})
	}
	w.until("it has resumed", func() bool {
		if w.process() == old || !w.serves(ctx) {
			return false
		}
		if group == "" {
			return true
		}
		committed, err := kafka.Committed(ctx, c.adm, group)
		if err != nil {
			return false
		}
		done := true
		ends.Each(func(e kadm.ListedOffset) {
			at, _ := committed[group].Lookup(e.Topic, e.Partition)
			done = done && at.At >= e.Offset
		})
		return done
	})
	c.t.Logf("%-50s %5.1f s after its kill", role+" resumed", time.Since(killed).Seconds())
}

// serves reports whether the process is ready, though not necessarily idle.
func (w *worker) serves(ctx context.Context) bool {
	why, err := w.ask(ctx)
	return err == nil && (why == "" || strings.HasSuffix(why, "a timer is due"))
}
