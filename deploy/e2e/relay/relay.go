// Package relay is the garages' mail relay, which refuses some of their mail.
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

// Relay is an SMTP server that does to a recipient's mail what the first word of
// the address says:
//
//	later@…  refuses it for now, twice
//	never@…  refuses it for good
//	turn@…   takes two mails, and refuses the others for good
//
// It accepts everybody else's, but never answers about the mail whose number, from 1,
// is HangOn.
type Relay struct {
	Addr   string // host:port, the same when it opens again
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

// Open begins to listen, for the first time or again.
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

// Close makes it look as if nobody were there.
func (r *Relay) Close() error {
	if r.server == nil {
		return nil
	}
	return r.server.Close()
}

// Stop closes the relay for good, and lets go of whoever hangs.
func (r *Relay) Stop() {
	close(r.over)
	_ = r.Close() // nobody uses it any more
}

// MailsTo returns the mails that an address received, as they came.
func (r *Relay) MailsTo(address string) (mails []string) {
	for _, m := range r.Mails() {
		if slices.Contains(m.To, address) {
			mails = append(mails, string(m.Raw))
		}
	}
	return mails
}

// answer says whether the relay takes a mail to this recipient.
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
