package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"pitstop/deploy/embedded"
	"pitstop/producers/simulate"
	"pitstop/producers/simulate/checkpoint"
	"pitstop/schemas/kafka"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
	"pitstop/sinks/clickhouse"
)

// TestKilledRoles kills the roles, each in a process of its own, one after the other
// while the others continue. Some are also killed while they start; one is frozen for
// longer than its session timeout, and one is replaced while it is frozen.
func TestKilledRoles(t *testing.T) {
	t.Parallel()
	go undisturbed() // compare waits for it
	dir := filepath.Join(t.TempDir(), "data")
	h := newHarness(t, dir)
	rng := rand.New(rand.NewPCG(*luckSeed, 2))
	each := 4
	if testing.Short() {
		each = 1
	}
	h.planFaults(each, rng)
	h.play(t)
	h.stop(t)

	got := compare(t, dir)
	for _, s := range h.saved.Plan.Steps {
		if id := repair.CommandID(s.Garage, h.saved.Plan.Repairs[s.Repair].ID, s.Actor, s.Key); s.Actor.Role.Staff() && got.Commands[id] == 0 {
			t.Errorf("step %s of repair %s was answered, but its command is not there", s.Key, s.RepairID)
		}
	}
	checkSentMails(t, dir, got)
}

// harness runs the whole pipeline with each role in a process of its own, and injects
// faults.
type harness struct {
	*Pipeline
	saved    *checkpoint.Saved
	stats    simulate.Stats
	log      *slog.Logger
	clock    clockFile
	workers  map[string]*worker
	requests http.RoundTripper
	more     []*worker // scaled up

	onStep      map[int]fault // by the number of the step
	onWindowEnd map[int]fault // by the number of the window
	sets        int           // how often the clock was set
	mu          sync.Mutex
	seen        map[string]bool // the steps
	injected    int             // so far
	injecting   sync.WaitGroup
}

// newHarness returns a harness whose roles run on embedded parts.
func newHarness(t *testing.T, dir string) *harness {
	t.Helper()
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	h := openHarness(t, dir, log)
	exe, err := binary()
	must(t, err)
	broker, err := embedded.StartKafka(t.Context(), h.Data, embedded.KafkaOptions{Exe: exe, Log: log})
	must(t, err)
	h.stops = append(h.stops, stop{"kafka", broker.Stop})
	registry, err := embedded.StartRegistry(t.Context(), h.Data, log)
	must(t, err)
	h.stops = append(h.stops, stop{"schema registry", registry.Stop})
	h.cfg = kafka.Config{Brokers: []string{broker.Addr}, RegistryURL: registry.URL}
	h.startEngine(t, log)
	must(t, h.prepare(t.Context(), log))
	h.startRoles(t, log)
	return h
}

// openHarness returns a harness on a data directory, in which nothing runs yet.
func openHarness(t *testing.T, dir string, log *slog.Logger) *harness {
	t.Helper()
	data, err := embedded.Open(dir, log)
	must(t, err)
	t.Cleanup(func() { _ = data.Close() }) // may be closed already
	saved, err := openHistory(dir)
	must(t, err)
	must(t, WriteGarages(data, saved.Garages))
	h := &harness{
		Pipeline: &Pipeline{Data: data, Garages: saved.Garages}, clock: clockFile(dir), saved: saved, log: log,
		workers: make(map[string]*worker), requests: simulate.Transport(),
		onStep: make(map[int]fault), onWindowEnd: make(map[int]fault), seen: make(map[string]bool),
	}
	t.Cleanup(func() { _ = h.stopAll(log) }) // may be stopped already
	return h
}

func (h *harness) startEngine(t *testing.T, log *slog.Logger) {
	t.Helper()
	exe, err := binary()
	must(t, err)
	engine, err := embedded.StartClickHouse(t.Context(), h.Data, embedded.ClickHouseOptions{Exe: exe, Log: log})
	must(t, err)
	h.stops = append(h.stops, stop{"clickhouse", engine.Stop})
	h.Database = clickhouse.Config{DSN: engine.DSN}
}

// startRoles starts the roles on the parts that run.
func (h *harness) startRoles(t *testing.T, log *slog.Logger) {
	t.Helper()
	dir := h.Data.Dir()
	h.Addresses = embedded.Addresses{
		API: "http://" + address(t, h.Data, "api-"+instance), Kafka: strings.Join(h.cfg.Brokers, ","),
		Registry: h.cfg.RegistryURL, ClickHouse: h.Database.DSN,
	}
	must(t, h.Write(dir))
	_, err := keysFrom(h.Data.Secret) // creates the secrets that the roles read
	must(t, err)
	known, err := openRoles(dir, log)
	must(t, err)
	h.Keys = known.Keys

	must(t, h.clock.set(h.saved.Plan.From))
	for _, name := range roleNames {
		h.workers[name] = startWorker(t, name, instance, h.Data)
	}
}

// fault is something that is done to a role, or to all.
type fault struct {
	do    func()
	after time.Duration // its trigger: a request, or the setting of the clock
}

// on returns a fault of the worker that waits for its fault before to be over.
func (w *worker) on(how func(*worker), after time.Duration) fault {
	return fault{func() {
		w.injecting.Lock()
		defer w.injecting.Unlock()
		how(w)
	}, after}
}

// effectDelay is how long a request's effects take to reach a role, in milliseconds.
var effectDelay = map[string]int64{"api": 20, "lifecycle": 20, "notification": 40, "latency": 50, "email": 50, "clickhouse": 150}

// planFaults schedules the faults: every role gets so many on requests, and one when
// its timers fire, in turn.
func (h *harness) planFaults(each int, rng *rand.Rand) {
	steps, windows := len(h.saved.Plan.Steps), len(h.saved.Plan.Windows)
	n := each * len(roleNames)
	for k := range n {
		name := roleNames[k%len(roleNames)]
		how := (*worker).kill
		switch last := k >= n-len(roleNames); {
		case name == record.EmailSink.Name:
			how = (*worker).killAfterMail
		case last && name == record.LifecycleProcessor.Name:
			how = (*worker).freeze
		case last && name == record.NotificationProcessor.Name:
			how = (*worker).replace
		case last:
			how = (*worker).killTwice
		}
		from, to := k*steps/n, (k+1)*steps/n
		after := time.Duration(rng.Int64N(1000*effectDelay[name])) * time.Microsecond
		h.onStep[from+rng.IntN(to-from)] = h.workers[name].on(how, after)
	}
	for i, w := range rng.Perm(windows)[:len(roleNames)] {
		h.onWindowEnd[w] = h.workers[roleNames[i]].on((*worker).kill, time.Duration(rng.Int64N(60))*time.Millisecond)
	}
}

// setClock sets the clock, alternately to the beginning of a window and to its end,
// when its timers fire.
func (h *harness) setClock(t *testing.T, at time.Time) {
	must(t, h.clock.set(at))
	h.sets++
	if w := h.sets/2 - 1; h.sets%2 == 0 {
		if s, ok := h.onWindowEnd[w]; ok {
			h.inject(s)
		}
	}
}

func (h *harness) inject(f fault) {
	h.injected++
	h.injecting.Go(func() {
		<-time.After(f.after)
		f.do()
	})
}

// RoundTrip sends a request, and injects the fault of a step at its first request.
func (h *harness) RoundTrip(req *http.Request) (*http.Response, error) {
	h.mu.Lock()
	if step := req.URL.Path + fmt.Sprint(req.Header); !h.seen[step] {
		if s, ok := h.onStep[len(h.seen)]; ok {
			h.inject(s)
		}
		h.seen[step] = true
	}
	h.mu.Unlock()
	return h.requests.RoundTrip(req)
}

// perform plays the history.
func (h *harness) play(t *testing.T) {
	t.Helper()
	for _, name := range roleNames {
		w := h.workers[name]
		w.until("it is ready", func() bool { return w.ready(t.Context()) == nil })
	}
	client := h.Client(h.saved.Plan.To, &h.stats, h.log)
	client.HTTP = h
	history := &simulate.History{
		Plan: h.saved.Plan, Client: client, Done: h.saved.Done,
		SetClock: func(at time.Time) { h.setClock(t, at) },
		Settled:  h.settled, Save: h.saved.Save, Report: func(time.Time) {},
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	err := history.Run(ctx)
	h.injecting.Wait()
	if err = errors.Join(err, h.settled(ctx)); err != nil {
		h.dump(t)
		t.Fatal(err)
	}
	if wrong := h.stats.Counts().Unexpected; len(wrong) > 0 {
		t.Errorf("answers that were not expected: %v", wrong)
	}
	if want := len(h.onStep) + len(h.onWindowEnd); h.injected != want {
		t.Errorf("%d faults of %d were injected", h.injected, want)
	}
}

// settled waits until every role is ready, no timer is due and no consumer has a lag,
// twice in a row without a write in between.
func (h *harness) settled(ctx context.Context) error {
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	why := errors.New("nobody was asked")
	for quiet := int64(-1); ; {
		one, cancel := context.WithTimeout(ctx, 30*time.Second) // then everyone is asked again
		behind, end, busy := h.Lag(one)
		if busy == nil {
			busy = h.notReady(one)
		}
		cancel()
		switch {
		case ctx.Err() != nil: // which cut the answers short
			return fmt.Errorf("not settled, %w: %w", ctx.Err(), why)
		case busy != nil:
			why, quiet = busy, -1
		case slices.Max(behind) > 0:
			why, quiet = fmt.Errorf("lag %v", behind), -1
		case end == quiet:
			return nil
		default:
			why, quiet = fmt.Errorf("writes: the sum of all ends was %d, is %d", quiet, end), end
		}
		select {
		case <-ctx.Done():
		case <-look.C:
		}
	}
}

// dump logs what each process that is not ready says, and what its goroutines do.
func (h *harness) dump(t *testing.T) {
	t.Helper()
	for _, w := range h.allWorkers() {
		why := w.ready(context.Background())
		if why == nil {
			continue
		}
		p := w.process()
		w.mu.Lock()
		w.stopping = true
		w.mu.Unlock()
		for _, signal := range []syscall.Signal{syscall.SIGQUIT, syscall.SIGCONT} {
			_ = p.cmd.Process.Signal(signal) // it may have ended
		}
		<-p.ended
		text, _ := os.ReadFile(p.log)
		t.Logf("%s %s: %v\n%s", w.role, w.name, why, text[max(0, len(text)-60_000):])
	}
}

// notReady returns an error for the first worker that is not ready or has a timer due.
func (h *harness) notReady(ctx context.Context) error {
	for _, w := range h.allWorkers() {
		if err := w.ready(ctx); err != nil {
			return fmt.Errorf("%s %s: %w", w.role, w.name, err)
		}
	}
	return nil
}

func (h *harness) allWorkers() (all []*worker) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, name := range roleNames {
		all = append(all, h.workers[name])
	}
	return append(all, h.more...)
}

// stop stops everything, and fails the test where that was not clean.
func (h *harness) stop(t *testing.T) {
	t.Helper()
	for _, name := range roleNames {
		h.workers[name].stop()
	}
	must(t, h.stopAll(slog.New(slog.DiscardHandler)))
	h.stops = nil
	must(t, h.Data.Close())
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// checkSentMails compares what the mail server accepted with the recorded deliveries.
func checkSentMails(t *testing.T, dir string, got *remains) {
	t.Helper()
	text, err := os.ReadFile(sentMails(dir))
	must(t, err)
	type attempt struct {
		id string
		n  int
	}
	type about struct {
		to, subject string
		at          time.Time
	}
	sent, ids, second := make(map[attempt][]int), make(map[about]string), 0
	for line := range strings.Lines(string(text)) {
		var l sentMail
		must(t, json.Unmarshal([]byte(line), &l))
		a := attempt{l.MessageID, l.Attempt}
		if len(sent[a]) > 0 {
			second++
		}
		if slices.Contains(sent[a], l.Process) {
			t.Errorf("mail %s was sent twice by a process that nobody killed in between", l.MessageID)
		}
		sent[a] = append(sent[a], l.Process)
		if is := (about{l.To, l.Subject, l.RequestedAt}); ids[is] == "" {
			ids[is] = l.MessageID
		} else if ids[is] != l.MessageID {
			t.Errorf("mail %q to %s, requested at %s, was sent as %s and as %s", l.Subject, l.To, l.RequestedAt, ids[is], l.MessageID)
		}
	}
	recorded := make(map[attempt]bool)
	for _, s := range got.Deliveries {
		if s.Record == record.NameOf(&record.DeliveryAccepted{}) {
			a := attempt{strings.Trim(s.Body["message_id"].(string), "<>"), int(s.Body["attempt"].(float64))}
			if recorded[a] = true; len(sent[a]) == 0 {
				t.Errorf("mail %s is recorded as accepted, but was not sent", a.id)
			}
		}
	}
	for a := range sent {
		if !recorded[a] {
			t.Errorf("mail %s was sent, but that is not recorded", a.id)
		}
	}
	t.Logf("%d mails, %d of them sent a second time", len(sent), second)
	if second == 0 {
		t.Error("no mail was sent a second time: none of the kills came between a mail and its record")
	}
}
