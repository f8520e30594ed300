package sinks

import "github.com/prometheus/client_golang/prometheus"

// Metrics count what sinks do. A nil Metrics counts nothing.
type Metrics struct {
	records     *prometheus.CounterVec
	deadLetters *prometheus.CounterVec
	stalls      *prometheus.GaugeVec
}

// NewMetrics registers the metrics of all sinks of this process.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		records: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "pitstop_sink_records_total", Help: "Records written or given up, control records included.",
		}, []string{"sink"}),
		deadLetters: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "pitstop_sink_dead_letters_total", Help: "Records given up, by reason.",
		}, []string{"sink", "reason"}),
		stalls: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "pitstop_sink_stalled", Help: "1 while something the sink needs is away, else 0.",
		}, []string{"sink"}),
	}
	r.MustRegister(m.records, m.deadLetters, m.stalls)
	return m
}

func (m *Metrics) written(sink string, records int) {
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
