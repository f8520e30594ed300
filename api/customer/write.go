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
	if invalid := new(request.Invalid); err == nil && o != nil && o.Code == repair.IllegalState {
		d.rewrite(w, r, v, http.StatusConflict, command, body.Text, v.T("error full"))
	} else if err == nil {
		d.done(w, r, v, o, id, "#messages")
	} else if errors.As(err, &invalid) {
		wrong := v.T("error text")
		if strings.TrimSpace(body.Text) != "" {
			wrong = v.T("error field")
		}
		d.rewrite(w, r, v, http.StatusUnprocessableEntity, command, body.Text, wrong)
	} else {
		web.LogFailure(d.Log, "send a message", err)
		d.rewrite(w, r, v, http.StatusServiceUnavailable, command, body.Text, v.T("error unsent"))
	}
}

// rewrite shows the form again with a message that was not sent.
func (d *door) rewrite(w http.ResponseWriter, r *http.Request, v *visit, status int, command, text, wrong string) {
	if v.behind {
		d.later(w, r, v)
		return
	}
	p := v.page()
	p.Write.Command, p.Write.Text, p.Write.Error = command, text, wrong
	p.Notice = &notice{Kind: "bad", Head: v.T("error unsent h"), Links: []mistake{{"#message", wrong}}}
	p.Title = v.T("error title") + p.Title
	d.render(w, status, d.dress(r, v, p))
}
