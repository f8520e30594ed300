package page

import (
	"slices"
	"strconv"
	"time"

	"pitstop/dashboards"
	"pitstop/schemas/garage"
	"pitstop/schemas/locale"
)

// periods are the days that a reader may look back; 0 is today.
var periods = []int{0, 7, 30, 90, 365}

// defaultPeriod is a week, against the week before.
const defaultPeriod = 7

// maxID is the longest id of a repair that is put into a query.
const maxID = 64

// reader is who looks, at what, and how it is written for them.
type reader struct {
	Visit
	days     int // of the period
	choice   dashboards.Choice
	zone     *time.Location
	zoneOf   string            // name of the garage whose clock it is, where several are looked at
	currency string            // of the amounts; empty: garages have different ones
	profiles []*garage.Profile // that may be chosen
}

// reader makes of what was asked what can be shown: whatever is not a choice is
// the default one.
func (p *Pages) reader(v Visit) reader {
	r := reader{Visit: v, days: defaultPeriod, zone: time.UTC}
	if days, err := strconv.Atoi(v.Query.Get("period")); err == nil && slices.Contains(periods, days) {
		r.days = days
	}
	for _, id := range v.Garages {
		if g, ok := p.Garages.Garage(id); ok {
			r.profiles = append(r.profiles, g)
		}
	}
	for _, id := range v.Chosen {
		g, ok := p.Garages.Garage(id)
		if !ok {
			continue
		}
		switch {
		case r.choice.Garages == nil:
			r.zone, r.currency = g.Location(), g.Currency
			if len(v.Chosen) > 1 {
				r.zoneOf = g.Name
			}
		case r.currency != g.Currency:
			r.currency = ""
		}
		r.choice.Garages = append(r.choice.Garages, id)
	}
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

// profile gives a garage that may be chosen.
func (r reader) profile(id string) (*garage.Profile, bool) {
	for _, g := range r.profiles {
		if g.ID == id {
			return g, true
		}
	}
	return nil, false
}

// T is a text of the page in the reader's language.
func (r reader) T(key string) string {
	text, ok := texts[key]
	if !ok {
		return key
	}
	return text.In(r.Lang)
}

func (r reader) dutch() bool { return r.Lang != locale.EN }
