package api_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"pitstop/api"
	"pitstop/api/apitest"
	"pitstop/schemas/repair"
)

// client reads a stream, and leaves once it has read what it wants.
type client struct {
	header http.Header
	status int
	text   strings.Builder
	until  string
	ctx    context.Context
	leave  func()
}

func newClient(t *testing.T, until string) *client {
	t.Helper()
	c := &client{header: make(http.Header), until: until}
	c.ctx, c.leave = context.WithCancel(t.Context())
	t.Cleanup(c.leave)
	return c
}

func (l *client) Header() http.Header              { return l.header }
func (l *client) WriteHeader(status int)           { l.status = status }
func (l *client) Flush()                           {}
func (l *client) SetReadDeadline(time.Time) error  { return nil }
func (l *client) SetWriteDeadline(time.Time) error { return nil }
func (l *client) Write(b []byte) (int, error) {
	l.text.Write(b)
	if l.until != "" && strings.Contains(l.text.String(), l.until) {
		l.leave()
	}
	return len(b), nil
}

func TestEventStream(t *testing.T) {
	w := apitest.New(t)
	w.Quoted()
	got := newClient(t, "event: ApprovalRequested")
	w.API.ServeHTTP(got, got.request(w.Token("dms", repair.Integrator, "de-brug"), "/v1/events", "Last-Event-ID: c1"))
	if got := got.header.Get("Content-Type"); got != "text/event-stream" {
		t.Errorf("content type %q", got)
	}
	if !strings.Contains(got.text.String(), `"external_ref":"WO-1842"`) {
		t.Errorf("the event has no external_ref: %s", got.text.String())
	}
	if text := got.text.String(); !strings.HasPrefix(text, "retry: 3000\n\nid: c2\nevent: ApprovalRequested\ndata: {") || strings.Contains(text, "RepairStarted") {
		t.Errorf("stream:\n%s", text)
	}
}

// A browser that takes a stream up again asks at the address that it opened first.
func TestLastEventIDWinsOverAfter(t *testing.T) {
	w := apitest.New(t)
	w.Quoted()
	dms := w.Token("dms", repair.Integrator, "de-brug")
	if text := stream(t, w, dms, "/v1/events?after=c2", "ApprovalRequested", "Last-Event-ID: c1"); strings.Contains(text, "RepairStarted") {
		t.Errorf("stream:\n%s", text)
	}
	if text := stream(t, w, dms, "/v1/events?after=c0", "ApprovalRequested", "Last-Event-ID: c1"); strings.Contains(text, "RepairStarted") {
		t.Errorf("stream:\n%s", text)
	}
	w.Call(dms, "GET", "/v1/events?after=c0", "", "Last-Event-ID: c2").Want(t, 200, map[string]any{"cursor": "c2", "events": []any{}})
}

// A cursor that was not given out here is refused in the name of what it came in.
func TestABadCursorIsNamed(t *testing.T) {
	w := apitest.New(t)
	dms := w.Token("dms", repair.Integrator, "de-brug")
	for _, accept := range []string{"application/json", "text/event-stream"} {
		for pointer, a := range map[string]apitest.Answer{
			"/after":         w.Call(dms, "GET", "/v1/events?after=x", "", "Accept: "+accept),
			"/Last-Event-ID": w.Call(dms, "GET", "/v1/events?after=c0", "", "Last-Event-ID: x", "Accept: "+accept),
		} {
			a.Problem(t, 422, "invalid")
			if got := a.JSON["errors"].([]any)[0].(map[string]any)["pointer"]; got != pointer || !strings.Contains(a.JSON["detail"].(string), pointer[1:]) {
				t.Errorf("%s: %s", pointer, a.Text)
			}
		}
	}
}

// open opens a stream, and returns a channel that is closed when it ends.
func open(w *apitest.World, c *client, token string) <-chan struct{} {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		w.API.ServeHTTP(c, c.request(token, "/v1/events"))
	}()
	return ended
}

// A stream has no end, except when the server stops.
func TestStreamEndsWhenTheServerStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stopping, stop := context.WithCancel(t.Context())
		w := apitest.New(t, func(c *api.Config) { c.Stopping = stopping })
		ended := open(w, newClient(t, ""), w.Token("sam", repair.Mechanic, "de-brug"))
		time.Sleep(10 * time.Minute)
		select {
		case <-ended:
			t.Fatal("the stream ended by itself")
		default:
		}
		stop()
		began := time.Now()
		<-ended
		if took := time.Since(began); took > 0 {
			t.Errorf("the stream went on for %s", took)
		}
	})
}

// A token is good for an hour, and so is a stream that it opened.
func TestStreamEndsWithItsToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := apitest.New(t)
		began := time.Now()
		<-open(w, newClient(t, ""), w.Token("sam", repair.Mechanic, "de-brug"))
		if took := time.Since(began); took != time.Hour {
			t.Errorf("the stream ended after %s", took)
		}
	})
}

// One subject may have sixteen streams; another is not concerned, and a stream that
// ended makes room.
func TestSixteenStreamsPerSubject(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		metrics := prometheus.NewRegistry()
		w := apitest.New(t, func(c *api.Config) { c.Metrics = metrics })
		sam, noor := w.Token("sam", repair.Mechanic, "de-brug"), w.Token("noor", repair.Mechanic, "de-brug")
		first := newClient(t, "")
		ended := open(w, first, sam)
		for range 15 {
			open(w, newClient(t, ""), sam)
		}
		synctest.Wait()
		refused := httptest.NewRecorder()
		w.API.ServeHTTP(refused, newClient(t, "").request(sam, "/v1/events"))
		if refused.Code != 429 || refused.Header().Get("Retry-After") == "" || !strings.Contains(refused.Body.String(), "rate_limited") {
			t.Errorf("the seventeenth: %d %v %s", refused.Code, refused.Header(), refused.Body)
		}
		w.Call(sam, "GET", "/v1/events", "").Want(t, 200, nil) // a page is no stream
		other := newClient(t, "")
		open(w, other, noor)
		first.leave()
		<-ended
		again := newClient(t, "")
		open(w, again, sam)
		synctest.Wait()
		if other.status != 200 || again.status != 200 {
			t.Errorf("another subject's: %d; in the place of one that ended: %d", other.status, again.status)
		}
		text := scrape(metrics)
		for _, want := range []string{"pitstop_event_streams_open 17", "pitstop_event_streams_refused_total 1"} {
			if !strings.Contains(text, "\n"+want+"\n") {
				t.Errorf("no %s in\n%s", want, text)
			}
		}
	})
}
