package notification

import (
	"slices"
	"time"

	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// A customer's link can be in anybody's hands, so messages that are written on its page cause
// at most staffMails mails to staff in staffWindow; what is written beyond that is gathered
// into one mail. Each answer to a quote is told at once, as it takes the garage's asking: it
// counts against the messages that follow, and while one is awaited a place is kept for it.
const (
	staffMails  = 6
	staffWindow = 10 * time.Minute
)

// maxGathered is the most messages that one mail passes on in full: the last ones. The
// conversation has them all.
const maxGathered = 20

// hear passes a message of the customer's side on to staff, at once or with later ones.
func (s step) hear(e *repair.MessagePosted) {
	k, m := s.Known, Gathered{record.Said{At: e.OccurredAt, Kind: e.Kind, Text: e.Text}, e.Actor, e.Sequence}
	if s.history {
		s.toStaff([]Gathered{m}, 0)
		return
	}
	k.Gathered = append(k.Gathered, m)
	if len(k.Gathered) > maxGathered {
		k.Gathered = slices.Delete(k.Gathered, 0, 1)
		k.Omitted++
	}
	s.passOn()
}

// passOn sends the messages that were gathered, unless that would be too many mails; then
// it sets the timer for when it no longer is.
func (s step) passOn() {
	k := s.Known
	s.forgetHeard()
	most := staffMails
	if k.Asked != nil {
		most--
	}
	if over := len(k.Heard) + len(s.readers()) - most; over > 0 {
		s.SetTimer(gatherTimer, k.Heard[over-1].Add(staffWindow))
		return
	}
	s.CancelTimer(gatherTimer)
	for range s.toStaff(k.Gathered, k.Omitted) {
		k.Heard = append(k.Heard, s.known)
	}
	k.Gathered, k.Omitted = nil, 0
}

// heard counts a mail to staff that the customer's side caused otherwise.
func (s step) heard() {
	s.forgetHeard()
	s.Known.Heard = append(s.Known.Heard, s.known)
}

func (s step) forgetHeard() {
	k := s.Known
	k.Heard = slices.DeleteFunc(k.Heard, func(at time.Time) bool { return !at.Add(staffWindow).After(s.known) })
}

// readers returns who of the staff reads what the customer's side writes.
func (s step) readers() []recipient {
	to := []recipient{s.staff(s.Known.Mechanic)}
	if desk := s.desk(); desk.reachable && desk.actor != to[0].actor {
		to = append(to, desk)
	}
	return to
}

// toStaff passes messages on in one mail to each who is to read them, and returns how many
// mails that are.
func (s step) toStaff(messages []Gathered, omitted int32) (mails int) {
	last := messages[len(messages)-1]
	for _, r := range s.readers() {
		d := s.draft(record.NotifyMessage, r, last.Sequence, 0)
		d.MessageKind, d.Text, d.From, d.WrittenAt = last.Kind, last.Text, last.From, last.At
		for _, m := range messages[:len(messages)-1] {
			d.Earlier = append(d.Earlier, m.Said)
		}
		d.Omitted = omitted
		s.tell(d)
		mails++
	}
	return mails
}
