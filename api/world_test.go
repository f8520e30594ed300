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
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/prometheus/client_golang/prometheus"

	"pitstop/schemas"
	"pitstop/schemas/garage"
	"pitstop/schemas/link"
	"pitstop/schemas/repair"
	"pitstop/schemas/request"
	"pitstop/schemas/view"
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
	codec   *schemas.Codec

	mu      sync.Mutex
	now     time.Time
	repairs map[string]*repair.Repair
	done    map[string]*repair.Outcome // by command id
	sent    []repair.Command
	views   map[string]*view.Repair
	events  []view.Event
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
	codec, err := schemas.NewCodec()
	must(t, err)
	book, err := garage.Parse(garage.Sample)
	must(t, err)
	links, err := link.NewKeys(link.Key{ID: "k1", Secret: bytes.Repeat([]byte{7}, link.MinKeyBytes)})
	must(t, err)
	w := &world{
		t: t, codec: codec, links: links, now: begin, repairs: make(map[string]*repair.Repair),
		done: make(map[string]*repair.Outcome), views: make(map[string]*view.Repair),
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
	o := &repair.Outcome{Command: schemas.NameOf(cmd), Result: repair.Accepted, Digest: repair.DigestOf(cmd), Verdict: verdict}
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
		w.events = append(w.events, view.Event{
			Type: schemas.NameOf(e), EventID: eh.EventID, RepairID: eh.AggregateID, GarageID: eh.GarageID,
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

// The read model.

func (w *world) Repair(_ context.Context, garages []string, id string) (*view.Repair, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	v := w.views[id]
	switch {
	case w.broken != nil:
		return nil, w.broken
	case v == nil || !slices.Contains(garages, v.GarageID):
		return nil, view.ErrNotFound
	}
	c := *v
	c.Quotes, c.Messages = slices.Clone(v.Quotes), slices.Clone(v.Messages)
	return &c, nil
}

func (w *world) Sequence(_ context.Context, id string) (int64, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if v := w.views[id]; v != nil {
		return v.Sequence, w.broken
	}
	return 0, w.broken
}

func (w *world) Repairs(_ context.Context, f view.RepairFilter) (view.Page[view.RepairItem], error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = append(w.asked, f)
	if f.Cursor != "" {
		return view.Page[view.RepairItem]{}, view.ErrCursor
	}
	page := view.Page[view.RepairItem]{AsOf: w.now}
	for _, v := range w.views {
		if slices.Contains(f.Garages, v.GarageID) && (f.State == "" || f.State == v.State) && (f.Plate == "" || f.Plate == v.Vehicle.Plate) {
			page.Items = append(page.Items, view.RepairItem{RepairID: v.RepairID, GarageID: v.GarageID, State: v.State, WaitingFor: v.WaitingFor})
		}
	}
	return page, w.broken
}

func (w *world) Timeline(_ context.Context, garages []string, id string) (*view.Timeline, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	t := &view.Timeline{RepairID: id, AsOf: w.now}
	for _, e := range w.events {
		if e.RepairID == id && slices.Contains(garages, e.GarageID) {
			t.Entries = append(t.Entries, view.TimelineEntry{At: e.OccurredAt, Kind: e.Type, Actor: e.Actor, Data: map[string]any{}})
		}
	}
	return t, w.broken
}

func (w *world) Conversations(_ context.Context, f view.ConversationFilter) (view.Page[view.Conversation], error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = append(w.asked, f)
	return view.Page[view.Conversation]{AsOf: w.now}, w.broken
}

func (w *world) Latencies(_ context.Context, q view.LatencyQuery) (*view.Latencies, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = append(w.asked, q)
	return &view.Latencies{Measure: q.Measure, AsOf: w.now}, w.broken
}

func (w *world) Outcome(_ context.Context, id string) (*view.CommandOutcome, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	o := w.done[id]
	if o == nil || w.lagging {
		return nil, view.ErrNotFound
	}
	return &view.CommandOutcome{
		CommandID: id, RepairID: o.AggregateID, Result: view.Result(o.Result), Code: o.Code, Detail: o.Detail,
		State: o.State, Sequence: o.Sequence, Sender: o.Actor, GarageID: o.GarageID,
	}, w.broken
}

// Page is a dashboard that says what it was asked.
func (w *world) Page(_ context.Context, v DashboardVisit) ([]byte, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.looked = append(w.looked, v)
	return []byte("<p>" + v.ID + " of " + strings.Join(v.Chosen, " and ") + "</p>"), w.broken
}

func (w *world) Assets() fs.FS { return fstest.MapFS{"dashboards.css": {Data: []byte("p{}")}} }

func (w *world) AsOf(context.Context) (time.Time, error) { return w.clock(), w.broken }

// reader reads the world's events; a cursor is "c" and a place.
type reader struct {
	w  *world
	at int
}

func (w *world) Open(_ context.Context, after string) (EventReader, error) {
	r := &reader{w: w}
	if after != "" {
		if _, err := fmt.Sscanf(after, "c%d", &r.at); err != nil {
			return nil, view.ErrCursor
		}
	}
	return r, nil
}

func (r *reader) Close() {}

func (r *reader) Next(ctx context.Context, garages []string, limit int, wait time.Duration) (view.EventPage, error) {
	page := view.EventPage{Events: []view.Event{}}
	for {
		r.w.mu.Lock()
		for ; r.at < len(r.w.events) && len(page.Events) < limit; r.at++ {
			if e := r.w.events[r.at]; slices.Contains(garages, e.GarageID) {
				e.Cursor = fmt.Sprintf("c%d", r.at+1)
				page.Events = append(page.Events, e)
			}
		}
		err := r.w.broken
		r.w.mu.Unlock()
		page.Cursor = fmt.Sprintf("c%d", r.at)
		if len(page.Events) > 0 || wait <= 0 || err != nil {
			return page, err
		}
		select {
		case <-ctx.Done():
			return page, ctx.Err()
		case <-time.After(min(wait, time.Millisecond)):
			wait -= time.Millisecond
		}
	}
}

// project brings the views up to date.
func (w *world) project() {
	ctx := context.Background()
	for _, e := range w.behind {
		h := e.Head()
		v := w.views[h.AggregateID]
		if v == nil {
			v = &view.Repair{RepairID: h.AggregateID, GarageID: h.GarageID, StartedAt: h.OccurredAt, Mechanic: h.Actor.ID, Quotes: []view.Quote{}, Messages: []view.Message{}}
			w.views[h.AggregateID] = v
		}
		quote := func(n int32) *view.Quote { return &v.Quotes[n-1] }
		at := h.OccurredAt
		switch e := e.(type) {
		case *repair.RepairStarted:
			car, _ := schemas.Open[repair.VehicleDetails](ctx, w.codec, e.Vehicle)
			v.Vehicle = view.Vehicle{Plate: car.Plate, Country: car.Country, Description: car.Description}
			v.Customer = *w.person(&e.Customer)
			v.Approver = w.person(e.Approver)
			if v.ExternalRef, v.Bay = e.ExternalRef, e.Bay; !e.ReadyAt.IsZero() {
				v.ReadyAt = &e.ReadyAt
			}
			v.Agreed = workOf(e.Agreed)
		case *repair.ApprovalRequested:
			if e.Replaces > 0 {
				quote(e.Replaces).Status, quote(e.Replaces).ClosedAt = repair.QuoteReplaced, &at
			}
			q := view.Quote{Revision: e.Revision, Status: repair.QuoteOpen, Work: workOf(e.Quote), RequestedAt: at, AskedBy: e.AskedBy.ID, ExpiresAt: e.ExpiresAt}
			if !e.AnswerBy.IsZero() {
				q.AnswerBy = &e.AnswerBy
			}
			v.Quotes = append(v.Quotes, q)
		case *repair.QuoteWithdrawn:
			quote(e.Revision).Status, quote(e.Revision).ClosedAt = repair.QuoteTakenBack, &at
		case *repair.QuoteExpired:
			quote(e.Revision).Status, quote(e.Revision).ClosedAt = repair.QuoteLapsed, &at
		case *repair.QuoteViewed:
			quote(e.Revision).ViewedAt = &at
		case *repair.QuoteDecided:
			q := quote(e.Revision)
			q.Lines = slices.Clone(q.Lines)
			q.Status, q.ClosedAt, q.Decision, q.ApprovedTotal, q.Method = repair.QuoteAnswered, &at, e.Decision, e.ApprovedTotal, e.Method
			ev, _ := schemas.Open[repair.Evidence](ctx, w.codec, e.Evidence)
			q.DecidedBy = ev.Name
			for _, a := range e.Answers {
				q.Lines[a.Line-1].Answer, q.Lines[a.Line-1].Reason = a.Answer, a.Reason
			}
			for _, x := range ev.Texts {
				q.Lines[x.Line-1].Text = x.Text
			}
		case *repair.ReadyTimeChanged:
			v.ReadyAt = &e.ReadyAt
		case *repair.ContactCorrected:
			if e.Party == repair.TheCustomer {
				v.Customer = *w.person(&e.Contact)
			} else {
				v.Approver = w.person(&e.Contact)
			}
		case *repair.RepairCompleted:
			v.CompletedAt, v.Total = &at, &e.Total
		case *repair.RepairCancelled:
			for i := range v.Quotes {
				if v.Quotes[i].Status == repair.QuoteOpen {
					v.Quotes[i].Status, v.Quotes[i].ClosedAt = repair.QuoteAbandoned, &at
				}
			}
		case *repair.MessagePosted:
			text, _ := schemas.Open[repair.FreeText](ctx, w.codec, e.Text)
			v.Messages = append(v.Messages, view.Message{At: at, Kind: e.Kind, From: h.Actor.Role, By: h.Actor.ID, Text: text.Text})
		}
		v.Sequence, v.State, v.AsOf = repair.SequenceOf(e), w.repairs[h.AggregateID].State, at
		v.WaitingFor = map[bool]view.WaitingFor{true: view.ForMechanic, false: view.ForNobody}[v.State == repair.InProgress]
		if v.State == repair.AwaitingApproval {
			v.WaitingFor = view.ForCustomer
		}
	}
	w.behind = nil
}

func (w *world) person(c *repair.Contact) *view.Person {
	if c == nil {
		return nil
	}
	d, _ := schemas.Open[repair.ContactDetails](context.Background(), w.codec, c.Personal)
	return &view.Person{ID: c.ID, Name: d.Name, Email: d.Email, Phone: d.Phone, Language: c.Language}
}

func workOf(q repair.Quote) view.Work {
	work := view.Work{Currency: q.Currency, PricesIncludeVAT: q.PricesIncludeVAT, Total: q.Total}
	for _, a := range q.VAT {
		work.VAT = append(work.VAT, view.VAT{Rate: a.Rate, Amount: a.Amount})
	}
	for _, l := range q.Lines {
		line := view.Line{Line: l.Number, Title: l.Title, Urgency: l.Urgency, Consequence: l.Consequence, Total: l.Total}
		for _, d := range l.Details {
			line.Details = append(line.Details, view.Detail{Kind: d.Kind, Description: d.Description, Quantity: d.Quantity, UnitPrice: d.UnitPrice, VAT: d.VAT})
		}
		work.Lines = append(work.Lines, line)
	}
	return work
}

// Asking the API.

func (w *world) token(subject string, role repair.Role, garages ...string) string {
	w.t.Helper()
	token, err := w.issuer.Issue(Caller{Subject: subject, Roles: []repair.Role{role}, Garages: garages}, time.Hour)
	must(w.t, err)
	return token
}

// answer is what came back, with its body as JSON where it is some.
type answer struct {
	*http.Response
	text string
	json map[string]any
}

func (w *world) do(r *http.Request) answer {
	w.t.Helper()
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	a := answer{Response: rec.Result(), text: rec.Body.String()}
	if strings.Contains(a.Header.Get("Content-Type"), "json") {
		must(w.t, json.Unmarshal(rec.Body.Bytes(), &a.json))
		w.conforms(r, a)
	}
	return a
}

// conforms checks a JSON answer against the documentation.
func (w *world) conforms(r *http.Request, a answer) {
	w.t.Helper()
	schemas := w.server.openapi.Components.Schemas
	for _, route := range routes {
		pattern := "^" + regexp.MustCompile(`\{\w+\}`).ReplaceAllString(route.path, `[^/]+`) + "$"
		if r.Method != route.method || !regexp.MustCompile(pattern).MatchString(r.URL.Path) {
			continue
		}
		documented := w.server.operationOf(route).Responses[fmt.Sprint(a.StatusCode)]
		media, _, _ := strings.Cut(a.Header.Get("Content-Type"), ";")
		if documented == nil || documented.Content[media] == nil {
			w.t.Errorf("%s %s answers %d %s, which is not documented", r.Method, r.URL.Path, a.StatusCode, media)
			return
		}
		var res huma.ValidateResult
		huma.Validate(schemas, documented.Content[media].Schema, huma.NewPathBuffer(nil, 0), huma.ModeReadFromServer, a.json, &res)
		for _, err := range res.Errors {
			if !strings.Contains(err.Error(), "approver: <nil>") { // see document
				w.t.Errorf("%s %s %d: %v", r.Method, r.URL.Path, a.StatusCode, err)
			}
		}
		return
	}
}

// call asks as whoever the token is for. Headers are "Name: value".
func (w *world) call(token, method, path, body string, headers ...string) answer {
	w.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	return w.do(r)
}

func key(k string) string { return "Idempotency-Key: " + k }

// The example order of the garage's text.
const (
	orderBody = `{"external_ref":"WO-1842","vehicle":{"plate":"k-482-tr","country":"NL","description":"Volkswagen Golf"},
		"customer":{"id":"c1","name":"J. de Vries","email":"j@example.nl","phone":"06 1234 5678","language":"nl"},
		"approver":null,"ready_at":"2026-05-20T16:00:00+02:00","bay":"3",
		"agreed":{"currency":"EUR","prices_include_vat":true,"lines":[
			{"title":"Kleine beurt en APK","details":[{"kind":"labour","description":"Beurt","quantity":"1","unit_price":28900,"vat":"21"}]}]}}`
	quoteBody = `{"currency":"EUR","prices_include_vat":true,"answer_by":"2026-05-20T14:00:00+02:00","lines":[
		{"title":"Remschijven en remblokken vóór vervangen","urgency":"safety","consequence":"Zonder deze reparatie keuren we de auto niet goed voor de APK.","details":[
			{"kind":"part","description":"Remschijven","quantity":"2","unit_price":6900,"vat":"21"},
			{"kind":"part","description":"Remblokken","quantity":"1","unit_price":7200,"vat":"21"},
			{"kind":"labour","description":"Arbeid","quantity":"1.2","unit_price":11500,"vat":"21"}]},
		{"title":"Ruitenwissers vervangen","urgency":"advice","details":[
			{"kind":"part","description":"Ruitenwissers","quantity":"1","unit_price":3995,"vat":"21"}]}]}`
)

// started gives a repair at de-brug, quoted one with quote 1 open.
func (w *world) started() string {
	w.t.Helper()
	a := w.call(w.token("sam", repair.Mechanic, "de-brug"), "POST", "/v1/repairs", orderBody, key("start"))
	if a.StatusCode != http.StatusCreated {
		w.t.Fatalf("start: %d %s", a.StatusCode, a.text)
	}
	return a.json["repair_id"].(string)
}

func (w *world) quoted() string {
	w.t.Helper()
	id := w.started()
	a := w.call(w.token("sam", repair.Mechanic, "de-brug"), "POST", "/v1/repairs/"+id+"/quotes", quoteBody, key("quote-1"))
	if a.StatusCode != http.StatusCreated {
		w.t.Fatalf("quote: %d %s", a.StatusCode, a.text)
	}
	return id
}
