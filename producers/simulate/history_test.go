package simulate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"pitstop/schemas/link"
	"pitstop/schemas/repair"
)

// fakeAPI answers every step as its plan says, and remembers what it was asked.
type fakeAPI struct {
	t    testing.TB
	plan *Plan

	mu    sync.Mutex
	clock time.Time
	// asked are the keys of each repair, in the order they came first.
	asked map[int][]string
	times map[string]int
	n     int
	// fault may answer instead of the API; called with the number of the request
	// and whether it is a form.
	fault func(n int, form bool, handle func() (*http.Response, error)) (*http.Response, error)
}

func newFakeAPI(t testing.TB, p *Plan) *fakeAPI {
	return &fakeAPI{t: t, plan: p, asked: make(map[int][]string), times: make(map[string]int)}
}

func (f *fakeAPI) RoundTrip(req *http.Request) (*http.Response, error) {
	f.mu.Lock()
	f.n++
	n := f.n
	f.mu.Unlock()
	handle := func() (*http.Response, error) {
		w := httptest.NewRecorder()
		f.serve(w, req)
		return w.Result(), nil
	}
	if f.fault != nil {
		return f.fault(n, strings.HasPrefix(req.URL.Path, "/c/"), handle)
	}
	return handle()
}

func (f *fakeAPI) serve(w http.ResponseWriter, req *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	step, ok := f.find(req)
	if !ok {
		f.t.Errorf("%s %s asks for no step", req.Method, req.URL)
		return
	}
	if at := RequestClock(func() time.Time { return time.Time{} })(req); !at.Equal(step.At) {
		f.t.Errorf("%s is asked for at %s, planned for %s", step.Key, at, step.At)
	}
	if step.At.Before(f.clock) {
		f.t.Errorf("%s happens at %s, when the clock stands at %s", step.Key, step.At, f.clock)
	}
	if f.times[step.Key]++; f.times[step.Key] == 1 {
		f.asked[step.Repair] = append(f.asked[step.Repair], step.Key)
	}
	switch staff := step.Actor.Role.Staff(); {
	case step.Refused != "" && staff:
		w.WriteHeader(http.StatusConflict)
		fmt.Fprintf(w, `{"code":%q,"detail":"no"}`, step.Refused)
	case step.Refused != "":
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusConflict)
	case staff:
		w.WriteHeader(http.StatusCreated)
	case strings.HasSuffix(req.URL.Path, "/view"):
		w.WriteHeader(http.StatusNoContent)
	default:
		w.WriteHeader(http.StatusSeeOther)
	}
}

// find returns the step that a request is for.
func (f *fakeAPI) find(req *http.Request) (Step, bool) {
	key := req.Header.Get("Idempotency-Key")
	if key == "" {
		key = req.PostFormValue("command")
		if q := req.URL.Query().Get("after"); q == "" {
			f.t.Errorf("%s does not say what it has seen", key)
		}
	} else if !strings.HasPrefix(req.Header.Get("Authorization"), "Bearer ") {
		f.t.Errorf("%s has no token", key)
	}
	for _, s := range f.plan.Steps {
		if s.Key == key {
			return s, true
		}
	}
	return Step{}, false
}

// history returns a History that talks to the API.
func (f *fakeAPI) history(done time.Time) *History {
	h := &History{
		Plan: f.plan, Done: done,
		Client: &Client{
			URL: "http://api.test", HTTP: f, Stats: new(Stats), Log: slog.New(slog.DiscardHandler),
			Token: func(role repair.Role, garage, subject string) (string, error) { return garage + "." + subject, nil },
			Link: func(c link.Claims) string {
				return strings.Join([]string{c.Garage, c.Repair, c.Audience.String(), c.Lang}, ".")
			},
		},
		SetClock: func(at time.Time) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.clock = at
		},
		Settled: func(ctx context.Context) error { return ctx.Err() },
		Save:    func(time.Time) error { return nil },
		Report:  func(time.Time) {},
	}
	return h
}

// keysInOrder returns the keys of each repair in the order of the plan.
func keysInOrder(p *Plan) map[int][]string {
	keys := make(map[int][]string)
	for _, s := range p.Steps {
		keys[s.Repair] = append(keys[s.Repair], s.Key)
	}
	return keys
}

func TestHistoryPerformsEveryStepInOrder(t *testing.T) {
	p := mustPlan(t, 1, 150, 20)
	api := newFakeAPI(t, p)
	h := api.history(p.From)
	if err := h.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(keysInOrder(p), api.asked); d != "" {
		t.Error(d)
	}
	if !api.clock.Equal(p.To) || !h.Done.Equal(p.To) {
		t.Errorf("clock at %s, done up to %s", api.clock, h.Done)
	}
	c := h.Client.Stats.Counts()
	if c.Asked["StartRepair"] != 150 || len(c.Unexpected) > 0 {
		t.Errorf("counted %+v", c)
	}
}

// Wherever a run is cut, the next one repeats no window but the unfinished one,
// and together they do what an undisturbed run does.
func TestHistoryGoesOnWhereItWasCut(t *testing.T) {
	p := mustPlan(t, 2, 12, 3)
	for n := 1; n <= len(p.Steps); n += 3 {
		api := newFakeAPI(t, p)
		ctx, cut := context.WithCancel(t.Context())
		api.fault = func(i int, _ bool, handle func() (*http.Response, error)) (*http.Response, error) {
			if i == n {
				cut()
			}
			return handle()
		}
		done := p.From
		first := api.history(done)
		first.Save = func(at time.Time) error { done = at; return nil }
		if err := first.Run(ctx); !errors.Is(err, context.Canceled) {
			t.Fatalf("cut at %d: %v", n, err)
		}
		cut()
		api.fault = nil
		if err := api.history(done).Run(t.Context()); err != nil {
			t.Fatalf("cut at %d: %v", n, err)
		}
		if d := cmp.Diff(keysInOrder(p), api.asked); d != "" {
			t.Errorf("cut at %d: %s", n, d)
		}
		for _, s := range p.Steps {
			if s.At.Before(done) && api.times[s.Key] != 1 {
				t.Errorf("cut at %d: %s of a finished window was asked for %d times", n, s.Key, api.times[s.Key])
			}
		}
	}
}

// When the API is away, or answers before it knows, the request is repeated with the same key.
func TestHistoryRetries(t *testing.T) {
	p := mustPlan(t, 3, 40, 5)
	synctest.Test(t, func(t *testing.T) {
		api := newFakeAPI(t, p)
		empty := func(status int, contentType string) (*http.Response, error) {
			return &http.Response{
				StatusCode: status, Body: http.NoBody, Header: http.Header{"Content-Type": {contentType}, "Retry-After": {"60"}},
			}, nil
		}
		api.fault = func(n int, form bool, handle func() (*http.Response, error)) (*http.Response, error) {
			switch n % 9 {
			case 1:
				return nil, errors.New("connection refused")
			case 2:
				_, _ = handle() // done, and the answer is lost
				return nil, io.ErrUnexpectedEOF
			case 3:
				return empty(http.StatusServiceUnavailable, "application/problem+json")
			case 4:
				return empty(http.StatusAccepted, "application/json")
			case 5:
				if form { // the read model lags
					return empty(http.StatusOK, "text/html; charset=utf-8")
				}
			case 7:
				if form { // no outcome in time
					return &http.Response{StatusCode: http.StatusSeeOther, Body: http.NoBody, Header: http.Header{"Location": {"/c/x?pending=1"}}}, nil
				}
			case 6:
				return empty(http.StatusTooManyRequests, "application/problem+json")
			}
			return handle()
		}
		h := api.history(p.From)
		if err := h.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(keysInOrder(p), api.asked); d != "" {
			t.Error(d)
		}
		if c := h.Client.Stats.Counts(); len(c.Unexpected) > 0 {
			t.Errorf("unexpected: %v", c.Unexpected)
		}
	})
}

// An answer that says only that there is no outcome yet is an answer.
func TestWhyARequestIsSentAgain(t *testing.T) {
	for want, is := range map[string]struct {
		statuses []int
		err      error
	}{
		"the API does not answer":  {[]int{0}, errors.New("connection refused")},
		"there is no outcome yet":  {[]int{http.StatusAccepted, http.StatusOK, http.StatusSeeOther}, nil},
		"the API cannot do it now": {[]int{http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout}, nil},
	} {
		for _, status := range is.statuses {
			if got := (answer{status: status}).unfinished(is.err); got != want {
				t.Errorf("%d, %v: %s, want %s", status, is.err, got, want)
			}
		}
	}
}

func TestHistoryCountsAnswersThatWereNotPlanned(t *testing.T) {
	p := mustPlan(t, 4, 5, 2)
	api := newFakeAPI(t, p)
	api.fault = func(n int, _ bool, handle func() (*http.Response, error)) (*http.Response, error) {
		if n == 1 {
			return &http.Response{StatusCode: http.StatusForbidden, Body: io.NopCloser(strings.NewReader(`{"code":"forbidden"}`))}, nil
		}
		return handle()
	}
	h := api.history(p.From)
	if err := h.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(map[string]int{"forbidden": 1}, h.Client.Stats.Counts().Unexpected); d != "" {
		t.Error(d)
	}
}

func TestClock(t *testing.T) {
	c := NewClock(planFrom, func() time.Time { return planTo })
	if !c.Now().Equal(planFrom) || !c.Frozen() {
		t.Errorf("stands at %s", c.Now())
	}
	c.Unfreeze()
	if !c.Now().Equal(planTo) || c.Frozen() {
		t.Errorf("tells %s", c.Now())
	}
}
