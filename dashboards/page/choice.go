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

// periods are the days that a visitor may look back; 0 is today.
var periods = []int{0, 7, 30, 90, 365}

// defaultPeriod is a week, against the week before.
const defaultPeriod = 7

// maxID is the longest id of a repair that is put into a query.
const maxID = 64

// renderer writes figures and texts for one visitor: in their language, and for what they chose.
type renderer struct {
	readmodel.DashboardVisit
	days     int // of the period
	choice   dashboards.Choice
	profiles []*garage.Profile // that may be chosen
	shown    []*garage.Profile // whose rows are shown; see forGarages
	zone     *time.Location
	zoneOf   string // name of the garage whose zone it is, if others have another
	currency string // of amounts whose row has none; empty: garages have different ones
}

// renderer makes of what was asked for what can be shown: whatever is not a choice is
// the default one.
func (p *Pages) renderer(v readmodel.DashboardVisit) renderer {
	r := renderer{DashboardVisit: v, days: defaultPeriod}
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
	r = r.forGarages(chosen)
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
		r.choice.From = garage.DayBegins(r.zone, year, month, day)
	} else {
		r.choice.From = v.Now.AddDate(0, 0, -r.days)
	}
	return r
}

// forGarages writes the rows of these garages: in the time zone of the first one,
// in their currency and with the names of their mechanics.
func (r renderer) forGarages(garages []*garage.Profile) renderer {
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

// forRepair writes the rows of one repair: for the garage that they name.
func (r renderer) forRepair(results []result) renderer {
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
			return r.forGarages(own)
		}
	}
	return r
}

// T is a text of the page in the reader's language, with args filled in.
func (r renderer) T(key string, args ...any) string {
	return locale.Voice{Lang: r.Lang, Texts: texts}.T(key, args...)
}

func (r renderer) dutch() bool { return r.Lang != locale.EN }
