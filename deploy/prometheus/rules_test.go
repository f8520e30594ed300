package prometheus

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"pitstop/dashboards"
	"pitstop/schemas/record"
)

var update = flag.Bool("update", false, "write rules.yml anew")

// rule is an alerting rule of Prometheus.
type rule struct {
	Alert       string            `yaml:"alert"`
	Expr        string            `yaml:"expr"`
	For         string            `yaml:"for,omitempty"`
	Labels      map[string]string `yaml:"labels"`
	Annotations annotations       `yaml:"annotations"`
}

type annotations struct {
	Summary     string `yaml:"summary"`
	Description string `yaml:"description"`
	Runbook     string `yaml:"runbook"`
}

// rules are the alerts as a file of Prometheus.
func rules(alerts []dashboards.Alert) ([]byte, error) {
	type group struct {
		Name  string `yaml:"name"`
		Rules []rule `yaml:"rules"`
	}
	g := group{Name: "pitstop"}
	for _, a := range alerts {
		r := rule{
			Alert: alertName(a), Expr: a.Expr, Labels: map[string]string{"severity": string(a.Severity)},
			Annotations: annotations{Summary: a.Title.EN, Description: a.Summary.EN, Runbook: "docs/operations.md#" + anchor(a.Title.EN)},
		}
		if a.For > 0 {
			r.For = fmt.Sprintf("%ds", int(a.For/time.Second))
		}
		g.Rules = append(g.Rules, r)
	}
	text, err := yaml.Marshal(map[string][]group{"groups": {g}})
	return append([]byte("# Written from dashboards.PipelineAlerts: go test ./deploy/prometheus -update\n"), text...), err
}

// alertName is consumer-behind as PitstopConsumerBehind.
func alertName(a dashboards.Alert) string {
	name := "Pitstop"
	for word := range strings.SplitSeq(a.ID, "-") {
		name += strings.ToUpper(word[:1]) + word[1:]
	}
	return name
}

// anchor is where a heading of a Markdown page is.
func anchor(heading string) string { return strings.ReplaceAll(strings.ToLower(heading), " ", "-") }

func TestRules_AreTheAlerts(t *testing.T) {
	want, err := rules(dashboards.PipelineAlerts)
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("rules.yml", want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile("rules.yml")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("rules.yml is not what dashboards.PipelineAlerts say, run go test ./deploy/prometheus -update (-want +got):\n%s", diff)
	}
}

// Somebody who is called at night finds what to do under the title of the alert.
func TestRules_HaveARunbook(t *testing.T) {
	text, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range dashboards.PipelineAlerts {
		if !regexp.MustCompile(`(?m)^### ` + regexp.QuoteMeta(a.Title.EN) + `$`).Match(text) {
			t.Errorf("docs/operations.md has no heading \"### %s\"", a.Title.EN)
		}
	}
}

// Every rule is tested in both directions: rules_test.yml has a case in which it
// fires and one in which it does not.
func TestRules_AreAllTested(t *testing.T) {
	text, err := os.ReadFile("rules_test.yml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Tests []struct {
			Cases []struct {
				Name string `yaml:"alertname"`
				Want []any  `yaml:"exp_alerts"`
			} `yaml:"alert_rule_test"`
		} `yaml:"tests"`
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	fires, silent := make(map[string]bool), make(map[string]bool)
	for _, test := range file.Tests {
		for _, c := range test.Cases {
			if len(c.Want) > 0 {
				fires[c.Name] = true
			} else {
				silent[c.Name] = true
			}
		}
	}
	for _, a := range dashboards.PipelineAlerts {
		if name := alertName(a); !fires[name] || !silent[name] {
			t.Errorf("%s: tested that it fires: %t, that it does not: %t", name, fires[name], silent[name])
		}
	}
}

// The rules, and their tests, speak of roles that there are; the rule about roles of
// which there is no process speaks of all.
func TestRules_NameTheRoles(t *testing.T) {
	roles := []string{"api"}
	for _, c := range record.Consumers {
		roles = append(roles, c.Name)
	}
	named := regexp.MustCompile(`\brole(?:!?=~?|: *)\\?"([^"\\]*)\\?"`)
	for _, file := range []string{"rules.yml", "rules_test.yml"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all := named.FindAllSubmatch(text, -1)
		if len(all) < len(roles) {
			t.Errorf("%s names a role %d times", file, len(all))
		}
		for _, n := range all {
			if !slices.Contains(roles, string(n[1])) {
				t.Errorf("%s speaks of role %s, there are %v", file, n[1], roles)
			}
		}
	}
	for _, role := range roles {
		if !strings.Contains(dashboards.PipelineAlerts[0].Expr, `absent(pitstop_ready{role="`+role+`"})`) {
			t.Errorf("%s says nothing of %s", dashboards.PipelineAlerts[0].ID, role)
		}
	}
}

func TestPromtool(t *testing.T) {
	tool, err := exec.LookPath("promtool")
	if err != nil {
		const missing = "promtool is not installed; it comes with Debian's package: apt-get install --no-install-recommends prometheus"
		if os.Getenv("CI") != "" {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
	for _, args := range [][]string{
		{"check", "config", "prometheus.yml"}, // and the rules it names
		{"check", "rules", "--lint=all", "--lint-fatal", "rules.yml"},
		{"test", "rules", "rules_test.yml"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			var said bytes.Buffer
			cmd := exec.CommandContext(t.Context(), tool, args...)
			cmd.Stdout, cmd.Stderr = &said, &said
			if err := cmd.Run(); err != nil {
				t.Errorf("%v:\n%s", err, &said)
			}
		})
	}
}
