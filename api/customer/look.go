package customer

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"pitstop/api/web"
	"pitstop/schemas/readmodel"
)

// look shows the page.
func (d *door) look(w http.ResponseWriter, r *http.Request, v *visit) {
	if id := r.URL.Query().Get("pending"); id != "" {
		d.pending(w, r, v, id)
		return
	}
	d.show(w, r, v)
}

// show shows the repair as it is, unless the read model is known to lag behind: a quote
// that it has open may be decided.
func (d *door) show(w http.ResponseWriter, r *http.Request, v *visit) {
	if v.behind {
		d.soon(w, r, v)
		return
	}
	d.render(w, http.StatusOK, d.dress(r, v, v.page()))
}

// pending waits for the outcome of a decision or message that had none in time.
func (d *door) pending(w http.ResponseWriter, r *http.Request, v *visit, id string) {
	var o *readmodel.CommandOutcome
	known, err := web.Wait(r.Context(), d.Patience, func(ctx context.Context) (known bool, err error) {
		o, err = d.Store.Outcome(ctx, id)
		if errors.Is(err, readmodel.ErrNotFound) {
			return false, nil
		}
		return err == nil, err
	})
	switch {
	case err != nil:
		d.failed(w, r, v, err)
	case !known:
		d.busy(w, r, v)
	case o.RepairID != v.repair.RepairID:
		d.show(w, r, v)
	case o.Code == "":
		http.Redirect(w, r, v.with("after", fmt.Sprint(o.Sequence)), http.StatusSeeOther) //nolint:gosec // to the visitor's own page
	default:
		d.late(w, r, v, o.Code, o.Sequence)
	}
}

// viewed records a view, which the script of a visible page sends, again after a 503.
func (d *door) viewed(w http.ResponseWriter, r *http.Request, v *visit) {
	n, _ := strconv.ParseInt(r.PostForm.Get("revision"), 10, 32) // 0: none
	if err := d.sawIt(r.Context(), v, v.revision(int32(n))); err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
