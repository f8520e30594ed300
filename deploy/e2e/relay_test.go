package e2e

import (
	"errors"
	"io"
	"net"
	"strings"
	"sync"

	"github.com/emersion/go-smtp"
)

// relay is an SMTP server that does to a recipient's mail what the first word of
// the address says:
//
//	later@…  refuses it for now, twice
//	never@…  refuses it for good
//	turn@…   takes two mails, and refuses the others for good
//
// and takes everybody else's; but it never answers about the mail that hangOn
// counts, from 1.
type relay struct {
	addr string // host:port, the same over close and open
	over chan struct{}

	mu     sync.Mutex
	server *smtp.Server
	hangOn int
	asked  int
	tries  map[string]int      // by recipient
	taken  map[string][]string // the mails by recipient, as they came
}

func newRelay() *relay {
	return &relay{addr: "127.0.0.1:0", over: make(chan struct{}), tries: make(map[string]int), taken: make(map[string][]string)}
}

// open begins to listen, and close makes it look as if nobody were there.
func (r *relay) open() error {
	l, err := net.Listen("tcp", r.addr)
	if err != nil {
		return err
	}
	r.addr = l.Addr().String()
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &conversation{relay: r}, nil }))
	server.Domain = "relay.example"
	r.mu.Lock()
	r.server = server
	r.mu.Unlock()
	go server.Serve(l) // until it is closed
	return nil
}

func (r *relay) close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.server == nil {
		return nil
	}
	return r.server.Close()
}

// stop lets go of whoever hangs.
func (r *relay) stop() {
	close(r.over)
	_ = r.close() // nobody uses it any more
}

// mails are those that an address received.
func (r *relay) mails(to string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.taken[to]
}

// conversation is one client's.
type conversation struct {
	*relay
	to string
}

func (c *conversation) Mail(string, *smtp.MailOptions) error { return nil }

func (c *conversation) Rcpt(to string, _ *smtp.RcptOptions) error {
	c.mu.Lock()
	c.tries[to]++
	c.asked++
	try, hangs := c.tries[to], c.asked == c.hangOn
	c.mu.Unlock()
	c.to = to
	if hangs {
		<-c.over
		return errors.New("over")
	}
	refused := &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such <user>"}
	switch word, _, _ := strings.Cut(to, "@"); {
	case word == "later" && try <= 2:
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "greylisted, come back"}
	case word == "never", word == "turn" && try > 2:
		return refused
	}
	return nil
}

func (c *conversation) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.taken[c.to] = append(c.taken[c.to], string(text))
	return nil
}

func (c *conversation) Reset() {}

func (c *conversation) Logout() error { return nil }
