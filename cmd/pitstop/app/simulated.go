package app

import (
	"context"
	"log/slog"
	"path/filepath"
	"time"

	"pitstop/api/web"
	"pitstop/producers/simulate"
	"pitstop/schemas/link"
	"pitstop/schemas/repair"
	"pitstop/sinks/email"
)

// HistoryFile returns the path of the file that says which history a data directory holds.
func HistoryFile(dir string) string { return filepath.Join(dir, "history.json") }

// Client returns a client of the pipeline's API for the simulated people of a history
// that ends at a time. It issues their tokens and signs their links.
func (p *Pipeline) Client(end time.Time, stats *simulate.Stats, log *slog.Logger) *simulate.Client {
	return &simulate.Client{
		URL: p.API, HTTP: simulate.Transport(), Stats: stats, Log: log,
		Token: func(role repair.Role, garage, subject string) (string, error) {
			return p.Issuer.Issue(web.Caller{Subject: subject, Roles: []repair.Role{role}, Garages: []string{garage}}, 24*time.Hour)
		},
		Link: func(c link.Claims) string {
			c.Expires = end.Add(email.DefaultLinkLifetime)
			return p.Links.Sign(c)
		},
	}
}

// HistoryTransport returns a transport for a history that ends at a time: it accepts
// the history's mails at their own, simulated time, and passes on later ones.
func HistoryTransport(end time.Time, later email.Transport) email.Transport {
	return history{end, later}
}

type history struct {
	end   time.Time
	later email.Transport
}

// Replays implements email.Replayer.
func (h history) Replays(requested time.Time) bool { return requested.Before(h.end) }

// Send implements email.Transport.
func (h history) Send(ctx context.Context, m email.Mail) (email.Receipt, error) {
	if !h.Replays(m.RequestedAt) {
		return h.later.Send(ctx, m)
	}
	reply := simulate.MailReply(m.To[0].Address, m.MessageID, m.Attempt, m.RequestedAt)
	if reply.Code/100 != 2 {
		return email.Receipt{}, &email.Refusal{At: reply.At, Permanent: reply.Code/100 == 5, Code: reply.Code, Text: reply.Text}
	}
	return email.Receipt{At: reply.At, Code: reply.Code, Text: reply.Text}, nil
}
