package dashboards_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pitstop/dashboards"
	"pitstop/schemas/repair"
)

// played is a database with what the pipeline makes of a plan.
func played(t *testing.T, plan func(w *world)) database {
	t.Helper()
	w := newWorld(t, garages(t), brug(18, 8, 0))
	plan(w)
	w.play(now)
	db := newDatabase(t, garages(t))
	db.insert(t, w.records)
	return db
}

// rows are those of a panel, by the names of its columns.
func (d database) rows(t *testing.T, id string, c dashboards.Choice) []map[string]any {
	t.Helper()
	all := panels()
	p := all[slices.IndexFunc(all, func(p dashboards.Panel) bool { return p.ID == id })]
	var named []map[string]any
	for _, row := range numbers(d.show(t, p, c)) {
		named = append(named, make(map[string]any))
		for i, column := range p.Columns {
			named[len(named)-1][column.Name] = row[i]
		}
	}
	return named
}

// A customer who writes has seen the question that was open then, and waits for our
// reply only if that message has none: what came before the question is another matter.
func TestOpenQuotes_State(t *testing.T) {
	const mail = "klant@example.nl"
	var (
		wroteBefore = car{"brug", "AB123C"}
		wrote       = car{"brug", "BC234D"}
		replied     = car{"brug", "CD345F"}
		seen        = car{"brug", "DF456G"}
		askedAgain  = car{"brug", "FG567H"}
		noAddress   = car{"brug", "GH678J"}
		calledBack  = car{"brug", "HJ789K"}
	)
	db := played(t, func(w *world) {
		for i, c := range []car{wroteBefore, wrote, replied, seen, askedAgain, noAddress, calledBack} {
			to := mail
			if c == noAddress || c == calledBack {
				to = ""
			}
			w.start(brug(28, 8, i), c, never, to, nil)
			if c == wroteBefore {
				w.say(brug(28, 8, 10), c, customer, repair.Text)
			}
			w.ask(brug(28, 8, 20+i), c, sam, brug(29, 17, 0), 10000)
		}
		w.say(brug(28, 8, 40), wrote, customer, repair.Text)
		w.say(brug(28, 8, 40), replied, customer, repair.Text)
		w.say(brug(28, 8, 50), replied, desk, repair.Text)
		w.view(brug(28, 8, 40), seen, 1)
		w.view(brug(28, 8, 40), askedAgain, 1)
		w.ask(brug(28, 8, 50), askedAgain, sam, brug(29, 17, 0), 11000)
		w.say(brug(28, 8, 40), calledBack, customer, repair.Callback)
	})
	want := map[any]any{
		wroteBefore.id(): "mailed", wrote.id(): "wrote", replied.id(): "viewed", seen.id(): "viewed", askedAgain.id(): "mailed",
		noAddress.id(): "unreached", calledBack.id(): "wrote",
	}
	got := make(map[any]any)
	for _, row := range db.rows(t, "open-quotes", chosen("brug")) {
		got[row["repair"]] = row["state"]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +shown):\n%s", diff)
	}
}

// A customer without an address does not know that the car is ready, and must be
// called until it is collected; each of the repair's rows says so, before those who
// need not be called.
func TestUnreached_ReadyAndNotCollected(t *testing.T) {
	ready, gone := car{"brug", "AB123C"}, car{"brug", "BC234D"}
	db := played(t, func(w *world) {
		for i, c := range []car{ready, gone} {
			w.start(brug(28, 8, i), c, never, "", nil)
			w.complete(brug(28, 8, 10+i), c)
		}
		w.do(brug(28, 8, 20), gone, desk, &repair.CollectVehicle{})
	})
	type told struct{ repair, about, todo any }
	want := []told{
		{ready.id(), "repair_completed", "call"},
		{ready.id(), "repair_started", "call"},
		{gone.id(), "repair_completed", "settled"},
		{gone.id(), "repair_started", "settled"},
	}
	var got []told
	for _, row := range db.rows(t, "unreached", chosen("brug")) {
		got = append(got, told{row["repair"], row["about"], row["todo"]})
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(told{})); diff != "" {
		t.Errorf("(-want +shown):\n%s", diff)
	}
}

// A question is settled by what ends the wait for a reply: completion, if it came
// before it, collection and cancellation. The figures of the waits count the same.
func TestUnanswered_TheEnd(t *testing.T) {
	const mail = "klant@example.nl"
	var (
		before    = car{"brug", "AB123C"}
		between   = car{"brug", "BC234D"}
		after     = car{"brug", "CD345F"}
		cancelled = car{"brug", "DF456G"}
	)
	db := played(t, func(w *world) {
		for i, c := range []car{before, between, after} {
			w.start(brug(28, 8, i), c, never, mail, nil)
		}
		w.start(brug(27, 8, 0), cancelled, never, mail, nil)
		w.do(brug(27, 8, 30), cancelled, desk, &repair.CancelRepair{})
		w.say(brug(27, 9, 0), cancelled, customer, repair.Text)
		w.say(brug(28, 8, 10), before, customer, repair.Text)
		for _, c := range []car{before, between, after} {
			w.complete(brug(28, 8, 30), c)
		}
		w.say(brug(28, 8, 40), between, customer, repair.Text)
		w.do(brug(28, 8, 50), after, desk, &repair.CollectVehicle{})
		w.say(brug(28, 8, 55), after, customer, repair.Text)
	})
	var waiting []any
	for _, row := range db.rows(t, "unanswered", chosen("brug")) {
		waiting = append(waiting, row["repair"])
	}
	if diff := cmp.Diff([]any{between.id()}, waiting); diff != "" {
		t.Errorf("(-want +shown):\n%s", diff)
	}
	if rows := db.rows(t, "questions-by-age", chosen("brug")); len(rows) != 1 || rows[0]["value"] != 1. {
		t.Errorf("by age they are %v", rows)
	}
	if rows := db.rows(t, "reply-time", chosen("brug")); rows[0]["open"] != 1. {
		t.Errorf("open is %v", rows)
	}
}
