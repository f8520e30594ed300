package staff

import (
	"cmp"
	"net/http"

	"pitstop/api/web"
	"pitstop/schemas/locale"
)

// page is the data of the template for staff.
type page struct {
	locale.Voice
	Head, Text string
	SignIn     string // where to sign in; empty: not offered
	Refresh    string // address to load at once
	Who        string // is signed in, and can sign out; empty: nobody
	CSRF       string
	Home       bool // offers the way to the dashboards
	Assets     string
}

func voiceOf(r *http.Request) locale.Voice { return locale.Voice{Lang: web.LangOf(r), Texts: texts} }

// stop shows why there is no page.
func (d *door) stop(w http.ResponseWriter, status int, v locale.Voice, why string) {
	d.render(w, status, &page{Voice: v, Head: v.T(why), Text: v.T(why + " text")})
}

// refuse is stop for somebody who is signed in, and could be as somebody else.
func (d *door) refuse(w http.ResponseWriter, r *http.Request, status int, why string, args ...any) {
	v, s := voiceOf(r), sessionOf(r.Context())
	d.render(w, status, &page{
		Voice: v, Head: v.T(why), Text: v.T(why+" text", args...),
		Who: v.T("signed in", cmp.Or(s.Name, s.Subject)), CSRF: s.CSRF, Home: why != "no dashboard",
	})
}

func (d *door) render(w http.ResponseWriter, status int, p *page) {
	p.Assets = d.Assets
	web.WritePage(w, d.Log, status, p.Lang, d.page, p)
}
