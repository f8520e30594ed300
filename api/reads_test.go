package api_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segmentio/ksuid"

	"pitstop/api"
	"pitstop/api/apitest"
	"pitstop/schemas/readmodel"
	"pitstop/schemas/repair"
)

// made makes a repair with a quote of which the read model knows nothing yet, and
// returns what their Locations are.
func made(t *testing.T, w *apitest.World) (locations []string) {
	t.Helper()
	w.Lagging = true
	sam := w.Token("sam", repair.Mechanic, "de-brug")
	a := w.Call(sam, "POST", "/v1/repairs", apitest.OrderBody, apitest.Key("s"))
	at := a.Header.Get("Location")
	quote := w.Call(sam, "POST", at+"/quotes", apitest.QuoteBody, apitest.Key("q"))
	message := w.Call(sam, "POST", at+"/messages", `{"kind":"text","text":"Hallo"}`, apitest.Key("m"))
	for _, a := range []apitest.Answer{a, quote, message} {
		a.Want(t, 201, nil)
		locations = append(locations, a.Header.Get("Location"))
	}
	return locations
}

// What a 201 made is there for whoever follows its Location, in any process that hears
// of outcomes: the answer waits for it.
func TestWhatWasJustMadeIsWaitedFor(t *testing.T) {
	for i := range 3 {
		w := apitest.New(t, func(c *api.Config) { c.Patience = time.Minute })
		where := made(t, w)[i]
		time.AfterFunc(20*time.Millisecond, w.CatchUp)
		w.Call(w.Token("sam", repair.Mechanic, "de-brug"), "GET", where, "").Want(t, 200, nil)
	}
}

// If it is not there in time, the answer says to come again, never that there is none.
// To another garage there is none.
func TestWhatWasJustMadeIsNever404(t *testing.T) {
	w := apitest.New(t)
	locations := made(t, w)
	sam, femke := w.Token("sam", repair.Mechanic, "de-brug"), w.Token("femke", repair.Mechanic, "noord")
	for _, where := range locations {
		a := w.Call(sam, "GET", where, "")
		a.Problem(t, 503, "unavailable")
		if a.Header.Get("Retry-After") != "1" {
			t.Errorf("%s: %v", where, a.Header)
		}
		w.Call(femke, "GET", where, "").Problem(t, 404, "not_found")
	}
	w.CatchUp()
	w.Call(sam, "GET", locations[0], "").Want(t, 200, map[string]any{"sequence": 3.0})
	w.Call(sam, "GET", locations[0]+"/quotes/2", "").Problem(t, 404, "not_found")
	w.Call(sam, "POST", locations[0]+"/quotes", apitest.QuoteBody, apitest.Key("q2")).Want(t, 201, nil)
	w.Call(sam, "GET", locations[0]+"/quotes/2", "").Problem(t, 503, "unavailable")
	w.Call(sam, "GET", locations[0], "").Want(t, 200, map[string]any{"sequence": 3.0}) // which says how far it is
}

// elsewhere is a world where another process answered for what was made: the one that is
// asked has heard nothing of it yet, and its read model has nothing either.
func elsewhere(t *testing.T) (w *apitest.World, locations []string) {
	w = apitest.New(t, func(c *api.Config) { c.Patience = 2 * time.Second })
	locations = made(t, w)
	w.Deaf = true
	return w, locations
}

// The Location of a 201 is there in any other process as well, which hears of it, or
// reads it, within half a second. No answer takes longer than two seconds.
func TestWhatAnotherProcessMadeIsWaitedFor(t *testing.T) {
	for i, what := range []string{"repair", "quote", "timeline"} {
		for how, c := range map[string]struct {
			news   func(*apitest.World)
			status int
		}{
			"its outcome comes first": {func(w *apitest.World) {
				w.Hear()
				time.Sleep(time.Second)
				w.CatchUp()
			}, 200},
			"the read model comes first": {(*apitest.World).CatchUp, 200},
			"only its outcome comes":     {(*apitest.World).Hear, 503},
		} {
			t.Run(what+", "+how, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w, locations := elsewhere(t)
					began := time.Now()
					time.AfterFunc(400*time.Millisecond, func() { c.news(w) })
					a := w.Call(w.Token("sam", repair.Mechanic, "de-brug"), "GET", locations[i], "")
					if took := time.Since(began); a.StatusCode != c.status || took > 2*time.Second {
						t.Errorf("%d after %s", a.StatusCode, took)
					}
				})
			})
		}
	}
}

// late is a read model that has nothing before a time.
type late struct {
	*apitest.World
	from time.Time
}

func (l late) Repair(ctx context.Context, sight readmodel.Sight, id string) (*readmodel.Repair, error) {
	if time.Now().Before(l.from) {
		return nil, readmodel.ErrNotFound
	}
	return l.World.Repair(ctx, sight, id)
}

func (l late) Sequence(ctx context.Context, id string) (int64, error) {
	if time.Now().Before(l.from) {
		return 0, nil
	}
	return l.World.Sequence(ctx, id)
}

// What a request waits for one after the other takes no longer than its patience together:
// a sequence that it names, news of what else there is, and that.
func TestWaitsAreOneWait(t *testing.T) {
	for name, c := range map[string]struct {
		heard time.Duration // when, after the beginning, the quote is heard of
		read  time.Duration // when it can be read
		want  int
	}{
		"all in time":   {1600 * time.Millisecond, 1800 * time.Millisecond, 200},
		"read late":     {1600 * time.Millisecond, 2500 * time.Millisecond, 503},
		"heard of late": {2100 * time.Millisecond, 2500 * time.Millisecond, 404},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var store *late
				w := apitest.New(t, func(config *api.Config) {
					store = &late{World: config.Store.(*apitest.World), from: time.Now().Add(1500 * time.Millisecond)}
					config.Patience, config.Store = 2*time.Second, store
				})
				sam := w.Token("sam", repair.Mechanic, "de-brug")
				at := w.Call(sam, "POST", "/v1/repairs", apitest.OrderBody, apitest.Key("s")).Header.Get("Location")
				w.Lagging = true
				quote := w.Call(sam, "POST", at+"/quotes", apitest.QuoteBody, apitest.Key("q")).Header.Get("Location")
				w.Deaf = true
				began := time.Now()
				time.AfterFunc(c.heard, w.Hear)
				time.AfterFunc(c.read, w.CatchUp)
				a := w.Call(sam, "GET", quote+"?after=1", "")
				if took := time.Since(began); a.StatusCode != c.want || took > 2*time.Second {
					t.Errorf("%d after %s", a.StatusCode, took)
				}
			})
		})
	}
}

// hearing is a read model during whose answers the process hears how far repairs are.
type hearing struct{ *apitest.World }

func (h hearing) Repair(ctx context.Context, sight readmodel.Sight, id string) (*readmodel.Repair, error) {
	defer h.Hear()
	return h.World.Repair(ctx, sight, id)
}

// What is heard of while the read model is asked is waited for, too.
func TestWhatIsHeardOfMeanwhileIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var store hearing
		w := apitest.New(t, func(c *api.Config) {
			store.World = c.Store.(*apitest.World)
			c.Patience, c.Store = 2*time.Second, store
		})
		for _, where := range made(t, w) {
			w.Deaf = true
			time.AfterFunc(time.Second, w.CatchUp)
			w.Call(w.Token("sam", repair.Mechanic, "de-brug"), "GET", where, "").Want(t, 200, nil)
		}
	})
}

// counting is a read model that counts how often it is asked for a repair.
type counting struct {
	*apitest.World
	repairs int
}

func (c *counting) Repair(ctx context.Context, sight readmodel.Sight, id string) (*readmodel.Repair, error) {
	c.repairs++
	return c.World.Repair(ctx, sight, id)
}

// What nobody makes is missing after that half second, and what is another garage's
// takes as long; with a sequence to wait for, either takes two. Meanwhile the read model
// is asked for sequences, and for the repair only where there may be news of it.
func TestWhatIsMissingIsMissingSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var store *counting
		w := apitest.New(t, func(c *api.Config) {
			store = &counting{World: c.Store.(*apitest.World)}
			c.Patience, c.Store = 2*time.Second, store
		})
		locations := made(t, w)
		w.CatchUp()
		sam, femke := w.Token("sam", repair.Mechanic, "de-brug"), w.Token("femke", repair.Mechanic, "noord")
		nothing, soon, patience := "/v1/repairs/"+ksuid.New().String(), 500*time.Millisecond, 2*time.Second
		for _, tt := range []struct {
			token, path string
			after       time.Duration
			reads       int // of the repair
		}{
			{sam, nothing, soon, 1},
			{sam, nothing + "?after=1", patience, 1},
			{sam, locations[0] + "/quotes/2", soon, 1},
			{sam, locations[0] + "/quotes/2?after=3", soon, 1},
			{sam, locations[0] + "/quotes/2?after=4", patience, 1},
			{femke, locations[0], soon, 2},
			{femke, locations[0] + "?after=1", patience, 2},
			{femke, locations[0] + "?after=4", patience, 1},
			{femke, locations[2], soon, 2},
		} {
			began := time.Now()
			store.repairs = 0
			w.Call(tt.token, "GET", tt.path, "").Problem(t, 404, "not_found")
			if took := time.Since(began); took != tt.after || store.repairs > tt.reads {
				t.Errorf("GET %s took %s and %d reads", tt.path, took, store.repairs)
			}
		}
	})
}

// Who acts for several garages can go on with what was just started.
func TestSeveralGaragesGoOnAtOnce(t *testing.T) {
	w := apitest.New(t)
	w.Lagging = true
	kim := w.Token("kim", repair.Mechanic, "de-brug", "noord")
	at := w.Call(kim, "POST", "/v1/repairs?garage=noord", apitest.OrderBody, apitest.Key("s")).Header.Get("Location")
	w.Call(kim, "POST", at+"/quotes", apitest.QuoteBody, apitest.Key("q")).Want(t, 201, map[string]any{"sequence": 2.0})
}
