package page

import (
	"fmt"
	"html/template"
	"math"
	"regexp"
	"strings"

	"github.com/go-analyze/charts"

	"pitstop/dashboards"
)

// plot is what a chart shows: values by day, nil where there is none.
type plot struct {
	days   []string
	series [][]*float64
	format func(float64) string
	bars   bool
	unit   dashboards.Unit
}

// The library writes its colours into style attributes, which the page's policy
// forbids, and which could not follow a dark screen or paper. So it draws in
// colours that stand for classes of the style sheet.
var (
	inkColor  = charts.Color{R: 1, A: 255}
	gridColor = charts.Color{R: 2, A: 255}
	lineColor = []charts.Color{{R: 11, A: 255}, {R: 12, A: 255}, {R: 13, A: 255}, {R: 14, A: 255}}

	classes = map[string]string{
		inkColor.String(): "ink", gridColor.String(): "grid",
		lineColor[0].String(): "s1", lineColor[1].String(): "s2", lineColor[2].String(): "s3", lineColor[3].String(): "s4",
	}
	theme = charts.MakeTheme(charts.ThemeOption{
		AxisStrokeColor: gridColor, AxisSplitLineColor: gridColor, TextColor: inkColor,
		BackgroundColor: charts.ColorTransparent, SeriesColors: lineColor,
	})
)

// draw draws the plot, width by height pixels.
func (p plot) draw(width, height int) (template.HTML, error) {
	painter := charts.NewPainter(charts.PainterOptions{OutputFormat: charts.ChartOutputSVG, Width: width, Height: height, Theme: theme})
	font := charts.FontStyle{FontSize: 9}
	top := p.top()
	labels := p.labels(width / 48)
	axis := charts.YAxisOption{Min: charts.Ptr(0.0), Max: &top, LabelFontStyle: font, LabelCount: 3, ValueFormatter: p.format, SpineLineShow: charts.Ptr(false)}
	padding := charts.Box{Left: 2, Top: 10, Right: 12, Bottom: 2}
	var err error
	if p.bars {
		o := charts.NewBarChartOptionWithData(p.values())
		o.Theme, o.Padding, o.ValueAxis = theme, padding, []charts.YAxisOption{axis}
		o.CategoryAxis = charts.XAxisOption{Labels: labels, LabelCount: len(labels), LabelFontStyle: font}
		err = painter.BarChart(o)
	} else {
		o := charts.NewLineChartOptionWithData(p.values())
		o.Theme, o.Padding, o.YAxis = theme, padding, []charts.YAxisOption{axis}
		o.XAxis = charts.XAxisOption{Labels: labels, LabelCount: len(labels), LabelFontStyle: font}
		o.LineStrokeWidth = 2
		err = painter.LineChart(o)
	}
	if err != nil {
		return "", fmt.Errorf("draw chart: %w", err)
	}
	drawing, err := painter.Bytes()
	if err != nil {
		return "", fmt.Errorf("draw chart: %w", err)
	}
	return svg(restyle(drawing)), nil
}

// values returns the numbers to draw; a bar of height 0 is not drawn.
func (p plot) values() [][]float64 {
	all := make([][]float64, len(p.series))
	for i, series := range p.series {
		for _, v := range series {
			if v == nil || p.bars && *v == 0 {
				all[i] = append(all[i], charts.GetNullValue())
				continue
			}
			all[i] = append(all[i], *v)
		}
	}
	return all
}

// top returns where the axis ends: a round number above every value.
func (p plot) top() float64 {
	most := 0.0
	for _, series := range p.series {
		for _, v := range series {
			if v != nil {
				most = max(most, *v)
			}
		}
	}
	steps := []float64{2, 4, 6, 10, 20}
	if p.unit == dashboards.Percent {
		return 100
	}
	if p.unit == dashboards.Minutes {
		for _, step := range []float64{2, 10, 20, 30, 60, 90, 120, 180, 240, 360, 480, 720, 960} {
			if most <= step {
				return step
			}
		}
		hours := plot{series: [][]*float64{{charts.Ptr(most / 60)}}}
		return 60 * hours.top()
	}
	if most == 0 {
		return 2
	}
	magnitude := math.Pow(10, math.Floor(math.Log10(most)))
	for _, step := range steps {
		if most <= step*magnitude {
			return max(step*magnitude, 2)
		}
	}
	return most
}

// labels keeps as many of the days as there is room for, away from the edges.
func (p plot) labels(room int) []string {
	every := (len(p.days) + room - 1) / room
	labels := make([]string, len(p.days))
	for i := len(labels) - 1 - every/2; i >= 0; i -= every {
		labels[i] = p.days[i]
	}
	return labels
}

var (
	styled    = regexp.MustCompile(`(<(?:path|text|circle)[^<>]*?) ?style="([^"]*)"`)
	beginning = regexp.MustCompile(`^<svg[^>]*(viewBox="[^"]*")>`)
)

// restyle turns the style attributes of a drawing into classes of the style sheet
// and presentation attributes. Texts cannot be taken for elements: in them < is escaped.
func restyle(drawing []byte) []byte {
	drawing = beginning.ReplaceAll(drawing, []byte(`<svg $1 aria-hidden="true" focusable="false">`))
	return styled.ReplaceAllFunc(drawing, func(match []byte) []byte {
		parts := styled.FindSubmatch(match)
		var class, attributes []string
		for declaration := range strings.SplitSeq(string(parts[2]), ";") {
			name, value, _ := strings.Cut(declaration, ":")
			switch {
			case name == "font-family":
			case classes[value] != "":
				class = append(class, name+"-"+classes[value])
			default:
				attributes = append(attributes, fmt.Sprintf(`%s="%s"`, name, value))
			}
		}
		return fmt.Appendf(nil, `%s class="%s" %s`, parts[1], strings.Join(class, " "), strings.Join(attributes, " "))
	})
}
