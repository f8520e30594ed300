package page

import (
	"fmt"
	"html/template"
	"slices"
	"time"

	"pitstop/dashboards"
)

// trend draws the columns that have the panel's unit as lines by day; those of
// another unit as columns of their own below. A day without a value is a gap.
func (r reader) trend(p *panel, d dashboards.Panel, rows []map[string]any) error {
	labels, given := columnsOf(d, dashboards.Label), rows
	if len(labels) == 0 {
		return fmt.Errorf("panel %s is a trend without days", d.ID)
	}
	rows = everyDay(labels[0].Name, rows)
	days := make([]string, len(rows))
	for i, row := range rows {
		days[i] = r.shortDay(row[labels[0].Name])
	}
	first, last := r.text(labels[0], rows[0][labels[0].Name]), r.text(labels[0], rows[len(rows)-1][labels[0].Name])
	byUnit := make(map[dashboards.Unit][]dashboards.Column)
	var units []dashboards.Unit
	for _, c := range columnsOf(d, dashboards.Value, dashboards.Previous, dashboards.Plain) {
		if c.Unit == dashboards.None {
			continue
		}
		if byUnit[c.Unit] == nil {
			units = append(units, c.Unit)
		}
		byUnit[c.Unit] = append(byUnit[c.Unit], c)
	}
	slices.SortStableFunc(units, func(a, b dashboards.Unit) int { // the panel's first
		return map[bool]int{true: 0, false: 1}[a == d.Unit] - map[bool]int{true: 0, false: 1}[b == d.Unit]
	})
	for i, unit := range units {
		plot := plot{days: days, write: func(n float64) string { return r.quantity(unit, n) }, bars: i > 0, unit: unit}
		var c chart
		var names []string
		for n, column := range byUnit[unit] {
			values := make([]*float64, len(rows))
			for at, row := range rows {
				if v, ok := number(row[column.Name]); ok {
					values[at] = &v
				}
			}
			plot.series = append(plot.series, values)
			name := column.Title.In(r.Lang)
			names = append(names, name)
			c.Lines = append(c.Lines, line{Class: fmt.Sprintf("s%d", n%len(lineColor)+1), Name: name})
		}
		if i > 0 {
			c.Title, c.Lines = r.Lang.And(names...), nil
		}
		c.Alt = fmt.Sprintf(r.T("by day"), r.Lang.And(names...), first, last)
		var err error
		if c.Wide, err = plot.draw(640, map[bool]int{true: 130, false: 240}[plot.bars]); err != nil {
			return fmt.Errorf("panel %s: %w", d.ID, err)
		}
		if c.Narrow, err = plot.draw(340, map[bool]int{true: 110, false: 200}[plot.bars]); err != nil {
			return fmt.Errorf("panel %s: %w", d.ID, err)
		}
		p.Charts = append(p.Charts, c)
	}
	p.Table = r.table(d, given)
	p.Table.Data = true
	return nil
}

// everyDay puts a row without values where a day between the first and the last
// has none, so that days are equally far apart.
func everyDay(label string, rows []map[string]any) []map[string]any {
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

// shortDay is a day on an axis: "18-5", "18/5".
func (r reader) shortDay(v any) string {
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

// Svg marks a drawing of this package as safe: the library escapes its texts.
func svg(b []byte) template.HTML { return template.HTML(b) } //nolint:gosec // drawn here, from escaped texts
