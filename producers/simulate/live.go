package simulate

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"pitstop/schemas/garage"
	"pitstop/schemas/readmodel"
	"pitstop/schemas/repair"
)

// Live plays garages in quick motion: a repair takes a minute or two. Customers
// open the mails they are given, and answer on the page.
type Live struct {
	Client  *Client
	Garages *garage.Book
	Seed    uint64
	// Every is how long after a repair, anywhere, the next one begins; 0: 2 seconds.
	Every time.Duration
	Now   func() time.Time

	people sync.WaitGroup
	mails  chan Mail
	busy   chan struct{} // holds one for each repair under way
}

// How much goes on at once. A mail that finds too many unread, or a car that finds
// every bay taken, is left alone.
const (
	mostUnread  = 4096
	mostRepairs = 400
)

// liveRef begins the order numbers of live repairs.
const liveRef = "LV-"

// NewLive gives a Live that takes mails at once; Run has them read.
func NewLive(client *Client, garages *garage.Book, seed uint64, every time.Duration, now func() time.Time) *Live {
	if every <= 0 {
		every = 2 * time.Second
	}
	return &Live{
		Client: client, Garages: garages, Seed: seed, Every: every, Now: now,
		mails: make(chan Mail, mostUnread), busy: make(chan struct{}, mostRepairs),
	}
}

// Deliver puts a mail into its customer's inbox and returns at once. Giving a mail
// again, say after a restart, does no harm: its page tells what is answered.
func (l *Live) Deliver(m Mail) {
	if linkIn(m) == "" {
		return
	}
	select {
	case l.mails <- m:
	default:
	}
}

// Run plays until ctx ends, and returns when everybody has gone home. It first
// takes up the repairs it finds open: its own of the last time soon, others
// within the hour.
func (l *Live) Run(ctx context.Context) {
	defer l.people.Wait()
	begun := l.Now()
	for _, g := range l.Garages.Garages() {
		l.people.Go(func() { l.takeUp(ctx, g) })
	}
	next := time.NewTicker(l.Every)
	defer next.Stop()
	for n := 0; ; {
		select {
		case <-ctx.Done():
			return
		case m := <-l.mails:
			l.people.Go(func() { l.read(ctx, m) })
		case <-next.C:
			n++
			ref := fmt.Sprintf("%s%d-%d", liveRef, begun.Unix(), n)
			g := pick(l.chance(ref), l.Garages.Garages())
			l.under(ctx, func() { l.begin(ctx, g, ref, n) })
		}
	}
}

// under has somebody work on a repair, unless too many do.
func (l *Live) under(ctx context.Context, work func()) {
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

// chance is the luck of a repair or a mail: the same each time.
func (l *Live) chance(of string) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(of))                      // a hash takes everything
	return rand.New(rand.NewPCG(l.Seed, h.Sum64())) //nolint:gosec // not secret
}

// takeUp goes on with the open repairs of a garage.
func (l *Live) takeUp(ctx context.Context, g *garage.Profile) {
	for _, state := range []repair.State{repair.InProgress, repair.AwaitingApproval, repair.Completed} {
		var page readmodel.Page[readmodel.RepairItem]
		if !l.get(ctx, g, "/v1/repairs?limit=200&state="+string(state), &page) {
			return
		}
		for _, item := range page.Items {
			o := l.order(g, item.RepairID, item.Sequence)
			wait := time.Duration(o.Int64N(int64(time.Hour)))
			if strings.HasPrefix(item.ExternalRef, liveRef) {
				wait /= 60
			}
			l.under(ctx, func() {
				if sleep(ctx, wait) {
					o.work(ctx)
				}
			})
		}
	}
}

// get reads what a mechanic of a garage can see. It reports false when that is
// not there (yet), cannot be read, or ctx ended.
func (l *Live) get(ctx context.Context, g *garage.Profile, path string, into any) bool {
	a, err := l.Client.insist(ctx, func(ctx context.Context) (*http.Request, error) {
		return l.Client.as(ctx, mechanicOf(l.chance(path), g), g.ID, http.MethodGet, path, nil)
	}, answer.none)
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
		l.Client.Log.ErrorContext(ctx, "a mechanic cannot read", "garage", g.ID, "err", err)
	}
	return err == nil
}

// about is a wait around a median, with a long tail.
func about(r *rand.Rand, median time.Duration, spread float64) time.Duration {
	return time.Duration(float64(median) * math.Exp(spread*r.NormFloat64()))
}

// sleep waits; it reports false when ctx ended before.
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
