package latency

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pitstop/processors/stream"
	"pitstop/schemas/garage/garagetest"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// Every measure and every way it ends, computed by hand.
func TestWaits(t *testing.T) {
	ended := make(map[record.Measure]bool)
	approval := about("n1", record.NotifyApprovalRequired, 1)
	asked := func(f *facts) {
		f.event(at(20, 9, 0), sam, &repair.RepairStarted{})
		f.event(at(20, 10, 0), noor, ask(1))
	}
	mailed := func(f *facts) {
		asked(f)
		f.accepted(at(20, 10, 1), approval)
	}
	for _, c := range []struct {
		name    string
		measure []record.Measure
		facts   func(f *facts)
		want    []string
	}{
		{"delivery, under way", []record.Measure{"delivery"}, func(f *facts) {
			f.requested(at(20, 9, 0), about("n0", record.NotifyStarted, 0))
		}, []string{"delivery of repair_started sam: 20 09:00, open"}},
		{"delivery, accepted", []record.Measure{"delivery"}, func(f *facts) {
			f.requested(at(20, 9, 0), about("n0", record.NotifyStarted, 0))
			f.accepted(at(20, 9, 2), about("n0", record.NotifyStarted, 0))
		}, []string{"delivery of repair_started sam: 20 09:00 to 20 09:02, accepted: 2m, 2m open"}},
		{"delivery, at night", []record.Measure{"delivery"}, func(f *facts) {
			f.requested(at(20, 20, 0), about("n0", record.NotifyStarted, 0))
			f.accepted(at(21, 8, 5), about("n0", record.NotifyStarted, 0))
		}, []string{"delivery of repair_started sam: 20 20:00 to 21 08:05, accepted: 12h5m, 5m open"}},
		{"delivery, refused for good", []record.Measure{"delivery"}, func(f *facts) {
			f.requested(at(20, 9, 0), about("n0", record.NotifyStarted, 0))
			f.failed(at(20, 9, 1), about("n0", record.NotifyStarted, 0))
		}, []string{"delivery of repair_started sam: 20 09:00 to 20 09:01, failed: 1m, 1m open"}},
		{"delivery, given up", []record.Measure{"delivery"}, func(f *facts) {
			f.requested(at(20, 9, 0), about("n0", record.NotifyStarted, 0))
			f.suppressed(at(20, 9, 28), about("n0", record.NotifyStarted, 0))
		}, []string{"delivery of repair_started sam: 20 09:00 to 20 09:28, suppressed: 28m, 28m open"}},
		{"delivery, given up and yet accepted", []record.Measure{"delivery"}, func(f *facts) {
			f.requested(at(20, 9, 0), about("n0", record.NotifyStarted, 0))
			f.suppressed(at(20, 9, 28), about("n0", record.NotifyStarted, 0))
			f.accepted(at(20, 9, 29), about("n0", record.NotifyStarted, 0))
		}, []string{"delivery of repair_started sam: 20 09:00 to 20 09:29, accepted: 29m, 29m open"}},
		{"delivery, never requested", []record.Measure{"delivery"}, func(f *facts) {
			f.suppressed(at(20, 9, 0), about("n0", record.NotifyStarted, 0))
		}, nil},

		{"view and response, not yet", []record.Measure{"view", "response"}, mailed, []string{
			"view (1) noor: 20 10:01, open", "response (1) noor: 20 10:01, open",
		}},
		{"no view or response of a mail that nobody took over", []record.Measure{"view", "response"}, asked, nil},
		{"viewed and decided", []record.Measure{"view", "response"}, func(f *facts) {
			mailed(f)
			f.event(at(20, 10, 11), customer, &repair.QuoteViewed{Revision: 1})
			f.event(at(20, 10, 31), customer, &repair.QuoteDecided{Revision: 1, Decision: repair.Rejected, Method: repair.ByPage})
		}, []string{
			"view (1) noor: 20 10:01 to 20 10:11, viewed: 10m, 10m open", "response (1) noor: 20 10:01 to 20 10:31, decided: 30m, 30m open",
		}},
		{"an answer on the page is a view", []record.Measure{"view"}, func(f *facts) {
			mailed(f)
			f.event(at(20, 10, 31), customer, &repair.QuoteDecided{Revision: 1, Decision: repair.Approved, Method: repair.ByPage})
		}, []string{"view (1) noor: 20 10:01 to 20 10:31, viewed: 30m, 30m open"}},
		{"a question is a view and a response", []record.Measure{"view", "response"}, func(f *facts) {
			mailed(f)
			f.event(at(20, 10, 21), customer, text())
			f.event(at(20, 10, 31), customer, &repair.QuoteDecided{Revision: 1, Decision: repair.Approved, Method: repair.ByPage})
		}, []string{
			"view (1) noor: 20 10:01 to 20 10:21, viewed: 20m, 20m open", "response (1) noor: 20 10:01 to 20 10:21, message: 20m, 20m open",
		}},
		{"a question before the mail is no response to it", []record.Measure{"view", "response"}, func(f *facts) {
			asked(f)
			f.event(at(20, 10, 30), customer, text())
			f.accepted(at(20, 11, 0), approval)
			f.event(at(20, 11, 20), customer, &repair.QuoteDecided{Revision: 1, Decision: repair.Approved, Method: repair.ByPage})
		}, []string{
			"view (1) noor: 20 11:00 to 20 11:00, viewed: 0s, 0s open", "response (1) noor: 20 11:00 to 20 11:20, decided: 20m, 20m open",
		}},
		{"decided by phone, unseen", []record.Measure{"view", "response"}, func(f *facts) {
			mailed(f)
			f.event(at(20, 10, 31), desk, &repair.QuoteDecided{Revision: 1, Decision: repair.Approved, Method: repair.ByPhone})
		}, []string{
			"view (1) noor: 20 10:01 to 20 10:31, decided: 30m, 30m open", "response (1) noor: 20 10:01 to 20 10:31, decided: 30m, 30m open",
		}},
		{"no answer at all", []record.Measure{"view", "response"}, func(f *facts) {
			mailed(f)
			f.event(at(21, 17, 30), system, &repair.QuoteExpired{Revision: 1})
		}, []string{
			"view (1) noor: 20 10:01 to 21 17:30, expired: 31h29m, 16h59m open", "response (1) noor: 20 10:01 to 21 17:30, expired: 31h29m, 16h59m open",
		}},
		{"over before the mail arrived", []record.Measure{"view", "response"}, func(f *facts) {
			asked(f)
			f.event(at(20, 10, 20), noor, &repair.QuoteWithdrawn{Revision: 1})
			f.accepted(at(20, 11, 0), approval)
		}, []string{
			"view (1) noor: 20 11:00 to 20 11:00, void: 0s, 0s open", "response (1) noor: 20 11:00 to 20 11:00, void: 0s, 0s open",
		}},
		{"decided by phone before the mail arrived", []record.Measure{"view", "response"}, func(f *facts) {
			asked(f)
			f.event(at(20, 10, 20), desk, &repair.QuoteDecided{Revision: 1, Decision: repair.Approved, Method: repair.ByPhone})
			f.accepted(at(20, 11, 0), approval)
		}, []string{
			"view (1) noor: 20 11:00 to 20 11:00, void: 0s, 0s open", "response (1) noor: 20 11:00 to 20 11:00, void: 0s, 0s open",
		}},
		{"viewed by another clock before the mail arrived", []record.Measure{"view"}, func(f *facts) {
			asked(f)
			f.event(at(20, 10, 20), customer, &repair.QuoteViewed{Revision: 1})
			f.accepted(at(20, 10, 21), approval)
		}, []string{"view (1) noor: 20 10:21 to 20 10:21, viewed: 0s, 0s open"}},
		{"the second mail of a revision counts for nothing", []record.Measure{"view"}, func(f *facts) {
			mailed(f)
			f.accepted(at(20, 10, 30), about("n2", record.NotifyApprovalRequired, 1))
			f.accepted(at(20, 11, 0), about("n3", record.NotifyReminder, 1))
			f.event(at(20, 11, 1), customer, &repair.QuoteViewed{Revision: 1})
		}, []string{"view (1) noor: 20 10:01 to 20 11:01, viewed: 1h0m, 1h0m open"}},

		{"approval, open", []record.Measure{"approval", "customer_wait"}, asked, []string{
			"customer_wait (1) noor: 20 10:00, open", "approval (1) noor: 20 10:00, open",
		}},
		{"approval, over a weekend and a holiday", []record.Measure{"approval", "customer_wait"}, func(f *facts) {
			f.event(at(22, 17, 0), noor, ask(1))
			f.event(at(26, 9, 0), customer, &repair.QuoteDecided{Revision: 1, Decision: repair.PartlyApproved})
		}, []string{
			"customer_wait (1) noor: 22 17:00 to 26 09:00, partly_approved: 88h0m, 1h30m open",
			"approval (1) noor: 22 17:00 to 26 09:00, partly_approved: 88h0m, 1h30m open",
		}},
		{"approval, replaced: the customer waits on", []record.Measure{"approval", "customer_wait"}, func(f *facts) {
			asked(f)
			f.event(at(20, 11, 0), sam, ask(2))
			f.event(at(20, 12, 0), customer, &repair.QuoteDecided{Revision: 2, Decision: repair.Approved})
		}, []string{
			"customer_wait (1) noor: 20 10:00 to 20 12:00, approved: 2h0m, 2h0m open",
			"approval (1) noor: 20 10:00 to 20 11:00, replaced: 1h0m, 1h0m open",
			"approval (2) noor: 20 11:00 to 20 12:00, approved: 1h0m, 1h0m open",
		}},
		{"approval, expired", []record.Measure{"approval", "customer_wait"}, func(f *facts) {
			asked(f)
			f.event(at(20, 12, 0), system, &repair.QuoteExpired{Revision: 1})
		}, []string{
			"customer_wait (1) noor: 20 10:00 to 20 12:00, expired: 2h0m, 2h0m open",
			"approval (1) noor: 20 10:00 to 20 12:00, expired: 2h0m, 2h0m open",
		}},
		{"approval, withdrawn", []record.Measure{"approval", "customer_wait"}, func(f *facts) {
			asked(f)
			f.event(at(20, 12, 0), sam, &repair.QuoteWithdrawn{Revision: 1})
		}, []string{
			"customer_wait (1) noor: 20 10:00 to 20 12:00, withdrawn: 2h0m, 2h0m open",
			"approval (1) noor: 20 10:00 to 20 12:00, withdrawn: 2h0m, 2h0m open",
		}},
		{"approval, cancelled", []record.Measure{"approval", "customer_wait"}, func(f *facts) {
			asked(f)
			f.event(at(20, 12, 0), sam, &repair.RepairCancelled{})
		}, []string{
			"customer_wait (1) noor: 20 10:00 to 20 12:00, cancelled: 2h0m, 2h0m open",
			"approval (1) noor: 20 10:00 to 20 12:00, cancelled: 2h0m, 2h0m open",
		}},

		{"staff response, to the first unanswered message", []record.Measure{"staff_response"}, func(f *facts) {
			asked(f)
			f.event(at(20, 11, 0), customer, text())
			f.event(at(20, 11, 10), customer, &repair.MessagePosted{Kind: repair.Callback})
			f.event(at(20, 11, 15), sam, &repair.MessagePosted{Kind: repair.Note})
			f.event(at(20, 11, 30), desk, text())
			f.event(at(20, 11, 40), desk, text())
			f.event(at(20, 17, 0), customer, text())
		}, []string{
			"staff_response noor: 20 11:00 to 20 11:30, replied: 30m, 30m open", "staff_response sam: 20 17:00, open",
		}},
		{"staff response, ended with the work", []record.Measure{"staff_response"}, func(f *facts) {
			f.event(at(20, 9, 0), sam, &repair.RepairStarted{})
			f.event(at(20, 10, 0), customer, text())
			f.event(at(20, 12, 0), sam, &repair.RepairCompleted{})
			f.event(at(20, 13, 0), customer, text())
			f.event(at(20, 14, 0), desk, &repair.VehicleCollected{})
			f.event(at(20, 15, 0), customer, text())
		}, []string{
			"staff_response sam: 20 10:00 to 20 12:00, completed: 2h0m, 2h0m open",
			"staff_response sam: 20 13:00 to 20 14:00, collected: 1h0m, 1h0m open",
		}},

		{"resume", []record.Measure{"resume"}, func(f *facts) {
			asked(f)
			f.event(at(20, 11, 0), customer, &repair.QuoteDecided{Revision: 1, Decision: repair.Approved})
			f.event(at(20, 11, 10), customer, text())
			f.event(at(20, 11, 20), desk, text())
			f.event(at(20, 11, 30), sam, &repair.MessagePosted{Kind: repair.Note})
		}, []string{"resume (1) noor: 20 11:00 to 20 11:30, resumed: 30m, 30m open"}},
		{"resume, by another request of the garage's system", []record.Measure{"resume"}, func(f *facts) {
			asked(f)
			f.event(at(20, 11, 0), customer, &repair.QuoteDecided{Revision: 1, Decision: repair.Rejected})
			f.event(at(20, 12, 0), partner, ask(2))
		}, []string{"resume (1) noor: 20 11:00 to 20 12:00, resumed: 1h0m, 1h0m open"}},
		{"resume, cancelled", []record.Measure{"resume"}, func(f *facts) {
			asked(f)
			f.event(at(20, 11, 0), customer, &repair.QuoteDecided{Revision: 1, Decision: repair.Rejected})
			f.event(at(20, 12, 0), sam, &repair.RepairCancelled{})
		}, []string{"resume (1) noor: 20 11:00 to 20 12:00, cancelled: 1h0m, 1h0m open"}},

		{"turnaround", []record.Measure{"turnaround"}, func(f *facts) {
			f.event(at(20, 9, 0), sam, &repair.RepairStarted{})
			f.event(at(21, 9, 0), noor, &repair.RepairCompleted{})
			f.event(at(21, 10, 0), desk, &repair.VehicleCollected{})
		}, []string{"turnaround sam: 20 09:00 to 21 09:00, completed: 24h0m, 9h30m open"}},
		{"turnaround, cancelled", []record.Measure{"turnaround"}, func(f *facts) {
			f.event(at(20, 9, 0), sam, &repair.RepairStarted{})
			f.event(at(20, 10, 0), desk, &repair.RepairCancelled{})
		}, []string{"turnaround sam: 20 09:00 to 20 10:00, cancelled: 1h0m, 1h0m open"}},
		{"turnaround, of the first mechanic", []record.Measure{"turnaround"}, func(f *facts) {
			f.event(at(20, 9, 0), partner, &repair.RepairStarted{})
			f.event(at(20, 9, 30), noor, text())
			f.event(at(20, 10, 0), sam, &repair.RepairCompleted{})
		}, []string{"turnaround noor: 20 09:00 to 20 10:00, completed: 1h0m, 1h0m open"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := new(facts)
			c.facts(f)
			rows, _ := measure(t, garagetest.Sample(t), f.all)
			var got []string
			for _, r := range rows {
				for _, m := range c.measure {
					if r.Measure == m {
						got = append(got, inShort(r))
					}
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			for _, m := range c.measure {
				ended[m] = ended[m] || slices.ContainsFunc(c.want, func(row string) bool {
					return strings.HasPrefix(row, string(m)) && strings.Contains(row, " to ")
				})
			}
		})
	}
	for _, m := range record.Measures {
		if !ended[m] {
			t.Errorf("no row says how a %s ends", m)
		}
	}
}

// A clock that is two days ahead ends and begins a wait as much ahead of the log as one may
// be, and no later.
func TestAClockAhead(t *testing.T) {
	approval := about("n1", record.NotifyApprovalRequired, 1)
	for outcome, late := range map[string]func(f *facts){
		"accepted":   func(f *facts) { f.accepted(at(22, 10, 0), approval) },
		"failed":     func(f *facts) { f.failed(at(22, 10, 0), approval) },
		"suppressed": func(f *facts) { f.suppressed(at(22, 10, 0), approval) },
	} {
		d, err := stream.NewDriver(New(garagetest.Sample(t)))
		if err != nil {
			t.Fatal(err)
		}
		var f facts
		f.event(at(20, 9, 0), sam, &repair.RepairStarted{})
		f.event(at(20, 9, 0), noor, ask(1))
		f.requested(at(20, 9, 0), approval)
		late(&f)
		var rows []any
		d.LogTime = at(20, 9, 4) // and two minutes are what a clock may be ahead
		for _, fact := range f.all {
			if rows, err = d.Send(fact.topic, fact.record); err != nil {
				t.Fatal(err)
			}
		}
		var got []string
		for _, r := range rows {
			got = append(got, inShort(r.(*record.Latency)))
		}
		want := []string{"delivery of approval_required (1) sam: 20 09:00 to 20 09:06, " + outcome + ": 6m, 6m open"}
		if outcome == "accepted" {
			want = append([]string{"view (1) noor: 20 09:06, open", "response (1) noor: 20 09:06, open"}, want...)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", outcome, diff)
		}
	}
}

// A row says which wait it is, what was at stake, and when it was known.
func TestRow(t *testing.T) {
	f := new(facts)
	f.event(at(20, 10, 0), noor, ask(1))
	f.event(at(20, 12, 0), customer, &repair.QuoteDecided{Revision: 1, Decision: repair.Approved})
	rows, _ := measure(t, garagetest.Sample(t), f.all)
	got := rows[1]
	want := &record.Latency{
		Measure: record.MeasureApproval, Version: 2, StartedAt: at(20, 10, 0), EndedAt: at(20, 12, 0), Outcome: "approved",
		WallMicros: 7_200_000_000, OpeningMicros: 7_200_000_000, Mechanic: "noor", Revision: 1, Amount: 38795, Currency: "EUR",
	}
	want.Header = repair.Header{
		AggregateID: "r1", GarageID: "de-brug", OccurredAt: at(20, 12, 0), Actor: system, CausationID: "cause",
	}
	want.EventID, want.LatencyID = got.EventID, got.LatencyID
	if diff := cmp.Diff(want, got); diff != "" || !repair.ValidID(got.EventID) || !repair.ValidID(got.LatencyID) {
		t.Errorf("ids %q, %q; -want +got\n%s", got.EventID, got.LatencyID, diff)
	}
}
