package lifecycle_test

import (
	"testing"
	"time"

	"pitstop/processors/lifecycle"
	"pitstop/processors/stream"
	"pitstop/schemas/repair"
)

// What reaches the log more than a day after it occurred is history, of which nobody is
// told unless its sender says so. Its events say when it was known.
func TestHistory(t *testing.T) {
	const oneDay = 24 * time.Hour
	simulated := func(at time.Time) bool { return at.Before(noon.Add(time.Hour)) }
	for name, c := range map[string]struct {
		simulated stream.Simulated
		late      time.Duration
		tell      bool
		history   bool
		known     time.Time
	}{
		"at once":            {late: time.Second, known: noon},
		"two minutes late":   {late: 2 * time.Minute, known: noon},
		"an hour late":       {late: time.Hour, known: noon.Add(time.Hour)},
		"told, an hour late": {late: time.Hour, tell: true, known: noon.Add(time.Hour)},
		"exactly a day":      {late: oneDay, known: noon.Add(oneDay)},
		"more than a day":    {late: oneDay + time.Microsecond, history: true, known: noon.Add(oneDay + time.Microsecond)},
		"told all the same":  {late: 160 * oneDay, tell: true, known: noon.Add(160 * oneDay)},
		"a tell at once":     {late: 0, tell: true, known: noon},
		"a clock ahead":      {late: -time.Minute, known: noon},
		"simulated":          {simulated: simulated, late: 160 * oneDay, known: noon},
	} {
		p, err := stream.NewDriver(lifecycle.New(c.simulated))
		if err != nil {
			t.Fatal(err)
		}
		d := &day{TB: t, Driver: p}
		d.LogTime = noon.Add(c.late)
		begun := d.of(start(), noon)
		begun.(*repair.StartRepair).Tell = c.tell
		d.send(begun)
		if len(d.events) != 1 {
			t.Errorf("%s: %d events", name, len(d.events))
			continue
		}
		e := d.events[0]
		if got := repair.IsHistory(e); got != c.history {
			t.Errorf("%s: history is %t", name, got)
		}
		if got := repair.KnownAt(e); !got.Equal(c.known) || !e.Head().OccurredAt.Equal(noon) {
			t.Errorf("%s: it occurred at %s and was known at %s, want %s", name, e.Head().OccurredAt, got, c.known)
		}
	}
}

// The expiry of a quote is history if its request was, whenever it comes. What happens
// to the quote now is not.
func TestTheExpiryOfAHistoricQuoteIsHistory(t *testing.T) {
	logged := noon.Add(3 * 24 * time.Hour)
	for name, c := range map[string]struct {
		tell    bool
		expires time.Time
		history bool
		known   time.Time
	}{
		"expired since": {false, noon.Add(time.Hour), true, logged.Add(time.Hour)},
		"expires later": {false, logged.Add(30 * time.Minute), true, logged.Add(30 * time.Minute)},
		"told":          {true, noon.Add(time.Hour), false, logged.Add(time.Hour)},
	} {
		d := begin(t)
		d.LogTime = logged
		d.do(noon, start())
		asked := d.of(request(c.expires), noon)
		asked.(*repair.RequestApproval).Tell = c.tell
		if got := names(d.send(asked)); got != "ApprovalRequested accepted" {
			t.Errorf("%s: %s", name, got)
		}
		if got := names(d.until(logged.Add(time.Hour))); got != "QuoteExpired" {
			t.Errorf("%s: %s", name, got)
			continue
		}
		e := d.events[2]
		if repair.IsHistory(e) != c.history || !repair.KnownAt(e).Equal(c.known) || !e.Head().OccurredAt.Equal(c.expires) {
			t.Errorf("%s: %+v, known at %s", name, e, repair.KnownAt(e))
		}
	}
}

// A time in the past is refused when a quote or a promise names it, but in history.
// The same request again gets the answer that it got in time.
func TestTimesInThePast(t *testing.T) {
	hour := time.Hour
	begun := func(ready time.Time) repair.Command {
		c := start()
		c.ReadyAt = ready
		return c
	}
	for name, c := range map[string]struct {
		begun   bool
		command func(at time.Time) repair.Command
		late    time.Duration
		want    string
	}{
		"expires in an hour":         {true, func(at time.Time) repair.Command { return request(at.Add(hour)) }, 0, "ApprovalRequested accepted"},
		"expired meanwhile":          {true, func(at time.Time) repair.Command { return request(at.Add(hour)) }, hour, "refused:invalid"},
		"expired before the request": {true, func(at time.Time) repair.Command { return request(at.Add(-hour)) }, 0, "refused:invalid"},
		"expired, in history":        {true, func(at time.Time) repair.Command { return request(at.Add(hour)) }, 25 * hour, "ApprovalRequested accepted"},
		"promised in the past":       {true, func(at time.Time) repair.Command { return &repair.ChangeReadyTime{ReadyAt: at.Add(-time.Second)} }, 0, "refused:invalid"},
		"promised for now":           {true, func(at time.Time) repair.Command { return &repair.ChangeReadyTime{ReadyAt: at} }, 0, "ReadyTimeChanged accepted"},
		"promise passed meanwhile":   {true, func(at time.Time) repair.Command { return &repair.ChangeReadyTime{ReadyAt: at.Add(hour)} }, 2 * hour, "refused:invalid"},
		"promise passed, in history": {true, func(at time.Time) repair.Command { return &repair.ChangeReadyTime{ReadyAt: at.Add(hour)} }, 25 * hour, "ReadyTimeChanged accepted"},
		"begun too late":             {false, func(at time.Time) repair.Command { return begun(at.Add(-hour)) }, 0, "refused:invalid"},
		"begun in history":           {false, func(at time.Time) repair.Command { return begun(at.Add(hour)) }, 25 * hour, "RepairStarted accepted"},
	} {
		d := begin(t)
		if c.begun {
			d.do(noon, start())
		}
		d.LogTime = noon.Add(c.late)
		command := d.of(c.command(noon), noon)
		if got := names(d.send(command)); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
		first := d.last().Verdict
		d.LogTime = noon.Add(48 * hour)
		d.send(command)
		if o := d.last(); o.Result != repair.Duplicate || o.Code != first.Code || o.Sequence != first.Sequence {
			t.Errorf("%s, again: %+v", name, o)
		}
	}
}
