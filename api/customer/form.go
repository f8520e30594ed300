package customer

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"pitstop/schemas/readmodel"
	"pitstop/schemas/repair"
	"pitstop/schemas/request"
	"pitstop/schemas/typed"
)

// choice is what a visitor filled in about a quote.
type choice struct {
	Command   string // hidden in the form, made with the page
	Answers   []request.Answer
	Missing   []int32 // lines without an answer
	TotalSeen *int64  // nil: not sent, or no amount
	Name      string
	Confirmed bool
	Change    bool // go back to the form
}

// parseChoice reads the form about a quote. It keeps what was typed even where it is
// wrong, so that it can be shown again.
func parseChoice(form url.Values, q *readmodel.Quote) choice {
	c := choice{
		Command: form.Get("command"), Name: typed.Clean(form.Get("name")),
		Confirmed: form.Get("confirmed") == "1", Change: form.Get("change") == "1",
	}
	if n, err := strconv.ParseInt(form.Get("total_seen"), 10, 64); err == nil && n >= 0 {
		c.TotalSeen = &n
	}
	all := repair.AnswerKind(form.Get("all")) // one button answers every line
	for _, l := range q.Lines {
		n := l.Line
		a := request.Answer{Line: n, Answer: repair.AnswerKind(form.Get(fmt.Sprintf("line.%d", n)))}
		if all == repair.Approve || all == repair.Reject {
			a.Answer = all
		}
		switch a.Answer {
		case repair.Approve: // drop a reason picked before changing one's mind
		case repair.Reject:
			a.Reason = repair.RejectReason(form.Get(fmt.Sprintf("reason.%d", n)))
			a.Text = strings.TrimSpace(form.Get(fmt.Sprintf("text.%d", n)))
		default:
			a.Answer = ""
			c.Missing = append(c.Missing, n)
		}
		c.Answers = append(c.Answers, a)
	}
	return c
}

// commits reports whether the choice is made: the summary was seen, and somebody put a
// name to it. Whatever else is sent only leads there.
func (c choice) commits() bool {
	return c.Confirmed && c.Name != "" && c.TotalSeen != nil && len(c.Missing) == 0 && !c.Change
}

// status returns that of a page which shows a choice that does not commit.
func (c choice) status() int {
	if c.Confirmed && c.Name == "" && !c.Change {
		return http.StatusUnprocessableEntity
	}
	return http.StatusOK
}

// begun reports whether anything was chosen.
func (c choice) begun() bool { return len(c.Missing) < len(c.Answers) }

// body returns the request for a choice.
func (c choice) body() *request.DecideQuote {
	return &request.DecideQuote{Lines: c.Answers, TotalSeen: c.TotalSeen, Method: repair.ByPage, Name: c.Name}
}

// of returns the answer to one line.
func (c choice) of(line int32) request.Answer {
	for _, a := range c.Answers {
		if a.Line == line {
			return a
		}
	}
	return request.Answer{Line: line}
}

// newKey returns an id for what a form sends, so that sending it twice has the
// effect of once.
func newKey() string { return rand.Text() }

// keyed returns the idempotency key of a form's command. It covers what was typed:
// going back and sending something else is another request, not a reused key.
func keyed(command string, body any) string {
	text, _ := json.Marshal(body) // plain structs of texts and numbers
	sum := sha256.Sum256(text)
	if len(command) > 100 {
		command = command[:100]
	}
	return command + "." + hex.EncodeToString(sum[:8])
}
