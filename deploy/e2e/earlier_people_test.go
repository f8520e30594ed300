package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"pitstop/deploy/e2e/client"
	"pitstop/deploy/e2e/customer"
	"pitstop/deploy/e2e/expect"
	"pitstop/deploy/e2e/garage"
	"pitstop/deploy/e2e/mailbox"
)

// "no login; anyone approves anything; the customer lands on the staff pages":
// roles for staff; scoped, expiring links for customers; an expired or foreign
// link is refused.
func TestEarlier_NoLogin(t *testing.T) {
	t.Parallel()
	g := garage.New(t, shared(t), "login")
	other := garage.New(t, shared(t), "elsewhere")
	j := g.Start(nil)
	j.Ask(nil)
	link := j.MailTo(j.To, "Extra werk").Link(t)
	paths := []string{"", "/timeline", "/quotes/1"}
	for _, path := range paths {
		client.Client{T: t, Base: g.API}.Get(j.Path(path)).Refused(http.StatusUnauthorized, "unauthenticated")
		client.Client{T: t, Base: g.API, Token: "nonsense"}.Get(j.Path(path)).Refused(http.StatusUnauthorized, "unauthenticated")
		other.As("mechanic").Get(j.Path(path)).Refused(http.StatusNotFound, "not_found")
	}
	client.Client{T: t, Base: g.API}.Post("/v1/repairs", garage.Order("x", "x@example.nl")).Refused(http.StatusUnauthorized, "unauthenticated")
	other.As("mechanic").Post(j.Path("/completion"), object{"total": 1}).Refused(http.StatusNotFound, "not_found")
	other.As("customer_service").Post(j.Path("/quotes/1/decision"), object{
		"lines": []object{{"line": 1, "answer": "approve"}, {"line": 2, "answer": "approve"}}, "total_seen": 38795, "method": "phone", "name": "x",
	}).Refused(http.StatusNotFound, "not_found")
	g.As("manager").Post(j.Path("/completion"), object{"total": 1}).Refused(http.StatusForbidden, "forbidden")
	g.As("mechanic").Get("/v1/conversations").Refused(http.StatusForbidden, "forbidden")

	// The link is not a token of staff, and opens nothing but its page.
	token := link[strings.LastIndex(link, "/")+1:]
	client.Client{T: t, Base: g.API, Token: token}.Get(j.Path("")).Refused(http.StatusUnauthorized, "unauthenticated")
	foreign := other.Start(nil)
	stranger := foreign.MailTo(foreign.To, "We zijn begonnen").Link(t)
	action, values := garage.DecisionForm(stranger, "1", "38795")
	if p := customer.Fetch(t, http.MethodPost, action, values); p.Status == http.StatusSeeOther {
		t.Errorf("another repair's link decided: %d", p.Status)
	}
	for name, bad := range map[string]string{
		"tampered": link[:len(link)-2] + "AA", "cut": link[:len(link)-5], "made up": g.API + "/c/1.x.y", "joined": link + token,
	} {
		p := customer.Visit(t, bad)
		if p.Status != http.StatusNotFound {
			t.Errorf("a %s link: status %d", name, p.Status)
		}
		expect.Says(t, "the page of a bad link", p.Body, "link")
	}
	// A link works for 90 days from when it was mailed: api/customer has one that expired.
	old := g.Start(object{"occurred_at": time.Now().AddDate(0, 0, -91).Format(time.RFC3339), "tell": true})
	if p := customer.Visit(t, old.MailTo(old.To, "We zijn begonnen").Link(t)); p.Status != http.StatusOK {
		t.Errorf("a link that was just mailed, of what happened 91 days ago: status %d", p.Status)
	}
	if r := j.Read(2); r.Quotes[0].Status != "open" || r.Sequence != 2 {
		t.Errorf("somebody changed the repair: %+v", r)
	}
}

// "a link that a mail scanner opens could decide": GET never changes anything; a
// decision is a POST after a page.
func TestEarlier_AScannerDecides(t *testing.T) {
	t.Parallel()
	g := garage.New(t, shared(t), "scanner")
	j := g.Start(nil)
	j.Happens(garage.Started...)
	j.Ask(nil)
	j.Happens(garage.Asked...)
	link := j.MailTo(j.To, "Extra werk").Link(t)
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodOptions} {
		for _, address := range []string{
			link, link + "?line.1=approve&line.2=approve&total_seen=38795&confirmed=1&command=x",
			link + "/quotes/1/decision?line.1=approve&line.2=approve&total_seen=38795&confirmed=1&command=x",
			link + "/messages?kind=text&text=x", link + "/view?revision=1",
		} {
			customer.Fetch(t, method, address, nil)
		}
	}
	if p := customer.Visit(t, link+"/quotes/1/decision"); p.Status != http.StatusMethodNotAllowed {
		t.Errorf("GET of a decision: status %d", p.Status)
	}
	// A form that never showed the total decides nothing either.
	action, values := garage.DecisionForm(link, "1", "38795")
	values.Del("confirmed")
	if p := customer.Fetch(t, http.MethodPost, action, values); p.Status != http.StatusOK || !strings.Contains(p.Body, "Klopt dit?") {
		t.Errorf("a POST without confirmation: status %d", p.Status)
	}
	j.Happens("QuoteViewed")
	if r := j.Read(3); r.State != "awaiting_approval" || r.Quotes[0].Status != "open" {
		t.Errorf("the repair is %+v", r)
	}
}

// "the mail held no line items, a dead localhost link, US dollars in a euro
// garage": work and price line by line, configured public address, the
// customer's language and currency.
func TestEarlier_TheMailSaysNothing(t *testing.T) {
	t.Parallel()
	g := garage.New(t, shared(t), "mailtext")
	for _, c := range []struct {
		language, subject, line string
		says                    []string
	}{
		{"nl-BE", "€ 387,95", "€ 348,00", []string{"Remschijven 2 × € 69,00 = € 138,00", "€ 348,00", "€ 39,95", "Samen: € 387,95 incl. btw (waarvan € 67,33 btw)", "Nodig voor uw veiligheid"}},
		{"en", "€387.95", "€348.00", []string{"Remschijven 2 × €69.00 = €138.00", "€348.00", "€39.95", "Together: €387.95 incl. VAT (of which VAT €67.33)", "Needed for your safety"}},
		{"fr", "€ 387,95", "€ 348,00", []string{"Samen: € 387,95 incl. btw"}}, // the garage's
	} {
		j := g.Start(nil)
		to := c.language + "@example.nl"
		j.As("customer_service").Patch(j.Path(""), object{"contact": object{"name": "A. Jansen", "email": to, "language": c.language}}).Accepted(http.StatusOK)
		j.Read(j.Ask(nil).Sequence)
		m := j.MailTo(to, c.subject)
		expect.Says(t, "the mail in "+c.language, m.Text, c.says...)
		if strings.Contains(m.Text+m.HTML, "$") {
			t.Errorf("the mail has dollars: %s", m.Text)
		}
		link := m.Link(t)
		if !strings.HasPrefix(link, g.API+"/c/") {
			t.Errorf("the link is %s, want one below %s", link, g.API)
		}
		expect.Says(t, "the page in "+c.language, customer.Visit(t, link).Body, "Remschijven", c.line)
	}
}

// hostile is a text that must be escaped in every page and mail.
const hostile = `<script>document.title="taken"</script><img src=x onerror='document.title="taken"'>"'&`

// "customer text put into HTML unescaped": escaped everywhere.
func TestEarlier_TextIsNotEscaped(t *testing.T) {
	t.Parallel()
	g := garage.New(t, shared(t), "escape")
	work := garage.ExtraWork()
	line := work["lines"].([]object)[0]
	line["title"], line["consequence"] = "Titel "+hostile, "Gevolg "+hostile
	line["details"].([]object)[0]["description"] = "Deel " + hostile
	j := g.Start(object{
		"vehicle":  object{"plate": "K482TR", "description": "Golf " + hostile},
		"customer": object{"name": "Naam " + hostile, "email": "hostile@example.nl"}, "bay": "brug <b>",
	})
	j.Read(j.Ask(work).Sequence)
	m := j.MailTo("hostile@example.nl", "Extra werk")
	p := customer.OpenOnPhone(t, m.Link(t))
	p.Do(
		chromedp.SetValue(chromedp.CSS("#message"), "Vraag "+hostile),
		chromedp.Click(chromedp.CSS(`button[name=kind][value=text]`)),
	)
	p.Shows("Vraag " + hostile)
	p.Answer("1", "reject")
	p.Answer("2", "reject")
	p.Do(chromedp.SetValue(chromedp.CSS("#text-1"), "Reden "+hostile))
	p.Check()
	p.Commit("Beslisser " + hostile)
	p.Shows("Titel "+hostile, "Reden "+hostile, "Golf "+hostile)
	if title := p.Title(); title == "taken" {
		t.Error("the page ran what a customer wrote")
	}
	if page := customer.Visit(t, m.Link(t)); strings.Contains(page.Body, "<script>document") || strings.Contains(page.Body, "<img src=x") {
		t.Error("the page has markup that a customer wrote")
	}
	for _, subject := range []string{"Niet akkoord", "ericht"} { // Bericht, bericht
		j.MailTo("sam@escape.example", subject)
	}
	for _, to := range []string{"hostile@example.nl", "sam@escape.example", "balie@escape.example"} {
		for _, m := range mailbox.Mails(t, g.Mailbox, to) {
			if strings.Contains(m.HTML, "<script>document") || strings.Contains(m.HTML, "<img src=x") || strings.ContainsAny(m.Subject, "\r\n") {
				t.Errorf("mail %q to %s has markup that a customer wrote: %s", m.Subject, to, m.HTML)
			}
			box := customer.Fetch(t, http.MethodGet, g.Mailbox+"/messages/"+m.ID, nil)
			if strings.Contains(box.Body, "<script>document") || strings.Contains(box.Body, "<img src=x") {
				t.Errorf("the mailbox shows mail %q with markup that a customer wrote", m.Subject)
			}
		}
	}
}

// "approvals and rejections mailed from noreply to noreply": the mechanic who
// asked is told.
func TestEarlier_NobodyIsTold(t *testing.T) {
	t.Parallel()
	g := garage.New(t, shared(t), "told")
	noor := client.Client{T: t, Base: g.API, Token: g.Token(t, "mechanic", "noor", g.ID)}
	for _, answer := range []string{"approve", "reject"} {
		j := g.Start(nil) // by sam
		noor.Post(j.Path("/quotes"), garage.ExtraWork()).Accepted(http.StatusCreated)
		total := map[string]int{"approve": 38795, "reject": 0}[answer]
		g.As("customer_service").Post(j.Path("/quotes/1/decision"), object{
			"lines": []object{{"line": 1, "answer": answer}, {"line": 2, "answer": answer}}, "total_seen": total, "method": "phone", "name": "J. de Vries",
		}).Accepted(http.StatusOK)
		subject := map[string]string{"approve": "Akkoord", "reject": "Niet akkoord"}[answer]
		m := j.MailTo("noor@told.example", subject)
		expect.Says(t, "the mechanic's mail", m.Text, j.Ref)
		if strings.Contains(strings.ToLower(m.From), "noreply") {
			t.Errorf("the mail is from %s", m.From)
		}
	}
	if mails := mailbox.Mails(t, g.Mailbox, "sam@told.example"); len(mails) != 0 {
		t.Errorf("sam, who did not ask, has %d mails", len(mails))
	}
}

// "'completed' went to one shared chat channel, never to the customer": it
// reaches the customer.
func TestEarlier_CompletedReachesNobody(t *testing.T) {
	t.Parallel()
	g := garage.New(t, shared(t), "driver")
	j := g.Start(object{"approver": object{"name": "Lease BV", "email": "fleet@driver.example"}})
	j.Happens(garage.Started...)
	j.Ask(nil)
	j.Happens("ApprovalRequested", "NotificationRequested approval_required to approver", "DeliveryAccepted approval_required to approver")
	link := j.MailTo("fleet@driver.example", "Extra werk").Link(t)
	// The driver sees the quote, but does not decide.
	j.Read(2)
	drivers := customer.Visit(t, j.MailTo(j.To, "We zijn begonnen").Link(t))
	if drivers.Form("/decision") != nil {
		t.Error("the driver is asked to decide")
	}
	expect.Says(t, "the driver's page", drivers.Body, "Iemand anders")
	action, values := garage.DecisionForm(link, "1", "38795")
	customer.Fetch(t, http.MethodPost, action, values).Follow()
	j.Happens("QuoteViewed", "QuoteDecided", "NotificationRequested decision to mechanic",
		"NotificationSuppressed approval_reminder to approver moment_passed decided", "DeliveryAccepted decision to mechanic")
	j.Complete(67695)
	expect.Says(t, "the driver's last mail", j.MailTo(j.To, "staat klaar").Text, "Goed nieuws: uw auto is klaar.", "Ruitenwissers vervangen")
	if mails := mailbox.Mails(t, g.Mailbox, "fleet@driver.example"); len(mails) != 1 {
		t.Errorf("the approver has %d mails, want the one", len(mails))
	}
}
