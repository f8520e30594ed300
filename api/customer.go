package api

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"pitstop/schemas/link"
	"pitstop/schemas/locale"
	"pitstop/schemas/repair"
	"pitstop/schemas/request"
	"pitstop/schemas/view"
)

// pagePolicy lets a page use its own style sheet and script and send its own
// forms, and nothing else.
const pagePolicy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// maxFormBytes is the largest form that is read.
const maxFormBytes = 64 << 10

// customer serves the pages that links in mails open.
func (s *server) customer(r chi.Router) error {
	var err error
	s.pages, err = template.New("").Funcs(template.FuncMap{"within": within}).ParseFS(files, "templates/page.html", "templates/forms.html")
	if err != nil {
		return fmt.Errorf("parse templates: %w", err)
	}
	perLink, perAddress := limiter(s.Limits.Customer, customerWindow), limiter(10*s.Limits.Customer, customerWindow)
	r.Route("/c/{token}", func(r chi.Router) {
		r.Use(func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				h := w.Header()
				h.Set("Content-Security-Policy", pagePolicy)
				h.Set("X-Robots-Tag", "noindex, nofollow")
				if perAddress.over(w, r, s.clientIP(r)) || perLink.over(w, r, chi.URLParam(r, "token")) {
					s.stop(w, r, s.stranger(r), http.StatusTooManyRequests, "limit")
					return
				}
				next.ServeHTTP(w, r)
			})
		})
		r.Get("/", s.visitor(s.show))
		r.Post("/quotes/{revision}/decision", s.visitor(s.decide))
		r.Post("/messages", s.visitor(s.write))
		r.Post("/view", s.visitor(s.viewed))
	})
	return nil
}

// part is what a template within the page is given.
type part struct {
	Page any
	It   any
}

func within(page, it any) part { return part{page, it} }

// stranger is a visitor of whom only the request is known.
func (s *server) stranger(r *http.Request) *visit {
	chosen := r.URL.Query().Get("lang")
	v := &visit{base: "/c/" + url.PathEscape(chi.URLParam(r, "token"))}
	v.now, v.zone = s.Clock(r), time.UTC
	v.Lang = locale.Fold(append([]string{chosen}, strings.Split(r.Header.Get("Accept-Language"), ",")...)...)
	if chosen != "" {
		v.query = "?lang=" + string(v.Lang)
	}
	return v
}

// visitor checks the link and reads the repair it opens, before a page is shown
// or a form is taken.
func (s *server) visitor(handle func(http.ResponseWriter, *http.Request, *visit)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		token, chosen := chi.URLParam(r, "token"), r.URL.Query().Get("lang")
		v := s.stranger(r)
		claims, err := s.Links.Verify(token, v.now)
		v.garage, _ = s.Garages.Garage(claims.Garage)
		if v.garage != nil {
			v.zone = v.garage.Location()
			v.Lang = locale.Fold(chosen, claims.Lang, v.garage.Language)
		}
		switch {
		case errors.Is(err, link.ErrExpired):
			s.stop(w, r, v, http.StatusGone, "expired")
			return
		case err != nil || v.garage == nil:
			s.stop(w, r, v, http.StatusNotFound, "bad")
			return
		case r.Method == http.MethodPost && foreign(r):
			s.stop(w, r, v, http.StatusForbidden, "foreign")
			return
		}
		if r.Method == http.MethodPost {
			r.Body = http.MaxBytesReader(w, r.Body, maxFormBytes)
			if err := r.ParseForm(); err != nil {
				s.stop(w, r, v, http.StatusBadRequest, "foreign")
				return
			}
		}
		after, _ := strconv.ParseInt(r.URL.Query().Get("after"), 10, 64) // 0 is none
		if err := s.load(r.Context(), v, claims, max(after, 1)); err != nil {
			s.failed(w, r, v, err)
			return
		}
		if v.repair.Sequence < after {
			s.busy(w, r, v)
			return
		}
		if chosen == "" && claims.Lang == "" {
			v.Lang = locale.Fold(v.person.Language, v.garage.Language)
		}
		handle(w, r, v)
	}
}

// load reads the repair once the read model has its event number after.
func (s *server) load(ctx context.Context, v *visit, claims link.Claims, after int64) error {
	if err := s.reach(ctx, claims.Repair, after); err != nil {
		return err
	}
	found, err := s.Store.Repair(ctx, []string{claims.Garage}, claims.Repair)
	if err != nil {
		return err
	}
	v.repair, v.decides, v.person = found, claims.Audience == link.Approver, found.Customer
	if v.decides && found.Approver != nil {
		v.person = *found.Approver
	}
	return nil
}

func (s *server) failed(w http.ResponseWriter, r *http.Request, v *visit, err error) {
	if errors.Is(err, view.ErrNotFound) { // genuine, so only not there yet
		p := s.bare(r, v, "soon")
		p.Refresh = r.URL.RequestURI()
		s.render(w, http.StatusOK, p)
		return
	}
	s.Log.Error("cannot show a customer's page", "err", err)
	s.stop(w, r, v, http.StatusServiceUnavailable, "down")
}

// foreign reports that a form was sent by another site's page. Old browsers say
// nothing of it; the link is the credential all the same.
func foreign(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "same-origin", "none":
		return false
	case "":
		origin := r.Header.Get("Origin")
		u, err := url.Parse(origin)
		return origin != "" && origin != "null" && (err != nil || u.Host != r.Host)
	}
	return true
}

func (s *server) show(w http.ResponseWriter, r *http.Request, v *visit) {
	if id := r.URL.Query().Get("pending"); id != "" {
		s.pending(w, r, v, id)
		return
	}
	s.render(w, http.StatusOK, s.dress(r, v, v.page()))
}

// pending waits for the outcome of a decision or message that had none in time.
func (s *server) pending(w http.ResponseWriter, r *http.Request, v *visit, id string) {
	ctx, cancel := context.WithTimeout(r.Context(), s.Patience)
	defer cancel()
	for wait := 20 * time.Millisecond; ; wait = min(2*wait, 200*time.Millisecond) {
		o, err := s.Store.Outcome(ctx, id)
		switch {
		case err == nil && o.RepairID != v.repair.RepairID:
			s.render(w, http.StatusOK, s.dress(r, v, v.page()))
			return
		case err == nil && o.Code == "":
			http.Redirect(w, r, v.after(o.Sequence), http.StatusSeeOther)
			return
		case err == nil:
			s.late(w, r, v, o.Code, o.Sequence)
			return
		case !errors.Is(err, view.ErrNotFound) && ctx.Err() == nil:
			s.failed(w, r, v, err)
			return
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			s.busy(w, r, v)
			return
		case <-timer.C:
		}
	}
}

// after is the page once the read model has a sequence.
func (v *visit) after(sequence int64) string {
	to := v.at("")
	if strings.Contains(to, "?") {
		return fmt.Sprintf("%s&after=%d", to, sequence)
	}
	return fmt.Sprintf("%s?after=%d", to, sequence)
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

// sawIt records that the visitor saw an open quote: whoever sends a form did.
func (s *server) sawIt(ctx context.Context, v *visit, q *view.Quote) {
	if q == nil || q.ViewedAt != nil || !v.decides {
		return
	}
	_, _, err := s.submit(ctx, v, request.Request{
		Revision: q.Revision, Key: fmt.Sprintf("view.%d", q.Revision), Body: new(request.RecordView),
	}, 0)
	if err != nil {
		s.Log.Error("cannot record a view", "err", err)
	}
}

// viewed is sent by the script of a page that somebody sees.
func (s *server) viewed(w http.ResponseWriter, r *http.Request, v *visit) {
	n, _ := strconv.ParseInt(r.PostForm.Get("revision"), 10, 32) // 0 is none
	s.sawIt(r.Context(), v, v.revision(int32(n)))
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
	s.sawIt(r.Context(), v, v.open())
	switch {
	case q.Status == repair.QuoteOpen && (len(c.Missing) > 0 || c.Change):
		mistakes := make(map[string]string)
		for _, line := range c.Missing {
			if !c.Change {
				mistakes[fmt.Sprintf("line.%d", line)] = v.T("error line", line)
			}
		}
		s.again(w, r, v, q, c, mistakes)
		return
	case q.Status == repair.QuoteOpen && (!c.Confirmed || c.TotalSeen == nil):
		s.render(w, http.StatusOK, s.dress(r, v, v.confirm(q, c)))
		return
	}
	if c.TotalSeen == nil {
		c.TotalSeen = new(int64)
	}
	body := c.body()
	o, id, err := s.submit(r.Context(), v, request.Request{
		Revision: q.Revision, Key: keyed(c.Command, body), Body: body, IP: s.clientIP(r), UserAgent: r.UserAgent(),
	}, s.Patience)
	if invalid := new(request.Invalid); errors.As(err, &invalid) {
		s.again(w, r, v, q, c, v.mistakes(c, invalid.Errors))
		return
	}
	if err != nil {
		s.Log.Error("cannot send a decision", "err", err)
		p := s.dress(r, v, v.confirm(q, c))
		p.Notice = &notice{Kind: "bad", Head: v.T("error unsent h"), Text: v.T("error unsent")}
		s.render(w, http.StatusServiceUnavailable, p)
		return
	}
	s.done(w, r, v, o, id)
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
func (s *server) again(w http.ResponseWriter, r *http.Request, v *visit, q *view.Quote, c choice, mistakes map[string]string) {
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

// done goes on to the page that shows what was done.
func (s *server) done(w http.ResponseWriter, r *http.Request, v *visit, o *repair.Outcome, id string) {
	switch {
	case o == nil:
		to := v.at("")
		if v.query != "" {
			to += "&pending=" + id
		} else {
			to += "?pending=" + id
		}
		http.Redirect(w, r, to, http.StatusSeeOther)
	case o.Code == "":
		http.Redirect(w, r, v.after(o.Sequence), http.StatusSeeOther)
	default:
		s.late(w, r, v, o.Code, o.Sequence)
	}
}

// lateText says why a decision was not taken.
var lateText = map[repair.Code]string{
	repair.Superseded: "late superseded", repair.Expired: "late expired", repair.Withdrawn: "late withdrawn",
	repair.AlreadyDecided: "late decided", repair.IllegalState: "late state", repair.TotalMismatch: "late total",
}

// late shows how things stand after a refusal, and says what was refused.
func (s *server) late(w http.ResponseWriter, r *http.Request, v *visit, code repair.Code, sequence int64) {
	key, ok := lateText[code]
	if !ok {
		key = "late state"
	}
	if sequence > v.repair.Sequence {
		if err := s.reach(r.Context(), v.repair.RepairID, sequence); err != nil {
			s.failed(w, r, v, err)
			return
		}
		fresh, err := s.Store.Repair(r.Context(), []string{v.repair.GarageID}, v.repair.RepairID)
		if err != nil {
			s.failed(w, r, v, err)
			return
		}
		v.repair = fresh
	}
	s.refuse(w, r, v, problem(code, "").Status, key)
}

func (s *server) refuse(w http.ResponseWriter, r *http.Request, v *visit, status int, key string) {
	p := v.page()
	p.Notice = &notice{Kind: "bad", Head: v.T("late heading"), Text: v.T(key)}
	s.render(w, status, s.dress(r, v, p))
}

func (s *server) write(w http.ResponseWriter, r *http.Request, v *visit) {
	s.sawIt(r.Context(), v, v.open())
	body := &request.PostMessage{Kind: repair.MessageKind(r.PostForm.Get("kind")), Text: r.PostForm.Get("text")}
	if body.Kind == "" {
		body.Kind = repair.Text
	}
	command := r.PostForm.Get("command")
	o, id, err := s.submit(r.Context(), v, request.Request{Key: keyed(command, body), Body: body}, s.Patience)
	if invalid := new(request.Invalid); err == nil {
		s.done(w, r, v, o, id)
	} else if errors.As(err, &invalid) {
		wrong := v.T("error text")
		if strings.TrimSpace(body.Text) != "" {
			wrong = v.T("error field")
		}
		s.rewrite(w, r, v, http.StatusUnprocessableEntity, command, body.Text, wrong)
	} else {
		s.Log.Error("cannot send a message", "err", err)
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

// bare is a page that says one thing.
func (s *server) bare(r *http.Request, v *visit, what string) *page {
	p := &page{voice: v.voice, Base: v.base, Head: v.T(what + " head"), Lead: []string{v.T(what + " text")}}
	p.Title = p.Head
	if v.garage != nil {
		p.Garage = v.contact(v.garage)
		p.Title += " – " + v.garage.Name
	} else if all := s.Garages.Garages(); len(all) == 1 {
		p.Garage = v.contact(all[0])
	}
	return s.dress(r, v, p)
}

func (s *server) stop(w http.ResponseWriter, r *http.Request, v *visit, status int, what string) {
	s.render(w, status, s.bare(r, v, what))
}

// busy shows that an answer is on its way, without any form.
func (s *server) busy(w http.ResponseWriter, r *http.Request, v *visit) {
	p := s.bare(r, v, "busy")
	p.Refresh = r.URL.RequestURI()
	s.render(w, http.StatusOK, p)
}

// dress adds the way to the other language, where following it loses nothing.
func (s *server) dress(r *http.Request, v *visit, p *page) *page {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return p
	}
	other := locale.EN
	if v.Lang == locale.EN {
		other = locale.NL
	}
	q := r.URL.Query()
	q.Set("lang", string(other))
	p.Switch = v.base + "?" + q.Encode()
	return p
}

func (s *server) render(w http.ResponseWriter, status int, p *page) {
	var b bytes.Buffer
	err := s.pages.ExecuteTemplate(&b, "page", struct {
		*page
		Assets string
	}{p, s.assets()})
	if err != nil {
		s.Log.Error("cannot render a page", "err", err)
		writeProblem(w, problem(codeInternal, ""))
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", string(p.Lang))
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "60")
	}
	w.WriteHeader(status)
	_, _ = b.WriteTo(w) // the client is gone: nobody to tell
}

// newKey names what a form sends, so that sending it twice is doing it once.
func newKey() string { return rand.Text() }
