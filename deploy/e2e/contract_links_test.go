package e2e

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"pitstop/deploy/e2e/customer"
	"pitstop/deploy/e2e/expect"
	"pitstop/deploy/e2e/garage"
)

// gone checks that a link opens nothing, and that its page says whom to call.
func gone(t *testing.T, link string) {
	t.Helper()
	action, values := garage.DecisionForm(link, "1", "38795")
	for name, p := range map[string]customer.Page{
		"GET": customer.Visit(t, link), "a decision": customer.Fetch(t, http.MethodPost, action, values),
		"a message": customer.Fetch(t, http.MethodPost, link+"/messages", url.Values{"kind": {"text"}, "text": {"Hallo"}}),
		"HEAD":      customer.Fetch(t, http.MethodHead, link, nil),
	} {
		if p.Status != http.StatusGone {
			t.Errorf("%s: status %d", name, p.Status)
		}
		if name != "HEAD" {
			expect.Says(t, name, p.Body, "tel:", "Bel ons")
		}
		if strings.Contains(p.Body, "Remschijven") {
			t.Errorf("%s shows the repair", name)
		}
	}
}

// Once the address is corrected, who got the first mail opens nothing and decides
// nothing, and the right person is asked.
func TestContract_CorrectedAddress(t *testing.T) {
	t.Parallel()
	g := garage.New(t, shared(t), "corrected")
	j := g.Start(nil)
	j.Ask(nil)
	begun, asked := j.MailTo(j.To, "We zijn begonnen").Link(t), j.MailTo(j.To, "Extra werk").Link(t)
	desk := g.As("customer_service")
	renamed := object{"contact": object{"name": "Jan de Vries", "email": j.To, "phone": "+31612345679"}}
	desk.Patch(j.Path(""), renamed).Accepted(http.StatusOK)
	for _, link := range []string{begun, asked, strings.ReplaceAll(asked, "/c/1.", "/c/1%2E")} {
		if p := customer.Visit(t, link); p.Status != http.StatusOK {
			t.Errorf("at the same address: status %d", p.Status)
		}
	}
	right := object{"contact": object{"name": "Jan de Vries", "email": "jan@corrected.example", "phone": "+31612345679"}}
	desk.Patch(j.Path(""), right).Accepted(http.StatusOK)
	gone(t, begun) // at once
	gone(t, asked)
	action, values := garage.DecisionForm(j.MailTo("jan@corrected.example", "Extra werk").Link(t), "1", "38795")
	if p := customer.Fetch(t, http.MethodPost, action, values); p.Status != http.StatusSeeOther {
		t.Errorf("the right person decides: status %d", p.Status)
	}
}

// Customer service ends every link, and sends a fresh one.
func TestContract_Links(t *testing.T) {
	t.Parallel()
	g := garage.New(t, shared(t), "links")
	j := g.Start(nil)
	link := j.MailTo(j.To, "We zijn begonnen").Link(t)
	j.Happens(garage.Started...)
	desk := g.As("customer_service")
	g.As("mechanic").Send(http.MethodDelete, j.Path("/links"), nil).Refused(http.StatusForbidden, "forbidden")
	desk.Send(http.MethodDelete, j.Path("/links"), nil).Accepted(http.StatusOK)
	gone(t, link)
	g.As("mechanic").SendOnce(http.MethodPost, j.Path("/links"), object{}, "Idempotency-Key", rand.Text()).Accepted(http.StatusAccepted)
	fresh := j.MailTo(j.To, "nieuwe link").Link(t)
	j.Happens("LinksRevoked", "LinkRequested", "NotificationRequested link to customer", "DeliveryAccepted link to customer")
	if p := customer.Visit(t, fresh); p.Status != http.StatusOK {
		t.Errorf("the fresh link: status %d", p.Status)
	}
	gone(t, link)
	revoke := []string{"links", "revoke", "links", j.ID, "--data", shared(t).Dir}
	for range 2 { // the second time there is nothing to end, which is no mistake
		if code, out, errOut := program.Run(t, revoke...); code != 0 || !strings.Contains(out, "every link to "+j.ID) {
			t.Errorf("pitstop links revoke: code %d, %s%s", code, out, errOut)
		}
		gone(t, fresh)
	}
	revoke[3] = "0000000000000000000000000a1"
	if code, out, errOut := program.Run(t, revoke...); code != 1 || out != "" || !strings.Contains(errOut, "not_found") {
		t.Errorf("of a repair that there is not: code %d, %s%s", code, out, errOut)
	}
}
