package e2e

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// mail is a mail as the mailbox shows it.
type mail struct {
	ID         string
	MessageID  string `json:"message_id"`
	From, To   string
	Subject    string
	Text, HTML string
	ReceivedAt time.Time `json:"received_at"`
}

// mails are those that an address received, oldest first.
func (p *process) mails(t testing.TB, to string) []mail {
	t.Helper()
	return into[[]mail](door{t: t, base: p.Mailbox}.get("/messages?to="+url.QueryEscape(to)), http.StatusOK)
}

// mailTo waits for the mail to an address with these words in its subject, and
// fails the test if there are several.
func (j *job) mailTo(to, subject string) (found mail) {
	j.Helper()
	until(j, "mail to "+to+" about "+subject, func() string {
		var subjects []string
		n := 0
		for _, m := range j.mails(j, to) {
			subjects = append(subjects, m.Subject)
			if strings.Contains(plain(m.Subject), subject) {
				found, n = m, n+1
			}
		}
		if n > 1 {
			j.Fatalf("%d mails to %s about %s: %q", n, to, subject, subjects)
		}
		if n == 0 {
			return "there are " + strings.Join(subjects, ", ")
		}
		return ""
	})
	return found
}

// plain is a text with ordinary spaces: amounts have some that do not break.
func plain(text string) string {
	return strings.NewReplacer("\u00a0", " ", "\u202f", " ", "&nbsp;", " ", "&#160;", " ").Replace(text)
}

// says fails the test unless a text says all this.
func says(t testing.TB, what, text string, wanted ...string) {
	t.Helper()
	text = plain(text)
	for _, want := range wanted {
		if !strings.Contains(text, want) {
			t.Errorf("%s does not say %q:\n%.3000s", what, want, text)
		}
	}
}

var linkPattern = regexp.MustCompile(`https?://\S+/c/\S+`)

// link is the customer's link in a mail. Its text and its HTML have the same one.
func (m mail) link(t testing.TB) string {
	t.Helper()
	found := linkPattern.FindString(m.Text)
	if found == "" || !strings.Contains(m.HTML, `href="`+found+`"`) {
		t.Fatalf("mail %q has no link, or another one in its HTML: %s\n%s", m.Subject, m.Text, m.HTML)
	}
	return found
}
