package email

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"mime"
	"net"
	netmail "net/mail"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/google/go-cmp/cmp"

	"pitstop/schemas/record"
	"pitstop/sinks"
)

// selfSigned makes a certificate for 127.0.0.1 and the file to trust it by.
func selfSigned(t *testing.T) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "relay"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, file
}

// listen serves the mailServer on a loopback socket and returns its address.
func (o *mailServer) listen(t *testing.T, encrypted *tls.Config) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	if encrypted != nil {
		l = tls.NewListener(l, encrypted)
	}
	o.serve(t, l)
	return addr
}

// secured is a mail server that asks for a login.
type secured struct {
	*mailServer
	mechanisms []string
	logins     []string
}

func (s *secured) NewSession(c *smtp.Conn) (smtp.Session, error) {
	session, err := s.Relay.NewSession(c)
	return &securedSession{session, s}, err
}

type securedSession struct {
	smtp.Session
	secured *secured
}

func (s *securedSession) AuthMechanisms() []string { return s.secured.mechanisms }

func (s *securedSession) Auth(mechanism string) (sasl.Server, error) {
	check := func(user, password string) error {
		s.secured.logins = append(s.secured.logins, mechanism+" "+user)
		if user != "garage" || password != "geheim" {
			return errors.New("no")
		}
		return nil
	}
	if mechanism == sasl.Plain {
		return sasl.NewPlainServer(func(_, user, password string) error { return check(user, password) }), nil
	}
	return &loginServer{check: check}, nil
}

// loginServer speaks LOGIN, which go-sasl has for clients only.
type loginServer struct {
	check func(user, password string) error
	user  *string
}

func (l *loginServer) Next(response []byte) (challenge []byte, done bool, err error) {
	switch {
	case response == nil:
		return []byte("Username:"), false, nil
	case l.user == nil:
		user := string(response)
		l.user = &user
		return []byte("Password:"), false, nil
	}
	return nil, true, l.check(*l.user, string(response))
}

func exampleMail(t *testing.T) Mail {
	t.Helper()
	codec := testCodec(t)
	return mustRender(t, example(t, codec, record.NotifyStarted, "nl"), codec, morning)
}

func send(t *testing.T, r Relay, m Mail) (Receipt, error) {
	t.Helper()
	transport, err := SMTP(r, func() time.Time { return morning })
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), sinks.AttemptLimit)
	defer cancel()
	return transport.Send(ctx, m)
}

func TestEncryptedConversations(t *testing.T) {
	cert, ca := selfSigned(t)
	conf := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	for _, c := range []struct {
		name     string
		security Security
		ca       string
		offered  bool // STARTTLS is
		implicit bool
		away     string // empty: accepted
	}{
		{name: "STARTTLS", security: StartTLS, ca: ca, offered: true},
		{name: "STARTTLS with an unknown certificate", security: StartTLS, offered: true, away: "certificate signed by unknown authority"},
		{name: "STARTTLS left out", security: StartTLS, ca: ca, away: "relay does not offer STARTTLS"},
		{name: "implicit TLS", security: ImplicitTLS, ca: ca, implicit: true},
		{name: "implicit TLS with an unknown certificate", security: ImplicitTLS, implicit: true, away: "certificate signed by unknown authority"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := newMailServer(t)
			var encrypted *tls.Config
			if c.implicit {
				encrypted = conf
			} else if c.offered {
				o.TLSConfig = conf
			}
			s := &secured{mailServer: o, mechanisms: []string{sasl.Plain}}
			o.Backend, o.AllowInsecureAuth = s, false
			addr := o.listen(t, encrypted)
			receipt, err := send(t, Relay{Addr: addr, Security: c.security, CA: c.ca, User: "garage", Password: "geheim"}, exampleMail(t))
			if c.away != "" {
				if !errors.Is(err, sinks.ErrAway) || !strings.Contains(err.Error(), c.away) {
					t.Errorf("got %v, want the relay away: %s", err, c.away)
				}
				if len(o.Mails()) != 0 || len(s.logins) != 0 {
					t.Error("a mail or a password went out")
				}
				return
			}
			if want := (Receipt{At: morning, Code: 250, Text: "2.0.0 OK: queued"}); err != nil || receipt != want {
				t.Errorf("got %v, %v, want %v", receipt, err, want)
			}
			if len(o.Mails()) != 1 {
				t.Errorf("%d mails", len(o.Mails()))
			}
		})
	}
}

func TestLogin(t *testing.T) {
	cert, ca := selfSigned(t)
	for _, c := range []struct {
		name, password string
		mechanisms     []string
		used           []string
		away           string
	}{
		{"plain", "geheim", []string{"PLAIN", "LOGIN"}, []string{"PLAIN garage"}, ""},
		{"only LOGIN is offered", "geheim", []string{"LOGIN"}, []string{"LOGIN garage"}, ""},
		{"wrong password", "guess", []string{"PLAIN"}, []string{"PLAIN garage"}, "log in to relay as garage: 454"},
		{"none is offered", "geheim", []string{}, nil, "neither PLAIN nor LOGIN"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := newMailServer(t)
			o.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
			s := &secured{mailServer: o, mechanisms: c.mechanisms}
			o.Backend = s
			addr := o.listen(t, nil)
			_, err := send(t, Relay{Addr: addr, Security: StartTLS, CA: ca, User: "garage", Password: c.password}, exampleMail(t))
			if diff := cmp.Diff(c.used, s.logins); diff != "" {
				t.Errorf("logins (-want +got):\n%s", diff)
			}
			switch {
			case c.away == "" && (err != nil || len(o.Mails()) != 1):
				t.Errorf("got %v and %d mails", err, len(o.Mails()))
			case c.away != "" && (!errors.Is(err, sinks.ErrAway) || !strings.Contains(err.Error(), c.away) || strings.Contains(err.Error(), c.password)):
				t.Errorf("got %v, want the relay away: %s", err, c.away)
			}
		})
	}
}

func TestNobodyListens(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := send(t, Relay{Addr: addr}, exampleMail(t)); !errors.Is(err, sinks.ErrAway) {
		t.Errorf("got %v, want the relay away", err)
	}
}

func TestAMailForSeveral(t *testing.T) {
	for _, c := range []struct {
		name    string
		refused map[string]int
		to      []string
		want    string
	}{
		{"all take it", nil, []string{"a@x.example", "b@x.example"}, "2.0.0 OK: queued"},
		{"one is refused", map[string]int{"a@x.example": 550}, []string{"b@x.example"}, `2.0.0 OK: queued; not for everybody: 550 "no"`},
		{"all are refused for good", map[string]int{"a@x.example": 550, "b@x.example": 551}, nil, "mail refused for good: 550 no"},
		{"one of them for now", map[string]int{"a@x.example": 550, "b@x.example": 450}, nil, "mail refused for now: 450 no"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := newMailServer(t)
			o.Recipient = func(to string) error {
				if code := c.refused[to]; code != 0 {
					return reply(code, "no")
				}
				return nil
			}
			m := exampleMail(t)
			m.To = []netmail.Address{{Address: "a@x.example"}, {Address: "b@x.example"}}
			receipt, err := send(t, Relay{Addr: o.listen(t, nil)}, m)
			got := receipt.Text
			if err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if c.to != nil && !slices.Equal(o.Mails()[0].To, c.to) {
				t.Errorf("went to %v, want %v", o.Mails()[0].To, c.to)
			}
		})
	}
}

// TestWhatPeopleWriteStaysWhereItBelongs: no name, subject or text of theirs
// becomes a header, a recipient or a command.
func TestWhatPeopleWriteStaysWhereItBelongs(t *testing.T) {
	o := newMailServer(t)
	m := exampleMail(t)
	evil := "Zoë\r\nBcc: thief@evil.example\r\n\r\n.\r\nMAIL FROM:<x@evil.example>"
	m.From.Name, m.To[0].Name = oneLine(evil), oneLine(evil)
	m.Subject = oneLine(evil) + strings.Repeat(" heel lang onderwerp, é", 40)
	m.Text = "Bcc: thief@evil.example\r\n.\r\nQUIT\r\n" + strings.Repeat("x", 5000) + "\n" + m.Text
	if _, err := send(t, Relay{Addr: o.listen(t, nil)}, m); err != nil {
		t.Fatal(err)
	}
	got := o.Mails()[0]
	if !slices.Equal(got.To, []string{"j.devries@example.nl"}) || got.From != "bericht@debrug.example" || got.UTF8 {
		t.Errorf("from %s to %v, SMTPUTF8 %t", got.From, got.To, got.UTF8)
	}
	msg := message(t, got)
	if bcc := msg.Header.Get("Bcc"); bcc != "" {
		t.Errorf("Bcc %q", bcc)
	}
	to, err := msg.Header.AddressList("To")
	if err != nil || len(to) != 1 || to[0].Address != "j.devries@example.nl" || to[0].Name != oneLine(evil) {
		t.Errorf("To %v, %v", to, err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(msg.Header.Get("Subject"))
	if err != nil || subject != m.Subject {
		t.Errorf("subject %q, %v", subject, err)
	}
	for line := range strings.SplitSeq(string(got.Raw), "\r\n") {
		if len(line) > 78 {
			t.Errorf("a line of %d characters", len(line))
		}
	}
	if h := headers(t, m); !strings.Contains(h, "Subject: "+m.Subject+"\n") {
		t.Errorf("headers %s", h)
	}
}

// An address that is not ASCII goes to every relay as well as that relay can take it; one
// that cannot go is refused for good, with the reason.
func TestInternationalAddresses(t *testing.T) {
	const noUTF8 = "the relay takes no address with anything but ASCII before the @ (it does not offer SMTPUTF8)"
	staff := []netmail.Address{{Address: "zoë@exämple.example"}, {Address: "balie@exämple.example"}}
	for _, c := range []struct {
		name    string
		utf8    bool
		change  func(*Mail)
		to      []string
		flagged bool
		replyTo string
		refused string
		says    string // in the receipt
	}{
		{
			name: "a relay that takes UTF-8", utf8: true, change: func(m *Mail) { m.To[0].Address = "zoë@exämple.example" },
			to: []string{"zoë@exämple.example"}, flagged: true,
		},
		{
			name: "no need for UTF-8", utf8: true, change: func(m *Mail) { m.To[0].Address = "zoe@exämple.example" },
			to: []string{"zoe@xn--exmple-cua.example"},
		},
		{name: "a domain", change: func(m *Mail) { m.To[0].Address = "zoe@exämple.example" }, to: []string{"zoe@xn--exmple-cua.example"}},
		{
			name: "the garage's domain", change: func(m *Mail) { m.ReplyTo.Address = "werkplaats@exämple.example" },
			to: []string{"j.devries@example.nl"}, replyTo: "werkplaats@xn--exmple-cua.example",
		},
		{name: "a local part", change: func(m *Mail) { m.To[0].Address = "zoë@example.nl" }, refused: noUTF8},
		{name: "the garage's local part", change: func(m *Mail) { m.ReplyTo.Address = "zoë@example.nl" }, refused: "Reply-To: " + noUTF8},
		{
			name: "one of several", change: func(m *Mail) { m.To = staff },
			to: []string{"balie@xn--exmple-cua.example"}, says: "2.0.0 OK: queued; not for everybody: " + noUTF8,
		},
		{name: "a domain that is none", change: func(m *Mail) { m.To[0].Address = "zoe@ex\u200eample.example" }, refused: "the domain of the address is none: idna: disallowed rune U+200E"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := newMailServer(t)
			o.EnableSMTPUTF8 = c.utf8
			m := exampleMail(t)
			c.change(&m)
			receipt, err := send(t, Relay{Addr: o.listen(t, nil)}, m)
			if c.refused != "" {
				var r *Refusal
				if !errors.As(err, &r) || !r.Permanent || r.Text != c.refused || len(o.Mails()) != 0 {
					t.Errorf("got %v, want it refused for good: %s", err, c.refused)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got := o.Mails()[0]
			if got.UTF8 != c.flagged || !slices.Equal(got.To, c.to) || c.says != "" && receipt.Text != c.says {
				t.Errorf("to %v, SMTPUTF8 %t: %s", got.To, got.UTF8, receipt.Text)
			}
			if replyTo := message(t, got).Header.Get("Reply-To"); c.replyTo != "" && !strings.Contains(replyTo, c.replyTo) {
				t.Errorf("Reply-To %s", replyTo)
			}
			if !c.flagged && !isASCII(string(got.Raw)) {
				t.Error("the mail is not ASCII")
			}
		})
	}
}

func TestRelayValidate(t *testing.T) {
	_, ca := selfSigned(t)
	for _, c := range []struct {
		name  string
		relay Relay
		want  []string // parts of each problem
	}{
		{"on this machine", Relay{Addr: "127.0.0.1:1025"}, nil},
		{"by name", Relay{Addr: "localhost:1025"}, nil},
		{"STARTTLS by default", Relay{Addr: "smtp.example:587", User: "u", Password: "p"}, nil},
		{"own CA", Relay{Addr: "smtp.example:465", Security: ImplicitTLS, CA: ca}, nil},
		{"nothing", Relay{}, []string{"not host:port"}},
		{"plain text elsewhere", Relay{Addr: "smtp.example:25", Security: Plain}, []string{"plain text"}},
		{"password in plain text", Relay{Addr: "127.0.0.1:25", User: "u", Password: "p"}, []string{"password would travel in plain text"}},
		{"everything", Relay{Addr: "smtp.example", Security: "ssl", CA: "/nowhere.pem", User: "u", Helo: "a b"}, []string{
			"not host:port", `"ssl" is not one of`, "both a user and a password", "read SMTP CA", "HELO",
		}},
	} {
		t.Run(c.name, func(t *testing.T) { problems(t, c.relay.Validate(), c.want) })
	}
}

func problems(t *testing.T, err error, want []string) {
	t.Helper()
	if err == nil {
		if len(want) > 0 {
			t.Errorf("no problem, want %q", want)
		}
		return
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != len(want) {
		t.Errorf("problems %q, want %q", lines, want)
	}
	for _, w := range want {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("problems %q lack %q", lines, w)
		}
	}
}

func TestConfigValidate(t *testing.T) {
	good := testConfig(t)
	for _, c := range []struct {
		name   string
		change func(c *Config)
		want   []string
	}{
		{"good", func(*Config) {}, nil},
		{"no page for staff", func(c *Config) { c.StaffURL = "" }, nil},
		{"public path", func(c *Config) { c.PublicURL = "https://example.nl/garage/" }, nil},
		{"nothing", func(c *Config) { *c = Config{} }, []string{"public URL", "sender", "no keys"}},
		{"named sender", func(c *Config) { c.Sender = "De Brug <a@b.example>" }, []string{"sender"}},
		{"wrong URLs", func(c *Config) { c.PublicURL, c.StaffURL = "debrug.example", "javascript:alert(1)" }, []string{"public URL", "staff URL"}},
		{"negative lifetime", func(c *Config) { c.LinkLifetime = -time.Hour }, []string{"lifetime"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := good
			c.change(&config)
			problems(t, config.Validate(), c.want)
		})
	}
}
