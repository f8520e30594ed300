package api

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"pitstop/api/web"
	"pitstop/schemas/locale"
	"pitstop/schemas/readmodel"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
	"pitstop/schemas/typed"
)

// reads answers from the read model.
type reads struct {
	store    Store
	commands Commands
	patience time.Duration
	log      *slog.Logger
}

// failed turns an error of the read model into a problem.
func (r reads) failed(err error) error {
	switch {
	case errors.Is(err, readmodel.ErrNotFound):
		return web.NewProblem(web.CodeNotFound, notFound)
	case errors.Is(err, readmodel.ErrCursor):
		return web.NewProblem(web.CodeInvalid, "the cursor is not one that was given out here", repair.FieldError{
			Pointer: "/cursor", Detail: "ask for the first page without a cursor",
		})
	}
	web.LogFailure(r.log, "read the read model", err)
	return web.NewProblem(web.CodeUnavailable, "the read model cannot be asked; try again in a moment").With("Retry-After", "1")
}

// body is an answer that has only a body.
type body[T any] struct{ Body T }

// ReadOne asks for one repair.
type ReadOne struct {
	ID    string `path:"id" doc:"The repair's id."`
	After int64  `query:"after" minimum:"0" doc:"Wait up to 2 s until this sequence is readable."`
}

// newest returns how far a repair of the caller's garages is, as far as outcomes told.
func (r reads) newest(ctx context.Context, id string) int64 {
	garage, sequence := r.commands.Newest(id)
	if !web.CallerOf(ctx).MayUse(garage) { // and whoever else asks for it waits no longer than for what there is not
		return 0
	}
	return sequence
}

// read returns a repair of the caller's garages, with all that this process has heard
// of, if the read model has it in time. What another process answered for may be known
// here a moment later, by its outcome, unless this process started since, or in the read
// model: until then, nothing that has asks for is missing. It waits no longer than its
// patience, for all of that together.
func (r reads) read(ctx context.Context, in ReadOne, has func(*readmodel.Repair) bool) (*readmodel.Repair, error) {
	if !repair.ValidID(in.ID) {
		return nil, r.failed(readmodel.ErrNotFound)
	}
	waiting, cancel := context.WithTimeout(ctx, r.patience)
	defer cancel()
	v, waited, err := r.look(ctx, waiting, in)
	if err == nil && !has(v) && waited <= v.Sequence {
		var news bool
		if news, err = r.news(waiting, in.ID, v.Sequence); news {
			v, _, err = r.look(ctx, waiting, in)
		}
	}
	switch {
	case err != nil:
		return nil, r.failed(err)
	case !has(v) && r.newest(ctx, in.ID) > v.Sequence: // it may be there in a moment
		return nil, web.NewProblem(web.CodeUnavailable, "it cannot be read yet; try again in a moment").With("Retry-After", "1")
	case !begun(v):
		return nil, r.failed(readmodel.ErrNotFound)
	}
	return v, nil
}

// hearsay is the part of its patience that a request for what nobody here has heard of
// waits for news of it.
const hearsay = 4

// news waits until a repair of the caller's garages is further than sequence, as far as
// this process has heard or the read model has it, and reports whether it is.
func (r reads) news(ctx context.Context, id string, sequence int64) (bool, error) {
	heard := false
	v, err := r.reach(ctx, r.patience/hearsay, id, sequence+1, func() bool {
		heard = r.newest(ctx, id) > sequence
		return heard
	})
	return heard || v != nil, err
}

// look returns a repair once the read model has all of it that is asked for or heard of,
// and the sequence that it waited for: until waiting ends, after which it is read all the
// same.
func (r reads) look(ctx, waiting context.Context, in ReadOne) (v *readmodel.Repair, waited int64, err error) {
	if waited = max(in.After, r.newest(ctx, in.ID)); waited > 0 {
		v, err = r.reach(waiting, r.patience, in.ID, waited, func() bool { return false })
	}
	if v == nil && err == nil {
		v, err = r.stored(ctx, in.ID)
	}
	return v, waited, err
}

// reach waits until the read model has a repair of the caller's garages up to a sequence,
// and returns it; nil: it has not, or enough came before. The repair itself, which costs
// the read model more than its sequence, is asked for once the sequence is there. That is
// anybody's: where the repair is another garage's, or none, the wait is as long.
func (r reads) reach(ctx context.Context, patience time.Duration, id string, sequence int64, enough func() bool) (v *readmodel.Repair, err error) {
	next := sequence // that is worth asking for the repair
	_, err = web.Wait(ctx, patience, func(ctx context.Context) (bool, error) {
		if enough() {
			return true, nil
		}
		there, err := r.store.Sequence(ctx, id)
		if errors.Is(err, readmodel.ErrNotFound) {
			err = nil
		}
		if err != nil || there < next {
			return false, err
		}
		got, err := r.stored(ctx, id)
		if err != nil {
			return false, err
		}
		if next = there + 1; got.Sequence >= sequence {
			v = got
		}
		return v != nil, nil
	})
	return v, err
}

// stored returns a repair as the read model has it; one that it lacks, without events.
func (r reads) stored(ctx context.Context, id string) (*readmodel.Repair, error) {
	v, err := r.store.Repair(ctx, web.CallerOf(ctx).Sight(), id)
	if errors.Is(err, readmodel.ErrNotFound) {
		return new(readmodel.Repair), nil
	}
	return v, err
}

// begun reports whether there is a repair.
func begun(v *readmodel.Repair) bool { return v.Sequence > 0 }

const notFound = "it does not exist, or not in your garage"

func (r reads) getRepair(ctx context.Context, in *ReadOne) (*body[*readmodel.Repair], error) {
	v, err := r.read(ctx, *in, begun)
	return &body[*readmodel.Repair]{v}, err
}

func (r reads) getQuote(ctx context.Context, in *struct {
	ReadOne
	Revision int32 `path:"revision" minimum:"1" maximum:"100000" doc:"Number of the quote, from 1."`
},
) (*body[readmodel.Quote], error) {
	revision := func(q readmodel.Quote) bool { return q.Revision == in.Revision }
	v, err := r.read(ctx, in.ReadOne, func(v *readmodel.Repair) bool { return slices.ContainsFunc(v.Quotes, revision) })
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(v.Quotes, revision)
	if i < 0 {
		return nil, web.NewProblem(web.CodeNotFound, "the repair has no such quote")
	}
	return &body[readmodel.Quote]{v.Quotes[i]}, nil
}

func (r reads) getTimeline(ctx context.Context, in *ReadOne) (*body[*readmodel.Timeline], error) {
	if _, err := r.read(ctx, *in, begun); err != nil {
		return nil, err
	}
	t, err := r.store.Timeline(ctx, web.CallerOf(ctx).Sight(), in.ID)
	if err != nil {
		return nil, r.failed(err)
	}
	return &body[*readmodel.Timeline]{t}, nil
}

// getCommand answers pending for an unknown command: it may still be on its way,
// and nobody knows yet whose it is.
func (r reads) getCommand(ctx context.Context, in *struct {
	ID string `path:"id" doc:"The command's id."`
},
) (*body[readmodel.CommandOutcome], error) {
	if !repair.ValidID(in.ID) {
		return nil, r.failed(readmodel.ErrNotFound)
	}
	o, err := r.store.Outcome(ctx, in.ID)
	if errors.Is(err, readmodel.ErrNotFound) {
		return &body[readmodel.CommandOutcome]{readmodel.CommandOutcome{CommandID: in.ID, Result: readmodel.Pending}}, nil
	}
	if err == nil && (o.Sender.ID != web.CallerOf(ctx).Subject || !web.CallerOf(ctx).MayUse(o.GarageID)) {
		err = readmodel.ErrNotFound
	}
	if err != nil {
		return nil, r.failed(err)
	}
	return &body[readmodel.CommandOutcome]{*o}, nil
}

// Paging holds the parameters of every list.
type Paging struct {
	Garage string `query:"garage" doc:"Only this garage; absent: all of the token's."`
	Cursor string `query:"cursor" doc:"Of the page before; absent: the first page."`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"The most rows of a page."`
}

// garages returns the garages a list is about.
func (r reads) garages(ctx context.Context, garage string) ([]string, error) {
	caller := web.CallerOf(ctx)
	if garage == "" {
		return caller.Garages, nil
	}
	if !caller.MayUse(garage) {
		return nil, web.NewProblem(web.CodeForbidden, "your token does not name the garage "+garage)
	}
	return []string{garage}, nil
}

func (r reads) listRepairs(ctx context.Context, in *struct {
	Paging
	States       []repair.State `query:"state" enum:"in_progress,awaiting_approval,completed,collected,cancelled" doc:"Only repairs in one of these states, separated by commas."`
	ChangedSince moment         `query:"changed_since" doc:"Only repairs of which something was written down at or after this time, whenever it happened."`
	Plate        string         `query:"plate" doc:"Number plate, with or without hyphens."`
	ExternalRef  string         `query:"external_ref" doc:"The garage's own order number."`
},
) (*body[readmodel.Page[readmodel.RepairItem]], error) {
	garages, err := r.garages(ctx, in.Garage)
	if err != nil {
		return nil, err
	}
	plate := locale.NormalizePlate(in.Plate)
	if in.Plate != "" && plate == "" {
		return nil, web.NewProblem(web.CodeInvalid, "see errors", repair.FieldError{Pointer: "/plate", Detail: "has neither letters nor digits"})
	}
	page, err := r.store.Repairs(ctx, readmodel.RepairFilter{
		Garages: garages, States: in.States, ChangedSince: time.Time(in.ChangedSince),
		Plate: plate, ExternalRef: typed.Clean(in.ExternalRef),
		Cursor: in.Cursor, Limit: in.Limit,
	})
	return listed(r, page, err)
}

func (r reads) listConversations(ctx context.Context, in *struct {
	Paging
	Filter string `query:"filter" enum:"needs-reply,waiting,call" doc:"needs-reply: a customer's message is unanswered; waiting: a quote is open; call: somebody should call the customer."`
	Query  string `query:"q" maxLength:"200" doc:"Part of a plate, a name, an order number or a repair's id."`
	Sort   string `query:"sort" enum:"waiting,recent" default:"waiting" doc:"waiting: who waits longest first; recent: what happened last first."`
},
) (*body[readmodel.Page[readmodel.Conversation]], error) {
	garages, err := r.garages(ctx, in.Garage)
	if err != nil {
		return nil, err
	}
	page, err := r.store.Conversations(ctx, readmodel.ConversationFilter{
		Garages: garages, Filter: in.Filter, Query: typed.Clean(in.Query), Sort: in.Sort, Cursor: in.Cursor, Limit: in.Limit,
	})
	for i := range page.Items {
		web.CallerOf(ctx).Sight().Conversation(&page.Items[i])
	}
	return listed(r, page, err)
}

func listed[T any](r reads, page readmodel.Page[T], err error) (*body[readmodel.Page[T]], error) {
	if err != nil {
		return nil, r.failed(err)
	}
	if page.Items == nil {
		page.Items = []T{}
	}
	return &body[readmodel.Page[T]]{page}, nil
}

// latencyDays is how far back a query of latencies reaches without a from.
const latencyDays = 30

func (r reads) getLatencies(ctx context.Context, in *struct {
	Measure string `query:"measure" required:"true" doc:"delivery, view, response, approval, staff_response, resume, customer_wait or turnaround."`
	Garage  string `query:"garage" doc:"Only this garage; absent: all of the token's."`
	From    moment `query:"from" doc:"Waits that began at or after this; absent: 30 days before to, or before now."`
	To      moment `query:"to" doc:"Waits that began before this; absent: all until now."`
	GroupBy string `query:"group_by" enum:"day,mechanic" doc:"Absent: all in one row."`
},
) (*body[*readmodel.Latencies], error) {
	garages, err := r.garages(ctx, in.Garage)
	if err != nil {
		return nil, err
	}
	q := readmodel.LatencyQuery{Measure: in.Measure, Garages: garages, From: time.Time(in.From), To: time.Time(in.To), GroupBy: in.GroupBy}
	if q.From.IsZero() {
		until := q.To
		if until.IsZero() { // the read model knows the time, also where it is simulated
			if until, err = r.store.AsOf(ctx); err != nil {
				return nil, r.failed(err)
			}
		}
		q.From = until.AddDate(0, 0, -latencyDays)
	}
	var errs []repair.FieldError
	if !slices.Contains(record.Measures, record.Measure(in.Measure)) {
		errs = append(errs, repair.FieldError{Pointer: "/measure", Detail: "is not one of the measures"})
	}
	if !q.To.IsZero() && !q.From.Before(q.To) {
		errs = append(errs, repair.FieldError{Pointer: "/from", Detail: "must lie before to"})
	}
	if len(errs) > 0 {
		return nil, web.NewProblem(web.CodeInvalid, "see errors", errs...)
	}
	l, err := r.store.Latencies(ctx, q)
	if err != nil {
		return nil, r.failed(err)
	}
	if l.Rows == nil {
		l.Rows = []readmodel.LatencyRow{}
	}
	return &body[*readmodel.Latencies]{l}, nil
}
