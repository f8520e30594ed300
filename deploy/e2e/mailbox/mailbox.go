// Package mailbox reads the mails that the embedded mailbox received.
package mailbox

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"pitstop/deploy/e2e/client"
)

// Mail is a mail as the mailbox shows it.
type Mail struct {
	ID         string
	MessageID  string `json:"message_id"`
	From, To   string
	Subject    string
	Text, HTML string
	ReceivedAt time.Time `json:"received_at"`
}

// Mails returns the mails to an address, or all if it is empty, oldest first. mailbox
// is the mailbox's URL.
func Mails(t testing.TB, mailbox, to string) []Mail {
	t.Helper()
	return client.Decode[[]Mail](client.Client{T: t, Base: mailbox}.Get("/messages?to="+url.QueryEscape(to)), http.StatusOK)
}

var linkPattern = regexp.MustCompile(`https?://\S+/c/\S+`)

// Link returns the customer's link in a mail, which must be in its text and its HTML.
func (m Mail) Link(t testing.TB) string {
	t.Helper()
	found := linkPattern.FindString(m.Text)
	if found == "" || !strings.Contains(m.HTML, `href="`+found+`"`) {
		t.Fatalf("mail %q has no link, or another one in its HTML: %s\n%s", m.Subject, m.Text, m.HTML)
	}
	return found
}
