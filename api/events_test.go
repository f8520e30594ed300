package api_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"pitstop/api"
	"pitstop/api/apitest"
	"pitstop/schemas/repair"
)

// A stream has no end, except when the server stops.
func TestStreamEndsWhenTheServerStops(t *testing.T) {
	stopping, stop := context.WithCancel(t.Context())
	w := apitest.New(t, func(c *api.Config) { c.Stopping = stopping })
	r := httptest.NewRequest(http.MethodGet, "/v1/events", nil)
	r.Header.Set("Authorization", "Bearer "+w.Token("sam", repair.Mechanic, "de-brug"))
	r.Header.Set("Accept", "text/event-stream")
	ended := make(chan int)
	go func() {
		answer := httptest.NewRecorder()
		w.API.ServeHTTP(answer, r)
		ended <- answer.Code
	}()
	select {
	case code := <-ended:
		t.Fatalf("the stream ended by itself: %d", code)
	case <-time.After(50 * time.Millisecond):
	}
	stop()
	select {
	case <-ended:
	case <-time.After(api.Heartbeat / 3):
		t.Error("the stream goes on")
	}
}
