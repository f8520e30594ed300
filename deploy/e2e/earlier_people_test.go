package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"pitstop/deploy/browser"
)

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
		chromedp.SetValue(chromedp.CSS("#message"), "Vraag "+hostile),
		chromedp.Click(chromedp.CSS(`button[name=kind][value=text]`)),
	)
	p.shows("Vraag " + hostile)
	p.answer("1", "reject")
	p.answer("2", "reject")
	p.do(
		chromedp.SetValue(chromedp.CSS("#text-1"), "Reden "+hostile), chromedp.SetValue(chromedp.CSS("#name"), "Beslisser "+hostile),
		chromedp.Click(chromedp.CSS("#decide")),
	)
	p.shows("Titel "+hostile, "Reden "+hostile, "Golf "+hostile)
	if title := browser.Value(p, p.ctx, chromedp.Title()); title == "taken" {
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
