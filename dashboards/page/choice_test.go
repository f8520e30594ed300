package page

import (
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"pitstop/dashboards"
	"pitstop/schemas/locale"
	"pitstop/schemas/readmodel"
)

// Whatever an address says, what is shown is one of the choices there are, of the
// garages that were allowed; and the page's own links lead to the same choice.
func TestChoice(t *testing.T) {
	p := newPages(t, &world{rows: filled, asOf: now})
	rapid.Check(t, func(t *rapid.T) {
		any := func(label string, usual ...string) string {
			return rapid.OneOf(rapid.SampledFrom(usual), rapid.String()).Draw(t, label)
		}
		v := visit(func(v *readmodel.DashboardVisit) {
			v.Query = url.Values{
				"period": {any("period", "0", "7", "30", "90", "365", "-1", "8")}, "clock": {any("clock", "wall", "opening")}, "repair": {any("repair", "2abc")},
			}
			v.Chosen = rapid.SliceOfDistinct(rapid.SampledFrom([]string{"de-brug", "noord", "gone"}), func(s string) string { return s }).Draw(t, "garages")
			v.Garages = []string{"de-brug", "noord", "gone"}
		})
		r := p.renderer(v)
		if !slices.Contains(periods, r.days) || (r.choice.Clock != dashboards.Opening && r.choice.Clock != dashboards.Wall) {
			t.Fatalf("%v became %d days, clock %q", v.Query, r.days, r.choice.Clock)
		}
		if r.choice.From.After(r.choice.To) || !r.choice.To.Equal(now) || len(r.choice.Repair) > maxID {
			t.Fatalf("%v became %+v", v.Query, r.choice)
		}
		for _, g := range r.choice.Garages {
			if !slices.Contains(v.Chosen, g) || g == "gone" {
				t.Fatalf("of %v it shows %s", v.Chosen, g)
			}
		}
		again := v
		again.Query = r.query(locale.NL, r.choice.Repair)
		if diff := cmp.Diff(r.choice, p.renderer(again).choice); diff != "" {
			t.Fatalf("its link leads elsewhere (-here +there):\n%s", diff)
		}
	})
}

func TestPeriod(t *testing.T) {
	p := newPages(t, &world{asOf: now})
	for period, want := range map[string]time.Time{
		"0": time.Date(2026, 5, 19, 22, 0, 0, 0, time.UTC), // midnight in Utrecht
		"7": now.AddDate(0, 0, -7), "": now.AddDate(0, 0, -7), "8": now.AddDate(0, 0, -7), "365": now.AddDate(0, 0, -365),
	} {
		r := p.renderer(visit(func(v *readmodel.DashboardVisit) { v.Query.Set("period", period) }))
		if !r.choice.From.Equal(want) {
			t.Errorf("period %q begins at %s, want %s", period, r.choice.From, want)
		}
	}
}

func TestQuantities(t *testing.T) {
	for _, tc := range []struct {
		unit   dashboards.Unit
		n      float64
		nl, en string
	}{
		{dashboards.Minutes, 0, "0\u00a0min", "0\u00a0min"},
		{dashboards.Minutes, 0.2, "12\u00a0s", "12\u00a0s"},
		{dashboards.Minutes, 59.4, "59\u00a0min", "59\u00a0min"},
		{dashboards.Minutes, 59.6, "1\u00a0u", "1\u00a0h"},
		{dashboards.Minutes, 65, "1\u00a0u\u00a005\u00a0min", "1\u00a0h\u00a005\u00a0min"},
		{dashboards.Minutes, 61234, "1.020\u00a0u\u00a034\u00a0min", "1,020\u00a0h\u00a034\u00a0min"},
		{dashboards.Seconds, 59.7, "1\u00a0min", "1\u00a0min"},
		{dashboards.Seconds, 0, "0\u00a0s", "0\u00a0s"},
		{dashboards.Seconds, 0.01, "0,1\u00a0s", "0.1\u00a0s"},
		{dashboards.Seconds, 0.44, "0,4\u00a0s", "0.4\u00a0s"},
		{dashboards.Seconds, 0.97, "1\u00a0s", "1\u00a0s"},
		{dashboards.Seconds, 4.6, "5\u00a0s", "5\u00a0s"},
		{dashboards.Hours, 12.25, "12,2\u00a0uur", "12.2\u00a0h"},
		{dashboards.Percent, 83.333, "83,3%", "83.3%"},
		{dashboards.Percent, 100, "100%", "100%"},
		{dashboards.Count, 1234567, "1.234.567", "1,234,567"},
		{dashboards.Count, -1234, "−1.234", "−1,234"},
		{dashboards.Count, -0.2, "0", "0"},
		{dashboards.Money, 1387.955, "€\u00a01.387,96", "€1,387.96"},
	} {
		for lang, want := range map[locale.Lang]string{locale.NL: tc.nl, locale.EN: tc.en} {
			r := renderer{DashboardVisit: readmodel.DashboardVisit{Lang: lang}, currency: "EUR"}
			if got := r.quantity(tc.unit, tc.n); got != want {
				t.Errorf("%s: %v %s is %q, want %q", lang, tc.n, tc.unit, got, want)
			}
		}
	}
}
