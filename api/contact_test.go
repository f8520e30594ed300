package api_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pitstop/api/apitest"
	"pitstop/schemas/repair"
)

// A correction changes what it names, of the contact as it is when the correction is
// handled, however far the read model is behind.
func TestContactsAreMerged(t *testing.T) {
	w := apitest.New(t)
	anna := w.Token("anna", repair.CustomerService, "de-brug")
	id := w.Started()
	at := "/v1/repairs/" + id
	patch := func(key, body string) apitest.Answer {
		return w.Call(anna, "PATCH", at, body, apitest.Key(key))
	}
	is := func(party string, want map[string]any) {
		t.Helper()
		a := w.Call(anna, "GET", at, "")
		if diff := cmp.Diff(want, a.JSON[party]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", party, diff)
		}
	}
	person := func(more ...any) map[string]any {
		p := map[string]any{"id": "c1", "name": "J. de Vries", "email": "j@example.nl", "phone": "+31612345678", "language": "nl"}
		for i := 0; i < len(more); i += 2 {
			if p[more[i].(string)] = more[i+1]; more[i+1] == nil {
				delete(p, more[i].(string))
			}
		}
		return p
	}
	is("customer", person())

	// Two at once, by people who see neither.
	w.Lagging = true
	patch("p1", `{"contact":{"phone":"06 8765 4321"}}`).Want(t, 200, nil)
	patch("p2", `{"contact":{"email":"jan@example.nl"}}`).Want(t, 200, nil)
	w.Lagging = false
	w.CatchUp()
	is("customer", person("phone", "+31687654321", "email", "jan@example.nl"))

	// Null removes; the same again changes nothing, and absent is not null.
	first := patch("p3", `{"contact":{"phone":null,"language":"en"}}`)
	first.Want(t, 200, nil)
	if again := patch("p3", `{"contact":{"phone":null,"language":"en"}}`); again.Text != first.Text {
		t.Errorf("again: %s", again.Text)
	}
	patch("p3", `{"contact":{"language":"en"}}`).Problem(t, 422, "key_reused")
	is("customer", person("phone", nil, "email", "jan@example.nl", "language", "en"))
	patch("p4", `{"contact":{"id":null,"email":null,"name":"Jan de Vries"}}`).Want(t, 200, nil)
	is("customer", person("id", nil, "phone", nil, "email", nil, "name", "Jan de Vries", "language", "en"))

	for body, pointer := range map[string]string{
		`{"contact":{}}`:                                        "/contact",
		`{"contact":{"name":null}}`:                             "/contact/name",
		`{"contact":{"name":" "}}`:                              "/contact/name",
		`{"contact":{"email":"j@localhost"}}`:                   "/contact/email",
		`{"contact":{"fax":"1"}}`:                               "/contact/fax",
		`{"contact":{"phone":7}}`:                               "/contact/phone",
		`{"party":"approver","contact":{"phone":"0612345678"}}`: "/contact/name", // there is none yet
	} {
		a := patch("bad"+body, body)
		a.Problem(t, 422, "invalid")
		if got := strings.Join(pointersOf(a), " "); got != pointer {
			t.Errorf("%s: %s", body, a.Text)
		}
	}
	patch("p5", `{"party":"approver","contact":{"name":"Lease BV","email":"fleet@example.nl"}}`).Want(t, 200, nil)
	patch("p6", `{"party":"approver","contact":{"phone":"0612345678"}}`).Want(t, 200, nil)
	is("approver", map[string]any{"name": "Lease BV", "email": "fleet@example.nl", "phone": "+31612345678"})
	is("customer", person("id", nil, "phone", nil, "email", nil, "name", "Jan de Vries", "language", "en"))
}
