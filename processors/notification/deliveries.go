package notification

import (
	"cmp"
	"encoding/binary"
	"hash/fnv"
	"slices"
	"time"

	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// tries is how often a notification is attempted while it is deferred.
const tries = 8

// firstWait is the wait between the first and the second try. Each one doubles it
// and spreads it by a tenth either way: the eighth comes about 28 minutes after
// the first.
const firstWait = 13 * time.Second

// wait returns how long after a deferred attempt the next one comes: the same
// whenever it is computed, different for each notification.
func wait(notificationID string, attempt int32) time.Duration {
	h := fnv.New64a()
	h.Write([]byte(notificationID))
	h.Write(binary.BigEndian.AppendUint32(nil, uint32(attempt)))
	spread := int64(h.Sum64()%2001) - 1000
	d := firstWait << (attempt - 1)
	return d + d/10_000*time.Duration(spread)
}

// pending returns the index of a notification whose fate is not known yet, or -1.
func (s step) pending(id string) int {
	if s.Known == nil {
		return -1
	}
	return slices.IndexFunc(s.Known.Pending, func(p Pending) bool { return p.Request.NotificationID == id })
}

// underWay returns the index of the notification whose attempt is under way, or -1:
// a delivery of another attempt is stale, and changes nothing.
func (s step) underWay(id string, attempt int32) int {
	if i := s.pending(id); i >= 0 && s.Known.Pending[i].Request.Attempt == attempt && s.Known.Pending[i].underWay() {
		return i
	}
	return -1
}

// underWay reports whether an attempt was requested of which nothing is known yet.
func (p Pending) underWay() bool { return !p.Waiting && !p.Held }

// end forgets a notification whose fate is known, and sends what was held behind it.
func (s step) end(i int, told bool) {
	to := s.Known.Pending[i].Request.Recipient
	s.drop(i, told)
	s.release(to)
}

// drop forgets a notification whose fate is known. What takes it back is suppressed if
// neither it was told nor a revision that it replaced; what replaces it is sent in any case.
func (s step) drop(i int, told bool) {
	k, ended := s.Known, s.Known.Pending[i]
	id := ended.Request.NotificationID
	k.Pending = slices.Delete(k.Pending, i, i+1)
	s.CancelTimer(retryTimer + id)
	i = slices.IndexFunc(k.Pending, func(p Pending) bool { return p.TakesBack == id })
	if i < 0 {
		return
	}
	p := &k.Pending[i]
	switch p.TakesBack = ""; {
	case p.Request.Kind != record.NotifyQuoteWithdrawn:
	case told:
		p.Request.Replaced = ended.Jobs
	case len(p.Request.Replaced) == 0:
		s.suppress(p.Request.Notice, record.NotTold, "")
		k.Pending = slices.Delete(k.Pending, i, i+1)
	}
}

// accepted ends a notification that a mail server has accepted, even if it deferred
// the same attempt before and another one waits.
func (s step) accepted(id string) {
	if i := s.pending(id); i >= 0 {
		s.taken(s.Known.Pending[i])
		s.toldBefore(s.Known.Pending[i])
		s.end(i, true)
	}
}

// deferred sets the timer of the next try, unless the moment for it has passed or
// this one was the last.
func (s step) deferred(id string, attempt int32) {
	i := s.underWay(id, attempt)
	if i < 0 {
		return
	}
	switch p := s.Known.Pending[i]; {
	case p.Passed != "":
		s.suppress(p.Request.Notice, record.MomentPassed, p.Passed)
		s.end(i, false)
	case attempt >= tries:
		s.suppress(p.Request.Notice, record.TriesUsedUp, "")
		s.callInstead(record.CallUndeliverable, p.Request.Notice, s.current(p.Request.Recipient))
		s.end(i, false)
	default:
		s.Known.Pending[i].Waiting = true
		s.SetTimer(retryTimer+id, s.Time().Add(wait(id, attempt)))
	}
}

// failed ends a notification of which the address, or the mail, was refused for good.
// Somebody is asked to call the customer, unless its moment has passed.
func (s step) failed(id string, attempt int32) {
	i := s.underWay(id, attempt)
	if i < 0 {
		return
	}
	p := s.Known.Pending[i]
	if p.Renew && p.Passed == "" { // it was the former address that refused it
		s.hold(i)
		return
	}
	if to := s.current(p.Request.Recipient); p.Passed == "" && to.contact != nil {
		s.refused(p)
		s.call(record.CallUndeliverable, p.Request.Kind, p.Request.RestsOn, p.Request.Revision, to)
	}
	s.end(i, false)
}

// outOfDate is why the moment of a notification passed that was out of date when it was
// known, or that its sink found to be out of date by the clock.
const outOfDate = string(record.OutOfDate)

// withheld ends a notification whose attempt was not made, as its moment had passed; or
// holds it, as an earlier one to the same person waits for another try; or tries again, as
// only the sink's clock says that it is out of date.
func (s step) withheld(r *record.DeliveryWithheld) {
	i := s.underWay(r.NotificationID, r.Attempt)
	if i < 0 {
		return
	}
	p := &s.Known.Pending[i]
	if p.Passed == "" && (p.Renew || r.Reason == record.OutOfOrder) {
		s.hold(i)
		return
	}
	if r.Reason == record.OutOfDate && p.Passed == "" {
		now := s.complete(draft{p.Request, s.current(p.Request.Recipient)})
		if !now.OutOfDate(s.LogTime().Add(repair.MaxAhead)) { // the sink's clock was ahead
			s.deferred(r.NotificationID, r.Attempt)
			return
		}
	}
	s.suppress(p.Request.Notice, record.MomentPassed, cmp.Or(p.Passed, r.Because, outOfDate))
	if p.Passed == "" {
		s.callInstead(record.CallUndeliverable, p.Request.Notice, s.current(p.Request.Recipient))
	}
	s.end(i, false)
}

// hold makes the next attempt when what comes before it, to the same person, has had its end;
// at once if it has had that.
func (s step) hold(i int) {
	p := &s.Known.Pending[i]
	p.Renew, p.Held = false, true
	s.release(p.Request.Recipient)
}

// retry makes the next attempt. Whatever ended the notification's moment has cancelled
// the timer.
func (s step) retry(id string) {
	if i := s.pending(id); i >= 0 {
		s.send(i)
	}
}
