package simulate

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"pitstop/processors/lifecycle"
	"pitstop/processors/notification"
	"pitstop/processors/stream"
	"pitstop/producers/simulate/towns"
	"pitstop/schemas/avro"
	"pitstop/schemas/garage"
	"pitstop/schemas/readmodel"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
	"pitstop/schemas/request"
)

// town stands in for everything behind the API: the processors decide commands and what
// to tell whom, it shows what there is, and every mail arrives.
type town struct {
	*testing.T
	book         *garage.Book
	builder      *request.Builder
	lifecycle    *stream.Driver[lifecycle.State]
	notification *stream.Driver[notification.State]
	send         func(Mail)

	mu      sync.Mutex
	repairs map[string]*standing
	seen    map[string]int
}

// standing is one repair and how it is shown.
type standing struct {
	repair.Repair
	view readmodel.Repair
}

// newTown returns a town at a time, in a bubble.
func newTown(t *testing.T, at time.Time) *town {
	t.Helper()
	time.Sleep(time.Until(at))
	codec, err := avro.NewCodec()
	if err != nil {
		t.Fatal(err)
	}
	book := must(towns.Garages(6, time.Now()))(t)
	book = must(towns.Hurried(book))(t)
	builder, err := request.NewBuilder(codec, book, bytes.Repeat([]byte{1}, request.MinSecretBytes), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return &town{
		T: t, book: book, builder: builder, repairs: make(map[string]*standing), seen: make(map[string]int),
		lifecycle: must(stream.NewDriver(lifecycle.New(nil)))(t), notification: must(stream.NewDriver(notification.New(book, nil)))(t),
	}
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// ticks lets timers fire until ctx ends.
func (w *town) ticks(ctx context.Context) {
	for sleep(ctx, time.Second) {
		w.mu.Lock()
		w.happened(must(w.lifecycle.Advance(time.Now()))(w.T), nil)
		w.told(must(w.notification.Advance(time.Now()))(w.T))
		w.mu.Unlock()
	}
}

func (w *town) RoundTrip(req *http.Request) (*http.Response, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	rec := httptest.NewRecorder()
	w.mux().ServeHTTP(rec, req)
	return rec.Result(), nil
}

func (w *town) mux() *http.ServeMux {
	m := http.NewServeMux()
	for path, body := range map[string]func() request.Body{
		"POST /v1/repairs":                                   func() request.Body { return new(request.StartRepair) },
		"PATCH /v1/repairs/{id}":                             func() request.Body { return new(request.Change) },
		"POST /v1/repairs/{id}/quotes":                       func() request.Body { return new(request.RequestApproval) },
		"POST /v1/repairs/{id}/quotes/{revision}/withdrawal": func() request.Body { return new(request.WithdrawQuote) },
		"POST /v1/repairs/{id}/quotes/{revision}/decision":   func() request.Body { return new(request.DecideQuote) },
		"POST /v1/repairs/{id}/messages":                     func() request.Body { return new(request.PostMessage) },
		"POST /v1/repairs/{id}/completion":                   func() request.Body { return new(request.CompleteRepair) },
		"POST /v1/repairs/{id}/collection":                   func() request.Body { return new(request.CollectVehicle) },
		"POST /v1/repairs/{id}/cancellation":                 func() request.Body { return new(request.CancelRepair) },
	} {
		m.HandleFunc(path, func(rw http.ResponseWriter, req *http.Request) { w.staff(rw, req, body()) })
	}
	m.HandleFunc("GET /v1/repairs", w.list)
	m.HandleFunc("GET /v1/repairs/{id}", func(rw http.ResponseWriter, req *http.Request) {
		if s := w.repairs[req.PathValue("id")]; s != nil {
			_ = json.NewEncoder(rw).Encode(s.view)
			return
		}
		w.problem(rw, repair.Verdict{Code: repair.NotFound})
	})
	m.HandleFunc("GET /c/{token}", func(rw http.ResponseWriter, req *http.Request) { w.page(rw, req, nil) })
	m.HandleFunc("POST /c/{token}/view", func(rw http.ResponseWriter, req *http.Request) {
		n, _ := strconv.Atoi(req.PostFormValue("revision"))
		w.form(rw, req, "view."+strconv.Itoa(n), n, new(request.RecordView), http.StatusNoContent)
	})
	m.HandleFunc("POST /c/{token}/messages", func(rw http.ResponseWriter, req *http.Request) {
		body := &request.PostMessage{Kind: repair.MessageKind(req.PostFormValue("kind")), Text: req.PostFormValue("text")}
		w.form(rw, req, req.PostFormValue("command"), 0, body, http.StatusSeeOther)
	})
	m.HandleFunc("POST /c/{token}/quotes/{revision}/decision", w.decision)
	return m
}

func (w *town) staff(rw http.ResponseWriter, req *http.Request, body request.Body) {
	if err := json.NewDecoder(req.Body).Decode(body); err != nil {
		w.Errorf("%s: %v", req.URL, err)
	}
	role, rest, _ := strings.Cut(strings.TrimPrefix(req.Header.Get("Authorization"), "Bearer "), ".")
	garage, subject, _ := strings.Cut(rest, ".")
	revision, _ := strconv.Atoi(req.PathValue("revision"))
	id, verdict := w.do(request.Request{
		Garage: garage, RepairID: req.PathValue("id"), Revision: int32(revision), Body: body,
		Key: req.Header.Get("Idempotency-Key"), Actor: repair.Actor{Role: repair.Role(role), ID: subject},
	})
	if verdict.Code != "" {
		w.problem(rw, verdict)
		return
	}
	rw.WriteHeader(http.StatusCreated)
	fmt.Fprintf(rw, `{"repair_id":%q,"sequence":%d}`, id, verdict.Sequence)
}

func (w *town) problem(rw http.ResponseWriter, v repair.Verdict) {
	status := http.StatusConflict
	if v.Code == repair.NotFound {
		status = http.StatusNotFound
	}
	rw.WriteHeader(status)
	fmt.Fprintf(rw, `{"code":%q,"detail":%q}`, v.Code, v.Detail)
}

func (w *town) do(r request.Request) (id string, v repair.Verdict) {
	cmd, err := w.builder.Build(r)
	if err != nil {
		w.Errorf("%s %T: %v", r.Key, r.Body, err)
		return "", repair.Verdict{Code: repair.Invalid}
	}
	id = cmd.Head().AggregateID
	if w.repairs[id] == nil {
		w.repairs[id] = new(standing)
	}
	return id, w.happened(must(w.lifecycle.Send(record.Commands, cmd))(w.T), r.Body)
}

// happened shows events, and tells people of them; it returns the verdict of an outcome
// among them.
func (w *town) happened(out []any, body request.Body) (v repair.Verdict) {
	for _, o := range out {
		switch o := o.(type) {
		case *repair.Outcome:
			v = o.Verdict
		case repair.Event:
			id := o.Head().AggregateID
			s := w.repairs[id]
			state, _, err := w.lifecycle.State(id)
			if err != nil {
				w.Error(err)
			}
			s.Repair = state.Repair
			s.view.State, s.view.Sequence = s.State, s.Sequence
			w.show(s, id, o, body)
			w.told(must(w.notification.Send(record.Events, o))(w.T))
		}
	}
	return v
}

// told delivers mails, of which each is accepted.
func (w *town) told(out []any) {
	for _, o := range out {
		w.seen[record.NameOf(o)]++
		n, ok := o.(*record.NotificationRequested)
		if !ok {
			continue
		}
		w.seen["mail "+string(n.Kind)]++
		if s := w.repairs[n.AggregateID]; n.Recipient.Role == repair.Customer {
			w.send(Mail{To: s.view.Customer.Email, Subject: string(n.Kind), Text: "Bekijk: http://api.test/c/" + s.view.RepairID + "\n"})
		}
		h := repair.Header{
			EventID: repair.DerivedID(time.Now(), n.EventID), AggregateID: n.AggregateID, GarageID: n.GarageID, OccurredAt: time.Now(),
		}
		accepted := &record.DeliveryAccepted{Header: h, Notice: n.Notice, DeliveryAttempt: record.DeliveryAttempt{Attempt: n.Attempt}}
		w.told(must(w.notification.Send(record.Deliveries, accepted))(w.T))
	}
}

// show keeps the view of a repair in step with its events.
func (w *town) show(s *standing, id string, e repair.Event, body any) {
	w.seen[record.NameOf(e)]++
	v := &s.view
	switch e := e.(type) {
	case *repair.RepairStarted:
		c := body.(*request.StartRepair).Customer
		v.RepairID, v.GarageID, v.ExternalRef, v.Agreed.Total = id, e.GarageID, e.ExternalRef, e.Agreed.Total
		v.Customer = readmodel.Person{Name: c.Name, Email: c.Email, Language: c.Language}
	case *repair.ApprovalRequested:
		q := readmodel.Quote{Revision: e.Revision, RequestedAt: e.OccurredAt}
		for _, l := range e.Quote.Lines {
			q.Lines = append(q.Lines, readmodel.Line{Line: l.Number, Title: l.Title, Total: l.Total})
		}
		v.Quotes = append(v.Quotes, q)
	case *repair.QuoteDecided:
		v.Quotes[e.Revision-1].ApprovedTotal = e.ApprovedTotal
		w.seen["by "+string(e.Method)+" in "+v.Customer.Language]++
		w.seen[string(e.Decision)]++
	case *repair.MessagePosted:
		v.Messages = append(v.Messages, readmodel.Message{Kind: e.Kind, From: e.Actor.Role})
		w.seen["message by "+string(e.Actor.Role)]++
	}
}

func (w *town) list(rw http.ResponseWriter, req *http.Request) {
	_, rest, _ := strings.Cut(req.Header.Get("Authorization"), ".")
	var p readmodel.Page[readmodel.RepairItem]
	for id, s := range w.repairs {
		if string(s.State) == req.FormValue("state") && strings.HasPrefix(rest, s.GarageID+".") {
			p.Items = append(p.Items, readmodel.RepairItem{RepairID: id, ExternalRef: s.view.ExternalRef, Sequence: s.Sequence})
		}
	}
	_ = json.NewEncoder(rw).Encode(p)
}

// pages are the API's, down to what a browser sends.
var pages = template.Must(template.New("").Parse(`<!doctype html><html lang="{{.Lang}}"><body>
{{if .Hidden}}<form class="confirm" method="post" action="{{.Base}}/quotes/{{.Revision}}/decision">
{{range $name, $values := .Hidden}}<input type="hidden" name="{{$name}}" value="{{index $values 0}}">{{end}}
<input type="hidden" name="total_seen" value="{{.Total}}">
<button name="confirmed" value="1">Akkoord</button> <button name="change" value="1">Wijzig</button></form>
{{else if .Lines}}<form class="decide" method="post" action="{{.Base}}/quotes/{{.Revision}}/decision" data-view="{{.Base}}/view" data-revision="{{.Revision}}">
<input type="hidden" name="command" value="k"><input type="hidden" name="total_seen" value="">
{{range .Lines}}<input type="radio" name="line.{{.Line}}" value="approve"> <input type="radio" name="line.{{.Line}}" value="reject">
<select name="reason.{{.Line}}"><option value=""></option><option value="price">Te duur</option></select><textarea name="text.{{.Line}}"></textarea>
{{end}}<button name="all" value="approve">Alles</button><input type="hidden" name="name" value="Jo"><button>Controleer</button>
<textarea name="text"></textarea><button name="kind" value="text" formaction="{{.Base}}/messages">Stuur</button></form>
{{else}}<form class="write" method="post" action="{{.Base}}/messages"><input type="hidden" name="command" value="m"><textarea name="text"></textarea>
<button name="kind" value="text">Stuur</button><button name="kind" value="callback">Bel mij</button></form>{{end}}</body></html>`))

func (w *town) page(rw http.ResponseWriter, req *http.Request, choice url.Values) {
	s := w.repairs[req.PathValue("token")]
	data := map[string]any{"Lang": s.view.Customer.Language, "Base": "/c/" + s.view.RepairID}
	if n := s.OpenRevision(); n > 0 {
		data["Revision"], data["Lines"] = n, s.view.Quotes[n-1].Lines
		if choice != nil {
			var total int64
			for _, l := range s.view.Quotes[n-1].Lines {
				if choice.Get(fmt.Sprintf("line.%d", l.Line)) == string(repair.Approve) {
					total += l.Total
				}
			}
			choice.Del("total_seen")
			data["Hidden"], data["Total"] = choice, total
		}
	}
	rw.Header().Set("Content-Type", "text/html; charset=utf-8")
	if err := pages.Execute(rw, data); err != nil {
		w.Error(err)
	}
}

func (w *town) decision(rw http.ResponseWriter, req *http.Request) {
	revision, _ := strconv.Atoi(req.PathValue("revision"))
	open := int(w.repairs[req.PathValue("token")].OpenRevision()) == revision
	if open && (req.PostFormValue("confirmed") != "1" || req.PostForm.Get("name") == "") {
		w.page(rw, req, req.PostForm)
		return
	}
	if open && req.PostFormValue("name") == "" {
		rw.WriteHeader(http.StatusUnprocessableEntity)
		return
	}
	total, err := strconv.ParseInt(req.PostForm.Get("total_seen"), 10, 64)
	if err != nil && open {
		w.Errorf("total_seen: %v", err)
	}
	body := &request.DecideQuote{Method: repair.ByPage, TotalSeen: &total, Name: req.PostForm.Get("name")}
	for n := int32(1); req.PostForm.Has(fmt.Sprintf("line.%d", n)); n++ {
		body.Lines = append(body.Lines, request.Answer{
			Line: n, Answer: repair.AnswerKind(req.PostForm.Get(fmt.Sprintf("line.%d", n))),
			Reason: repair.RejectReason(req.PostForm.Get(fmt.Sprintf("reason.%d", n))),
		})
	}
	w.form(rw, req, req.PostForm.Get("command"), revision, body, http.StatusSeeOther)
}

func (w *town) form(rw http.ResponseWriter, req *http.Request, key string, revision int, body request.Body, status int) {
	s := w.repairs[req.PathValue("token")]
	_, verdict := w.do(request.Request{
		Garage: s.GarageID, RepairID: s.view.RepairID, Revision: int32(revision), Body: body, Key: key, Actor: repair.Actor{Role: repair.Customer},
	})
	if verdict.Code != "" {
		rw.Header().Set("Content-Type", "text/html; charset=utf-8")
		rw.WriteHeader(http.StatusConflict)
		return
	}
	rw.WriteHeader(status)
}
