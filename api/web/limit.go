package web

import (
	"net/http"
	"time"

	"github.com/go-chi/httprate"
)

// Limits bound how often one caller may ask. 0 is the default, less than 0 no limit.
type Limits struct {
	// Staff is requests in 10 seconds per subject of a token; refused tokens are
	// limited to a tenth of it per address.
	Staff int
	// Customer is requests in a minute per link; an address may make ten times as many.
	Customer int
}

// defaultLimits are far above what people do; they stop runaway programs.
var defaultLimits = Limits{Staff: 3000, Customer: 120}

// OrDefault returns the limits with the defaults where they are 0.
func (l Limits) OrDefault() Limits {
	if l.Staff == 0 {
		l.Staff = defaultLimits.Staff
	}
	if l.Customer == 0 {
		l.Customer = defaultLimits.Customer
	}
	return l
}

// NewPerSubject limits the requests with a token, by its subject.
func (l Limits) NewPerSubject() Limit { return newLimit(l.Staff, 10*time.Second) }

// NewPerGuess limits attempts to guess a token, by address.
func (l Limits) NewPerGuess() Limit { return newLimit(l.Staff/10, 10*time.Second) }

// NewPerLink limits the requests with a customer's link, by the link.
func (l Limits) NewPerLink() Limit { return newLimit(l.Customer, time.Minute) }

// NewPerAddress limits the requests with any customer's link, by address.
func (l Limits) NewPerAddress() Limit { return newLimit(10*l.Customer, time.Minute) }

// Limit is a rate limit by key, which counts for itself. The zero Limit has no bound.
type Limit struct{ counter *httprate.RateLimiter }

func newLimit(requests int, window time.Duration) Limit {
	if requests <= 0 {
		return Limit{}
	}
	return Limit{httprate.NewRateLimiter(requests, window, httprate.WithResponseHeaders(
		httprate.ResponseHeaders{RetryAfter: "Retry-After"},
	))}
}

// Over counts a request and reports whether there were too many. If so, it has
// set Retry-After.
func (l Limit) Over(w http.ResponseWriter, r *http.Request, key string) bool {
	return l.counter != nil && l.counter.OnLimit(w, r, key)
}
