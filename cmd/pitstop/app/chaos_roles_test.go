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
	"testing"
	"time"

	"pitstop/deploy/embedded"
	"pitstop/producers/simulate"
	"pitstop/schemas/kafka"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
	"pitstop/sinks/clickhouse"
)

// TestKilledRoles kills the roles, each in a process of its own, one after the other
// while the others go on. Some are also killed while they start; one stands still
// for longer than its group waits for it, and one has its place taken meanwhile.
func TestKilledRoles(t *testing.T) {
	t.Parallel()
	go undisturbed() // compare waits for it
	dir := filepath.Join(t.TempDir(), "data")
	h := newHousehold(t, dir)
	luck := rand.New(rand.NewPCG(*luckSeed, 2))
	each := 4
	if testing.Short() {
		each = 1
	}
	h.plan(each, luck)
	h.perform(t)
	h.stop(t)

	got := compare(t, dir)
	for _, s := range h.saved.Plan.Steps {
		if id := repair.CommandID(s.Garage, h.saved.Plan.Repairs[s.Repair].ID, s.Key); s.Actor.Role.Staff() && got.Commands[id] == 0 {
			t.Errorf("step %s of repair %s was answered, but its command is not there", s.Key, s.RepairID)
		}
	}
	checkLetters(t, dir, got)
}

// household is the whole pipeline with its roles in processes of their own.
type household struct {
	*Pipeline
	saved    *simulate.Saved
	stats    simulate.Stats
	log      *slog.Logger
	clock    clockFile
	workers  map[string]*worker
	requests http.RoundTripper
	more     []*worker // of the same roles

	upon     map[int]strike // by the number of the step
	atEnd    map[int]strike // by the number of the window
	sets     int            // of the clock
	mu       sync.Mutex
	seen     map[string]bool // the steps
	strikes  int             // so far
	striking sync.WaitGroup
}

// newHousehold starts a household on embedded parts.
func newHousehold(t *testing.T, dir string) *household {
	t.Helper()
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	h := openHousehold(t, dir, log)
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
	h.staff(t, log)
	return h
}

// openHousehold opens the data directory of a household in which nothing runs yet.
func openHousehold(t *testing.T, dir string, log *slog.Logger) *household {
	t.Helper()
	data, err := embedded.Open(dir, log)
	must(t, err)
	t.Cleanup(func() { _ = data.Close() }) // may be closed already
	saved, err := openHistory(dir)
	must(t, err)
	must(t, KeepGarages(data, saved.Garages))
	h := &household{
		Pipeline: &Pipeline{Data: data, Garages: saved.Garages}, clock: clockFile(dir), saved: saved, log: log,
		workers: make(map[string]*worker), requests: simulate.Transport(),
		upon: make(map[int]strike), atEnd: make(map[int]strike), seen: make(map[string]bool),
	}
	t.Cleanup(func() { _ = h.stopAll(log) }) // may be stopped already
	return h
}

func (h *household) startEngine(t *testing.T, log *slog.Logger) {
	t.Helper()
	exe, err := binary()
	must(t, err)
	engine, err := embedded.StartClickHouse(t.Context(), h.Data, embedded.ClickHouseOptions{Exe: exe, Log: log})
	must(t, err)
	h.stops = append(h.stops, stop{"clickhouse", engine.Stop})
	h.Database = clickhouse.Config{DSN: engine.DSN}
}

// staff starts the roles on the parts that run.
func (h *household) staff(t *testing.T, log *slog.Logger) {
	t.Helper()
	dir := h.Data.Dir()
	h.Addresses = embedded.Addresses{
		API: "http://" + address(t, h.Data, "api-"+instance), Kafka: strings.Join(h.cfg.Brokers, ","),
		Registry: h.cfg.RegistryURL, ClickHouse: h.Database.DSN,
	}
	must(t, h.Write(dir))
	_, err := keysFrom(h.Data.Secret) // made here, read by the roles
	must(t, err)
	known, err := openHouse(dir, log)
	must(t, err)
	h.Keys = known.Keys

	must(t, h.clock.set(h.saved.Plan.From))
	for _, name := range roleNames {
		h.workers[name] = hire(t, name, instance, h.Data)
	}
}

// strike is something that happens to a role, or to all.
type strike struct {
	do    func()
	after time.Duration // of its occasion: a request, or the setting of the clock
}

// on is a strike that waits for the one before to be over.
func (w *worker) on(how func(*worker), after time.Duration) strike {
	return strike{func() {
		w.striking.Lock()
		defer w.striking.Unlock()
		how(w)
	}, after}
}

// reach is how long after a request its effects come to a role, in milliseconds.
var reach = map[string]int64{"api": 20, "lifecycle": 20, "notification": 40, "latency": 50, "email": 50, "clickhouse": 150}

// plan chooses when to strike whom: every role so many times upon a request, and
// once upon its timers, in turn.
func (h *household) plan(each int, luck *rand.Rand) {
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
		after := time.Duration(luck.Int64N(1000*reach[name])) * time.Microsecond
		h.upon[from+luck.IntN(to-from)] = h.workers[name].on(how, after)
	}
	for i, w := range luck.Perm(windows)[:len(roleNames)] {
		h.atEnd[w] = h.workers[roleNames[i]].on((*worker).kill, time.Duration(luck.Int64N(60))*time.Millisecond)
	}
}

// setClock sets the clock: by turns to the beginning of a window and to its end,
// when its timers fire.
func (h *household) setClock(t *testing.T, at time.Time) {
	must(t, h.clock.set(at))
	h.sets++
	if w := h.sets/2 - 1; h.sets%2 == 0 {
		if s, ok := h.atEnd[w]; ok {
			h.strike(s)
		}
	}
}

func (h *household) strike(s strike) {
	h.strikes++
	h.striking.Go(func() {
		<-time.After(s.after)
		s.do()
	})
}

// RoundTrip sends a request, and strikes if it is a step's first and an occasion.
func (h *household) RoundTrip(req *http.Request) (*http.Response, error) {
	h.mu.Lock()
	if step := req.URL.Path + fmt.Sprint(req.Header); !h.seen[step] {
		if s, ok := h.upon[len(h.seen)]; ok {
			h.strike(s)
		}
		h.seen[step] = true
	}
	h.mu.Unlock()
	return h.requests.RoundTrip(req)
}

// perform plays the history.
func (h *household) perform(t *testing.T) {
	t.Helper()
	for _, name := range roleNames {
		w := h.workers[name]
		w.until("it is ready", func() bool { return w.ready(t.Context()) == nil })
	}
	doors := h.Doors(h.saved.Plan.To, &h.stats, h.log)
	doors.HTTP = h
	history := &simulate.History{
		Plan: h.saved.Plan, Client: doors, Done: h.saved.Done,
		SetClock: func(at time.Time) { h.setClock(t, at) },
		Settled:  h.settled, Save: h.saved.Save, Report: func(time.Time) {},
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	err := history.Run(ctx)
	h.striking.Wait()
	must(t, err)
	must(t, h.settled(ctx))
	if wrong := h.stats.Counts().Unexpected; len(wrong) > 0 {
		t.Errorf("answers that were not expected: %v", wrong)
	}
	if want := len(h.upon) + len(h.atEnd); h.strikes != want {
		t.Errorf("%d strikes of %d happened", h.strikes, want)
	}
}

// settled waits until every role is ready and has read all there is, twice in a row
// without anything new in between, and no timer is due.
func (h *household) settled(ctx context.Context) error {
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for quiet := int64(-1); ; {
		one, cancel := context.WithTimeout(ctx, 30*time.Second) // whom it hangs on is asked again
		behind, end, busy := h.Lag(one)
		if busy == nil {
			busy = h.busy(one)
		}
		cancel()
		switch {
		case busy != nil || slices.Max(behind) > 0:
			quiet = -1
		case end == quiet:
			return nil
		default:
			quiet = end
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("not settled, lag %v: %w", behind, errors.Join(busy, ctx.Err()))
		case <-look.C:
		}
	}
}

// busy is who is not ready or has a timer to fire, nil when nobody is.
func (h *household) busy(ctx context.Context) error {
	for _, w := range h.everybody() {
		if err := w.ready(ctx); err != nil {
			return fmt.Errorf("%s %s: %w", w.role, w.name, err)
		}
	}
	return nil
}

func (h *household) everybody() (all []*worker) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, name := range roleNames {
		all = append(all, h.workers[name])
	}
	return append(all, h.more...)
}

// stop ends everything, and fails the test where that was not clean.
func (h *household) stop(t *testing.T) {
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

// checkLetters compares what the mail server took over with what was recorded of it.
func checkLetters(t *testing.T, dir string, got *remains) {
	t.Helper()
	text, err := os.ReadFile(lettersIn(dir))
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
		var l letter
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
