package api

import (
	"context"
	"errors"
	"slices"
	"time"

	"pitstop/schemas/locale"
	"pitstop/schemas/readmodel"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// body is an answer that has only a body.
type body[T any] struct{ Body T }

// ReadOne asks for one repair.
type ReadOne struct {
	ID    string `path:"id" doc:"The repair's id."`
	After int64  `query:"after" minimum:"0" doc:"Wait up to 2 s until this sequence is readable."`
}

// read gives a repair of the caller's garages.
func (s *server) read(ctx context.Context, in ReadOne) (*readmodel.Repair, error) {
	if !repair.ValidID(in.ID) {
		return nil, s.readError(readmodel.ErrNotFound)
	}
	if in.After > 0 {
		if err := s.reach(ctx, in.ID, in.After); err != nil {
			return nil, err
		}
	}
	v, err := s.Store.Repair(ctx, callerOf(ctx).Garages, in.ID)
	if err != nil {
		return nil, s.readError(err)
	}
	return v, nil
}

func (s *server) getRepair(ctx context.Context, in *ReadOne) (*body[*readmodel.Repair], error) {
	v, err := s.read(ctx, *in)
	return &body[*readmodel.Repair]{v}, err
}

func (s *server) getQuote(ctx context.Context, in *struct {
	ReadOne
	Revision int32 `path:"revision" minimum:"1" doc:"Number of the quote, from 1."`
},
) (*body[readmodel.Quote], error) {
	v, err := s.read(ctx, in.ReadOne)
	if err != nil {
		return nil, err
	}
	for _, q := range v.Quotes {
		if q.Revision == in.Revision {
			return &body[readmodel.Quote]{q}, nil
		}
	}
	return nil, problem(codeNotFound, "the repair has no such quote")
}

func (s *server) getTimeline(ctx context.Context, in *ReadOne) (*body[*readmodel.Timeline], error) {
	if _, err := s.read(ctx, *in); err != nil {
		return nil, err
	}
	t, err := s.Store.Timeline(ctx, callerOf(ctx).Garages, in.ID)
	if err != nil {
		return nil, s.readError(err)
	}
	return &body[*readmodel.Timeline]{t}, nil
}

// getCommand answers pending for what is not known: it may become known, and
// whose it is, is not known either.
func (s *server) getCommand(ctx context.Context, in *struct {
	ID string `path:"id" doc:"The command's id."`
},
) (*body[readmodel.CommandOutcome], error) {
	if !repair.ValidID(in.ID) {
		return nil, s.readError(readmodel.ErrNotFound)
	}
	o, err := s.Store.Outcome(ctx, in.ID)
	if errors.Is(err, readmodel.ErrNotFound) {
		return &body[readmodel.CommandOutcome]{readmodel.CommandOutcome{CommandID: in.ID, Result: readmodel.Pending}}, nil
	}
	if err == nil && (o.Sender.ID != callerOf(ctx).Subject || !callerOf(ctx).mayUse(o.GarageID)) {
		err = readmodel.ErrNotFound
	}
	if err != nil {
		return nil, s.readError(err)
	}
	return &body[readmodel.CommandOutcome]{*o}, nil
}

// Paging is what every list takes.
type Paging struct {
	Garage string `query:"garage" doc:"Only this garage; absent: all of the token's."`
	Cursor string `query:"cursor" doc:"Of the page before; absent: the first page."`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

// garages are those a list is about.
func (s *server) garages(ctx context.Context, garage string) ([]string, error) {
	caller := callerOf(ctx)
	if garage == "" {
		return caller.Garages, nil
	}
	if !caller.mayUse(garage) {
		return nil, problem(codeForbidden, "your token does not name the garage "+garage)
	}
	return []string{garage}, nil
}

func (s *server) listRepairs(ctx context.Context, in *struct {
	Paging
	State       repair.State `query:"state" enum:"in_progress,awaiting_approval,completed,collected,cancelled"`
	Plate       string       `query:"plate" doc:"Number plate, with or without hyphens."`
	ExternalRef string       `query:"external_ref" doc:"The garage's own order number."`
},
) (*body[readmodel.Page[readmodel.RepairItem]], error) {
	garages, err := s.garages(ctx, in.Garage)
	if err != nil {
		return nil, err
	}
	page, err := s.Store.Repairs(ctx, readmodel.RepairFilter{
		Garages: garages, State: in.State, Plate: locale.NormalizePlate(in.Plate), ExternalRef: in.ExternalRef,
		Cursor: in.Cursor, Limit: in.Limit,
	})
	return listed(s, page, err)
}

func (s *server) listConversations(ctx context.Context, in *struct {
	Paging
	Filter string `query:"filter" enum:"needs-reply,waiting,call" doc:"needs-reply: a customer's message is unanswered; waiting: a quote is open; call: somebody should call the customer."`
	Query  string `query:"q" maxLength:"200" doc:"Part of a plate, a name, an order number or a repair's id."`
	Sort   string `query:"sort" enum:"waiting,recent" default:"waiting" doc:"waiting: who waits longest first; recent: what happened last first."`
},
) (*body[readmodel.Page[readmodel.Conversation]], error) {
	garages, err := s.garages(ctx, in.Garage)
	if err != nil {
		return nil, err
	}
	page, err := s.Store.Conversations(ctx, readmodel.ConversationFilter{
		Garages: garages, Filter: in.Filter, Query: in.Query, Sort: in.Sort, Cursor: in.Cursor, Limit: in.Limit,
	})
	return listed(s, page, err)
}

func listed[T any](s *server, page readmodel.Page[T], err error) (*body[readmodel.Page[T]], error) {
	if err != nil {
		return nil, s.readError(err)
	}
	if page.Items == nil {
		page.Items = []T{}
	}
	return &body[readmodel.Page[T]]{page}, nil
}

// latencyDays is how far back a question about latencies reaches that does not say.
const latencyDays = 30

func (s *server) getLatencies(ctx context.Context, in *struct {
	Measure string    `query:"measure" required:"true" doc:"delivery, view, response, approval, staff_response, resume, customer_wait or turnaround."`
	Garage  string    `query:"garage" doc:"Only this garage; absent: all of the token's."`
	From    time.Time `query:"from" doc:"Waits that began at or after this; absent: 30 days before to, or before now."`
	To      time.Time `query:"to" doc:"Waits that began before this; absent: all until now."`
	GroupBy string    `query:"group_by" enum:"day,mechanic" doc:"Absent: all in one row."`
},
) (*body[*readmodel.Latencies], error) {
	garages, err := s.garages(ctx, in.Garage)
	if err != nil {
		return nil, err
	}
	q := readmodel.LatencyQuery{Measure: in.Measure, Garages: garages, From: in.From, To: in.To, GroupBy: in.GroupBy}
	if q.From.IsZero() {
		until := q.To
		if until.IsZero() { // the read model knows what time it is, where time is simulated too
			if until, err = s.Store.AsOf(ctx); err != nil {
				return nil, s.readError(err)
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
		return nil, problem(codeInvalid, "see errors", errs...)
	}
	l, err := s.Store.Latencies(ctx, q)
	if err != nil {
		return nil, s.readError(err)
	}
	if l.Rows == nil {
		l.Rows = []readmodel.LatencyRow{}
	}
	return &body[*readmodel.Latencies]{l}, nil
}
