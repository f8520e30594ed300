package customer

import (
	"time"

	"pitstop/schemas/garage"
	"pitstop/schemas/locale"
	"pitstop/schemas/readmodel"
	"pitstop/schemas/repair"
	"pitstop/schemas/wording"
)

// voice formats texts in a visitor's language, as of a moment, in a garage's time zone.
type voice struct {
	locale.Voice
	now  time.Time
	zone *time.Location
}

// moment formats a day and a time: "vandaag, woensdag 20 mei, 14.00 uur".
func (v voice) moment(t time.Time) string {
	return v.Lang.DayAndDate(t, v.now, v.zone) + ", " + v.Lang.Time(t, v.zone)
}

// stamp formats when something happened, short: "vandaag om 10.05 uur".
func (v voice) stamp(t time.Time) string {
	return v.T("day at", v.Lang.Day(t, v.now, v.zone), v.Lang.Time(t, v.zone))
}

// visit is one visitor looking at one repair.
type visit struct {
	voice
	base    string
	query   string       // language choice to carry along
	party   repair.Party // whose link it is
	link    int64        // the sequence it names
	person  readmodel.Person
	decides bool
	garage  *garage.Profile
	repair  *readmodel.Repair
	after   int64 // the event that the visitor comes to see; 0: none
	behind  bool  // more has happened to the repair than the read model has
}

// teller writes what mails say alike.
func (v *visit) teller() wording.Teller {
	return wording.Teller{Lang: v.Lang, Garage: v.garage, Now: v.now}
}

// open returns the quote that awaits an answer; nil: none.
func (v *visit) open() *readmodel.Quote {
	return v.quote(func(q readmodel.Quote) bool { return q.Status == repair.StatusOpen && v.now.Before(q.ExpiresAt) })
}

func (v *visit) revision(n int32) *readmodel.Quote {
	return v.quote(func(q readmodel.Quote) bool { return q.Revision == n })
}

func (v *visit) quote(is func(readmodel.Quote) bool) *readmodel.Quote {
	for i := range v.repair.Quotes {
		if is(v.repair.Quotes[i]) {
			return &v.repair.Quotes[i]
		}
	}
	return nil
}

// role returns the role in which the visitor acts: the customer decides where
// there is no separate approver.
func (v *visit) role() repair.Role { return repair.Role(v.party) }

// ended reports whether the link was made before the contact was corrected, or the
// links were revoked.
func (v *visit) ended() bool { return v.link < *v.repair.LinksSince.Of(v.party) }

// at returns a path below the visitor's page, in the language chosen.
func (v *visit) at(path string) string { return v.base + path + v.query }

// with returns the path of the visitor's page with a parameter.
func (v *visit) with(name, value string) string {
	if v.query != "" {
		return v.base + v.query + "&" + name + "=" + value
	}
	return v.base + "?" + name + "=" + value
}
