package email

import (
	"bytes"
	"context"
	"errors"
	"io"
	stdlog "log"
	"net"
	netmail "net/mail"
	"sync"
	"testing"

	"github.com/emersion/go-smtp"
)

// mailServer is a real SMTP server that fails as it is told, and keeps what it
// accepted. It listens in memory, for tests in a synctest bubble; serve makes it
// listen elsewhere too.
type mailServer struct {
	// Each may refuse, hang or drop the connection; nil: does not.
	connect func() error                  // refuses the connection
	greet   func() string                 // answers instead of 220; empty: does not
	sender  func(from string) error       // answers MAIL
	rcpt    func(to string) error         // answers RCPT
	data    func(mail receivedMail) error // answers the end of DATA

	*smtp.Server
	conns chan net.Conn

	mu    sync.Mutex
	mails []receivedMail
}

// receivedMail is a mail as it was accepted.
type receivedMail struct {
	from string
	to   []string
	raw  []byte
	utf8 bool
}

func (l receivedMail) message(t testing.TB) *netmail.Message {
	t.Helper()
	m, err := netmail.ReadMessage(bytes.NewReader(l.raw))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func newMailServer(t testing.TB) *mailServer {
	t.Helper()
	o := &mailServer{conns: make(chan net.Conn)}
	o.Server = smtp.NewServer(o)
	o.Domain, o.AllowInsecureAuth, o.ErrorLog = "relay.example", true, stdlog.New(io.Discard, "", 0)
	o.EnableSMTPUTF8 = true
	return o
}

// open serves the connections that dial makes, until the test ends.
func (o *mailServer) open(t testing.TB) {
	t.Helper()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = o.Serve(inMemory{o.conns, make(chan struct{}), new(sync.Once)})
	}()
	t.Cleanup(func() {
		_ = o.Close()
		<-ended
	})
}

// dial connects to the server in memory.
func (o *mailServer) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	if o.connect != nil {
		if err := o.connect(); err != nil {
			return nil, err
		}
	}
	client, server := net.Pipe()
	if o.greet != nil {
		if words := o.greet(); words != "" {
			go func() {
				_, _ = io.WriteString(server, words+"\r\n")
				_ = server.Close()
			}()
			return client, nil
		}
	}
	select {
	case o.conns <- server:
		return client, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// accepted returns the mails that were accepted, by Message-ID.
func (o *mailServer) accepted(t testing.TB) map[string][]receivedMail {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	byID := make(map[string][]receivedMail)
	for _, m := range o.mails {
		id := m.message(t).Header.Get("Message-Id")
		byID[id] = append(byID[id], m)
	}
	return byID
}

func (o *mailServer) NewSession(*smtp.Conn) (smtp.Session, error) {
	return &session{mailServer: o}, nil
}

type session struct {
	*mailServer
	receivedMail
}

func (s *session) Reset()        { s.receivedMail = receivedMail{} }
func (s *session) Logout() error { return nil }

func (s *session) Mail(from string, o *smtp.MailOptions) error {
	s.from, s.utf8 = from, o.UTF8
	if s.sender != nil {
		return s.sender(from)
	}
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if s.rcpt != nil {
		if err := s.rcpt(to); err != nil {
			return err
		}
	}
	s.to = append(s.to, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	var err error
	if s.raw, err = io.ReadAll(r); err != nil {
		return err
	}
	if s.data != nil {
		if err := s.data(s.receivedMail); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mails = append(s.mails, s.receivedMail)
	return nil
}

// reply is an SMTP answer.
func reply(code int, words string) error {
	return &smtp.SMTPError{Code: code, EnhancedCode: smtp.NoEnhancedCode, Message: words}
}

var errRefused = errors.New("connection refused")

// inMemory is a listener of connections made with net.Pipe.
type inMemory struct {
	conns  chan net.Conn
	closed chan struct{}
	once   *sync.Once
}

func (l inMemory) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l inMemory) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l inMemory) Addr() net.Addr { return pipeAddr{} }

type pipeAddr struct{}

func (pipeAddr) Network() string { return "pipe" }
func (pipeAddr) String() string  { return "pipe" }
