package email

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/wneessen/go-mail/smtp"

	"pitstop/sinks"
)

// Transport hands mails over. It is safe for concurrent use.
type Transport interface {
	// Send makes one attempt. Its error is a *Refusal where this mail was refused,
	// and wraps sinks.ErrAway where no mail can be sent at present.
	Send(ctx context.Context, m Mail) (Receipt, error)
}

// A Replayer is a Transport that replays a history: it sends a mail of that at its own
// time, whatever the clock says, so that none is ever out of date.
type Replayer interface {
	// Replays reports whether a mail that was requested at a time is of the history.
	Replays(requested time.Time) bool
}

// Receipt says that a mail was accepted.
type Receipt struct {
	At   time.Time // when the server accepted it
	Code int       // of the SMTP reply
	Text string    // of the server
}

// Refusal says that one mail was refused, for now or permanently.
type Refusal struct {
	At        time.Time
	Permanent bool
	Code      int    // of the SMTP reply; 0: there was none
	Text      string // the server's, else what went wrong
}

func (r *Refusal) Error() string {
	until := "for now"
	if r.Permanent {
		until = "for good"
	}
	return fmt.Sprintf("mail refused %s: %d %s", until, r.Code, r.Text)
}

// relay is the Transport of a Relay: an SMTP session for every attempt.
type relay struct {
	Relay
	host string
	tls  *tls.Config
	now  func() time.Time
	dial func(ctx context.Context, network, addr string) (net.Conn, error)
}

// SMTP returns the Transport of a relay. now stamps receipts and refusals.
func SMTP(r Relay, now func() time.Time) (Transport, error) {
	if err := r.Validate(); err != nil {
		return nil, err
	}
	r = r.withDefaults()
	roots, err := r.roots()
	if err != nil {
		return nil, err
	}
	host, _, err := net.SplitHostPort(r.Addr)
	if err != nil {
		return nil, fmt.Errorf("SMTP relay: %w", err)
	}
	return &relay{
		Relay: r, host: host, now: now, dial: new(net.Dialer).DialContext,
		tls: &tls.Config{ServerName: host, RootCAs: roots, MinVersion: tls.VersionTLS12},
	}, nil
}

// Send greets the relay, logs in and hands the mail over. Everything before the
// mail itself is about the relay: where that fails, the relay is away.
func (r *relay) Send(ctx context.Context, m Mail) (Receipt, error) {
	conn, err := r.dial(ctx, "tcp", r.Addr)
	if err != nil {
		return Receipt{}, fmt.Errorf("%w: connect to relay: %w", sinks.ErrAway, err)
	}
	// The attempt's limit holds for every read and write, however many.
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	defer conn.Close() //nolint:errcheck // what counts has been answered by then
	c, err := r.login(ctx, conn)
	if err != nil {
		return Receipt{}, fmt.Errorf("%w: %w", sinks.ErrAway, err)
	}
	defer c.Text.Cmd("QUIT") //nolint:errcheck // the answer is not waited for
	takesUTF8, _ := c.Extension("SMTPUTF8")
	m, leftOut, err := deliverable(m, takesUTF8)
	if err != nil {
		return Receipt{}, r.refusal(true, err)
	}
	// Mail that is flagged SMTPUTF8 is relayed only to servers that support it.
	c.SkipSMTPUTF8(ascii(m))
	message, err := m.Bytes()
	if err != nil {
		return Receipt{}, r.refusal(true, err)
	}
	return r.handOver(c, m, message, leftOut)
}

func (r *relay) login(ctx context.Context, conn net.Conn) (*smtp.Client, error) {
	if r.Security == ImplicitTLS {
		encrypted := tls.Client(conn, r.tls)
		if err := encrypted.HandshakeContext(ctx); err != nil {
			return nil, fmt.Errorf("encrypt connection to relay: %w", err)
		}
		conn = encrypted
	}
	c, err := smtp.NewClient(conn, r.host)
	if err != nil {
		return nil, fmt.Errorf("relay's greeting: %w", err)
	}
	if err := c.Hello(r.Helo); err != nil {
		return nil, fmt.Errorf("greet relay: %w", err)
	}
	if r.Security == StartTLS {
		if ok, _ := c.Extension("STARTTLS"); !ok {
			return nil, errors.New("relay does not offer STARTTLS: check its address, or give --smtp-security tls")
		}
		if err := c.StartTLS(r.tls); err != nil {
			return nil, fmt.Errorf("encrypt connection to relay: %w", err)
		}
	}
	if r.User == "" {
		return c, nil
	}
	_, mechanisms := c.Extension("AUTH")
	var auth smtp.Auth
	switch offers := strings.Fields(strings.ToUpper(mechanisms)); {
	case slices.Contains(offers, "PLAIN"):
		auth = smtp.PlainAuth("", r.User, r.Password, r.host, false)
	case slices.Contains(offers, "LOGIN"):
		auth = smtp.LoginAuth(r.User, r.Password, r.host, false)
	default:
		return nil, fmt.Errorf("relay takes neither PLAIN nor LOGIN (it offers %q): leave the SMTP user out, or use another relay", mechanisms)
	}
	if err := c.Auth(auth); err != nil {
		return nil, fmt.Errorf("log in to relay as %s: %w", r.User, err)
	}
	return c, nil
}

// handOver sends the mail to every recipient the relay accepts. leftOut says why there are
// others that it was not asked about.
func (r *relay) handOver(c *smtp.Client, m Mail, message []byte, leftOut []error) (Receipt, error) {
	if err := c.Mail("<" + m.From.Address + ">"); err != nil {
		if code(err) >= 500 {
			// It would refuse every mail: this is about the sender.
			return Receipt{}, fmt.Errorf("%w: relay refuses the sender %s: %w", sinks.ErrAway, m.From.Address, err)
		}
		return Receipt{}, r.answer(err)
	}
	var taken int
	var refused []error
	for _, to := range m.To {
		err := c.Rcpt("<" + to.Address + ">")
		switch {
		case err == nil:
			taken++
		case code(err) == 0 || code(err) == 421: // the connection is gone
			return Receipt{}, r.answer(err)
		default:
			refused = append(refused, err)
		}
	}
	if taken == 0 {
		return Receipt{}, r.answer(mildest(refused))
	}
	w, err := c.Data()
	if err != nil {
		return Receipt{}, r.answer(err)
	}
	if _, err := w.Write(message); err != nil {
		return Receipt{}, r.answer(err)
	}
	if err := w.Close(); err != nil {
		return Receipt{}, r.answer(err)
	}
	receipt := Receipt{At: r.now(), Code: 250}
	if d, ok := w.(*smtp.DataCloser); ok {
		receipt.Text = d.ServerResponse()
	}
	for _, err := range append(refused, leftOut...) {
		receipt.Text += "; not for everybody: " + err.Error()
	}
	return receipt, nil
}

// answer classifies what went wrong with one mail. A 421 here is about this mail, too: a
// relay that takes none at all says so in its greeting.
func (r *relay) answer(err error) error { return r.refusal(code(err) >= 500, err) }

func (r *relay) refusal(permanent bool, err error) *Refusal {
	refusal := &Refusal{At: r.now(), Permanent: permanent, Text: err.Error()}
	var reply *textproto.Error
	switch {
	case errors.As(err, &reply):
		refusal.Code, refusal.Text = reply.Code, reply.Msg
	case errors.Is(err, os.ErrDeadlineExceeded):
		refusal.Text = "the relay did not answer in time"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		refusal.Text = "the relay closed the connection without an answer"
	}
	return refusal
}

// code returns the SMTP code of the server's reply; 0: there was none.
func code(err error) int {
	var reply *textproto.Error
	if errors.As(err, &reply) {
		return reply.Code
	}
	return 0
}

// mildest returns a refusal for now, if there is one: then another attempt is
// worthwhile.
func mildest(refused []error) error {
	for _, err := range refused {
		if code(err) < 500 {
			return err
		}
	}
	return refused[0]
}
