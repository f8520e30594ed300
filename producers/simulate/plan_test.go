package simulate

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"pitstop/producers/simulate/towns"
	"pitstop/schemas/avro"
	"pitstop/schemas/garage"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
	"pitstop/schemas/request"
)

// A Wednesday afternoon, and 30 days before it.
var (
	planTo   = time.Date(2026, time.June, 24, 13, 20, 0, 0, time.UTC)
	planFrom = planTo.AddDate(0, 0, -30)
)

func mustGarages(t testing.TB, n int) *garage.Book {
	t.Helper()
	book, err := towns.Garages(n, planTo)
	if err != nil {
		t.Fatal(err)
	}
	return book
}

func mustPlan(t testing.TB, seed uint64, repairs, garages int) *Plan {
	t.Helper()
	p, err := NewPlan(seed, repairs, mustGarages(t, garages), planFrom, planTo)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// What the plan says the answer will be is what the lifecycle answers.
func TestEveryStepIsAnsweredAsPlanned(t *testing.T) {
	book := mustGarages(t, towns.Default)
	d := newDecider(t, book)
	rapid.Check(t, func(t *rapid.T) {
		p, err := NewPlan(rapid.Uint64().Draw(t, "seed"), 40, book, planFrom, planTo)
		if err != nil {
			t.Fatal(err)
		}
		repairs := make([]repair.Repair, len(p.Repairs))
		asked := make([]int64, len(p.Repairs))
		for _, step := range p.Steps {
			r := &repairs[step.Repair]
			if step.After != asked[step.Repair] {
				t.Fatalf("%s %T waits for event %d, want %d", step.Key, step.Body, step.After, asked[step.Repair])
			}
			if d, decides := step.Body.(*request.DecideQuote); decides && d.Name == "" {
				t.Fatalf("%s decides without a name", step.Key)
			}
			verdict, events := d.perform(t, r, step)
			for _, e := range events {
				switch e.(type) {
				case *repair.ApprovalRequested, *repair.ContactCorrected:
					asked[step.Repair] = repair.SequenceOf(e)
				}
			}
			if verdict.Code != step.Refused {
				t.Fatalf("%s %T by %s at %s: answered %q %s, planned %q", step.Key, step.Body, step.Actor.Role, step.At, verdict.Code, verdict.Detail, step.Refused)
			}
		}
	})
}

// decider builds the command of a step and decides it, as the API and the lifecycle do.
type decider struct {
	*request.Builder
	now time.Time
}

func newDecider(t testing.TB, book *garage.Book) *decider {
	t.Helper()
	codec, err := avro.NewCodec()
	if err != nil {
		t.Fatal(err)
	}
	d := new(decider)
	d.Builder, err = request.NewBuilder(codec, book, bytes.Repeat([]byte{1}, request.MinSecretBytes), func() time.Time { return d.now })
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// perform does a step as the API and the lifecycle do.
func (d *decider) perform(t rapid.TB, r *repair.Repair, step Step) (repair.Verdict, []repair.Event) {
	t.Helper()
	d.now = step.At
	cmd, err := d.Build(step.Request)
	if err != nil {
		t.Fatalf("%s %T: %v", step.Key, step.Body, err)
	}
	if !cmd.Head().OccurredAt.Equal(step.At) {
		t.Fatalf("%s occurs at %s, planned at %s", step.Key, cmd.Head().OccurredAt, step.At)
	}
	events := r.Expire(step.At, step.At)
	done, verdict := r.Handle(cmd)
	return verdict, append(events, done...)
}

func TestTheSamePlanEveryTime(t *testing.T) {
	p, q, other := mustPlan(t, 7, 200, 20), mustPlan(t, 7, 200, 20), mustPlan(t, 8, 200, 20)
	if d := cmp.Diff(p, q); d != "" {
		t.Error(d)
	}
	a, err := p.Digest()
	if err != nil {
		t.Fatal(err)
	}
	b, err := q.Digest()
	if err != nil {
		t.Fatal(err)
	}
	c, err := other.Digest()
	if err != nil {
		t.Fatal(err)
	}
	if a != b || a == c {
		t.Errorf("digests %s and %s of the same plan, %s of another", a, b, c)
	}
}

func TestThePlanCoversWhatHappensAtGarages(t *testing.T) {
	d := newDecider(t, mustGarages(t, towns.Default))
	p := mustPlan(t, 1, DefaultRepairs, towns.Default)
	repairs := make([]repair.Repair, len(p.Repairs))
	seen := make(map[string]int)
	days := make(map[string]bool)
	garages := make(map[string]bool)
	plates := make(map[string]int)
	for _, step := range p.Steps {
		verdict, events := d.perform(t, &repairs[step.Repair], step)
		if verdict.Code != "" {
			seen["refused "+string(verdict.Code)]++
		}
		for _, e := range events {
			seen[record.NameOf(e)]++
			switch e := e.(type) {
			case *repair.ApprovalRequested:
				if e.Replaces > 0 {
					seen["replaced"]++
				}
			case *repair.QuoteDecided:
				seen["decision "+string(e.Decision)]++
				seen["by "+string(e.Method)]++
			case *repair.MessagePosted:
				seen["message "+string(e.Kind)+" by "+string(e.Actor.Role)]++
			}
		}
		days[step.At.Format(time.DateOnly)] = true
	}
	for i, r := range p.Repairs {
		garages[r.Garage] = true
		plates[r.Garage+r.Vehicle.Plate]++
		seen["left "+string(repairs[i].State)]++
		seen["language "+r.Customer.Language]++
		if r.Customer.Email == "" {
			seen["no address"]++
		}
		if r.Approver != nil {
			seen["approver"]++
		}
	}
	for _, n := range plates {
		if n > 1 {
			seen["same car again"]++
		}
	}
	for _, want := range []string{
		"RepairStarted", "ApprovalRequested", "QuoteWithdrawn", "QuoteExpired", "ReadyTimeChanged", "ContactCorrected",
		"RepairCompleted", "VehicleCollected", "RepairCancelled", "QuoteViewed", "replaced", "decision approved",
		"decision partly_approved", "decision rejected", "by page", "by phone", "by counter", "message text by customer",
		"message text by mechanic", "message text by customer_service", "message note by mechanic", "message callback by customer",
		"refused expired", "refused already_decided", "refused illegal_state", "refused reason_required",
		"left in_progress", "left awaiting_approval", "left completed", "language nl", "language en", "no address", "approver", "same car again",
	} {
		if seen[want] == 0 {
			t.Errorf("no %s", want)
		}
	}
	if len(garages) != towns.Default {
		t.Errorf("%d garages have repairs, want %d", len(garages), towns.Default)
	}
	if len(days) < 26 {
		t.Errorf("steps on %d days only", len(days))
	}
	for _, k := range slices.Sorted(maps.Keys(seen)) {
		t.Logf("%5d %s", seen[k], k)
	}
	t.Logf("%d steps, %d windows", len(p.Steps), len(p.Windows))
}

func TestStaffWorkWhileTheirGarageIsOpen(t *testing.T) {
	book := mustGarages(t, towns.Default)
	for _, step := range mustPlan(t, 3, 500, towns.Default).Steps {
		g, _ := book.Garage(step.Garage)
		if step.Actor.Role.Staff() && !g.Calendar().IsOpen(step.At) {
			t.Errorf("%T at %s, when %s is closed", step.Body, step.At, g.ID)
		}
	}
}

func TestWindowsFollowEachOtherAndHoldEveryStep(t *testing.T) {
	p := mustPlan(t, 5, 300, towns.Default)
	at, n := p.From, 0
	for _, w := range p.Windows {
		if !w.Start.Equal(at) || !w.End.After(w.Start) {
			t.Fatalf("window %v begins at %s", w, at)
		}
		at = w.End
		last := make(map[int]time.Time)
		for _, step := range p.In(w) {
			n++
			if step.At.Before(w.Start) || !step.At.Before(w.End) {
				t.Errorf("step at %s in window %v", step.At, w)
			}
			if step.At.Sub(last[step.Repair]) < time.Second {
				t.Errorf("%s less than a second after the step before", step.Key)
			}
			last[step.Repair] = step.At
		}
	}
	if !at.Equal(p.To) || n != len(p.Steps) {
		t.Errorf("windows end at %s with %d of %d steps", at, n, len(p.Steps))
	}
}

// Where mail can fail, the next step is in another window, after the mail server's
// answer; and so is the first reminder.
func TestMailThatCanFailIsAnsweredBeforeTheNextStep(t *testing.T) {
	p := mustPlan(t, 9, 1000, towns.Default)
	busy := make(map[int]time.Time) // the window of the step before
	quotes := 0
	for _, w := range p.Windows {
		for _, step := range p.In(w) {
			_, domain, _ := strings.Cut(p.Repairs[step.Repair].Customer.Email, "@")
			if domain == goodDomain || domain == "" {
				continue
			}
			if w.Start.Equal(busy[step.Repair]) {
				t.Errorf("%s %T shares a window with the step before", step.Key, step.Body)
			}
			busy[step.Repair] = w.Start
			if _, asks := step.Body.(*request.RequestApproval); asks {
				quotes++
				if took := w.End.Sub(step.At); took > 45*time.Minute {
					t.Errorf("%s asks %s before its window ends", step.Key, took)
				}
			}
		}
	}
	if quotes == 0 {
		t.Error("no quote goes to an address that refuses")
	}
	for _, g := range mustGarages(t, towns.Default).Garages() {
		if first := g.Approval.RemindAfter[0]; first <= beforeReminders {
			t.Errorf("%s reminds after %s", g.ID, first)
		}
	}
}

func TestNoGarageOpen(t *testing.T) {
	night := time.Date(2026, time.June, 10, 1, 0, 0, 0, time.UTC)
	if _, err := NewPlan(1, 1, mustGarages(t, 2), night, night.Add(time.Hour)); err == nil {
		t.Error("planned repairs at night")
	}
}

// History ends with a busy day, at any hour and on every day.
func TestTheLastDayIsBusy(t *testing.T) {
	for name, to := range map[string]time.Time{
		"a Wednesday":    planTo,
		"at 03:00":       time.Date(2026, time.June, 24, 1, 0, 0, 0, time.UTC),
		"on a Sunday":    time.Date(2026, time.June, 21, 10, 0, 0, 0, time.UTC),
		"on a holiday":   time.Date(2026, time.December, 25, 11, 0, 0, 0, time.UTC),
		"as time shifts": time.Date(2026, time.March, 29, 1, 30, 0, 0, time.UTC),
	} {
		book := must(towns.Garages(towns.Default, to))(t)
		p, err := NewPlan(1, DefaultRepairs, book, to.AddDate(0, 0, -30), to)
		if err != nil {
			t.Fatal(err)
		}
		began, lastHours, decided := make(map[time.Time]int), 0, 0
		for _, s := range p.Steps {
			age := to.Sub(s.At)
			switch s.Body.(type) {
			case *request.StartRepair:
				began[s.At.Truncate(24*time.Hour)]++
				if age < towns.LastDay {
					lastHours++
				}
			case *request.DecideQuote:
				if age < towns.LastDay && s.Refused == "" {
					decided++
				}
			}
		}
		if most := slices.Max(slices.Collect(maps.Values(began))); lastHours < DefaultRepairs/5 || lastHours < most-10 {
			t.Errorf("%s: %d repairs begin on the last day, and %d on another", name, lastHours, most)
		}
		if decided < 10 {
			t.Errorf("%s: %d quotes are decided on the last day", name, decided)
		}
	}
}
