package sinks

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are the metrics of sinks. A nil *Metrics records nothing.
type Metrics struct {
	records     *prometheus.CounterVec
	batches     *prometheus.HistogramVec
	deadLetters *prometheus.CounterVec
	stalls      *prometheus.GaugeVec
}

// NewMetrics registers the metrics of all sinks of this process.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		records: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "pitstop_sink_records_total", Help: "Records written or given up, control records included.",
		}, []string{"role"}),
		batches: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "pitstop_sink_batch_duration_seconds", Help: "How long batches took to decode and write, whatever became of them.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"role"}),
		deadLetters: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "pitstop_sink_dead_letters_total", Help: "Records given up, by reason.",
		}, []string{"role", "reason"}),
		stalls: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "pitstop_sink_stalled", Help: "1 while something the sink needs is away, else 0.",
		}, []string{"role"}),
	}
	r.MustRegister(m.records, m.batches, m.deadLetters, m.stalls)
	return m
}

// start exposes zeros: without them rate() would miss the first increase.
func (m *Metrics) start(sink string) {
	if m == nil {
		return
	}
	m.records.WithLabelValues(sink)
	m.batches.WithLabelValues(sink)
	m.stalls.WithLabelValues(sink)
	for _, r := range deadReasons {
		m.deadLetters.WithLabelValues(sink, r.reason)
	}
}

func (m *Metrics) written(sink string, records int, took time.Duration) {
	if m != nil {
		m.records.WithLabelValues(sink).Add(float64(records))
		m.batches.WithLabelValues(sink).Observe(took.Seconds())
	}
}

// moved counts records that need not be read again.
func (m *Metrics) moved(sink string, records int64) {
	if m != nil {
		m.records.WithLabelValues(sink).Add(float64(records))
	}
}

func (m *Metrics) dead(sink, reason string) {
	if m != nil {
		m.deadLetters.WithLabelValues(sink, reason).Inc()
	}
}

func (m *Metrics) stalled(sink string, yes bool) {
	if m != nil {
		m.stalls.WithLabelValues(sink).Set(map[bool]float64{true: 1}[yes])
	}
}
