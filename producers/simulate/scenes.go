package simulate

import (
	"math"
	"sync/atomic"
	"time"
)

// A scene is a live repair with one quote whose course is not left to chance. The first
// repairs are scenes: whoever watches sees one of everything within two minutes.
type scene struct {
	away bool        // the customer reads nothing: is reminded, to be called, and the quote expires
	asks atomic.Bool // the customer has a question first
	mood float64     // in which they decide, see visitor.fill
}

// newScenes returns the scenes: a reminder, a call task and an expiry; a question that is
// answered; an approval; a rejection.
func newScenes() []*scene {
	asks := &scene{mood: 1}
	asks.asks.Store(true)
	return []*scene{{away: true}, asks, {mood: 1}, {mood: 0}}
}

// play gives the n-th live customer a part, and returns their address: they decide
// themselves, and mail reaches them.
func (s *scene) play(c *customer, n int) string {
	c.approver, c.Email = nil, address(c.Name, liveCustomers+n, goodDomain)
	return c.Email
}

// thought is what leads a customer to their next deed, see visitor.consider.
func (s *scene) thought() float64 {
	if s.asks.CompareAndSwap(true, false) {
		return toAsk
	}
	return toDecide
}

const (
	forever = time.Duration(math.MaxInt64)
	// sceneBeat is between one deed and the next.
	sceneBeat = 5 * time.Second
	// sceneExpiry is how long a quote is open in a scene; liveExpiry, otherwise.
	sceneExpiry, liveExpiry = 75 * time.Second, 2 * time.Minute
)

// pause is between one deed of a garage's staff and the next.
func (o *order) pause() time.Duration {
	if o.scene != nil {
		return sceneBeat
	}
	return about(o.Rand, 9*time.Second, 0.4)
}

// expiry is when a quote of now expires.
func (o *order) expiry() *time.Time {
	at := o.Now().Add(liveExpiry)
	if o.scene != nil {
		at = o.Now().Add(sceneExpiry)
	}
	return &at
}
