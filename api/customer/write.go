package customer

import (
	"errors"
	"net/http"
	"strings"

	"pitstop/api/web"
	"pitstop/schemas/repair"
	"pitstop/schemas/request"
)

// write accepts a message to the garage.
func (d *door) write(w http.ResponseWriter, r *http.Request, v *visit) {
	seen := d.sawIt(r.Context(), v, v.open())
	body := &request.PostMessage{Kind: repair.MessageKind(r.PostForm.Get("kind")), Text: r.PostForm.Get("text")}
	if body.Kind == "" {
		body.Kind = repair.Text
	}
	command := r.PostForm.Get("command")
	o, id, err := d.take(r.Context(), v, seen, request.Request{Key: keyed(command, body), Body: body})
	again := func(status int, why string) { d.rewrite(w, r, v, status, command, body.Text, v.T(why)) }
	invalid := new(request.Invalid)
	switch {
	case err == nil && o != nil && o.Code == repair.IllegalState:
		again(http.StatusConflict, "error full")
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

// rewrite shows the form again with a message that was not sent.
func (d *door) rewrite(w http.ResponseWriter, r *http.Request, v *visit, status int, command, text, wrong string) {
	if v.behind {
		d.later(w, r, v, http.StatusOK)
		return
	}
	p := v.page()
	p.Write.Command, p.Write.Text, p.Write.Error = command, text, wrong
	p.Notice = &notice{Kind: "bad", Head: v.T("error unsent h"), Links: []mistake{{"#message", wrong}}}
	p.Title = v.T("error title") + p.Title
	d.render(w, status, d.dress(r, v, p))
}
