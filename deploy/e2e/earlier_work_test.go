package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pitstop/deploy/e2e/garage"
)

// "only the first order per number plate visible": a second repair of the same
// car works.
func TestEarlier_OneOrderPerPlate(t *testing.T) {
	t.Parallel()
	g := garage.New(t, shared(t), "plates")
	first, second := g.Start(nil), g.Start(nil)
	if first.ID == second.ID {
		t.Fatal("two orders are one repair")
	}
	second.Happens(garage.Started...)
	first.Happens(garage.Started...)
	for _, plate := range []string{"K482TR", "k-482-tr", "K-48-2TR"} {
		ids := g.List("mechanic", "/v1/repairs?plate="+plate).IDs()
		if diff := cmp.Diff([]string{second.ID, first.ID}, ids); diff != "" {
			t.Errorf("repairs of %s, the last first: %s", plate, diff)
		}
	}
	g.As("mechanic").Post("/v1/repairs", garage.Order(first.Ref, first.To)).Refused(http.StatusConflict, "already_started")
	first.Happens("CommandRefused already_started")
	first.Complete(28900)
	third := g.Start(nil)
	third.Happens(garage.Started...)
	if ids := g.List("mechanic", "/v1/repairs?plate=K482TR&state=in_progress").IDs(); len(ids) != 2 {
		t.Errorf("%d repairs in progress, want 2", len(ids))
	}
}

// "an empty store answered with an invented row": empty is empty.
func TestEarlier_AnInventedRow(t *testing.T) {
	t.Parallel()
	g := garage.New(t, shared(t), "empty")
	for role, path := range map[string]string{"mechanic": "/v1/repairs", "customer_service": "/v1/conversations"} {
		if a := g.As(role).Get(path); a.Status != http.StatusOK || !strings.Contains(string(a.Body), `"items":[]`) {
			t.Errorf("%s: %d %s", path, a.Status, a.Body)
		}
	}
	for _, measure := range garage.Measures {
		for _, by := range []string{"", "&group_by=day", "&group_by=mechanic"} {
			if rows := g.Latencies("measure=" + measure + by); len(rows) != 0 {
				t.Errorf("latencies %s%s: %+v", measure, by, rows)
			}
		}
	}
	if events := g.Events(); len(events) != 0 {
		t.Errorf("events %+v", events)
	}
	const unknown = "/v1/repairs/2DsVhXGyFJWCvZ4kPq8sT1uWx3y"
	g.As("mechanic").Get(unknown).Refused(http.StatusNotFound, "not_found")
	g.As("mechanic").Get(unknown+"/timeline").Refused(http.StatusNotFound, "not_found")
}

// "client could post status and total; totals compared as floats": the server
// computes totals from line items, in cents.
func TestEarlier_TheClientSetsTheTotal(t *testing.T) {
	t.Parallel()
	g := garage.New(t, shared(t), "totals")
	mechanic := g.As("mechanic")
	mechanic.Post("/v1/repairs", garage.With(garage.Order("x", "x@example.nl"), object{"status": "completed"})).Refused(http.StatusUnprocessableEntity, "invalid")
	j := g.Start(nil)
	for _, field := range []string{"total", "status", "state", "vat"} {
		mechanic.Post(j.Path("/quotes"), garage.With(garage.ExtraWork(), object{field: 1})).Refused(http.StatusUnprocessableEntity, "invalid")
	}
	// By hand: 0.333 × 333 = 110.889, so 111, with VAT 134.31, so 134;
	// 0.5 × 1 = 0.5, so 1, with VAT 1.09, so 1.
	r := j.Ask(object{"prices_include_vat": false, "lines": []object{
		{"title": "A", "urgency": "soon", "details": []object{garage.Part("a", "0.333", 333)}},
		{"title": "B", "urgency": "soon", "details": []object{{"kind": "part", "description": "b", "quantity": "0.5", "unit_price": 1, "vat": "9"}}},
	}})
	if r.Total != 135 || r.Lines[0].Total != 134 || r.Lines[1].Total != 1 {
		t.Errorf("the totals are %+v", r)
	}
	desk := g.As("customer_service")
	decision := func(seen int) object {
		return object{"lines": []object{{"line": 1, "answer": "approve"}, {"line": 2, "answer": "approve"}}, "total_seen": seen, "method": "phone", "name": "x"}
	}
	for _, seen := range []int{134, 136, 0} {
		desk.Post(j.Path("/quotes/1/decision"), decision(seen)).Refused(http.StatusConflict, "total_mismatch")
	}
	desk.Post(j.Path("/quotes/1/decision"), `{"lines":[{"line":1,"answer":"approve"},{"line":2,"answer":"approve"}],"total_seen":135.0001,"method":"phone","name":"x"}`).
		Refused(http.StatusUnprocessableEntity, "invalid")
	if d := desk.Post(j.Path("/quotes/1/decision"), decision(135)).Accepted(http.StatusOK); d.ApprovedTotal != 135 {
		t.Errorf("approved %+v", d)
	}
	mechanic.Post(j.Path("/completion"), object{"total": 28900 + 136}).Refused(http.StatusConflict, "reason_required")
	mechanic.Post(j.Path("/completion"), object{"total": 28900 + 135}).Accepted(http.StatusOK)
}

// "a quote changed after approval kept the approval": a new revision needs a new
// decision.
func TestEarlier_AChangedQuoteStaysApproved(t *testing.T) {
	t.Parallel()
	g := garage.New(t, shared(t), "changed")
	j := g.Start(nil)
	j.Ask(nil)
	desk := g.As("customer_service")
	desk.Post(j.Path("/quotes/1/decision"), object{
		"lines": []object{{"line": 1, "answer": "approve"}, {"line": 2, "answer": "reject"}}, "total_seen": 34800, "method": "phone", "name": "x",
	}).Accepted(http.StatusOK)
	dearer := garage.ExtraWork()
	dearer["lines"].([]object)[1]["details"] = []object{garage.Part("Ruitenwissers, duur", "1", 5995)}
	second := j.Ask(dearer)
	if second.Revision != 2 || second.State != "awaiting_approval" {
		t.Errorf("asked again: %+v", second)
	}
	r := j.Read(second.Sequence)
	if r.Quotes[0].Status != "decided" || r.Quotes[1].Status != "open" || r.Quotes[1].Decision != "" || r.WaitingFor != "customer" {
		t.Errorf("the quotes are %+v", r.Quotes)
	}
	j.As("mechanic").Post(j.Path("/completion"), object{"total": 28900}).Refused(http.StatusConflict, "illegal_state")
	desk.Post(j.Path("/quotes/1/decision"), object{
		"lines": []object{{"line": 1, "answer": "approve"}, {"line": 2, "answer": "approve"}}, "total_seen": 38795, "method": "phone", "name": "x",
	}).Refused(http.StatusConflict, "already_decided")
	last := desk.Post(j.Path("/quotes/2/decision"), object{
		"lines": []object{{"line": 1, "answer": "reject"}, {"line": 2, "answer": "approve"}}, "total_seen": 5995, "method": "phone", "name": "x",
	}).Accepted(http.StatusOK)
	if r = j.Read(last.Sequence); r.Quotes[0].ApprovedTotal != 34800 || r.Quotes[1].ApprovedTotal != 5995 {
		t.Errorf("the quotes are %+v", r.Quotes) // approved lines of decided revisions stay agreed
	}
	j.As("mechanic").Post(j.Path("/completion"), object{"total": 28900 + 34800 + 5995 + 1}).Refused(http.StatusConflict, "reason_required")
	j.As("mechanic").Post(j.Path("/completion"), object{"total": 28900 + 34800 + 5995}).Accepted(http.StatusOK)
}
