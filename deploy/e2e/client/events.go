package client

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"pitstop/deploy/e2e/expect"
)

// Event is an event as the API returns it to integrators.
type Event struct {
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

// Stream is an open stream of the API's events, as on a mechanic's board.
type Stream struct {
	testing.TB
	events chan Event
}

// Listen opens the stream of the garage's events after a cursor, or from the
// beginning if it is empty. The stream is closed when the test ends.
func (c Client) Listen(after string) *Stream {
	c.T.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.Base+"/v1/events?after="+after, http.NoBody)
	if err != nil {
		c.T.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+c.Token)
	request.Header.Set("Accept", "text/event-stream")
	response, err := new(http.Client).Do(request) //nolint:bodyclose // who reads it closes it
	if err != nil {
		c.T.Fatal(err)
	}
	if kind := response.Header.Get("Content-Type"); response.StatusCode != http.StatusOK || kind != "text/event-stream" {
		c.T.Fatalf("stream of events: status %d, content type %q", response.StatusCode, kind)
	}
	s := &Stream{c.T, make(chan Event, 10_000)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer response.Body.Close() //nolint:errcheck // was read
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
			var e Event
			if err := json.Unmarshal([]byte(text), &e); err != nil || e.Cursor != id {
				c.T.Errorf("the stream says %q with id %q: %v", text, id, err)
			}
			s.events <- e
		}
	}()
	c.T.Cleanup(func() { cancel(); <-done })
	return s
}

// Await waits for the next event of a type about a repair, and skips others.
func (s *Stream) Await(repairID, kind string) Event {
	s.Helper()
	deadline := time.After(expect.Patience)
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
