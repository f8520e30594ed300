package lifecycle_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// The story of a repair: what follows from each command.
func TestAWholeRepair(t *testing.T) {
	d := begin(t)
	for _, step := range []struct {
		command repair.Command
		want    string
	}{
		{approve(1), "refused:not_found"},
		{start(), "RepairStarted accepted"},
		{start(), "refused:already_started"},
		{request(noon.Add(time.Hour)), "ApprovalRequested accepted"},
		{&repair.RecordView{Revision: 1}, "QuoteViewed accepted"},
		{&repair.RecordView{Revision: 1}, "accepted"},
		{request(noon.Add(2 * time.Hour)), "ApprovalRequested accepted"},
		{approve(1), "refused:superseded"},
		{approve(2), "QuoteDecided accepted"},
		{approve(2), "accepted"},
		{&repair.CompleteRepair{Total: 63701}, "refused:reason_required"},
		{&repair.CompleteRepair{Total: 63700}, "RepairCompleted accepted"},
		{&repair.CollectVehicle{}, "VehicleCollected accepted"},
		{request(noon.Add(time.Hour)), "refused:illegal_state"},
		{message(), "MessagePosted accepted"},
	} {
		if got := names(d.do(noon, step.command)); got != step.want {
			t.Errorf("%T: %s, want %s", step.command, got, step.want)
		}
	}
	if got := names(d.until(noon.Add(3 * time.Hour))); got != "" {
		t.Errorf("later: %s", got)
	}
}

// The headers of an event and an outcome say which command caused them.
func TestHeaders(t *testing.T) {
	d := begin(t)
	c := d.of(start(), noon)
	c.(*repair.StartRepair).Digest = "d1"
	d.send(c)
	want := repair.Header{
		AggregateID: "r1", GarageID: "de-brug", OccurredAt: noon, Actor: sam, CorrelationID: c.Head().EventID, CausationID: c.Head().EventID,
	}
	for _, h := range []*repair.Header{d.events[0].Head(), d.last().Head()} {
		got := *h
		if !repair.ValidID(got.EventID) {
			t.Errorf("%q is no id", got.EventID)
		}
		got.EventID = ""
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("header (-want +got):\n%s", diff)
		}
	}
	o := d.last()
	o.Header = repair.Header{}
	if diff := cmp.Diff(&repair.Outcome{
		Command: "StartRepair", Result: repair.Accepted, Digest: "d1", Verdict: repair.Verdict{State: repair.InProgress, Sequence: 1},
	}, o); diff != "" {
		t.Errorf("outcome (-want +got):\n%s", diff)
	}
}

// The same command again changes nothing and gets the same answer, whatever
// happened meanwhile.
func TestARepetitionGetsTheSameAnswer(t *testing.T) {
	d := begin(t)
	refused := d.of(approve(1), noon)
	started := d.of(start(), noon)
	requested := d.of(request(noon.Add(time.Hour)), noon)
	decided := d.of(approve(1), noon)
	all := []repair.Command{refused, started, requested, decided}
	d.send(all...)
	first := slices.Clone(d.outcomes)
	d.do(noon, message(), &repair.CancelRepair{})
	before := d.state()
	for range 2 {
		for i, c := range all {
			c.Head().OccurredAt = noon.Add(time.Hour) // a retry happens later
			if got := names(d.send(c)); !strings.HasPrefix(got, "duplicate") {
				t.Errorf("%T again: %s", c, got)
			}
			if diff := cmp.Diff(first[i].Verdict, d.last().Verdict); diff != "" {
				t.Errorf("%T gets another answer (-first +again):\n%s", c, diff)
			}
		}
	}
	if diff := cmp.Diff(before.Repair, d.state().Repair); diff != "" {
		t.Errorf("the repair changed:\n%s", diff)
	}
}

// Each record has an id of its own, even of commands that come twice within a second.
func TestEveryRecordHasItsOwnID(t *testing.T) {
	d := begin(t)
	commands := []repair.Command{
		d.of(approve(1), noon), d.of(start(), noon), d.of(request(noon.Add(time.Hour)), noon), d.of(message(), noon),
	}
	for range 3 {
		d.send(commands...)
	}
	d.until(noon.Add(time.Hour))
	seen := make(map[string]bool)
	for _, o := range d.outcomes {
		seen[o.EventID] = true
	}
	for _, e := range d.events {
		seen[e.Head().EventID] = true
	}
	if want := 12 + 4; len(seen) != want || len(d.outcomes)+len(d.events) != want {
		t.Errorf("%d ids for %d outcomes and %d events, want %d", len(seen), len(d.outcomes), len(d.events), want)
	}
}

func TestTheSameKeyWithAnotherBody(t *testing.T) {
	d := begin(t)
	first := d.of(start(), noon)
	first.(*repair.StartRepair).Digest = "d1"
	other := start()
	*other.Head() = *first.Head()
	other.Digest, other.Bay = "d2", "4"
	d.send(first, other)
	o := d.last()
	if o.Result != repair.Duplicate || o.Code != repair.KeyReused || o.State != repair.InProgress || o.Sequence != 1 || o.Digest != "d2" {
		t.Errorf("%+v", o)
	}
	d.send(first)
	if o := d.last(); o.Code != "" || o.Digest != "d1" {
		t.Errorf("the first body again: %+v", o)
	}
	if len(d.events) != 1 {
		t.Errorf("%d events", len(d.events))
	}
}

// Exactly one outcome per command record, and per command id exactly one that is
// not a duplicate.
func TestOneOutcomePerRecord(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := begin(t)
		var sent []repair.Command
		for range rapid.IntRange(1, 30).Draw(rt, "records") {
			var c repair.Command
			if len(sent) > 0 && rapid.Bool().Draw(rt, "again") {
				c = rapid.SampledFrom(sent).Draw(rt, "which")
			} else {
				at := noon.Add(time.Duration(rapid.IntRange(-60, 600).Draw(rt, "minute")) * time.Minute)
				c = d.of(rapid.SampledFrom([]func() repair.Command{
					func() repair.Command { return start() },
					func() repair.Command { return request(at.Add(time.Hour)) },
					func() repair.Command { return approve(1) },
					func() repair.Command { return message() },
					func() repair.Command { return &repair.WithdrawQuote{Revision: 1} },
					func() repair.Command { return &repair.CompleteRepair{} },
				}).Draw(rt, "command")(), at)
				sent = append(sent, c)
			}
			before := len(d.outcomes)
			d.send(c)
			if len(d.outcomes) != before+1 || d.last().CausationID != c.Head().EventID {
				rt.Fatalf("%T has %d outcomes", c, len(d.outcomes)-before)
			}
			if rapid.IntRange(0, 5).Draw(rt, "wait") == 0 {
				d.until(noon.Add(time.Duration(rapid.IntRange(0, 600).Draw(rt, "now")) * time.Minute))
			}
		}
		originals := make(map[string]int)
		for _, o := range d.outcomes {
			if o.Result != repair.Duplicate {
				originals[o.CausationID]++
			}
		}
		for _, c := range sent {
			if n := originals[c.Head().EventID]; n != 1 {
				rt.Fatalf("%T has %d outcomes that are no duplicate", c, n)
			}
		}
		for i, e := range d.events {
			if repair.SequenceOf(e) != int64(i+1) {
				rt.Fatalf("event %d has sequence %d", i+1, repair.SequenceOf(e))
			}
		}
	})
}

func TestAnotherGarage(t *testing.T) {
	d := begin(t)
	d.do(noon, start(), request(noon.Add(time.Hour)))
	before := d.state().Repair
	foreign := d.of(approve(1), noon)
	foreign.Head().GarageID = "noord"
	if got := names(d.send(foreign)); got != "refused:not_found" {
		t.Errorf("%s", got)
	}
	if o := d.last(); o.GarageID != "noord" || o.State != "" || o.Sequence != 0 {
		t.Errorf("the outcome tells %s about the repair: %+v", o.GarageID, o)
	}
	if diff := cmp.Diff(before, d.state().Repair); diff != "" {
		t.Error(diff)
	}
}

// What is not a command of this program becomes a dead letter with its bytes and
// changes nothing; the partition goes on.
func TestStrangersOnTheCommands(t *testing.T) {
	d := begin(t)
	d.do(noon, start())
	before := d.state()
	event, err := d.Codec().Encode(d.events[0])
	if err != nil {
		t.Fatal(err)
	}
	letter, err := d.Codec().Encode(&record.DeadLetter{At: noon})
	if err != nil {
		t.Fatal(err)
	}
	command, err := d.Codec().Encode(d.of(message(), noon))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		key, reason string
		value       []byte
	}{
		"an event":          {"r1", "unhandled", event},
		"a dead letter":     {"r1", "misplaced", letter},
		"another's key":     {"r2", "misplaced", command},
		"an unknown id":     {"r1", "undecodable", []byte{0, 9, 9, 9, 9, 1, 2}},
		"JSON":              {"r1", "undecodable", []byte(`{"command":"start"}`)},
		"nothing at all":    {"r1", "undecodable", nil},
		"a command cut off": {"r1", "undecodable", command[:len(command)-2]},
	} {
		out := d.keep(d.SendBytes(record.Commands, c.key, c.value))
		if got := names(out); got != "DeadLetter" {
			t.Errorf("%s: %s", name, got)
			continue
		}
		letter := out[0].(*record.DeadLetter)
		if letter.Reason != c.reason || letter.Consumer != record.LifecycleProcessor.Name || letter.Topic != record.Commands.Name || !bytes.Equal(letter.Value, c.value) || string(letter.Key) != c.key {
			t.Errorf("%s: %+v", name, letter)
		}
	}
	if diff := cmp.Diff(before, d.state()); diff != "" {
		t.Errorf("the state changed:\n%s", diff)
	}
	if got := names(d.do(noon, message())); got != "MessagePosted accepted" {
		t.Errorf("afterwards: %s", got)
	}
}
