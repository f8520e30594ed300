package customer

import (
	"errors"
	"net/http"
	"strings"

	"pitstop/api/web"
	"pitstop/schemas/repair"
	"pitstop/schemas/request"
)

// write accepts a message to the garage. While a quote is open its form is one with that
// of the decision: what was chosen comes along, and stays.
func (d *door) write(w http.ResponseWriter, r *http.Request, v *visit) {
	q := v.open()
	seen := d.sawIt(r.Context(), v, q)
	var c choice
	if q != nil && v.decides {
		c = parseChoice(r.PostForm, q)
	}
	body := &request.PostMessage{Kind: repair.MessageKind(r.PostForm.Get("kind")), Text: r.PostForm.Get("text")}
	if body.Kind == "" {
		body.Kind = repair.Text
	}
	command := r.PostForm.Get("command")
	o, id, err := d.take(r.Context(), v, seen, request.Request{Key: keyed(command, body), Body: body})
	again := func(status int, why string) { d.rewrite(w, r, v, status, c, command, body.Text, v.T(why)) }
	invalid := new(request.Invalid)
	switch {
	case err == nil && o != nil && o.Code == repair.IllegalState:
		again(http.StatusConflict, "error full")
	case err == nil && o != nil && o.Code == "" && c.begun():
		d.goOn(w, r, v, o, c, body.Kind)
	case err == nil:
		d.done(w, r, v, o, id, "#messages")
	case errors.As(err, &invalid) && strings.TrimSpace(body.Text) != "":
		again(http.StatusUnprocessableEntity, "error field")
	case errors.As(err, &invalid):
		again(http.StatusUnprocessableEntity, "error text")
	default:
		web.LogFailure(d.Log, "send a message", err)
		again(http.StatusServiceUnavailable, "error unsent")
	}
}

// goOn shows the form with what was chosen before a message was sent. The page is not
// redirected to: what was chosen is kept nowhere else.
func (d *door) goOn(w http.ResponseWriter, r *http.Request, v *visit, o *repair.Outcome, c choice, kind repair.MessageKind) {
	revision := v.open().Revision
	if err := d.refresh(r.Context(), v, o.Sequence); err != nil || v.behind {
		d.done(w, r, v, o, "", "#messages")
		return
	}
	p := v.page()
	if q := v.open(); q != nil && q.Revision == revision {
		c.Command = newKey()
		p.Form = v.form(q, c, nil)
		p.Notice = &notice{Kind: "good", Head: v.sent(kind), Text: v.T("choice kept")}
	}
	d.render(w, http.StatusOK, p)
}

// rewrite shows the form again with a message that was not sent.
func (d *door) rewrite(w http.ResponseWriter, r *http.Request, v *visit, status int, c choice, command, text, wrong string) {
	if v.behind {
		d.later(w, r, v, http.StatusOK)
		return
	}
	p := v.page()
	if p.Form != nil {
		if c.begun() {
			p.Form = v.form(v.open(), c, nil)
		}
		p.Form.Command = command
	}
	p.Write.Command, p.Write.Text, p.Write.Error = command, text, wrong
	p.Notice = &notice{Kind: "bad", Head: v.T("error unsent h"), Links: []mistake{{"#message", wrong}}}
	p.Title = v.T("error title") + p.Title
	d.render(w, status, d.dress(r, v, p))
}
