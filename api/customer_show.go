package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"pitstop/schemas/locale"
	"pitstop/schemas/readmodel"
	"pitstop/schemas/repair"
)

// part is what a template within the page is given.
type part struct {
	Page any
	It   any
}

func within(page, it any) part { return part{page, it} }

func (s *server) failed(w http.ResponseWriter, r *http.Request, v *visit, err error) {
	if errors.Is(err, readmodel.ErrNotFound) { // genuine, so only not there yet
		p := s.bare(r, v, "soon")
		p.Refresh = r.URL.RequestURI()
		s.render(w, http.StatusOK, p)
		return
	}
	s.complain("show a customer's page", err)
	s.stop(w, r, v, http.StatusServiceUnavailable, "down")
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
			http.Redirect(w, r, v.with("after", fmt.Sprint(o.Sequence)), http.StatusSeeOther) //nolint:gosec // to the visitor's own page
			return
		case err == nil:
			s.late(w, r, v, o.Code, o.Sequence)
			return
		case !errors.Is(err, readmodel.ErrNotFound) && ctx.Err() == nil:
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
