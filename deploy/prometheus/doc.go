// Package prometheus holds what Prometheus needs to watch Pitstop: where to
// scrape (prometheus.yml), and when to tell somebody (rules.yml, written from
// dashboards.PipelineAlerts by go test ./deploy/prometheus -update). Both are
// checked with promtool, and so is what each rule does (rules_test.yml).
package prometheus
