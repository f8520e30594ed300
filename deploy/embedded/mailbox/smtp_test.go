package mailbox

import (
	"errors"
	"log/slog"
	"net"
	"net/smtp"
	"net/textproto"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func serveSMTP(t *testing.T, s *Store) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := NewSMTPServer(s, slog.New(slog.DiscardHandler))
	done := make(chan error)
	go func() { done <- server.Serve(l) }()
	t.Cleanup(func() {
		_ = server.Close()
		<-done
	})
	return l.Addr().String()
}

func TestEveryRecipientHasACopy(t *testing.T) {
	s := open(t, t.TempDir(), 10)
	addr := serveSMTP(t, s)
	to := []string{"j@example.nl", "jörg@example.nl", "j@example.nl"}
	if err := smtp.SendMail(addr, nil, "garage@example.nl", to, []byte(quote)); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range messages(t, s, "") {
		got = append(got, m.To+" "+m.MessageID)
	}
	want := []string{"j@example.nl <2gk3@pitstop.example>", "jörg@example.nl <2gk3@pitstop.example>"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestRefusalsHaveTheirReplyCodes(t *testing.T) {
	for name, c := range map[string]struct {
		raw    string
		closed bool
		code   int
	}{
		"too large":      {raw: "Subject: x\r\n\r\n" + strings.Repeat("x\r\n", maxMail/3+1), code: 552},
		"cannot be kept": {raw: quote, closed: true, code: 452}, // for now: it is sent again
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, t.TempDir(), 10)
			if c.closed {
				s.Close()
			}
			err := smtp.SendMail(serveSMTP(t, s), nil, "garage@example.nl", []string{"j@example.nl"}, []byte(c.raw))
			var refusal *textproto.Error
			if !errors.As(err, &refusal) || refusal.Code != c.code {
				t.Errorf("got %v, want code %d", err, c.code)
			}
			if mails := messages(t, s, ""); len(mails) != 0 {
				t.Errorf("kept %v", mails)
			}
		})
	}
}
