package mailbox

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var start = time.Date(2026, 5, 20, 8, 0, 0, 0, time.UTC)

// tb is what *testing.T and *rapid.T share.
type tb interface {
	Helper()
	Fatal(args ...any)
}

// ticking returns a clock that advances by a second with every reading.
func ticking() func() time.Time {
	var mu sync.Mutex
	now := start
	return func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(time.Second)
		return now
	}
}

func open(t tb, dir string, keep int) *Store {
	t.Helper()
	s, err := Open(dir, keep, ticking())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func deliver(t tb, s *Store, to, raw string) {
	t.Helper()
	if err := s.Deliver(to, []byte(raw)); err != nil {
		t.Fatal(err)
	}
}

func messages(t tb, s *Store, to string) []Mail {
	t.Helper()
	mails, err := s.Messages(to)
	if err != nil {
		t.Fatal(err)
	}
	return mails
}

// quote is a mail as Pitstop sends it: Dutch, in two parts.
const quote = "From: Garage De Brug <info@debrug.example>\r\n" +
	"To: \"J. de Vries\" <j@example.nl>\r\n" +
	"Subject: =?utf-8?q?Uw_akkoord_gevraagd:_=E2=82=AC_387,95?=\r\n" +
	"Message-ID: <2gk3@pitstop.example>\r\n" +
	"MIME-Version: 1.0\r\n" +
	"Content-Type: multipart/alternative; boundary=b\r\n\r\n" +
	"--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" +
	"Totaal =E2=82=AC 387,95 incl. btw\r\n" +
	"--b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" +
	"<html><head><title>x</title></head><body><a href=3D\"http://127.0.0.1/c/t\">Akkoord</a> =E2=82=AC 387,95</body></html>\r\n" +
	"--b--\r\n"

func TestMailIsRead(t *testing.T) {
	s := open(t, t.TempDir(), 10)
	deliver(t, s, "j@example.nl", quote)
	want := []Mail{{
		ID: "0000000001", MessageID: "<2gk3@pitstop.example>",
		From: "Garage De Brug <info@debrug.example>", To: "j@example.nl",
		Subject:    "Uw akkoord gevraagd: € 387,95",
		Text:       "Totaal € 387,95 incl. btw",
		HTML:       `<html><head><title>x</title></head><body><a href="http://127.0.0.1/c/t">Akkoord</a> € 387,95</body></html>`,
		ReceivedAt: start.Add(time.Second),
	}}
	trimmed := cmp.Transformer("trimmed", strings.TrimSpace)
	if diff := cmp.Diff(want, messages(t, s, "J@Example.NL"), trimmed); diff != "" {
		t.Error(diff)
	}
	if other := messages(t, s, "other@example.nl"); len(other) != 0 {
		t.Errorf("somebody else sees %v", other)
	}
}

func TestWhatIsNoMailIsShownAsItIs(t *testing.T) {
	for _, raw := range []string{"", "no header at all", "Subject: x\r\nContent-Type: multipart/mixed; boundary=\r\n\r\n--\r\n"} {
		s := open(t, t.TempDir(), 10)
		deliver(t, s, "j@example.nl", raw)
		if mails := messages(t, s, ""); len(mails) != 1 {
			t.Errorf("%q: %d mails, want 1", raw, len(mails))
		}
	}
}

func TestControlCharactersInAnAddressAreRefused(t *testing.T) {
	s := open(t, t.TempDir(), 10)
	if err := s.Deliver("j@example.nl\r\nX: y", nil); err == nil {
		t.Error("delivered")
	}
}

// TestStore compares the store with a list, over deliveries and restarts.
func TestStore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "mailbox")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		keep := rapid.IntRange(1, 5).Draw(t, "keep")
		s := open(t, dir, keep)
		var model []string // "ID to subject" of each mail, oldest first
		count := 0
		person := rapid.SampledFrom([]string{"a@example.nl", "b@example.nl"})
		t.Repeat(map[string]func(*rapid.T){
			"deliver": func(t *rapid.T) {
				to := person.Draw(t, "to")
				count++
				deliver(t, s, to, fmt.Sprintf("Subject: s%d\r\n\r\nx\r\n", count))
				model = append(model, fmt.Sprintf("%010d %s s%d", count, to, count))
				model = model[max(0, len(model)-keep):]
			},
			"reopen": func(t *rapid.T) {
				// As after a kill while a mail was being written.
				if err := os.WriteFile(filepath.Join(dir, unfinished+"1"), []byte("half"), 0o600); err != nil {
					t.Fatal(err)
				}
				s = open(t, dir, keep)
			},
			"": func(t *rapid.T) {
				for _, to := range []string{"", "a@example.nl", "b@example.nl"} {
					var want, got []string
					for _, m := range model {
						if to == "" || strings.Contains(m, to) {
							want = append(want, m)
						}
					}
					for _, m := range messages(t, s, to) {
						got = append(got, m.ID+" "+m.To+" "+m.Subject)
					}
					if diff := cmp.Diff(want, got); diff != "" {
						t.Fatalf("mails to %q: %s", to, diff)
					}
				}
				if files, err := os.ReadDir(dir); err != nil || len(files) > keep+1 {
					t.Fatalf("%d files for %d mails, %v", len(files), keep, err)
				}
			},
		})
	})
}

// TestIDsGoOnAfterRestart guards ids: programs ask for what came
// after the last one they saw.
func TestIDsGoOnAfterRestart(t *testing.T) {
	dir := t.TempDir()
	deliver(t, open(t, dir, 1), "a@example.nl", quote)
	s := open(t, dir, 1)
	deliver(t, s, "a@example.nl", quote)
	if mails := messages(t, s, ""); len(mails) != 1 || mails[0].ID != "0000000002" {
		t.Errorf("got %v, want the second only", mails)
	}
}

func TestOnMail(t *testing.T) {
	s := open(t, t.TempDir(), 10)
	var mu sync.Mutex
	var got []string
	cancel := s.OnMail(func(m Mail) {
		mu.Lock()
		defer mu.Unlock()
		got = append(got, m.To+" "+m.Subject)
	})
	deliver(t, s, "a@example.nl", quote)
	deliver(t, s, "b@example.nl", "Subject: klaar\r\n\r\nx")
	cancel()
	deliver(t, s, "c@example.nl", quote)
	want := []string{"a@example.nl Uw akkoord gevraagd: € 387,95", "b@example.nl klaar"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestManyDeliverAtOnce(t *testing.T) {
	const keep, each = 50, 20
	s := open(t, t.TempDir(), keep)
	var wait sync.WaitGroup
	for n := range 8 {
		wait.Go(func() {
			for range each {
				deliver(t, s, fmt.Sprintf("p%d@example.nl", n), quote)
				if _, err := s.Messages("p0@example.nl"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	mails := messages(t, s, "")
	if len(mails) != keep || mails[keep-1].ID != fmt.Sprintf("%010d", 8*each) {
		t.Errorf("%d mails, want the newest %d of %d", len(mails), keep, 8*each)
	}
	if !slices.IsSortedFunc(mails, func(a, b Mail) int { return strings.Compare(a.ID, b.ID) }) {
		t.Error("mails are not in the order of receipt")
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(quote))
	f.Add([]byte("Subject: klaar\r\n\r\nUw auto is klaar.\r\n"))
	f.Add([]byte("Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nContent-Type: message/rfc822\r\n\r\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		mail := parse(entry{seq: 1, to: "j@example.nl"}, bytes.Clone(raw))
		if mail.ID != "0000000001" || mail.To != "j@example.nl" {
			t.Errorf("lost what the envelope says: %+v", mail)
		}
	})
}
