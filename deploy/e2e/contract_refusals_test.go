package e2e

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"pitstop/deploy/e2e/client"
	"pitstop/deploy/e2e/expect"
	"pitstop/deploy/e2e/garage"
)

func TestContract_Refusals(t *testing.T) {
	t.Parallel()
	g := garage.New(t, shared(t), "refusals")
	mechanic, desk := g.As("mechanic"), g.As("customer_service")
	j := g.Start(nil)

	mechanic.Send(http.MethodPost, "/v1/repairs", garage.Order("x", "x@example.nl")).Refused(http.StatusBadRequest, "key_missing")
	mechanic.Send(http.MethodPatch, j.Path(""), object{}).Refused(http.StatusBadRequest, "key_missing")
	mechanic.Post("/v1/repairs", `{"external_ref":`).Refused(http.StatusBadRequest, "malformed")
	mechanic.Get("/v1/nothing").Refused(http.StatusNotFound, "not_found")
	mechanic.Post(j.Path("/nothing"), object{}).Refused(http.StatusNotFound, "not_found")
	if a := mechanic.Send(http.MethodDelete, j.Path(""), nil); a.Status != http.StatusMethodNotAllowed || a.Header.Get("Allow") == "" {
		t.Errorf("DELETE: %d, Allow %q", a.Status, a.Header.Get("Allow"))
	}
	mechanic.Get(j.Path("/quotes/1")).Refused(http.StatusNotFound, "not_found")
	desk.Post(j.Path("/quotes/1/decision"), garage.Decision("approve", "approve", 38795)).Refused(http.StatusNotFound, "not_found")

	// All mistakes are reported at once, each with its pointer.
	p := mechanic.Post("/v1/repairs", object{
		"vehicle": object{"plate": "", "country": "Nederland"}, "customer": object{"name": "", "email": "no address"},
		"agreed": object{"lines": []object{{"title": "x", "details": []object{{"kind": "part", "quantity": "two", "unit_price": -1, "vat": "20"}}}}},
	}).Refused(http.StatusUnprocessableEntity, "invalid")
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
		{"/lines/0/urgency", object{"lines": []object{{"title": "x", "urgency": "maybe", "details": []object{garage.Part("x", "1", 1)}}}}},
		{"/lines/0/details/0/quantity", object{"lines": []object{{"title": "x", "urgency": "soon", "details": []object{garage.Part("x", "1.2345", 1)}}}}},
	} {
		p := mechanic.Post(j.Path("/quotes"), garage.With(garage.ExtraWork(), bad.body)).Refused(http.StatusUnprocessableEntity, "invalid")
		found := false
		for _, e := range p.Errors {
			found = found || e.Pointer == bad.pointer
		}
		if !found {
			t.Errorf("%v: the errors are %+v, want one at %s", bad.body, p.Errors, bad.pointer)
		}
	}
	mechanic.Post(j.Path("/quotes"), garage.With(garage.ExtraWork(), object{"occurred_at": time.Now().Add(time.Minute).Format(time.RFC3339)})).Accepted(http.StatusCreated)

	// The states that refuse.
	mechanic.Post(j.Path("/completion"), object{"total": 28900}).Refused(http.StatusConflict, "illegal_state")
	mechanic.Post(j.Path("/collection"), object{}).Refused(http.StatusConflict, "illegal_state")
	for _, lines := range [][]object{
		{{"line": 1, "answer": "approve"}},
		{{"line": 1, "answer": "approve"}, {"line": 1, "answer": "approve"}, {"line": 2, "answer": "reject"}},
		{{"line": 1, "answer": "approve"}, {"line": 2, "answer": "perhaps"}},
		{{"line": 1, "answer": "approve"}, {"line": 2, "answer": "reject"}, {"line": 3, "answer": "reject"}},
		{{"line": 1, "answer": "approve", "reason": "price"}, {"line": 2, "answer": "reject"}},
	} {
		desk.Post(j.Path("/quotes/1/decision"), garage.With(garage.Decision("approve", "reject", 34800), object{"lines": lines})).
			Refused(http.StatusUnprocessableEntity, "invalid")
	}
	desk.Post(j.Path("/quotes/1/decision"), garage.With(garage.Decision("approve", "reject", 34800), object{"method": "page"})).Refused(http.StatusUnprocessableEntity, "invalid")
	desk.Post(j.Path("/quotes/1/decision"), garage.With(garage.Decision("approve", "reject", 34800), object{"name": ""})).Refused(http.StatusUnprocessableEntity, "invalid")
	desk.Post(j.Path("/quotes/1/decision"), garage.Decision("approve", "reject", 38795)).Refused(http.StatusConflict, "total_mismatch")
	j.Ask(nil)
	desk.Post(j.Path("/quotes/1/decision"), garage.Decision("approve", "approve", 38795)).Refused(http.StatusConflict, "superseded")
	mechanic.Post(j.Path("/quotes/2/withdrawal"), object{}).Accepted(http.StatusOK)
	desk.Post(j.Path("/quotes/2/decision"), garage.Decision("approve", "approve", 38795)).Refused(http.StatusConflict, "withdrawn")
	mechanic.Post(j.Path("/quotes/2/withdrawal"), object{}).Refused(http.StatusConflict, "withdrawn")
	// History: the quote had expired by the answer.
	past := func(hours int) string {
		return time.Now().Add(time.Duration(-hours) * time.Hour).Format(time.RFC3339)
	}
	old := g.Start(object{"occurred_at": past(60)})
	old.Ask(object{"occurred_at": past(50), "expires_at": past(40)})
	desk.Post(old.Path("/quotes/1/decision"), garage.With(garage.Decision("approve", "approve", 38795), object{"occurred_at": past(30)})).
		Refused(http.StatusConflict, "expired")
	j.Ask(nil)
	desk.Post(j.Path("/quotes/3/decision"), garage.Decision("approve", "reject", 34800)).Accepted(http.StatusOK)
	desk.Post(j.Path("/quotes/3/decision"), garage.Decision("reject", "reject", 0)).Refused(http.StatusConflict, "already_decided")
	mechanic.Post(j.Path("/completion"), object{"total": 63701, "reason": ""}).Refused(http.StatusConflict, "reason_required")
	mechanic.Post(j.Path("/completion"), object{"total": 63701, "reason": "Een liter olie extra."}).Accepted(http.StatusOK)
	mechanic.Post(j.Path("/cancellation"), object{}).Refused(http.StatusConflict, "illegal_state")
	mechanic.Post(j.Path("/quotes"), garage.ExtraWork()).Refused(http.StatusConflict, "illegal_state")
	expect.Says(t, "the mail", j.MailTo(j.To, "staat klaar").Text, "€ 637,01", "Een liter olie extra.")
	mechanic.Post(j.Path("/collection"), object{}).Accepted(http.StatusOK)
	mechanic.Patch(j.Path(""), object{"ready_at": "2099-01-01T00:00:00Z"}).Refused(http.StatusConflict, "illegal_state")
	// Messages are accepted in every state, even after the end.
	mechanic.Post(j.Path("/messages"), object{"kind": "text", "text": "Tot ziens!"}).Accepted(http.StatusCreated)
}

func TestContract_EveryRouteForWhomItIs(t *testing.T) {
	t.Parallel()
	g := garage.New(t, shared(t), "roles")
	j := g.Start(nil)
	j.Ask(nil)
	letters := map[string]string{"M": "mechanic", "S": "customer_service", "W": "manager", "I": "integrator", "A": "admin"}
	for _, c := range []struct{ method, path, users string }{
		{"POST", "/v1/repairs", "MI"},
		{"GET", "/v1/repairs", "MSWI"},
		{"GET", j.Path(""), "MSWI"},
		{"PATCH", j.Path(""), "MSI"},
		{"POST", j.Path("/quotes"), "MI"},
		{"GET", j.Path("/quotes/1"), "MSI"},
		{"POST", j.Path("/quotes/1/withdrawal"), "MI"},
		{"POST", j.Path("/quotes/1/decision"), "MS"},
		{"POST", j.Path("/completion"), "MI"},
		{"POST", j.Path("/collection"), "MSI"},
		{"POST", j.Path("/cancellation"), "MSI"},
		{"POST", j.Path("/messages"), "MS"},
		{"GET", j.Path("/timeline"), "MS"},
		{"GET", "/v1/conversations", "S"},
		{"GET", "/v1/events", "MSI"},
		{"GET", "/v1/latencies?measure=approval", "W"},
	} {
		for letter, role := range letters {
			var body any
			if c.method != http.MethodGet {
				body = object{"nonsense": 1} // invalid for those who are allowed
			}
			a := g.As(role).Send(c.method, c.path, body, "Idempotency-Key", "roles")
			switch allowed := strings.Contains(c.users, letter); {
			case allowed && (a.Status == http.StatusForbidden || a.Status == http.StatusUnauthorized || body != nil && a.Status != http.StatusUnprocessableEntity):
				t.Errorf("%s by %s: %d %s", a.Call, role, a.Status, a.Body)
			case !allowed:
				a.Refused(http.StatusForbidden, "forbidden")
			}
			client.Client{T: t, Base: g.API}.Send(c.method, c.path, body, "Idempotency-Key", "roles").Refused(http.StatusUnauthorized, "unauthenticated")
		}
	}
	// A token for two garages needs to say which; another's is forbidden or not found.
	both := client.Client{T: t, Base: g.API, Token: g.Token(t, "mechanic", "sam", "roles,other")}
	both.Post("/v1/repairs", garage.Order("B-1", "b@example.nl")).Refused(http.StatusUnprocessableEntity, "invalid")
	r := both.Post("/v1/repairs", garage.With(garage.Order("B-1", "b@example.nl"), object{"garage": "other"})).Accepted(http.StatusCreated)
	both.Post("/v1/repairs/"+r.RepairID+"/messages", object{"kind": "note", "text": "x"}).Accepted(http.StatusCreated)
	g.As("mechanic").Post("/v1/repairs", garage.With(garage.Order("B-2", "b@example.nl"), object{"garage": "other"})).Refused(http.StatusForbidden, "forbidden")
	g.As("mechanic").Get("/v1/repairs?garage=other").Refused(http.StatusForbidden, "forbidden")
	g.As("manager").Get("/v1/latencies?measure=approval&garage=other").Refused(http.StatusForbidden, "forbidden")
	g.As("mechanic").Get("/v1/events?garage=other").Refused(http.StatusForbidden, "forbidden")
	g.As("mechanic").Post("/v1/repairs/"+r.RepairID+"/messages", object{"kind": "note", "text": "x"}).Refused(http.StatusNotFound, "not_found")
}

func TestContract_TooManyRequests(t *testing.T) {
	t.Parallel()
	g := garage.New(t, shared(t), "limits")
	j := g.Start(nil)
	link := j.MailTo(j.To, "We zijn begonnen").Link(t)
	flood := func(address, token string) (status int, header http.Header, body string) {
		client := &http.Client{Timeout: time.Minute, Transport: &http.Transport{ // its own address, so that it limits no other test
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
	// A link that is opened over and over again, and guesses of tokens.
	status, header, body := flood(link, "")
	if status == 0 || header.Get("Retry-After") == "" || !strings.HasPrefix(header.Get("Content-Type"), "text/html") {
		t.Errorf("2000 visits in a row: %d, %v", status, header)
	}
	expect.Says(t, "the page", body, "<h1>")
	status, header, body = flood(g.API+"/v1/repairs", "guess")
	if header.Get("Retry-After") == "" {
		t.Errorf("it is not said when to come back: %v", header)
	}
	client.Answer{T: t, Call: "GET /v1/repairs", Status: status, Header: header, Body: []byte(body)}.Refused(http.StatusTooManyRequests, "rate_limited")
	if a := g.As("mechanic").Get("/v1/repairs"); a.Status != http.StatusOK { // others are not affected
		t.Errorf("%s: %d %s", a.Call, a.Status, a.Body)
	}
}
