package api

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"pitstop/schemas/readmodel"
	"pitstop/schemas/repair"
	"pitstop/schemas/request"
)

// with is the visitor's page with a parameter.
func (v *visit) with(name, value string) string {
	if v.query != "" {
		return v.base + v.query + "&" + name + "=" + value
	}
	return v.base + "?" + name + "=" + value
}

// submit sends what a visitor asked for.
func (s *server) submit(ctx context.Context, v *visit, r request.Request, patience time.Duration) (*repair.Outcome, string, error) {
	r.Garage, r.RepairID = v.repair.GarageID, v.repair.RepairID
	r.Actor, r.Now = repair.Actor{Role: v.role(), ID: v.person.ID}, v.now
	cmd, err := s.Requests.Build(r)
	if err != nil {
		return nil, "", err
	}
	o, err := s.Commands.Ask(ctx, cmd, patience)
	return o, cmd.Head().EventID, err
}

// take submits a form whose view was recorded before it, and waits for the outcome;
// with seen, the error of that, it gives nothing but this error.
func (s *server) take(ctx context.Context, v *visit, seen error, r request.Request) (*repair.Outcome, string, error) {
	if seen != nil {
		return nil, "", seen
	}
	return s.submit(ctx, v, r, s.Patience)
}

// keyed makes the key of a form's command. What was typed is part of it: going
// back and sending something else is another request, and no misuse of a key.
func keyed(command string, body any) string {
	text, _ := json.Marshal(body) // plain structs of texts and numbers
	sum := sha256.Sum256(text)
	if len(command) > 100 {
		command = command[:100]
	}
	return command + "." + hex.EncodeToString(sum[:8])
}

// sawIt records that the visitor saw an open quote: whoever sends a form did. It
// logs its error, after which what the form says must not be taken either.
func (s *server) sawIt(ctx context.Context, v *visit, q *readmodel.Quote) error {
	if q == nil || q.ViewedAt != nil || !v.decides {
		return nil
	}
	_, _, err := s.submit(ctx, v, request.Request{
		Revision: q.Revision, Key: fmt.Sprintf("view.%d", q.Revision), Body: new(request.RecordView),
	}, 0)
	if err != nil {
		s.complain("record a view", err)
	}
	return err
}

// viewed is sent by the script of a page that somebody sees, again after a 503.
func (s *server) viewed(w http.ResponseWriter, r *http.Request, v *visit) {
	n, _ := strconv.ParseInt(r.PostForm.Get("revision"), 10, 32) // 0 is none
	if err := s.sawIt(r.Context(), v, v.revision(int32(n))); err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *server) decide(w http.ResponseWriter, r *http.Request, v *visit) {
	n, err := strconv.ParseInt(chi.URLParam(r, "revision"), 10, 32)
	q := v.revision(int32(n))
	switch {
	case err != nil || q == nil:
		s.late(w, r, v, repair.NotFound, 0)
		return
	case !v.decides:
		s.refuse(w, r, v, http.StatusForbidden, "late not allowed")
		return
	}
	var lines []int32
	for _, l := range q.Lines {
		lines = append(lines, l.Line)
	}
	c := parseChoice(r.PostForm, lines)
	seen := s.sawIt(r.Context(), v, v.open())
	switch {
	case q.Status == repair.StatusOpen && (len(c.Missing) > 0 || c.Change):
		mistakes := make(map[string]string)
		for _, line := range c.Missing {
			if !c.Change {
				mistakes[fmt.Sprintf("line.%d", line)] = v.T("error line", line)
			}
		}
		s.again(w, r, v, q, c, mistakes)
		return
	case q.Status == repair.StatusOpen && (!c.Confirmed || c.TotalSeen == nil):
		s.render(w, http.StatusOK, s.dress(r, v, v.confirm(q, c)))
		return
	}
	if c.TotalSeen == nil {
		c.TotalSeen = new(int64)
	}
	body := c.body()
	o, id, err := s.take(r.Context(), v, seen, request.Request{
		Revision: q.Revision, Key: keyed(c.Command, body), Body: body, IP: s.clientIP(r), UserAgent: r.UserAgent(),
	})
	if invalid := new(request.Invalid); errors.As(err, &invalid) {
		s.again(w, r, v, q, c, v.mistakes(c, invalid.Errors))
		return
	}
	if err != nil {
		s.complain("send a decision", err)
		p := s.dress(r, v, v.confirm(q, c))
		p.Notice = &notice{Kind: "bad", Head: v.T("error unsent h"), Text: v.T("error unsent")}
		s.render(w, http.StatusServiceUnavailable, p)
		return
	}
	s.done(w, r, v, o, id, "")
}

// mistakes puts what is wrong with a decision beside the fields of the form.
func (v *visit) mistakes(c choice, errs []repair.FieldError) map[string]string {
	m := make(map[string]string)
	for _, e := range errs {
		var i int
		var field string
		switch n, _ := fmt.Sscanf(strings.ReplaceAll(e.Pointer, "/", " "), " lines %d %s", &i, &field); {
		case n == 2 && i < len(c.Answers) && field == "reason":
			m[fmt.Sprintf("line.%d", c.Answers[i].Line)] = v.T("error reason")
		case n == 2 && i < len(c.Answers):
			m[fmt.Sprintf("line.%d", c.Answers[i].Line)] = v.T("error field")
		default:
			m["name"] = v.T("error field")
		}
	}
	return m
}

// again shows the form as it was filled in, with what is wrong.
func (s *server) again(w http.ResponseWriter, r *http.Request, v *visit, q *readmodel.Quote, c choice, mistakes map[string]string) {
	p := v.page()
	if c.Command == "" {
		c.Command = newKey()
	}
	p.Form = v.form(q, c, mistakes)
	status := http.StatusOK
	if len(mistakes) > 0 {
		status = http.StatusUnprocessableEntity
		p.Title = v.T("error title") + p.Title
		p.Notice = &notice{Kind: "bad", Head: v.T("problem heading")}
		for _, l := range p.Form.Lines {
			if l.Error != "" {
				p.Notice.Links = append(p.Notice.Links, mistake{fmt.Sprintf("#line-%d", l.Number), l.Error})
			}
		}
		if p.Form.NameError != "" {
			p.Notice.Links = append(p.Notice.Links, mistake{"#name", p.Form.NameError})
		}
	}
	s.render(w, status, s.dress(r, v, p))
}

// done goes on to the page, and the place on it, that shows what was done.
func (s *server) done(w http.ResponseWriter, r *http.Request, v *visit, o *repair.Outcome, id, place string) {
	switch {
	case o == nil:
		http.Redirect(w, r, v.with("pending", id)+place, http.StatusSeeOther) //nolint:gosec // to the visitor's own page
	case o.Code == "":
		http.Redirect(w, r, v.with("after", fmt.Sprint(o.Sequence))+place, http.StatusSeeOther) //nolint:gosec // as above
	default:
		s.late(w, r, v, o.Code, o.Sequence)
	}
}

func (s *server) write(w http.ResponseWriter, r *http.Request, v *visit) {
	seen := s.sawIt(r.Context(), v, v.open())
	body := &request.PostMessage{Kind: repair.MessageKind(r.PostForm.Get("kind")), Text: r.PostForm.Get("text")}
	if body.Kind == "" {
		body.Kind = repair.Text
	}
	command := r.PostForm.Get("command")
	o, id, err := s.take(r.Context(), v, seen, request.Request{Key: keyed(command, body), Body: body})
	if invalid := new(request.Invalid); err == nil {
		s.done(w, r, v, o, id, "#messages")
	} else if errors.As(err, &invalid) {
		wrong := v.T("error text")
		if strings.TrimSpace(body.Text) != "" {
			wrong = v.T("error field")
		}
		s.rewrite(w, r, v, http.StatusUnprocessableEntity, command, body.Text, wrong)
	} else {
		s.complain("send a message", err)
		s.rewrite(w, r, v, http.StatusServiceUnavailable, command, body.Text, v.T("error unsent"))
	}
}

// rewrite shows a message that was not sent in its form again.
func (s *server) rewrite(w http.ResponseWriter, r *http.Request, v *visit, status int, command, text, wrong string) {
	p := v.page()
	p.Write.Command, p.Write.Text, p.Write.Error = command, text, wrong
	p.Notice = &notice{Kind: "bad", Head: v.T("error unsent h"), Links: []mistake{{"#message", wrong}}}
	p.Title = v.T("error title") + p.Title
	s.render(w, status, s.dress(r, v, p))
}

// newKey names what a form sends, so that sending it twice is doing it once.
func newKey() string { return rand.Text() }
