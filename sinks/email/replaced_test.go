package email

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pitstop/schemas/garage/garagetest"
	"pitstop/schemas/locale"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// What changed is said job by job: another price, new, dropped; of what is the same, nothing.
func TestChanges(t *testing.T) {
	jobs := func(prices ...int64) (all []record.DoneLine) { // titles: a, b, b
		for i, p := range prices {
			all = append(all, record.DoneLine{Title: string("abb"[i]), Total: p})
		}
		return all
	}
	for name, c := range map[string]struct {
		before, now []record.DoneLine
		want        []job
	}{
		"nothing":                       {jobs(100, 200), jobs(100, 200), nil},
		"dearer":                        {jobs(100, 200), jobs(300, 200), []job{{Title: "a (was €\u00a01,00)", Price: "€\u00a03,00"}}},
		"for nothing":                   {jobs(100), jobs(0), []job{{Title: "a (was €\u00a01,00)", Price: "gratis"}}},
		"new":                           {jobs(100), jobs(100, 200), []job{{Title: "b (nieuw)", Price: "€\u00a02,00"}}},
		"dropped":                       {jobs(100, 200), jobs(100), []job{{Title: "b (was €\u00a02,00)", Price: "vervalt"}}},
		"of two of one name, the other": {jobs(100, 200, 300), jobs(100, 300, 400), []job{{Title: "b (was €\u00a02,00)", Price: "€\u00a04,00"}}},
		"everything": {jobs(100), jobs(0, 200)[1:], []job{
			{Title: "b (nieuw)", Price: "€\u00a02,00"}, {Title: "a (was €\u00a01,00)", Price: "vervalt"},
		}},
	} {
		l := &letter{Lang: locale.NL, Garage: garagetest.Sample(t).Garages()[0], currency: "EUR"}
		var now []repair.PricedLine
		for _, j := range c.now {
			now = append(now, repair.PricedLine{Line: repair.Line{Title: j.Title}, Total: j.Total})
		}
		if diff := cmp.Diff(c.want, l.changes(c.before, now)); diff != "" {
			t.Errorf("%s: -want +got\n%s", name, diff)
		}
	}
}

// Where only an earlier proposal was told of, that is the one that is off.
func TestWithdrawnInPlaceOfAnother(t *testing.T) {
	codec := testCodec(t)
	n := example(t, codec, record.NotifyQuoteWithdrawn, "nl")
	n.Replaced = []record.DoneLine{{Title: "Luchtfilter", Total: 2450}}
	if text := mustRender(t, n, codec, morning).Text; !strings.Contains(text, "Luchtfilter: €\u00a024,50") || strings.Contains(text, "Ruitenwissers") {
		t.Error(text)
	}
}
