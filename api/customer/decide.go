package customer

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-chi/chi/v5"

	"pitstop/api/web"
	"pitstop/schemas/readmodel"
	"pitstop/schemas/repair"
	"pitstop/schemas/request"
)

// decide accepts an answer to a quote, or asks for what is missing from it.
func (d *door) decide(w http.ResponseWriter, r *http.Request, v *visit) {
	n, err := strconv.ParseInt(chi.URLParam(r, "revision"), 10, 32)
	q := v.revision(int32(n))
	switch {
	case err != nil || q == nil:
		d.late(w, r, v, repair.NotFound, 0)
		return
	case !v.decides:
		d.refuse(w, r, v, http.StatusForbidden, "late not allowed")
		return
	}
	c := parseChoice(r.PostForm, q)
	seen := d.sawIt(r.Context(), v, v.open())
	over := v.over(q)
	switch {
	case v.behind && !c.commits(): // it may have been answered, or the link have ended
		d.later(w, r, v, c.status())
		return
	case over != "" && !c.commits():
		d.late(w, r, v, over, 0)
		return
	case over == "" && c.Change:
		d.again(w, r, v, q, c, nil)
		return
	case over == "" && len(c.Missing) > 0:
		d.again(w, r, v, q, c, v.missing(q, c))
		return
	case over == "" && !c.commits():
		p := v.confirm(q, c)
		if c.Confirmed && c.Name == "" {
			v.unnamed(p, v.T("error name"))
		}
		d.render(w, c.status(), d.dress(r, v, p))
		return
	}
	body := c.body()
	o, id, err := d.take(r.Context(), v, seen, request.Request{
		Revision: q.Revision, Key: keyed(c.Command, body), Body: body, IP: d.Proxies.ClientIP(r), UserAgent: r.UserAgent(),
	})
	if invalid := new(request.Invalid); errors.As(err, &invalid) {
		m := v.mistakes(c, invalid.Errors)
		if wrong := m["name"]; len(m) == 1 && wrong != "" && !v.behind {
			p := v.confirm(q, c)
			v.unnamed(p, wrong)
			d.render(w, http.StatusUnprocessableEntity, d.dress(r, v, p))
			return
		}
		d.again(w, r, v, q, c, m)
		return
	}
	if err != nil {
		web.LogFailure(d.Log, "send a decision", err)
		if v.behind {
			d.later(w, r, v, http.StatusOK)
			return
		}
		p := d.dress(r, v, v.confirm(q, c))
		p.Notice = &notice{Kind: "bad", Head: v.T("error unsent h"), Text: v.T("error unsent")}
		d.render(w, http.StatusServiceUnavailable, p)
		return
	}
	if o != nil && o.Code == repair.IllegalState && o.State == repair.AwaitingApproval { // its remarks do not fit any more
		d.again(w, r, v, q, c, v.wordy(c))
		return
	}
	d.done(w, r, v, o, id, "")
}

// missing says at each line without an answer that it needs one.
func (v *visit) missing(q *readmodel.Quote, c choice) map[string]string {
	m := make(map[string]string)
	for i, l := range inOrder(q) {
		switch {
		case c.of(l.Line).Answer != "":
		case len(q.Lines) == 1:
			m[fmt.Sprintf("line.%d", l.Line)] = v.T("error answer")
		default:
			m[fmt.Sprintf("line.%d", l.Line)] = v.T("error line", i+1)
		}
	}
	return m
}

// over returns why a quote can no longer be answered, as far as the read model and the
// clock know; empty: it can.
func (v *visit) over(q *readmodel.Quote) repair.Code {
	switch {
	case q.Status != repair.StatusOpen:
		return overCode[q.Status]
	case !v.now.Before(q.ExpiresAt):
		return repair.Expired
	}
	return ""
}

var overCode = map[repair.QuoteStatus]repair.Code{
	repair.StatusDecided: repair.AlreadyDecided, repair.StatusExpired: repair.Expired, repair.StatusWithdrawn: repair.Withdrawn,
	repair.StatusReplaced: repair.Superseded, repair.StatusCancelled: repair.IllegalState,
}

// wordy asks for an answer without remarks: the repair takes no more of them.
func (v *visit) wordy(c choice) map[string]string {
	m := make(map[string]string)
	for _, a := range c.Answers {
		if a.Text != "" {
			m[fmt.Sprintf("line.%d", a.Line)] = v.T("error wordy")
		}
	}
	return m
}

// mistakes maps what is wrong with a decision to the fields of the form.
func (v *visit) mistakes(c choice, errs []repair.FieldError) map[string]string {
	m, remarks := make(map[string]string), 0
	for _, a := range c.Answers {
		remarks += utf8.RuneCountInString(a.Text)
	}
	for _, e := range errs {
		var i int
		var field string
		switch n, _ := fmt.Sscanf(strings.ReplaceAll(e.Pointer, "/", " "), " lines %d %s", &i, &field); {
		case n == 2 && i < len(c.Answers) && field == "reason":
			m[fmt.Sprintf("line.%d", c.Answers[i].Line)] = v.T("error reason")
		case n == 2 && i < len(c.Answers) && field == "text" && remarks > request.MaxText:
			m[fmt.Sprintf("line.%d", c.Answers[i].Line)] = v.T("error long", request.MaxText)
		case n == 2 && i < len(c.Answers):
			m[fmt.Sprintf("line.%d", c.Answers[i].Line)] = v.T("error field")
		default:
			m["name"] = v.T("error field")
		}
	}
	return m
}

// again shows the form as it was filled in, with what is wrong.
func (d *door) again(w http.ResponseWriter, r *http.Request, v *visit, q *readmodel.Quote, c choice, mistakes map[string]string) {
	if v.behind {
		d.later(w, r, v, http.StatusOK)
		return
	}
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
				p.Notice.Links = append(p.Notice.Links, mistake{fmt.Sprintf("#line-%d", l.Line), l.Error})
			}
		}
	}
	d.render(w, status, d.dress(r, v, p))
}

// unnamed says at the field what is wrong with the name on a summary.
func (v *visit) unnamed(p *page, wrong string) {
	p.Confirm.NameError, p.Title = wrong, v.T("error title")+p.Title
	p.Notice = &notice{Kind: "bad", Head: v.T("problem heading"), Links: []mistake{{"#name", wrong}}}
}

// confirm sums up a complete choice, and asks whether it is right and whose it is.
func (v *visit) confirm(q *readmodel.Quote, c choice) *page {
	p := &page{voice: v.voice, Garage: v.contact(v.garage), Base: v.base, Car: carOf(v.repair.Vehicle), Head: v.T("confirm head"), Lead: []string{v.T("confirm lead")}}
	p.Title = fmt.Sprintf("%s – %s", p.Head, v.garage.Name)
	k := &confirmation{Action: v.at(fmt.Sprintf("/quotes/%d/decision", q.Revision)), Name: c.Name}
	hide := func(name, value string) { k.Hidden = append(k.Hidden, option{name, value}) }
	k.Lines = v.proposal(q, c, nil).Lines
	var yes []readmodel.Line
	var minor int64
	for i, l := range inOrder(q) {
		a := c.of(l.Line)
		if a.Answer == repair.Approve {
			yes = append(yes, l)
			minor += l.Total
		}
		hide(fmt.Sprintf("line.%d", a.Line), string(a.Answer))
		if a.Reason != "" {
			hide(fmt.Sprintf("reason.%d", a.Line), string(a.Reason))
			k.Lines[i].Reason = v.Lang.RejectReason(string(a.Reason))
		}
		if a.Text != "" {
			hide(fmt.Sprintf("text.%d", a.Line), a.Text)
		}
	}
	hide("command", c.Command)
	hide("total_seen", fmt.Sprint(minor))
	k.Sum, k.Nothing = v.sum(q, yes), len(yes) == 0
	k.Button = v.obligation(minor, k.Nothing, q.Currency)
	p.Confirm = k
	return p
}

// obligation returns the button's text: what pressing it commits to.
func (v voice) obligation(sum int64, nothing bool, currency string) string {
	switch {
	case nothing:
		return v.T("agree none")
	case sum == 0:
		return v.T("agree free")
	}
	return v.T("agree pay", v.Lang.Money(sum, currency))
}
