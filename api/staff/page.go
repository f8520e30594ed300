package staff

import (
	"net/http"

	"pitstop/api/web"
	"pitstop/schemas/locale"
)

// page is the data of the template for staff.
type page struct {
	locale.Voice
	Head, Text string
	Form       bool // asks for a token
	Error      string
	Next       string // path to go to after signing in
	Refresh    string // path to load again at once
	Back       bool   // offers to sign out
	Assets     string
}

func voiceOf(r *http.Request) locale.Voice { return locale.Voice{Lang: web.LangOf(r), Texts: texts} }

// stop shows why there is no page.
func (d *door) stop(w http.ResponseWriter, status int, v locale.Voice, why string, args ...any) {
	d.render(w, status, &page{Voice: v, Head: v.T(why), Text: v.T(why+" text", args...), Back: true})
}

func (d *door) render(w http.ResponseWriter, status int, p *page) {
	p.Assets = d.Assets
	web.WritePage(w, d.Log, status, p.Lang, d.page, p)
}
