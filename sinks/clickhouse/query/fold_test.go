package query

import (
	"context"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"pitstop/schemas/avro"
	"pitstop/schemas/readmodel"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
	"pitstop/sinks/clickhouse/clickhousetest"
)

// TestFoldAgreesWithTheStateMachine folds the events of random commands.
func TestFoldAgreesWithTheStateMachine(t *testing.T) {
	codec, err := avro.NewCodec()
	must(t, err)
	rapid.Check(t, func(rt *rapid.T) {
		s := clickhousetest.NewStory(t, codec, "brug", "r").Start("K482TR", "J. de Vries")
		actors := []repair.Actor{sam, kim, desk, customer}
		for range rapid.IntRange(0, 25).Draw(rt, "steps") {
			s.After(time.Duration(rapid.IntRange(0, 12).Draw(rt, "hours")) * time.Hour)
			actor := rapid.SampledFrom(actors).Draw(rt, "actor")
			revision := int32(rapid.IntRange(0, 3).Draw(rt, "revision"))
			kinds := rapid.SampledFrom([]repair.AnswerKind{repair.Approve, repair.Reject})
			switch rapid.IntRange(0, 11).Draw(rt, "command") {
			case 0:
				if s.State.State.Open() {
					s.Ask(sam)
				}
			case 1:
				s.Decide(actor, repair.ByPage, kinds.Draw(rt, "first"), kinds.Draw(rt, "second"))
			case 2:
				s.Do(actor, &repair.WithdrawQuote{Revision: revision})
			case 3:
				s.Do(actor, &repair.RecordView{Revision: revision})
			case 4:
				s.Do(actor, &repair.PostMessage{Kind: repair.Text, Text: s.Text("hoi"), TextGiven: true})
			case 5:
				s.Do(actor, &repair.CompleteRepair{Total: 100})
			case 6:
				s.Do(actor, &repair.CollectVehicle{})
			case 7:
				if rapid.IntRange(0, 5).Draw(rt, "rarely") == 0 {
					s.Do(actor, &repair.CancelRepair{})
				}
			case 8:
				s.Do(actor, &repair.ChangeReadyTime{ReadyAt: s.At.Add(time.Hour)})
			case 9:
				for _, e := range s.State.Expire(s.At, s.At) {
					s.Stamp(e.Head(), e.Head().Actor, "")
					s.Records = append(s.Records, e)
				}
			case 10:
				c := repair.Contact{Address: rapid.SampledFrom([]string{"a", "b", ""}).Draw(rt, "address"), Personal: s.Seal(&repair.ContactDetails{Name: "n"})}
				s.Do(actor, &repair.CorrectContact{Party: rapid.SampledFrom([]repair.Party{repair.TheCustomer, repair.TheApprover}).Draw(rt, "party"), Contact: c})
			case 11:
				s.Do(actor, &repair.RevokeLinks{})
			}
		}
		facts, err := factsOf(t.Context(), codec, s)
		if err != nil {
			rt.Fatal(err)
		}
		got, err := fold(facts)
		if err != nil {
			rt.Fatal(err)
		}
		if got.State != s.State.State || got.Sequence != s.State.Sequence || len(got.Quotes) != len(s.State.Revisions) {
			rt.Fatalf("folded to %s at %d with %d quotes, the domain says %s at %d with %d", got.State, got.Sequence, len(got.Quotes),
				s.State.State, s.State.Sequence, len(s.State.Revisions))
		}
		var approved int64
		for i, rev := range s.State.Revisions {
			q := got.Quotes[i]
			if q.Status != rev.Status || q.ApprovedTotal != rev.ApprovedTotal || (q.ViewedAt != nil) != rev.Viewed {
				rt.Fatalf("quote %d is %+v, the domain says %+v", i+1, q, rev)
			}
			for _, a := range rev.Answers {
				if l := line(&q, a.Line); l.Answer != a.Answer || l.Reason != a.Reason {
					rt.Fatalf("line %d of quote %d is %+v, the domain says %+v", a.Line, i+1, l, a)
				}
			}
			approved += q.ApprovedTotal
		}
		links := readmodel.LinksSince{Customer: s.State.Customer.Since}
		if s.State.Approver != nil {
			links.Approver = s.State.Approver.Since
		}
		if (got.Approver != nil) != (s.State.Approver != nil) || got.LinksSince.Customer != links.Customer ||
			got.Approver != nil && got.LinksSince.Approver != links.Approver {
			rt.Fatalf("links work since %+v, the domain says %+v", got.LinksSince, links)
		}
		if approved != s.State.ApprovedTotal {
			rt.Fatalf("%d is approved, the domain says %d", approved, s.State.ApprovedTotal)
		}

		twice := slices.Concat(facts, facts)
		slices.SortStableFunc(twice, func(a, b fact) int { return int(a.sequence - b.sequence) })
		again, err := fold(twice)
		if err != nil {
			rt.Fatal(err)
		}
		if diff := cmp.Diff(got, again); diff != "" {
			rt.Fatalf("events that come twice change it:\n%s", diff)
		}

		missing := rapid.IntRange(1, len(facts)).Draw(rt, "missing") - 1
		without, err := fold(slices.Delete(slices.Clone(facts), missing, missing+1))
		if err != nil {
			rt.Fatal(err)
		}
		for _, q := range without.Quotes {
			is := got.Quotes[q.Revision-1]
			// A cancellation names no quote: it closes whichever is open.
			if q.Status != is.Status && q.Status != repair.StatusOpen && q.Status != repair.StatusCancelled {
				rt.Fatalf("without event %d, %s, quote %d is %s, not %s", missing+1, facts[missing].kind, q.Revision, q.Status, is.Status)
			}
		}
	})
}

// factsOf returns the story's events as the table has them.
func factsOf(ctx context.Context, codec *avro.Codec, s *story) (facts []fact, err error) {
	for _, r := range s.Records {
		e, ok := r.(repair.Event)
		if !ok {
			continue
		}
		data, err := codec.AppendJSON(ctx, nil, e)
		if err != nil {
			return nil, err
		}
		h := e.Head()
		facts = append(facts, fact{h.AggregateID, h.GarageID, repair.SequenceOf(e), record.NameOf(e), h.OccurredAt, h.Actor, data})
	}
	return facts, nil
}

// What a repair shows follows each event that has a field of the same name: a new
// promise, say, and not only the first.
func TestFoldShowsTheLatest(t *testing.T) {
	shown := make(map[string]bool)
	for field := range reflect.TypeFor[readmodel.Repair]().Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		shown[name] = true
	}
	found := 0
	for _, e := range repair.Events {
		for field := range reflect.TypeOf(e).Elem().Fields() {
			name, _, _ := strings.Cut(field.Tag.Get("avro"), ",")
			value := map[reflect.Type]any{
				reflect.TypeFor[string](): "another", reflect.TypeFor[int64](): 7.0, reflect.TypeFor[time.Time](): "2026-05-20T10:00:00Z",
			}[field.Type]
			if !shown[name] || value == nil {
				continue
			}
			found++
			data, err := json.Marshal(map[string]any{name: value})
			must(t, err)
			r, err := fold([]fact{{kind: "RepairStarted", sequence: 1, data: []byte("{}")}, {kind: record.NameOf(e), sequence: 2, data: data}})
			must(t, err)
			text, err := json.Marshal(r)
			must(t, err)
			var got map[string]any
			must(t, json.Unmarshal(text, &got))
			if got[name] != value {
				t.Errorf("after a %s with the %s %v, the repair shows %v", record.NameOf(e), name, value, got[name])
			}
		}
	}
	if found < 5 {
		t.Errorf("only %d fields of events are shown", found)
	}
}
