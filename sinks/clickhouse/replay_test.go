package clickhouse

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"pitstop/schemas/avro"
	"pitstop/schemas/readmodel"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

var freshnessLine = regexp.MustCompile(`\s*"as_of":.*`)

// answers is everything the store says about some repairs, as JSON, but for how
// fresh it is.
func (d *db) answers(ids ...string) string {
	d.t.Helper()
	ctx, garages := d.t.Context(), []string{"brug", "noord"}
	var all []any
	add := func(v any, err error) {
		must(d.t, err)
		all = append(all, v)
	}
	for _, id := range ids {
		r, err := d.Repair(ctx, garages, id)
		add(r, err)
		n, err := d.Sequence(ctx, id)
		add(n, err)
		t, err := d.Timeline(ctx, garages, id)
		add(t, err)
	}
	repairs, err := d.Repairs(ctx, readmodel.RepairFilter{Garages: garages})
	add(repairs, err)
	for _, filter := range []string{"", "needs-reply", "waiting", "call"} {
		c, err := d.Conversations(ctx, readmodel.ConversationFilter{Garages: garages, Filter: filter})
		add(c, err)
	}
	l, err := d.Latencies(ctx, readmodel.LatencyQuery{Measure: "approval", Garages: garages, GroupBy: "mechanic"})
	add(l, err)
	text, err := json.MarshalIndent(all, "", " ")
	must(d.t, err)
	return freshnessLine.ReplaceAllString(string(text), "")
}

// TestOrderAndRepetitionChangeNothing writes the same records in order, and
// shuffled and repeated in batches of any size.
func TestOrderAndRepetitionChangeNothing(t *testing.T) {
	d := newDB(t)
	first := eventful(d)
	second := d.story("noord", "2").start("AB12CD", "Een ander").ask(kim).after(time.Hour).call(record.CallNoAnswer, 1)
	second.say(customer, repair.Text, "eerste").after(time.Hour).say(customer, repair.Text, "tweede")
	records := slices.Concat(first.records, second.records)
	for i, outcome := range []string{"", "approved", ""} {
		id := fmt.Sprint("w", i)
		records = append(records, wait(id, "approval", "sam", monday, "", 0, 0), wait(id, "approval", "sam", monday, outcome, time.Minute, 0))
	}
	d.write(records...)
	want := d.answers(first.id, second.id)

	random := rand.New(rand.NewPCG(3, 4))
	for round := range 3 {
		for _, table := range []string{"commands", "outcomes", "events", "notifications", "deliveries", "latencies", "repairs"} {
			must(t, d.conn.Exec(t.Context(), "TRUNCATE TABLE "+table))
		}
		shuffled := slices.Concat(records, records, records[:len(records)/2])
		random.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		for len(shuffled) > 0 {
			n := 1 + random.IntN(len(shuffled))
			d.write(shuffled[:n]...)
			shuffled = shuffled[n:]
		}
		if diff := cmp.Diff(want, d.answers(first.id, second.id)); diff != "" {
			t.Errorf("round %d (-once and in order +shuffled and repeated):\n%s", round, diff)
		}
	}
}

// TestFoldAgreesWithTheStateMachine folds what random commands lead to.
func TestFoldAgreesWithTheStateMachine(t *testing.T) {
	codec, err := avro.NewCodec()
	must(t, err)
	rapid.Check(t, func(rt *rapid.T) {
		s := &story{t: t, codec: codec, garage: "brug", id: "r", at: monday}
		s.start("K482TR", "J. de Vries")
		actors := []repair.Actor{sam, kim, desk, customer}
		for range rapid.IntRange(0, 25).Draw(rt, "steps") {
			s.after(time.Duration(rapid.IntRange(0, 12).Draw(rt, "hours")) * time.Hour)
			actor := rapid.SampledFrom(actors).Draw(rt, "actor")
			revision := int32(rapid.IntRange(0, 3).Draw(rt, "revision"))
			kinds := rapid.SampledFrom([]repair.AnswerKind{repair.Approve, repair.Reject})
			switch rapid.IntRange(0, 9).Draw(rt, "command") {
			case 0:
				if s.state.State.Open() {
					s.ask(actor)
				}
			case 1:
				s.decide(actor, repair.ByPage, kinds.Draw(rt, "first"), kinds.Draw(rt, "second"))
			case 2:
				s.do(actor, &repair.WithdrawQuote{Revision: revision})
			case 3:
				s.do(actor, &repair.RecordView{Revision: revision})
			case 4:
				s.do(actor, &repair.PostMessage{Kind: repair.Text, Text: s.text("hoi"), TextGiven: true})
			case 5:
				s.do(actor, &repair.CompleteRepair{Total: 100})
			case 6:
				s.do(actor, &repair.CollectVehicle{})
			case 7:
				if rapid.IntRange(0, 5).Draw(rt, "rarely") == 0 {
					s.do(actor, &repair.CancelRepair{})
				}
			case 8:
				s.do(actor, &repair.ChangeReadyTime{ReadyAt: s.at.Add(time.Hour)})
			case 9:
				for _, e := range s.state.Expire(s.at) {
					s.stamp(e.Head(), e.Head().Actor, "")
					s.records = append(s.records, e)
				}
			}
		}
		facts := s.facts(rt)
		got, err := fold(facts)
		if err != nil {
			rt.Fatal(err)
		}
		if got.State != s.state.State || got.Sequence != s.state.Sequence || len(got.Quotes) != len(s.state.Revisions) {
			rt.Fatalf("folded to %s at %d with %d quotes, the domain says %s at %d with %d", got.State, got.Sequence, len(got.Quotes),
				s.state.State, s.state.Sequence, len(s.state.Revisions))
		}
		var approved int64
		for i, rev := range s.state.Revisions {
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
		if approved != s.state.ApprovedTotal {
			rt.Fatalf("%d is approved, the domain says %d", approved, s.state.ApprovedTotal)
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
	})
}

// facts are the story's events as the table would give them back.
func (s *story) facts(t *rapid.T) []fact {
	var facts []fact
	for _, r := range s.records {
		e, ok := r.(repair.Event)
		if !ok {
			continue
		}
		data, err := s.codec.AppendJSON(s.t.Context(), nil, e)
		if err != nil {
			t.Fatal(err)
		}
		h := e.Head()
		facts = append(facts, fact{h.AggregateID, h.GarageID, repair.SequenceOf(e), record.NameOf(e), h.OccurredAt, h.Actor, data})
	}
	return facts
}
