package clickhouse

import (
	"encoding/json"
	"testing"
	"time"

	"pitstop/schemas/repair"
	"pitstop/schemas/view"
)

func TestThin(t *testing.T) {
	d := newDB(t)
	s := d.story("brug", "1").start("K482TR", "J. de Vries").after(time.Hour).ask(sam).after(time.Hour)
	s.decide(customer, repair.ByPage, repair.Approve, repair.Reject)
	s.decide(customer, repair.ByPage, repair.Reject, repair.Reject)
	d.write(s.records...)
	r, err := d.Repair(t.Context(), []string{"brug"}, s.id)
	must(t, err)
	b, _ := json.MarshalIndent(r, "", " ")
	t.Log(string(b))
	tl, err := d.Timeline(t.Context(), []string{"brug"}, s.id)
	must(t, err)
	b, _ = json.MarshalIndent(tl, "", " ")
	t.Log(string(b))
	seq, err := d.Sequence(t.Context(), s.id)
	t.Log(seq, err)
	o, err := d.Outcome(t.Context(), s.last)
	t.Logf("%+v %v", o, err)
}

func TestThinLists(t *testing.T) {
	d := newDB(t)
	s := d.story("brug", "1").start("K482TR", "J. de Vries").after(time.Hour).ask(sam).after(time.Hour)
	d.write(s.records...)
	p, err := d.Repairs(t.Context(), view.RepairFilter{Garages: []string{"brug", "x'y"}, Limit: 1})
	t.Logf("%+v %v", p, err)
	c, err := d.Conversations(t.Context(), view.ConversationFilter{Garages: []string{"brug"}, Query: "48-2t"})
	t.Logf("%+v %v", c, err)
	l, err := d.Latencies(t.Context(), view.LatencyQuery{Garages: []string{"brug"}, Measure: "approval", GroupBy: "day"})
	t.Logf("%+v %v", l, err)
}
