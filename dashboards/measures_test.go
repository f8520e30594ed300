package dashboards_test

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pitstop/dashboards"
)

// TestMeasures keeps docs/measures.md as the dashboards are.
func TestMeasures(t *testing.T) {
	var b bytes.Buffer
	fmt.Fprint(&b, `# The measures

What every figure on the dashboards means: generated from package dashboards (go test ./dashboards -run TestMeasures -update).

Waits are measured in the garage's opening hours, or in all hours if the reader of a dashboard chooses so, and count in the period in which they began. Every figure has beside it how many it is computed from (n), and the figure of the period before: of the same length, ending where the period begins. A p90 is not shown below n = 20, a p99 not below n = 100. Days are days of the garage's own clock. Amounts include VAT, in the garage's currency.
`)
	for _, d := range dashboards.All {
		fmt.Fprintf(&b, "\n## %s (%s)\n\n%s", d.Title.EN, d.Title.NL, d.For.EN)
		if d.Operator {
			fmt.Fprint(&b, " Garages do not get it.")
		}
		fmt.Fprintln(&b)
		for _, p := range d.Panels {
			if p.ID == dashboards.Freshness.ID && d.ID != dashboards.All[0].ID {
				continue // once is enough
			}
			measure(&b, p)
		}
	}
	fmt.Fprint(&b, "\n## Alerts\n\n| alert | fires when | after | severity | for |\n|---|---|---|---|---|\n")
	for _, a := range slices.Concat(dashboards.Alerts, dashboards.PipelineAlerts) {
		how := "`" + strings.ReplaceAll(a.Expr, "|", `\|`) + "`"
		if a.SQL != "" {
			how = link(a.ID)
		}
		who := "the garage"
		if a.Operator {
			who = "the operator"
		}
		fmt.Fprintf(&b, "| %s (%s) | %s returns a row above 0 | %s | %s | %s |\n", a.Title.EN, a.Title.NL, how, a.For, a.Severity, who)
	}
	golden(t, "../docs/measures.md", b.Bytes())
}

func link(id string) string { return fmt.Sprintf("[%s.sql](../dashboards/sql/%[1]s.sql)", id) }

func measure(b *bytes.Buffer, p dashboards.Panel) {
	fmt.Fprintf(b, "\n### %s (%s)\n\n*%s* %s\n\n", p.Title.EN, p.Title.NL, p.Question.EN, p.Definition.EN)
	when := "in the period"
	if p.Now {
		when = "now, regardless of period"
	}
	if p.SQL == "" {
		fmt.Fprintf(b, "%s of Prometheus%s:\n\n", strings.ToUpper(string(p.Kind[:1]))+string(p.Kind[1:]), inUnit(p.Unit))
		for _, q := range p.Queries {
			fmt.Fprintf(b, "    %s\n", q.Expr)
		}
		threshold(b, p)
		return
	}
	picture := "A " + string(p.Kind) + inUnit(p.Unit)
	switch {
	case p.Kind == dashboards.Bars:
		picture = "Bars" + inUnit(p.Unit)
	case p.Kind == dashboards.Figure && p.Unit == dashboards.Count:
		picture = "A count"
	}
	of := link(cmp.Or(p.File, p.ID))
	if p.Measure != "" {
		of += " of the measure `" + string(p.Measure) + "`"
	}
	fmt.Fprintf(b, "%s; %s: %s.\n", picture, when, of)
	threshold(b, p)
	fmt.Fprint(b, "\n| column | nl | en | unit | values |\n|---|---|---|---|---|\n")
	for _, c := range p.Columns {
		codes := make([]string, 0, len(c.Values))
		for _, code := range slices.Sorted(maps.Keys(c.Values)) {
			codes = append(codes, fmt.Sprintf("%s: %s", code, c.Values[code].EN))
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s |\n", c.Name, c.Title.NL, c.Title.EN, c.Unit, strings.Join(codes, "; "))
	}
}

func threshold(b *bytes.Buffer, p dashboards.Panel) {
	if t := p.Threshold; t != nil {
		than := [2]string{"at most", "more than"}
		if t.HigherIsBetter {
			than = [2]string{"at least", "less than"}
		}
		fmt.Fprintf(b, "\nGood: %s %v; bad: %s %v.\n", than[0], t.Good, than[1], t.Bad)
	}
}

func inUnit(u dashboards.Unit) string {
	if u == dashboards.None {
		return ""
	}
	return " in " + string(u)
}
