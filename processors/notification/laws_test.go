package notification

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"pitstop/processors/stream"
	"pitstop/schemas/garage/garagetest"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// life is what happens to one repair: anything, in any order that lifecycle allows.
type life struct {
	*world
	now       time.Time
	stage     repair.State
	revision  int32
	approver  bool             // whether somebody other than the customer decides
	closed    []int32          // revisions that are over
	corrected map[int32]int    // by revision: how often an address was corrected since it was asked about
	owed      bool             // whether the garage owes whoever decides a reply
	writer    repair.Actor     // who wrote last on the customer's side
	anew      int64            // the correction after which the customer is told anew that the car is ready; 0: none
	accepts   map[int32]bool   // revisions that were asked about in a mail that arrived
	settled   map[string]bool  // notifications of which an attempt was accepted, or refused for good
	held      map[string]int32 // how often a sink held a notification back
}

func newLife(w *world, t *rapid.T) *life {
	l := &life{world: w, now: at(20, 9, 0), settled: make(map[string]bool), held: make(map[string]int32), corrected: make(map[int32]int), accepts: make(map[int32]bool)}
	channels := rapid.SliceOfDistinct(rapid.SampledFrom([]repair.Channel{repair.Email, repair.Phone}), rapid.ID).Draw(t, "channels")
	e := &repair.RepairStarted{Customer: contact("c", channels...)}
	if rapid.Bool().Draw(t, "leased") {
		other := contact("a", repair.Email)
		e.Approver, l.approver = &other, true
	}
	l.stage = repair.InProgress
	l.event(l.now, sam, e)
	return l
}

// in skips an action that the repair's stage does not allow, and moves now by up to
// some hours, which the processor learns from the event.
func (l *life) in(t *rapid.T, stages ...repair.State) {
	if !slices.Contains(stages, l.stage) {
		t.Skip()
	}
	l.now = l.now.Add(time.Duration(rapid.IntRange(0, 200).Draw(t, "minutes")) * time.Minute)
}

// becomes ends the open revision, if there is one.
func (l *life) becomes(s repair.State) {
	if l.stage == repair.AwaitingApproval {
		l.closed = append(l.closed, l.revision)
	}
	l.stage, l.owed = s, false
}

func (l *life) actions() map[string]func(*rapid.T) {
	const open, waiting = repair.InProgress, repair.AwaitingApproval
	return map[string]func(*rapid.T){
		"time passes": func(t *rapid.T) {
			l.now = l.now.Add(time.Duration(rapid.IntRange(0, 600).Draw(t, "minutes")) * time.Minute)
			l.until(l.now)
		},
		"ask": func(t *rapid.T) {
			l.in(t, open, waiting)
			e := request(l.revision + 1)
			e.Quote.Lines[0].Title = fmt.Sprint(e.Revision)
			e.ExpiresAt = l.now.Add(time.Duration(rapid.IntRange(1, 48).Draw(t, "hours")) * time.Hour)
			l.event(l.now, noor, e)
			l.becomes(waiting)
			l.revision++
		},
		"decide": func(t *rapid.T) {
			l.in(t, waiting)
			l.event(l.now, customer, decided(l.revision, repair.Approve))
			l.becomes(open)
		},
		"expire": func(t *rapid.T) {
			l.in(t, waiting)
			l.event(l.now, system, &repair.QuoteExpired{Revision: l.revision})
			l.becomes(open)
		},
		"withdraw": func(t *rapid.T) {
			l.in(t, waiting)
			l.event(l.now, noor, &repair.QuoteWithdrawn{Revision: l.revision})
			l.becomes(open)
		},
		"change ready time": func(t *rapid.T) {
			l.in(t, open, waiting)
			hours := time.Duration(rapid.IntRange(-2, 2).Draw(t, "hours")) * time.Hour
			l.event(l.now, sam, &repair.ReadyTimeChanged{Previous: l.now, ReadyAt: l.now.Add(hours)})
		},
		"correct": func(t *rapid.T) {
			l.in(t, open, waiting, repair.Completed)
			party := rapid.SampledFrom([]repair.Party{repair.TheCustomer, repair.TheApprover}).Draw(t, "party")
			channel := rapid.SampledFrom([]repair.Channel{repair.Email, repair.Phone}).Draw(t, "channel")
			same := rapid.Bool().Draw(t, "same address") && (party == repair.TheCustomer || l.approver)
			had := l.approver
			l.approver = l.approver || party == repair.TheApprover
			l.event(l.now, desk, &repair.ContactCorrected{Party: party, Contact: contact("n", channel), SameAddress: same})
			if same {
				return
			}
			if l.corrected[l.revision]++; party == repair.TheCustomer && l.stage == repair.Completed {
				l.anew = l.sequence
			}
			if party == repair.TheApprover && !had {
				l.owed = false
			}
		},
		"links": func(t *rapid.T) {
			l.now = l.now.Add(time.Minute)
			l.event(l.now, desk, rapid.SampledFrom([]repair.Event{
				&repair.LinkRequested{Party: repair.TheCustomer}, &repair.LinkRequested{Party: repair.TheApprover}, &repair.LinksRevoked{},
			}).Draw(t, "event"))
		},
		"complete": func(t *rapid.T) {
			l.in(t, open)
			l.event(l.now, sam, &repair.RepairCompleted{})
			l.becomes(repair.Completed)
		},
		"collect": func(t *rapid.T) {
			l.in(t, repair.Completed)
			l.event(l.now, desk, &repair.VehicleCollected{})
			l.becomes(repair.Collected)
		},
		"cancel": func(t *rapid.T) {
			l.in(t, open, waiting)
			l.event(l.now, sam, &repair.RepairCancelled{})
			l.becomes(repair.Cancelled)
		},
		"write": func(t *rapid.T) {
			by := rapid.SampledFrom([]repair.Actor{customer, approver, sam, desk}).Draw(t, "by")
			kind := rapid.SampledFrom([]repair.MessageKind{repair.Text, repair.Callback}).Draw(t, "kind")
			l.event(l.now, by, says(kind))
			if !by.Role.Staff() {
				l.writer = by
			}
			switch {
			case l.stage != waiting:
			case by.Role.Staff():
				l.owed = l.owed && l.approver && l.writer != approver
			case (by == approver) == l.approver && kind == repair.Text:
				l.owed = true
			}
		},
		"deliver": func(t *rapid.T) { // of any attempt there has been, once or again
			r := rapid.SampledFrom(l.requested()).Draw(t, "attempt")
			switch rapid.SampledFrom([]string{"accepted", "deferred", "failed", "recalled", "out of date", "out of order"}).Draw(t, "fate") {
			case "recalled":
				l.withheld(l.now, r, record.Recalled, "whatever")
			case "out of date":
				l.withheld(l.now, r, record.OutOfDate, "")
			case "out of order":
				l.withheld(l.now, r, record.OutOfOrder, "")
				l.held[r.NotificationID]++
			case "accepted":
				l.accepted(l.now, r)
				l.settled[r.NotificationID] = true
				l.accepts[r.Revision] = l.accepts[r.Revision] || r.Kind == record.NotifyApprovalRequired
			case "deferred":
				l.deferred(l.now, r)
			case "failed":
				l.failed(l.now, r)
				l.settled[r.NotificationID] = true
			}
		},
	}
}

func (l *life) requested() (all []*record.NotificationRequested) {
	for _, o := range l.all {
		if r, ok := o.(*record.NotificationRequested); ok {
			all = append(all, r)
		}
	}
	return all
}

// Whatever happens, every notification is tried in turn and has one end, nothing is
// sent about a revision that is over, each has all its reminders or the reason why
// not, and somebody is asked to call about it at most once; or once for each who was
// asked, where an address was corrected. Nobody is reminded whom the garage owes a reply,
// told that something is replaced or withdrawn that they were not told of, or left without
// the news that the car is ready at an address that was corrected.
func TestLaws(t *testing.T) {
	book := garagetest.Sample(t)
	rapid.Check(t, func(t *rapid.T) {
		l := newLife(newWorld(t, book), t)
		if len(l.requested()) == 0 {
			t.Skip("nothing to deliver")
		}
		attempts, suppressed, recalled := make(map[string]int32), make(map[string]bool), make(map[string]bool)
		reminders, calls := make(map[int32]map[string]bool), make(map[int32]int)
		over := make(map[int32]bool) // as of the last check
		seen := 0
		actions := l.actions()
		actions[""] = func(*rapid.T) {
			for _, o := range l.all[seen:] {
				switch o := o.(type) {
				case *record.NotificationRequested:
					attempts[o.NotificationID]++
					if n := attempts[o.NotificationID]; o.Attempt != n || n > tries+l.held[o.NotificationID] {
						t.Fatalf("%s is number %d", inShort(o), n)
					}
					if suppressed[o.NotificationID] || recalled[o.NotificationID] {
						t.Fatalf("%s after it was suppressed or recalled", inShort(o))
					}
					if asks := o.Kind == record.NotifyApprovalRequired || o.Kind == record.NotifyReminder; asks {
						if over[o.Revision] {
							t.Fatalf("%s after the revision was over", inShort(o))
						}
						if !o.Decides {
							t.Fatalf("%s to nobody who decides", inShort(o))
						}
					}
					if o.Kind == record.NotifyReminder && l.owed {
						t.Fatalf("%s while the garage owes a reply", inShort(o))
					}
					if len(o.Replaced) > 0 {
						if n, _ := strconv.Atoi(o.Replaced[0].Title); n >= int(o.Revision) || !l.accepts[int32(n)] {
							t.Fatalf("%s in place of %d, which nobody was told of", inShort(o), n)
						}
					}
					if (o.Quote != nil) != (o.Revision > 0) {
						t.Fatalf("%s about %v", inShort(o), o.Quote)
					}
					count(reminders, o.Notice)
				case *record.NotificationRecalled:
					if o.Attempt != attempts[o.NotificationID] || recalled[o.NotificationID] || suppressed[o.NotificationID] {
						t.Fatalf("%s, attempt %d of %d", inShort(o), o.Attempt, attempts[o.NotificationID])
					}
					renewed := o.Because == "contact_corrected" && !slices.Contains([]record.NotificationKind{record.NotifyApprovalRequired, record.NotifyReminder, record.NotifyCompleted, record.NotifyReadyLater}, o.Kind) ||
						o.Because == "links_revoked" && o.Kind != record.NotifyLink
					recalled[o.NotificationID] = !renewed
				case *record.NotificationSuppressed:
					if suppressed[o.NotificationID] {
						t.Fatalf("%s, twice", inShort(o))
					}
					suppressed[o.NotificationID] = true
					if (o.Reason == record.MomentPassed) != (o.Because != "") {
						t.Fatalf("%s, because %q", inShort(o), o.Because)
					}
					count(reminders, o.Notice)
				case *record.CallTask:
					if calls[o.Revision]++; o.Revision > 0 && (calls[o.Revision] > 1+l.corrected[o.Revision] || over[o.Revision]) {
						t.Fatalf("%s, %d times", inShort(o), calls[o.Revision])
					}
				}
			}
			if l.anew > 0 && !slices.ContainsFunc(l.all[seen:], func(o any) bool {
				r, requested := o.(*record.NotificationRequested)
				s, not := o.(*record.NotificationSuppressed)
				return requested && r.Kind == record.NotifyCompleted && r.Sequence == l.anew || not && s.Kind == record.NotifyCompleted && s.Reason == record.NoAddress
			}) && !heldBack(l) {
				t.Fatalf("the customer's address was corrected, and nobody was told there that the car is ready")
			}
			l.anew = 0
			seen = len(l.all)
			s, _, err := l.State("r1")
			if err != nil {
				t.Fatal(err)
			}
			for id := range attempts {
				pending := s.Known != nil && slices.ContainsFunc(s.Known.Pending, func(p Pending) bool { return p.Request.NotificationID == id })
				if pending == (suppressed[id] || l.settled[id]) && !(pending && l.settled[id] && !suppressed[id]) {
					t.Fatalf("notification %s: pending %v, suppressed %v, settled %v", id, pending, suppressed[id], l.settled[id])
				}
			}
			waiting := 0
			if s.Known != nil {
				for i, p := range s.Known.Pending {
					if p.Waiting {
						waiting++
					}
					if p.Held && p.TakesBack == "" && !slices.ContainsFunc(s.Known.Pending[:i], func(before Pending) bool {
						return before.Request.Recipient == p.Request.Recipient
					}) {
						t.Fatalf("%s to %s is held, though nothing is before it", p.Request.Kind, p.Request.Recipient.Role)
					}
				}
			}
			retries := 0
			for _, timer := range l.Timers("r1") {
				switch {
				case strings.HasPrefix(timer.Name, retryTimer):
					retries++
				case timer.Name != forgetTimer && timer.Name != gatherTimer && (s.Known == nil || s.Known.Asked == nil):
					t.Fatalf("timer %s, but no quote awaits an answer", timer.Name)
				}
			}
			if retries != waiting {
				t.Fatalf("%d notifications wait for another try, with %d timers", waiting, retries)
			}
			for _, revision := range l.closed {
				over[revision] = true
				if n := len(reminders[revision]); n < 1 || n > 1+l.corrected[revision] {
					t.Fatalf("revision %d is over and had %d reminders, sent or suppressed", revision, n)
				}
			}
		}
		t.Repeat(actions)
	})
}

// heldBack reports whether it is still to be told that the car is ready.
func heldBack(l *life) bool {
	s, _, _ := l.State("r1")
	return slices.ContainsFunc(s.Known.Pending, func(p Pending) bool { return p.Request.Kind == record.NotifyCompleted && p.Held && p.Passed == "" })
}

func count(reminders map[int32]map[string]bool, n record.Notice) {
	if n.Kind != record.NotifyReminder {
		return
	}
	if reminders[n.Revision] == nil {
		reminders[n.Revision] = make(map[string]bool)
	}
	reminders[n.Revision][n.NotificationID] = true
}

// It makes no difference how late the acceptance of a mail is read, as deliveries and
// events are two topics; but for what follows from it: reminders, the reason of the call,
// and whether there is anything to recall or to take back. In a simulation, not even that.
func TestAcceptanceInAnyOrder(t *testing.T) {
	t.Run("live", func(t *testing.T) { testAcceptanceInAnyOrder(t, nil) })
	t.Run("simulated", func(t *testing.T) { testAcceptanceInAnyOrder(t, func(time.Time) bool { return true }) })
}

func testAcceptanceInAnyOrder(t *testing.T, simulated stream.Simulated) {
	book := garagetest.Sample(t)
	run := func(t *rapid.T, late []int) []string {
		w := newWorld(t, book)
		var err error
		if w.Driver, err = stream.NewDriver(New(book, simulated)); err != nil {
			t.Fatal(err)
		}
		var all []string
		steps := []struct {
			when  time.Time
			by    repair.Actor
			event repair.Event
		}{
			{at(20, 9, 0), sam, &repair.RepairStarted{Customer: contact("c", repair.Email)}},
			{at(20, 10, 0), noor, request(1)},
			{at(20, 10, 30), customer, says(repair.Text)},
			{at(20, 12, 30), customer, decided(1, repair.Approve, repair.Reject)},
			{at(20, 13, 0), noor, request(2)},
			{at(20, 13, 30), noor, &repair.QuoteWithdrawn{Revision: 2}},
			{at(20, 15, 0), sam, &repair.RepairCompleted{}},
			{at(20, 16, 0), desk, &repair.VehicleCollected{}},
		}
		waiting := make(map[int][]*record.NotificationRequested) // by the step after which they are accepted
		known := 0
		for i, s := range steps {
			all = append(all, w.event(s.when, s.by, s.event)...)
			for ; known < len(w.all); known++ {
				if r, ok := w.all[known].(*record.NotificationRequested); ok {
					n := min(i+late[known%len(late)], len(steps)-1)
					waiting[n] = append(waiting[n], r)
				}
			}
			for _, r := range waiting[i] {
				all = append(all, w.accepted(r.OccurredAt.Add(time.Second), r)...)
			}
		}
		if s, _, _ := w.State("r1"); len(s.Known.Pending) > 0 {
			t.Errorf("pending: %+v", s.Known.Pending)
		}
		return slices.DeleteFunc(all, func(s string) bool {
			return simulated == nil && (strings.HasPrefix(s, "recall ") || strings.HasPrefix(s, "call ") || strings.Contains(s, "approval_reminder") || strings.Contains(s, "quote_withdrawn"))
		})
	}
	rapid.Check(t, func(t *rapid.T) {
		late := rapid.SliceOfN(rapid.IntRange(0, 8), 8, 8).Draw(t, "late")
		if diff := cmp.Diff(run(t, []int{0}), run(t, late)); diff != "" {
			t.Errorf("-at once +late\n%s", diff)
		}
	})
}
