package grafana

import (
	"fmt"

	"github.com/grafana/grafana-foundation-sdk/go/cog/variants"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/table"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"

	"pitstop/dashboards"
)

// panel makes a panel, all but its position.
func (s style) panel(p dashboards.Panel) (dashboard.Panel, error) {
	panel, err := picture(p).Build()
	if err != nil {
		return panel, err
	}
	title, description := p.Title.In(s.lang), s.description(p)
	from, targets := source(clickhousePlugin, clickhouseUID), []variants.Dataquery{newQuery("A", p.SQL)}
	if p.SQL == "" {
		from = source(prometheusPlugin, prometheusUID)
		if targets, err = prometheusTargets(p.Queries, from); err != nil {
			return panel, err
		}
	}
	panel.Title, panel.Description, panel.Datasource, panel.Targets = &title, &description, &from, targets
	empty := p.Empty.In(s.lang)
	if panel.FieldConfig == nil {
		panel.FieldConfig = dashboard.NewFieldConfigSource()
	}
	defaults := &panel.FieldConfig.Defaults
	defaults.NoValue = &empty
	defaults.Thresholds = thresholds(p.Threshold)
	s.unit(p.Unit).set(defaults)
	for _, c := range p.Columns {
		panel.FieldConfig.Overrides = append(panel.FieldConfig.Overrides, dashboard.DashboardFieldConfigSourceOverrides{
			Matcher:    dashboard.MatcherConfig{Id: "byName", Options: c.Name},
			Properties: s.properties(p, c),
		})
	}
	return panel, nil
}

// description returns markdown, shown at the panel's title.
func (s style) description(p dashboards.Panel) string {
	d := fmt.Sprintf("**%s**\n\n%s", p.Question.In(s.lang), p.Definition.In(s.lang))
	if p.Now {
		d += "\n\n" + words.now.In(s.lang)
	}
	return d
}

// picture returns the panel's visualization, without its data.
func picture(p dashboards.Panel) builder[dashboard.Panel] {
	legend := common.NewVizLegendOptionsBuilder().
		ShowLegend(true).DisplayMode(common.LegendDisplayModeList).Placement(common.LegendPlacementBottom)
	tooltip := common.NewVizTooltipOptionsBuilder().
		Mode(common.TooltipDisplayModeMulti).Sort(common.SortOrderNone)
	palette := dashboard.NewFieldColorBuilder().Mode(dashboard.FieldColorModeIdPaletteClassic)
	switch p.Kind {
	case dashboards.Figure:
		return stat.NewPanelBuilder().
			ReduceOptions(common.NewReduceDataOptionsBuilder().Calcs([]string{"lastNotNull"}).Fields("/.*/")).
			TextMode(common.BigValueTextModeValueAndName).
			ColorMode(common.BigValueColorModeValue).
			GraphMode(common.BigValueGraphModeNone).
			JustifyMode(common.BigValueJustifyModeAuto).
			Orientation(common.VizOrientationAuto).
			ColorScheme(dashboard.NewFieldColorBuilder().Mode(dashboard.FieldColorModeIdThresholds))
	case dashboards.Trend:
		return timeseries.NewPanelBuilder().
			LineWidth(2).ShowPoints(common.VisibilityModeAlways).AxisSoftMin(0).ColorScheme(palette).
			Legend(legend).Tooltip(tooltip)
	case dashboards.Rates:
		return timeseries.NewPanelBuilder().
			LineWidth(1).FillOpacity(10).ShowPoints(common.VisibilityModeAuto).AxisSoftMin(0).ColorScheme(palette).
			Legend(legend).Tooltip(tooltip)
	default: // dashboards.Table, and Bars, which are drawn in a column of theirs
		return table.NewPanelBuilder().ShowHeader(true)
	}
}

func prometheusTargets(queries []dashboards.PromQuery, from common.DataSourceRef) ([]variants.Dataquery, error) {
	targets := make([]variants.Dataquery, len(queries))
	for i, q := range queries {
		target, err := prometheus.NewDataqueryBuilder().
			RefId(string(rune('A' + i))).Datasource(from).EditorMode(prometheus.QueryEditorModeCode).
			Expr(q.Expr).LegendFormat(q.Legend).Range().Build()
		if err != nil {
			return nil, fmt.Errorf("query %d: %w", i, err)
		}
		targets[i] = target
	}
	return targets, nil
}
