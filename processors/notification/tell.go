package notification

import (
	"cmp"
	"slices"

	"pitstop/schemas/garage"
	"pitstop/schemas/locale"
	"pitstop/schemas/record"
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

// approver returns who decides about quotes: the customer if there is nobody else.
func (s step) approver() recipient {
	if s.Known.Approver == nil {
		return s.customer()
	}
	return contactOf(repair.Approver, *s.Known.Approver, true)
}

// writer returns who wrote last on the customer's side.
func (s step) writer() recipient {
	if s.Known.Writer == repair.Approver {
		return s.approver()
	}
	return s.customer()
}

// current returns a former recipient as they are now.
func (s step) current(actor repair.Actor) recipient {
	switch actor.Role {
	case repair.Customer:
		return s.customer()
	case repair.Approver:
		return s.approver()
	default:
		return recipient{actor: actor, reachable: true}
	}
}

// staff returns a mechanic; or customer service for somebody whose address is not in
// the garage file, such as an integrator that asks on the mechanics' behalf.
func (s step) staff(who repair.Actor) recipient {
	if _, ok := s.garage.Mechanic(who.ID); ok {
		return recipient{actor: repair.Actor{Role: repair.Mechanic, ID: who.ID}, reachable: true}
	}
	if desk := s.desk(); desk.reachable {
		return desk
	}
	return recipient{actor: cmp.Or(who, repair.Actor{Role: repair.Mechanic})}
}

// desk returns customer service.
func (s step) desk() recipient {
	return recipient{
		actor:     repair.Actor{Role: repair.CustomerService},
		reachable: len(s.garage.Staff.CustomerService) > 0,
	}
}

// name identifies a notification by what causes it, its kind and its recipient, and
// by also if there are several of them.
func (s step) name(kind record.NotificationKind, to recipient, restsOn int64, revision int32, also ...string) record.Notice {
	parts := append([]string{"notification", s.Cause().EventID, string(kind), string(to.actor.Role), to.actor.ID}, also...)
	return record.Notice{
		NotificationID: repair.DerivedID(s.Time(), parts...),
		Kind:           kind, RestsOn: restsOn, Revision: revision, Recipient: to.actor, Channel: repair.Email,
	}
}

// draft is a notification before complete adds what every notification says, and its
// recipient.
type draft struct {
	record.NotificationRequested
	to recipient
}

func (s step) draft(kind record.NotificationKind, to recipient, restsOn int64, revision int32) draft {
	d := draft{to: to}
	d.Notice, d.FirstRequestedAt = s.name(kind, to, restsOn, revision), s.known
	d.OccurredAt = s.known
	return d
}

// tell requests an attempt; or says why nothing is sent. Mails to one person about one
// repair go in order: while an earlier one waits for another try, this one is held.
func (s step) tell(d draft) { s.tellAfter(d, "") }

// tellAfter tells something that takes back another notification, as soon as that has
// been accepted. If it never is, there is nothing to take back.
func (s step) tellAfter(d draft, takesBack string) {
	if s.history {
		s.suppress(d.Notice, record.History, "")
		return
	}
	if s.complete(d).OutOfDate(s.known) { // it was over before it was known: there is nothing to call about, either
		s.suppress(d.Notice, record.MomentPassed, outOfDate)
		return
	}
	if !d.to.reachable {
		s.suppress(d.Notice, record.NoAddress, "")
		s.callInstead(record.CallNoAddress, d.Notice, d.to)
		return
	}
	s.Known.Pending = append(s.Known.Pending, Pending{Request: d.NotificationRequested, Held: true, TakesBack: takesBack})
	s.release(d.to.actor)
}

// release sends what is held for a person, unless something before it was refused for now
// and has not had its end, or is to be made anew; or it is not known yet whether there is
// anything to take back.
func (s step) release(to repair.Actor) {
	for i := 0; i < len(s.Known.Pending); {
		switch p := s.Known.Pending[i]; {
		case p.Request.Recipient != to:
			i++
		case !s.simulated && (p.Waiting || p.TakesBack != "" || p.Renew || p.underWay() && p.Request.Attempt > 1):
			return
		case !p.Held:
			i++
		default:
			if s.send(i) {
				i++
			}
		}
	}
}

// send requests the next attempt of a pending notification, to its recipient as they
// are now. If they have no address any more, it ends the notification and returns false.
func (s step) send(i int) bool {
	p := &s.Known.Pending[i]
	d := draft{p.Request, s.current(p.Request.Recipient)}
	if !d.to.reachable {
		s.suppress(d.Notice, record.NoAddress, "")
		s.callInstead(record.CallNoAddress, d.Notice, d.to)
		s.end(i, false)
		return false
	}
	d.Attempt++
	p.Request, p.Waiting, p.Held, p.Renew = d.NotificationRequested, false, false, false
	s.Emit(record.Notifications, s.complete(d))
	return true
}

// complete adds to a draft what every notification says, as it is now.
func (s step) complete(d draft) *record.NotificationRequested {
	k, r := s.Known, d.NotificationRequested
	r.Header = repair.Header{GarageID: s.garage.ID, OccurredAt: s.known}
	r.Contact, r.Decides, r.Language = d.to.contact, d.to.decides, language(s.garage, d.to.contact)
	r.Vehicle, r.Customer, r.Mechanic, r.ExternalRef = k.Vehicle, k.Customer, k.Mechanic, k.ExternalRef
	r.ReadyAt, r.Currency, r.Done, r.Declined = k.ReadyAt, k.Currency, k.Done, k.Declined
	r.AgreedTotal, r.ApprovedTotal, r.Sequence = k.AgreedTotal, k.ApprovedTotal, k.Sequence
	if a := k.Asked; a != nil && a.Revision == r.Revision {
		r.Quote, r.AnswerBy, r.ExpiresAt = &a.Quote, a.AnswerBy, a.ExpiresAt
		if r.Kind == record.NotifyApprovalRequired {
			r.Replaced = a.Replaced
		}
	}
	return &r
}

func language(g *garage.Profile, c *repair.Contact) string {
	if c == nil {
		return string(g.Lang())
	}
	return string(locale.Fold(c.Language, g.Language))
}

func (s step) suppress(n record.Notice, why record.SuppressReason, because string) {
	if because == string(record.ReplyOwed) { // its moment has not passed
		why, because = record.ReplyOwed, ""
	}
	r := &record.NotificationSuppressed{Notice: n, Reason: why, Because: because}
	r.GarageID = s.garage.ID
	s.Emit(record.Notifications, r)
}

// news tells the customer something that a corrected address is told, too, while it matters.
func (s step) news(d draft) {
	if s.tell(d); !s.history {
		s.Known.News = &d.NotificationRequested
	}
}

// pass ends the moment of notifications: those that wait are suppressed at once, those
// under way are recalled, and suppressed once it is known that they did not go out.
func (s step) pass(because string, kinds ...record.NotificationKind) {
	var held []repair.Actor // who may have something held behind a suppressed one
	for i := 0; i < len(s.Known.Pending); {
		switch p := &s.Known.Pending[i]; {
		case p.Passed != "" || !slices.Contains(kinds, p.Request.Kind):
			i++
		case p.underWay():
			p.Passed = because
			if !s.simulated && !p.Renew { // else it was recalled before
				s.recall(p.Request, because)
			}
			r := p.Request // what it says is not needed again
			p.Request = record.NotificationRequested{Header: r.Header, Notice: r.Notice, Attempt: r.Attempt, FirstRequestedAt: r.FirstRequestedAt}
			i++
		default:
			held = append(held, p.Request.Recipient)
			s.suppress(p.Request.Notice, record.MomentPassed, because)
			s.drop(i, false)
		}
	}
	for _, to := range held {
		s.release(to)
	}
}

// renew recalls what is under way to the customer's side, to make it anew: an attempt that
// is withheld, or refused, is followed by one to the contact as it is by then.
func (s step) renew(because string, roles ...repair.Role) {
	if s.simulated {
		return
	}
	for i := range s.Known.Pending {
		p := &s.Known.Pending[i]
		if p.underWay() && p.Passed == "" && !p.Renew && slices.Contains(roles, p.Request.Recipient.Role) {
			p.Renew = true
			s.recall(p.Request, because)
		}
	}
}

func (s step) recall(n record.NotificationRequested, because string) {
	r := &record.NotificationRecalled{Notice: n.Notice, Attempt: n.Attempt, Because: because}
	r.GarageID = s.garage.ID
	s.Emit(record.Notifications, r)
}

// mustReach lists the notifications that must reach a customer: if there is no
// address, or every try was deferred, somebody calls. (An address that refuses for
// good makes a call task whatever the kind: the next mail would not arrive either.)
var mustReach = []record.NotificationKind{
	record.NotifyApprovalRequired, record.NotifyReminder, record.NotifyReadyLater,
	record.NotifyCompleted, record.NotifyMessage, record.NotifyLink,
}

// callInstead asks somebody to call a person whom a notification does not reach.
func (s step) callInstead(why record.CallReason, n record.Notice, to recipient) {
	if to.contact != nil && slices.Contains(mustReach, n.Kind) {
		s.call(why, n.Kind, n.RestsOn, n.Revision, to)
	}
}

// call asks customer service and the mechanic to call: about a revision only while
// it awaits an answer, and once.
func (s step) call(why record.CallReason, kind record.NotificationKind, restsOn int64, revision int32, to recipient) {
	if s.history || revision != 0 && !s.firstCall(revision) {
		return
	}
	t := &record.CallTask{Reason: why, RestsOn: restsOn, Revision: revision, Kind: kind, Recipient: to.actor}
	t.GarageID, t.OccurredAt = s.garage.ID, s.known
	if to.contact != nil {
		t.Contact = *to.contact
	}
	s.Emit(record.Notifications, t)
}
