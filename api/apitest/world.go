// Package apitest is what the tests of the API and its doors share: a fake of
// everything behind the API, and ways to send requests to it.
package apitest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"pitstop/api"
	"pitstop/api/signin"
	"pitstop/api/web"
	"pitstop/schemas/avro"
	"pitstop/schemas/garage/garagetest"
	"pitstop/schemas/link"
	"pitstop/schemas/readmodel"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
	"pitstop/schemas/request"
)

// Begin is a Wednesday, 10:00 in Utrecht.
var Begin = time.Date(2026, time.May, 20, 8, 0, 0, 0, time.UTC)

// World fakes everything behind the API: the lifecycle, by the domain's own code,
// and a read model that is as fresh as the test wants.
type World struct {
	T     testing.TB
	API   *api.API
	Links *link.Keys
	Codec *avro.Codec

	issuer  *web.LocalIssuer
	signIn  *signin.Door
	mu      sync.Mutex
	now     time.Time
	repairs map[string]*repair.Repair
	done    map[string]*repair.Outcome // by command id
	views   map[string]*readmodel.Repair
	refs    map[string]string // order numbers, by repair
	events  []readmodel.Event
	behind  []repair.Event // not yet in views

	Sent    []repair.Command
	Asked   []any // filters the store was asked with
	Looked  []readmodel.DashboardVisit
	Lagging bool  // the read model lags until CatchUp
	Silent  bool  // outcomes do not come in time
	Deaf    bool  // the API has not heard how far repairs are: it started later
	Broken  error // of everything
	Unsent  error // of what is sent
}

// New returns a world; change alters the configuration of its API.
func New(t testing.TB, change ...func(*api.Config)) *World {
	t.Helper()
	codec, err := avro.NewCodec()
	Must(t, err)
	book := garagetest.Sample(t)
	links, err := link.NewKeys(link.Key{ID: "k1", Secret: bytes.Repeat([]byte{7}, link.MinKeyBytes)})
	Must(t, err)
	w := &World{
		T: t, Codec: codec, Links: links, now: Begin, repairs: make(map[string]*repair.Repair),
		done: make(map[string]*repair.Outcome), views: make(map[string]*readmodel.Repair), refs: make(map[string]string),
	}
	w.issuer, err = web.NewLocalIssuer(bytes.Repeat([]byte{9}, 32), w.clock)
	Must(t, err)
	requests, err := request.NewBuilder(codec, book, bytes.Repeat([]byte{5}, request.MinSecretBytes), w.clock)
	Must(t, err)
	sessions, err := signin.NewKeys(link.Key{ID: "s1", Secret: bytes.Repeat([]byte{3}, link.MinKeyBytes)})
	Must(t, err)
	w.signIn, err = signin.New(signin.Config{
		Issuer: "http://127.0.0.1:9/nobody", ClientID: "pitstop", Origin: "http://example.com", // httptest's host
		Keys: sessions, Clock: w.clock, Log: slog.New(slog.DiscardHandler),
	})
	Must(t, err)
	c := api.Config{
		Patience: 50 * time.Millisecond,
		Requests: requests, Commands: w, Store: w, Dashboards: w, Events: w.Open, Auth: w.issuer, SignIn: w.signIn, Garages: book, Links: links,
		Clock: func(*http.Request) time.Time { return w.clock() }, Log: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(),
	}
	for _, f := range change {
		f(&c)
	}
	w.API, err = api.New(c)
	Must(t, err)
	for _, s := range w.API.OpenAPI.Components.Schemas.Map() {
		s.AdditionalProperties = false // readers allow for what they do not know; here it is missing in the documentation
	}
	return w
}

// Must fails the test for an error.
func Must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *World) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

// Pass lets time pass.
func (w *World) Pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// Ask handles a command as the lifecycle does.
func (w *World) Ask(_ context.Context, cmd repair.Command, patience time.Duration) (*repair.Outcome, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := errors.Join(w.Broken, w.Unsent); err != nil {
		return nil, err
	}
	w.Sent = append(w.Sent, cmd)
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
	if patience == 0 || w.Silent {
		return nil, nil
	}
	return o, nil
}

func (w *World) handle(cmd repair.Command) *repair.Outcome {
	h := cmd.Head()
	r := w.repairs[h.AggregateID]
	if r == nil {
		r = new(repair.Repair)
		w.repairs[h.AggregateID] = r
	}
	if at := r.OpenRevision(); at > 0 {
		w.publish(h, r.Expire(h.OccurredAt, h.OccurredAt))
	}
	events, verdict := r.HandleLogged(cmd, w.now)
	w.publish(h, events)
	o := &repair.Outcome{Command: record.NameOf(cmd), Result: repair.Accepted, Digest: repair.DigestOf(cmd), Verdict: verdict}
	if verdict.Code != "" {
		o.Result = repair.Refused
	}
	o.Header = *h
	o.CausationID = h.EventID
	return o
}

func (w *World) publish(h *repair.Header, events []repair.Event) {
	for i, e := range events {
		eh := e.Head()
		eh.EventID = repair.DerivedID(eh.OccurredAt, h.EventID, fmt.Sprint(i))
		eh.AggregateID, eh.CorrelationID, eh.CausationID = h.AggregateID, h.CorrelationID, h.EventID
		w.behind = append(w.behind, e)
		if started, ok := e.(*repair.RepairStarted); ok {
			w.refs[eh.AggregateID] = started.ExternalRef
		}
		data, err := w.Codec.AppendJSON(context.Background(), nil, e)
		Must(w.T, err)
		w.events = append(w.events, readmodel.Event{
			Type: record.NameOf(e), EventID: eh.EventID, RepairID: eh.AggregateID, GarageID: eh.GarageID, ExternalRef: w.refs[eh.AggregateID],
			Sequence: repair.SequenceOf(e), OccurredAt: eh.OccurredAt, Actor: eh.Actor, Data: data,
		})
	}
	if !w.Lagging {
		w.project()
	}
}

// Newest says how far the lifecycle is with a repair, if the world's outcomes were heard.
func (w *World) Newest(id string) (garageID string, sequence int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if r := w.repairs[id]; r != nil && !w.Deaf {
		return r.GarageID, r.Sequence
	}
	return "", 0
}

// Hear lets the API hear how far repairs are.
func (w *World) Hear() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.Deaf = false
}

// Events returns the names of all events so far.
func (w *World) Events() (names []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range w.events {
		names = append(names, e.Type)
	}
	return names
}

// CatchUp brings the read model up to date.
func (w *World) CatchUp() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.project()
}

// Page returns a dashboard that says what it was asked.
func (w *World) Page(_ context.Context, v readmodel.DashboardVisit) ([]byte, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.Looked = append(w.Looked, v)
	return []byte("<p>" + v.ID + " of " + strings.Join(v.Chosen, " and ") + "</p>"), w.Broken
}

func (w *World) Assets() fs.FS { return fstest.MapFS{"dashboards.css": {Data: []byte("p{}")}} }

// Last returns the newest command that the lifecycle got.
func (w *World) Last() repair.Command {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.Sent[len(w.Sent)-1]
}

// Count returns how many of the commands that were sent are such.
func (w *World) Count(such func(repair.Command) bool) (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.Sent {
		if such(c) {
			n++
		}
	}
	return n
}

// LastDecision returns the last decision that was sent: the page's script records
// views by itself, at any time.
func (w *World) LastDecision() *repair.DecideQuote {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range slices.Backward(w.Sent) {
		if d, ok := c.(*repair.DecideQuote); ok {
			return d
		}
	}
	return new(repair.DecideQuote)
}
