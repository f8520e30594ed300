package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kgo"
)

// These tests are about what an earlier implementation got wrong: what it did is
// quoted above each. Those that need faults or a restart stand in smtp_test.go
// and restart_test.go.

// "every event carried year 0001 and a zero order id: no latency could be
// computed": ids and times of every event equal what happened; every field
// round-trips.
func TestEarlier_EventsWithoutTimesAndIDs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared(t), "roundtrip")
	at := func(minute int) time.Time { return time.Date(2025, 5, 21, 8, minute, 7, 123456000, time.UTC) }
	field := func(minute int) string { return at(minute).Format(time.RFC3339Nano) }
	expires, promised := time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2025, 5, 21, 14, 0, 0, 0, time.UTC)
	approver := object{"id": "lease-7", "name": "Lease BV", "email": "lease@example.nl", "phone": "+31201234567", "language": "en"}
	j := w.start(object{
		"occurred_at": field(0), "ready_at": "2025-05-21T16:00:00+02:00", "bay": "brug 3", "approver": approver,
		"vehicle": object{"plate": "1-abc-234", "country": "BE", "description": "Škoda Octavia"},
	})
	asked := j.ask(object{"occurred_at": field(10), "expires_at": expires.Format(time.RFC3339)})
	decide := j.as("customer_service").post(j.at("/quotes/1/decision"), object{
		"occurred_at": field(20), "total_seen": 34800, "method": "phone", "name": "mw. Lease",
		"lines": []object{{"line": 1, "answer": "approve"}, {"line": 2, "answer": "reject", "reason": "later", "text": "Volgende keer."}},
	})
	decided := decide.taken(http.StatusOK)
	if decided.Decision != "partly_approved" || decided.ApprovedTotal != 34800 {
		t.Errorf("decided: %s", decide.body)
	}
	said := j.as("mechanic").post(j.at("/messages"), object{"occurred_at": field(30), "kind": "note", "text": "Slot <zit> vast"}).taken(http.StatusCreated)
	done := j.as("mechanic").post(j.at("/completion"), object{"occurred_at": field(40), "total": 64000, "reason": "olie"}).taken(http.StatusOK)

	r := j.reads(done.Sequence)
	if r.RepairID != j.id || r.GarageID != "roundtrip" || r.ExternalRef != j.ref || r.State != "completed" || r.WaitingFor != "nobody" ||
		r.Vehicle.Plate != "1ABC234" || r.Vehicle.Country != "BE" || r.Vehicle.Description != "Škoda Octavia" || r.Bay != "brug 3" ||
		r.Mechanic != "sam" || r.ReadyAt == nil || !r.ReadyAt.Equal(promised) || r.AsOf == nil || r.AsOf.IsZero() || r.Total == nil || *r.Total != 64000 {
		t.Errorf("the repair is %+v", r)
	}
	wantCustomer := person{"c1", "J. de Vries", j.to, "+31612345678", "nl"}
	if r.Customer != wantCustomer || r.Approver == nil || *r.Approver != (person{"lease-7", "Lease BV", "lease@example.nl", "+31201234567", "en"}) {
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
	one := into[quote](j.as("mechanic").get(j.at("/quotes/1")), http.StatusOK)
	if diff := cmp.Diff(q, one, cmp.AllowUnexported(quote{})); diff != "" {
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
		e := j.history()[i]
		if e.Type != want.kind || e.RepairID != j.id || e.GarageID != "roundtrip" || e.Sequence != int64(i+1) ||
			!e.OccurredAt.Equal(at(want.minute)) || e.Actor.Role != want.role || e.Actor.ID != want.who ||
			len(e.EventID) != 27 || ids[e.EventID] || e.CausationID == "" || want.command != "" && e.CorrelationID != want.command {
			t.Errorf("event %d is %+v, want %+v", i+1, e, want)
		}
		ids[e.EventID] = true
	}
	var strange uint64
	if err := w.database(t).QueryRow(t.Context(), `
		SELECT count() FROM (
			SELECT event_id, aggregate_id, occurred_at FROM events UNION ALL SELECT event_id, aggregate_id, occurred_at FROM notifications
			UNION ALL SELECT event_id, aggregate_id, occurred_at FROM deliveries UNION ALL SELECT event_id, aggregate_id, occurred_at FROM outcomes
			UNION ALL SELECT event_id, aggregate_id, started_at FROM latencies
		) WHERE length(event_id) != 27 OR length(aggregate_id) != 27 OR toYear(occurred_at) < 2025`).Scan(&strange); err != nil || strange != 0 {
		t.Errorf("%d records have no id or no time (%v)", strange, err)
	}
	j.measured(
		waited("turnaround", "", 0, "completed", at(0), at(40)),
		waited("approval", "", 1, "partly_approved", at(10), at(20)),
		waited("customer_wait", "", 1, "partly_approved", at(10), at(20)),
		waited("resume", "", 1, "resumed", at(20), at(30)), // the mechanic wrote a note
		j.delivery("repair_started", "customer", 0), j.delivery("approval_required", "approver", 1),
		j.delivery("decision", "mechanic", 1), j.delivery("repair_completed", "customer", 0),
	)
}

// "approve after reject, reject after approve, without limit": a state machine;
// repeating an answer changes nothing, another answer is a 409.
func TestEarlier_ApproveAfterReject(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared(t), "statemachine")
	j := w.start(nil)
	j.ask(nil)
	answers := func(first, second string, total int) object {
		return object{"lines": []object{{"line": 1, "answer": first}, {"line": 2, "answer": second}}, "total_seen": total, "method": "counter", "name": "J. de Vries"}
	}
	desk, path := j.as("customer_service"), j.at("/quotes/1/decision")
	first := desk.post(path, answers("reject", "reject", 0)).taken(http.StatusOK)
	if again := desk.post(path, answers("reject", "reject", 0)).taken(http.StatusOK); again.Sequence != first.Sequence || again.Decision != "rejected" {
		t.Errorf("the same answer again: %+v, after %+v", again, first)
	}
	desk.post(path, answers("approve", "approve", 38795)).refused(http.StatusConflict, "already_decided")
	desk.post(path, answers("approve", "reject", 34800)).refused(http.StatusConflict, "already_decided")
	desk.post(j.at("/quotes/2/decision"), answers("approve", "approve", 38795)).refused(http.StatusNotFound, "not_found")
	if r := j.reads(first.Sequence); r.Sequence != first.Sequence || r.Quotes[0].Decision != "rejected" || r.Quotes[0].ApprovedTotal != 0 {
		t.Errorf("the repair is %+v", r)
	}
}

// "all handlers swallow exceptions and acknowledge; a record without a header
// blocks a queue for ever": dead letters with the reason; the partition goes on.
func TestEarlier_ABadRecordBlocksTheQueue(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared(t), "badrecords")
	l := w.log(t)
	written := 0
	for _, topic := range []string{"commands", "outcomes", "events", "notifications", "deliveries", "latencies", "ticks"} {
		name := "pitstop." + topic
		for partition := range l.partitions(name) {
			for i, value := range [][]byte{nil, []byte("no record"), {0, 0, 0, 0xff, 0xff, 1, 2, 3}} {
				l.write(&kgo.Record{Topic: name, Partition: partition, Key: fmt.Appendf(nil, "garbage-%d", i), Value: value})
				written++
			}
		}
	}
	for range 6 { // on every partition, most likely
		j := w.start(nil)
		j.happens(started...)
		j.complete(28900)
	}
	if got := len(w.events()); got != 12 {
		t.Errorf("the feed has %d events of the garage, want 12", got)
	}
	conn := w.database(t)
	until(t, "dead letters", func() string {
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
	code, out, errOut := pitstop(t, "dead-letters", "list", "--data", w.dir)
	if code != 0 || strings.Count(out, "\n") < written/3 {
		t.Errorf("pitstop dead-letters list: code %d, %q, %q", code, out, errOut)
	}
	says(t, "pitstop dead-letters list", out, "REASON", "lifecycle", "pitstop.commands", "undecodable")
}

// "retries without a key: duplicate customers, orders, mails": same command id,
// one effect; duplicate delivery, one mail, one count.
func TestEarlier_RetriesDuplicateEverything(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared(t), "retries")
	j := &job{world: w, ref: "WO-1", to: "retry@example.nl"}
	body, mechanic := order(j.ref, j.to), w.as("mechanic")
	answers := make([]answer, 8)
	var posting sync.WaitGroup
	for i := range answers {
		posting.Go(func() { answers[i] = mechanic.send(http.MethodPost, "/v1/repairs", body, "Idempotency-Key", "one") })
	}
	posting.Wait()
	for _, a := range answers {
		if r := a.taken(http.StatusCreated); r.RepairID != answers[0].taken(http.StatusCreated).RepairID || string(a.body) != string(answers[0].body) {
			t.Errorf("one key, two answers: %s and %s", a.body, answers[0].body)
		}
	}
	again := mechanic.send(http.MethodPost, "/v1/repairs", body, "Idempotency-Key", "one")
	if again.header.Get("Idempotent-Replayed") != "true" || string(again.body) != string(answers[0].body) || again.status != http.StatusCreated {
		t.Errorf("a repeat is %d %s, replayed %q", again.status, again.body, again.header.Get("Idempotent-Replayed"))
	}
	j.id = answers[0].taken(http.StatusCreated).RepairID
	j.happens(started...)

	// What a broker may do: deliver again what was delivered.
	l := w.log(t)
	for _, topic := range []string{"commands", "events", "notifications", "deliveries"} {
		records := l.about("pitstop."+topic, j.id)
		if len(records) == 0 {
			t.Fatalf("no record about the repair on %s", topic)
		}
		l.repeat(records...)
	}
	for i := range 2 { // what comes after them is handled after them
		mechanic.post(j.at("/messages"), object{"kind": "text", "text": fmt.Sprintf("Bericht %d", i)}).taken(http.StatusCreated)
		j.happens("MessagePosted", "NotificationRequested message to customer", "DeliveryAccepted message to customer")
	}
	if mails := w.mails(t, j.to); len(mails) != 3 {
		t.Errorf("%d mails, want one about the start and two messages", len(mails))
	}
	if list := w.list("integrator", "/v1/repairs?external_ref=WO-1"); len(list.Items) != 1 {
		t.Errorf("%d repairs with the reference, want 1", len(list.Items))
	}
	waits := []wait{
		waited("turnaround", "", 0, "", j.when("RepairStarted"), time.Time{}), j.delivery("repair_started", "customer", 0),
	}
	for i, e := range j.timeline() {
		if e.Kind == "MessagePosted" {
			waits = append(waits, waited("delivery", "message", 0, "accepted", e.At, j.timeline()[i+2].At))
		}
	}
	j.measured(waits...)
	w.figured(waits...)
}

// "no login; anyone approves anything; the customer lands on the staff pages":
// roles for staff; scoped, expiring links for customers; an expired or foreign
// link is refused.
func TestEarlier_NoLogin(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared(t), "login")
	other := newWorld(t, shared(t), "elsewhere")
	j := w.start(nil)
	j.ask(nil)
	link := j.mailTo(j.to, "extra werk").link(t)
	paths := []string{"", "/timeline", "/quotes/1"}
	for _, path := range paths {
		door{t: t, base: w.API}.get(j.at(path)).refused(http.StatusUnauthorized, "unauthenticated")
		door{t, w.API, "nonsense"}.get(j.at(path)).refused(http.StatusUnauthorized, "unauthenticated")
		other.as("mechanic").get(j.at(path)).refused(http.StatusNotFound, "not_found")
	}
	door{t: t, base: w.API}.post("/v1/repairs", order("x", "x@example.nl")).refused(http.StatusUnauthorized, "unauthenticated")
	other.as("mechanic").post(j.at("/completion"), object{"total": 1}).refused(http.StatusNotFound, "not_found")
	other.as("customer_service").post(j.at("/quotes/1/decision"), object{
		"lines": []object{{"line": 1, "answer": "approve"}, {"line": 2, "answer": "approve"}}, "total_seen": 38795, "method": "phone", "name": "x",
	}).refused(http.StatusNotFound, "not_found")
	w.as("manager").post(j.at("/completion"), object{"total": 1}).refused(http.StatusForbidden, "forbidden")
	w.as("mechanic").get("/v1/conversations").refused(http.StatusForbidden, "forbidden")

	// The link is not a token of staff, and opens nothing else than its page.
	token := link[strings.LastIndex(link, "/")+1:]
	door{t, w.API, token}.get(j.at("")).refused(http.StatusUnauthorized, "unauthenticated")
	foreign := other.start(nil)
	stranger := foreign.mailTo(foreign.to, "We zijn begonnen").link(t)
	action, values := decisionForm(stranger, "1", "38795")
	if p := fetch(t, http.MethodPost, action, values); p.status == http.StatusSeeOther {
		t.Errorf("another repair's link decided: %d", p.status)
	}
	for name, bad := range map[string]string{
		"tampered": link[:len(link)-2] + "AA", "cut": link[:len(link)-5], "made up": w.API + "/c/1.x.y", "joined": link + token,
	} {
		p := visit(t, bad)
		if p.status != http.StatusNotFound {
			t.Errorf("a %s link: status %d", name, p.status)
		}
		says(t, "the page of a bad link", p.body, "link")
	}
	// A link works for 90 days.
	old := w.start(object{"occurred_at": time.Now().AddDate(0, 0, -91).Format(time.RFC3339)})
	expired := visit(t, old.mailTo(old.to, "We zijn begonnen").link(t))
	if expired.status != http.StatusGone {
		t.Errorf("an expired link: status %d", expired.status)
	}
	says(t, "the page of an expired link", expired.body, "Deze link is verlopen")
	if strings.Contains(expired.body, "K-482-TR") || strings.Contains(expired.body, "de Vries") {
		t.Error("the page of an expired link tells about the customer")
	}
	young := w.start(object{"occurred_at": time.Now().AddDate(0, 0, -89).Format(time.RFC3339)})
	if p := visit(t, young.mailTo(young.to, "We zijn begonnen").link(t)); p.status != http.StatusOK {
		t.Errorf("a link that is 89 days old: status %d", p.status)
	}
	if r := j.reads(2); r.Quotes[0].Status != "open" || r.Sequence != 2 {
		t.Errorf("somebody changed the repair: %+v", r)
	}
}

// "a link that a mail scanner opens could decide": GET never changes anything; a
// decision is a POST after a page.
func TestEarlier_AScannerDecides(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared(t), "scanner")
	j := w.start(nil)
	j.happens(started...)
	j.ask(nil)
	j.happens(asked...)
	link := j.mailTo(j.to, "extra werk").link(t)
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodOptions} {
		for _, address := range []string{
			link, link + "?line.1=approve&line.2=approve&total_seen=38795&confirmed=1&command=x",
			link + "/quotes/1/decision?line.1=approve&line.2=approve&total_seen=38795&confirmed=1&command=x",
			link + "/messages?kind=text&text=x", link + "/view?revision=1",
		} {
			fetch(t, method, address, nil)
		}
	}
	if p := visit(t, link+"/quotes/1/decision"); p.status != http.StatusMethodNotAllowed {
		t.Errorf("GET of a decision: status %d", p.status)
	}
	// A form that was never shown the total decides nothing either.
	action, values := decisionForm(link, "1", "38795")
	values.Del("confirmed")
	if p := fetch(t, http.MethodPost, action, values); p.status != http.StatusOK || !strings.Contains(p.body, "Klopt dit?") {
		t.Errorf("a POST without confirmation: status %d", p.status)
	}
	j.happens("QuoteViewed")
	if r := j.reads(3); r.State != "awaiting_approval" || r.Quotes[0].Status != "open" {
		t.Errorf("the repair is %+v", r)
	}
}

// "the mail held no line items, a dead localhost link, US dollars in a euro
// garage": work and price line by line, configured public address, the
// customer's language and currency.
func TestEarlier_TheMailSaysNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared(t), "mailtext")
	for _, c := range []struct {
		language, subject, line string
		says                    []string
	}{
		{"nl-BE", "€ 387,95", "€ 348,00", []string{"Remschijven 2 × € 69,00 = € 138,00", "€ 348,00", "€ 39,95", "Samen: € 387,95 incl. btw (waarvan € 67,33 btw)", "Nodig voor uw veiligheid"}},
		{"en", "€387.95", "€348.00", []string{"Remschijven 2 × €69.00 = €138.00", "€348.00", "€39.95", "Together: €387.95 incl. VAT (of which VAT €67.33)", "Needed for your safety"}},
		{"fr", "€ 387,95", "€ 348,00", []string{"Samen: € 387,95 incl. btw"}}, // the garage's
	} {
		j := w.start(nil)
		to := c.language + "@example.nl"
		j.as("customer_service").patch(j.at(""), object{"contact": object{"name": "A. Jansen", "email": to, "language": c.language}}).taken(http.StatusOK)
		j.reads(j.ask(nil).Sequence)
		m := j.mailTo(to, c.subject)
		says(t, "the mail in "+c.language, m.Text, c.says...)
		if strings.Contains(m.Text+m.HTML, "$") {
			t.Errorf("the mail has dollars: %s", m.Text)
		}
		link := m.link(t)
		if !strings.HasPrefix(link, w.API+"/c/") {
			t.Errorf("the link is %s, want one below %s", link, w.API)
		}
		says(t, "the page in "+c.language, visit(t, link).body, "Remschijven", c.line)
	}
}

// hostile is what nobody should be able to put into a page or a mail.
const hostile = `<script>document.title="taken"</script><img src=x onerror='document.title="taken"'>"'&`

// "customer text put into HTML unescaped": escaped everywhere.
func TestEarlier_TextIsNotEscaped(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared(t), "escape")
	work := extraWork()
	line := work["lines"].([]object)[0]
	line["title"], line["consequence"] = "Titel "+hostile, "Gevolg "+hostile
	line["details"].([]object)[0]["description"] = "Deel " + hostile
	j := w.start(object{
		"vehicle":  object{"plate": "K482TR", "description": "Golf " + hostile},
		"customer": object{"name": "Naam " + hostile, "email": "hostile@example.nl"}, "bay": "brug <b>",
	})
	j.reads(j.ask(work).Sequence)
	m := j.mailTo("hostile@example.nl", "extra werk")
	p := openOnPhone(t, m.link(t))
	p.do(
		chromedp.SetValue("#message", "Vraag "+hostile, chromedp.ByQuery),
		chromedp.Click(`button[name=kind][value=text]`, chromedp.ByQuery),
	)
	p.shows("Vraag " + hostile)
	p.answer("1", "reject")
	p.answer("2", "reject")
	p.do(
		chromedp.SetValue("#text-1", "Reden "+hostile, chromedp.ByQuery), chromedp.SetValue("#name", "Beslisser "+hostile, chromedp.ByQuery),
		chromedp.Click("#decide", chromedp.ByQuery),
	)
	p.shows("Titel "+hostile, "Reden "+hostile, "Golf "+hostile)
	var title string
	p.do(chromedp.Title(&title))
	if title == "taken" {
		t.Error("the page ran what a customer wrote")
	}
	if page := visit(t, m.link(t)); strings.Contains(page.body, "<script>document") || strings.Contains(page.body, "<img src=x") {
		t.Error("the page has markup that a customer wrote")
	}
	for _, subject := range []string{"Niet akkoord", "ericht"} { // Bericht, bericht
		j.mailTo("sam@escape.example", subject)
	}
	for _, to := range []string{"hostile@example.nl", "sam@escape.example", "balie@escape.example"} {
		for _, m := range w.mails(t, to) {
			if strings.Contains(m.HTML, "<script>document") || strings.Contains(m.HTML, "<img src=x") || strings.ContainsAny(m.Subject, "\r\n") {
				t.Errorf("mail %q to %s has markup that a customer wrote: %s", m.Subject, to, m.HTML)
			}
			box := fetch(t, http.MethodGet, w.Mailbox+"/messages/"+m.ID, nil)
			if strings.Contains(box.body, "<script>document") || strings.Contains(box.body, "<img src=x") {
				t.Errorf("the mailbox shows mail %q with markup that a customer wrote", m.Subject)
			}
		}
	}
}

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

// "approvals and rejections mailed from noreply to noreply": the mechanic who
// asked is told.
func TestEarlier_NobodyIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared(t), "told")
	noor := door{t, w.API, w.token(t, "mechanic", "noor", w.garage)}
	for _, answer := range []string{"approve", "reject"} {
		j := w.start(nil) // by sam
		noor.post(j.at("/quotes"), extraWork()).taken(http.StatusCreated)
		total := map[string]int{"approve": 38795, "reject": 0}[answer]
		w.as("customer_service").post(j.at("/quotes/1/decision"), object{
			"lines": []object{{"line": 1, "answer": answer}, {"line": 2, "answer": answer}}, "total_seen": total, "method": "phone", "name": "J. de Vries",
		}).taken(http.StatusOK)
		subject := map[string]string{"approve": "Akkoord", "reject": "Niet akkoord"}[answer]
		m := j.mailTo("noor@told.example", subject)
		says(t, "the mechanic's mail", m.Text, j.ref)
		if strings.Contains(strings.ToLower(m.From), "noreply") {
			t.Errorf("the mail is from %s", m.From)
		}
	}
	if mails := w.mails(t, "sam@told.example"); len(mails) != 0 {
		t.Errorf("sam, who did not ask, has %d mails", len(mails))
	}
}

// "'completed' went to one shared chat channel, never to the customer": it
// reaches the customer.
func TestEarlier_CompletedReachesNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared(t), "driver")
	j := w.start(object{"approver": object{"name": "Lease BV", "email": "fleet@driver.example"}})
	j.happens(started...)
	j.ask(nil)
	j.happens("ApprovalRequested", "NotificationRequested approval_required to approver", "DeliveryAccepted approval_required to approver")
	link := j.mailTo("fleet@driver.example", "extra werk").link(t)
	// The driver sees what is asked, but does not decide.
	j.reads(2)
	drivers := visit(t, j.mailTo(j.to, "We zijn begonnen").link(t))
	if drivers.form("/decision") != nil {
		t.Error("the driver is asked to decide")
	}
	says(t, "the driver's page", drivers.body, "iemand anders")
	action, values := decisionForm(link, "1", "38795")
	fetch(t, http.MethodPost, action, values).follow()
	j.happens("QuoteViewed", "QuoteDecided", "NotificationRequested decision to mechanic",
		"NotificationSuppressed approval_reminder to approver moment_passed decided", "DeliveryAccepted decision to mechanic")
	j.complete(67695)
	says(t, "the driver's last mail", j.mailTo(j.to, "staat klaar").Text, "Goed nieuws: uw auto is klaar.", "Ruitenwissers vervangen")
	if mails := w.mails(t, "fleet@driver.example"); len(mails) != 1 {
		t.Errorf("the approver has %d mails, want the one", len(mails))
	}
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

// "day tick by process uptime: drifts, doubles with two replicas": two ticks,
// one reminder. (A restart loses none: restart_test.go.)
func TestEarlier_TwoTicksTwoReminders(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared(t), "pace") // remind after 8 s, call after 12 s
	j := w.start(nil)
	j.happens(started...)
	j.ask(nil)
	j.happens(asked...)
	j.happens("NotificationRequested approval_reminder to customer", "DeliveryAccepted approval_reminder to customer", "CallTask no_answer")
	asking := j.when("ApprovalRequested")
	if at := j.when("NotificationRequested approval_reminder to customer"); !at.Equal(asking.Add(8 * time.Second)) {
		t.Errorf("reminded %s after the request, want 8s", at.Sub(asking))
	}
	if at := j.when("CallTask no_answer"); !at.Equal(asking.Add(12 * time.Second)) {
		t.Errorf("to be called %s after the request, want 12s", at.Sub(asking))
	}
	// Every tick there was comes again, on every partition.
	l := w.log(t)
	l.repeat(l.about("pitstop.ticks", "")...)
	j.as("mechanic").post(j.at("/messages"), object{"kind": "text", "text": "Nog daar?"}).taken(http.StatusCreated)
	j.happens("MessagePosted", "NotificationRequested message to customer", "DeliveryAccepted message to customer")
	if list := w.list("customer_service", "/v1/conversations?filter=call"); len(list.Items) != 0 {
		t.Errorf("still to be called after staff wrote: %+v", list)
	}
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
