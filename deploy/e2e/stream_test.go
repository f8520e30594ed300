package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
)

// event is an event as integrators read it.
type event struct {
	Type          string
	EventID       string `json:"event_id"`
	RepairID      string `json:"repair_id"`
	GarageID      string `json:"garage_id"`
	Sequence      int64
	OccurredAt    time.Time `json:"occurred_at"`
	Actor         struct{ Role, ID string }
	CorrelationID string `json:"correlation_id"`
	CausationID   string `json:"causation_id"`
	Data          json.RawMessage
	Cursor        string
}

// stream is a mechanic's board: it hears of everything as it happens.
type stream struct {
	testing.TB
	events chan event
}

// listen opens the stream of the garage's events.
func (d door) listen(after string) *stream {
	d.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, d.base+"/v1/events?after="+after, http.NoBody)
	if err != nil {
		d.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+d.token)
	request.Header.Set("Accept", "text/event-stream")
	response, err := new(http.Client).Do(request)
	if err != nil {
		d.t.Fatal(err)
	}
	if kind := response.Header.Get("Content-Type"); response.StatusCode != http.StatusOK || kind != "text/event-stream" {
		d.t.Fatalf("stream of events: status %d, content type %q", response.StatusCode, kind)
	}
	s := &stream{d.t, make(chan event, 10_000)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer response.Body.Close()
		defer close(s.events)
		id := ""
		lines := bufio.NewScanner(response.Body)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			if next, ok := strings.CutPrefix(lines.Text(), "id: "); ok {
				id = next
			}
			text, ok := strings.CutPrefix(lines.Text(), "data: ")
			if !ok {
				continue
			}
			var e event
			if err := json.Unmarshal([]byte(text), &e); err != nil || e.Cursor != id {
				d.t.Errorf("the stream says %q with id %q: %v", text, id, err)
			}
			s.events <- e
		}
	}()
	d.t.Cleanup(func() { cancel(); <-done })
	return s
}

// hears waits for the next event of this type about a repair.
func (s *stream) hears(repairID, kind string) event {
	s.Helper()
	deadline := time.After(patience)
	for {
		select {
		case e, open := <-s.events:
			if !open {
				s.Fatalf("the stream ended before %s", kind)
			}
			if e.RepairID == repairID && e.Type == kind {
				return e
			}
		case <-deadline:
			s.Fatalf("the stream did not tell %s of repair %s", kind, repairID)
		}
	}
}

// events are all of the garage's, page by page.
func (w *world) events() (all []event) {
	w.Helper()
	for cursor := ""; ; {
		page := into[struct {
			Events []event
			Cursor string
		}](w.as("integrator").get("/v1/events?limit=7&after="+cursor), http.StatusOK)
		all = append(all, page.Events...)
		if cursor == page.Cursor {
			return all
		}
		cursor = page.Cursor
	}
}

// history are the events of the repair.
func (j *job) history() (own []event) {
	j.Helper()
	for _, e := range j.events() {
		if e.RepairID == j.id {
			own = append(own, e)
		}
	}
	return own
}
