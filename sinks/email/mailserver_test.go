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

	"pitstop/deploy/relaytest"
)

// mailServer is a relay that listens in memory, for tests in a synctest bubble; listen
// makes it listen on a socket too. It may also fail before the conversation begins.
type mailServer struct {
	connect func() error  // refuses the connection; nil does not
	greet   func() string // answers instead of 220; nil or empty does not

	relaytest.Relay
	*smtp.Server
	conns chan net.Conn
}

func message(t testing.TB, mail relaytest.Mail) *netmail.Message {
	t.Helper()
	m, err := netmail.ReadMessage(bytes.NewReader(mail.Raw))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func newMailServer(t testing.TB) *mailServer {
	t.Helper()
	o := &mailServer{conns: make(chan net.Conn)}
	o.Server = smtp.NewServer(&o.Relay)
	o.Domain, o.AllowInsecureAuth, o.ErrorLog = "relay.example", true, stdlog.New(io.Discard, "", 0)
	o.EnableSMTPUTF8 = true
	return o
}

// open serves the connections that dial makes, until the test ends.
func (o *mailServer) open(t testing.TB) {
	t.Helper()
	o.serve(t, inMemory{o.conns, make(chan struct{}), new(sync.Once)})
}

// serve serves the connections to a listener until the test ends.
func (o *mailServer) serve(t testing.TB, l net.Listener) {
	t.Helper()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = o.Serve(l)
	}()
	t.Cleanup(func() {
		_ = o.Close()
		_ = l.Close() // a test may fail before Serve has it
		<-ended
	})
}

// dial connects to the mailServer in memory.
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
func (o *mailServer) accepted(t testing.TB) map[string][]relaytest.Mail {
	t.Helper()
	byID := make(map[string][]relaytest.Mail)
	for _, m := range o.Mails() {
		id := message(t, m).Header.Get("Message-Id")
		byID[id] = append(byID[id], m)
	}
	return byID
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
