package notification

import (
	"encoding/binary"
	"hash/fnv"
	"slices"
	"time"

	"pitstop/schemas/record"
)

// tries is how often a notification is attempted while it is refused for now.
const tries = 8

// firstWait is the wait between the first and the second try. Each one doubles it
// and spreads it by a tenth either way: the eighth comes about 28 minutes after
// the first.
const firstWait = 13 * time.Second

// wait is how long after a refused attempt the next one comes: the same whenever
// it is computed, different for each notification.
func wait(notificationID string, attempt int32) time.Duration {
	h := fnv.New64a()
	h.Write([]byte(notificationID))
	h.Write(binary.BigEndian.AppendUint32(nil, uint32(attempt)))
	spread := int64(h.Sum64()%2001) - 1000
	d := firstWait << (attempt - 1)
	return d + d/10_000*time.Duration(spread)
}

// pending finds a notification whose fate is not known yet.
func (s step) pending(id string) int {
	if s.Known == nil {
		return -1
	}
	return slices.IndexFunc(s.Known.Pending, func(p Pending) bool { return p.Request.NotificationID == id })
}

// underWay finds the notification whose attempt is under way. What is said about
// another attempt was said before, and changes nothing.
func (s step) underWay(id string, attempt int32) int {
	if i := s.pending(id); i >= 0 && s.Known.Pending[i].Request.Attempt == attempt && !s.Known.Pending[i].Waiting {
		return i
	}
	return -1
}

// drop forgets a notification whose fate is known, and gives it.
func (s step) drop(i int) Pending {
	p := s.Known.Pending[i]
	s.Known.Pending = slices.Delete(s.Known.Pending, i, i+1)
	s.CancelTimer(retryTimer + p.Request.NotificationID)
	return p
}

// accepted: a mail server has it, so nothing more is to be done; not even when it
// refused the same attempt a moment before and another one waits.
func (s step) accepted(id string) {
	i := s.pending(id)
	if i < 0 {
		return
	}
	s.taken(s.drop(i))
}

// deferred sets the time of the next try, unless there is no sense or no use in one.
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

// failed: the address, or what was sent there, was refused for good. Somebody calls
// the customer, unless that does not matter any more.
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
// notification's moment took the timer back.
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
