package mailbox

import (
	"errors"
	"io"
	"log/slog"
	"slices"
	"time"

	"github.com/emersion/go-smtp"
)

// maxMail is the size of the largest mail taken, in bytes.
const maxMail = 4 << 20

// NewSMTPServer returns a server that delivers whatever it is sent into s, one
// mail per recipient. It asks for no login and offers no encryption: serve it on
// loopback only.
func NewSMTPServer(s *Store, log *slog.Logger) *smtp.Server {
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) {
		return &session{store: s, log: log}, nil
	}))
	server.Domain = "mailbox.localhost"
	server.MaxMessageBytes = maxMail
	server.MaxRecipients = 100
	server.ReadTimeout = time.Minute
	server.WriteTimeout = time.Minute
	server.EnableSMTPUTF8 = true
	server.ErrorLog = slog.NewLogLogger(log.Handler(), slog.LevelWarn)
	return server
}

type session struct {
	store *Store
	log   *slog.Logger
	to    []string
}

func (s *session) Mail(string, *smtp.MailOptions) error { return nil }

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if !slices.Contains(s.to, to) {
		s.to = append(s.to, to)
	}
	return nil
}

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	var failed error
	for _, to := range s.to {
		failed = errors.Join(failed, s.store.Deliver(to, raw))
	}
	if failed != nil {
		s.log.Error("mailbox could not keep a mail", "error", failed)
		return &smtp.SMTPError{Code: 452, EnhancedCode: smtp.EnhancedCode{4, 3, 1}, Message: "mailbox cannot write its files"}
	}
	return nil
}

func (s *session) Reset() { s.to = nil }

func (s *session) Logout() error { return nil }
