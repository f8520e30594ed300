package lifecycle_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pitstop/processors/lifecycle"
	"pitstop/processors/stream"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// A command id is remembered for seven days of the log's time and a few minutes.
func TestForgettingCommands(t *testing.T) {
	d := begin(t)
	week := lifecycle.RememberFor
	if week < 7*24*time.Hour || week > 7*24*time.Hour+time.Hour {
		t.Errorf("they are remembered for %s", week)
	}
	first, early, late := d.of(message(), noon.Add(time.Hour)), d.of(message(), noon), d.of(message(), noon.Add(2*time.Hour))
	d.do(noon, start())
	d.send(first, early, late)
	d.until(noon.Add(week - time.Microsecond))
	again := func(c repair.Command, at time.Time) string {
		c.Head().OccurredAt = at
		return names(d.send(c))
	}
	if got := again(early, noon.Add(week-time.Microsecond)); got != "duplicate" {
		t.Errorf("just within a week: %s", got)
	}
	d.until(noon.Add(week))
	if got := len(d.state().Commands); got != 2 {
		t.Errorf("after a week, %d commands are remembered, want the later two", got)
	}
	if got := again(late, noon.Add(week+2*time.Hour-time.Microsecond)); got != "duplicate" {
		t.Errorf("the last, just within its week: %s", got)
	}
	if got := again(late, noon.Add(week+2*time.Hour)); got != "MessagePosted accepted" {
		t.Errorf("after its week: %s", got)
	}
}

// A repair that is over shrinks to a marker, which keeps it from being started again,
// and accepts messages for ever.
func TestClosedMarker(t *testing.T) {
	d := begin(t)
	id := repair.RepairID("garage-de-brug-utrecht", "external_ref", "WO-1842")
	of := func(c repair.Command, at time.Time) repair.Command {
		c = d.of(c, at)
		c.Head().AggregateID, c.Head().GarageID = id, "garage-de-brug-utrecht"
		return c
	}
	d.send(of(start(), noon), of(request(noon.Add(time.Hour)), noon), of(approve(1), noon), of(&repair.CompleteRepair{Total: 1}, noon),
		of(&repair.CollectVehicle{}, noon), of(message(), noon))
	size := func() int {
		s, ok, err := d.State(id)
		if err != nil || !ok {
			t.Fatalf("there is no state: %v", err)
		}
		b, err := d.Codec().Encode(&s)
		if err != nil {
			t.Fatal(err)
		}
		return len(b)
	}
	full := size()
	d.until(noon.Add(lifecycle.RememberFor))
	t.Logf("a closed repair takes %d bytes for a week, then %d", full, size())
	if size() >= 150 || len(d.Timers(id)) > 0 {
		t.Errorf("the marker takes %d bytes, and %v are set", size(), d.Timers(id))
	}
	later := noon.Add(30 * 24 * time.Hour)
	for _, step := range []struct {
		command repair.Command
		want    string
	}{
		{start(), "refused:already_started"},
		{approve(1), "refused:illegal_state"},
		{request(later.Add(time.Hour)), "refused:illegal_state"},
		{&repair.CollectVehicle{}, "refused:illegal_state"},
		{message(), "MessagePosted accepted"},
	} {
		if got := names(d.send(of(step.command, later))); got != step.want {
			t.Errorf("%T, a month later: %s, want %s", step.command, got, step.want)
		}
	}
	if e := d.events[len(d.events)-1]; repair.SequenceOf(e) != 7 {
		t.Errorf("the message has sequence %d, want 7", repair.SequenceOf(e))
	}
	d.until(later.Add(lifecycle.RememberFor))
	if size() >= 150 {
		t.Errorf("after the message was forgotten, %d bytes are left", size())
	}
}

// Commands of a repair that never started leave nothing behind.
func TestNothingIsKeptOfNothing(t *testing.T) {
	d := begin(t)
	d.do(noon, approve(1), message())
	if _, ok, _ := d.State("r1"); !ok {
		t.Error("the answers are not remembered")
	}
	d.until(noon.Add(lifecycle.RememberFor))
	if s, ok, err := d.State("r1"); ok || err != nil || len(d.Timers("r1")) > 0 {
		t.Errorf("%+v is left, %v", s, err)
	}
}

// An open repair is never shrunk, however long it takes.
func TestAnOpenRepairIsKept(t *testing.T) {
	d := begin(t)
	d.do(noon, start(), request(noon.Add(time.Hour)), approve(1))
	d.until(noon.Add(365 * 24 * time.Hour))
	if s := d.state(); len(s.Commands) > 0 || s.Repair.ApprovedTotal != 34800 || len(s.Repair.Revisions) != 1 {
		t.Errorf("%+v", s)
	}
	if got := names(d.do(noon.Add(366*24*time.Hour), &repair.CompleteRepair{Total: 63700})); got != "RepairCompleted accepted" {
		t.Errorf("a year later: %s", got)
	}
}

// Nobody can fill a repair's state until it no longer fits in a record: then
// every further command, anybody's, would be a dead letter.
func TestAFloodIsForgottenEarly(t *testing.T) {
	d := begin(t)
	d.do(noon, start(), request(noon.Add(time.Hour)))
	var last repair.Command
	for range 120 {
		mistaken := approve(1)
		mistaken.Answers = make([]repair.Answer, 1000)
		last = d.of(mistaken, noon)
		d.send(last)
	}
	s := d.state()
	b, err := d.Codec().Encode(&s)
	if err != nil {
		t.Fatal(err)
	}
	if len(b) > 150_000 || len(s.Commands) < 20 {
		t.Errorf("%d commands are remembered in %d bytes", len(s.Commands), len(b))
	}
	if got := names(d.send(last)); got != "duplicate:invalid" {
		t.Errorf("the last one again: %s", got)
	}
	if len(d.dead) > 0 {
		t.Errorf("%d dead letters", len(d.dead))
	}
}

// Where a repair's commands take too much, the views of pages and what was refused are
// forgotten first, then what the customer's side did; what the garage did is remembered for
// its seven days, whatever is sent to its links.
func TestWhatTheGarageDidIsForgottenLast(t *testing.T) {
	d := begin(t)
	send := func(n int, by repair.Role, command func() repair.Command) (sent []repair.Command) {
		for range n {
			c := d.of(command(), d.LogTime)
			c.Head().Actor = repair.Actor{Role: by}
			sent = append(sent, c)
		}
		d.send(sent...)
		return sent
	}
	d.LogTime = noon
	d.do(noon, start(), request(noon.Add(30*24*time.Hour)))
	var kept []repair.Command
	for _, role := range []repair.Role{repair.Mechanic, repair.CustomerService, repair.Integrator} {
		kept = append(kept, send(10, role, func() repair.Command { return message() })...)
	}
	said := send(10, repair.Customer, func() repair.Command { return message() })
	viewed := send(10, repair.Customer, func() repair.Command { return &repair.RecordView{Revision: 1} })
	refused := send(60, repair.Mechanic, func() repair.Command {
		mistaken := approve(1)
		mistaken.Answers = make([]repair.Answer, 1000)
		return mistaken
	})
	d.LogTime = noon.Add(7*24*time.Hour - time.Second)
	d.until(d.LogTime)
	remembered := func(commands []repair.Command) (n int) {
		for _, c := range commands {
			if strings.HasPrefix(names(d.send(c)), "duplicate") {
				n++
			}
		}
		return n
	}
	for _, c := range []struct {
		what     string
		commands []repair.Command
		want     int
	}{
		{"what the garage did", kept, 30},
		{"what the customer wrote", said, 10},
		{"the last refusals", refused[len(refused)-10:], 10},
		{"the first view", viewed[:1], 0},
	} {
		if n := remembered(c.commands); n != c.want {
			t.Errorf("of %s, %d of %d keys are remembered, want %d", c.what, n, len(c.commands), c.want)
		}
	}
	send(67, repair.Integrator, func() repair.Command {
		c := message()
		c.Digest = strings.Repeat("x", 1800)
		return c
	})
	if n := remembered(said[:1]); n > 0 {
		t.Error("what the customer wrote is remembered, where the garage's keys take all there is")
	}
	if n := remembered(kept[len(kept)-1:]); n != 1 {
		t.Error("the garage's key is forgotten before older ones and the customer's")
	}
	if len(d.dead) > 0 {
		t.Errorf("%d dead letters", len(d.dead))
	}
}

// A command whose digest alone takes more than is remembered of all is answered, and
// forgotten: it is no dead letter.
func TestACommandThatCannotBeRemembered(t *testing.T) {
	d := begin(t)
	begun := d.of(start(), noon)
	begun.(*repair.StartRepair).Digest = strings.Repeat("x", 200_000)
	if got := names(d.send(begun)); got != "RepairStarted accepted" {
		t.Errorf("%s", got)
	}
	d.do(noon, &repair.CancelRepair{})
	d.until(noon.Add(lifecycle.RememberFor))
	if s := d.state(); len(s.Commands) > 0 || s.Repair.Currency != "" {
		t.Errorf("%+v is left", s)
	}
}

// A key counts for seven days after it reached the log, whenever what it names occurred;
// then it is free.
func TestAKeyCountsForSevenDaysOfTheLog(t *testing.T) {
	const day = 24 * time.Hour
	for _, occurred := range []time.Duration{0, -time.Minute, -8 * day, -40 * day} {
		for age, want := range map[time.Duration]string{
			6*day + 23*time.Hour:                 "duplicate",
			7 * day:                              "duplicate",
			lifecycle.RememberFor - time.Second:  "duplicate",
			lifecycle.RememberFor:                "MessagePosted accepted",
			lifecycle.RememberFor + 23*time.Hour: "MessagePosted accepted",
		} {
			d := begin(t)
			d.LogTime = noon
			d.do(noon.Add(occurred-time.Hour), start())
			said := d.of(message(), noon.Add(occurred))
			if got := names(d.send(said)); got != "MessagePosted accepted" {
				t.Fatalf("occurred %s: %s", occurred, got)
			}
			d.LogTime = noon.Add(age)
			d.until(d.LogTime)
			if got := names(d.send(said)); got != want {
				t.Errorf("what occurred %s from when it was logged, again after %s: %s, want %s", occurred, age, got, want)
			}
		}
	}
}

// What is reported eight days late is remembered as long as what is reported at once:
// the same request three times makes one revision, however often it is tried.
func TestARetryOfWhatHappenedEightDaysAgo(t *testing.T) {
	d := begin(t)
	d.LogTime = noon.Add(8 * 24 * time.Hour)
	d.do(noon, start())
	asked := d.of(request(noon.Add(9*24*time.Hour)), noon)
	for i := range 3 {
		if got, want := names(d.send(asked)), []string{"ApprovalRequested accepted", "duplicate", "duplicate"}[i]; got != want {
			t.Errorf("time %d: %s, want %s", i+1, got, want)
		}
		d.LogTime = d.LogTime.Add(24 * time.Hour)
		d.until(d.LogTime)
	}
	if n := len(d.state().Repair.Revisions); n != 1 {
		t.Errorf("%d revisions", n)
	}
}

// An import of old history that is sent twice, the second time days later, changes
// nothing: there is no message twice.
func TestImportingTwentyDayOldHistoryTwice(t *testing.T) {
	d := begin(t)
	d.LogTime = noon.Add(20 * 24 * time.Hour)
	history := []repair.Command{
		d.of(start(), noon), d.of(message(), noon.Add(time.Hour)), d.of(request(noon.Add(3*time.Hour)), noon.Add(2*time.Hour)),
		d.of(message(), noon.Add(4*time.Hour)), d.of(&repair.CompleteRepair{Total: 1}, noon.Add(5*time.Hour)), d.of(&repair.CollectVehicle{}, noon.Add(6*time.Hour)),
	}
	d.send(history...)
	first, before := len(d.events), d.state().Repair
	if first != 7 { // with the expiry
		t.Errorf("%d events", first)
	}
	d.LogTime = d.LogTime.Add(6 * 24 * time.Hour)
	d.until(d.LogTime)
	for _, c := range history {
		if got := names(d.send(c)); got != "duplicate" {
			t.Errorf("%T again: %s", c, got)
		}
	}
	if len(d.events) != first {
		t.Errorf("%d events more", len(d.events)-first)
	}
	if diff := cmp.Diff(before, d.state().Repair); diff != "" {
		t.Error(diff)
	}
}

// What a command leads to after it was forgotten has ids of its own, event and outcome:
// they hold the repair's sequence.
func TestIDsHoldTheSequence(t *testing.T) {
	d := begin(t)
	d.do(noon, start())
	said, refused := d.of(message(), noon), d.of(approve(1), noon)
	for n := range 3 {
		d.LogTime = noon.Add(time.Duration(n) * lifecycle.RememberFor)
		d.until(d.LogTime)
		d.send(said, refused)
	}
	seen := make(map[string]bool)
	for _, e := range d.events {
		seen[e.Head().EventID] = true
	}
	for _, o := range d.outcomes {
		seen[o.EventID] = true
	}
	if len(d.events) != 4 || len(d.outcomes) != 7 || len(seen) != 11 {
		t.Errorf("%d events and %d outcomes have %d ids", len(d.events), len(d.outcomes), len(seen))
	}
}

// The command that started a repair is known for ever: a month later it gets the same
// answer, and changes nothing. With another body it is another request.
func TestAMonthOldStartIsARepetition(t *testing.T) {
	d := begin(t)
	begun := d.of(start(), noon)
	begun.(*repair.StartRepair).Digest = "d1"
	d.send(begun)
	first := *d.last()
	d.do(noon, &repair.CompleteRepair{Total: 1}, &repair.CollectVehicle{})
	month := noon.Add(31 * 24 * time.Hour)
	d.until(month)
	before, events := d.state(), len(d.events)
	d.LogTime = month
	for range 2 {
		if got := names(d.send(begun)); got != "duplicate" {
			t.Errorf("a month later: %s", got)
		}
		if diff := cmp.Diff(first.Verdict, d.last().Verdict); diff != "" {
			t.Errorf("another answer (-first +again):\n%s", diff)
		}
		if d.last().EventID == first.EventID {
			t.Error("its outcome takes the place of the first")
		}
	}
	d.until(month.Add(lifecycle.RememberFor))
	if diff := cmp.Diff(before, d.state()); diff != "" || len(d.events) != events {
		t.Errorf("%d events more; the state:\n%s", len(d.events)-events, diff)
	}
	other := d.of(start(), noon)
	*other.Head() = *begun.Head()
	other.(*repair.StartRepair).Digest = "d2"
	for range 2 {
		if got := names(d.send(other)); got != "duplicate:key_reused" {
			t.Errorf("with another body: %s", got)
		}
		if got := names(d.send(begun)); got != "duplicate" {
			t.Errorf("with its own body after that: %s", got)
		}
	}
}

// What started a repair is known to a state that is rebuilt, from its event alone where its
// outcome is deleted. Of an event that has no digest, another body cannot be told.
func TestTheStartIsKnownFromItsEvent(t *testing.T) {
	d := begin(t)
	begun := d.of(start(), noon)
	begun.(*repair.StartRepair).Digest = "d1"
	d.send(begun)
	want := d.state()
	event, answer := d.events[0].(*repair.RepairStarted), d.last()
	older := *event
	older.Digest = ""
	for name, c := range map[string]struct {
		topic  record.Topic
		record record.Headed
		digest bool
	}{
		"its event":            {record.Events, event, true},
		"its outcome":          {record.Outcomes, answer, true},
		"an event of long ago": {record.Events, &older, false},
	} {
		f := rebuilt(t)
		f.fold(noon, c.topic, c.record)
		got := f.state()
		if got.StartedBy != want.StartedBy || c.digest != (got.Started == want.Started) || !c.digest && got.Started != 0 {
			t.Errorf("%s: started by %d, %d; want %d, %d", name, got.StartedBy, got.Started, want.StartedBy, want.Started)
		}
		if name != "its outcome" { // which says nothing of the repair
			if got := names(f.send(begun)); got != "duplicate" {
				t.Errorf("%s: it comes again, and is %s", name, got)
			}
		}
	}

	// So it is where it came again since, whatever the body.
	month := noon.Add(30 * 24 * time.Hour)
	d.LogTime = month
	d.until(month)
	other := d.of(start(), noon)
	*other.Head() = *begun.Head()
	other.(*repair.StartRepair).Digest = "d2"
	var again []*repair.Outcome
	for _, c := range []repair.Command{other, begun} {
		d.send(c)
		again = append(again, d.last())
		for name, kept := range map[string][]*repair.Outcome{"and its outcome is deleted": nil, "and its outcome is kept": {answer}} {
			f := rebuilt(t)
			f.fold(noon, record.Events, event)
			for _, o := range kept {
				f.fold(noon, record.Outcomes, o)
			}
			for _, o := range again {
				f.fold(month, record.Outcomes, o)
			}
			if diff := cmp.Diff(d.state(), f.state()); diff != "" {
				t.Errorf("it came again %d times, %s (-was +is):\n%s", len(again), name, diff)
			}
			f.LogTime = month
			if got := names(f.send(begun)); got != "duplicate" {
				t.Errorf("it came again %d times, %s; once more: %s", len(again), name, got)
			}
		}
	}
}

// A state from before the id of what started a repair was kept by itself knows that command
// by its id and digest: of another body it cannot tell.
func TestTheStartIsKnownToAnOlderState(t *testing.T) {
	p := lifecycle.New(nil)
	handle := p.Record
	p.Record = func(c *stream.Context, s *lifecycle.State, rec record.Headed) error {
		s.StartedBy = 0
		return handle(c, s, rec)
	}
	d := drive(t, p)
	begun := d.of(start(), noon)
	begun.(*repair.StartRepair).Digest = "d1"
	d.send(begun)
	d.LogTime = noon.Add(30 * 24 * time.Hour)
	d.until(d.LogTime)
	if got := names(d.send(begun)); got != "duplicate" {
		t.Errorf("a month later: %s", got)
	}
}

// A repair that is over, and of which outcomes are deleted, shrinks to its marker once its
// state is rebuilt, as it did before.
func TestARebuiltRepairShrinks(t *testing.T) {
	d := begin(t)
	d.do(noon, start(), request(noon.Add(time.Hour)), approve(1), &repair.CompleteRepair{Total: 1}, &repair.CollectVehicle{})
	f := rebuilt(t)
	for _, e := range d.events {
		f.fold(noon, record.Events, e.(record.Headed))
	}
	if diff := cmp.Diff(d.Timers("r1"), f.Timers("r1")); diff != "" {
		t.Errorf("timers (-were +are):\n%s", diff)
	}
	d.until(noon.Add(lifecycle.RememberFor))
	f.until(noon.Add(lifecycle.RememberFor))
	if diff := cmp.Diff(d.state(), f.state()); diff != "" || f.state().Repair.Currency != "" {
		t.Errorf("state (-was +is):\n%s", diff)
	}
}

// What is rebuilt of remembered commands is forgotten as early as it was: see
// TestWhatTheGarageDidIsForgottenLast.
func TestRebuiltCommandsAreSparedAsBefore(t *testing.T) {
	d := begin(t)
	d.do(noon, start(), request(noon.Add(time.Hour)))
	for _, c := range []repair.Command{message(), &repair.RecordView{Revision: 1}, approve(7)} {
		c = d.of(c, noon)
		c.Head().Actor = repair.Actor{Role: repair.Customer}
		d.send(c)
	}
	f := rebuilt(t)
	for _, o := range d.outcomes {
		f.fold(noon, record.Outcomes, o)
	}
	if diff := cmp.Diff(d.state().Commands, f.state().Commands); diff != "" {
		t.Errorf("commands (-were +are):\n%s", diff)
	}
}

// A state that is rebuilt remembers a command as it was answered last, where that was
// forgotten before; and nothing of one that came again, and whose first answer is deleted.
func TestWhatWasForgottenIsRebuiltAsSuch(t *testing.T) {
	d := begin(t)
	d.do(noon, start())
	said := d.of(message(), noon)
	said.(*repair.PostMessage).Digest = "d1"
	d.send(said)
	other := *said.(*repair.PostMessage)
	other.Digest = "d2"
	d.LogTime = noon.Add(7 * 24 * time.Hour)
	d.send(&other)
	late := noon.Add(lifecycle.RememberFor)
	d.LogTime = late
	d.until(late)
	d.send(said)
	if len(d.outcomes) != 4 || d.outcomes[2].Code != repair.KeyReused || d.outcomes[3].Result != repair.Accepted {
		t.Fatalf("%+v", d.outcomes)
	}
	f := rebuilt(t)
	f.fold(noon.Add(7*24*time.Hour), record.Outcomes, d.outcomes[2])
	if s := f.state(); len(s.Commands) > 0 {
		t.Errorf("of a repetition %+v is remembered", s.Commands)
	}
	f = rebuilt(t)
	f.fold(noon, record.Events, d.events[0].(*repair.RepairStarted), d.events[1].(*repair.MessagePosted))
	f.fold(noon.Add(time.Minute), record.Outcomes, d.outcomes[1]) // answered late, and so not yet forgotten
	f.fold(noon.Add(7*24*time.Hour), record.Outcomes, d.outcomes[2])
	f.fold(late, record.Events, d.events[2].(*repair.MessagePosted))
	f.fold(late, record.Outcomes, d.outcomes[3])
	if diff := cmp.Diff(d.state(), f.state()); diff != "" {
		t.Errorf("state (-was +is):\n%s", diff)
	}
}
