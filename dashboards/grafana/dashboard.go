// Package grafana makes Grafana dashboards and alert rules from those of package
// dashboards, reconciles a Grafana with them ([Server.Apply]), and writes the same
// as files ([Organisation.Files]). It is written for Grafana 11 to 13, in the
// classic schema of dashboards that all of them read, and for version 4 of the
// ClickHouse data source, from 4.0.3 on.
package grafana

import (
	"fmt"
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"

	"pitstop/dashboards"
	"pitstop/schemas/locale"
)

// What is Pitstop's in a Grafana has a uid that begins with prefix; its
// dashboards have the tag besides. A copy that somebody made of one keeps the
// tag and gets another uid: it is theirs.
const (
	prefix = "pitstop-"
	tag    = "pitstop"
)

// uid returns the stable name of a dashboard or rule in addresses.
func uid(id string) string { return prefix + id }

// Grafana 11 reads no other schema than the classic one.
type classic = dashboard.Dashboard //nolint:staticcheck // deprecated in favour of a schema that it does not read

var newClassic = dashboard.NewDashboardBuilder //nolint:staticcheck // see classic

// style is what a dashboard is written for.
type style struct {
	lang     locale.Lang
	currency string // ISO 4217; empty: there are several
	siblings []dashboards.Dashboard
}

// build makes a dashboard.
func (s style) build(d dashboards.Dashboard) (classic, error) {
	b := newClassic(d.Title.In(s.lang)).
		Uid(uid(d.ID)).
		Description(d.For.In(s.lang)).
		Tags([]string{tag}).
		Timezone(common.TimeZoneBrowser).
		Time("now-7d", "now").
		Refresh("1m").
		Tooltip(dashboard.DashboardCursorSyncCrosshair).
		Readonly().
		Annotation(builtInAnnotation)
	for _, v := range s.variables(d) {
		b.WithVariable(v)
	}
	for _, other := range s.siblings {
		if other.ID != d.ID && !other.AboutRepair {
			b.Link(dashboard.NewDashboardLinkBuilder(other.Title.In(s.lang)).
				Type(dashboard.DashboardLinkTypeLink).Url(address(other.ID)).KeepTime(true).IncludeVars(true))
		}
	}
	at := positions(d.Panels)
	for i, p := range d.Panels {
		panel, err := s.panel(p)
		if err != nil {
			return classic{}, fmt.Errorf("build panel %s: %w", p.ID, err)
		}
		id := uint32(i + 1)
		panel.Id, panel.GridPos = &id, &at[i]
		b.WithPanel(ready[dashboard.Panel]{panel})
	}
	built, err := b.Build()
	if err != nil {
		return built, fmt.Errorf("build dashboard %s: %w", d.ID, err)
	}
	// The SDK fills in the only placement there is, which hides things in a menu of
	// Grafana 12.3 and later.
	for i := range built.Links {
		built.Links[i].Placement = nil
	}
	for i := range built.Annotations.List {
		built.Annotations.List[i].Placement = nil
	}
	return built, nil
}

func address(id string) string { return "/d/" + uid(id) }

// builtInAnnotation is what Grafana adds to every dashboard that it saves.
var builtInAnnotation = dashboard.NewAnnotationQueryBuilder().
	BuiltIn(1).Enable(true).Hide(true).Name("Annotations & Alerts").
	Datasource(source("grafana", "-- Grafana --")).IconColor("rgba(0, 211, 255, 1)").Type("dashboard")

// positions lays the panels out in rows of 24 columns, in their order. A row is
// as high as its highest panel.
func positions(panels []dashboards.Panel) []dashboard.GridPos {
	at := make([]dashboard.GridPos, len(panels))
	var x, y, height uint32
	for i, p := range panels {
		if x+p.Width > 24 {
			x, y, height = 0, y+height, 0
		}
		at[i] = dashboard.GridPos{X: x, Y: y, W: p.Width, H: p.Height}
		x, height = x+p.Width, max(height, p.Height)
	}
	return at
}

// variables returns the choices that the dashboard's queries use.
func (s style) variables(d dashboards.Dashboard) []builder[dashboard.VariableModel] {
	var sql strings.Builder
	for _, p := range d.Panels {
		sql.WriteString(p.SQL)
	}
	uses := func(name string) bool { return strings.Contains(sql.String(), "${"+name) }
	var variables []builder[dashboard.VariableModel]
	if uses("garage") {
		variables = append(variables, dashboard.NewQueryVariableBuilder("garage").
			Label("Garage").
			Datasource(source(clickhousePlugin, clickhouseUID)).
			Query(text(garagesSQL)).
			Definition(garagesSQL).
			Refresh(dashboard.VariableRefreshOnDashboardLoad).
			Multi(true).IncludeAll(true).AllowCustomValue(false).
			Current(option("All", "$__all")).
			Options([]dashboard.VariableOption{}))
	}
	if uses("clock") {
		opening, wall := words.opening.In(s.lang), words.wall.In(s.lang)
		variables = append(variables, dashboard.NewCustomVariableBuilder("clock").
			Label(words.clock.In(s.lang)).
			Values(text(fmt.Sprintf("%s : %s,%s : %s", opening, dashboards.Opening, wall, dashboards.Wall))).
			AllowCustomValue(false).
			Current(option(opening, string(dashboards.Opening))).
			Options([]dashboard.VariableOption{option(opening, string(dashboards.Opening)), option(wall, string(dashboards.Wall))}))
	}
	if uses("repair") {
		variables = append(variables, dashboard.NewTextBoxVariableBuilder("repair").
			Label(words.repair.In(s.lang)).DefaultValue(text("")).Current(option("", "")))
	}
	return variables
}

// garagesSQL returns the garages whose rows the data source's user may see.
const garagesSQL = "SELECT garage_id, name FROM garages ORDER BY name, garage_id"

// words are the texts that no panel has.
var words = struct{ opening, wall, clock, repair, now locale.Text }{
	opening: locale.Text{NL: "Openingstijd", EN: "Opening hours"},
	wall:    locale.Text{NL: "Alle uren", EN: "All hours"},
	clock:   locale.Text{NL: "Gemeten in", EN: "Measured in"},
	repair:  locale.Text{NL: "Reparatie", EN: "Repair"},
	now:     locale.Text{NL: "Dit is de stand van nu, welke periode ook gekozen is.", EN: "This is how things stand now, whatever period is chosen."},
}

func text(s string) dashboard.StringOrMap { return dashboard.StringOrMap{String: &s} }

func option(label, value string) dashboard.VariableOption {
	return dashboard.VariableOption{
		Text:  dashboard.StringOrArrayOfString{String: &label},
		Value: dashboard.StringOrArrayOfString{String: &value},
	}
}

// builder is the SDK's cog.Builder.
type builder[T any] interface{ Build() (T, error) }

// ready is a builder of a value that is built already.
type ready[T any] struct{ value T }

func (d ready[T]) Build() (T, error) { return d.value, nil }
