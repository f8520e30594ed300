package api

import (
	"pitstop/schemas/garage"
	"pitstop/schemas/readmodel"
	"pitstop/schemas/repair"
)

// visit is one visitor looking at one repair.
type visit struct {
	voice
	base    string
	query   string // language choice to carry along
	person  readmodel.Person
	decides bool
	garage  *garage.Profile
	repair  *readmodel.Repair
}

// open is the quote that awaits an answer.
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
