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

// maxResume is how long a role may take from its kill until it has handled what
// there was when it was killed.
const maxResume = 15 * time.Second

// testRoles plays a history on Apache Kafka while every role is scaled up, killed,
// and scaled down, and the brokers go and come back; and compares what is left with
// what a run left that nobody disturbed.
func testRoles(t *testing.T, cluster *apache.Cluster, adm *kadm.Client) {
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	h := openHousehold(t, filepath.Join(t.TempDir(), "data"), log)
	h.cfg = kafka.Config{Brokers: cluster.Brokers, RegistryURL: cluster.RegistryURL}
	h.adm = adm
	h.startEngine(t, log)
	_, err := clickhouse.Migrate(t.Context(), h.Database, h.Garages, log)
	must(t, err)
	h.staff(t, log)

	c := &company{household: h, t: t, cluster: cluster, pace: time.NewTicker(time.Second / 20), transport: h.requests}
	defer c.pace.Stop()
	h.requests = c
	c.rehearse(rand.New(rand.NewPCG(*luckSeed, 3)))
	h.perform(t)
	for _, w := range h.everybody() {
		t.Logf("%s was started %d times", w.role, w.starts)
	}
	got, err := remainsOf(t.Context(), h.cfg, h.Database, log)
	if err != nil {
		t.Error(err)
	}
	h.stop(t)
	checkLetters(t, h.Data.Dir(), got.check(t))
}

// company performs acts, one after the other, each beginning with a step of the
// history, while the history goes on.
type company struct {
	*household
	t         *testing.T
	cluster   *apache.Cluster
	pace      *time.Ticker
	transport http.RoundTripper

	acting  sync.Mutex
	pending atomic.Int32 // acts that have begun, or wait for one to end
	apis    atomic.Pointer[[]string]
	turn    atomic.Uint32 // among the APIs
}

// rehearse decides when which act begins.
func (c *company) rehearse(luck *rand.Rand) {
	c.apis.Store(&[]string{c.workers["api"].api})
	type act struct {
		what string
		long int // compared with others
		do   func(context.Context)
	}
	acts := []act{{"every role scaled from 1 to 3", 6, c.scaleUp}}
	for _, name := range roleNames {
		acts = append(acts, act{"one of three killed: " + name, 2, func(ctx context.Context) { c.resume(ctx, name) }})
	}
	node := luck.IntN(3)
	acts = append(acts,
		act{"one of three killed between a mail and its record", 1, func(context.Context) { c.workers[record.EmailSink.Name].killAfterMail() }},
		act{fmt.Sprintf("broker %d killed and restarted", node+1), 6, func(ctx context.Context) {
			must(c.t, c.cluster.KillNode(ctx, node))
			must(c.t, c.cluster.StartNode(ctx, node))
		}},
		act{"every broker restarted in turn", 9, func(ctx context.Context) {
			for node := range 3 {
				must(c.t, c.cluster.StopNode(node))
				must(c.t, c.cluster.StartNode(ctx, node))
			}
		}},
		act{"every role scaled from 3 to 1", 4, c.scaleDown},
	)
	for _, name := range roleNames {
		acts = append(acts, act{"the only one killed: " + name, 3, func(ctx context.Context) { c.resume(ctx, name) }})
	}
	for _, name := range []string{record.LifecycleProcessor.Name, record.NotificationProcessor.Name} {
		acts = append(acts, act{"a second start under the same name: " + name, 3, func(context.Context) { c.workers[name].replace() }})
	}

	total, begun := 0, 0
	for _, a := range acts {
		total += a.long
	}
	steps := len(c.saved.Plan.Steps)
	for _, a := range acts {
		c.upon[begun*steps*9/10/total] = strike{do: func() { c.act(a.what, a.do) }}
		begun += a.long
	}
}

func (c *company) act(what string, do func(context.Context)) {
	c.pending.Add(1)
	defer c.pending.Add(-1)
	c.acting.Lock()
	defer c.acting.Unlock()
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	began, steps := time.Now(), c.steps()
	do(ctx)
	c.t.Logf("%-50s %5.1f s, %3d steps meanwhile", what, time.Since(began).Seconds(), c.steps()-steps)
}

func (c *company) steps() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.seen)
}

// RoundTrip sends a request to one API after the other. While an act goes on it
// sends them one by one, and when the next has to wait for it, none.
func (c *company) RoundTrip(req *http.Request) (*http.Response, error) {
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

func (c *company) scaleUp(ctx context.Context) {
	var hired []*worker
	for _, role := range roleNames {
		for _, name := range []string{"second", "third"} {
			hired = append(hired, hire(c.t, role, name, c.Data))
		}
	}
	for _, w := range hired {
		w.until("it is ready", func() bool { return w.serves(ctx) })
	}
	c.mu.Lock()
	c.more = hired
	c.mu.Unlock()
	apis := *c.apis.Load()
	for _, w := range hired {
		if w.role == "api" {
			apis = append(apis, w.api)
		}
	}
	c.apis.Store(&apis)
	for _, r := range record.Consumers {
		c.shared(r.Name, 3)
	}
}

// shared waits until so many members of a role share its partitions. A broker tells
// who has which only while the group does not rebalance, and a connection to it may
// have ended with the broker before.
func (c *company) shared(role string, members int) {
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

func (c *company) scaleDown(context.Context) {
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

// resume kills a process of a role, and measures how long it takes until another
// is in its place and the role has handled what there was.
func (c *company) resume(ctx context.Context, role string) {
	w := c.workers[role]
	var group string
	var topics []string
	for _, r := range record.Consumers {
		if r.Name == role {
			group = r.Group()
			for _, t := range r.Reads {
				topics = append(topics, t.Name)
			}
		}
	}
	old := w.signal(syscall.SIGKILL)
	killed := time.Now()
	var ends kadm.ListedOffsets
	if group != "" {
		w.until("the ends of its inputs are known", func() bool { // a connection may have ended with its broker
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
	took := time.Since(killed)
	c.t.Logf("%-50s %5.1f s after its kill", role+" resumed", took.Seconds())
	if took > maxResume {
		c.t.Errorf("%s took %s to resume, more than %s", role, took, maxResume)
	}
}

// serves reports whether the process is ready, be it with something to do.
func (w *worker) serves(ctx context.Context) bool {
	why, err := w.ask(ctx)
	return err == nil && (why == "" || strings.HasSuffix(why, "a timer is due"))
}
