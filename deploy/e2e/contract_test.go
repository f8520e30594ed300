package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

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
	median := (to[0].Sub(from[0]) + to[1].Sub(from[1])).Seconds() / 2
	until(t, "staff response is measured", func() string {
		rows := w.latencies("measure=staff_response")
		if len(rows) != 1 || rows[0].N != 2 || rows[0].Open != 0 || rows[0].Wall.P50 < median-1e-5 || rows[0].Wall.P50 > median+1e-5 {
			return fmt.Sprintf("it is %+v, want twice with median %g", rows, median)
		}
		return ""
	})
}
