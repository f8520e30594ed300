package api

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"pitstop/schemas/link"
)

// page is the address of a repair's page, for the audience.
func (w *world) page(id string, to link.Audience) string {
	return "/c/" + w.links.Sign(link.Claims{Garage: "de-brug", Repair: id, Audience: to, Lang: "nl", Expires: begin.Add(60 * 24 * time.Hour)})
}

func (w *world) open(path string, headers ...string) answer {
	return w.call("", http.MethodGet, path, "", headers...)
}

// post sends a form: name, value, name, value …
func (w *world) post(path string, fields ...string) answer {
	w.t.Helper()
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return w.do(r)
}

func TestCustomerSmoke(t *testing.T) {
	w := newWorld(t)
	id := w.quoted()
	at := w.page(id, link.Approver)
	a := w.open(at)
	t.Log(a.StatusCode, a.text)
	a = w.post(at+"/quotes/1/decision", "command", "c1", "line.1", "approve", "line.2", "reject", "reason.2", "price", "name", "J")
	t.Log(a.StatusCode, a.text)
	a = w.post(at+"/quotes/1/decision", "command", "c1", "line.1", "approve", "line.2", "reject", "reason.2", "price", "name", "J", "confirmed", "1", "total_seen", "34800")
	t.Log(a.StatusCode, a.Header, a.text)
	a = w.open(a.Header.Get("Location"))
	t.Log(a.StatusCode, a.text)
}
