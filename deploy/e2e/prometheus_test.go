package e2e

import (
	"bytes"
	"encoding/json"
	"maps"
	"math"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/dashboards"
	"pitstop/deploy/e2e/client"
	"pitstop/deploy/e2e/expect"
	"pitstop/deploy/e2e/garage"
	"pitstop/deploy/e2e/pitstop"
	"pitstop/deploy/e2e/relay"
	"pitstop/deploy/e2e/topics"
	"pitstop/schemas/record"
)

// installed returns the path of a program of Debian's package prometheus.
func installed(t testing.TB, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err == nil {
		return path
	}
	const missing = "%s is not installed; it comes with Debian's package: apt-get install --no-install-recommends prometheus"
	if os.Getenv("CI") != "" {
		t.Fatalf(missing, program)
	}
	t.Skipf(missing, program)
	return ""
}

// A real Prometheus, with the shipped configuration and rules, scrapes a pipeline in
// which everything happens that the dashboard shows.
func TestPrometheus_EveryQueryHasData(t *testing.T) {
	t.Parallel()
	server, promtool := installed(t, "prometheus"), installed(t, "promtool")
	relay := relay.New()
	if err := relay.Open(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(relay.Stop)
	garages := filepath.Join(t.TempDir(), "garages.yaml")
	if err := os.WriteFile(garages, pitstop.GarageFile(pitstop.Garages("gauge", "")...), 0o600); err != nil {
		t.Fatal(err)
	}
	p := program.Up(t, t.TempDir(), "--garages", garages, "--smtp", relay.Addr)
	prom := monitor(t, server, p.Metrics)
	for _, zero := range []string{ // scraped before the first event, or increase() would miss it
		`pitstop_processor_dead_letters_total{role="lifecycle", reason="undecodable"} == 0`,
		`pitstop_sink_dead_letters_total{role="clickhouse", reason="undecodable"} == 0`,
		`pitstop_mail_attempt_duration_seconds_count{outcome="deferred"} == 0`,
		`pitstop_processor_transaction_duration_seconds_count{role="latency", outcome="aborted"} == 0`,
	} {
		prom.has(zero)
	}

	g := garage.New(t, p, "gauge")
	refused := slices.Repeat([]string{"never@example.nl"}, 8) // enough for an alert
	for _, customer := range append(refused, "first@example.nl", "later@example.nl") {
		job := g.Start(object{"customer": object{"id": "c1", "name": "J. de Vries", "email": customer, "phone": "+31612345678", "language": "nl"}})
		job.Ask(nil)
	}
	topics.Open(t, p.Kafka).Write(&kgo.Record{Topic: record.Commands.Name, Key: []byte("k"), Value: []byte("garbage")})
	for range 2 { // a route's series starts with its first request, so the second is the increase
		g.As("mechanic").Get("/v1/repairs")
		prom.has(`pitstop_http_request_duration_seconds_count{route="/v1/repairs", method="GET"}`)
	}

	for _, panel := range dashboards.Pipeline.Panels {
		for _, q := range panel.Queries {
			prom.has(strings.ReplaceAll(q.Expr, "$__rate_interval", "1m"))
		}
	}
	prom.has(alert(t, "dead-letters"))
	prom.has(alert(t, "mail-refused"))
	prom.has(`pitstop_consumer_lag_records{role="lifecycle", topic="pitstop.commands"}`)

	// The relay becomes unavailable: the mail waits, and the metrics show it.
	if err := relay.Close(); err != nil {
		t.Fatal(err)
	}
	g.Start(nil)
	prom.has(alert(t, "mail-paused"))
	prom.has(`pitstop_mail_attempt_duration_seconds_count{outcome="paused"} > 0`)
	if err := relay.Open(); err != nil {
		t.Fatal(err)
	}
	prom.has(`pitstop_sink_stalled{role="email"} == 0`)

	// Every alert's expression can be evaluated, on series that exist. When they fire is
	// tested with the rules.
	for _, a := range dashboards.PipelineAlerts {
		for _, name := range regexp.MustCompile(`pitstop_\w+`).FindAllString(a.Expr, -1) {
			prom.has(name)
		}
		prom.ask(a.Expr)
	}
	down := alert(t, "role-down") // no role is down: it lists the roles by name
	expect.Until(t, down, func() string { return strings.Join(prom.ask(down), ", ") })
	if rules := prom.rules(); len(rules) != len(dashboards.PipelineAlerts) {
		t.Errorf("Prometheus knows %d rules, want %d: %v", len(rules), len(dashboards.PipelineAlerts), rules)
	}

	check := exec.CommandContext(t.Context(), promtool, "check", "metrics")
	check.Stdin = bytes.NewReader(client.Client{T: t, Base: p.Metrics}.Get("/metrics").Body)
	if said, err := check.CombinedOutput(); err != nil || len(said) > 0 {
		t.Errorf("promtool check metrics: %v\n%s", err, said)
	}
}

// alert returns the expression of an alert.
func alert(t testing.TB, id string) string {
	t.Helper()
	i := slices.IndexFunc(dashboards.PipelineAlerts, func(a dashboards.Alert) bool { return a.ID == id })
	if i < 0 {
		t.Fatalf("there is no alert %s", id)
	}
	return dashboards.PipelineAlerts[i].Expr
}

// prometheus is a running Prometheus.
type prometheus struct{ client.Client }

// monitor starts a Prometheus that scrapes an address every second, and is otherwise
// configured by deploy/prometheus.
func monitor(t testing.TB, program, metrics string) prometheus {
	t.Helper()
	const shipped = "../prometheus"
	text, err := os.ReadFile(filepath.Join(shipped, "prometheus.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var config map[string]any
	if err := yaml.Unmarshal(text, &config); err != nil {
		t.Fatal(err)
	}
	rules, err := filepath.Abs(filepath.Join(shipped, "rules.yml"))
	if err != nil {
		t.Fatal(err)
	}
	config["rule_files"] = []string{rules}
	config["global"] = object{"scrape_interval": "1s", "evaluation_interval": "1s"}
	config["scrape_configs"] = []object{{
		"job_name": "pitstop", "static_configs": []object{{"targets": []string{strings.TrimPrefix(metrics, "http://")}}},
	}}
	if text, err = yaml.Marshal(config); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	said := new(pitstop.Transcript)
	cmd := exec.Command(program, "--config.file", file, "--storage.tsdb.path", filepath.Join(dir, "data"), "--web.listen-address", "127.0.0.1:0")
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt) // it may have ended
		if err := cmd.Wait(); err != nil || t.Failed() {
			t.Logf("prometheus: %v\n%s", err, said.Tail())
		}
	})
	address := regexp.MustCompile(`msg="Listening on" address=(\S+)`)
	var at string
	expect.Until(t, "Prometheus", func() string {
		if found := address.FindStringSubmatch(said.String()); found != nil {
			at = found[1]
			return ""
		}
		return "it does not listen yet: " + said.Tail()
	})
	p := prometheus{client.Client{T: t, Base: "http://" + at}}
	expect.Until(t, "Prometheus", func() string {
		if a := p.SendOnce(http.MethodGet, "/-/ready", nil); a.Status != http.StatusOK {
			return string(a.Body)
		}
		return ""
	})
	return p
}

// ask returns the series that an expression has now, as strings.
func (p prometheus) ask(expr string) (series []string) {
	p.T.Helper()
	type sample struct {
		Metric map[string]string
		Value  [2]json.RawMessage
	}
	answer := client.Decode[struct{ Data struct{ Result []sample } }](p.Get("/api/v1/query?query="+url.QueryEscape(expr)), http.StatusOK)
	for _, s := range answer.Data.Result {
		var text string
		if err := json.Unmarshal(s.Value[1], &text); err != nil {
			p.T.Fatal(err)
		}
		v, err := strconv.ParseFloat(text, 64)
		if err != nil {
			p.T.Fatal(err)
		}
		if math.IsNaN(v) { // zero divided by zero is no data
			continue
		}
		labels := ""
		for _, name := range slices.Sorted(maps.Keys(s.Metric)) {
			labels += name + "=" + s.Metric[name] + " "
		}
		series = append(series, labels+text)
	}
	return series
}

// has waits until an expression has data.
func (p prometheus) has(expr string) {
	p.T.Helper()
	expect.Until(p.T, expr, func() string {
		if len(p.ask(expr)) == 0 {
			return "no data"
		}
		return ""
	})
}

// rules returns the names of the alerting rules that could be evaluated.
func (p prometheus) rules() (names []string) {
	p.T.Helper()
	type rule struct{ Name, Health string }
	type group struct{ Rules []rule }
	expect.Until(p.T, "evaluation of the rules", func() string {
		answer := client.Decode[struct{ Data struct{ Groups []group } }](p.Get("/api/v1/rules?type=alert"), http.StatusOK)
		names = nil
		for _, g := range answer.Data.Groups {
			for _, r := range g.Rules {
				if r.Health != "ok" {
					return r.Name + " is " + r.Health
				}
				names = append(names, r.Name)
			}
		}
		return ""
	})
	return names
}
