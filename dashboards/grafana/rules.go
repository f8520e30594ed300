package grafana

import (
	"strings"
	"time"

	"github.com/go-openapi/strfmt"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-openapi-client-go/models"

	"pitstop/dashboards"
)

// evaluationInterval is how often the rules are evaluated.
const evaluationInterval = time.Minute

// rules returns one group, in one folder, or nil.
func (o Organisation) rules() *models.AlertRuleGroup {
	if len(o.Alerts) == 0 {
		return nil
	}
	group := &models.AlertRuleGroup{Title: groupTitle, FolderUID: folderUID, Interval: int64(evaluationInterval.Seconds())}
	for _, a := range o.Alerts {
		group.Rules = append(group.Rules, o.rule(a))
	}
	return group
}

// rule fires for each row or series whose value is above 0. Without any, all is
// well. A query that fails alerts too.
func (o Organisation) rule(a dashboards.Alert) *models.ProvisionedAlertRule {
	// $labels would be taken for a variable of the environment in a file.
	summary := strings.ReplaceAll(a.Summary.In(o.Lang), "$labels.", ".Labels.")
	return &models.ProvisionedAlertRule{
		UID:          uid(a.ID),
		Title:        new(a.Title.In(o.Lang)),
		FolderUID:    new(folderUID),
		RuleGroup:    new(groupTitle),
		Data:         []*models.AlertQuery{alertQuery(a), aboveZero()},
		Condition:    new("B"),
		For:          new(strfmt.Duration(a.For)),
		NoDataState:  new("OK"),
		ExecErrState: new("Error"),
		Labels:       map[string]string{"severity": string(a.Severity), "service": "pitstop"},
		Annotations:  map[string]string{"summary": summary},
	}
}

// What Grafana fills in where a rule does not say it.
const (
	intervalMs    = 1000
	maxDataPoints = 43200
)

// ruleQuery is a query of a rule: Grafana's own fields beside the plugin's.
type ruleQuery struct {
	query

	IntervalMs    int `json:"intervalMs"`
	MaxDataPoints int `json:"maxDataPoints"`
}

type ruleExpr struct {
	RefID         string               `json:"refId"`
	Datasource    common.DataSourceRef `json:"datasource"`
	Expr          string               `json:"expr"`
	Instant       bool                 `json:"instant"`
	Range         bool                 `json:"range"`
	IntervalMs    int                  `json:"intervalMs"`
	MaxDataPoints int                  `json:"maxDataPoints"`
}

func alertQuery(a dashboards.Alert) *models.AlertQuery {
	// The period is not used, but there must be one.
	q := &models.AlertQuery{RefID: "A", RelativeTimeRange: &models.RelativeTimeRange{From: 600}}
	if a.SQL != "" {
		q.DatasourceUID = clickhouseUID
		q.QueryType = "table"
		q.Model = ruleQuery{newQuery("A", a.SQL), intervalMs, maxDataPoints}
		return q
	}
	q.DatasourceUID = prometheusUID
	q.Model = ruleExpr{
		RefID: "A", Datasource: source(prometheusPlugin, prometheusUID), Expr: a.Expr, Instant: true,
		IntervalMs: intervalMs, MaxDataPoints: maxDataPoints,
	}
	return q
}

// aboveZero is the condition, a server-side expression.
func aboveZero() *models.AlertQuery {
	const expression = "__expr__"
	return &models.AlertQuery{
		RefID: "B", DatasourceUID: expression, RelativeTimeRange: &models.RelativeTimeRange{},
		Model: map[string]any{
			"refId": "B", "type": "threshold", "expression": "A",
			"datasource": source(expression, expression),
			"conditions": []any{map[string]any{"evaluator": map[string]any{"type": "gt", "params": []int{0}}}},
			"intervalMs": intervalMs, "maxDataPoints": maxDataPoints,
		},
	}
}
