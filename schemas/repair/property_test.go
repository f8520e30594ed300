package repair_test

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"pitstop/schemas/repair"
)

// history is what a repair's events add up to, worked out independently of Repair.
type history struct {
	events   []repair.Event
	last     time.Time
	open     int32                  // the revision that awaits an answer
	quotes   map[int32]repair.Quote // by revision
	closed   map[int32]string       // revision → the event that closed it
	approved int64
	ended    string // the event that ended the repair
}

func (h *history) add(t *rapid.T, e repair.Event) {
	if got, want := repair.SequenceOf(e), int64(len(h.events)+1); got != want {
		t.Fatalf("%s has sequence %d, want %d", nameOf(e), got, want)
	}
	if e.Head().OccurredAt.Before(h.last) {
		t.Fatalf("%s occurred at %s, before its predecessor at %s", nameOf(e), e.Head().OccurredAt, h.last)
	}
	if h.ended != "" && !slices.Contains([]string{"MessagePosted", "LinkRequested", "LinksRevoked"}, nameOf(e)) {
		t.Fatalf("%s after %s", nameOf(e), h.ended)
	}
	h.events, h.last = append(h.events, e), e.Head().OccurredAt
	closes := func(n int32) {
		if h.open != n || h.closed[n] != "" {
			t.Fatalf("%s of revision %d, but %d is open, and this one is over by %q", nameOf(e), n, h.open, h.closed[n])
		}
		h.closed[n], h.open = nameOf(e), 0
	}
	switch e := e.(type) {
	case *repair.RepairStarted:
		checkSums(t, e.Agreed)
	case *repair.ApprovalRequested:
		if e.Replaces != h.open || int(e.Revision) != len(h.quotes)+1 {
			t.Fatalf("revision %d of %d replaces %d, but %d is open", e.Revision, len(h.quotes), e.Replaces, h.open)
		}
		if !e.ExpiresAt.After(e.OccurredAt) {
			t.Fatalf("a quote of %s expired at %s", e.OccurredAt, e.ExpiresAt)
		}
		if h.open > 0 {
			closes(h.open)
		}
		checkSums(t, e.Quote)
		h.open, h.quotes[e.Revision] = e.Revision, e.Quote
	case *repair.QuoteDecided:
		closes(e.Revision)
		var sum int64
		for i, l := range h.quotes[e.Revision].Lines {
			if e.Answers[i].Line != l.Number {
				t.Fatalf("answer %d is to line %d", i, e.Answers[i].Line)
			}
			if e.Answers[i].Answer == repair.Approve {
				sum += l.Total
			}
		}
		if e.ApprovedTotal != sum || len(e.Answers) != len(h.quotes[e.Revision].Lines) {
			t.Fatalf("%d approved in %d answers, the lines say %d", e.ApprovedTotal, len(e.Answers), sum)
		}
		h.approved += sum
	case *repair.QuoteWithdrawn:
		closes(e.Revision)
	case *repair.QuoteExpired:
		closes(e.Revision)
	case *repair.QuoteViewed:
		if e.Revision != h.open {
			t.Fatalf("revision %d was viewed, but %d is open", e.Revision, h.open)
		}
	case *repair.RepairCompleted:
		if h.open != 0 || e.ApprovedTotal != h.approved || e.Total > e.AgreedTotal+e.ApprovedTotal && !e.ReasonGiven {
			t.Fatalf("completed at %d of %d agreed and %d approved (%d by the decisions), revision %d open",
				e.Total, e.AgreedTotal, e.ApprovedTotal, h.approved, h.open)
		}
	case *repair.VehicleCollected, *repair.RepairCancelled:
		h.ended = nameOf(e)
	}
}

// checkEffect fails unless an event did to the repair what EffectOf says, and an
// empty event of its type has the same effect.
func checkEffect(t *rapid.T, e repair.Event, before, after repair.Repair) {
	effect := repair.EffectOf(e)
	if empty := reflect.New(reflect.TypeOf(e).Elem()).Interface().(repair.Event); repair.EffectOf(empty) != effect {
		t.Fatalf("%s has the effect %+v, and empty %+v", nameOf(e), effect, repair.EffectOf(empty))
	}
	state := effect.State
	if state == "" {
		state = before.State
	}
	if after.State != state {
		t.Fatalf("%s leads from %q to %q, not %q", nameOf(e), before.State, after.State, state)
	}
	closes := int32(0) // the revision that the event names, or that was open
	switch e := e.(type) {
	case *repair.ApprovalRequested:
		closes = e.Replaces
	case *repair.QuoteDecided:
		closes = e.Revision
	case *repair.QuoteExpired:
		closes = e.Revision
	case *repair.QuoteWithdrawn:
		closes = e.Revision
	case *repair.RepairCancelled:
		closes = before.OpenRevision()
	}
	for i, rev := range before.Revisions {
		want := rev.Status
		if int32(i+1) == closes {
			want = effect.Quote
		}
		if after.Revisions[i].Status != want {
			t.Fatalf("%s makes revision %d %s, not %s; its effect is %+v", nameOf(e), i+1, after.Revisions[i].Status, want, effect)
		}
	}
}

func checkSums(t *rapid.T, q repair.Quote) {
	var sum int64
	for _, l := range q.Lines {
		sum += l.Total
	}
	if q.Total != sum {
		t.Fatalf("a total of %d over lines of %d", q.Total, sum)
	}
}

// ending matches the commands that end a repair.
var ending = regexp.MustCompile("^(Complete|Collect|Cancel)")

// anyCommand draws a command that makes sense more often than not, at a time before
// or after the last event. Commands that end the repair are drawn late only.
func anyCommand(t *rapid.T, r *repair.Repair, late bool) repair.Command {
	at := r.LastAt.Add(time.Duration(rapid.Int64Range(-3600, 1200).Draw(t, "seconds")) * time.Second)
	actor := rapid.SampledFrom([]repair.Actor{sam, customer}).Draw(t, "actor")
	n := int32(len(r.Revisions))
	revision := rapid.SampledFrom([]int32{n, n, n, n - 1, n + 1, 1, 0}).Draw(t, "revision")
	var c repair.Command
	kinds := []string{"decide", "request", "withdraw", "view", "message", "ready", "contact", "links", "start", "any"}
	switch {
	case r.State == repair.Completed:
		kinds = []string{"collect", "decide", "message", "contact", "complete", "cancel", "request"}
	case late:
		kinds = append(kinds, "complete", "complete", "collect", "cancel")
	}
	switch rapid.SampledFrom(kinds).Draw(t, "command") {
	case "any": // of the table of verdicts
		all := commands(r)
		names := slices.DeleteFunc(slices.Sorted(maps.Keys(all)), func(name string) bool {
			return !late && ending.MatchString(name)
		})
		c = all[rapid.SampledFrom(names).Draw(t, "any")]
	case "start":
		c = &repair.StartRepair{Agreed: work(service)}
	case "request":
		lines := rapid.SampledFrom([][]repair.Line{{brakes}, {brakes, wipers}, {wipers, brakes, wipers}, {}}).Draw(t, "lines")
		c = &repair.RequestApproval{Work: work(lines...), ExpiresAt: at.Add(time.Duration(rapid.SampledFrom([]int{240, 120, 60, 1, 0, -10}).Draw(t, "minutes")) * time.Minute)}
	case "decide":
		d := &repair.DecideQuote{Revision: revision, Method: repair.ByPage, TotalSeen: -1}
		if revision >= 1 && revision <= n {
			totals := r.Revisions[revision-1].LineTotals
			d.TotalSeen = 0
			for i, total := range totals {
				a := repair.Answer{Line: int32(i + 1), Answer: repair.Reject}
				if rapid.Bool().Draw(t, "approve") {
					a.Answer, d.TotalSeen = repair.Approve, d.TotalSeen+total
				}
				d.Answers = append(d.Answers, a)
			}
			d.Answers = rapid.Permutation(d.Answers).Draw(t, "order")
			switch rapid.IntRange(0, 20).Draw(t, "mistake") {
			case 20:
				d.Answers = append(d.Answers, repair.Answer{Line: 1, Answer: repair.Approve})
			case 19:
				d.TotalSeen++
			}
		}
		c = d
	case "withdraw":
		c = &repair.WithdrawQuote{Revision: revision}
	case "view":
		c = &repair.RecordView{Revision: revision}
	case "message":
		c = &repair.PostMessage{Kind: repair.Text, TextGiven: true}
	case "ready":
		c = &repair.ChangeReadyTime{ReadyAt: at.Add(time.Hour)}
	case "contact":
		c = &repair.CorrectContact{Party: repair.TheApprover}
	case "links":
		c = rapid.SampledFrom([]repair.Command{&repair.RequestLink{Party: repair.TheCustomer}, &repair.RevokeLinks{}}).Draw(t, "links")
	case "complete":
		c = &repair.CompleteRepair{Total: rapid.Int64Range(0, 100_000).Draw(t, "total"), ReasonGiven: rapid.Bool().Draw(t, "reason")}
	case "collect":
		c = &repair.CollectVehicle{}
	case "cancel":
		c = &repair.CancelRepair{}
	}
	return through(rapid.SampledFrom([]int64{r.Sequence, r.Sequence, 0}).Draw(t, "link"), from(c, actor, at))
}

// Whatever the commands, their order and their times, the events that follow are
// consistent, and the state is what they add up to.
func TestAnyHistoryMakesSense(t *testing.T) {
	seen := make(map[string]int)
	rapid.Check(t, func(t *rapid.T) {
		var r repair.Repair
		h := history{quotes: make(map[int32]repair.Quote), closed: make(map[int32]string)}
		forgotten := false
		steps := rapid.IntRange(20, 60).Draw(t, "steps")
		for step := range steps {
			before := clone(r)
			var events []repair.Event
			switch what := rapid.IntRange(0, 9).Draw(t, "what"); {
			case what == 9:
				at := r.LastAt.Add(time.Duration(rapid.SampledFrom([]int{60, 240, 120, 0, -60}).Draw(t, "minutes")) * time.Minute)
				events = r.Expire(at, at)
			case what == 8 && r.State.Final():
				r.Forget()
				before, forgotten = clone(r), true
			case r.State == repair.NotStarted:
				events, _ = r.Handle(start(noon))
			default:
				c := anyCommand(t, &r, step > steps/2)
				asked := fmt.Sprintf("%+v", c)
				var v repair.Verdict
				events, v = r.Handle(c)
				if got := fmt.Sprintf("%+v", c); got != asked {
					t.Fatalf("the command changed from %s to %s", asked, got)
				}
				if v.Code != "" && len(events) > 0 {
					t.Fatalf("%s was refused (%s), and %d events follow", nameOf(c), v.Code, len(events))
				}
				for _, e := range events {
					if e.Head().OccurredAt.Before(c.Head().OccurredAt) {
						t.Fatalf("%s occurred before its command", nameOf(e))
					}
				}
			}
			if d := cmp.Diff(before, r); len(events) == 0 && d != "" {
				t.Fatalf("nothing happened, but the repair changed:\n%s", d)
			}
			for _, e := range events {
				h.add(t, e)
				seen[nameOf(e)]++
			}
			var rebuilt repair.Repair
			for _, e := range h.events {
				before := clone(rebuilt)
				rebuilt.Apply(e)
				checkEffect(t, e, before, rebuilt)
			}
			if forgotten {
				rebuilt.Forget()
			}
			if d := cmp.Diff(rebuilt, r); d != "" {
				t.Fatalf("the events do not add up to the state (-events +state):\n%s", d)
			}
			if !forgotten && (r.OpenRevision() != h.open && h.ended == "" || r.ApprovedTotal != h.approved) {
				t.Fatalf("revision %d is open and %d approved; the events say %d and %d", r.OpenRevision(), r.ApprovedTotal, h.open, h.approved)
			}
			if (r.State == repair.AwaitingApproval) != (r.OpenRevision() > 0) {
				t.Fatalf("%s with revision %d open", r.State, r.OpenRevision())
			}
		}
	})
	t.Logf("events: %v", seen)
	for _, e := range repair.Events {
		if seen[nameOf(e)] == 0 {
			t.Errorf("no history holds a %s", nameOf(e))
		}
	}
}

// The same answer again, however ordered and whenever, changes nothing.
func TestARepeatedAnswerChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var r repair.Repair
		r.Handle(start(noon))
		r.Handle(request(noon))
		second := rapid.SampledFrom([]repair.AnswerKind{repair.Approve, repair.Reject}).Draw(t, "second")
		seen := map[repair.AnswerKind]int64{repair.Approve: 38795, repair.Reject: 34800}
		_, first := r.Handle(decide(1, second, seen[second], noon))
		if rapid.Bool().Draw(t, "completed") {
			r.Handle(from(&repair.CompleteRepair{}, sam, noon))
		}
		before := clone(r)
		again := decide(1, second, rapid.Int64().Draw(t, "seen"), noon.Add(time.Duration(rapid.IntRange(-3, 3).Draw(t, "hours"))*time.Hour))
		again.Method = rapid.SampledFrom([]repair.Method{repair.ByPage, repair.ByPhone, repair.AtCounter}).Draw(t, "method")
		again.Answers = rapid.Permutation(again.Answers).Draw(t, "order")
		events, v := r.Handle(again)
		if len(events) > 0 || v.Code != "" || v.Decision != first.Decision || v.ApprovedTotal != first.ApprovedTotal || v.Revision != 1 {
			t.Fatalf("%+v, %d events; the first time %+v", v, len(events), first)
		}
		if d := cmp.Diff(before, r); d != "" {
			t.Fatal(d)
		}
		other := decide(1, map[repair.AnswerKind]repair.AnswerKind{repair.Approve: repair.Reject, repair.Reject: repair.Approve}[second], 0, noon)
		if _, v := r.Handle(other); v.Code != repair.AlreadyDecided {
			t.Fatalf("another answer: %+v", v)
		}
	})
}
