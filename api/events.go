package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"pitstop/api/web"
	"pitstop/schemas/readmodel"
	"pitstop/schemas/repair"
)

// events reads the log of events.
type events struct {
	reads
	open     OpenEvents
	stopping context.Context // of the server; nil: it never ends
}

// heartbeat is the longest that a stream is silent, so that proxies and clients
// notice when it is dead.
const heartbeat = 15 * time.Second

func (e events) listEvents(ctx context.Context, in *struct {
	After  string `query:"after" doc:"Cursor of a page or an event; absent: from the beginning."`
	Last   string `header:"Last-Event-ID" doc:"What a browser sends to take a stream up again; holds when after is absent."`
	Accept string `header:"Accept" doc:"text/event-stream for a stream that goes on."`
	Garage string `query:"garage" doc:"Only this garage; absent: all of the token's."`
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"100" doc:"The most events of a page."`
	Wait   int    `query:"wait" minimum:"0" maximum:"20" default:"0" doc:"Seconds to wait for the first event when there is none yet."`
},
) (*struct{ Body func(huma.Context) }, error) {
	garages, err := e.garages(ctx, in.Garage)
	if err != nil {
		return nil, err
	}
	if in.After == "" {
		in.After = in.Last
	}
	log, err := e.open(ctx, in.After)
	if err != nil {
		return nil, e.feedError(err)
	}
	if strings.Contains(in.Accept, "text/event-stream") {
		return &struct{ Body func(huma.Context) }{func(c huma.Context) { //nolint:contextcheck // c holds it
			defer log.Close()
			e.stream(c, log, garages)
		}}, nil
	}
	defer log.Close()
	page, err := log.Next(ctx, garages, in.Limit, time.Duration(in.Wait)*time.Second)
	if err != nil {
		return nil, e.feedError(err)
	}
	return &struct{ Body func(huma.Context) }{func(c huma.Context) {
		c.SetHeader("Content-Type", "application/json")
		_ = json.NewEncoder(c.BodyWriter()).Encode(page) // the client is gone: nobody to tell
	}}, nil
}

// feedError turns an error of the log of events into a problem.
func (e events) feedError(err error) error {
	if errors.Is(err, readmodel.ErrCursor) {
		return web.NewProblem(web.CodeInvalid, "the cursor is not one that was given out here", repair.FieldError{
			Pointer: "/after", Detail: "ask for the first page without a cursor",
		})
	}
	web.LogFailure(e.log, "read events", err)
	return web.NewProblem(web.CodeUnavailable, "the events cannot be read; try again in a moment").With("Retry-After", "1")
}

// stream sends events until the client goes or the server stops. Its ids are cursors.
func (e events) stream(c huma.Context, log EventReader, garages []string) {
	r, w := humachi.Unwrap(c)
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	if e.stopping != nil {
		defer context.AfterFunc(e.stopping, cancel)()
	}
	out := http.NewResponseController(w)
	_ = out.SetReadDeadline(time.Time{}) // the client sends nothing more
	c.SetHeader("Content-Type", "text/event-stream")
	c.SetHeader("X-Accel-Buffering", "no")
	c.SetStatus(http.StatusOK)
	for {
		_ = out.SetWriteDeadline(time.Now().Add(2 * heartbeat)) //nolint:forbidigo // a deadline of the connection's
		if err := out.Flush(); err != nil {
			return
		}
		page, err := log.Next(ctx, garages, 100, heartbeat)
		if err != nil {
			if ctx.Err() == nil {
				e.log.Error("cannot read events", "error", err)
			}
			return // the client reconnects with its last id
		}
		if err := send(w, page); err != nil {
			return
		}
	}
}

func send(w io.Writer, page readmodel.EventPage) error {
	if len(page.Events) == 0 {
		_, err := fmt.Fprintf(w, ": nothing new\nid: %s\n\n", page.Cursor)
		return err
	}
	for _, e := range page.Events {
		data, err := json.Marshal(e)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "id: %s\nevent: %s\ndata: %s\n\n", e.Cursor, e.Type, data); err != nil {
			return err
		}
	}
	return nil
}
