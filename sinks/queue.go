package sinks

import (
	"cmp"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// errand is a notification that was requested and has no end yet.
type errand struct {
	lane    *lane
	offset  int64
	request *record.NotificationRequested

	inTurn   bool // whether it is in lane.turn
	started  bool
	withhold *withhold   // why it is not to be attempted again, or not at all; nil: it may be
	outcome  *kgo.Record // what became of it, while that is not known to be on the log
	deferred bool        // it was refused for now
	done     bool
}

// withhold is why an attempt is not made.
type withhold struct {
	reason  record.WithheldReason
	because string
}

// lane holds the errands of one partition, in the order of the log.
type lane struct {
	id        int32
	next      int64 // offset after the last record that was read
	end       int64 // offset up to which records can be read, as of the last fetch
	epoch     int32 // of the leader that served the last record
	committed int64
	known     map[string]bool // the attempts that others have written down; nil: not learnt yet
	errands   []*errand
	byRepair  map[string][]*errand
	// turn are those before which there is none of their repair, in the order of the log;
	// some are no longer idle.
	turn []*errand
	// refused is to whom a mail was refused for now, and when, until it is known that the
	// processor has heard of it: what it asks for later, it asks for in order.
	refused map[person]time.Time
}

// person is somebody whom mails about a repair go to.
type person struct {
	repair string
	to     repair.Actor
}

func personOf(n *record.NotificationRequested) person { return person{n.AggregateID, n.Recipient} }

// hear takes in what became of an attempt of another process: in the order of the log, by
// which nothing goes to whom a mail was refused for now before the processor has heard of
// that.
func (l *lane) hear(outcome record.Headed, now time.Time) {
	switch o := outcome.(type) {
	case *record.DeliveryDeferred:
		l.refused[person{o.AggregateID, o.Recipient}] = now
	case *record.DeliveryAccepted:
		delete(l.refused, person{o.AggregateID, o.Recipient})
	case *record.DeliveryFailed:
		delete(l.refused, person{o.AggregateID, o.Recipient})
	}
}

// queueUp lets an errand be attempted, in the order of the log: so that the oldest end
// first, and their offsets can be committed.
func (l *lane) queueUp(e *errand) {
	if !e.inTurn && e.idle() {
		e.inTurn = true
		at, _ := slices.BinarySearchFunc(l.turn, e, func(a, b *errand) int { return cmp.Compare(a.offset, b.offset) })
		l.turn = slices.Insert(l.turn, at, e)
	}
}

// clear takes those out of turn that need no attempt any more: at the front, or all.
func (l *lane) clear(all bool) {
	for len(l.turn) > 0 && !l.turn[0].idle() {
		l.turn[0].inTurn = false
		l.turn = l.turn[1:]
	}
	if all {
		l.turn = slices.DeleteFunc(l.turn, func(e *errand) bool {
			e.inTurn = e.idle()
			return !e.inTurn
		})
	}
}

// caughtUp reports whether all that the partition held at the last fetch has been read:
// only then is it known whether a request has been recalled.
func (l *lane) caughtUp() bool { return l.next >= l.end }

// behind returns the offset of the first errand that has no end: what must be read again
// after a crash.
func (l *lane) behind() int64 {
	if len(l.errands) > 0 {
		return l.errands[0].offset
	}
	return l.next
}

// queue decides which errand comes next. It does no I/O.
//
// Errands of one repair are attempted one at a time, in their order. Those whose moment
// has passed are withheld at once, whosever turn it is.
type queue struct {
	lanes map[int32]*lane
	// quick are the errands that need no attempt: to be withheld, or attempted before.
	quick []*errand
	// replayed reports whether a request is of a history that is replayed at its own
	// time: nothing of it is withheld.
	replayed func(*record.NotificationRequested) bool
}

// lane returns the lane of a partition, of which the record at offset is read next.
func (q *queue) lane(partition int32, offset int64) *lane {
	l, ok := q.lanes[partition]
	if !ok {
		l = &lane{id: partition, next: offset, end: offset, committed: offset, byRepair: make(map[string][]*errand), refused: make(map[person]time.Time)}
		q.lanes[partition] = l
	}
	return l
}

// add adds the request at offset of a lane. outcome is that of an attempt that was made
// before but may not be on the log; nil: none.
func (q *queue) add(l *lane, offset int64, n *record.NotificationRequested, outcome *kgo.Record) {
	e := &errand{lane: l, offset: offset, request: n, outcome: outcome}
	l.errands = append(l.errands, e)
	l.byRepair[n.AggregateID] = append(l.byRepair[n.AggregateID], e)
	_, refused := l.refused[personOf(n)]
	if n.Attempt > 1 {
		delete(l.refused, personOf(n))
		refused = false
	}
	switch {
	case outcome != nil:
		q.quick = append(q.quick, e)
	case refused && !q.replayed(n):
		q.withhold(e, withhold{record.OutOfOrder, ""})
	case len(l.byRepair[n.AggregateID]) == 1:
		l.queueUp(e)
	}
}

// recall withholds the errand that a recall takes back, if it has not been started.
func (q *queue) recall(l *lane, r *record.NotificationRecalled) {
	for _, e := range l.byRepair[r.AggregateID] {
		if e.request.NotificationID == r.NotificationID && e.request.Attempt <= r.Attempt {
			q.withhold(e, withhold{record.Recalled, r.Because})
		}
	}
}

// expire withholds what is out of date.
func (q *queue) expire(now time.Time) {
	for _, l := range q.lanes {
		for _, e := range l.errands {
			if e.idle() && e.request.OutOfDate(now) {
				q.withhold(e, withhold{record.OutOfDate, ""})
			}
		}
	}
}

// forget forgets old refusals.
func (q *queue) forget(now time.Time) {
	for _, l := range q.lanes {
		maps.DeleteFunc(l.refused, func(_ person, at time.Time) bool { return now.Sub(at) > refusedFor })
	}
}

// refusedFor is how long it is remembered that a mail was refused for now: the processor has
// heard of it by then, and tries no longer. It is longer than the clocks of those who write
// to the log are apart.
const refusedFor = time.Hour

// idle reports whether nothing has been done about the errand.
func (e *errand) idle() bool { return !e.started && !e.done && e.withhold == nil && e.outcome == nil }

// withhold makes an errand one of which no attempt is begun any more.
func (q *queue) withhold(e *errand, why withhold) {
	if e.withhold != nil || e.done || e.outcome != nil || q.replayed(e.request) {
		return
	}
	e.withhold = &why
	if !e.started { // else it counts if that attempt cannot be made
		q.quick = append(q.quick, e)
	}
}

// takeQuick returns an errand that needs no attempt; nil: there is none.
func (q *queue) takeQuick() *errand {
	if len(q.quick) == 0 {
		return nil
	}
	e := q.quick[0]
	q.quick = q.quick[1:]
	e.started = true
	return e
}

// take returns the errand that is to be attempted next: of those whose turn it is, in the
// lanes that are caught up, the one that was asked for first; with any set, a random one.
// nil: there is none.
func (q *queue) take(anyone bool) *errand {
	var from *lane
	at := 0
	for _, l := range q.lanes {
		l.clear(anyone)
		if len(l.turn) > 0 && l.caughtUp() && (from == nil || l.turn[0].request.OccurredAt.Before(from.turn[0].request.OccurredAt)) {
			from = l
		}
	}
	if from == nil {
		return nil
	}
	if anyone {
		at = rand.IntN(len(from.turn)) //nolint:gosec // any will do
	}
	e := from.turn[at]
	from.turn = slices.Delete(from.turn, at, at+1)
	e.inTurn, e.started = false, true
	return e
}

// giveBack makes an errand wait for its turn again: its attempt was not made, or what
// became of it is not on the log.
func (q *queue) giveBack(e *errand) {
	e.started = false
	if e.outcome != nil || e.withhold != nil {
		q.quick = append(q.quick, e)
		return
	}
	e.lane.queueUp(e)
}

// finish ends an errand. If it was refused for now, those behind it of the same repair
// and recipient, and those that come before the processor has heard of it, are withheld:
// it must go first.
func (q *queue) finish(e *errand, now time.Time) {
	l, key := e.lane, e.request.AggregateID
	e.done = true
	line := slices.DeleteFunc(l.byRepair[key], func(o *errand) bool { return o == e })
	if e.deferred {
		l.refused[personOf(e.request)] = now
		for _, o := range line {
			if o.offset > e.offset && o.request.Recipient == e.request.Recipient {
				q.withhold(o, withhold{record.OutOfOrder, ""})
			}
		}
	}
	l.byRepair[key] = line
	if len(line) == 0 {
		delete(l.byRepair, key)
	} else {
		l.queueUp(line[0])
	}
	for len(l.errands) > 0 && l.errands[0].done {
		l.errands = l.errands[1:]
	}
}

// drop forgets lanes that belong to another member now.
func (q *queue) drop(partitions []int32) {
	for _, p := range partitions {
		if l, ok := q.lanes[p]; ok {
			q.quick = slices.DeleteFunc(q.quick, func(e *errand) bool { return e.lane == l })
			delete(q.lanes, p)
		}
	}
}

// AttemptID identifies what became of an attempt: the same for every copy of it.
func AttemptID(n *record.NotificationRequested) string {
	return repair.DerivedID(n.OccurredAt, "delivery", n.NotificationID, strconv.Itoa(int(n.Attempt)))
}
