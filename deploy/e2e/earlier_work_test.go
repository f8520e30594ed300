package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// "only the first order per number plate visible": a second repair of the same
// car works.
func TestEarlier_OneOrderPerPlate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared(t), "plates")
	first, second := w.start(nil), w.start(nil)
	if first.id == second.id {
		t.Fatal("two orders are one repair")
	}
	second.happens(started...)
	first.happens(started...)
	for _, plate := range []string{"K482TR", "k-482-tr", "K-48-2TR"} {
		ids := w.list("mechanic", "/v1/repairs?plate="+plate).ids()
		if diff := cmp.Diff([]string{second.id, first.id}, ids); diff != "" {
			t.Errorf("repairs of %s, the last first: %s", plate, diff)
		}
	}
	w.as("mechanic").post("/v1/repairs", order(first.ref, first.to)).refused(http.StatusConflict, "already_started")
	first.happens("CommandRefused already_started")
	first.complete(28900)
	third := w.start(nil)
	third.happens(started...)
	if ids := w.list("mechanic", "/v1/repairs?plate=K482TR&state=in_progress").ids(); len(ids) != 2 {
		t.Errorf("%d repairs in progress, want 2", len(ids))
	}
}

// "an empty store answered with an invented row": empty is empty.
func TestEarlier_AnInventedRow(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared(t), "empty")
	for role, path := range map[string]string{"mechanic": "/v1/repairs", "customer_service": "/v1/conversations"} {
		if a := w.as(role).get(path); a.status != http.StatusOK || !strings.Contains(string(a.body), `"items":[]`) {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	for _, measure := range measures {
		for _, by := range []string{"", "&group_by=day", "&group_by=mechanic"} {
			if rows := w.latencies("measure=" + measure + by); len(rows) != 0 {
				t.Errorf("latencies %s%s: %+v", measure, by, rows)
			}
		}
	}
	if events := w.events(); len(events) != 0 {
		t.Errorf("events %+v", events)
	}
	const unknown = "/v1/repairs/2DsVhXGyFJWCvZ4kPq8sT1uWx3y"
	w.as("mechanic").get(unknown).refused(http.StatusNotFound, "not_found")
	w.as("mechanic").get(unknown+"/timeline").refused(http.StatusNotFound, "not_found")
}

// "client could post status and total; totals compared as floats": the server
// computes totals from line items, in cents.
func TestEarlier_TheClientSetsTheTotal(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared(t), "totals")
	mechanic := w.as("mechanic")
	mechanic.post("/v1/repairs", with(order("x", "x@example.nl"), object{"status": "completed"})).refused(http.StatusUnprocessableEntity, "invalid")
	j := w.start(nil)
	for _, field := range []string{"total", "status", "state", "vat"} {
		mechanic.post(j.at("/quotes"), with(extraWork(), object{field: 1})).refused(http.StatusUnprocessableEntity, "invalid")
	}
	// By hand: 0.333 × 333 = 110.889, so 111, with VAT 134.31, so 134;
	// 0.5 × 1 = 0.5, so 1, with VAT 1.09, so 1.
	r := j.ask(object{"prices_include_vat": false, "lines": []object{
		{"title": "A", "urgency": "soon", "details": []object{part("a", "0.333", 333)}},
		{"title": "B", "urgency": "soon", "details": []object{{"kind": "part", "description": "b", "quantity": "0.5", "unit_price": 1, "vat": "9"}}},
	}})
	if r.Total != 135 || r.Lines[0].Total != 134 || r.Lines[1].Total != 1 {
		t.Errorf("the totals are %+v", r)
	}
	desk := w.as("customer_service")
	decision := func(seen int) object {
		return object{"lines": []object{{"line": 1, "answer": "approve"}, {"line": 2, "answer": "approve"}}, "total_seen": seen, "method": "phone", "name": "x"}
	}
	for _, seen := range []int{134, 136, 0} {
		desk.post(j.at("/quotes/1/decision"), decision(seen)).refused(http.StatusConflict, "total_mismatch")
	}
	desk.post(j.at("/quotes/1/decision"), `{"lines":[{"line":1,"answer":"approve"},{"line":2,"answer":"approve"}],"total_seen":135.0001,"method":"phone","name":"x"}`).
		refused(http.StatusUnprocessableEntity, "invalid")
	if d := desk.post(j.at("/quotes/1/decision"), decision(135)).taken(http.StatusOK); d.ApprovedTotal != 135 {
		t.Errorf("approved %+v", d)
	}
	mechanic.post(j.at("/completion"), object{"total": 28900 + 136}).refused(http.StatusConflict, "reason_required")
	mechanic.post(j.at("/completion"), object{"total": 28900 + 135}).taken(http.StatusOK)
}

// "a quote changed after approval kept the approval": a new revision needs a new
// decision.
func TestEarlier_AChangedQuoteStaysApproved(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared(t), "changed")
	j := w.start(nil)
	j.ask(nil)
	desk := w.as("customer_service")
	desk.post(j.at("/quotes/1/decision"), object{
		"lines": []object{{"line": 1, "answer": "approve"}, {"line": 2, "answer": "reject"}}, "total_seen": 34800, "method": "phone", "name": "x",
	}).taken(http.StatusOK)
	dearer := extraWork()
	dearer["lines"].([]object)[1]["details"] = []object{part("Ruitenwissers, duur", "1", 5995)}
	second := j.ask(dearer)
	if second.Revision != 2 || second.State != "awaiting_approval" {
		t.Errorf("asked again: %+v", second)
	}
	r := j.reads(second.Sequence)
	if r.Quotes[0].Status != "decided" || r.Quotes[1].Status != "open" || r.Quotes[1].Decision != "" || r.WaitingFor != "customer" {
		t.Errorf("the quotes are %+v", r.Quotes)
	}
	j.as("mechanic").post(j.at("/completion"), object{"total": 28900}).refused(http.StatusConflict, "illegal_state")
	desk.post(j.at("/quotes/1/decision"), object{
		"lines": []object{{"line": 1, "answer": "approve"}, {"line": 2, "answer": "approve"}}, "total_seen": 38795, "method": "phone", "name": "x",
	}).refused(http.StatusConflict, "already_decided")
	last := desk.post(j.at("/quotes/2/decision"), object{
		"lines": []object{{"line": 1, "answer": "reject"}, {"line": 2, "answer": "approve"}}, "total_seen": 5995, "method": "phone", "name": "x",
	}).taken(http.StatusOK)
	if r = j.reads(last.Sequence); r.Quotes[0].ApprovedTotal != 34800 || r.Quotes[1].ApprovedTotal != 5995 {
		t.Errorf("the quotes are %+v", r.Quotes) // approved lines of decided revisions stay agreed
	}
	j.as("mechanic").post(j.at("/completion"), object{"total": 28900 + 34800 + 5995 + 1}).refused(http.StatusConflict, "reason_required")
	j.as("mechanic").post(j.at("/completion"), object{"total": 28900 + 34800 + 5995}).taken(http.StatusOK)
}
