// Package relaytest provides a mail relay for tests: a real SMTP server that refuses
// what it is told to refuse, and keeps the mails it accepted.
package relaytest

import (
	"io"
	"slices"
	"sync"

	"github.com/emersion/go-smtp"
)

// Relay is the backend of an SMTP server. Each of its functions answers one command of
// a conversation, and may take its time; one that is nil accepts.
type Relay struct {
	Sender    func(from string) error // MAIL
	Recipient func(to string) error   // RCPT
	Data      func(Mail) error        // the end of DATA

	mu    sync.Mutex
	mails []Mail
}

// Mail is a mail as it came.
type Mail struct {
	From string
	To   []string
	Raw  []byte
	UTF8 bool // the client asked for SMTPUTF8
}

// Mails returns the mails that were accepted, in order.
func (r *Relay) Mails() []Mail {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.mails)
}

// NewSession begins a conversation.
func (r *Relay) NewSession(*smtp.Conn) (smtp.Session, error) { return &session{relay: r}, nil }

// session is a conversation with one client.
type session struct {
	relay *Relay
	mail  Mail
}

// Reset forgets the mail under way.
func (s *session) Reset() { s.mail = Mail{} }

// Logout ends the conversation.
func (s *session) Logout() error { return nil }

// Mail takes the sender.
func (s *session) Mail(from string, o *smtp.MailOptions) error {
	s.mail.From, s.mail.UTF8 = from, o.UTF8
	if s.relay.Sender != nil {
		return s.relay.Sender(from)
	}
	return nil
}

// Rcpt takes a recipient.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if s.relay.Recipient != nil {
		if err := s.relay.Recipient(to); err != nil {
			return err
		}
	}
	s.mail.To = append(s.mail.To, to)
	return nil
}

// Data takes the mail itself.
func (s *session) Data(r io.Reader) error {
	var err error
	if s.mail.Raw, err = io.ReadAll(r); err != nil {
		return err
	}
	if s.relay.Data != nil {
		if err := s.relay.Data(s.mail); err != nil {
			return err
		}
	}
	s.relay.mu.Lock()
	defer s.relay.mu.Unlock()
	s.relay.mails = append(s.relay.mails, s.mail)
	return nil
}
