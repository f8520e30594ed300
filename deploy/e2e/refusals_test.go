package e2e

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// answers is a decision about the extra work, given to staff.
func answers(first, second string, total int) object {
	return object{
		"lines": []object{{"line": 1, "answer": first}, {"line": 2, "answer": second}}, "total_seen": total,
		"method": "phone", "name": "J. de Vries",
	}
}

func TestContract_Refusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared(t), "refusals")
	mechanic, desk := w.as("mechanic"), w.as("customer_service")
	j := w.start(nil)

	mechanic.send(http.MethodPost, "/v1/repairs", order("x", "x@example.nl")).refused(http.StatusBadRequest, "key_missing")
	mechanic.send(http.MethodPatch, j.at(""), object{}).refused(http.StatusBadRequest, "key_missing")
	mechanic.post("/v1/repairs", `{"external_ref":`).refused(http.StatusBadRequest, "malformed")
	mechanic.get("/v1/nothing").refused(http.StatusNotFound, "not_found")
	mechanic.post(j.at("/nothing"), object{}).refused(http.StatusNotFound, "not_found")
	if a := mechanic.send(http.MethodDelete, j.at(""), nil); a.status != http.StatusMethodNotAllowed || a.header.Get("Allow") == "" {
		t.Errorf("DELETE: %d, Allow %q", a.status, a.header.Get("Allow"))
	}
	mechanic.get(j.at("/quotes/1")).refused(http.StatusNotFound, "not_found")
	desk.post(j.at("/quotes/1/decision"), answers("approve", "approve", 38795)).refused(http.StatusNotFound, "not_found")

	// Everything that is wrong, at once, each with its place.
	p := mechanic.post("/v1/repairs", object{
		"vehicle": object{"plate": "", "country": "Nederland"}, "customer": object{"name": "", "email": "no address"},
		"agreed": object{"lines": []object{{"title": "x", "details": []object{{"kind": "part", "quantity": "two", "unit_price": -1, "vat": "20"}}}}},
	}).refused(http.StatusUnprocessableEntity, "invalid")
	if len(p.Errors) == 0 {
		t.Errorf("no errors in %+v", p)
	}
	for _, e := range p.Errors {
		if !strings.HasPrefix(e.Pointer, "/") || e.Detail == "" {
			t.Errorf("error %+v has no place or no words", e)
		}
	}
	for _, bad := range []struct {
		pointer string
		body    object
	}{
		{"/lines", object{"lines": []object{}}},
		{"/currency", object{"currency": "USD"}},
		{"/expires_at", object{"expires_at": "2020-01-01T00:00:00Z"}},
		{"/answer_by", object{"answer_by": "2020-01-01T00:00:00Z"}},
		{"/occurred_at", object{"occurred_at": time.Now().Add(3 * time.Minute).Format(time.RFC3339)}},
		{"/lines/0/urgency", object{"lines": []object{{"title": "x", "urgency": "maybe", "details": []object{part("x", "1", 1)}}}}},
		{"/lines/0/details/0/quantity", object{"lines": []object{{"title": "x", "urgency": "soon", "details": []object{part("x", "1.2345", 1)}}}}},
	} {
		p := mechanic.post(j.at("/quotes"), with(extraWork(), bad.body)).refused(http.StatusUnprocessableEntity, "invalid")
		found := false
		for _, e := range p.Errors {
			found = found || e.Pointer == bad.pointer
		}
		if !found {
			t.Errorf("%v: the errors are %+v, want one at %s", bad.body, p.Errors, bad.pointer)
		}
	}
	mechanic.post(j.at("/quotes"), with(extraWork(), object{"occurred_at": time.Now().Add(time.Minute).Format(time.RFC3339)})).taken(http.StatusCreated)

	// The states that refuse.
	mechanic.post(j.at("/completion"), object{"total": 28900}).refused(http.StatusConflict, "illegal_state")
	mechanic.post(j.at("/collection"), object{}).refused(http.StatusConflict, "illegal_state")
	for _, lines := range [][]object{
		{{"line": 1, "answer": "approve"}},
		{{"line": 1, "answer": "approve"}, {"line": 1, "answer": "approve"}, {"line": 2, "answer": "reject"}},
		{{"line": 1, "answer": "approve"}, {"line": 2, "answer": "perhaps"}},
		{{"line": 1, "answer": "approve"}, {"line": 2, "answer": "reject"}, {"line": 3, "answer": "reject"}},
		{{"line": 1, "answer": "approve", "reason": "price"}, {"line": 2, "answer": "reject"}},
	} {
		desk.post(j.at("/quotes/1/decision"), with(answers("approve", "reject", 34800), object{"lines": lines})).
			refused(http.StatusUnprocessableEntity, "invalid")
	}
	desk.post(j.at("/quotes/1/decision"), with(answers("approve", "reject", 34800), object{"method": "page"})).refused(http.StatusUnprocessableEntity, "invalid")
	desk.post(j.at("/quotes/1/decision"), with(answers("approve", "reject", 34800), object{"name": ""})).refused(http.StatusUnprocessableEntity, "invalid")
	desk.post(j.at("/quotes/1/decision"), answers("approve", "reject", 38795)).refused(http.StatusConflict, "total_mismatch")
	j.ask(nil)
	desk.post(j.at("/quotes/1/decision"), answers("approve", "approve", 38795)).refused(http.StatusConflict, "superseded")
	mechanic.post(j.at("/quotes/2/withdrawal"), object{}).taken(http.StatusOK)
	desk.post(j.at("/quotes/2/decision"), answers("approve", "approve", 38795)).refused(http.StatusConflict, "withdrawn")
	mechanic.post(j.at("/quotes/2/withdrawal"), object{}).refused(http.StatusConflict, "withdrawn")
	// What was told later happened earlier: the quote had expired when the answer came.
	past := func(minutes int) string {
		return time.Now().Add(time.Duration(-minutes) * time.Minute).Format(time.RFC3339)
	}
	old := w.start(object{"occurred_at": past(60)})
	old.ask(object{"occurred_at": past(50), "expires_at": past(40)})
	desk.post(old.at("/quotes/1/decision"), with(answers("approve", "approve", 38795), object{"occurred_at": past(30)})).
		refused(http.StatusConflict, "expired")
	j.ask(nil)
	desk.post(j.at("/quotes/3/decision"), answers("approve", "reject", 34800)).taken(http.StatusOK)
	desk.post(j.at("/quotes/3/decision"), answers("reject", "reject", 0)).refused(http.StatusConflict, "already_decided")
	mechanic.post(j.at("/completion"), object{"total": 63701, "reason": ""}).refused(http.StatusConflict, "reason_required")
	mechanic.post(j.at("/completion"), object{"total": 63701, "reason": "Een liter olie extra."}).taken(http.StatusOK)
	mechanic.post(j.at("/cancellation"), object{}).refused(http.StatusConflict, "illegal_state")
	mechanic.post(j.at("/quotes"), extraWork()).refused(http.StatusConflict, "illegal_state")
	says(t, "the mail", j.mailTo(j.to, "staat klaar").Text, "€ 637,01", "Een liter olie extra.")
	mechanic.post(j.at("/collection"), object{}).taken(http.StatusOK)
	mechanic.patch(j.at(""), object{"ready_at": "2099-01-01T00:00:00Z"}).refused(http.StatusConflict, "illegal_state")
	// Messages are taken in every state, after the end too.
	mechanic.post(j.at("/messages"), object{"kind": "text", "text": "Tot ziens!"}).taken(http.StatusCreated)
}

func TestContract_EveryRouteForWhomItIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared(t), "roles")
	j := w.start(nil)
	j.ask(nil)
	letters := map[string]string{"M": "mechanic", "S": "customer_service", "W": "manager", "I": "integrator", "A": "admin"}
	for _, c := range []struct{ method, path, users string }{
		{"POST", "/v1/repairs", "MI"},
		{"GET", "/v1/repairs", "MSWI"},
		{"GET", j.at(""), "MSWI"},
		{"PATCH", j.at(""), "MSI"},
		{"POST", j.at("/quotes"), "MI"},
		{"GET", j.at("/quotes/1"), "MSI"},
		{"POST", j.at("/quotes/1/withdrawal"), "MI"},
		{"POST", j.at("/quotes/1/decision"), "MS"},
		{"POST", j.at("/completion"), "MI"},
		{"POST", j.at("/collection"), "MSI"},
		{"POST", j.at("/cancellation"), "MSI"},
		{"POST", j.at("/messages"), "MS"},
		{"GET", j.at("/timeline"), "MS"},
		{"GET", "/v1/conversations", "S"},
		{"GET", "/v1/events", "MSI"},
		{"GET", "/v1/latencies?measure=approval", "W"},
	} {
		for letter, role := range letters {
			var body any
			if c.method != http.MethodGet {
				body = object{"nonsense": 1} // whoever may is told that this is no request
			}
			a := w.as(role).send(c.method, c.path, body, "Idempotency-Key", "roles")
			switch allowed := strings.Contains(c.users, letter); {
			case allowed && (a.status == http.StatusForbidden || a.status == http.StatusUnauthorized || body != nil && a.status != http.StatusUnprocessableEntity):
				t.Errorf("%s by %s: %d %s", a.call, role, a.status, a.body)
			case !allowed:
				a.refused(http.StatusForbidden, "forbidden")
			}
			door{t: t, base: w.API}.send(c.method, c.path, body, "Idempotency-Key", "roles").refused(http.StatusUnauthorized, "unauthenticated")
		}
	}
	// A token for two garages needs to say which; another's is forbidden or not found.
	both := door{t, w.API, w.token(t, "mechanic", "sam", "roles,other")}
	both.post("/v1/repairs", order("B-1", "b@example.nl")).refused(http.StatusUnprocessableEntity, "invalid")
	r := both.post("/v1/repairs", with(order("B-1", "b@example.nl"), object{"garage": "other"})).taken(http.StatusCreated)
	both.post("/v1/repairs/"+r.RepairID+"/messages", object{"kind": "note", "text": "x"}).taken(http.StatusCreated)
	w.as("mechanic").post("/v1/repairs", with(order("B-2", "b@example.nl"), object{"garage": "other"})).refused(http.StatusForbidden, "forbidden")
	w.as("mechanic").get("/v1/repairs?garage=other").refused(http.StatusForbidden, "forbidden")
	w.as("manager").get("/v1/latencies?measure=approval&garage=other").refused(http.StatusForbidden, "forbidden")
	w.as("mechanic").get("/v1/events?garage=other").refused(http.StatusForbidden, "forbidden")
	w.as("mechanic").post("/v1/repairs/"+r.RepairID+"/messages", object{"kind": "note", "text": "x"}).refused(http.StatusNotFound, "not_found")
}

func TestContract_TooManyRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared(t), "limits")
	j := w.start(nil)
	link := j.mailTo(j.to, "We zijn begonnen").link(t)
	flood := func(address, token string) (status int, header http.Header, body string) {
		client := &http.Client{Timeout: time.Minute, Transport: &http.Transport{ // an address of its own, so that no other test is in its way
			DialContext: (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}).DialContext,
		}}
		defer client.CloseIdleConnections()
		for range 2000 {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			if token != "" {
				request.Header.Set("Authorization", "Bearer "+token)
			}
			response, err := client.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(response.Body)
			if err := errors.Join(err, response.Body.Close()); err != nil {
				t.Fatal(err)
			}
			if response.StatusCode == http.StatusTooManyRequests {
				return response.StatusCode, response.Header, string(text)
			}
		}
		return 0, nil, ""
	}
	// A link that is opened over and over again, and somebody who tries tokens.
	status, header, body := flood(link, "")
	if status == 0 || header.Get("Retry-After") == "" || !strings.HasPrefix(header.Get("Content-Type"), "text/html") {
		t.Errorf("2000 visits in a row: %d, %v", status, header)
	}
	says(t, "the page", body, "<h1>")
	status, header, body = flood(w.API+"/v1/repairs", "guess")
	if header.Get("Retry-After") == "" {
		t.Errorf("it is not said when to come back: %v", header)
	}
	answer{t, "GET /v1/repairs", status, header, []byte(body)}.refused(http.StatusTooManyRequests, "rate_limited")
	if a := w.as("mechanic").get("/v1/repairs"); a.status != http.StatusOK { // others are not affected
		t.Errorf("%s: %d %s", a.call, a.status, a.body)
	}
}
