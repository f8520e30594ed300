package repair_test

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pitstop/schemas/repair"
)

// verdicts says what becomes of every command in every state: the events that
// follow, "-" where it is accepted and changes nothing, or the code it is
// refused with. The commands occur two hours after noon, and quotes expire an
// hour after they were requested unless the column says otherwise.
const verdicts = `
                        none          in_progress       awaiting          corrected         overdue           second            decided           withdrawn         expired           completed        collected       cancelled       forgotten
StartRepair             RepairStarted already_started   already_started   already_started   already_started   already_started   already_started   already_started   already_started   already_started  already_started already_started already_started
StartRepair/mistaken    invalid       already_started   already_started   already_started   already_started   already_started   already_started   already_started   already_started   already_started  already_started already_started already_started
RequestApproval         not_found     ApprovalRequested ApprovalRequested ApprovalRequested ApprovalRequested ApprovalRequested ApprovalRequested ApprovalRequested ApprovalRequested illegal_state    illegal_state   illegal_state   illegal_state
RequestApproval/empty   not_found     invalid           invalid           invalid           invalid           invalid           invalid           invalid           invalid           illegal_state    illegal_state   illegal_state   illegal_state
RequestApproval/dollars not_found     invalid           invalid           invalid           invalid           invalid           invalid           invalid           invalid           illegal_state    illegal_state   illegal_state   illegal_state
RequestApproval/expired not_found     invalid           invalid           invalid           invalid           invalid           invalid           invalid           invalid           illegal_state    illegal_state   illegal_state   illegal_state
RequestApproval/rushed  not_found     invalid           invalid           invalid           invalid           invalid           invalid           invalid           invalid           illegal_state    illegal_state   illegal_state   illegal_state
WithdrawQuote           not_found     not_found         QuoteWithdrawn    QuoteWithdrawn    expired           superseded        already_decided   withdrawn         expired           already_decided  already_decided illegal_state   illegal_state
WithdrawQuote/latest    not_found     not_found         QuoteWithdrawn    QuoteWithdrawn    expired           QuoteWithdrawn    already_decided   withdrawn         expired           already_decided  already_decided illegal_state   illegal_state
WithdrawQuote/unknown   not_found     not_found         not_found         not_found         not_found         not_found         not_found         not_found         not_found         not_found        not_found       not_found       illegal_state
DecideQuote             not_found     not_found         QuoteDecided      link_ended        expired           superseded        -                 withdrawn         expired           -                -               illegal_state   illegal_state
DecideQuote/new_link    not_found     not_found         QuoteDecided      QuoteDecided      expired           superseded        -                 withdrawn         expired           -                -               illegal_state   illegal_state
DecideQuote/otherwise   not_found     not_found         QuoteDecided      link_ended        expired           superseded        already_decided   withdrawn         expired           already_decided  already_decided illegal_state   illegal_state
DecideQuote/latest      not_found     not_found         QuoteDecided      link_ended        expired           QuoteDecided      -                 withdrawn         expired           -                -               illegal_state   illegal_state
DecideQuote/unknown     not_found     not_found         not_found         link_ended        not_found         not_found         not_found         not_found         not_found         not_found        not_found       not_found       illegal_state
DecideQuote/mismatch    not_found     not_found         total_mismatch    link_ended        expired           superseded        -                 withdrawn         expired           -                -               illegal_state   illegal_state
DecideQuote/one_line    not_found     not_found         invalid           link_ended        expired           superseded        already_decided   withdrawn         expired           already_decided  already_decided illegal_state   illegal_state
DecideQuote/by_letter   not_found     not_found         invalid           link_ended        expired           superseded        already_decided   withdrawn         expired           already_decided  already_decided illegal_state   illegal_state
ChangeReadyTime         not_found     ReadyTimeChanged  ReadyTimeChanged  ReadyTimeChanged  ReadyTimeChanged  ReadyTimeChanged  ReadyTimeChanged  ReadyTimeChanged  ReadyTimeChanged  illegal_state    illegal_state   illegal_state   illegal_state
ChangeReadyTime/same    not_found     -                 -                 -                 -                 -                 -                 -                 -                 illegal_state    illegal_state   illegal_state   illegal_state
CorrectContact          not_found     ContactCorrected  ContactCorrected  ContactCorrected  ContactCorrected  ContactCorrected  ContactCorrected  ContactCorrected  ContactCorrected  ContactCorrected illegal_state   illegal_state   illegal_state
CorrectContact/nobody   not_found     invalid           invalid           invalid           invalid           invalid           invalid           invalid           invalid           invalid          illegal_state   illegal_state   illegal_state
CompleteRepair          not_found     RepairCompleted   illegal_state     illegal_state     illegal_state     illegal_state     RepairCompleted   RepairCompleted   RepairCompleted   illegal_state    illegal_state   illegal_state   illegal_state
CompleteRepair/more     not_found     reason_required   illegal_state     illegal_state     illegal_state     illegal_state     RepairCompleted   reason_required   reason_required   illegal_state    illegal_state   illegal_state   illegal_state
CompleteRepair/too_much not_found     reason_required   illegal_state     illegal_state     illegal_state     illegal_state     reason_required   reason_required   reason_required   illegal_state    illegal_state   illegal_state   illegal_state
CompleteRepair/reasoned not_found     RepairCompleted   illegal_state     illegal_state     illegal_state     illegal_state     RepairCompleted   RepairCompleted   RepairCompleted   illegal_state    illegal_state   illegal_state   illegal_state
CompleteRepair/negative not_found     invalid           illegal_state     illegal_state     illegal_state     illegal_state     invalid           invalid           invalid           illegal_state    illegal_state   illegal_state   illegal_state
CollectVehicle          not_found     illegal_state     illegal_state     illegal_state     illegal_state     illegal_state     illegal_state     illegal_state     illegal_state     VehicleCollected illegal_state   illegal_state   illegal_state
CancelRepair            not_found     RepairCancelled   RepairCancelled   RepairCancelled   RepairCancelled   RepairCancelled   RepairCancelled   RepairCancelled   RepairCancelled   illegal_state    illegal_state   illegal_state   illegal_state
PostMessage             not_found     MessagePosted     MessagePosted     link_ended        MessagePosted     MessagePosted     MessagePosted     MessagePosted     MessagePosted     MessagePosted    MessagePosted   MessagePosted   MessagePosted
PostMessage/new_link    not_found     MessagePosted     MessagePosted     MessagePosted     MessagePosted     MessagePosted     MessagePosted     MessagePosted     MessagePosted     MessagePosted    MessagePosted   MessagePosted   MessagePosted
PostMessage/note        not_found     MessagePosted     MessagePosted     MessagePosted     MessagePosted     MessagePosted     MessagePosted     MessagePosted     MessagePosted     MessagePosted    MessagePosted   MessagePosted   MessagePosted
PostMessage/callback    not_found     MessagePosted     MessagePosted     link_ended        MessagePosted     MessagePosted     MessagePosted     MessagePosted     MessagePosted     MessagePosted    MessagePosted   MessagePosted   MessagePosted
PostMessage/wordless    not_found     invalid           invalid           link_ended        invalid           invalid           invalid           invalid           invalid           invalid          invalid         invalid         invalid
PostMessage/their_note  not_found     invalid           invalid           link_ended        invalid           invalid           invalid           invalid           invalid           invalid          invalid         invalid         invalid
PostMessage/our_call    not_found     invalid           invalid           invalid           invalid           invalid           invalid           invalid           invalid           invalid          invalid         invalid         invalid
PostMessage/shouted     not_found     invalid           invalid           link_ended        invalid           invalid           invalid           invalid           invalid           invalid          invalid         invalid         invalid
RecordView              not_found     not_found         QuoteViewed       link_ended        QuoteViewed       -                 -                 -                 -                 -                -               -               -
RecordView/latest       not_found     not_found         QuoteViewed       link_ended        QuoteViewed       QuoteViewed       -                 -                 -                 -                -               -               -
RecordView/unknown      not_found     not_found         not_found         link_ended        not_found         not_found         not_found         not_found         not_found         not_found        -               -               -
RequestLink             not_found     LinkRequested     LinkRequested     LinkRequested     LinkRequested     LinkRequested     LinkRequested     LinkRequested     LinkRequested     LinkRequested    LinkRequested   LinkRequested   LinkRequested
RequestLink/nobody      not_found     invalid           invalid           invalid           invalid           invalid           invalid           invalid           invalid           invalid          invalid         invalid         invalid
RevokeLinks             not_found     LinksRevoked      LinksRevoked      LinksRevoked      LinksRevoked      LinksRevoked      LinksRevoked      LinksRevoked      LinksRevoked      LinksRevoked     LinksRevoked    LinksRevoked    LinksRevoked
`

// two is when the commands of the table occur.
var two = noon.Add(2 * time.Hour)

// situations are the columns: how a repair gets there.
var situations = map[string]func(t *testing.T, r *repair.Repair){
	"none":        func(*testing.T, *repair.Repair) {},
	"in_progress": func(t *testing.T, r *repair.Repair) { accept(t, r, start(noon)) },
	"awaiting":    func(t *testing.T, r *repair.Repair) { accept(t, r, start(noon), request(two.Add(-time.Minute))) },
	"corrected": func(t *testing.T, r *repair.Repair) {
		accept(t, r, start(noon), request(two.Add(-time.Minute)), from(&repair.CorrectContact{Party: repair.TheCustomer}, sam, noon))
	},
	"overdue": func(t *testing.T, r *repair.Repair) { accept(t, r, start(noon), request(two.Add(-time.Hour))) },
	"second": func(t *testing.T, r *repair.Repair) {
		accept(t, r, start(noon), request(two.Add(-2*time.Minute)), request(two.Add(-time.Minute)))
	},
	"decided": func(t *testing.T, r *repair.Repair) {
		accept(t, r, start(noon), request(noon), decide(1, repair.Reject, 34800, noon))
	},
	"withdrawn": func(t *testing.T, r *repair.Repair) {
		accept(t, r, start(noon), request(noon), from(&repair.WithdrawQuote{Revision: 1}, sam, noon))
	},
	"expired": func(t *testing.T, r *repair.Repair) {
		accept(t, r, start(noon), request(noon))
		if len(r.Expire(noon.Add(time.Hour), noon.Add(time.Hour))) != 1 {
			t.Fatal("the quote did not expire")
		}
	},
	"completed": func(t *testing.T, r *repair.Repair) {
		accept(t, r, start(noon), request(noon), decide(1, repair.Reject, 34800, noon), from(&repair.CompleteRepair{Total: 63700}, sam, noon))
	},
	"collected": func(t *testing.T, r *repair.Repair) {
		accept(t, r, start(noon), request(noon), decide(1, repair.Reject, 34800, noon), from(&repair.CompleteRepair{Total: 63700}, sam, noon),
			from(&repair.CollectVehicle{}, sam, noon))
	},
	"cancelled": func(t *testing.T, r *repair.Repair) {
		accept(t, r, start(noon), request(noon), from(&repair.CancelRepair{}, sam, noon))
	},
	"forgotten": func(t *testing.T, r *repair.Repair) {
		accept(t, r, start(noon), from(&repair.CompleteRepair{Total: 28900}, sam, noon), from(&repair.CollectVehicle{}, sam, noon))
		r.Forget()
	},
}

// commands are the rows. A name is the command's, and after a slash what is
// special about it. "latest" is about revision 2 where there is one.
func commands(r *repair.Repair) map[string]repair.Command {
	latest := max(1, int32(len(r.Revisions)))
	requested := func(change func(*repair.RequestApproval)) *repair.RequestApproval {
		c := request(two)
		change(c)
		return c
	}
	decided := func(change func(*repair.DecideQuote)) *repair.DecideQuote {
		c := decide(1, repair.Reject, 34800, two)
		change(c)
		return c
	}
	return map[string]repair.Command{
		"StartRepair":          start(two),
		"StartRepair/mistaken": from(&repair.StartRepair{Agreed: repair.Work{Currency: "euro"}}, sam, two),

		"RequestApproval":         request(two),
		"RequestApproval/empty":   requested(func(c *repair.RequestApproval) { c.Work.Lines = nil }),
		"RequestApproval/dollars": requested(func(c *repair.RequestApproval) { c.Work.Currency = "USD" }),
		"RequestApproval/expired": requested(func(c *repair.RequestApproval) { c.ExpiresAt = two }),
		"RequestApproval/rushed":  requested(func(c *repair.RequestApproval) { c.AnswerBy = two }),

		"WithdrawQuote":         from(&repair.WithdrawQuote{Revision: 1}, sam, two),
		"WithdrawQuote/latest":  from(&repair.WithdrawQuote{Revision: latest}, sam, two),
		"WithdrawQuote/unknown": from(&repair.WithdrawQuote{Revision: 9}, sam, two),

		"DecideQuote":           decide(1, repair.Reject, 34800, two),
		"DecideQuote/new_link":  decided(func(c *repair.DecideQuote) { c.LinkSequence = r.Sequence }),
		"DecideQuote/otherwise": decide(1, repair.Approve, 38795, two),
		"DecideQuote/latest":    decide(latest, repair.Reject, 34800, two),
		"DecideQuote/unknown":   decide(9, repair.Reject, 34800, two),
		"DecideQuote/mismatch":  decide(1, repair.Reject, 38795, two),
		"DecideQuote/one_line":  decided(func(c *repair.DecideQuote) { c.Answers = c.Answers[:1] }),
		"DecideQuote/by_letter": decided(func(c *repair.DecideQuote) { c.Method = "letter" }),

		"ChangeReadyTime":      from(&repair.ChangeReadyTime{ReadyAt: two.Add(time.Hour)}, sam, two),
		"ChangeReadyTime/same": from(&repair.ChangeReadyTime{ReadyAt: r.ReadyAt}, sam, two),

		"CorrectContact":        from(&repair.CorrectContact{Party: repair.TheCustomer}, sam, two),
		"CorrectContact/nobody": from(&repair.CorrectContact{Party: "neighbour"}, sam, two),

		"CompleteRepair":          from(&repair.CompleteRepair{Total: 28900}, sam, two),
		"CompleteRepair/more":     from(&repair.CompleteRepair{Total: 63700}, sam, two),
		"CompleteRepair/too_much": from(&repair.CompleteRepair{Total: 63701}, sam, two),
		"CompleteRepair/reasoned": from(&repair.CompleteRepair{Total: 99999, ReasonGiven: true}, sam, two),
		"CompleteRepair/negative": from(&repair.CompleteRepair{Total: -1}, sam, two),

		"CollectVehicle": from(&repair.CollectVehicle{}, sam, two),
		"CancelRepair":   from(&repair.CancelRepair{}, sam, two),

		"PostMessage":            from(&repair.PostMessage{Kind: repair.Text, TextGiven: true}, customer, two),
		"PostMessage/new_link":   through(r.Sequence, from(&repair.PostMessage{Kind: repair.Text, TextGiven: true}, customer, two)),
		"PostMessage/note":       from(&repair.PostMessage{Kind: repair.Note, TextGiven: true}, sam, two),
		"PostMessage/callback":   from(&repair.PostMessage{Kind: repair.Callback}, customer, two),
		"PostMessage/wordless":   from(&repair.PostMessage{Kind: repair.Text}, customer, two),
		"PostMessage/their_note": from(&repair.PostMessage{Kind: repair.Note, TextGiven: true}, customer, two),
		"PostMessage/our_call":   from(&repair.PostMessage{Kind: repair.Callback}, sam, two),
		"PostMessage/shouted":    from(&repair.PostMessage{Kind: "shout", TextGiven: true}, customer, two),

		"RequestLink":        from(&repair.RequestLink{Party: repair.TheApprover}, desk, two),
		"RequestLink/nobody": from(&repair.RequestLink{Party: "neighbour"}, desk, two),
		"RevokeLinks":        from(&repair.RevokeLinks{}, desk, two),

		"RecordView":         from(&repair.RecordView{Revision: 1}, customer, two),
		"RecordView/latest":  from(&repair.RecordView{Revision: latest}, customer, two),
		"RecordView/unknown": from(&repair.RecordView{Revision: 9}, customer, two),
	}
}

// TestEffects states the effect of every event.
func TestEffects(t *testing.T) {
	want := map[string]repair.Effect{
		"RepairStarted":     {State: repair.InProgress},
		"ApprovalRequested": {State: repair.AwaitingApproval, Quote: repair.StatusReplaced},
		"QuoteDecided":      {State: repair.InProgress, Quote: repair.StatusDecided},
		"QuoteExpired":      {State: repair.InProgress, Quote: repair.StatusExpired},
		"QuoteWithdrawn":    {State: repair.InProgress, Quote: repair.StatusWithdrawn},
		"RepairCompleted":   {State: repair.Completed},
		"VehicleCollected":  {State: repair.Collected},
		"RepairCancelled":   {State: repair.Cancelled, Quote: repair.StatusCancelled},
		"QuoteViewed":       {}, "ReadyTimeChanged": {}, "ContactCorrected": {}, "MessagePosted": {}, "LinkRequested": {}, "LinksRevoked": {},
	}
	got := make(map[string]repair.Effect)
	for _, e := range repair.Events {
		got[nameOf(e)] = repair.EffectOf(e)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("effects (-want +got):\n%s", diff)
	}
}

func accept(t *testing.T, r *repair.Repair, commands ...repair.Command) {
	t.Helper()
	for _, c := range commands {
		if _, v := r.Handle(c); v.Code != "" {
			t.Fatalf("%T: %s: %s", c, v.Code, v.Detail)
		}
	}
}

// clone returns a deep copy of a repair.
func clone(r repair.Repair) repair.Repair {
	if r.Approver != nil {
		approver := *r.Approver
		r.Approver = &approver
	}
	r.Revisions = slices.Clone(r.Revisions)
	for i := range r.Revisions {
		r.Revisions[i].LineTotals = slices.Clone(r.Revisions[i].LineTotals)
		r.Revisions[i].Answers = slices.Clone(r.Revisions[i].Answers)
	}
	return r
}

func nameOf(v any) string { return reflect.TypeOf(v).Elem().Name() }

// happened sums up what Handle returned, as a cell of the table does.
func happened(events []repair.Event, v repair.Verdict) string {
	switch {
	case v.Code != "":
		return string(v.Code)
	case len(events) == 0:
		return "-"
	}
	var names []string
	for _, e := range events {
		names = append(names, nameOf(e))
	}
	return strings.Join(names, "+")
}

func TestVerdicts(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(verdicts), "\n")
	columns := strings.Fields(lines[0])
	rows := make(map[string][]string)
	for _, l := range lines[1:] {
		f := strings.Fields(l)
		if rows[f[0]] != nil || len(f) != len(columns)+1 {
			t.Fatalf("row %s: twice, or %d cells for %d columns", f[0], len(f)-1, len(columns))
		}
		rows[f[0]] = f[1:]
	}
	if d := cmp.Diff(slices.Sorted(maps.Keys(situations)), slices.Sorted(slices.Values(columns))); d != "" {
		t.Fatalf("columns are not the situations:\n%s", d)
	}
	if d := cmp.Diff(slices.Sorted(maps.Keys(commands(new(repair.Repair)))), slices.Sorted(maps.Keys(rows))); d != "" {
		t.Fatalf("rows are not the commands:\n%s", d)
	}
	for i, column := range columns {
		for row, cells := range rows {
			t.Run(column+"/"+row, func(t *testing.T) {
				var r repair.Repair
				situations[column](t, &r)
				before := clone(r)
				c := commands(&r)[row]
				events, v := r.Handle(c)
				if got := happened(events, v); got != cells[i] {
					t.Fatalf("%s, want %s (%s %v)", got, cells[i], v.Detail, v.Errors)
				}
				if v.State != r.State || v.Sequence != r.Sequence {
					t.Errorf("the verdict says %s/%d, the repair is %s/%d", v.State, v.Sequence, r.State, r.Sequence)
				}
				if v.Code != "" && v.Detail == "" {
					t.Error("a refusal without a detail")
				}
				if d := cmp.Diff(before, r); len(events) == 0 && d != "" {
					t.Errorf("nothing happened, but the repair changed:\n%s", d)
				}
				for _, e := range events {
					if h := e.Head(); h.GarageID != "de-brug" || h.Actor != c.Head().Actor || !h.OccurredAt.Equal(two) {
						t.Errorf("event's header: %+v", h)
					}
				}
			})
		}
	}
}

// Another garage learns nothing about a repair, not even where it stands.
func TestAnotherGaragesRepairIsNotFound(t *testing.T) {
	for column, situation := range situations {
		if column == "none" {
			continue
		}
		for row := range commands(new(repair.Repair)) {
			var r repair.Repair
			situation(t, &r)
			before := clone(r)
			c := commands(&r)[row]
			c.Head().GarageID = "noord"
			events, v := r.Handle(c)
			if v.Code != repair.NotFound || v.State != "" || v.Sequence != 0 || len(events) > 0 {
				t.Errorf("%s %s: %+v, %d events", column, row, v, len(events))
			}
			if d := cmp.Diff(before, r); d != "" {
				t.Errorf("%s %s changed the repair:\n%s", column, row, d)
			}
		}
	}
}
