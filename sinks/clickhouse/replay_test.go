package clickhouse_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pitstop/processors/latency"
	"pitstop/processors/lifecycle"
	"pitstop/processors/notification"
	"pitstop/processors/stream"
	"pitstop/schemas/readmodel"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
	"pitstop/sinks/clickhouse/clickhousetest"
)

var freshnessLine = regexp.MustCompile(`\s*"as_of":.*`)

// answers returns everything the store returns about some repairs, as JSON, without
// its freshness.
func (d *db) answers(ids ...string) string {
	d.t.Helper()
	ctx, garages := d.t.Context(), []string{"brug", "noord"}
	var all []any
	add := func(v any, err error) {
		must(d.t, err)
		all = append(all, v)
	}
	for _, id := range ids {
		r, err := d.Repair(ctx, readmodel.SightOf(garages, repair.CustomerService), id)
		add(r, err)
		n, err := d.Sequence(ctx, id)
		add(n, err)
		t, err := d.Timeline(ctx, readmodel.SightOf(garages, repair.CustomerService), id)
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
	first := d.Eventful()
	second := d.Story("noord", "2").Start("AB12CD", "Een ander").Ask(kim).After(time.Hour).Call(record.CallNoAnswer, 1)
	second.Say(customer, repair.Text, "eerste").After(time.Hour).Say(customer, repair.Text, "tweede")
	records := slices.Concat(first.Records, second.Records)
	for i, outcome := range []string{"", "approved", ""} {
		id := fmt.Sprint("w", i)
		records = append(records, wait(id, "approval", "sam", monday, "", 0, 0), wait(id, "approval", "sam", monday, outcome, time.Minute, 0))
	}
	d.Write(records...)
	want := d.answers(first.ID, second.ID)

	random := rand.New(rand.NewPCG(3, 4))
	for round := range 3 {
		for _, table := range []string{"commands", "outcomes", "events", "notifications", "deliveries", "latencies", "repairs"} {
			must(t, d.Conn.Exec(t.Context(), "TRUNCATE TABLE "+table))
		}
		shuffled := slices.Concat(records, records, records[:len(records)/2])
		random.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		for len(shuffled) > 0 {
			n := 1 + random.IntN(len(shuffled))
			d.Write(shuffled[:n]...)
			shuffled = shuffled[n:]
		}
		if diff := cmp.Diff(want, d.answers(first.ID, second.ID)); diff != "" {
			t.Errorf("round %d (-once and in order +shuffled and repeated):\n%s", round, diff)
		}
	}
}

// TestReplayingAMonthOldStartChangesNoTable sends the command that started a repair again
// when everything about it was forgotten, and a refused one: no row changes, and none
// comes but the outcomes that say so.
func TestReplayingAMonthOldStartChangesNoTable(t *testing.T) {
	d := newDB(t)
	l, err := stream.NewDriver(lifecycle.New(nil))
	must(t, err)
	n, err := stream.NewDriver(notification.New(book(t), nil))
	must(t, err)
	w, err := stream.NewDriver(latency.New(book(t)))
	must(t, err)
	// follow writes records and all that follows from them.
	follow := func(records []any, err error) {
		t.Helper()
		must(t, err)
		d.Write(records...)
		for _, r := range records {
			if e, event := r.(repair.Event); event {
				told, err := n.Send(record.Events, e.(record.Headed))
				must(t, err)
				waited, err := w.Send(record.Events, e.(record.Headed))
				must(t, err)
				for _, r := range told {
					more, err := w.Send(record.Notifications, r.(record.Headed))
					must(t, err)
					waited = append(waited, more...)
				}
				d.Write(append(told, waited...)...)
			}
		}
	}
	send := func(c repair.Command) {
		t.Helper()
		d.Write(c)
		follow(l.Send(record.Commands, c.(record.Headed)))
	}
	story := d.Story("brug", "1")
	story.Start("K482TR", "J. de Vries").Must(sam, &repair.CompleteRepair{}).Must(desk, &repair.CollectVehicle{})
	story.Do(sam, &repair.CompleteRepair{})
	var commands []repair.Command
	for _, r := range story.Records {
		if c, ok := r.(repair.Command); ok {
			c.Head().EventID = repair.CommandID("brug", story.ID, c.Head().Actor, fmt.Sprint(len(commands)))
			commands = append(commands, c)
			send(c)
		}
	}
	month := monday.Add(31 * 24 * time.Hour)
	follow(l.Advance(month))
	tables := func() map[string][]string {
		all := make(map[string][]string)
		for _, table := range []string{"commands", "outcomes", "events", "notifications", "deliveries", "latencies", "repairs", "notices", "timeline"} {
			final := " FINAL"
			if table == "timeline" {
				final = ""
			}
			all[table], err = clickhousetest.Texts(t, d.Conn, "SELECT toString(tuple(*)) FROM "+table+final+" ORDER BY ALL")
			must(t, err)
		}
		return all
	}
	before, answers := tables(), d.answers(story.ID)
	l.LogTime = month
	for _, c := range []repair.Command{commands[0], commands[0], commands[3]} {
		send(c)
	}
	after := tables()
	var came []string
	for _, row := range after["outcomes"] {
		if !slices.Contains(before["outcomes"], row) {
			came = append(came, regexp.MustCompile(`accepted|refused|duplicate`).FindString(row))
		}
	}
	if diff := cmp.Diff([]string{"duplicate", "duplicate"}, came); diff != "" {
		t.Errorf("outcomes that came (-want +got):\n%s", diff)
	}
	if len(before["commands"]) != 4 || len(before["events"]) != 3 || len(before["outcomes"]) != 4 || len(after["outcomes"]) != 6 {
		t.Errorf("%d commands, %d events, %d outcomes, then %d", len(before["commands"]), len(before["events"]), len(before["outcomes"]), len(after["outcomes"]))
	}
	after["outcomes"] = slices.DeleteFunc(after["outcomes"], func(row string) bool { return !slices.Contains(before["outcomes"], row) })
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("tables (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(answers, d.answers(story.ID)); diff != "" {
		t.Errorf("answers (-before +after):\n%s", diff)
	}
}
