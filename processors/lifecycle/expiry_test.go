package lifecycle_test

import (
	"testing"
	"time"

	"pitstop/schemas/repair"
)

// A quote expires by itself, at its due time however late the tick, and correlates
// with the request.
func TestExpiry(t *testing.T) {
	d := begin(t)
	d.do(noon, start())
	asked := d.of(request(noon.Add(time.Hour)), noon)
	d.send(asked)
	d.do(noon.Add(time.Minute), message(), &repair.ChangeReadyTime{ReadyAt: noon.Add(5 * time.Hour)})
	if got := names(d.until(noon.Add(time.Hour - time.Microsecond))); got != "" {
		t.Fatalf("too early: %s", got)
	}
	if got := names(d.until(noon.Add(26 * time.Hour))); got != "QuoteExpired" {
		t.Fatalf("once it is due: %q", got)
	}
	e := d.events[len(d.events)-1].(*repair.QuoteExpired)
	if !e.OccurredAt.Equal(noon.Add(time.Hour)) || e.Actor.Role != repair.System || e.GarageID != "de-brug" || e.Revision != 1 {
		t.Errorf("%+v", e)
	}
	if e.CorrelationID != asked.Head().EventID {
		t.Errorf("the expiry correlates with %s, not the request %s", e.CorrelationID, asked.Head().EventID)
	}
	if got := names(d.until(noon.Add(27 * time.Hour))); got != "" {
		t.Errorf("a second time: %s", got)
	}
	if got := names(d.do(noon.Add(26*time.Hour), approve(1))); got != "refused:expired" {
		t.Errorf("afterwards: %s", got)
	}
}

// No expiry follows once the quote is closed, and a new revision expires at its own
// time only.
func TestWhatEndsAQuoteEndsItsTimer(t *testing.T) {
	for name, c := range map[string]struct {
		command repair.Command
		want    string
	}{
		"decided":   {approve(1), ""},
		"withdrawn": {&repair.WithdrawQuote{Revision: 1}, ""},
		"cancelled": {&repair.CancelRepair{}, ""},
		"replaced":  {request(noon.Add(2 * time.Hour)), "QuoteExpired"},
		"refused":   {approve(7), "QuoteExpired"},
	} {
		d := begin(t)
		d.do(noon, start(), request(noon.Add(time.Hour)), c.command)
		if name != "refused" {
			if got := names(d.until(noon.Add(time.Hour))); got != "" {
				t.Errorf("%s: at the old time %s", name, got)
			}
		}
		if got := names(d.until(noon.Add(2 * time.Hour))); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// A later command of the same repair fires the expiry first, even without a tick.
func TestExpiryComesBeforeLaterCommands(t *testing.T) {
	d := begin(t)
	d.do(noon, start(), request(noon.Add(time.Hour)))
	for _, step := range []struct {
		command repair.Command
		at      time.Time
		want    string
	}{
		{message(), noon.Add(time.Hour - time.Microsecond), "MessagePosted accepted"},
		{approve(1), noon.Add(time.Hour), "QuoteExpired refused:expired"},
		{request(noon.Add(3 * time.Hour)), noon.Add(2 * time.Hour), "ApprovalRequested accepted"},
		{&repair.CompleteRepair{}, noon.Add(4 * time.Hour), "QuoteExpired RepairCompleted accepted"},
	} {
		if got := names(d.do(step.at, step.command)); got != step.want {
			t.Errorf("%T: %s, want %s", step.command, got, step.want)
		}
	}
}

// After an outage, what was decided in time is handled before the tick takes
// effect, and holds.
func TestADecisionInTimeBeatsTheExpiry(t *testing.T) {
	d := begin(t)
	d.do(noon, start(), request(noon.Add(time.Hour)))
	if got := names(d.do(noon.Add(time.Hour-time.Microsecond), approve(1))); got != "QuoteDecided accepted" {
		t.Errorf("a microsecond before: %s", got)
	}
	if got := names(d.until(noon.Add(9 * time.Hour))); got != "" {
		t.Errorf("and then: %s", got)
	}
	if s := d.state().Repair; s.State != repair.InProgress || s.ApprovedTotal != 34800 {
		t.Errorf("%+v", s)
	}
}

// A command whose sender's clock is days ahead of the log is refused, and ends nothing.
func TestAClockAheadEndsNothing(t *testing.T) {
	d := begin(t)
	d.do(noon, start(), request(noon.Add(time.Hour)))
	d.LogTime = noon.Add(time.Minute)
	for ahead, want := range map[time.Duration]string{
		2 * time.Minute: "MessagePosted accepted", 2*time.Minute + time.Microsecond: "refused:invalid", 48 * time.Hour: "refused:invalid",
	} {
		if got := names(d.do(d.LogTime.Add(ahead), message())); got != want {
			t.Errorf("%s ahead: %s, want %s", ahead, got, want)
		}
	}
	d.LogTime = noon.Add(30 * time.Minute)
	if got := names(d.do(noon.Add(30*time.Minute), approve(1))); got != "QuoteDecided accepted" {
		t.Errorf("an answer in time: %s", got)
	}
}

// A command from the far future moves its own repair's timers, nobody else's.
func TestTheFutureMovesOnlyItsOwnRepair(t *testing.T) {
	d := begin(t)
	d.do(noon, start(), request(noon.Add(time.Hour)))
	other := d.of(start(), noon)
	other.Head().AggregateID = "r2"
	future := d.of(message(), time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC))
	future.Head().AggregateID = "r2"
	if got := names(d.send(other, future)); got != "RepairStarted accepted MessagePosted accepted" {
		t.Errorf("%s", got)
	}
	if got := names(d.do(noon.Add(time.Minute), approve(1))); got != "QuoteDecided accepted" {
		t.Errorf("the other repair: %s", got)
	}
	past := d.of(message(), noon.Add(time.Hour))
	past.Head().AggregateID = "r2"
	d.send(past)
	if e := d.events[len(d.events)-1]; e.Head().OccurredAt.Year() != 2099 || repair.SequenceOf(e) != 3 {
		t.Errorf("its own events go on from there, in order: %+v", e.Head())
	}
}
