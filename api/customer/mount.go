package customer

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/go-chi/chi/v5"

	"pitstop/api/web"
	"pitstop/schemas/link"
	"pitstop/schemas/locale"
	"pitstop/schemas/readmodel"
	"pitstop/schemas/repair"
)

// Mount serves the pages that links in mails open.
func Mount(r chi.Router, c Config) error {
	t, err := template.New("").Funcs(template.FuncMap{"within": within}).ParseFS(templates, "templates/*.html")
	if err != nil {
		return fmt.Errorf("parse templates: %w", err)
	}
	d := &door{Config: c, page: t.Lookup("page"), perLink: c.Limits.NewPerLink(), perAddress: c.Limits.NewPerAddress()}
	r.Group(func(r chi.Router) { // not a router of its own: of one, the API does not know the methods
		r.Use(web.PrivatePages, d.limit)
		r.Get("/c/{token}", d.visitor(d.look))
		r.Get("/c/{token}/", d.visitor(d.look))
		r.Post("/c/{token}/quotes/{revision}/decision", d.visitor(d.decide))
		r.Post("/c/{token}/messages", d.visitor(d.write))
		r.Post("/c/{token}/view", d.visitor(d.viewed))
	})
	return nil
}

// limit refuses requests above the rate limits.
func (d *door) limit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if d.perAddress.Over(w, r, d.Proxies.ClientIP(r)) || d.perLink.Over(w, r, tokenOf(r)) {
			d.stop(w, r, d.stranger(r), http.StatusTooManyRequests, "limit")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// tokenOf returns the token in the address, where a mail program may have
// percent-encoded any letter of it.
func tokenOf(r *http.Request) string {
	token := chi.URLParam(r, "token")
	if plain, err := url.PathUnescape(token); err == nil {
		return plain
	}
	return token
}

// stranger returns a visit of which only the request is known.
func (d *door) stranger(r *http.Request) *visit {
	v := &visit{base: "/c/" + url.PathEscape(tokenOf(r))}
	v.Voice, v.now, v.zone = locale.Voice{Lang: web.LangOf(r), Texts: texts}, d.Clock(r), time.UTC
	if r.URL.Query().Get("lang") != "" {
		v.query = "?lang=" + string(v.Lang)
	}
	return v
}

// visitor checks the link and reads the repair it opens, before a page is shown
// or a form is accepted.
func (d *door) visitor(handle func(http.ResponseWriter, *http.Request, *visit)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		chosen := r.URL.Query().Get("lang")
		v := d.stranger(r)
		claims, err := d.Links.Verify(tokenOf(r), v.now)
		v.garage, _ = d.Garages.Garage(claims.Garage)
		if v.garage != nil {
			v.zone = v.garage.Location()
			v.Lang = locale.Fold(chosen, claims.Lang, v.garage.Language)
		}
		switch {
		case errors.Is(err, link.ErrExpired):
			d.stop(w, r, v, http.StatusGone, "expired")
			return
		case err != nil || v.garage == nil:
			d.stop(w, r, v, http.StatusNotFound, "bad")
			return
		case r.Method == http.MethodPost && foreign(r):
			d.stop(w, r, v, http.StatusForbidden, "foreign")
			return
		}
		if r.Method == http.MethodPost {
			if status, err := web.ParseForm(w, r); status != 0 {
				what := unread[status]
				if errors.Is(err, io.ErrUnexpectedEOF) {
					what = "cut"
				}
				d.stop(w, r, v, status, what)
				return
			}
		}
		after, _ := strconv.ParseInt(r.URL.Query().Get("after"), 10, 64) // 0: none
		_, newest := d.Commands.Newest(claims.Repair)
		known := max(after, newest, claims.Sequence, 1)
		if err := d.load(r.Context(), v, claims, known); err != nil {
			d.failed(w, r, v, err)
			return
		}
		v.after, v.behind = after, v.repair.Sequence < known
		switch {
		case v.ended():
			d.stop(w, r, v, http.StatusGone, "ended")
			return
		case v.repair.Sequence < after:
			d.busy(w, r, v)
			return
		}
		if chosen == "" && claims.Lang == "" {
			v.Lang = locale.Fold(v.person.Language, v.garage.Language)
		}
		handle(w, r, v)
	}
}

// sightOf returns what the holder of a link may see.
func sightOf(garage string) readmodel.Sight {
	return readmodel.SightOf([]string{garage}, repair.Customer)
}

// unread names the texts about forms that were not read.
var unread = map[int]string{
	http.StatusBadRequest: "garbled", http.StatusUnsupportedMediaType: "garbled", http.StatusUnprocessableEntity: "garbled",
	http.StatusRequestTimeout: "slow", http.StatusRequestEntityTooLarge: "large",
}

// load reads the repair once the read model has its event number after, and finds out
// whose link it is.
func (d *door) load(ctx context.Context, v *visit, claims link.Claims, after int64) error {
	if err := web.WaitForSequence(ctx, d.Patience, d.Store, claims.Repair, after); err != nil {
		return err
	}
	found, err := d.Store.Repair(ctx, sightOf(claims.Garage), claims.Repair)
	if err != nil {
		return err
	}
	v.repair, v.link = found, claims.Sequence
	v.party, v.person = repair.TheCustomer, found.Customer
	if claims.Audience == link.Approver && found.Approver != nil {
		v.party, v.person = repair.TheApprover, *found.Approver
	}
	v.decides = v.party == repair.TheApprover || found.Approver == nil
	return nil
}

// foreign reports whether another site's page sent a form. Old browsers do not
// say; the link is the credential all the same.
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
