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

	"pitstop/schemas/readmodel"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
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
