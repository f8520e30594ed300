package sinks

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"pgregory.net/rapid"

	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// Whatever is requested, recalled, attempted, refused, taken back by a rebalance and read
// again: every request has one end; of one repair one is attempted at a time, in the order
// of the log; nothing is attempted that was recalled, or before all that its partition
// holds has been read; and what is committed has had its end. Of a history nothing is
// withheld.
func TestQueueLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		history := make(map[string]bool) // the requests of a history
		q := queue{lanes: make(map[int32]*lane), replayed: func(n *record.NotificationRequested) bool { return history[n.NotificationID] }}
		type entry struct {
			request *record.NotificationRequested
			recall  *record.NotificationRecalled
			ended   bool
		}
		logs := make(map[int32][]*entry)
		recalled := make(map[string]bool) // read by the queue
		committed := make(map[int32]int64)
		var inFlight []*errand
		entryOf := func(e *errand) *entry { return logs[e.lane.id][e.offset] }
		read := func(p int32) bool {
			l := q.lane(p, committed[p])
			if l.end = int64(len(logs[p])); l.next >= l.end {
				return false
			}
			switch e := logs[p][l.next]; {
			case e.request != nil && !e.ended:
				q.add(l, l.next, e.request, nil)
			case e.recall != nil:
				q.recall(l, e.recall)
				recalled[e.recall.NotificationID] = true
			}
			l.next++
			return true
		}
		start := func(e *errand) {
			o, attempt := entryOf(e), e.withhold == nil && e.outcome == nil
			switch {
			case o.ended:
				t.Fatalf("%s is attempted after its end", o.request.NotificationID)
			case e.withhold != nil && history[o.request.NotificationID]:
				t.Fatalf("%s is withheld though it is of a history", o.request.NotificationID)
			case attempt && recalled[o.request.NotificationID] && !history[o.request.NotificationID]:
				t.Fatalf("%s is attempted though it was recalled", o.request.NotificationID)
			case attempt && e.lane.next < int64(len(logs[e.lane.id])):
				t.Fatalf("%s is attempted before its partition was read", o.request.NotificationID)
			}
			for _, before := range logs[e.lane.id][:e.offset] {
				if attempt && before.request != nil && !before.ended && before.request.AggregateID == o.request.AggregateID {
					t.Fatalf("%s is attempted before %s", o.request.NotificationID, before.request.NotificationID)
				}
			}
			inFlight = append(inFlight, e)
		}
		finish := func(how string) {
			if len(inFlight) == 0 {
				return
			}
			i := rapid.IntRange(0, len(inFlight)-1).Draw(t, "which")
			e := inFlight[i]
			inFlight = slices.Delete(inFlight, i, i+1)
			switch how {
			case "away":
				q.giveBack(e)
			case "log away":
				e.outcome = &kgo.Record{}
				q.giveBack(e)
			default:
				entryOf(e).ended = true
				e.deferred = how == "deferred" && e.withhold == nil
				q.finish(e, time.Unix(0, 0))
			}
		}
		actions := map[string]func(*rapid.T){
			"request": func(t *rapid.T) {
				p := rapid.Int32Range(0, 1).Draw(t, "partition")
				n := &record.NotificationRequested{Attempt: 1, Header: repair.Header{OccurredAt: time.Unix(int64(len(logs[p])), 0)}}
				n.AggregateID = fmt.Sprintf("%d-%d", p, rapid.IntRange(0, 3).Draw(t, "repair"))
				n.NotificationID = fmt.Sprintf("%d/%d", p, len(logs[p]))
				history[n.NotificationID] = rapid.Bool().Draw(t, "replayed")
				n.Recipient.Role = rapid.SampledFrom([]repair.Role{repair.Customer, repair.Mechanic}).Draw(t, "to")
				logs[p] = append(logs[p], &entry{request: n})
			},
			"recall": func(t *rapid.T) {
				p := rapid.Int32Range(0, 1).Draw(t, "partition")
				if len(logs[p]) == 0 {
					return // rapid stops early where much is skipped
				}
				n := rapid.SampledFrom(logs[p]).Draw(t, "request").request
				if n == nil {
					return
				}
				logs[p] = append(logs[p], &entry{recall: &record.NotificationRecalled{Header: n.Header, Notice: n.Notice, Attempt: n.Attempt}})
			},
			"read": func(t *rapid.T) { read(rapid.Int32Range(0, 1).Draw(t, "partition")) },
			"read all": func(*rapid.T) {
				for p := range int32(2) {
					for read(p) {
					}
				}
			},
			"start": func(t *rapid.T) {
				for p := range q.lanes {
					q.lanes[p].end = int64(len(logs[p])) // as a fetch would say
				}
				e := q.takeQuick()
				if e == nil {
					e = q.take(rapid.Bool().Draw(t, "anyone"))
				}
				if e != nil {
					start(e)
				}
			},
			"accepted": func(*rapid.T) { finish("accepted") },
			"deferred": func(*rapid.T) { finish("deferred") },
			"away":     func(*rapid.T) { finish("away") },
			"log away": func(*rapid.T) { finish("log away") },
			"commit": func(t *rapid.T) {
				for p, l := range q.lanes {
					for _, e := range logs[p][:l.behind()] {
						if e.request != nil && !e.ended {
							t.Fatalf("%s is committed before its end", e.request.NotificationID)
						}
					}
					committed[p] = max(committed[p], l.behind())
				}
			},
			"rebalance": func(*rapid.T) {
				for len(inFlight) > 0 {
					finish("accepted")
				}
				q.drop([]int32{0, 1})
			},
			"": func(t *rapid.T) {
				for _, l := range q.lanes {
					for _, line := range l.byRepair {
						if e := line[0]; !e.started && !e.inTurn && !slices.Contains(q.quick, e) {
							t.Fatalf("%s waits for nothing", e.request.NotificationID)
						}
					}
				}
			},
		}
		for range 50 { // some thirty of them each time
			t.Repeat(actions)
		}
		// In the end everything has its end.
		for range 10_000 {
			for p := range int32(2) {
				for read(p) {
				}
			}
			e := q.takeQuick()
			if e == nil {
				e = q.take(false)
			}
			if e != nil {
				start(e)
			}
			if len(inFlight) == 0 {
				break
			}
			finish("accepted")
		}
		for _, log := range logs {
			for _, e := range log {
				if e.request != nil && !e.ended {
					t.Fatalf("%s has no end", e.request.NotificationID)
				}
			}
		}
	})
}

// A mail that is asked for before the processor has heard that an earlier one to the same
// person was refused for now does not overtake it.
func TestNothingOvertakesWhatWasRefusedForNow(t *testing.T) {
	q := queue{lanes: make(map[int32]*lane), replayed: func(*record.NotificationRequested) bool { return false }}
	l, now := q.lane(0, 0), time.Unix(0, 0)
	ask := func(id string, attempt int32, to repair.Role) *errand {
		n := &record.NotificationRequested{Attempt: attempt, Notice: record.Notice{NotificationID: id, Recipient: repair.Actor{Role: to}}}
		n.AggregateID = "r"
		q.add(l, l.next, n, nil)
		l.next++
		if e := q.takeQuick(); e != nil {
			if e.withhold.reason != record.OutOfOrder {
				t.Errorf("%s/%d is withheld as %s", id, attempt, e.withhold.reason)
			}
			q.finish(e, now)
			return nil
		}
		return q.take(false)
	}
	one := ask("one", 1, repair.Customer)
	one.deferred = true
	q.finish(one, now)
	if ask("two", 1, repair.Customer) != nil {
		t.Error("the next overtakes what was refused for now")
	}
	if e := ask("three", 1, repair.Mechanic); e == nil {
		t.Error("somebody else waits for it")
	} else {
		q.finish(e, now)
	}
	if e := ask("one", 2, repair.Customer); e == nil {
		t.Error("what was refused for now waits for itself")
	} else {
		q.finish(e, now)
	}
	if e := ask("two", 2, repair.Customer); e == nil {
		t.Error("withheld for ever")
	} else {
		q.finish(e, now)
	}
	if e := ask("four", 1, repair.Customer); e == nil {
		t.Error("withheld after what was refused has gone")
	} else {
		q.finish(e, now)
	}
	l.refused[person{"r", repair.Actor{Role: repair.Customer}}] = now
	q.replayed = func(*record.NotificationRequested) bool { return true }
	if ask("of a history", 1, repair.Customer) == nil {
		t.Error("what is of a history waits for what was refused for now")
	}
	if q.forget(now.Add(refusedFor + 1)); len(l.refused) > 0 {
		t.Error("a refusal is remembered for ever")
	}
}
