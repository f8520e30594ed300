package e2e

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
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

func TestContract_Repeats(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared(t), "repeats")
	mechanic, desk := w.as("mechanic"), w.as("customer_service")
	j := w.start(nil)
	for i, c := range []struct {
		door
		method, path string
		body, other  object
	}{
		{mechanic, "POST", "/v1/repairs", order("R-2", "r2@example.nl"), order("R-2", "other@example.nl")},
		{mechanic, "POST", j.at("/quotes"), extraWork(), with(extraWork(), object{"prices_include_vat": false})},
		{desk, "POST", j.at("/quotes/1/decision"), answers("approve", "reject", 34800), answers("reject", "reject", 0)},
		{desk, "POST", j.at("/quotes/1/decision"), answers("reject", "reject", 0), answers("approve", "reject", 34800)}, // refused
		{mechanic, "POST", j.at("/quotes"), extraWork(), with(extraWork(), object{"currency": "EUR", "answer_by": time.Now().Add(time.Hour)})},
		{mechanic, "POST", j.at("/quotes/2/withdrawal"), object{"reason": "a"}, object{"reason": "b"}},
		{desk, "PATCH", j.at(""), object{"ready_at": "2099-01-01T10:00:00Z"}, object{"ready_at": "2099-01-01T11:00:00Z"}},
		{desk, "POST", j.at("/messages"), object{"kind": "note", "text": "a"}, object{"kind": "note", "text": "b"}},
		{mechanic, "POST", j.at("/completion"), object{"total": 1}, object{"total": 2}},
		{mechanic, "POST", j.at("/collection"), object{}, object{"occurred_at": time.Now().Format(time.RFC3339)}},
		{mechanic, "POST", j.at("/cancellation"), object{"reason": "a"}, object{"reason": "b"}}, // refused
	} {
		key := fmt.Sprintf("key-%d", i)
		first := c.send(c.method, c.path, c.body, "Idempotency-Key", key)
		again := c.send(c.method, c.path, c.body, "Idempotency-Key", key)
		if first.status >= http.StatusInternalServerError || first.status != again.status || string(first.body) != string(again.body) ||
			again.header.Get("Idempotent-Replayed") != "true" || first.header.Get("Location") != again.header.Get("Location") {
			t.Errorf("%s: %d %s\nagain, replayed %q: %d %s", first.call, first.status, first.body, again.header.Get("Idempotent-Replayed"), again.status, again.body)
		}
		if i != 0 { // on a loaded machine the first may have been sent twice, too
			c.send(c.method, c.path, c.other, "Idempotency-Key", key).refused(http.StatusUnprocessableEntity, "key_reused")
		}
	}
	// An order number is one repair, whatever the key.
	mechanic.post("/v1/repairs", order("R-2", "r2@example.nl")).refused(http.StatusConflict, "already_started")
}

func TestContract_RespondAsync(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared(t), "async")
	mechanic := w.as("mechanic")
	ask := func(path, key string, body object) (command string, r reply) {
		a := mechanic.send(http.MethodPost, path, body, "Idempotency-Key", key, "Prefer", "respond-async")
		r = into[reply](a, http.StatusAccepted)
		if r.Result != "pending" || r.CommandID == "" || r.RepairID == "" || a.header.Get("Location") != "/v1/commands/"+r.CommandID {
			t.Errorf("%s: %s at %q", a.call, a.body, a.header.Get("Location"))
		}
		return "/v1/commands/" + r.CommandID, r
	}
	type outcome struct {
		Result, Code, State, Detail string
		Sequence                    int64
		RepairID                    string `json:"repair_id"`
	}
	becomes := func(command, want string) (o outcome) {
		until(t, command, func() string {
			o = into[outcome](mechanic.get(command), http.StatusOK)
			if o.Result == "pending" {
				return "it is pending"
			}
			return ""
		})
		if o.Result != want {
			t.Errorf("%s: %+v, want %s", command, o, want)
		}
		return o
	}
	command, started := ask("/v1/repairs", "one", order("A-1", "a1@example.nl"))
	if o := becomes(command, "accepted"); o.RepairID != started.RepairID || o.State != "in_progress" || o.Sequence != 1 {
		t.Errorf("the outcome is %+v", o)
	}
	refused, _ := ask("/v1/repairs/"+started.RepairID+"/collection", "two", object{})
	if o := becomes(refused, "refused"); o.Code != "illegal_state" || o.Detail == "" {
		t.Errorf("the outcome is %+v", o)
	}
	// Only its sender sees it; of what nobody sent nothing is known yet.
	w.as("customer_service").get(command).refused(http.StatusNotFound, "not_found")
	newWorld(t, w.process, "elsewhere").as("mechanic").get(command).refused(http.StatusNotFound, "not_found")
	if o := into[outcome](mechanic.get("/v1/commands/2DsVhXGyFJWCvZ4kPq8sT1uWx3y"), http.StatusOK); o.Result != "pending" {
		t.Errorf("an unknown command is %+v", o)
	}
	// The answer is there for the same request without the preference.
	mechanic.send(http.MethodPost, "/v1/repairs", order("A-1", "a1@example.nl"), "Idempotency-Key", "one").taken(http.StatusCreated)
}

func TestContract_Changes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared(t), "changes")
	j := w.start(object{"ready_at": "2098-05-20T16:00:00+02:00"})
	desk := w.as("customer_service")
	later := desk.patch(j.at(""), object{"ready_at": "2098-05-20T17:30:00+02:00"}).taken(http.StatusOK)
	says(t, "the mail", j.mailTo(j.to, "later").Text, "17.30 uur")
	earlier := desk.patch(j.at(""), object{"ready_at": "2098-05-20T15:00:00+02:00"}).taken(http.StatusOK)
	if r := j.reads(earlier.Sequence); !r.ReadyAt.Equal(time.Date(2098, 5, 20, 13, 0, 0, 0, time.UTC)) || later.Sequence != 2 || earlier.Sequence != 3 {
		t.Errorf("the repair is %+v", r)
	}
	c := desk.patch(j.at(""), object{"contact": object{"name": "Nieuwe Klant", "email": "nieuw@changes.example", "language": "en"}}).taken(http.StatusOK)
	if r := j.reads(c.Sequence); r.Customer != (person{Name: "Nieuwe Klant", Email: "nieuw@changes.example", Language: "en"}) {
		t.Errorf("the customer is %+v", r.Customer)
	}
	j.ask(nil)
	j.mailTo("nieuw@changes.example", "extra work")
	for _, body := range []object{
		{},
		{"ready_at": "2098-05-20T16:00:00Z", "contact": object{"name": "x"}},
		{"ready_at": "tomorrow"},
		{"ready_at": "0001-01-01T00:00:00Z"},
		{"contact": object{"name": ""}},
		{"contact": object{"name": "x", "email": "a@b.nl,c@d.nl"}},
	} {
		desk.patch(j.at(""), body).refused(http.StatusUnprocessableEntity, "invalid")
	}
	if mails := w.mails(t, j.to); len(mails) != 2 { // started, later; earlier is no news
		t.Errorf("the customer of before has %d mails: %+v", len(mails), mails)
	}
}

func TestContract_Messages(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared(t), "messages")
	j := w.start(nil)
	j.happens(started...)
	link := j.mailTo(j.to, "We zijn begonnen").link(t)
	desk := w.as("customer_service")
	state := func(wantReply, wantCall bool, reason string) {
		t.Helper()
		until(t, "conversation", func() string {
			for _, c := range w.list("customer_service", "/v1/conversations?q="+j.ref).Items {
				if c.NeedsReply == wantReply && c.Call == wantCall && c.CallReason == reason {
					return ""
				}
			}
			return fmt.Sprintf("not needs_reply %t, call %t for %q", wantReply, wantCall, reason)
		})
	}

	note := desk.post(j.at("/messages"), object{"kind": "note", "text": "Intern: belt graag."}).taken(http.StatusCreated)
	j.happens("MessagePosted")
	j.reads(note.Sequence)
	page := visit(t, link)
	if strings.Contains(page.body, "Intern") {
		t.Error("the customer reads a note for staff")
	}
	page.form("/messages").send("kind", "text", "text", "Hoe laat is hij klaar?").follow()
	j.happensAtOnce(
		"MessagePosted", "NotificationRequested message to customer_service", "NotificationRequested message to mechanic",
		"DeliveryAccepted message to customer_service", "DeliveryAccepted message to mechanic",
	)
	for _, to := range []string{"sam@messages.example", "balie@messages.example"} {
		says(t, "the mail to staff", j.mailTo(to, "K-482-TR").Text, "Hoe laat is hij klaar?")
	}
	state(true, false, "")
	if r := j.reads(3); r.WaitingFor != "mechanic" {
		t.Errorf("waiting for %s", r.WaitingFor)
	}
	desk.post(j.at("/messages"), object{"kind": "note", "text": "Ik vraag het na."}).taken(http.StatusCreated)
	state(true, false, "") // a note is no answer
	reply := desk.post(j.at("/messages"), object{"kind": "text", "text": "Om vijf uur."}).taken(http.StatusCreated)
	state(false, false, "")
	says(t, "the mail to the customer", j.mailTo(j.to, "ericht").Text, "Om vijf uur.")
	j.reads(reply.Sequence)
	page = visit(t, link)
	says(t, "the page", page.body, "Hoe laat is hij klaar?", "Om vijf uur.")

	page.form("/messages").send("kind", "callback", "text", "").follow()
	state(true, true, "requested")
	if list := w.list("customer_service", "/v1/conversations?filter=call"); len(list.Items) != 1 || list.Items[0].RepairID != j.id {
		t.Errorf("to be called: %+v", list.Items)
	}
	desk.post(j.at("/messages"), object{"kind": "text", "text": "We belden u."}).taken(http.StatusCreated)
	state(false, false, "")

	for _, body := range []object{{"kind": "callback", "text": "x"}, {"kind": "text", "text": " "}, {"kind": "shout", "text": "x"}, {"text": "x"}} {
		desk.post(j.at("/messages"), body).refused(http.StatusUnprocessableEntity, "invalid")
	}
	for _, c := range []struct{ kind, text string }{{"note", "x"}, {"text", " "}} {
		if p := page.form("/messages").send("kind", c.kind, "text", c.text); p.status != http.StatusUnprocessableEntity {
			t.Errorf("the customer sends %+v: %d", c, p.status)
		}
	}
	// The staff's wait: from the first unanswered message to the first reply.
	var from, to []time.Time
	for _, e := range j.timeline() {
		d := e.data(t)
		switch {
		case e.Kind == "MessagePosted" && e.Actor.Role == "customer":
			from = append(from, e.At)
		case e.Kind == "MessagePosted" && d.Kind == "text":
			to = append(to, e.At)
		}
	}
	if len(from) != 2 || len(to) != 2 {
		t.Fatalf("the timeline has %d messages of the customer and %d replies", len(from), len(to))
	}
	rows := w.latencies("measure=staff_response")
	median := (to[0].Sub(from[0]) + to[1].Sub(from[1])).Seconds() / 2
	if len(rows) != 1 || rows[0].N != 2 || rows[0].Open != 0 || rows[0].Wall.P50 < median-1e-5 || rows[0].Wall.P50 > median+1e-5 {
		t.Errorf("staff response is %+v, want twice with median %g", rows, median)
	}
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

func TestContract_Conversations(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared(t), "inbox")
	jobs := make([]*job, 7)
	for i := range jobs {
		jobs[i] = w.start(object{
			"vehicle":  object{"plate": fmt.Sprintf("AB-%d00-C", i), "country": "NL"},
			"customer": object{"name": fmt.Sprintf("Klant Nummer%d", i), "email": fmt.Sprintf("k%d@inbox.example", i), "phone": "+31612345678"},
		})
	}
	waiting, unreachable := jobs[2], jobs[4]
	waiting.ask(nil)
	unreachable.as("customer_service").patch(unreachable.at(""), object{"contact": object{"name": "Zonder Mail", "phone": "+31612345678"}}).taken(http.StatusOK)
	unreachable.ask(nil)
	inbox := func(query string) []string { return w.list("customer_service", "/v1/conversations?"+query).ids() }
	until(t, "the inbox", func() string {
		if got := inbox("filter=call"); len(got) != 1 || got[0] != unreachable.id {
			return fmt.Sprintf("to be called: %q", got)
		}
		if got := inbox("filter=waiting"); len(got) != 2 {
			return fmt.Sprintf("waiting: %q", got)
		}
		return ""
	})
	if diff := cmp.Diff([]string{waiting.id, unreachable.id}, inbox("filter=waiting")); diff != "" {
		t.Errorf("who waits longest comes first: %s", diff)
	}
	if got := inbox("filter=needs-reply"); len(got) != 0 {
		t.Errorf("needs reply: %q", got)
	}
	for _, q := range []string{"AB300C", "ab-300-c", "nummer3", jobs[3].ref, strings.ToLower(jobs[3].ref), jobs[3].id} {
		if diff := cmp.Diff([]string{jobs[3].id}, inbox("q="+q)); diff != "" {
			t.Errorf("searching %s: %s", q, diff)
		}
	}
	if got := inbox("q=Klant+Nummer&filter=waiting"); len(got) != 1 || got[0] != waiting.id {
		t.Errorf("searching who waits: %q", got)
	}
	if got := inbox("q=nobody%27s+%25+name"); len(got) != 0 {
		t.Errorf("searching nobody: %q", got)
	}
	for _, query := range []string{"sort=waiting", "sort=recent"} {
		all := inbox(query)
		if len(all) != 7 {
			t.Fatalf("%s: %d conversations, want 7", query, len(all))
		}
		var paged []string
		for cursor, pages := "", 0; ; pages++ {
			page := w.list("customer_service", "/v1/conversations?limit=3&"+query+"&cursor="+cursor)
			paged = append(paged, page.ids()...)
			if cursor = page.Cursor; cursor == "" {
				if pages != 2 {
					t.Errorf("%s: %d pages of 3", query, pages+1)
				}
				break
			}
		}
		if diff := cmp.Diff(all, paged); diff != "" {
			t.Errorf("%s page by page: %s", query, diff)
		}
	}
	if all := inbox("sort=recent"); all[0] != unreachable.id {
		t.Errorf("the most recent is %s", all[0])
	}
	desk := w.as("customer_service")
	for _, query := range []string{"filter=nonsense", "sort=nonsense", "cursor=nonsense", "limit=0"} {
		desk.get("/v1/conversations?"+query).refused(http.StatusUnprocessableEntity, "invalid")
	}

	// The list of repairs is paged the same way.
	var paged []string
	for cursor := ""; ; {
		page := w.list("mechanic", "/v1/repairs?limit=2&cursor="+cursor)
		paged = append(paged, page.ids()...)
		if cursor = page.Cursor; cursor == "" {
			break
		}
	}
	want := make([]string, 0, 7)
	for i := range jobs {
		want = append(want, jobs[6-i].id)
	}
	if diff := cmp.Diff(want, paged); diff != "" {
		t.Errorf("repairs page by page, the last started first: %s", diff)
	}
	if got := w.list("mechanic", "/v1/repairs?state=awaiting_approval").ids(); len(got) != 2 {
		t.Errorf("awaiting approval: %q", got)
	}
	if got := w.list("mechanic", "/v1/repairs?external_ref="+jobs[5].ref).ids(); len(got) != 1 || got[0] != jobs[5].id {
		t.Errorf("by its reference: %q", got)
	}
	w.as("mechanic").get("/v1/repairs?cursor=nonsense").refused(http.StatusUnprocessableEntity, "invalid")
	w.as("mechanic").get("/v1/repairs?state=nonsense").refused(http.StatusUnprocessableEntity, "invalid")
}
