package latency

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"pitstop/schemas/avro"
	"pitstop/schemas/garage/garagetest"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// drawHistory draws the facts of one repair as they happen.
func drawHistory(t *rapid.T) []fact {
	f := new(facts)
	now := at(20, 9, 0)
	pass := func() time.Time {
		now = now.Add(time.Duration(rapid.IntRange(0, 600).Draw(t, "minutes")) * time.Minute)
		return now
	}
	// tell notifies somebody; what becomes of it is dated by another clock.
	tell := func(kind record.NotificationKind, revision int32) {
		n := about(fmt.Sprintf("n%d", len(f.all)), kind, revision)
		if rapid.IntRange(0, 9).Draw(t, "told") == 0 {
			f.suppressed(now, n)
			return
		}
		f.requested(now, n)
		said := now.Add(time.Duration(rapid.IntRange(-5, 300).Draw(t, "later")) * time.Minute)
		for _, fate := range rapid.SliceOfN(rapid.SampledFrom([]string{"accepted", "accepted", "failed", "suppressed"}), 0, 2).Draw(t, "fates") {
			switch fate {
			case "accepted":
				f.accepted(said, n)
			case "failed":
				f.failed(said, n)
			case "suppressed":
				f.suppressed(said, n)
			}
		}
	}
	staff := rapid.SampledFrom([]repair.Actor{sam, noor, desk, partner})
	f.event(now, staff.Draw(t, "by"), &repair.RepairStarted{})
	tell(record.NotifyStarted, 0)
	stage, revision := repair.InProgress, int32(0)
	for range rapid.IntRange(0, 12).Draw(t, "events") {
		may := []string{"customer writes", "staff writes"}
		switch stage {
		case repair.InProgress:
			may = append(may, "ask", "ask", "complete", "cancel", "ready time")
		case repair.AwaitingApproval:
			may = append(may, "ask", "view", "decide", "decide", "expire", "withdraw", "cancel", "asked anew")
		case repair.Completed:
			may = append(may, "collect")
		}
		when := pass()
		switch rapid.SampledFrom(may).Draw(t, "event") {
		case "customer writes":
			f.event(when, customer, text())
			tell(record.NotifyMessage, 0)
		case "staff writes":
			f.event(when, staff.Draw(t, "by"), &repair.MessagePosted{Kind: rapid.SampledFrom([]repair.MessageKind{repair.Text, repair.Note}).Draw(t, "kind")})
		case "ask":
			revision++
			f.event(when, noor, ask(revision))
			stage = repair.AwaitingApproval
			tell(record.NotifyApprovalRequired, revision)
		case "asked anew":
			tell(record.NotifyApprovalRequired, revision)
		case "view":
			f.event(when, customer, &repair.QuoteViewed{Revision: revision})
		case "decide":
			method := rapid.SampledFrom([]repair.Method{repair.ByPage, repair.ByPhone}).Draw(t, "method")
			f.event(when, customer, &repair.QuoteDecided{Revision: revision, Decision: repair.Approved, Method: method})
			stage = repair.InProgress
			tell(record.NotifyDecision, revision)
		case "expire":
			f.event(when, system, &repair.QuoteExpired{Revision: revision})
			stage = repair.InProgress
		case "withdraw":
			f.event(when, noor, &repair.QuoteWithdrawn{Revision: revision})
			stage = repair.InProgress
		case "ready time":
			f.event(when, staff.Draw(t, "by"), &repair.ReadyTimeChanged{ReadyAt: when})
		case "complete":
			f.event(when, staff.Draw(t, "by"), &repair.RepairCompleted{})
			stage = repair.Completed
			tell(record.NotifyCompleted, 0)
		case "collect":
			f.event(when, desk, &repair.VehicleCollected{})
			stage = repair.Collected
		case "cancel":
			f.event(when, staff.Draw(t, "by"), &repair.RepairCancelled{})
			stage = repair.Cancelled
		}
	}
	return f.all
}

// drawInterleaving draws another order of the same facts: each topic keeps its
// own, and any fact can come again later.
func drawInterleaving(t *rapid.T, all []fact) []fact {
	var topics [][]fact
	for _, topic := range []record.Topic{record.Events, record.Notifications, record.Deliveries} {
		var of []fact
		for _, f := range all {
			if f.topic == topic {
				of = append(of, f)
			}
		}
		for range rapid.IntRange(0, 3).Draw(t, "duplicates") {
			if len(of) > 0 {
				i := rapid.IntRange(0, len(of)-1).Draw(t, "again")
				of = slices.Insert(of, rapid.IntRange(i+1, len(of)).Draw(t, "later"), of[i])
			}
		}
		if len(of) > 0 {
			topics = append(topics, of)
		}
	}
	var out []fact
	for len(topics) > 0 {
		i := rapid.IntRange(0, len(topics)-1).Draw(t, "topic")
		out = append(out, topics[i][0])
		if topics[i] = topics[i][1:]; len(topics[i]) == 0 {
			topics = slices.Delete(topics, i, i+1)
		}
	}
	return out
}

// Any interleaving of the topics, with any fact twice, ends in the same rows, to the
// last bit but for what caused them, and in the same state.
func TestAnyInterleaving(t *testing.T) {
	book := garagetest.Sample(t)
	rapid.Check(t, func(t *rapid.T) {
		history := drawHistory(t)
		final := func(all []fact) ([]*record.Latency, State) {
			rows, s := measure(t, book, all)
			for _, r := range rows {
				r.CausationID, r.CorrelationID = "", ""
				if r.EndedAt.IsZero() != (r.Outcome == "") || r.WallMicros < 0 || r.OpeningMicros < 0 || r.OpeningMicros > r.WallMicros {
					t.Fatalf("impossible: %s", inShort(r))
				}
			}
			slices.SortFunc(rows, func(a, b *record.Latency) int { return strings.Compare(a.LatencyID, b.LatencyID) })
			slices.Sort(s.Accepted)
			slices.Sort(s.Answered)
			slices.SortFunc(s.Notices, func(a, b Notice) int { return strings.Compare(a.ID, b.ID) })
			slices.SortFunc(s.Quotes, func(a, b Quote) int { return int(a.Revision - b.Revision) })
			return rows, s
		}
		rows, state := final(history)
		again, left := final(drawInterleaving(t, history))
		if diff := cmp.Diff(rows, again); diff != "" {
			t.Fatalf("rows: -as it happened +interleaved\n%s", diff)
		}
		if diff := cmp.Diff(state, left); diff != "" {
			t.Fatalf("state: -as it happened +interleaved\n%s", diff)
		}
	})
}

// What is over is forgotten, but for what is needed not to measure it again.
func TestForgets(t *testing.T) {
	f := new(facts)
	f.event(at(20, 9, 0), sam, &repair.RepairStarted{})
	mails := []struct {
		kind     record.NotificationKind
		revision int32
	}{{record.NotifyStarted, 0}, {record.NotifyApprovalRequired, 1}, {record.NotifyDecision, 1}, {record.NotifyCompleted, 0}}
	f.event(at(20, 10, 0), noor, ask(1))
	f.event(at(20, 11, 0), customer, &repair.QuoteDecided{Revision: 1, Decision: repair.Approved, Method: repair.ByPage})
	f.event(at(20, 16, 0), sam, &repair.RepairCompleted{})
	for i, m := range mails {
		n := about(fmt.Sprint("n", i), m.kind, m.revision)
		f.requested(at(20, 10, 0), n)
		f.accepted(at(20, 10, 1), n)
	}
	f.suppressed(at(20, 11, 0), about("n9", record.NotifyReminder, 1))
	f.event(at(20, 17, 0), desk, &repair.VehicleCollected{})
	rows, s := measure(t, garagetest.Sample(t), f.all)
	if len(rows) != 10 {
		t.Errorf("%d rows, want 10: one for each wait that began", len(rows))
	}
	want := State{Sequence: 5, Over: true, Answered: []int32{1}, Accepted: s.Accepted}
	if diff := cmp.Diff(want, s); diff != "" || len(s.Accepted) != len(mails) {
		t.Errorf("-want +got\n%s", diff)
	}
	b, err := codec(t).Encode(&s)
	if err != nil || len(b) > 15+10*len(mails) {
		t.Errorf("%d mails leave %d bytes, %v", len(mails), len(b), err)
	}
}

func codec(t *testing.T) *avro.Codec {
	t.Helper()
	c, err := avro.NewCodec(State{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}
