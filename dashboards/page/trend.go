package page

import (
	"fmt"
	"html/template"
	"slices"
	"time"

	"pitstop/dashboards"
)

// chart is one drawing, in the widths that panels may have.
type chart struct {
	Title, Alt         string
	Bars               bool
	Small, Large, Full template.HTML // none: that width is not drawn
	Lines              []line        // its legend
}

// line is an entry of a legend.
type line struct {
	Class string
	Name  string
}

// trend draws the columns that have the panel's unit as lines by day, and each of
// the others as bars below. A day without a value is a gap.
func (r renderer) trend(p *panel, d dashboards.Panel, rows []map[string]any) error {
	labels := columnsOf(d, dashboards.Label)
	if len(labels) == 0 {
		return fmt.Errorf("panel %s is a trend without days", d.ID)
	}
	p.Table = r.table(d, rows)
	if len(rows) < 2 {
		return nil // a day is no line
	}
	p.Table.Data = true
	rows = fillDays(labels[0].Name, rows)
	days := make([]string, len(rows))
	for i, row := range rows {
		days[i] = r.shortDay(row[labels[0].Name])
	}
	first, last := r.text(labels[0], rows[0][labels[0].Name]), r.text(labels[0], rows[len(rows)-1][labels[0].Name])
	var lines []dashboards.Column
	var bars [][]dashboards.Column
	for _, c := range columnsOf(d, dashboards.Value, dashboards.Previous, dashboards.Plain) {
		switch c.Unit {
		case d.Unit:
			lines = append(lines, c)
		case dashboards.None: // nothing to draw
		default:
			bars = append(bars, []dashboards.Column{c})
		}
	}
	for i, columns := range append([][]dashboards.Column{lines}, bars...) {
		c, err := r.chart(d, columns, rows, days, i > 0)
		if err != nil {
			return fmt.Errorf("panel %s: %w", d.ID, err)
		}
		if c != nil {
			c.Alt = r.T("by day", c.Title, first, last)
			p.Charts = append(p.Charts, *c)
		}
	}
	return nil
}

// chart draws columns of one unit; nil: they hold nothing.
func (r renderer) chart(d dashboards.Panel, columns []dashboards.Column, rows []map[string]any, days []string, bars bool) (*chart, error) {
	plot := plot{days: days, bars: bars}
	plot.format = func(n float64) string { return r.quantity(plot.unit, n) }
	c := &chart{Bars: bars}
	var names []string
	for _, column := range columns {
		values := make([]*float64, len(rows))
		for i, row := range rows {
			if v, ok := number(row[column.Name]); ok {
				values[i] = &v
			}
		}
		if !slices.ContainsFunc(values, func(v *float64) bool { return v != nil && (!bars || *v != 0) }) {
			continue // too few to say
		}
		plot.unit, plot.series = column.Unit, append(plot.series, values)
		names = append(names, column.Title.In(r.Lang))
		c.Lines = append(c.Lines, line{Class: fmt.Sprintf("s%d", (len(names)-1)%len(lineColor)+1), Name: column.Title.In(r.Lang)})
	}
	if len(names) == 0 {
		return nil, nil
	}
	c.Title = r.Lang.And(names...)
	height := 240
	if bars {
		height = 130
	}
	for _, size := range []struct {
		drawing *template.HTML
		width   int
		wanted  bool
	}{{&c.Small, 340, true}, {&c.Large, 640, true}, {&c.Full, 1180, d.Width > 16}} {
		if !size.wanted {
			continue
		}
		var err error
		if *size.drawing, err = plot.draw(size.width, height); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// fillDays adds a row without values for each missing day between the first and the
// last, so that days are equally far apart.
func fillDays(label string, rows []map[string]any) []map[string]any {
	var all []map[string]any
	for _, row := range rows {
		day, ok := row[label].(time.Time)
		if !ok {
			return rows
		}
		for len(all) > 0 && len(all) < maxDays {
			next := all[len(all)-1][label].(time.Time).AddDate(0, 0, 1) // it is one, see above
			if !next.Before(day) {
				break
			}
			all = append(all, map[string]any{label: next})
		}
		all = append(all, row)
	}
	return all
}

// maxDays is the longest time that is drawn by day.
const maxDays = 800

// shortDay writes a day on an axis: "18-5", "18/5".
func (r renderer) shortDay(v any) string {
	t, ok := v.(time.Time)
	if !ok {
		s := fmt.Sprint(v)
		if t, ok = parseDay(s); !ok {
			return s
		}
	}
	separator := "/"
	if r.dutch() {
		separator = "-"
	}
	return fmt.Sprintf("%d%s%d", t.Day(), separator, t.Month())
}

// svg marks a drawing of this package as safe: the library escapes its texts.
func svg(b []byte) template.HTML { return template.HTML(b) } //nolint:gosec // drawn here, from escaped texts
