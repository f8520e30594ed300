package stream

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"pitstop/schemas/kafka"
)

// Metrics count what processors do. A nil Metrics counts nothing.
type Metrics struct {
	records      *prometheus.CounterVec
	transactions *prometheus.HistogramVec
	outputs      *prometheus.CounterVec
	deadLetters  *prometheus.CounterVec
	restore      *prometheus.GaugeVec
	clocks       *prometheus.CounterVec
}

// Outcomes of transactions.
const (
	committed = "committed"
	aborted   = "aborted"
)

// NewMetrics registers the metrics of all processors of this process.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		records: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "pitstop_processor_records_total", Help: "Records consumed in transactions that were committed, control records included.",
		}, []string{"role"}),
		transactions: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "pitstop_processor_transaction_duration_seconds", Help: "How long transactions took, by outcome: committed or aborted.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"role", "outcome"}),
		outputs: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "pitstop_processor_outputs_total", Help: "Records produced by topic, aborted ones included.",
		}, []string{"role", "topic"}),
		deadLetters: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "pitstop_processor_dead_letters_total", Help: "Records given up, by reason.",
		}, []string{"role", "reason"}),
		restore: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "pitstop_processor_restore_seconds", Help: "How long the last rebuilding of state took; 0: there was none yet.",
		}, []string{"role"}),
		clocks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "pitstop_processor_clock_ahead_total", Help: "Ticks more than two minutes ahead of the brokers' clock, which count as two minutes ahead.",
		}, []string{"role"}),
	}
	r.MustRegister(m.records, m.transactions, m.outputs, m.deadLetters, m.restore, m.clocks)
	return m
}

// start exposes zeros: without them nobody would see the first increase.
func (m *Metrics) start(processor string) {
	if m == nil {
		return
	}
	m.records.WithLabelValues(processor)
	m.restore.WithLabelValues(processor)
	m.clocks.WithLabelValues(processor)
	for _, outcome := range []string{committed, aborted} {
		m.transactions.WithLabelValues(processor, outcome)
	}
	for _, reason := range []string{kafka.Undecodable, kafka.Misplaced, kafka.Unhandled, kafka.TooLarge} {
		m.deadLetters.WithLabelValues(processor, reason)
	}
}

func (m *Metrics) transaction(processor string, ok bool, records int, took time.Duration) {
	if m == nil {
		return
	}
	outcome := aborted
	if ok {
		outcome = committed
		m.records.WithLabelValues(processor).Add(float64(records))
	}
	m.transactions.WithLabelValues(processor, outcome).Observe(took.Seconds())
}

func (m *Metrics) output(processor string, o *output) {
	if m == nil {
		return
	}
	m.outputs.WithLabelValues(processor, o.Topic).Inc()
	if o.reason != "" {
		m.deadLetters.WithLabelValues(processor, o.reason).Inc()
	}
}

func (m *Metrics) clockAhead(processor string) {
	if m != nil {
		m.clocks.WithLabelValues(processor).Inc()
	}
}

func (m *Metrics) restored(processor string, took time.Duration) {
	if m != nil {
		m.restore.WithLabelValues(processor).Set(took.Seconds())
	}
}
