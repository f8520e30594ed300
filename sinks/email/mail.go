package email

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	netmail "net/mail"
	"strings"
	"time"
	"unicode"

	"github.com/wneessen/go-mail"
)

// Mail is one message, ready for a Transport.
type Mail struct {
	// MessageID without angle brackets: the same for every attempt of a notification.
	MessageID string
	From      netmail.Address
	ReplyTo   netmail.Address
	// To is one person, or everybody of customer service.
	To []netmail.Address
	// Subject is one line of plain text.
	Subject string
	// Lang is the language of the mail: nl or en.
	Lang string
	// Text and HTML say the same.
	Text, HTML string
	// Attempt is its number, from 1.
	Attempt int
	// Date is when the attempt was made.
	Date time.Time
	// RequestedAt is when the attempt was requested.
	RequestedAt time.Time
}

// Bytes returns the message in the Internet Message Format. The same Mail has the
// same bytes.
func (m Mail) Bytes() ([]byte, error) {
	sum := sha256.Sum256([]byte(m.MessageID))
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent(), mail.WithBoundary(hex.EncodeToString(sum[:15])))
	msg.SetAddrHeaderFromMailAddress(mail.HeaderFrom, &m.From)
	msg.SetAddrHeaderFromMailAddress(mail.HeaderReplyTo, &m.ReplyTo)
	to := make([]*netmail.Address, len(m.To))
	for i := range m.To {
		to[i] = &m.To[i]
	}
	msg.SetAddrHeaderFromMailAddress(mail.HeaderTo, to...)
	msg.Subject(m.Subject)
	msg.SetDateWithValue(m.Date)
	msg.SetMessageIDWithValue(m.MessageID)
	// No out-of-office reply answers this, and no mailing list resends it (RFC 3834).
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetGenHeader(mail.HeaderContentLang, m.Lang)
	msg.SetBodyString(mail.TypeTextPlain, m.Text)
	msg.AddAlternativeString(mail.TypeTextHTML, m.HTML)
	var b bytes.Buffer
	if _, err := msg.WriteTo(&b); err != nil {
		return nil, fmt.Errorf("write mail: %w", err)
	}
	return b.Bytes(), nil
}

// oneLine makes a header's value out of what somebody wrote.
func oneLine(s string) string { return strings.Join(strings.Fields(printable(s)), " ") }

// printable drops what must not be in a mail: control characters, and those that
// change the direction of the text around them.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t':
			return r
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == unicode.ReplacementChar:
			return -1
		case r == '\u2028', r == '\u2029':
			return '\n'
		}
		return r
	}, strings.ReplaceAll(s, "\r", "\n"))
}
