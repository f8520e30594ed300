package notification

import (
	"slices"

	"pitstop/schemas"
	"pitstop/schemas/garage"
	"pitstop/schemas/locale"
	"pitstop/schemas/repair"
)

// recipient is somebody who is told things by mail.
type recipient struct {
	actor     repair.Actor
	contact   *repair.Contact // nil: staff
	decides   bool
	reachable bool
}

func contactOf(role repair.Role, c repair.Contact, decides bool) recipient {
	return recipient{repair.Actor{Role: role}, &c, decides, c.Reachable(repair.Email)}
}

func (s step) customer() recipient {
	return contactOf(repair.Customer, s.Known.Customer, s.Known.Approver == nil)
}

// approver is who decides about quotes: the customer where there is nobody else.
func (s step) approver() recipient {
	if s.Known.Approver == nil {
		return s.customer()
	}
	return contactOf(repair.Approver, *s.Known.Approver, true)
}

// writer is who wrote last on the customer's side.
func (s step) writer() recipient {
	if s.Known.Writer == repair.Approver {
		return s.approver()
	}
	return s.customer()
}

// now is a recipient of before as they are now.
func (s step) now(actor repair.Actor) recipient {
	switch actor.Role {
	case repair.Customer:
		return s.customer()
	case repair.Approver:
		return s.approver()
	}
	return recipient{actor: actor, reachable: true}
}

// staff is a mechanic; or customer service for somebody whose address the garage
// file does not have, such as an integrator who asks in the mechanics' name.
func (s step) staff(who repair.Actor) recipient {
	if _, ok := s.garage.Mechanic(who.ID); ok {
		return recipient{actor: repair.Actor{Role: repair.Mechanic, ID: who.ID}, reachable: true}
	}
	if desk := s.desk(); desk.reachable {
		return desk
	}
	return recipient{actor: who}
}

// desk is customer service.
func (s step) desk() recipient {
	return recipient{
		actor:     repair.Actor{Role: repair.CustomerService},
		reachable: len(s.garage.Staff.CustomerService) > 0,
	}
}

// name identifies a notification by what causes it, its kind and its recipient;
// also tells apart several of them.
func (s step) name(kind schemas.NotificationKind, to recipient, restsOn int64, revision int32, also ...string) schemas.Notice {
	parts := append([]string{"notification", s.Cause().EventID, string(kind), string(to.actor.Role), to.actor.ID}, also...)
	return schemas.Notice{
		NotificationID: repair.DerivedID(s.Time(), parts...),
		Kind:           kind, RestsOn: restsOn, Revision: revision, Recipient: to.actor, Channel: repair.Email,
	}
}

// notification is what is to be said, and to whom.
type notification struct {
	*schemas.NotificationRequested
	to recipient
}

// notice begins a notification with what every one of them says.
func (s step) notice(kind schemas.NotificationKind, to recipient, restsOn int64, revision int32) notification {
	k := s.Known
	r := &schemas.NotificationRequested{
		Notice:  s.name(kind, to, restsOn, revision),
		Attempt: 1, FirstRequestedAt: s.Time(),
		Contact: to.contact, Decides: to.decides, Language: language(s.garage, to.contact),
		Vehicle: k.Vehicle, Customer: k.Customer, Mechanic: k.Mechanic, ExternalRef: k.ExternalRef,
		ReadyAt: k.ReadyAt, Currency: k.Currency, Done: k.Done, Declined: k.Declined,
		AgreedTotal: k.AgreedTotal, ApprovedTotal: k.ApprovedTotal,
	}
	r.GarageID = k.GarageID
	n := notification{r, to}
	if k.Asked != nil && k.Asked.Revision == revision {
		n = n.about(*k.Asked)
	}
	return n
}

// about fills in the quote a notification is about.
func (n notification) about(a Asked) notification {
	n.Quote, n.AnswerBy, n.ExpiresAt = &a.Quote, a.AnswerBy, a.ExpiresAt
	return n
}

func language(g *garage.Profile, c *repair.Contact) string {
	if c == nil {
		return string(g.Lang())
	}
	return string(locale.Fold(c.Language, g.Language))
}

// tell requests a notification; or says why nothing is sent.
func (s step) tell(n notification) {
	if !n.to.reachable {
		s.suppress(n.Notice, schemas.NoAddress, "")
		s.callInstead(schemas.CallNoAddress, n.Notice, n.to)
		return
	}
	s.Emit(schemas.Notifications, n.NotificationRequested)
	p := Pending{Request: *n.NotificationRequested}
	if a := s.Known.Asked; a != nil && a.Revision == p.Request.Revision {
		p.Request.Quote = nil // Asked has it
	}
	s.Known.Pending = append(s.Known.Pending, p)
}

func (s step) suppress(n schemas.Notice, why schemas.SuppressReason, because string) {
	r := &schemas.NotificationSuppressed{Notice: n, Reason: why, Because: because}
	r.GarageID = s.garage.ID
	s.Emit(schemas.Notifications, r)
}

// pass ends the moment of notifications that are under way: those that wait for
// another try are suppressed at once, the others if their try is refused for now.
func (s step) pass(because string, kinds ...schemas.NotificationKind) {
	for i := range s.Known.Pending {
		if p := &s.Known.Pending[i]; p.Passed == "" && slices.Contains(kinds, p.Request.Kind) {
			p.Passed = because
		}
	}
	s.Known.Pending = slices.DeleteFunc(s.Known.Pending, func(p Pending) bool {
		over := p.Waiting && p.Passed != ""
		if over {
			s.Cancel(retryTimer + p.Request.NotificationID)
			s.suppress(p.Request.Notice, schemas.MomentPassed, p.Passed)
		}
		return over
	})
}

// callInstead asks somebody to call a person whom a notification does not reach.
func (s step) callInstead(why schemas.CallReason, n schemas.Notice, to recipient) {
	if to.contact != nil && slices.Contains(mustReach, n.Kind) {
		s.call(why, n.Kind, n.RestsOn, n.Revision, to)
	}
}

// call asks customer service and the mechanic to call, once for a revision.
func (s step) call(why schemas.CallReason, kind schemas.NotificationKind, restsOn int64, revision int32, to recipient) {
	if revision != 0 {
		a := s.Known.Asked
		if a == nil || a.Revision != revision || a.Called {
			return
		}
		a.Called = true
		s.Cancel(callTimer)
	}
	t := &schemas.CallTask{Reason: why, RestsOn: restsOn, Revision: revision, Kind: kind, Recipient: to.actor}
	t.GarageID = s.garage.ID
	if to.contact != nil {
		t.Contact = *to.contact
	}
	s.Emit(schemas.Notifications, t)
}
