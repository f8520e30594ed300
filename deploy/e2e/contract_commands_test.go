package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"pitstop/deploy/e2e/client"
	"pitstop/deploy/e2e/customer"
	"pitstop/deploy/e2e/expect"
	"pitstop/deploy/e2e/garage"
	"pitstop/deploy/e2e/mailbox"
)

func TestContract_Repeats(t *testing.T) {
	t.Parallel()
	g := garage.New(t, shared(t), "repeats")
	mechanic, desk := g.As("mechanic"), g.As("customer_service")
	j := g.Start(nil)
	for i, c := range []struct {
		client.Client
		method, path string
		body, other  object
	}{
		{mechanic, "POST", "/v1/repairs", garage.Order("R-2", "r2@example.nl"), garage.Order("R-2", "other@example.nl")},
		{mechanic, "POST", j.Path("/quotes"), garage.ExtraWork(), garage.With(garage.ExtraWork(), object{"prices_include_vat": false})},
		{desk, "POST", j.Path("/quotes/1/decision"), garage.Decision("approve", "reject", 34800), garage.Decision("reject", "reject", 0)},
		{desk, "POST", j.Path("/quotes/1/decision"), garage.Decision("reject", "reject", 0), garage.Decision("approve", "reject", 34800)}, // refused
		{mechanic, "POST", j.Path("/quotes"), garage.ExtraWork(), garage.With(garage.ExtraWork(), object{"currency": "EUR", "answer_by": time.Now().Add(time.Hour)})},
		{mechanic, "POST", j.Path("/quotes/2/withdrawal"), object{"reason": "a"}, object{"reason": "b"}},
		{desk, "PATCH", j.Path(""), object{"ready_at": "2099-01-01T10:00:00Z"}, object{"ready_at": "2099-01-01T11:00:00Z"}},
		{desk, "POST", j.Path("/messages"), object{"kind": "note", "text": "a"}, object{"kind": "note", "text": "b"}},
		{mechanic, "POST", j.Path("/completion"), object{"total": 1}, object{"total": 2}},
		{mechanic, "POST", j.Path("/collection"), object{}, object{"occurred_at": time.Now().Format(time.RFC3339)}},
		{mechanic, "POST", j.Path("/cancellation"), object{"reason": "a"}, object{"reason": "b"}}, // refused
	} {
		key := fmt.Sprintf("key-%d", i)
		first := c.Send(c.method, c.path, c.body, "Idempotency-Key", key)
		again := c.Send(c.method, c.path, c.body, "Idempotency-Key", key)
		if first.Status >= http.StatusInternalServerError || first.Status != again.Status || string(first.Body) != string(again.Body) ||
			again.Header.Get("Idempotent-Replayed") != "true" || first.Header.Get("Location") != again.Header.Get("Location") {
			t.Errorf("%s: %d %s\nagain, replayed %q: %d %s", first.Call, first.Status, first.Body, again.Header.Get("Idempotent-Replayed"), again.Status, again.Body)
		}
		if i != 0 { // on a loaded machine the first may also have been sent twice
			c.Send(c.method, c.path, c.other, "Idempotency-Key", key).Refused(http.StatusUnprocessableEntity, "key_reused")
		}
	}
	// An order number is one repair, whatever the key.
	mechanic.Post("/v1/repairs", garage.Order("R-2", "r2@example.nl")).Refused(http.StatusConflict, "already_started")
}

func TestContract_RespondAsync(t *testing.T) {
	t.Parallel()
	g := garage.New(t, shared(t), "async")
	mechanic := g.As("mechanic")
	ask := func(path, key string, body object) (command string, r client.Reply) {
		a := mechanic.Send(http.MethodPost, path, body, "Idempotency-Key", key, "Prefer", "respond-async")
		r = client.Decode[client.Reply](a, http.StatusAccepted)
		if r.Result != "pending" || r.CommandID == "" || r.RepairID == "" || a.Header.Get("Location") != "/v1/commands/"+r.CommandID {
			t.Errorf("%s: %s at %q", a.Call, a.Body, a.Header.Get("Location"))
		}
		return "/v1/commands/" + r.CommandID, r
	}
	type outcome struct {
		Result, Code, State, Detail string
		Sequence                    int64
		RepairID                    string `json:"repair_id"`
	}
	becomes := func(command, want string) (o outcome) {
		expect.Until(t, command, func() string {
			o = client.Decode[outcome](mechanic.Get(command), http.StatusOK)
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
	command, started := ask("/v1/repairs", "one", garage.Order("A-1", "a1@example.nl"))
	if o := becomes(command, "accepted"); o.RepairID != started.RepairID || o.State != "in_progress" || o.Sequence != 1 {
		t.Errorf("the outcome is %+v", o)
	}
	refused, _ := ask("/v1/repairs/"+started.RepairID+"/collection", "two", object{})
	if o := becomes(refused, "refused"); o.Code != "illegal_state" || o.Detail == "" {
		t.Errorf("the outcome is %+v", o)
	}
	// Only its sender sees it; an unknown command is pending.
	g.As("customer_service").Get(command).Refused(http.StatusNotFound, "not_found")
	garage.New(t, g.Process, "elsewhere").As("mechanic").Get(command).Refused(http.StatusNotFound, "not_found")
	if o := client.Decode[outcome](mechanic.Get("/v1/commands/2DsVhXGyFJWCvZ4kPq8sT1uWx3y"), http.StatusOK); o.Result != "pending" {
		t.Errorf("an unknown command is %+v", o)
	}
	// The same request without the preference gets the answer.
	mechanic.Send(http.MethodPost, "/v1/repairs", garage.Order("A-1", "a1@example.nl"), "Idempotency-Key", "one").Accepted(http.StatusCreated)
}

func TestContract_Changes(t *testing.T) {
	t.Parallel()
	g := garage.New(t, shared(t), "changes")
	j := g.Start(object{"ready_at": "2098-05-20T16:00:00+02:00"})
	desk := g.As("customer_service")
	later := desk.Patch(j.Path(""), object{"ready_at": "2098-05-20T17:30:00+02:00"}).Accepted(http.StatusOK)
	expect.Says(t, "the mail", j.MailTo(j.To, "later").Text, "17.30 uur")
	earlier := desk.Patch(j.Path(""), object{"ready_at": "2098-05-20T15:00:00+02:00"}).Accepted(http.StatusOK)
	if r := j.Read(earlier.Sequence); !r.ReadyAt.Equal(time.Date(2098, 5, 20, 13, 0, 0, 0, time.UTC)) || later.Sequence != 2 || earlier.Sequence != 3 {
		t.Errorf("the repair is %+v", r)
	}
	c := desk.Patch(j.Path(""), object{"contact": object{"name": "Nieuwe Klant", "email": "nieuw@changes.example", "language": "en"}}).Accepted(http.StatusOK)
	if r := j.Read(c.Sequence); r.Customer != (client.Person{ID: "c1", Name: "Nieuwe Klant", Email: "nieuw@changes.example", Phone: "+31612345678", Language: "en"}) {
		t.Errorf("the customer is %+v", r.Customer)
	}
	j.Ask(nil)
	j.MailTo("nieuw@changes.example", "Extra work")
	for _, body := range []object{
		{},
		{"ready_at": "2098-05-20T16:00:00Z", "contact": object{"name": "x"}},
		{"ready_at": "tomorrow"},
		{"ready_at": "0001-01-01T00:00:00Z"},
		{"contact": object{"name": ""}},
		{"contact": object{"name": "x", "email": "a@b.nl,c@d.nl"}},
	} {
		desk.Patch(j.Path(""), body).Refused(http.StatusUnprocessableEntity, "invalid")
	}
	if mails := mailbox.Mails(t, g.Mailbox, j.To); len(mails) != 2 { // started, later; earlier is no news
		t.Errorf("the customer of before has %d mails: %+v", len(mails), mails)
	}
}

func TestContract_Messages(t *testing.T) {
	t.Parallel()
	g := garage.New(t, shared(t), "messages")
	j := g.Start(nil)
	j.Happens(garage.Started...)
	link := j.MailTo(j.To, "We zijn begonnen").Link(t)
	desk := g.As("customer_service")
	state := func(wantReply, wantCall bool, reason string) {
		t.Helper()
		expect.Until(t, "conversation", func() string {
			for _, c := range g.List("customer_service", "/v1/conversations?q="+j.Ref).Items {
				if c.NeedsReply == wantReply && c.Call == wantCall && c.CallReason == reason {
					return ""
				}
			}
			return fmt.Sprintf("not needs_reply %t, call %t for %q", wantReply, wantCall, reason)
		})
	}

	note := desk.Post(j.Path("/messages"), object{"kind": "note", "text": "Intern: belt graag."}).Accepted(http.StatusCreated)
	j.Happens("MessagePosted")
	j.Read(note.Sequence)
	page := customer.Visit(t, link)
	if strings.Contains(page.Body, "Intern") {
		t.Error("the customer reads a note for staff")
	}
	page.Form("/messages").Send("kind", "text", "text", "Hoe laat is hij klaar?").Follow()
	j.HappensInAnyOrder(
		"MessagePosted", "NotificationRequested message to customer_service", "NotificationRequested message to mechanic",
		"DeliveryAccepted message to customer_service", "DeliveryAccepted message to mechanic",
	)
	for _, to := range []string{"sam@messages.example", "balie@messages.example"} {
		expect.Says(t, "the mail to staff", j.MailTo(to, "K-482-TR").Text, "Hoe laat is hij klaar?")
	}
	state(true, false, "")
	if r := j.Read(3); r.WaitingFor != "mechanic" {
		t.Errorf("waiting for %s", r.WaitingFor)
	}
	desk.Post(j.Path("/messages"), object{"kind": "note", "text": "Ik vraag het na."}).Accepted(http.StatusCreated)
	state(true, false, "") // a note is no reply
	reply := desk.Post(j.Path("/messages"), object{"kind": "text", "text": "Om vijf uur."}).Accepted(http.StatusCreated)
	state(false, false, "")
	expect.Says(t, "the mail to the customer", j.MailTo(j.To, "ericht").Text, "Om vijf uur.")
	j.Read(reply.Sequence)
	page = customer.Visit(t, link)
	expect.Says(t, "the page", page.Body, "Hoe laat is hij klaar?", "Om vijf uur.")

	page.Form("/messages").Send("kind", "callback", "text", "").Follow()
	state(true, true, "requested")
	if list := g.List("customer_service", "/v1/conversations?filter=call"); len(list.Items) != 1 || list.Items[0].RepairID != j.ID {
		t.Errorf("to be called: %+v", list.Items)
	}
	desk.Post(j.Path("/messages"), object{"kind": "text", "text": "We belden u."}).Accepted(http.StatusCreated)
	state(false, false, "")

	for _, body := range []object{{"kind": "callback", "text": "x"}, {"kind": "text", "text": " "}, {"kind": "shout", "text": "x"}, {"text": "x"}} {
		desk.Post(j.Path("/messages"), body).Refused(http.StatusUnprocessableEntity, "invalid")
	}
	for _, c := range []struct{ kind, text string }{{"note", "x"}, {"text", " "}} {
		if p := page.Form("/messages").Send("kind", c.kind, "text", c.text); p.Status != http.StatusUnprocessableEntity {
			t.Errorf("the customer sends %+v: %d", c, p.Status)
		}
	}
	// The staff's wait: from the first unanswered message to the first reply.
	var from, to []time.Time
	for _, e := range j.Timeline() {
		d := e.Details(t)
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
	expect.Until(t, "staff response is measured", func() string {
		rows := g.Latencies("measure=staff_response")
		if len(rows) != 1 || rows[0].N != 2 || rows[0].Open != 0 || rows[0].Wall.P50 < median-1e-5 || rows[0].Wall.P50 > median+1e-5 {
			return fmt.Sprintf("it is %+v, want twice with median %g", rows, median)
		}
		return ""
	})
}
