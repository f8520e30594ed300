package page

import (
	"slices"
	"strconv"
	"time"

	"pitstop/dashboards"
	"pitstop/schemas/garage"
	"pitstop/schemas/locale"
	"pitstop/schemas/readmodel"
)

// periods are the days that a reader may look back; 0 is today.
var periods = []int{0, 7, 30, 90, 365}

// defaultPeriod is a week, against the week before.
const defaultPeriod = 7

// maxID is the longest id of a repair that is put into a query.
const maxID = 64

// reader is who looks, at what, and how it is written for them.
type reader struct {
	readmodel.DashboardVisit
	days     int // of the period
	choice   dashboards.Choice
	profiles []*garage.Profile // that may be chosen
	shown    []*garage.Profile // whose rows there are; see of
	zone     *time.Location
	zoneOf   string // name of the garage whose clock it is, where others have another
	currency string // of amounts whose row has none; empty: garages have different ones
}

// reader makes of what was asked what can be shown: whatever is not a choice is
// the default one.
func (p *Pages) reader(v readmodel.DashboardVisit) reader {
	r := reader{DashboardVisit: v, days: defaultPeriod}
	if days, err := strconv.Atoi(v.Query.Get("period")); err == nil && slices.Contains(periods, days) {
		r.days = days
	}
	for _, id := range v.Garages {
		if g, ok := p.Garages.Garage(id); ok {
			r.profiles = append(r.profiles, g)
		}
	}
	var chosen []*garage.Profile
	for _, id := range v.Chosen {
		if g, ok := p.Garages.Garage(id); ok {
			chosen = append(chosen, g)
			r.choice.Garages = append(r.choice.Garages, id)
		}
	}
	r = r.of(chosen)
	r.choice.Clock = dashboards.Opening
	if dashboards.Clock(v.Query.Get("clock")) == dashboards.Wall {
		r.choice.Clock = dashboards.Wall
	}
	if id := v.Query.Get("repair"); len(id) <= maxID {
		r.choice.Repair = id
	}
	r.choice.Now, r.choice.To = v.Now, v.Now
	if r.days == 0 {
		year, month, day := v.Now.In(r.zone).Date()
		r.choice.From = time.Date(year, month, day, 0, 0, 0, 0, r.zone)
	} else {
		r.choice.From = v.Now.AddDate(0, 0, -r.days)
	}
	return r
}

// of reads the rows of these garages: by the clock of the first one, in their
// currency and with the names of their mechanics.
func (r reader) of(garages []*garage.Profile) reader {
	r.shown, r.zone, r.zoneOf, r.currency = garages, time.UTC, "", ""
	for i, g := range garages {
		switch {
		case i == 0:
			r.zone, r.currency = g.Location(), g.Currency
			continue
		case g.TimeZone != garages[0].TimeZone:
			r.zoneOf = garages[0].Name
		}
		if g.Currency != garages[0].Currency {
			r.currency = ""
		}
	}
	return r
}

// ofRepair reads the rows of one repair: those of the garage that they name.
func (r reader) ofRepair(results []result) reader {
	for _, res := range results {
		at := slices.Index(res.columns, "garage")
		if at < 0 || len(res.rows) == 0 {
			continue
		}
		var own []*garage.Profile
		for _, g := range r.shown {
			if g.Name == res.rows[0][at] {
				own = append(own, g)
			}
		}
		if own != nil {
			return r.of(own)
		}
	}
	return r
}

// T is a text of the page in the reader's language, with args filled in.
func (r reader) T(key string, args ...any) string {
	return locale.Voice{Lang: r.Lang, Texts: texts}.T(key, args...)
}

func (r reader) dutch() bool { return r.Lang != locale.EN }
