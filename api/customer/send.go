package customer

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"pitstop/api/web"
	"pitstop/schemas/readmodel"
	"pitstop/schemas/repair"
	"pitstop/schemas/request"
)

// submit sends a visitor's request as a command.
func (d *door) submit(ctx context.Context, v *visit, r request.Request, patience time.Duration) (*repair.Outcome, string, error) {
	r.Garage, r.RepairID = v.repair.GarageID, v.repair.RepairID
	r.Actor, r.Now, r.Link = repair.Actor{Role: v.role(), ID: v.person.ID}, v.now, v.link
	cmd, err := d.Requests.Build(r)
	if err != nil {
		return nil, "", err
	}
	o, err := d.Commands.Ask(ctx, cmd, patience)
	return o, cmd.Head().EventID, err
}

// take submits a form and waits for the outcome. seen is the error of recording the
// view before it: with one, nothing is submitted and take returns it.
func (d *door) take(ctx context.Context, v *visit, seen error, r request.Request) (*repair.Outcome, string, error) {
	if seen != nil {
		return nil, "", seen
	}
	return d.submit(ctx, v, r, d.Patience)
}

// sawIt records that the visitor saw an open quote: whoever sends a form did. It
// logs its error; after one, the form must not be accepted either.
func (d *door) sawIt(ctx context.Context, v *visit, q *readmodel.Quote) error {
	if q == nil || q.ViewedAt != nil || !v.decides {
		return nil
	}
	_, _, err := d.submit(ctx, v, request.Request{
		Revision: q.Revision, Key: fmt.Sprintf("view.%d", q.Revision), Body: new(request.RecordView),
	}, 0)
	if err != nil {
		web.LogFailure(d.Log, "record a view", err)
	}
	return err
}

// done redirects to the page, and the place on it, that shows the result.
func (d *door) done(w http.ResponseWriter, r *http.Request, v *visit, o *repair.Outcome, id, place string) {
	switch {
	case o == nil:
		http.Redirect(w, r, v.with("pending", id)+place, http.StatusSeeOther) //nolint:gosec // to the visitor's own page
	case o.Code == "":
		http.Redirect(w, r, v.with("after", fmt.Sprint(o.Sequence))+place, http.StatusSeeOther) //nolint:gosec // as above
	default:
		d.late(w, r, v, o.Code, o.Sequence)
	}
}
