package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/prometheus/client_golang/prometheus"

	"pitstop/api/web"
	"pitstop/schemas/readmodel"
	"pitstop/schemas/repair"
	"pitstop/schemas/request"
)

// events reads the log of events.
type events struct {
	reads
	log      OpenEvents
	clock    func(*http.Request) time.Time
	stopping context.Context // of the server; nil: it never ends
	streams  *streams
}

const (
	// heartbeat is the longest that a stream is silent, so that proxies and clients
	// notice when it is dead.
	heartbeat = 15 * time.Second
	// reconnect is how long a client waits before it takes up a stream that ended.
	reconnect = 3 * time.Second
	// maxStreams is how many streams one subject may have open in one process.
	maxStreams = 16
	// streamPage is how many events a stream takes from the log at once.
	streamPage = 200
)

// body of an answer that is written by itself.
type written struct{ Body func(huma.Context) }

func (e events) listEvents(ctx context.Context, in *struct {
	After  string `query:"after" doc:"Cursor of a page or an event; absent: from the beginning."`
	Last   string `header:"Last-Event-ID" doc:"What a browser sends to take a stream up again. It wins over after."`
	Accept string `header:"Accept" doc:"text/event-stream for a stream that goes on, of which a subject may have %d open in each process of the API."`
	Garage string `query:"garage" doc:"Only this garage; absent: all of the token's."`
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"100" doc:"The most events of a page."`
	Wait   int    `query:"wait" minimum:"0" maximum:"20" default:"0" doc:"Seconds to wait for the first event when there is none yet."`
},
) (_ *written, err error) {
	caller := web.CallerOf(ctx)
	sight := caller.Sight()
	if sight.Garages, err = e.garages(ctx, in.Garage); err != nil {
		return nil, err
	}
	from := place{"after", in.After}
	if in.Last != "" { // the address of a stream stays as it was when it was opened first
		from = place{"Last-Event-ID", in.Last}
	}
	if !strings.Contains(in.Accept, "text/event-stream") {
		return e.page(ctx, from, sight, in.Limit, time.Duration(in.Wait)*time.Second)
	}
	if !e.streams.open(caller.Subject) {
		return nil, web.NewProblem(web.CodeRateLimited, fmt.Sprintf("you have %d streams open, which is the most in this process: close one", maxStreams)).
			With("Retry-After", "15")
	}
	reader, err := e.log(ctx, sight, from.cursor)
	if err != nil {
		e.streams.close(caller.Subject)
		return nil, e.failedFeed(err, from)
	}
	return &written{func(c huma.Context) { //nolint:contextcheck // c holds it
		defer e.streams.close(caller.Subject)
		defer reader.Close()
		e.stream(c, reader, caller.Expires)
	}}, nil
}

// place is where to go on reading, and the parameter or header that said so.
type place struct{ saidBy, cursor string }

func (e events) page(ctx context.Context, from place, sight readmodel.Sight, limit int, wait time.Duration) (*written, error) {
	reader, err := e.log(ctx, sight, from.cursor)
	if err != nil {
		return nil, e.failedFeed(err, from)
	}
	defer reader.Close()
	page, err := reader.Next(ctx, limit, wait)
	if err != nil {
		return nil, e.failedFeed(err, from)
	}
	return &written{func(c huma.Context) {
		c.SetHeader("Content-Type", "application/json")
		_ = json.NewEncoder(c.BodyWriter()).Encode(page) // the client is gone: nobody to tell
	}}, nil
}

// failedFeed turns an error of the log of events into a problem.
func (e events) failedFeed(err error, from place) error {
	if errors.Is(err, readmodel.ErrCursor) {
		return web.NewProblem(web.CodeInvalid, "the cursor in "+from.saidBy+" is not one that was given out here", repair.FieldError{
			Pointer: request.Pointer(from.saidBy), Detail: "ask for the first page without a cursor",
		})
	}
	web.LogFailure(e.reads.log, "read events", err)
	return web.NewProblem(web.CodeUnavailable, "the events cannot be read; try again in a moment").With("Retry-After", "1")
}

// stream sends events until the client goes, its token expires or the server stops.
// Its ids are cursors.
func (e events) stream(c huma.Context, log EventReader, expires time.Time) {
	r, w := humachi.Unwrap(c)
	ctx, cancel := context.WithTimeout(r.Context(), expires.Sub(e.clock(r)))
	defer cancel()
	if e.stopping != nil {
		defer context.AfterFunc(e.stopping, cancel)()
	}
	out := http.NewResponseController(w)
	_ = out.SetReadDeadline(time.Time{}) // the client sends nothing more
	c.SetHeader("Content-Type", "text/event-stream")
	c.SetHeader("X-Accel-Buffering", "no")
	c.SetStatus(http.StatusOK)
	if r.Method == http.MethodHead {
		return
	}
	if _, err := fmt.Fprintf(w, "retry: %d\n\n", reconnect.Milliseconds()); err != nil {
		return
	}
	for {
		_ = out.SetWriteDeadline(time.Now().Add(2 * heartbeat)) //nolint:forbidigo // a deadline of the connection's
		if err := out.Flush(); err != nil {
			return
		}
		page, err := log.Next(ctx, streamPage, heartbeat)
		if err != nil {
			if ctx.Err() == nil {
				web.LogFailure(e.reads.log, "read events for a stream", err)
			}
			return // the client reconnects with its last id
		}
		if err := send(w, page); err != nil {
			return
		}
	}
}

// send writes a page, which ends with its cursor where the last event is not the last
// thing read.
func send(w io.Writer, page readmodel.EventPage) error {
	last := ""
	for _, e := range page.Events {
		data, err := json.Marshal(e)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "id: %s\nevent: %s\ndata: %s\n\n", e.Cursor, e.Type, data); err != nil {
			return err
		}
		last = e.Cursor
	}
	if last == page.Cursor {
		return nil
	}
	_, err := fmt.Fprintf(w, ": up to here\nid: %s\n\n", page.Cursor)
	return err
}

// streams counts the open streams of each subject, in this process.
type streams struct {
	mu sync.Mutex
	of map[string]int

	opened  prometheus.Gauge
	refused prometheus.Counter
}

func newStreams(metrics prometheus.Registerer) (*streams, error) {
	opened, err := web.Registered(metrics, prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "pitstop_event_streams_open", Help: "Streams of events that are open.",
	}))
	if err != nil {
		return nil, err
	}
	refused, err := web.Registered(metrics, prometheus.NewCounter(prometheus.CounterOpts{
		Name: "pitstop_event_streams_refused_total", Help: "Streams of events that were refused, since their subject had the most open.",
	}))
	return &streams{of: make(map[string]int), opened: opened, refused: refused}, err
}

// open counts one more, and reports whether that is not too many.
func (s *streams) open(subject string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.of[subject] >= maxStreams {
		s.refused.Inc()
		return false
	}
	s.opened.Inc()
	s.of[subject]++
	return true
}

func (s *streams) close(subject string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opened.Dec()
	if s.of[subject]--; s.of[subject] == 0 {
		delete(s.of, subject)
	}
}
