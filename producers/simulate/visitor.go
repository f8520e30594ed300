package simulate

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"pitstop/schemas/locale"
	"pitstop/schemas/repair"
)

// visitor is a customer on the page that a mail's link opened.
type visitor struct {
	*Live
	*rand.Rand
	path  string
	name  string // that they sign with
	scene *scene // nil: none
}

// read is what a customer does with a mail.
func (l *Live) read(ctx context.Context, m Mail) {
	v := visitor{l, l.rngFor(m.To + m.Subject), linkIn(m), nameIn(m.To), l.scenes[m.To]}
	away, later := v.Float64() < 0.12, about(v.Rand, 8*time.Second, 0.8)
	if v.scene != nil {
		away, later = v.scene.away, sceneBeat
	}
	if away || !sleep(ctx, later) {
		return
	}
	p, ok := v.open(ctx)
	if !ok {
		return
	}
	l.Client.Stats.mail()
	form, asked := p.form("/decision")
	switch x := v.Float64(); {
	case asked:
		v.consider(ctx, p, form)
	case x < 0.06:
		v.write(ctx, p, repair.Text, pick(v.Rand, thanks))
	}
}

// open loads the page. One that has no form is not ready yet.
func (v visitor) open(ctx context.Context) (page, bool) {
	for range 5 {
		a, err := v.Client.retry(ctx, func(ctx context.Context) (*http.Request, error) {
			return http.NewRequestWithContext(ctx, http.MethodGet, v.Client.URL+v.path, nil)
		}, answer.pending)
		if err != nil {
			return page{}, false
		}
		if a.code != "" {
			v.unexpected("open", a)
			return page{}, false
		}
		p, err := parsePage(a.body)
		if err == nil && len(p.forms) > 0 {
			return p, true
		}
		if !sleep(ctx, 2*time.Second) {
			return page{}, false
		}
	}
	return page{}, false
}

// What a customer does with a quote: from these on, of all between 0 and 1.
const toAsk, toDecide = 0.12, 0.2

// consider reads a quote and answers it, or not.
func (v visitor) consider(ctx context.Context, p page, f form) {
	// What the page's script sends when somebody sees the quote.
	if _, ok := v.send(ctx, "RecordView", f.data["view"], url.Values{"revision": {f.data["revision"]}}); !ok {
		return
	}
	x := v.Float64()
	if v.scene != nil {
		x = v.scene.thought()
	}
	switch {
	case x < 0.08: // closes it again
		return
	case x < toAsk:
		v.write(ctx, p, repair.Callback, pick(v.Rand, callbacks))
		return
	case x < toDecide:
		v.write(ctx, p, repair.Text, pick(v.Rand, questions).ask)
		if !sleep(ctx, about(v.Rand, 15*time.Second, 0.5)) {
			return
		}
	}
	if sleep(ctx, about(v.Rand, 7*time.Second, 0.8)) {
		v.decide(ctx)
	}
}

// decide fills in the form as it is now, and then the one that asks to confirm.
func (v visitor) decide(ctx context.Context) {
	p, ok := v.open(ctx)
	if !ok {
		return
	}
	f, ok := p.form("/decision")
	if !ok {
		return // somebody else was first
	}
	v.fill(f)
	a, ok := v.send(ctx, "", f.action, f.values)
	if !ok || a.status == http.StatusSeeOther { // somebody else was first, with the same answer
		return
	}
	p, err := parsePage(a.body)
	confirm, ok := p.form("/decision")
	if err != nil || !ok || !confirm.buttons.Has("confirmed") {
		v.unexpected("confirm", a)
		return
	}
	confirm.values.Set("confirmed", "1")
	confirm.values.Set("name", v.name)
	if a, ok = v.send(ctx, "DecideQuote", confirm.action, confirm.values); ok && a.status != http.StatusSeeOther {
		v.unexpected("decide", a)
	}
}

// fill chooses an answer for each line, and a reason for each no.
func (v visitor) fill(f form) {
	mood := v.Float64() // below a tenth: nothing; above a half: everything
	if v.scene != nil {
		mood = v.scene.mood
	}
	for _, name := range slices.Sorted(maps.Keys(f.choices)) {
		line, ok := strings.CutPrefix(name, "line.")
		if !ok {
			continue
		}
		if mood > 0.5 || mood > 0.1 && v.Float64() < 0.6 {
			f.values.Set(name, string(repair.Approve))
			continue
		}
		f.values.Set(name, string(repair.Reject))
		if reasons := f.choices["reason."+line]; len(reasons) > 0 {
			f.values.Set("reason."+line, pick(v.Rand, reasons))
		}
	}
}

// write sends a message, in the language of the page.
func (v visitor) write(ctx context.Context, p page, kind repair.MessageKind, text locale.Text) {
	f, ok := p.form("/messages")
	if !ok {
		return
	}
	f.values.Set("kind", string(kind))
	f.values.Set("text", text.In(p.lang))
	v.send(ctx, "PostMessage", f.action, f.values)
}

// send posts a form, and counts the request named what; empty: none. It reports
// whether it was accepted.
func (v visitor) send(ctx context.Context, what, path string, values url.Values) (answer, bool) {
	a, err := v.Client.retry(ctx, func(ctx context.Context) (*http.Request, error) { return v.Client.post(ctx, path, values) }, answer.pending)
	if err != nil {
		return a, false
	}
	if what != "" {
		v.Client.Stats.asked(what)
	}
	switch {
	case a.status == http.StatusConflict: // somebody else was first
		v.Client.Stats.refused(string(a.code))
		return a, false
	case a.code != "":
		v.unexpected(what, a)
		return a, false
	}
	return a, true
}

func (v visitor) unexpected(what string, a answer) {
	v.Client.Stats.unexpected(fmt.Sprintf("%s %d", what, a.status))
	v.Client.Log.Error("a customer's page did not answer as expected", "what", what, "status", a.status, "code", a.code)
}
