package app

import (
	"context"
	"log/slog"
	"runtime/debug"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/twmb/franz-go/pkg/kadm"

	"pitstop/schemas/record"
	"pitstop/sinks/clickhouse/query"
)

// askFor bounds the queries to Kafka or ClickHouse of one scrape or check. Where they
// do not answer, a scrape still has the other metrics.
const askFor = 2 * time.Second

// NewMetrics returns a registry with metrics of the process and its build.
func NewMetrics() *prometheus.Registry {
	build := prometheus.Labels{"version": "unknown", "goversion": "unknown"}
	if info, ok := debug.ReadBuildInfo(); ok {
		build = prometheus.Labels{"version": info.Main.Version, "goversion": info.GoVersion}
	}
	r := prometheus.NewRegistry()
	r.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "pitstop_build_info", Help: "What this process was built from; always 1.", ConstLabels: build,
		}, func() float64 { return 1 }),
	)
	return r
}

// readiness returns the metric of a role's readiness, as /readyz has it.
func readiness(r Role) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "pitstop_ready", Help: "1 while a role of this process, or kafka as it sees it, is ready, else 0.",
		ConstLabels: prometheus.Labels{"role": r.name},
	}, func() float64 {
		if !ready(r.check(time.Now())) {
			return 0
		}
		return 1
	})
}

var (
	lagRecords = prometheus.NewDesc("pitstop_consumer_lag_records",
		"Records that the group of a role has not committed, whoever of the group reports it: take the max, not the sum.",
		[]string{"role", "topic", "partition"}, nil)
	lagSeconds = prometheus.NewDesc("pitstop_consumer_lag_seconds",
		"Everything that was logged so many seconds ago has been committed. As exact as the time between two scrapes; counted from this process's first scrape at most.",
		[]string{"role", "topic", "partition"}, nil)
	complete = prometheus.NewDesc("pitstop_clickhouse_complete_timestamp_seconds",
		"Everything that was logged until then is in the table, as those who read it see it.",
		[]string{"table"}, nil)
)

// lagMetrics reports the lag of consumer groups. It asks the brokers at every scrape,
// so the lag of a group without members is known too.
type lagMetrics struct {
	adm       *kadm.Client
	consumers []record.Consumer
	now       func() time.Time
	log       *slog.Logger

	mu   sync.Mutex
	ages ages
}

func newLagMetrics(adm *kadm.Client, consumers []record.Consumer, log *slog.Logger) *lagMetrics {
	return &lagMetrics{adm: adm, consumers: consumers, now: time.Now, log: log, ages: make(ages)}
}

func (m *lagMetrics) Describe(ch chan<- *prometheus.Desc) { ch <- lagRecords; ch <- lagSeconds }

func (m *lagMetrics) Collect(ch chan<- prometheus.Metric) {
	m.mu.Lock() // scrapes may overlap
	defer m.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), askFor)
	defer cancel()
	now := m.now() // before the ends are asked for
	positions, _, err := positionsOf(ctx, m.adm, m.consumers)
	if err != nil {
		m.log.Warn("lag not read", "error", err)
		return
	}
	for _, p := range positions {
		labels := []string{p.consumer, p.topic, strconv.Itoa(int(p.partition))}
		ch <- prometheus.MustNewConstMetric(lagRecords, prometheus.GaugeValue, float64(p.lag()), labels...)
		ch <- prometheus.MustNewConstMetric(lagSeconds, prometheus.GaugeValue, m.ages.of(p, now).Seconds(), labels...)
	}
}

// freshnessMetrics reports the time up to which each table is complete.
type freshnessMetrics struct {
	store *query.Store
	log   *slog.Logger
}

// NewFreshness returns the metric of the time up to which each table is complete. It
// asks ClickHouse at every scrape.
func NewFreshness(store *query.Store, log *slog.Logger) prometheus.Collector {
	return freshnessMetrics{store, log}
}

func (m freshnessMetrics) Describe(ch chan<- *prometheus.Desc) { ch <- complete }

func (m freshnessMetrics) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), askFor)
	defer cancel()
	asOf, err := m.store.Freshness(ctx)
	if err != nil {
		m.log.Warn("freshness of the tables not read", "error", err)
		return
	}
	for table, at := range asOf {
		ch <- prometheus.MustNewConstMetric(complete, prometheus.GaugeValue, float64(at.UnixMicro())/1e6, table)
	}
}
