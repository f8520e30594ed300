package e2e

// The tests named TestEarlier cover the mistakes of an earlier implementation, quoted
// above each. Those about history are here, those about customers and staff in
// earlier_people_test.go, about amounts and lists in earlier_work_test.go, and those
// that need faults or a restart in relay_test.go and restart_test.go.

import (
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/deploy/e2e/client"
	"pitstop/deploy/e2e/expect"
	"pitstop/deploy/e2e/garage"
	"pitstop/deploy/e2e/mailbox"
	"pitstop/deploy/e2e/topics"
)

// "every event carried year 0001 and a zero order id: no latency could be
// computed": ids and times of every event equal what happened; every field
// round-trips.
func TestEarlier_EventsWithoutTimesAndIDs(t *testing.T) {
	t.Parallel()
	g := garage.New(t, shared(t), "roundtrip")
	at := func(minute int) time.Time { return time.Date(2025, 5, 21, 8, minute, 7, 123456000, time.UTC) }
	field := func(minute int) string { return at(minute).Format(time.RFC3339Nano) }
	expires, promised := time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2025, 5, 21, 14, 0, 0, 0, time.UTC)
	approver := object{"id": "lease-7", "name": "Lease BV", "email": "lease@example.nl", "phone": "+31201234567", "language": "en"}
	j := g.Start(object{
		"occurred_at": field(0), "ready_at": "2025-05-21T16:00:00+02:00", "bay": "brug 3", "approver": approver,
		"vehicle": object{"plate": "1-abc-234", "country": "BE", "description": "Škoda Octavia"},
	})
	asked := j.Ask(object{"occurred_at": field(10), "expires_at": expires.Format(time.RFC3339)})
	decide := j.As("customer_service").Post(j.Path("/quotes/1/decision"), object{
		"occurred_at": field(20), "total_seen": 34800, "method": "phone", "name": "mw. Lease",
		"lines": []object{{"line": 1, "answer": "approve"}, {"line": 2, "answer": "reject", "reason": "later", "text": "Volgende keer."}},
	})
	decided := decide.Accepted(http.StatusOK)
	if decided.Decision != "partly_approved" || decided.ApprovedTotal != 34800 {
		t.Errorf("decided: %s", decide.Body)
	}
	said := j.As("mechanic").Post(j.Path("/messages"), object{"occurred_at": field(30), "kind": "note", "text": "Slot <zit> vast"}).Accepted(http.StatusCreated)
	done := j.As("mechanic").Post(j.Path("/completion"), object{"occurred_at": field(40), "total": 64000, "reason": "olie"}).Accepted(http.StatusOK)

	r := j.Read(done.Sequence)
	if r.RepairID != j.ID || r.GarageID != "roundtrip" || r.ExternalRef != j.Ref || r.State != "completed" || r.WaitingFor != "nobody" ||
		r.Vehicle.Plate != "1ABC234" || r.Vehicle.Country != "BE" || r.Vehicle.Description != "Škoda Octavia" || r.Bay != "brug 3" ||
		r.Mechanic != "sam" || r.ReadyAt == nil || !r.ReadyAt.Equal(promised) || r.AsOf == nil || r.AsOf.IsZero() || r.Total == nil || *r.Total != 64000 {
		t.Errorf("the repair is %+v", r)
	}
	wantCustomer := client.Person{ID: "c1", Name: "J. de Vries", Email: j.To, Phone: "+31612345678", Language: "nl"}
	if r.Customer != wantCustomer || r.Approver == nil || *r.Approver != (client.Person{ID: "lease-7", Name: "Lease BV", Email: "lease@example.nl", Phone: "+31201234567", Language: "en"}) {
		t.Errorf("customer %+v, approver %+v", r.Customer, r.Approver)
	}
	if r.Agreed.Total != 28900 || r.Agreed.Currency != "EUR" || !r.Agreed.PricesIncludeVAT || len(r.Agreed.Lines) != 1 || len(r.Agreed.VAT) != 1 || r.Agreed.VAT[0].Amount != 5016 {
		t.Errorf("agreed %+v", r.Agreed)
	}
	q := r.Quotes[0]
	if q.Total != 38795 || q.VAT[0].Amount != 6733 || !q.RequestedAt.Equal(at(10)) || !q.ExpiresAt.Equal(expires) || q.Method != "phone" || q.DecidedBy != "mw. Lease" ||
		q.Lines[0].Title != "Remschijven en remblokken vóór vervangen" || q.Lines[0].Urgency != "safety" || q.Lines[0].Consequence == "" ||
		len(q.Lines[0].Details) != 3 || q.Lines[0].Details[2].Quantity != "1.2" || q.Lines[0].Details[2].UnitPrice != 11500 ||
		q.Lines[0].Details[2].Kind != "labour" || q.Lines[0].Details[2].VAT != "21" || q.Lines[1].Reason != "later" || q.Lines[1].Text != "Volgende keer." {
		t.Errorf("the quote is %+v", q)
	}
	one := client.Decode[client.Quote](j.As("mechanic").Get(j.Path("/quotes/1")), http.StatusOK)
	if diff := cmp.Diff(q, one, cmp.AllowUnexported(client.Quote{})); diff != "" {
		t.Errorf("the quote by itself: %s", diff)
	}

	ids := make(map[string]bool)
	for i, want := range []struct {
		kind, role, who, command string
		minute                   int
	}{
		{"RepairStarted", "mechanic", "sam", "", 0},
		{"ApprovalRequested", "mechanic", "sam", asked.CommandID, 10},
		{"QuoteDecided", "customer_service", "els", decided.CommandID, 20},
		{"MessagePosted", "mechanic", "sam", said.CommandID, 30},
		{"RepairCompleted", "mechanic", "sam", done.CommandID, 40},
	} {
		e := j.History()[i]
		if e.Type != want.kind || e.RepairID != j.ID || e.GarageID != "roundtrip" || e.Sequence != int64(i+1) ||
			!e.OccurredAt.Equal(at(want.minute)) || e.Actor.Role != want.role || e.Actor.ID != want.who ||
			len(e.EventID) != 27 || ids[e.EventID] || e.CausationID == "" || want.command != "" && e.CorrelationID != want.command {
			t.Errorf("event %d is %+v, want %+v", i+1, e, want)
		}
		ids[e.EventID] = true
	}
	var strange uint64
	if err := g.Database().QueryRow(t.Context(), `
		SELECT count() FROM (
			SELECT event_id, aggregate_id, occurred_at FROM events UNION ALL SELECT event_id, aggregate_id, occurred_at FROM notifications
			UNION ALL SELECT event_id, aggregate_id, occurred_at FROM deliveries UNION ALL SELECT event_id, aggregate_id, occurred_at FROM outcomes
			UNION ALL SELECT event_id, aggregate_id, started_at FROM latencies
		) WHERE length(event_id) != 27 OR length(aggregate_id) != 27 OR toYear(occurred_at) < 2025`).Scan(&strange); err != nil || strange != 0 {
		t.Errorf("%d records have no id or no time (%v)", strange, err)
	}
	j.Measured(
		garage.Waited("turnaround", "", 0, "completed", at(0), at(40)),
		garage.Waited("approval", "", 1, "partly_approved", at(10), at(20)),
		garage.Waited("customer_wait", "", 1, "partly_approved", at(10), at(20)),
		garage.Waited("resume", "", 1, "resumed", at(20), at(30)), // the mechanic wrote a note
	) // and nobody waited for a mail: of history, nobody is told
}

// "approve after reject, reject after approve, without limit": a state machine;
// repeating an answer changes nothing, another answer is a 409.
func TestEarlier_ApproveAfterReject(t *testing.T) {
	t.Parallel()
	g := garage.New(t, shared(t), "statemachine")
	j := g.Start(nil)
	j.Ask(nil)
	answers := func(first, second string, total int) object {
		return object{"lines": []object{{"line": 1, "answer": first}, {"line": 2, "answer": second}}, "total_seen": total, "method": "counter", "name": "J. de Vries"}
	}
	desk, path := j.As("customer_service"), j.Path("/quotes/1/decision")
	first := desk.Post(path, answers("reject", "reject", 0)).Accepted(http.StatusOK)
	if again := desk.Post(path, answers("reject", "reject", 0)).Accepted(http.StatusOK); again.Sequence != first.Sequence || again.Decision != "rejected" {
		t.Errorf("the same answer again: %+v, after %+v", again, first)
	}
	desk.Post(path, answers("approve", "approve", 38795)).Refused(http.StatusConflict, "already_decided")
	desk.Post(path, answers("approve", "reject", 34800)).Refused(http.StatusConflict, "already_decided")
	desk.Post(j.Path("/quotes/2/decision"), answers("approve", "approve", 38795)).Refused(http.StatusNotFound, "not_found")
	if r := j.Read(first.Sequence); r.Sequence != first.Sequence || r.Quotes[0].Decision != "rejected" || r.Quotes[0].ApprovedTotal != 0 {
		t.Errorf("the repair is %+v", r)
	}
}

// "all handlers swallow exceptions and acknowledge; a record without a header
// blocks a queue for ever": dead letters with the reason; the partition continues.
func TestEarlier_ABadRecordBlocksTheQueue(t *testing.T) {
	t.Parallel()
	// By itself: while a schema that nobody knows is asked for again, everything waits.
	g := garage.New(t, program.Up(t, filepath.Join(t.TempDir(), "data"), "--garages", pacedGarages(t)), "calm")
	l := topics.Open(t, g.Kafka)
	written := 0
	for _, topic := range []string{"commands", "outcomes", "events", "notifications", "deliveries", "latencies", "ticks"} {
		name := "pitstop." + topic
		for partition := range l.Partitions(name) {
			for i, value := range [][]byte{nil, []byte("no record"), {0, 0, 0, 0xff, 0xff, 1, 2, 3}} {
				l.Write(&kgo.Record{Topic: name, Partition: partition, Key: fmt.Appendf(nil, "garbage-%d", i), Value: value})
				written++
			}
		}
	}
	for range 6 { // most likely on every partition
		j := g.Start(nil)
		j.Happens(garage.Started...)
		j.Complete(28900)
	}
	if got := len(g.Events()); got != 12 {
		t.Errorf("the feed has %d events of the garage, want 12", got)
	}
	conn := g.Database()
	expect.Until(t, "dead letters", func() string {
		var consumers []string
		var reasons uint64
		if err := conn.QueryRow(t.Context(), `
			SELECT arraySort(groupUniqArray(concat(consumer, ' ', topic))), countIf(reason = '' OR detail = '')
			FROM dead_letters FINAL WHERE startsWith(key, 'garbage-')`).Scan(&consumers, &reasons); err != nil {
			t.Fatal(err)
		}
		if reasons != 0 {
			t.Errorf("%d dead letters do not say why", reasons)
		}
		for _, want := range []string{
			"lifecycle pitstop.commands", "notification pitstop.events", "notification pitstop.deliveries",
			"latency pitstop.events", "latency pitstop.notifications", "latency pitstop.deliveries", "email pitstop.notifications",
			"clickhouse pitstop.commands", "clickhouse pitstop.outcomes", "clickhouse pitstop.events", "clickhouse pitstop.latencies",
		} {
			if !slices.Contains(consumers, want) {
				return fmt.Sprintf("none of %s; there are %q", want, consumers)
			}
		}
		return ""
	})
	code, out, errOut := program.Run(t, "dead-letters", "list", "--data", g.Dir)
	if code != 0 || strings.Count(out, "\n") < written/3 {
		t.Errorf("pitstop dead-letters list: code %d, %q, %q", code, out, errOut)
	}
	expect.Says(t, "pitstop dead-letters list", out, "REASON", "lifecycle", "pitstop.commands", "undecodable")
}

// "retries without a key: duplicate customers, orders, mails": same command id,
// one effect; duplicate delivery, one mail, one count.
func TestEarlier_RetriesDuplicateEverything(t *testing.T) {
	t.Parallel()
	g := garage.New(t, shared(t), "retries")
	j := &garage.Job{Garage: g, Ref: "WO-1", To: "retry@example.nl"}
	body, mechanic := garage.Order(j.Ref, j.To), g.As("mechanic")
	answers := make([]client.Answer, 8)
	var posting sync.WaitGroup
	for i := range answers {
		posting.Go(func() { answers[i] = mechanic.Send(http.MethodPost, "/v1/repairs", body, "Idempotency-Key", "one") })
	}
	posting.Wait()
	if t.Failed() { // an answer is missing
		t.FailNow()
	}
	for _, a := range answers {
		if r := a.Accepted(http.StatusCreated); r.RepairID != answers[0].Accepted(http.StatusCreated).RepairID || string(a.Body) != string(answers[0].Body) {
			t.Errorf("one key, two answers: %s and %s", a.Body, answers[0].Body)
		}
	}
	again := mechanic.Send(http.MethodPost, "/v1/repairs", body, "Idempotency-Key", "one")
	if again.Header.Get("Idempotent-Replayed") != "true" || string(again.Body) != string(answers[0].Body) || again.Status != http.StatusCreated {
		t.Errorf("a repeat is %d %s, replayed %q", again.Status, again.Body, again.Header.Get("Idempotent-Replayed"))
	}
	j.ID = answers[0].Accepted(http.StatusCreated).RepairID
	j.Happens(garage.Started...)

	// As a broker may do, deliver records again.
	l := topics.Open(t, g.Kafka)
	for _, topic := range []string{"commands", "events", "notifications", "deliveries"} {
		records := l.About("pitstop."+topic, j.ID)
		if len(records) == 0 {
			t.Fatalf("no record about the repair on %s", topic)
		}
		l.Repeat(records...)
	}
	for i := range 2 { // records after them are handled after them
		mechanic.Post(j.Path("/messages"), object{"kind": "text", "text": fmt.Sprintf("Bericht %d", i)}).Accepted(http.StatusCreated)
		j.Happens("MessagePosted", "NotificationRequested message to customer", "DeliveryAccepted message to customer")
	}
	if mails := mailbox.Mails(t, g.Mailbox, j.To); len(mails) != 3 {
		t.Errorf("%d mails, want one about the start and two messages", len(mails))
	}
	if list := g.List("integrator", "/v1/repairs?external_ref=WO-1"); len(list.Items) != 1 {
		t.Errorf("%d repairs with the reference, want 1", len(list.Items))
	}
	waits := []garage.Wait{
		garage.Waited("turnaround", "", 0, "", j.When("RepairStarted"), time.Time{}), j.Delivery("repair_started", "customer", 0),
	}
	for i, e := range j.Timeline() {
		if e.Kind == "MessagePosted" {
			waits = append(waits, garage.Waited("delivery", "message", 0, "accepted", e.At, j.Timeline()[i+2].At))
		}
	}
	j.Measured(waits...)
	g.SummedUp(waits...)
}

// "day tick by process uptime: drifts, doubles with two replicas": two ticks,
// one reminder. (A restart loses none: restart_test.go.)
func TestEarlier_TwoTicksTwoReminders(t *testing.T) {
	t.Parallel()
	g := garage.New(t, shared(t), "pace") // remind after 15 s, call after 40 s
	j := g.Start(nil)
	j.Happens(garage.Started...)
	j.Ask(nil)
	j.Happens(slices.Concat(garage.Asked, []string{
		"NotificationRequested approval_reminder to customer", "DeliveryAccepted approval_reminder to customer", "CallTask no_answer",
	})...)
	asking, arrived := j.When("ApprovalRequested"), j.When("DeliveryAccepted approval_required to customer")
	if at := j.When("NotificationRequested approval_reminder to customer"); !at.Equal(arrived.Add(15 * time.Second)) {
		t.Errorf("reminded %s after the request was accepted, want 15s", at.Sub(arrived))
	}
	if at := j.When("CallTask no_answer"); !at.Equal(asking.Add(40 * time.Second)) {
		t.Errorf("to be called %s after the request, want 40s", at.Sub(asking))
	}
	// Every tick is delivered again, on every partition.
	l := topics.Open(t, g.Kafka)
	l.Repeat(l.About("pitstop.ticks", "")...)
	j.As("mechanic").Post(j.Path("/messages"), object{"kind": "text", "text": "Nog daar?"}).Accepted(http.StatusCreated)
	j.Happens("MessagePosted", "NotificationRequested message to customer", "DeliveryAccepted message to customer")
	if list := g.List("customer_service", "/v1/conversations?filter=call"); len(list.Items) != 0 {
		t.Errorf("still to be called after staff wrote: %+v", list)
	}
}
