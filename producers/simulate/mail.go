package simulate

import (
	"hash/fnv"
	"html"
	"math"
	"math/rand/v2"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// Reply is a mail server's reply to an attempt.
type Reply struct {
	At   time.Time
	Code int // 2xx: accepted; 4xx: refused for now; 5xx: refused for good
	Text string
}

// MailReply returns what the mail server of a simulation replies to an attempt at
// delivering a mail, and when. The same attempt gets the same reply. Addresses at
// some of the simulated customers' domains are refused: the first attempt, or
// every one.
func MailReply(to, messageID string, attempt int, requestedAt time.Time) Reply {
	h := fnv.New64a()
	_, _ = h.Write([]byte(messageID))                      // a hash takes everything
	r := rand.New(rand.NewPCG(h.Sum64(), uint64(attempt))) //nolint:gosec // not secret
	took := time.Duration(float64(3*time.Second) * math.Exp(0.7*r.NormFloat64()))
	reply := Reply{At: requestedAt.Add(min(took, time.Minute)).Truncate(time.Millisecond), Code: 250, Text: "2.0.0 OK: queued"}
	switch _, domain, _ := strings.Cut(to, "@"); {
	case domain == deadDomain:
		reply.Code, reply.Text = 550, "5.1.1 The email account that you tried to reach does not exist"
	case domain == greyDomain && attempt == 1:
		reply.Code, reply.Text = 451, "4.7.1 Greylisted, please try again later"
	}
	return reply
}

// Mail is a mail that a customer gets.
type Mail struct{ To, Subject, Text, HTML string }

var linkPattern = regexp.MustCompile(`https?://[^\s"'<>]+/c/[A-Za-z0-9._~-]+`)

// linkIn returns the path of the link to a repair's page in a mail; empty: there is
// none.
func linkIn(m Mail) string {
	for _, body := range []string{m.Text, html.UnescapeString(m.HTML)} {
		if u, err := url.Parse(strings.TrimRight(linkPattern.FindString(body), ".")); err == nil && u.Path != "" {
			return u.Path[strings.LastIndex(u.Path, "/c/"):]
		}
	}
	return ""
}
