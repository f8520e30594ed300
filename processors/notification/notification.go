// Package notification decides what to tell whom, when: a pure function of the
// events of a repair and of what became of each delivery.
//
// Who is told what of each event is in events.go, the quote that awaits an answer in
// quote.go, how somebody is told or why not in tell.go, and what becomes of it in
// deliveries.go. Waits count the garage's opening time: that of the call from the request
// for approval, those of the reminders from when a mail server accepted it.
//
// What holds:
//
//   - Every notification has an id, computed from the event or timer that caused it,
//     its kind and its recipient, and ends as accepted, failed or suppressed. Where
//     nothing was sent, the reason is always on record.
//   - Everything about a revision stops when it is decided, withdrawn, expired,
//     replaced or cancelled. Each reminder that was not sent is suppressed with that
//     as the reason; so is each mail that waits for another try. One that is under way
//     is recalled: its sink sends it no more, if it has not yet. Asking to be called
//     stops the reminders, too. What is on its way to an address that is corrected, or
//     with a link that has ended, is recalled and made anew.
//   - Who decides and has asked something is not reminded while the garage owes the reply:
//     the reminders' time stops with the question and goes on with the garage's next
//     message, for at least afterReply. Each reminder whose time came meanwhile, in case the
//     quote ends without a reply, says so (reply_owed). The call keeps its time.
//   - Mails to one person about one repair go in the order in which they arose: what
//     comes after one that was refused for now is held until that one has its end.
//   - A reminder follows the acceptance of its request. That a quote was withdrawn, or
//     cancelled with its repair, is told to whom its request was told, or that of a revision
//     which it replaced. A request says what it replaces to whom that was told, and to nobody
//     else: where that is not known, both wait until it is.
//   - At most one call task is about a revision and who was asked. A customer who asks
//     to be called makes one each time, which is about the message; a mail of another
//     kind that does not reach the customer (mustReach) makes one for itself.
//   - An address that is corrected is told the newest that still matters, whatever became of
//     what went to the old one: who decides, the request that awaits an answer, and its call
//     counts from then on (so it does when somebody else is to decide); else the customer,
//     that the car is ready, until it is collected, or later than promised, until then. That
//     work began is no news by then: a fresh link is sent to who asks for one.
//   - The customer's messages go to the mechanic who acted last and to customer
//     service, in at most staffMails mails within staffWindow, those about answers to
//     quotes before them included; each answer is told at once. The garage's messages
//     go to the one of customer and approver who wrote last. Customer service is told
//     what a mechanic without an address would be.
//   - Of history nobody is told, called or reminded: each notification that it would have
//     been is suppressed. What is told of it all the same is requested when it was known;
//     but what was over by then (a quote that had expired, a promise that had passed) is
//     told to nobody, and nobody is to call about it.
//   - A repair that is over is remembered for a month after its last event, then as a
//     marker. Nothing brings it back.
package notification

import (
	"fmt"
	"strings"
	"time"

	"pitstop/processors/stream"
	"pitstop/schemas/garage"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// keptFor is how long contacts are kept after the last event of a repair that is
// over, to pass messages on.
const keptFor = 30 * 24 * time.Hour

// The timers of a repair. A reminder's name ends in its number, a retry's in the
// notification's id.
const (
	remindTimer = "remind/"
	retryTimer  = "retry/"
	callTimer   = "call"
	gatherTimer = "gather"
	forgetTimer = "forget"
)

// New returns the processor for the garages of the book.
func New(book *garage.Book, simulated stream.Simulated) stream.Processor[State] {
	p := processor{book, simulated}
	return stream.Processor[State]{
		Consumer: record.NotificationProcessor, MovesTime: []record.Topic{record.Events},
		Upstream: &stream.Upstream{Consumer: record.LifecycleProcessor, Topic: record.Commands},
		Record:   p.record,
		Timer:    p.timer,
	}
}

type processor struct {
	book      *garage.Book
	simulated stream.Simulated
}

// step is the handling of one record or timer.
type step struct {
	*stream.Context
	*State
	garage *garage.Profile
	// known is when what is handled was known: its time, but of late events the log's.
	known time.Time
	// history: nobody is told.
	history bool
	// simulated: it is part of a simulation. The mails of that arrive at their own time,
	// but its events come as fast as they are handled, so nothing may depend on which of
	// them is read first: a request counts as accepted, and nothing is recalled or held.
	simulated bool
}

func (p processor) step(c *stream.Context, s *State, garageID string) (step, error) {
	profile, err := p.book.Find(garageID)
	if err != nil {
		return step{}, fmt.Errorf("%w: %w", stream.ErrNotYet, err)
	}
	return step{Context: c, State: s, garage: profile, known: c.Time(), simulated: p.simulated.Covers(c.Time())}, nil
}

func (p processor) record(c *stream.Context, state *State, rec record.Headed) error {
	s, err := p.step(c, state, rec.Head().GarageID)
	if err != nil {
		return err
	}
	switch r := rec.(type) {
	case repair.Event:
		s.known, s.history = repair.KnownAt(r), repair.IsHistory(r)
		return s.event(r)
	case *record.DeliveryAccepted:
		s.accepted(r.NotificationID)
	case *record.DeliveryDeferred:
		s.deferred(r.NotificationID, r.Attempt)
	case *record.DeliveryFailed:
		s.failed(r.NotificationID, r.Attempt)
	case *record.DeliveryWithheld:
		s.withheld(r)
	default:
		return fmt.Errorf("a %s is neither an event nor a delivery", record.NameOf(rec))
	}
	return nil
}

func (p processor) timer(c *stream.Context, state *State, t stream.Timer) error {
	if state.Known == nil {
		return nil
	}
	s, err := p.step(c, state, state.Known.GarageID)
	if err != nil {
		return err
	}
	switch id, retry := strings.CutPrefix(t.Name, retryTimer); {
	case retry:
		s.retry(id)
	case strings.HasPrefix(t.Name, remindTimer):
		s.remind()
	case t.Name == callTimer:
		s.unanswered()
	case t.Name == gatherTimer:
		s.passOn()
	case t.Name == forgetTimer:
		s.forget()
	}
	return nil
}

// forget reduces a repair that is over to a marker, once nothing is under way.
func (s step) forget() {
	if len(s.Known.Pending) > 0 {
		s.SetTimer(forgetTimer, s.Time().Add(keptFor))
		return
	}
	s.Known = nil
}
