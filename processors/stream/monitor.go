package stream

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"pitstop/schemas"
	"pitstop/schemas/kafka"
)

// Monitor tells others what a member does: readiness, and when its next timer is due.
type Monitor struct {
	kafka.Progress
	mu    sync.Mutex
	known bool                // next is what it is
	next  map[int32]time.Time // by partition
}

// Due reports whether a timer is due by now that has not fired; or may be, since
// the member is at work, or has not started.
func (m *Monitor) Due(now time.Time) bool {
	m.mu.Lock()
	known := m.known
	m.mu.Unlock()
	return !known || len(m.due(now)) > 0
}

func (m *Monitor) due(now time.Time) map[int32]time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	due := make(map[int32]time.Time)
	for p, t := range m.next {
		if !t.After(now) {
			due[p] = t
		}
	}
	return due
}

// busy says that timers may be set, moved and fired until the member is idle again.
func (m *Monitor) busy() {
	m.mu.Lock()
	m.known = false
	m.mu.Unlock()
}

func (m *Monitor) idle(tasks map[int32]*task) {
	next := make(map[int32]time.Time, len(tasks))
	for p, t := range tasks {
		if due := t.next(); !due.IsZero() {
			next[p] = due
		}
	}
	m.mu.Lock()
	m.known, m.next = true, next
	m.mu.Unlock()
	m.Waiting()
}

// Metrics count what processors do. A nil Metrics counts nothing.
type Metrics struct {
	records      *prometheus.CounterVec
	transactions *prometheus.CounterVec
	outputs      *prometheus.CounterVec
	deadLetters  *prometheus.CounterVec
	restore      *prometheus.GaugeVec
}

// NewMetrics registers the metrics of all processors of this process.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		records: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "pitstop_processor_records_total", Help: "Records consumed, control records included.",
		}, []string{"processor"}),
		transactions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "pitstop_processor_transactions_total", Help: "Transactions by outcome: committed or aborted.",
		}, []string{"processor", "outcome"}),
		outputs: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "pitstop_processor_outputs_total", Help: "Records produced by topic, aborted ones included.",
		}, []string{"processor", "topic"}),
		deadLetters: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "pitstop_processor_dead_letters_total", Help: "Records given up, by reason.",
		}, []string{"processor", "reason"}),
		restore: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "pitstop_processor_restore_seconds", Help: "How long the last rebuilding of state took.",
		}, []string{"processor"}),
	}
	r.MustRegister(m.records, m.transactions, m.outputs, m.deadLetters, m.restore)
	return m
}

func (m *Metrics) transaction(processor string, committed bool, records int) {
	if m == nil {
		return
	}
	outcome := "aborted"
	if committed {
		outcome = "committed"
		m.records.WithLabelValues(processor).Add(float64(records))
	}
	m.transactions.WithLabelValues(processor, outcome).Inc()
}

func (m *Metrics) output(processor string, o output) {
	if m == nil {
		return
	}
	m.outputs.WithLabelValues(processor, o.topic).Inc()
	if d, ok := o.record.(*schemas.DeadLetter); ok {
		m.deadLetters.WithLabelValues(processor, d.Reason).Inc()
	}
}

func (m *Metrics) restored(processor string, took time.Duration) {
	if m != nil {
		m.restore.WithLabelValues(processor).Set(took.Seconds())
	}
}
