package simulate

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"pitstop/schemas/garage"
	"pitstop/schemas/readmodel"
	"pitstop/schemas/repair"
)

// Live plays garages in fast motion: a repair takes a minute or two. Customers open
// the mails they are given, and answer on the page.
type Live struct {
	Client  *Client
	Garages *garage.Book
	Seed    uint64
	// Every is how long after a repair, anywhere, the next one begins; 0: 2 seconds.
	Every time.Duration
	Now   func() time.Time
	// Visited is a repair whose customer is somebody else: whoever watches. Its garage
	// waits for them.
	Visited Visited

	people sync.WaitGroup
	scenes map[string]*scene // by the customer's address
	mails  chan Mail
	busy   chan struct{} // holds one for each repair under way
}

// Visited names a repair, and its customer's address.
type Visited struct{ RepairID, Email string }

// Limits on what goes on at once. A mail beyond maxUnread, and a car that finds
// every bay taken, is dropped.
const (
	maxUnread  = 4096
	maxRepairs = 400
)

// liveRef begins the order numbers of live repairs.
const liveRef = "LV-"

// NewLive returns a Live that accepts mails at once; Run has customers read them.
func NewLive(client *Client, garages *garage.Book, seed uint64, every time.Duration, now func() time.Time) *Live {
	if every <= 0 {
		every = 2 * time.Second
	}
	return &Live{
		Client: client, Garages: garages, Seed: seed, Every: every, Now: now,
		mails: make(chan Mail, maxUnread), busy: make(chan struct{}, maxRepairs),
	}
}

// Deliver puts a mail into its customer's inbox and returns at once. Delivering a
// mail again, say after a restart, does no harm: its page shows what is already
// answered.
func (l *Live) Deliver(m Mail) {
	if linkIn(m) == "" || m.To == l.Visited.Email {
		return
	}
	select {
	case l.mails <- m:
	default:
	}
}

// Run plays until ctx ends, and returns when all its goroutines have ended. It
// first resumes the repairs it finds open: those of an earlier run within a minute,
// others within the hour. The first new ones are the scenes.
func (l *Live) Run(ctx context.Context) {
	defer l.people.Wait()
	run := fmt.Sprintf("%s%d-", liveRef, l.Now().Unix())
	for _, g := range l.Garages.Garages() {
		l.people.Go(func() { l.resume(ctx, g, run) })
	}
	n := 0
	arrive := func(s *scene) {
		n++
		ref := run + strconv.Itoa(n)
		rng := l.rngFor(ref)
		g, c := pick(rng, l.Garages.Garages()), newCustomer(rng, liveCustomers+n)
		if s != nil {
			l.scenes[s.play(&c, n)] = s
		}
		l.occupyBay(ctx, func() { l.begin(ctx, g, ref, c, s) })
	}
	l.scenes = make(map[string]*scene)
	for _, s := range newScenes() {
		arrive(s)
	}
	next := time.NewTicker(l.Every)
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case m := <-l.mails:
			l.people.Go(func() { l.read(ctx, m) })
		case <-next.C:
			arrive(nil)
		}
	}
}

// occupyBay works on a repair in the background, unless every bay is taken.
func (l *Live) occupyBay(ctx context.Context, work func()) {
	select {
	case l.busy <- struct{}{}:
		l.people.Go(func() {
			defer func() { <-l.busy }()
			work()
		})
	default:
		l.Client.Log.DebugContext(ctx, "every bay is taken")
	}
}

// rngFor returns the random numbers of a repair or a mail: the same each time.
func (l *Live) rngFor(of string) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(of))                      // a hash takes everything
	return rand.New(rand.NewPCG(l.Seed, h.Sum64())) //nolint:gosec // not secret
}

// resume continues the open repairs of a garage, but for those of this run.
func (l *Live) resume(ctx context.Context, g *garage.Profile, run string) {
	for _, state := range []repair.State{repair.InProgress, repair.AwaitingApproval, repair.Completed} {
		var page readmodel.Page[readmodel.RepairItem]
		if !l.get(ctx, g, "/v1/repairs?limit=200&state="+string(state), &page) {
			return
		}
		for _, item := range page.Items {
			if strings.HasPrefix(item.ExternalRef, run) {
				continue
			}
			o := l.order(g, item.RepairID, item.Sequence)
			wait := time.Duration(o.Int64N(int64(time.Hour)))
			switch {
			case item.RepairID == l.Visited.RepairID:
				wait, o.patience = 0, forever
			case strings.HasPrefix(item.ExternalRef, liveRef):
				wait /= 60
			}
			l.occupyBay(ctx, func() {
				if sleep(ctx, wait) {
					o.work(ctx)
				}
			})
		}
	}
}

// get reads what a mechanic of a garage can see. It returns false when that is not
// there (yet), cannot be read, or ctx ended.
func (l *Live) get(ctx context.Context, g *garage.Profile, path string, into any) bool {
	a, err := l.Client.retry(ctx, func(ctx context.Context) (*http.Request, error) {
		return l.Client.as(ctx, mechanicOf(l.rngFor(path), g), g.ID, http.MethodGet, path, nil)
	}, answer.pending)
	switch {
	case ctx.Err() != nil || a.code == repair.NotFound:
		return false
	case err == nil && a.code != "":
		err = fmt.Errorf("%d %s %s", a.status, a.code, a.detail)
	case err == nil:
		err = json.Unmarshal(a.body, into)
	}
	if err != nil {
		l.Client.Stats.unexpected("read " + string(a.code))
		l.Client.Log.ErrorContext(ctx, "a mechanic cannot read", "garage", g.ID, "error", err)
	}
	return err == nil
}

// about draws a duration around a median, with a long tail.
func about(r *rand.Rand, median time.Duration, spread float64) time.Duration {
	return time.Duration(float64(median) * math.Exp(spread*r.NormFloat64()))
}

// sleep waits; it returns false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
