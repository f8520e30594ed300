package email

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	netmail "net/mail"
	"slices"
	"strconv"
	"strings"
	"time"

	"pitstop/schemas/avro"
	"pitstop/schemas/garage"
	"pitstop/schemas/kafka"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
	"pitstop/sinks"
)

// Sink sends the mails of notifications. Make one with New.
type Sink struct {
	*renderer
	// Progress tells readiness whether the sink makes progress, and why not.
	Progress kafka.Progress
	// Metrics count what it does; nil: nothing is counted.
	Metrics *sinks.Metrics
	// Attempts count what becomes of mails; nil: nothing is counted.
	Attempts *Metrics
	// Since is from when on requests are answered where the group has no position: see
	// sinks.Config.
	Since     time.Time
	book      *garage.Book
	transport Transport
	now       func() time.Time
	log       *slog.Logger
}

// New returns a sink. now dates the mails, and decides what they call today.
func New(c Config, book *garage.Book, codec *avro.Codec, t Transport, now func() time.Time, log *slog.Logger) (*Sink, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	r, err := newRenderer(c.withDefaults(), codec)
	if err != nil {
		return nil, err
	}
	return &Sink{renderer: r, book: book, transport: t, now: now, log: log}, nil
}

// Run sends mails until ctx ends, when it returns nil, or until something fails
// that waiting does not cure. instance is the static name of this member in the
// consumer group; empty: a new member every start.
func (s *Sink) Run(ctx context.Context, k kafka.Config, instance string) error {
	return sinks.Deliver(ctx, sinks.Config{
		Consumer: record.EmailSink, Instance: instance, Since: s.Since, Kafka: k, Codec: s.codec, Prepare: prepare,
		Progress: &s.Progress, Metrics: s.Metrics, Now: s.now, Log: s.log,
	}, sinks.Channel{Name: repair.Email, Attempt: s.attempt, Replayed: s.replayed})
}

// replayed reports whether a mail is of a history that the transport replays.
func (s *Sink) replayed(n *record.NotificationRequested) bool {
	r, ok := s.transport.(Replayer)
	return ok && r.Replays(n.OccurredAt)
}

// prepare rejects a notification that no mail can be written for.
func prepare(_ context.Context, m *sinks.Message) error {
	n, ok := m.Record.(*record.NotificationRequested)
	if !ok || n.Channel != repair.Email {
		return nil
	}
	switch {
	case !slices.Contains(record.NotificationKinds, n.Kind):
		return fmt.Errorf("%w: a notification of kind %q", sinks.ErrUnhandled, n.Kind)
	case n.Quote == nil && slices.Contains(aboutQuotes, n.Kind):
		return fmt.Errorf("%w: a notification of kind %s without its quote", sinks.ErrUnhandled, n.Kind)
	}
	return nil
}

// aboutQuotes are the notifications whose mail shows a quote.
var aboutQuotes = []record.NotificationKind{
	record.NotifyApprovalRequired, record.NotifyReminder, record.NotifyDecision, record.NotifyExpiry, record.NotifyQuoteWithdrawn,
}

// attempt makes the attempt a notification asks for and returns the record of its
// outcome. An error means that there was none: it wraps sinks.ErrAway, or is a bug
// of this program.
func (s *Sink) attempt(ctx context.Context, n *record.NotificationRequested) (record.Headed, error) {
	began := time.Now() //nolint:forbidigo // a duration for the metrics
	receipt, err := s.send(ctx, n)
	outcome, refusal := accepted, (*Refusal)(nil)
	switch {
	case err == nil:
		refusal = &Refusal{At: receipt.At, Code: receipt.Code, Text: receipt.Text}
	case errors.Is(err, sinks.ErrAway):
		outcome = paused
	case errors.As(err, &refusal) && !refusal.Permanent:
		outcome = deferred
	default:
		outcome = failed
		if refusal == nil {
			refusal = &Refusal{At: s.now(), Permanent: true, Text: err.Error()}
		}
	}
	s.Attempts.attempt(outcome, time.Since(began))
	if outcome == paused {
		return nil, err
	}
	return s.outcome(n, outcome, refusal)
}

func (s *Sink) send(ctx context.Context, n *record.NotificationRequested) (Receipt, error) {
	g, err := s.book.Find(n.GarageID)
	if err != nil {
		return Receipt{}, fmt.Errorf("%w: %w", sinks.ErrAway, err)
	}
	l, err := s.letter(ctx, g, n, s.now())
	if err != nil {
		if !errors.Is(err, avro.ErrUndecodable) {
			err = fmt.Errorf("%w: %w", sinks.ErrAway, err)
		}
		return Receipt{}, err
	}
	to, err := recipients(g, n, l)
	if err != nil {
		return Receipt{}, err
	}
	m, err := s.render(l, n, to)
	if err != nil {
		return Receipt{}, err
	}
	return s.transport.Send(ctx, m)
}

// recipients returns the addresses that the mail goes to: the contact in the
// notification, or the staff in the garage file.
func recipients(g *garage.Profile, n *record.NotificationRequested, l *letter) ([]netmail.Address, error) {
	who, name, addresses := string(n.Recipient.Role), "", []string(nil)
	switch n.Recipient.Role {
	case repair.Mechanic:
		m, _ := g.Mechanic(n.Recipient.ID)
		who, name, addresses = who+" "+strconv.Quote(n.Recipient.ID), m.Name, []string{m.Email}
	case repair.CustomerService:
		addresses = g.Staff.CustomerService
	case repair.Manager:
		addresses = []string{g.Staff.Manager}
	default:
		name, addresses = l.Name, []string{l.Address}
	}
	var to []netmail.Address
	for _, a := range addresses {
		switch {
		case a == "":
		case !bareAddress(a):
			return nil, fmt.Errorf("the address of the %s is not a mail address", who)
		default:
			to = append(to, netmail.Address{Name: oneLine(name), Address: a})
		}
	}
	if len(to) == 0 {
		return nil, fmt.Errorf("there is no mail address of the %s", who)
	}
	return to, nil
}

// maxReply is the length to which a server's reply is cut, in bytes.
const maxReply = 2000

func (s *Sink) outcome(n *record.NotificationRequested, became string, r *Refusal) (record.Headed, error) {
	text := strings.ToValidUTF8(r.Text[:min(len(r.Text), maxReply)], "")
	reply, err := s.codec.Seal(&repair.FreeText{Text: text})
	if err != nil {
		return nil, fmt.Errorf("seal the relay's words: %w", err)
	}
	head := sinks.DeliveryHeader(n, r.At)
	attempt := record.DeliveryAttempt{Attempt: n.Attempt, Code: int32(r.Code), Reply: reply, MessageID: "<" + s.messageID(n) + ">"}
	switch became {
	case accepted:
		return &record.DeliveryAccepted{Header: head, Notice: n.Notice, DeliveryAttempt: attempt}, nil
	case failed:
		return &record.DeliveryFailed{Header: head, Notice: n.Notice, DeliveryAttempt: attempt}, nil
	}
	return &record.DeliveryDeferred{Header: head, Notice: n.Notice, DeliveryAttempt: attempt}, nil
}
