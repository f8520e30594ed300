package grafana

import (
	"maps"
	"slices"

	"github.com/grafana/grafana-foundation-sdk/go/dashboard"

	"pitstop/dashboards"
	"pitstop/schemas/locale"
)

// format is how Grafana writes a number or a time.
type format struct {
	unit     string // Grafana's name of it
	decimals float64
	auto     bool // as many decimals as Grafana thinks fit
}

// unit chooses a format. Minutes and hours stay what they are: Grafana's own
// units turn 1440 opening minutes into a day, which they are not. Grafana puts a
// space before a suffix, and none after a prefix.
func (s style) unit(u dashboards.Unit) format {
	switch u {
	case dashboards.Count:
		return format{unit: "none"}
	case dashboards.Percent:
		return format{unit: "percent"}
	case dashboards.Minutes:
		return format{unit: "suffix:min"}
	case dashboards.Hours:
		return format{unit: "suffix:" + locale.Text{NL: "uur", EN: "h"}.In(s.lang), decimals: 1}
	case dashboards.Seconds:
		return format{unit: "s", auto: true}
	case dashboards.Money:
		if s.currency == "" {
			return format{unit: "none", decimals: 2}
		}
		return format{unit: "prefix:" + symbol(s.currency) + " ", decimals: 2}
	case dashboards.Instant:
		if s.lang == locale.EN {
			return format{unit: "time:ddd D MMM HH:mm", auto: true}
		}
		return format{unit: "time:dd D MMM HH:mm", auto: true}
	case dashboards.Day:
		return format{unit: "time:D MMM", auto: true}
	case dashboards.PerSecond:
		return format{unit: "suffix:/s", auto: true}
	default: // dashboards.None
		return format{}
	}
}

// symbol returns how a currency is written before an amount.
func symbol(currency string) string {
	switch currency {
	case "EUR":
		return "€"
	case "GBP":
		return "£"
	default:
		return currency
	}
}

func (f format) set(defaults *dashboard.FieldConfig) {
	if f.unit != "" {
		defaults.Unit = &f.unit
	}
	if f.unit != "" && !f.auto {
		defaults.Decimals = &f.decimals
	}
}

type property = dashboard.DynamicConfigValue

// properties returns what is special to a column.
func (s style) properties(p dashboards.Panel, c dashboards.Column) []property {
	properties := []property{{Id: "displayName", Value: c.Title.In(s.lang)}}
	f := s.unit(c.Unit)
	if f.unit == "" {
		f.unit = "string"
	}
	properties = append(properties, property{Id: "unit", Value: f.unit})
	if !f.auto && f.unit != "string" {
		properties = append(properties, property{Id: "decimals", Value: f.decimals})
	}
	properties = append(properties, property{Id: "mappings", Value: s.mappings(c)})
	return append(properties, s.look(p, c)...)
}

// look returns how a column is drawn in the panel's picture.
func (s style) look(p dashboards.Panel, c dashboards.Column) []property {
	aside := c.Role != dashboards.Value
	switch {
	case c.Role == dashboards.Link && s.hasConversation():
		return []property{{Id: "links", Value: []map[string]any{{
			"title": c.Title.In(s.lang),
			"url":   address(conversation) + "?var-repair=${__value.raw}&${__url_time_range}",
		}}}}
	case p.Kind == dashboards.Table && !aside && p.Threshold != nil:
		return []property{{Id: "custom.cellOptions", Value: map[string]any{"type": "color-text"}}}
	case p.Kind == dashboards.Bars && !aside:
		return []property{
			{Id: "custom.cellOptions", Value: map[string]any{"type": "gauge", "mode": "basic", "valueDisplayMode": "text"}},
			{Id: "min", Value: 0},
			{Id: "fieldMinMax", Value: true}, // the longest bar is this column's
			{Id: "color", Value: map[string]any{"mode": "fixed", "fixedColor": "blue"}},
		}
	case p.Kind == dashboards.Figure && aside:
		// Good or bad is the figure, not how many it is computed from.
		return []property{{Id: "color", Value: map[string]any{"mode": "fixed", "fixedColor": "text"}}}
	case p.Kind == dashboards.Trend && c.Role == dashboards.N:
		// How many it is computed from is in the tooltip, not drawn.
		return []property{{Id: "custom.hideFrom", Value: map[string]any{"legend": true, "tooltip": false, "viz": true}}}
	case p.Kind == dashboards.Trend && c.Role == dashboards.Previous:
		return []property{{Id: "custom.lineStyle", Value: map[string]any{"fill": "dash", "dash": []int{10, 10}}}}
	case p.Kind == dashboards.Trend && c.Role == dashboards.Plain && c.Unit != p.Unit:
		return []property{
			{Id: "custom.drawStyle", Value: "bars"},
			{Id: "custom.fillOpacity", Value: 30},
			{Id: "custom.axisPlacement", Value: "right"},
		}
	default:
		return nil
	}
}

// hasConversation reports whether there is a dashboard for links to lead to.
func (s style) hasConversation() bool {
	return slices.ContainsFunc(s.siblings, func(d dashboards.Dashboard) bool { return d.ID == conversation })
}

// conversation is the dashboard about one repair.
const conversation = "conversation"

// mappings say what is shown instead of a value: a name for a code, "–" for
// nothing, and words for the id behind a link.
func (s style) mappings(c dashboards.Column) []dashboard.ValueMapping {
	nothing := "–"
	mappings := []dashboard.ValueMapping{{SpecialValueMap: &dashboard.SpecialValueMap{
		Type: dashboard.MappingTypeSpecialValue,
		Options: dashboard.DashboardSpecialValueMapOptions{
			Match: dashboard.SpecialValueMatchNullAndNan, Result: dashboard.ValueMappingResult{Text: &nothing},
		},
	}}}
	if len(c.Values) > 0 {
		names := make(map[string]dashboard.ValueMappingResult, len(c.Values))
		for i, code := range slices.Sorted(maps.Keys(c.Values)) {
			name, index := c.Values[code].In(s.lang), int32(i)
			names[code] = dashboard.ValueMappingResult{Text: &name, Index: &index}
		}
		mappings = append(mappings, dashboard.ValueMapping{ValueMap: &dashboard.ValueMap{Type: dashboard.MappingTypeValueToText, Options: names}})
	}
	if c.Role == dashboards.Link {
		words := c.Title.In(s.lang)
		mappings = append(mappings, dashboard.ValueMapping{RegexMap: &dashboard.RegexMap{
			Type:    dashboard.MappingTypeRegexToText,
			Options: dashboard.DashboardRegexMapOptions{Pattern: ".+", Result: dashboard.ValueMappingResult{Text: &words}},
		}})
	}
	return mappings
}

// thresholds colour what is better than good green, what is worse than bad red,
// and what is between yellow. Grafana counts a bound to what is above it.
func thresholds(t *dashboards.Threshold) *dashboard.ThresholdsConfig {
	steps := []dashboard.Threshold{{Color: "text"}}
	if t != nil && t.HigherIsBetter {
		steps = []dashboard.Threshold{{Color: "red"}, {Color: "yellow", Value: &t.Bad}, {Color: "green", Value: &t.Good}}
	} else if t != nil {
		const above = 0.001
		steps = []dashboard.Threshold{{Color: "green"}, {Color: "yellow", Value: new(t.Good + above)}, {Color: "red", Value: new(t.Bad + above)}}
	}
	if t != nil && t.Good == t.Bad {
		steps = slices.Delete(steps, 1, 2)
	}
	return &dashboard.ThresholdsConfig{Mode: dashboard.ThresholdsModeAbsolute, Steps: steps}
}
