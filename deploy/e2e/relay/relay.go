// Package relay is a fake of the garages' mail relay, which refuses some of their mail.
package relay

import (
	"errors"
	"net"
	"slices"
	"strings"
	"sync"

	"github.com/emersion/go-smtp"

	"pitstop/deploy/relaytest"
)

// Relay is an SMTP server that handles mail by the local part of its recipient:
//
//	later@…  refused temporarily, twice
//	never@…  refused permanently
//	turn@…   two mails accepted, the others refused permanently
//
// It accepts all other mail, but never answers mail number HangOn, counted from 1.
type Relay struct {
	Addr   string // host:port, the same when it is reopened
	HangOn int

	relaytest.Relay
	over   chan struct{}
	server *smtp.Server

	mu    sync.Mutex
	asked int
	tries map[string]int // by recipient
}

// New returns a relay that does not listen yet.
func New() *Relay {
	r := &Relay{Addr: "127.0.0.1:0", over: make(chan struct{}), tries: make(map[string]int)}
	r.Recipient = r.answer
	return r
}

// Open starts to listen, for the first time or again.
func (r *Relay) Open() error {
	l, err := net.Listen("tcp", r.Addr)
	if err != nil {
		return err
	}
	r.Addr = l.Addr().String()
	r.server = smtp.NewServer(&r.Relay)
	r.server.Domain = "relay.example"
	go func(s *smtp.Server) { _ = s.Serve(l) }(r.server) // until it is closed
	return nil
}

// Close stops listening, so that connections are refused.
func (r *Relay) Close() error {
	if r.server == nil {
		return nil
	}
	return r.server.Close()
}

// Stop closes the relay for good, and releases the client that hangs.
func (r *Relay) Stop() {
	close(r.over)
	_ = r.Close() // nobody uses it any more
}

// MailsTo returns the raw mails that an address received, in order.
func (r *Relay) MailsTo(address string) (mails []string) {
	for _, m := range r.Mails() {
		if slices.Contains(m.To, address) {
			mails = append(mails, string(m.Raw))
		}
	}
	return mails
}

// answer returns nil to accept a mail to a recipient, or the refusal.
func (r *Relay) answer(to string) error {
	r.mu.Lock()
	r.tries[to]++
	r.asked++
	try, hangs := r.tries[to], r.asked == r.HangOn
	r.mu.Unlock()
	if hangs {
		<-r.over
		return errors.New("over")
	}
	switch word, _, _ := strings.Cut(to, "@"); {
	case word == "later" && try <= 2:
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "greylisted, come back"}
	case word == "never", word == "turn" && try > 2:
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such <user>"}
	}
	return nil
}
