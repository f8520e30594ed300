package grafana

import (
	"reflect"

	"github.com/grafana/grafana-foundation-sdk/go/cog/variants"
	"github.com/grafana/grafana-foundation-sdk/go/common"
)

// The plugins that hold the data, and the data sources that every organisation
// knows by the same uid: a dashboard or rule refers to it whoever's rows it returns.
const (
	clickhousePlugin = "grafana-clickhouse-datasource"
	prometheusPlugin = "prometheus"
	clickhouseUID    = "pitstop-clickhouse"
	prometheusUID    = "pitstop-prometheus"
)

func source(plugin, uid string) common.DataSourceRef {
	return common.DataSourceRef{Type: &plugin, Uid: &uid}
}

// query is a query of the ClickHouse plugin 4.x, in its SQL editor. The editor
// reads queryType, the server format: alert rules are run without an editor.
// Without a pluginVersion of 4 the plugin takes a query for one of version 3. The
// macros of the queries are there from 4.0.3 on.
type query struct {
	RefID         string               `json:"refId"`
	Datasource    common.DataSourceRef `json:"datasource"`
	PluginVersion string               `json:"pluginVersion"`
	EditorType    string               `json:"editorType"`
	QueryType     string               `json:"queryType"`
	Format        int                  `json:"format"`
	RawSQL        string               `json:"rawSql"`
}

// newQuery asks for rows as they are: every panel, the lines over time too,
// reads the columns of a table.
func newQuery(refID, sql string) query {
	return query{
		RefID: refID, Datasource: source(clickhousePlugin, clickhouseUID),
		PluginVersion: "4.0.0", EditorType: "sql", QueryType: "table", Format: 1, RawSQL: sql,
	}
}

func (q query) ImplementsDataqueryVariant() {}
func (q query) DataqueryType() string       { return clickhousePlugin }
func (q query) Validate() error             { return nil }

func (q query) Equals(other variants.Dataquery) bool { return reflect.DeepEqual(q, other) }
