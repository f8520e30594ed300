package api

import (
	"pitstop/schemas/garage"
	"pitstop/schemas/repair"
	"pitstop/schemas/view"
)

// visit is one visitor looking at one repair.
type visit struct {
	voice
	base    string
	query   string // language choice to carry along
	person  view.Person
	decides bool
	garage  *garage.Profile
	repair  *view.Repair
}

// open is the quote that awaits an answer.
func (v *visit) open() *view.Quote {
	return v.quote(func(q view.Quote) bool { return q.Status == repair.StatusOpen && v.now.Before(q.ExpiresAt) })
}

func (v *visit) revision(n int32) *view.Quote {
	return v.quote(func(q view.Quote) bool { return q.Revision == n })
}

func (v *visit) quote(is func(view.Quote) bool) *view.Quote {
	for i := range v.repair.Quotes {
		if is(v.repair.Quotes[i]) {
			return &v.repair.Quotes[i]
		}
	}
	return nil
}

// role is in which capacity the visitor acts: the customer decides where there
// is no separate approver.
func (v *visit) role() repair.Role {
	if v.decides && v.repair.Approver != nil {
		return repair.Approver
	}
	return repair.Customer
}

// at is a path below the visitor's page, in the language chosen.
func (v *visit) at(path string) string { return v.base + path + v.query }
