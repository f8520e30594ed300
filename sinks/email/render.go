package email

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	html "html/template"
	netmail "net/mail"
	"regexp"
	"strings"
	text "text/template"
	"time"

	"pitstop/schemas"
	"pitstop/schemas/garage"
	"pitstop/schemas/locale"
)

// A mail's words stand once, in templates/LANG/KIND.tmpl. They are laid out
// twice, by templates/layout.html, which escapes them, and templates/layout.txt:
// so both parts of a mail say the same.
//
//go:embed templates
var templateFiles embed.FS

// toStaff is the template of a message to the garage's side; the others are
// named after their kind.
const toStaff = "message_to_staff"

var templateNames = []string{
	string(schemas.NotifyStarted), string(schemas.NotifyCompleted), string(schemas.NotifyReadyLater),
	string(schemas.NotifyQuoteWithdrawn), string(schemas.NotifyApprovalRequired), string(schemas.NotifyReminder),
	string(schemas.NotifyDecision), string(schemas.NotifyExpiry), string(schemas.NotifyMessage), toStaff,
}

type renderer struct {
	Config
	codec  *schemas.Codec
	layout map[locale.Lang]map[string]layout
}

type layout struct {
	html *html.Template
	text *text.Template
}

func newRenderer(c Config, codec *schemas.Codec) (*renderer, error) {
	r := &renderer{Config: c, codec: codec, layout: make(map[locale.Lang]map[string]layout)}
	for _, lang := range locale.Langs {
		r.layout[lang] = make(map[string]layout)
		for _, name := range templateNames {
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

// render writes the mail of a notification as it is to be read at now.
func (r *renderer) render(ctx context.Context, g *garage.Profile, n *schemas.NotificationRequested, to []netmail.Address, now time.Time) (Mail, error) {
	l, err := r.letter(ctx, g, n, now)
	if err != nil {
		return Mail{}, err
	}
	name := string(n.Kind)
	if n.Kind == schemas.NotifyMessage && n.Recipient.Role.Staff() {
		name = toStaff
	}
	layout, ok := r.layout[l.Lang][name]
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
		MessageID: n.NotificationID + "@" + r.Domain,
		From:      netmail.Address{Name: oneLine(g.Name), Address: r.Sender},
		ReplyTo:   netmail.Address{Name: oneLine(g.Name), Address: g.ReplyTo},
		To:        to, Subject: l.Subject, Lang: string(l.Lang),
		Text: tidy(plain.String()), HTML: printable(page.String()),
		Date: now.In(g.Location()), RequestedAt: n.OccurredAt,
	}, nil
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
