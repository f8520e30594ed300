package dashboards_test

import (
	"regexp"
	"testing"
	"time"

	"pitstop/dashboards"
)

// Of every other type, such as an aggregate's, Grafana's ClickHouse data source makes
// JSON: before its version 4.19 a table shows nothing of it, and an alert rule that
// has it as a label fails.
var plain = regexp.MustCompile(`^(Nullable\()?(U?Int\d+|Float\d+|String|Date|DateTime64\(6, 'UTC'\))\)?$|^LowCardinality\(String\)$`)

func TestColumnsAreOfPlainTypes(t *testing.T) {
	queries := make(map[string]string)
	for _, d := range dashboards.All {
		for _, p := range d.Panels {
			if p.SQL != "" {
				queries["panel "+p.ID] = p.SQL
			}
		}
	}
	for _, a := range dashboards.Alerts {
		queries["alert "+a.ID] = a.SQL
	}
	db := newDatabase(t, garages(t))
	at := time.Date(2026, 5, 18, 8, 0, 0, 0, time.UTC)
	for what, sql := range queries {
		rows, err := db.conn.Query(t.Context(), dashboards.Expand(sql, dashboards.Choice{From: at.Add(-time.Hour), To: at, Now: at}))
		must(t, err)
		for _, c := range rows.ColumnTypes() {
			if !plain.MatchString(c.DatabaseTypeName()) {
				t.Errorf("%s: column %s is of type %s", what, c.Name(), c.DatabaseTypeName())
			}
		}
		must(t, rows.Close())
	}
}
