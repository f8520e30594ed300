package email

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics count attempts. A nil Metrics counts nothing.
type Metrics struct{ attempts *prometheus.HistogramVec }

// What became of an attempt.
const (
	accepted = "accepted"
	deferred = "deferred" // refused for now: another attempt is requested later
	failed   = "failed"   // refused for good, or no mail could be made
	paused   = "paused"   // something it needs is away: it does not count, and is repeated
)

// NewMetrics registers the metrics of the sink.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "pitstop_mail_attempt_duration_seconds",
		Help:    "How long attempts to hand a mail to the relay took, by outcome: accepted, deferred, failed, or paused where the relay is away.",
		Buckets: []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
	}, []string{"outcome"})}
	r.MustRegister(m.attempts)
	for _, outcome := range []string{accepted, deferred, failed, paused} {
		m.attempts.WithLabelValues(outcome)
	}
	return m
}

func (m *Metrics) attempt(outcome string, took time.Duration) {
	if m != nil {
		m.attempts.WithLabelValues(outcome).Observe(took.Seconds())
	}
}
