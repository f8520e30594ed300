package customer

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"pitstop/api/web"
	"pitstop/schemas/garage"
	"pitstop/schemas/locale"
	"pitstop/schemas/readmodel"
	"pitstop/schemas/repair"
)

// failed shows that the repair cannot be read yet, or not at the moment.
func (d *door) failed(w http.ResponseWriter, r *http.Request, v *visit, err error) {
	if errors.Is(err, readmodel.ErrNotFound) { // the link is genuine, so the read model is behind
		d.soon(w, r, v)
		return
	}
	web.LogFailure(d.Log, "show a customer's page", err)
	d.stop(w, r, v, http.StatusServiceUnavailable, "down")
}

// lateText says why a decision was not taken.
var lateText = map[repair.Code]string{
	repair.Superseded: "late superseded", repair.Expired: "late expired", repair.Withdrawn: "late withdrawn",
	repair.AlreadyDecided: "late decided", repair.IllegalState: "late state", repair.TotalMismatch: "late total",
	repair.Forbidden: "late not allowed",
}

// late shows the repair as it is after a refusal, and says what was refused.
func (d *door) late(w http.ResponseWriter, r *http.Request, v *visit, code repair.Code, sequence int64) {
	if code == repair.LinkEnded {
		d.stop(w, r, v, http.StatusGone, "ended")
		return
	}
	key, ok := lateText[code]
	if !ok {
		key = "late state"
	}
	if sequence > v.repair.Sequence {
		if err := d.refresh(r.Context(), v, sequence); err != nil {
			d.failed(w, r, v, err)
			return
		}
	}
	d.refuse(w, r, v, web.NewProblem(code, "").Status, key)
}

// refresh reads the repair again, once the read model has its event number sequence.
func (d *door) refresh(ctx context.Context, v *visit, sequence int64) error {
	if err := web.WaitForSequence(ctx, d.Patience, d.Store, v.repair.RepairID, sequence); err != nil {
		return err
	}
	fresh, err := d.Store.Repair(ctx, sightOf(v.repair.GarageID), v.repair.RepairID)
	if err != nil {
		return err
	}
	v.repair, v.behind = fresh, fresh.Sequence < sequence
	return nil
}

func (d *door) refuse(w http.ResponseWriter, r *http.Request, v *visit, status int, key string) {
	var p *page
	if v.behind {
		p = d.bare(r, v, "soon")
		p.Refresh = v.at("")
	} else {
		p = v.page()
	}
	p.Notice = &notice{Kind: "bad", Head: v.T("late heading"), Text: v.T(key)}
	d.render(w, status, d.dress(r, v, p))
}

// bare returns a page with one message and nothing of the repair.
func (d *door) bare(r *http.Request, v *visit, what string) *page {
	p := &page{voice: v.voice, Base: v.base, Head: v.T(what + " head"), Lead: []string{v.T(what + " text")}}
	p.Title = p.Head
	if v.garage != nil {
		p.Garage = v.contact(v.garage)
		p.Title += " – " + v.garage.Name
	} else if all := d.Garages.Garages(); len(all) == 1 {
		p.Garage = v.contact(all[0])
	}
	return d.dress(r, v, p)
}

func (d *door) stop(w http.ResponseWriter, r *http.Request, v *visit, status int, what string) {
	d.render(w, status, d.bare(r, v, what))
}

// busy shows that an answer is being processed, without any form.
func (d *door) busy(w http.ResponseWriter, r *http.Request, v *visit) { d.wait(w, r, v, "busy") }

// soon shows that the read model has yet to learn what happened.
func (d *door) soon(w http.ResponseWriter, r *http.Request, v *visit) { d.wait(w, r, v, "soon") }

// later is soon for a form: the page asks for the repair.
func (d *door) later(w http.ResponseWriter, r *http.Request, v *visit, status int) {
	p := d.bare(r, v, "soon")
	p.Refresh = v.at("")
	d.render(w, status, p)
}

// wait shows a page that asks again by itself.
func (d *door) wait(w http.ResponseWriter, r *http.Request, v *visit, what string) {
	p := d.bare(r, v, what)
	p.Refresh = r.URL.RequestURI()
	d.render(w, http.StatusOK, p)
}

// page returns the page of the repair as it is, for a visit that is not behind: what has
// happened since may have decided the quote that it shows as open.
func (v *visit) page() *page {
	p := &page{voice: v.voice, Garage: v.contact(v.garage), Base: v.base, Car: carOf(v.repair.Vehicle)}
	v.story(p)
	v.steps(p)
	v.money(p)
	v.conversation(p)
	for _, q := range v.repair.Quotes {
		if q.Status == repair.StatusDecided {
			p.Earlier = append(p.Earlier, v.decided(q))
		}
	}
	if q := v.open(); q != nil && v.decides {
		p.Form = v.form(q, choice{}, nil)
	} else if q != nil {
		shown := v.proposal(q, choice{}, nil)
		p.Proposal = &shown
	}
	p.Title = fmt.Sprintf("%s – %s", p.Head, v.garage.Name)
	return p
}

func (v voice) contact(p *garage.Profile) *contact {
	return &contact{
		Name: p.Name, Phone: v.Lang.Phone(p.Phone), Tel: p.Phone,
		Hours: p.OpeningHoursText(v.Lang, v.now), Address: p.Address + ", " + p.City,
	}
}

func carOf(v readmodel.Vehicle) *car {
	return &car{
		Description: v.Description, Plate: locale.Plate(v.Plate, v.Country),
		Dutch: v.Country == "" || v.Country == "NL",
	}
}

// dress adds the link to the other language, where following it loses no input.
func (d *door) dress(r *http.Request, v *visit, p *page) *page {
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

func (d *door) render(w http.ResponseWriter, status int, p *page) {
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "60")
	}
	web.WritePage(w, d.Log, status, p.Lang, d.page, struct {
		*page
		Assets string
	}{p, d.Assets})
}
