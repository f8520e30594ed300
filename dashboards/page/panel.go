package page

import (
	"fmt"
	"slices"

	"pitstop/dashboards"
)

// panel is a panel as it is shown.
type panel struct {
	ID, Title, Question, Definition string
	Width                           uint32 // of 24
	Now                             bool   // shows the present, whatever the period
	Failure                         string // why there is nothing
	Elsewhere                       bool   // only Prometheus knows
	Empty                           string // what it means that there is nothing
	N                               string // how many it is computed from
	Rows                            string // how many a list has
	Cut                             string // that it shows the first of them only
	Figure                          *figure
	Charts                          []chart
	Table                           *table // the panel itself, or the data of its charts
}

// table is rows of cells.
type table struct {
	Columns []column
	Rows    [][]cell
	Data    bool // of a chart, shown when asked for
}

type column struct {
	Title  string
	Number bool
	Link   bool // of no use on paper
	Bar    bool
}

// result is what a query returned.
type result struct {
	columns []string
	rows    [][]any
	err     error
}

// records returns the rows by the names of their columns. Every column that the
// panel describes must be there.
func (res result) records(d dashboards.Panel) ([]map[string]any, error) {
	have := make(map[string]int, len(res.columns))
	for i, name := range res.columns {
		have[name] = i
	}
	for _, c := range d.Columns {
		if _, ok := have[c.Name]; !ok {
			return nil, fmt.Errorf("panel %s: its query returns no column %q", d.ID, c.Name)
		}
	}
	records := make([]map[string]any, len(res.rows))
	for i, row := range res.rows {
		records[i] = make(map[string]any, len(row))
		for name, at := range have {
			records[i][name] = row[at]
		}
	}
	return records, nil
}

// heading returns what a panel shows before its figures.
func (r renderer) heading(d dashboards.Panel) panel {
	return panel{
		ID: d.ID, Title: d.Title.In(r.Lang), Question: d.Question.In(r.Lang), Definition: d.Definition.In(r.Lang),
		Width: d.Width,
	}
}

// draw fills in the figure, chart or table that the panel's kind asks for.
func (r renderer) draw(p *panel, d dashboards.Panel, res result) error {
	rows, err := res.records(d)
	if err != nil {
		return err
	}
	d.Columns = slices.DeleteFunc(slices.Clone(d.Columns), func(c dashboards.Column) bool {
		return c.Name == "currency" || // the amounts say it
			c.Name == "garage" && len(r.choice.Garages) == 1 ||
			c.Role == dashboards.Previous && r.days == 0 && !d.Now // half a day is not the evening before it
	})
	if !hasData(d, rows) {
		p.Empty = d.Empty.In(r.Lang)
		if p.Empty == "" {
			p.Empty = r.T("nothing")
		}
		if d.Kind == dashboards.Figure && len(rows) > 0 {
			p.Figure = &figure{Others: r.others(d, rows[0])}
		}
		return nil
	}
	switch d.Kind {
	case dashboards.Figure:
		r.figure(p, d, rows[0])
	case dashboards.Trend:
		return r.trend(p, d, rows)
	case dashboards.Bars:
		p.Table = r.bars(d, rows)
	case dashboards.Table, dashboards.Rates:
		r.list(p, d, rows)
	}
	return nil
}

// list is a table that says how many rows there are, and how many of them it shows.
func (r renderer) list(p *panel, d dashboards.Panel, rows []map[string]any) {
	all := float64(len(rows))
	for _, c := range columnsOf(d, dashboards.N) {
		all, _ = number(rows[0][c.Name])
	}
	d.Columns = slices.DeleteFunc(d.Columns, func(c dashboards.Column) bool { return c.Role == dashboards.N })
	p.Table, p.Rows = r.table(d, rows), r.decimal(all, 0)
	if all > float64(len(rows)) {
		p.Cut = r.T("cut", r.decimal(float64(len(rows)), 0), p.Rows)
	}
}

// hasData reports whether there is anything to show: a row; a figure that is
// computed from something, even if it is 0; in charts a value other than 0.
func hasData(d dashboards.Panel, rows []map[string]any) bool {
	switch {
	case len(rows) == 0 || d.Kind == dashboards.Table:
		return len(rows) > 0
	case d.Kind == dashboards.Figure:
		for _, c := range columnsOf(d, dashboards.Value, dashboards.N) {
			n, ok := number(rows[0][c.Name])
			if !ok || n == 0 && c.Role == dashboards.N {
				return false
			}
		}
		return true
	}
	for _, row := range rows {
		for _, c := range d.Columns {
			if n, ok := number(row[c.Name]); ok && n != 0 && c.Role != dashboards.Previous {
				return true
			}
		}
	}
	return false
}

// columnsOf returns the columns that have one of these roles.
func columnsOf(d dashboards.Panel, roles ...dashboards.Role) (found []dashboards.Column) {
	for _, c := range d.Columns {
		for _, role := range roles {
			if c.Role == role {
				if c.Unit == dashboards.None && role != dashboards.Plain && role != dashboards.Label && role != dashboards.Link {
					c.Unit = d.Unit
				}
				found = append(found, c)
			}
		}
	}
	return found
}

func (r renderer) table(d dashboards.Panel, rows []map[string]any) *table {
	t := new(table)
	for _, c := range d.Columns {
		t.Columns = append(t.Columns, column{Title: r.title(c), Number: true, Link: c.Role == dashboards.Link})
	}
	for _, row := range rows {
		cells := make([]cell, len(d.Columns))
		for i, c := range d.Columns {
			if c.Role == dashboards.Value && c.Unit == dashboards.None {
				c.Unit = d.Unit
			}
			cells[i] = r.cell(c, row)
			cells[i].Head = i == 0
			t.Columns[i].Number = t.Columns[i].Number && (cells[i].Number || cells[i].Text == none)
			if n, ok := number(row[c.Name]); ok && c.Role == dashboards.Value && d.Threshold != nil {
				class, _ := r.verdict(d, n)
				cells[i].Class = class
				switch {
				case class != "bad":
				case d.Threshold.HigherIsBetter:
					cells[i].Note = r.T("too little")
				case c.Unit == dashboards.Minutes || c.Unit == dashboards.Hours || c.Unit == dashboards.Seconds:
					cells[i].Note = r.T("too long")
				default:
					cells[i].Note = r.T("too much")
				}
			}
		}
		t.Rows = append(t.Rows, cells)
	}
	for _, cells := range t.Rows {
		for i := range cells {
			cells[i].Number = t.Columns[i].Number
		}
	}
	return t
}

// bars returns a table whose first value is drawn as well.
func (r renderer) bars(d dashboards.Panel, rows []map[string]any) *table {
	t := r.table(d, rows)
	at := slices.IndexFunc(d.Columns, func(c dashboards.Column) bool { return c.Role == dashboards.Value })
	if at < 0 {
		return t
	}
	longest := 0.0
	for _, row := range rows {
		n, _ := number(row[d.Columns[at].Name])
		longest = max(longest, n)
	}
	t.Columns[at].Bar = true
	for i, row := range rows {
		c := &t.Rows[i][at]
		c.Class = "bar"
		if n, _ := number(row[d.Columns[at].Name]); longest > 0 && n > 0 {
			c.Bar = max(int(1000*n/longest), 5) // never invisible
		}
	}
	return t
}
