package notification

import (
	"encoding/binary"
	"hash/fnv"
	"slices"
	"time"

	"pitstop/schemas/record"
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
	if i := s.pending(id); i >= 0 && s.Known.Pending[i].Request.Attempt == attempt && !s.Known.Pending[i].Waiting {
		return i
	}
	return -1
}

// drop forgets a notification whose fate is known, and returns it.
func (s step) drop(i int) Pending {
	p := s.Known.Pending[i]
	s.Known.Pending = slices.Delete(s.Known.Pending, i, i+1)
	s.CancelTimer(retryTimer + p.Request.NotificationID)
	return p
}

// accepted ends a notification that a mail server has accepted, even if it deferred
// the same attempt before and another one waits.
func (s step) accepted(id string) {
	i := s.pending(id)
	if i < 0 {
		return
	}
	s.taken(s.drop(i))
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
		s.drop(i)
		s.suppress(p.Request.Notice, record.MomentPassed, p.Passed)
	case attempt >= tries:
		s.drop(i)
		s.suppress(p.Request.Notice, record.TriesUsedUp, "")
		s.callInstead(record.CallUndeliverable, p.Request.Notice, s.current(p.Request.Recipient))
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
	p := s.drop(i)
	to := s.current(p.Request.Recipient)
	if p.Passed != "" || to.contact == nil {
		return
	}
	s.refused(p)
	s.call(record.CallUndeliverable, p.Request.Kind, p.Request.RestsOn, p.Request.Revision, to)
}

// retry makes the next attempt, to the contact as it is now. Whatever ended the
// notification's moment has cancelled the timer.
func (s step) retry(id string) {
	i := s.pending(id)
	if i < 0 {
		return
	}
	d := draft{NotificationRequested: s.drop(i).Request}
	d.to = s.current(d.Recipient)
	d.Attempt++
	s.tell(d)
}
