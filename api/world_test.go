package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"pitstop/schemas/avro"
	"pitstop/schemas/garage"
	"pitstop/schemas/link"
	"pitstop/schemas/readmodel"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
	"pitstop/schemas/request"
)

// begin is a Wednesday, 10:00 in Utrecht.
var begin = time.Date(2026, time.May, 20, 8, 0, 0, 0, time.UTC)

// world stands in for everything behind the API: the lifecycle as the domain has
// it, and a read model that is as fresh as the test wants.
type world struct {
	t       *testing.T
	server  *server
	handler http.Handler
	issuer  *LocalIssuer
	links   *link.Keys
	codec   *avro.Codec

	mu      sync.Mutex
	now     time.Time
	repairs map[string]*repair.Repair
	done    map[string]*repair.Outcome // by command id
	sent    []repair.Command
	views   map[string]*readmodel.Repair
	events  []readmodel.Event
	behind  []repair.Event // not yet in views
	lagging bool           // events stay behind until catchUp
	silent  bool           // outcomes do not come in time
	broken  error          // of everything
	unsent  error          // of what is sent
	asked   []any          // filters the store was asked with
	looked  []DashboardVisit
}

func newWorld(t *testing.T, change ...func(*Config)) *world {
	t.Helper()
	codec, err := avro.NewCodec()
	must(t, err)
	book, err := garage.Parse(garage.Sample)
	must(t, err)
	links, err := link.NewKeys(link.Key{ID: "k1", Secret: bytes.Repeat([]byte{7}, link.MinKeyBytes)})
	must(t, err)
	w := &world{
		t: t, codec: codec, links: links, now: begin, repairs: make(map[string]*repair.Repair),
		done: make(map[string]*repair.Outcome), views: make(map[string]*readmodel.Repair),
	}
	w.issuer, err = NewLocalIssuer(bytes.Repeat([]byte{9}, 32), w.clock)
	must(t, err)
	requests, err := request.NewBuilder(codec, book, bytes.Repeat([]byte{5}, request.MinSecretBytes), w.clock)
	must(t, err)
	c := Config{
		Patience: 50 * time.Millisecond,
		Requests: requests, Commands: w, Store: w, Dashboards: w, Events: w.Open, Auth: w.issuer, Garages: book, Links: links,
		Clock: func(*http.Request) time.Time { return w.clock() }, Log: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(),
	}
	for _, f := range change {
		f(&c)
	}
	w.server, err = newServer(c)
	must(t, err)
	w.handler = w.server.handler
	return w
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// Ask is the lifecycle.
func (w *world) Ask(_ context.Context, cmd repair.Command, patience time.Duration) (*repair.Outcome, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := errors.Join(w.broken, w.unsent); err != nil {
		return nil, err
	}
	w.sent = append(w.sent, cmd)
	h := cmd.Head()
	o, seen := w.done[h.EventID]
	switch {
	case seen && o.Digest != repair.DigestOf(cmd):
		o = &repair.Outcome{Result: repair.Refused, Verdict: repair.Verdict{Code: repair.KeyReused, Detail: "the key was used"}}
	case seen:
		again := *o
		again.Result = repair.Duplicate
		o = &again
	default:
		o = w.handle(cmd)
		w.done[h.EventID] = o
	}
	if patience == 0 || w.silent {
		return nil, nil
	}
	return o, nil
}

func (w *world) handle(cmd repair.Command) *repair.Outcome {
	h := cmd.Head()
	r := w.repairs[h.AggregateID]
	if r == nil {
		r = new(repair.Repair)
		w.repairs[h.AggregateID] = r
	}
	if at := r.OpenRevision(); at > 0 {
		w.publish(h, r.Expire(h.OccurredAt))
	}
	events, verdict := r.Handle(cmd)
	w.publish(h, events)
	o := &repair.Outcome{Command: record.NameOf(cmd), Result: repair.Accepted, Digest: repair.DigestOf(cmd), Verdict: verdict}
	if verdict.Code != "" {
		o.Result = repair.Refused
	}
	o.Header = *h
	o.CausationID = h.EventID
	return o
}

func (w *world) publish(h *repair.Header, events []repair.Event) {
	for i, e := range events {
		eh := e.Head()
		eh.EventID = repair.DerivedID(eh.OccurredAt, h.EventID, fmt.Sprint(i))
		eh.AggregateID, eh.CorrelationID, eh.CausationID = h.AggregateID, h.CorrelationID, h.EventID
		w.behind = append(w.behind, e)
		w.events = append(w.events, readmodel.Event{
			Type: record.NameOf(e), EventID: eh.EventID, RepairID: eh.AggregateID, GarageID: eh.GarageID,
			Sequence: repair.SequenceOf(e), OccurredAt: eh.OccurredAt, Actor: eh.Actor, Data: json.RawMessage("{}"),
		})
	}
	if !w.lagging {
		w.project()
	}
}

func (w *world) catchUp() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.project()
}

// Page is a dashboard that says what it was asked.
func (w *world) Page(_ context.Context, v DashboardVisit) ([]byte, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.looked = append(w.looked, v)
	return []byte("<p>" + v.ID + " of " + strings.Join(v.Chosen, " and ") + "</p>"), w.broken
}

func (w *world) Assets() fs.FS { return fstest.MapFS{"dashboards.css": {Data: []byte("p{}")}} }
