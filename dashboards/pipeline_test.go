package dashboards

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

var labelPattern = regexp.MustCompile(`\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}`)

// A legend, or a summary, names labels that the query leaves there.
func TestPipeline_LabelsAreThere(t *testing.T) {
	grouping := regexp.MustCompile(`by \(([\w, ]+)\)`)
	check := func(id, expr string, texts ...string) {
		var kept []string
		for _, by := range grouping.FindAllStringSubmatch(expr, -1) {
			kept = append(kept, strings.Split(by[1], ", ")...)
		}
		for _, text := range texts {
			for _, label := range labelPattern.FindAllStringSubmatch(text, -1) {
				if !slices.Contains(kept, label[1]) {
					t.Errorf("%s: %s is not a label of %s", id, label[1], expr)
				}
			}
		}
	}
	for _, p := range Pipeline.Panels {
		if len(p.Queries) == 0 || p.SQL != "" {
			t.Errorf("%s is not about Prometheus", p.ID)
		}
		for _, q := range p.Queries {
			check(p.ID, q.Expr, q.Legend)
		}
	}
	for _, a := range PipelineAlerts {
		check(a.ID, a.Expr, a.Summary.NL, a.Summary.EN)
		if strings.Contains(a.Expr, "$") || !a.Operator {
			t.Errorf("%s is not a rule that Prometheus can evaluate for operators", a.ID)
		}
	}
}
