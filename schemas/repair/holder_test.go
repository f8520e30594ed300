package repair_test

import (
	"testing"
	"time"

	"pitstop/schemas/repair"
)

// at is a contact with an e-mail address of this digest.
func at(address string) repair.Contact { return repair.Contact{Address: address} }

// leased is a repair of which a lease company decides, with a quote open: two events.
func leased(t *testing.T) *repair.Repair {
	t.Helper()
	r, begun, company := new(repair.Repair), start(noon), at("lease")
	begun.Customer, begun.Approver = at("driver"), &company
	accept(t, r, begun, request(noon))
	return r
}

// owned is a repair of which the customer decides, with a quote open: two events.
func owned(t *testing.T) *repair.Repair {
	t.Helper()
	r, begun := new(repair.Repair), start(noon)
	begun.Customer = at("driver")
	accept(t, r, begun, request(noon))
	return r
}

// From the moment that a correction is accepted, nobody decides, writes or is counted as
// having looked through a link that went to the address of before.
func TestACorrectedAddressTakesThePowerAwayFromTheWrongOne(t *testing.T) {
	const ended, works = repair.LinkEnded, repair.Code("")
	correct := func(p repair.Party, address string) repair.Command {
		return from(&repair.CorrectContact{Party: p, Contact: at(address)}, desk, noon)
	}
	for name, tt := range map[string]struct {
		given       func(*testing.T) *repair.Repair
		correction  repair.Command
		by          repair.Actor
		link        int64
		writes, may repair.Code // what becomes of a message, and of a decision
	}{
		"another address, the first link":            {owned, correct(repair.TheCustomer, "other"), customer, 1, ended, ended},
		"another address, the request's link":        {owned, correct(repair.TheCustomer, "other"), customer, 2, ended, ended},
		"another address, a link of before they did": {owned, correct(repair.TheCustomer, "other"), customer, 0, ended, ended},
		"another address, a link to it":              {owned, correct(repair.TheCustomer, "other"), customer, 3, works, works},
		"the same address":                           {owned, correct(repair.TheCustomer, "driver"), customer, 1, works, works},
		"no address any more":                        {owned, correct(repair.TheCustomer, ""), customer, 2, ended, ended},
		"an approver is added: whose car it is":      {owned, correct(repair.TheApprover, "boss"), customer, 2, works, repair.Forbidden},
		"an approver is added: a link sent to them":  {owned, correct(repair.TheApprover, "boss"), lessor, 3, works, works},
		"an approver is added: a link of before":     {owned, correct(repair.TheApprover, "boss"), lessor, 0, ended, ended},
		"the driver's address, the approver's link":  {leased, correct(repair.TheCustomer, "other"), lessor, 2, works, works},
		"the approver's address, the driver's link":  {leased, correct(repair.TheApprover, "other"), customer, 1, works, repair.Forbidden},
		"the approver's address, the approver's":     {leased, correct(repair.TheApprover, "other"), lessor, 2, ended, ended},
		"the approver's same address":                {leased, correct(repair.TheApprover, "lease"), lessor, 2, works, works},
		"revoked":                                    {leased, from(&repair.RevokeLinks{}, desk, noon), lessor, 2, ended, ended},
		"revoked, the driver's link":                 {leased, from(&repair.RevokeLinks{}, desk, noon), customer, 2, ended, ended},
		"revoked, a link made afterwards":            {leased, from(&repair.RevokeLinks{}, desk, noon), lessor, 3, works, works},
	} {
		t.Run(name, func(t *testing.T) {
			r := tt.given(t)
			accept(t, r, tt.correction)
			view := through(tt.link, from(&repair.RecordView{Revision: 1}, tt.by, noon))
			write := through(tt.link, from(&repair.PostMessage{Kind: repair.Text, TextGiven: true}, tt.by, noon))
			decision := decide(1, repair.Reject, 34800, noon)
			decision.Actor = tt.by
			for _, c := range []struct {
				repair.Command
				want repair.Code
			}{{view, tt.writes}, {write, tt.writes}, {through(tt.link, decision), tt.may}} {
				if _, v := r.Handle(c.Command); v.Code != c.want {
					t.Errorf("%s: %q, want %q", nameOf(c.Command), v.Code, c.want)
				}
			}
		})
	}
}

// What staff do comes through no link.
func TestStaffNeedNoLink(t *testing.T) {
	r := owned(t)
	decision := decide(1, repair.Reject, 34800, noon)
	decision.Actor, decision.Method = sam, repair.ByPhone
	accept(t, r, from(&repair.RevokeLinks{}, desk, noon), from(&repair.PostMessage{Kind: repair.Text, TextGiven: true}, sam, noon), decision)
}

// An event of a version that did not know the addresses is a correction of the address.
func TestACorrectionThatDoesNotSayEndsLinks(t *testing.T) {
	r := owned(t)
	e := &repair.ContactCorrected{Party: repair.TheCustomer}
	e.Sequence = 3
	r.Apply(e)
	if r.Customer.Since != 3 {
		t.Errorf("links work since %d", r.Customer.Since)
	}
}

// A link that has ended does not work again once the repair is forgotten.
func TestForgottenRepairsKeepEndedLinks(t *testing.T) {
	for name, tt := range map[string]struct {
		given func(*testing.T) *repair.Repair
		by    repair.Actor
	}{"customer": {owned, customer}, "approver": {leased, lessor}} {
		t.Run(name, func(t *testing.T) {
			r := tt.given(t)
			accept(t, r, from(&repair.RevokeLinks{}, desk, noon), from(&repair.CancelRepair{}, sam, noon))
			r.Forget()
			write := from(&repair.PostMessage{Kind: repair.Text, TextGiven: true}, tt.by, noon.Add(time.Hour))
			if _, v := r.Handle(through(2, write)); v.Code != repair.LinkEnded {
				t.Errorf("a link that was revoked: %q", v.Code)
			}
			if _, v := r.Handle(through(3, write)); v.Code != "" {
				t.Errorf("a link made afterwards: %q", v.Code)
			}
		})
	}
}
