// Package mailbox receives mail over SMTP, keeps the newest of it in files and
// shows it: as JSON to programs, as pages to people. It stands in for the
// mailboxes of customers where no real mail should leave the machine.
package mailbox

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jhillyerd/enmime/v2"
)

// DefaultKeep is how many mails a [Store] keeps: the newest.
const DefaultKeep = 20_000

// Mail is one mail as one recipient received it.
type Mail struct {
	ID         string    `json:"id"`         // ascending in the order of receipt
	MessageID  string    `json:"message_id"` // with its angle brackets
	From       string    `json:"from"`       // as the header says it
	To         string    `json:"to"`         // the recipient's bare address, of the envelope
	Subject    string    `json:"subject"`
	Text       string    `json:"text"` // the plain text part; empty: none
	HTML       string    `json:"html"` // the HTML part, as it was sent; empty: none
	ReceivedAt time.Time `json:"received_at"`
}

// ErrNotFound is returned for a mail that never was, or is no longer kept.
var ErrNotFound = errors.New("no such mail: it may have been replaced by newer ones")

// Store keeps mails as files, one each, named SEQUENCE-TIME.eml. The first line
// of a file names its recipient; the rest is the mail as it was received. Files
// survive the end of the process, however it ends, but are not synced to disk.
type Store struct {
	dir   string
	keep  int
	clock func() time.Time

	mu     sync.RWMutex
	next   int64   // the sequence of the next mail
	kept   []entry // ascending
	onMail map[int]func(Mail)
	nextOn int
	closed bool
}

// entry is what is known of a mail without opening its file.
type entry struct {
	seq int64
	at  time.Time
	to  string
}

const (
	unfinished  = "new-" // begins the names of files being written
	timeLayout  = "20060102T150405.000000Z"
	deliveredTo = "Delivered-To: "
)

func (e entry) id() string { return fmt.Sprintf("%010d", e.seq) }

func (e entry) file() string { return e.id() + "-" + e.at.Format(timeLayout) + ".eml" }

// Open reads which mails dir holds, creating it where it does not exist. It
// keeps the newest keep mails.
func Open(dir string, keep int, clock func() time.Time) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create mailbox: %w", err)
	}
	files, err := os.ReadDir(dir) // sorted by name, so by sequence
	if err != nil {
		return nil, fmt.Errorf("read mailbox: %w", err)
	}
	s := &Store{dir: dir, keep: keep, clock: clock, next: 1, onMail: map[int]func(Mail){}}
	for _, f := range files {
		if strings.HasPrefix(f.Name(), unfinished) { // was never accepted
			if err := os.Remove(filepath.Join(dir, f.Name())); err != nil {
				return nil, fmt.Errorf("clean mailbox: %w", err)
			}
			continue
		}
		e, err := readEntry(dir, f.Name())
		if err != nil {
			return nil, fmt.Errorf("read mailbox: %w: move the file away", err)
		}
		s.kept = append(s.kept, e)
		s.next = e.seq + 1
	}
	return s, s.trim()
}

func readEntry(dir, name string) (entry, error) {
	stem, ok := strings.CutSuffix(name, ".eml")
	id, at, cut := strings.Cut(stem, "-")
	if !ok || !cut {
		return entry{}, fmt.Errorf("%s is not the name of a mail", name)
	}
	seq, seqErr := strconv.ParseInt(id, 10, 64)
	when, atErr := time.Parse(timeLayout, at)
	f, err := os.Open(filepath.Join(dir, name))
	if err := errors.Join(err, seqErr, atErr); err != nil {
		return entry{}, err
	}
	defer f.Close()
	line, err := bufio.NewReaderSize(f, 512).ReadString('\n')
	if err != nil {
		return entry{}, err
	}
	return entry{seq: seq, at: when, to: strings.TrimSpace(strings.TrimPrefix(line, deliveredTo))}, nil
}

// Close makes every later delivery fail.
func (s *Store) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
}

// Deliver keeps raw, a whole mail, for the address to.
func (s *Store) Deliver(to string, raw []byte) error {
	if strings.ContainsFunc(to, func(r rune) bool { return r < ' ' }) {
		return fmt.Errorf("deliver mail: address %q has control characters", to)
	}
	f, err := os.CreateTemp(s.dir, unfinished) // mode 0600
	if err != nil {
		return fmt.Errorf("deliver mail: %w", err)
	}
	_, err = f.Write(slices.Concat([]byte(deliveredTo+to+"\r\n"), raw))
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("deliver mail: %w", errors.Join(err, os.Remove(f.Name())))
	}
	e, subscribers, err := s.add(f.Name(), to)
	if err != nil {
		return fmt.Errorf("deliver mail: %w", err)
	}
	if len(subscribers) > 0 {
		mail := parse(e, raw)
		for _, fn := range subscribers {
			fn(mail)
		}
	}
	return nil
}

// add moves a written file into place, and returns the functions to call with its
// mail.
func (s *Store) add(file, to string) (entry, []func(Mail), error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return entry{}, nil, errors.New("the mailbox is closed")
	}
	e := entry{seq: s.next, at: s.clock().UTC().Truncate(time.Microsecond), to: to}
	if err := os.Rename(file, filepath.Join(s.dir, e.file())); err != nil {
		return entry{}, nil, err
	}
	s.next++
	s.kept = append(s.kept, e)
	subscribers := make([]func(Mail), 0, len(s.onMail))
	for _, fn := range s.onMail {
		subscribers = append(subscribers, fn)
	}
	return e, subscribers, s.trim()
}

// trim removes the oldest mails above the number to keep.
func (s *Store) trim() error {
	for len(s.kept) > s.keep {
		if err := os.Remove(filepath.Join(s.dir, s.kept[0].file())); err != nil {
			return fmt.Errorf("remove oldest mail: %w", err)
		}
		s.kept = s.kept[1:]
	}
	return nil
}

// OnMail calls fn for every mail from now on, until cancel is called. It is called
// before the sender gets its answer, concurrently for several mails, and must
// return quickly.
func (s *Store) OnMail(fn func(Mail)) (cancel func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := s.nextOn
	s.nextOn++
	s.onMail[key] = fn
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.onMail, key)
	}
}

// entries returns the mails for to (case does not matter; empty: for anybody)
// after the mail with the id after, oldest first.
func (s *Store) entries(to, after string) []entry {
	from, _ := strconv.ParseInt(after, 10, 64) // empty, or no id: from the first
	s.mu.RLock()
	defer s.mu.RUnlock()
	var found []entry
	for _, e := range s.kept {
		if e.seq > from && (to == "" || strings.EqualFold(e.to, to)) {
			found = append(found, e)
		}
	}
	return found
}

// Messages returns the mails for the address to, whose case does not matter, or for
// everybody when it is empty: newest last.
func (s *Store) Messages(to string) ([]Mail, error) {
	var mails []Mail
	for _, e := range s.entries(to, "") {
		mail, err := s.open(e)
		if errors.Is(err, ErrNotFound) {
			continue // replaced meanwhile
		}
		if err != nil {
			return nil, err
		}
		mails = append(mails, mail)
	}
	return mails, nil
}

// find returns the mail with this id and its source.
func (s *Store) find(id string) (Mail, []byte, error) {
	seq, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return Mail{}, nil, ErrNotFound
	}
	s.mu.RLock()
	n, ok := slices.BinarySearchFunc(s.kept, seq, func(e entry, seq int64) int { return int(e.seq - seq) })
	var e entry
	if ok {
		e = s.kept[n]
	}
	s.mu.RUnlock()
	if !ok {
		return Mail{}, nil, ErrNotFound
	}
	raw, err := s.raw(e)
	if err != nil {
		return Mail{}, nil, err
	}
	return parse(e, raw), raw, nil
}

func (s *Store) open(e entry) (Mail, error) {
	raw, err := s.raw(e)
	if err != nil {
		return Mail{}, err
	}
	return parse(e, raw), nil
}

func (s *Store) raw(e entry) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(s.dir, e.file()))
	if errors.Is(err, os.ErrNotExist) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read mail %s: %w", e.id(), err)
	}
	_, raw, _ := bytes.Cut(text, []byte("\n"))
	return raw, nil
}

// The parser adds no text part of its own and trusts a mail about its character
// sets: detecting them took milliseconds a mail.
var parser = enmime.NewParser(enmime.DisableTextConversion(true), enmime.DisableCharacterDetection(true))

// parse reads the parts of a mail. What is not a mail at all is shown as text.
func parse(e entry, raw []byte) Mail {
	mail := Mail{ID: e.id(), To: e.to, ReceivedAt: e.at}
	envelope, err := parser.ReadEnvelope(bytes.NewReader(raw))
	if err != nil {
		mail.Text = string(raw)
		return mail
	}
	mail.MessageID = envelope.GetHeader("Message-ID")
	mail.From = envelope.GetHeader("From")
	mail.Subject = envelope.GetHeader("Subject")
	mail.Text = envelope.Text
	mail.HTML = envelope.HTML
	return mail
}
