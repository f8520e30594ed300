package email

import (
	"bytes"
	"embed"
	"fmt"
	html "html/template"
	netmail "net/mail"
	"regexp"
	"strings"
	text "text/template"

	"pitstop/schemas/avro"
	"pitstop/schemas/locale"
	"pitstop/schemas/record"
)

// A mail's text is written once, in templates/LANG/KIND.tmpl. It is laid out
// twice, by templates/layout.html, which escapes it, and templates/layout.txt:
// so both parts of a mail say the same.
//
//go:embed templates
var templateFiles embed.FS

// toStaff is the template of a message to the garage's side; the others are
// named after their kind.
const toStaff = "message_to_staff"

func templateNames() []string {
	names := []string{toStaff}
	for _, kind := range record.NotificationKinds {
		names = append(names, string(kind))
	}
	return names
}

type renderer struct {
	Config
	codec  *avro.Codec
	layout map[locale.Lang]map[string]layout
}

type layout struct {
	html *html.Template
	text *text.Template
}

func newRenderer(c Config, codec *avro.Codec) (*renderer, error) {
	r := &renderer{Config: c, codec: codec, layout: make(map[locale.Lang]map[string]layout)}
	for _, lang := range locale.Langs {
		r.layout[lang] = make(map[string]layout)
		for _, name := range templateNames() {
			words := []string{"templates/" + string(lang) + "/shared.tmpl", "templates/" + string(lang) + "/" + name + ".tmpl"}
			h, err := html.ParseFS(templateFiles, append(words, "templates/layout.html")...)
			if err != nil {
				return nil, fmt.Errorf("parse mail template: %w", err)
			}
			t, err := text.ParseFS(templateFiles, append(words, "templates/layout.txt")...)
			if err != nil {
				return nil, fmt.Errorf("parse mail template: %w", err)
			}
			r.layout[lang][name] = layout{h, t}
		}
	}
	return r, nil
}

// templateOf returns the name of the template that writes a notification.
func templateOf(n *record.NotificationRequested) string {
	if n.Kind == record.NotifyMessage && n.Recipient.Role.Staff() {
		return toStaff
	}
	return string(n.Kind)
}

// render writes the mail of a notification.
func (r *renderer) render(l *letter, n *record.NotificationRequested, to []netmail.Address) (Mail, error) {
	layout, ok := r.layout[l.Lang][templateOf(n)]
	if !ok {
		return Mail{}, fmt.Errorf("no mail is written for a notification of kind %q", n.Kind)
	}
	var subject, plain, page bytes.Buffer
	if err := layout.text.ExecuteTemplate(&subject, "subject", l); err != nil {
		return Mail{}, fmt.Errorf("write subject: %w", err)
	}
	l.Subject = oneLine(subject.String())
	if err := layout.text.ExecuteTemplate(&plain, "mail", l); err != nil {
		return Mail{}, fmt.Errorf("write text: %w", err)
	}
	if err := layout.html.ExecuteTemplate(&page, "mail", l); err != nil {
		return Mail{}, fmt.Errorf("write HTML: %w", err)
	}
	return Mail{
		MessageID: r.messageID(n),
		From:      netmail.Address{Name: oneLine(l.Garage.Name), Address: r.Sender},
		ReplyTo:   netmail.Address{Name: oneLine(l.Garage.Name), Address: l.Garage.ReplyTo},
		To:        to, Subject: l.Subject, Lang: string(l.Lang),
		Text: tidy(plain.String()), HTML: printable(page.String()),
		Attempt: int(n.Attempt), Date: l.now.In(l.Garage.Location()), RequestedAt: n.OccurredAt,
	}, nil
}

func (r *renderer) messageID(n *record.NotificationRequested) string {
	return n.NotificationID + "@" + r.Domain
}

var (
	lineEnds   = regexp.MustCompile(`[ \t]+\n`)
	blankLines = regexp.MustCompile(`\n{3,}`)
)

// tidy leaves one empty line between paragraphs.
func tidy(s string) string {
	s = lineEnds.ReplaceAllString(printable(s), "\n")
	return strings.TrimSpace(blankLines.ReplaceAllString(s, "\n\n")) + "\n"
}
