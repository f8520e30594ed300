package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/emersion/go-smtp"

	"pitstop/deploy/embedded/mailbox"
)

// MailboxOptions are the options of [StartMailbox].
type MailboxOptions struct {
	Clock func() time.Time // stamps what is received; nil: time.Now
	Log   *slog.Logger
}

// Mailbox receives mail over SMTP, keeps it and shows it.
type Mailbox struct {
	*mailbox.Store
	SMTPAddr string // host:port, the same over restarts
	URL      string // the same over restarts

	smtp     *smtp.Server
	listener net.Listener
	done     chan struct{} // closed when the SMTP server has ended
	web      *loopbackServer
}

// StartMailbox opens the folder mailbox of the data directory and serves it.
func StartMailbox(_ context.Context, d *Data, o MailboxOptions) (*Mailbox, error) {
	clock := o.Clock
	if clock == nil {
		clock = time.Now
	}
	store, err := mailbox.Open(d.Path("mailbox"), mailbox.DefaultKeep, clock)
	if err != nil {
		return nil, err
	}
	smtpListener, err := d.Listen("smtp")
	if err != nil {
		return nil, err
	}
	webListener, err := d.Listen("mailbox")
	if err != nil {
		return nil, errors.Join(err, smtpListener.Close())
	}
	m := &Mailbox{
		Store:    store,
		SMTPAddr: smtpListener.Addr().String(),
		URL:      Origin(webListener),
		smtp:     mailbox.NewSMTPServer(store, o.Log),
		listener: smtpListener,
		done:     make(chan struct{}),
		web:      serveLoopback(webListener, mailbox.Handler(store, o.Log), o.Log),
	}
	go func() {
		defer close(m.done)
		if err := m.smtp.Serve(smtpListener); err != nil && !errors.Is(err, smtp.ErrServerClosed) {
			o.Log.Error("embedded mailbox ended", "error", err)
		}
	}()
	return m, nil
}

// Stop ends every connection. A mail that was not acknowledged by then was not
// received, and its sender will send it again.
func (m *Mailbox) Stop(context.Context) error {
	// Not Shutdown, which waits for connections that clients keep open idly.
	err := m.smtp.Close()
	// The server closes its listener only once it serves it.
	if closed := m.listener.Close(); !errors.Is(closed, net.ErrClosed) {
		err = errors.Join(err, closed)
	}
	<-m.done
	m.Close()
	if err := errors.Join(err, m.web.stop()); err != nil {
		return fmt.Errorf("stop embedded mailbox: %w", err)
	}
	return nil
}
