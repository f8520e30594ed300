package api

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"pitstop/api/web"
	"pitstop/schemas/garage"
	"pitstop/schemas/readmodel"
	"pitstop/schemas/repair"
	"pitstop/schemas/request"
)

// commands turns requests into commands, and answers with what became of them.
type commands struct {
	reads
	requests *request.Builder
	garages  *garage.Book
}

// Huma looks only into exported types.

// Writing is what every request for a command carries beside its body.
type Writing struct {
	Key    string `header:"Idempotency-Key" required:"true" maxLength:"200" pattern:"\\S" doc:"Names the request within its repair, for its caller: repeating it with the same key within 7 days changes nothing and gets the same answer."`
	Prefer string `header:"Prefer" doc:"respond-async: answer 202 at once."`
	Garage string `query:"garage" doc:"Which of the token's garages; needed only when it names several."`
}

// Existing is a request about a repair that exists.
type Existing struct {
	Writing
	ID string `path:"id" doc:"The repair's id."`
}

// Quoted is a request about one revision of a quote.
type Quoted struct {
	Existing
	Revision int32 `path:"revision" minimum:"1" maximum:"100000" doc:"Number of the quote, from 1."`
}

// CommandReply says what became of a command.
type CommandReply struct {
	CommandID string           `json:"command_id"`
	RepairID  string           `json:"repair_id"`
	Result    readmodel.Result `json:"result" enum:"accepted,pending"`
	State     repair.State     `json:"state,omitempty" doc:"The repair's state afterwards."`
	Sequence  int64            `json:"sequence,omitempty" doc:"Of the repair's last event: pass it as ?after= to read what was written."`
}

// Reply is the answer to a request for a command.
type Reply[T any] struct {
	Status            int
	Location          string `header:"Location"`
	Replayed          string `header:"Idempotent-Replayed"`
	PreferenceApplied string `header:"Preference-Applied"`
	Body              T
}

// answered is a command that was not refused; outcome is nil while pending.
type answered struct {
	command repair.Command
	outcome *repair.Outcome
	async   bool
}

// ask builds a command and waits for its outcome. A refusal is an error.
func (c commands) ask(ctx context.Context, in Writing, r request.Request) (answered, error) {
	r.Key, r.Actor = strings.TrimSpace(in.Key), actorOf(ctx)
	if err := c.granted(ctx, r.Garage); err != nil {
		return answered{}, err
	}
	a := answered{async: strings.Contains(strings.ToLower(in.Prefer), "respond-async")}
	var err error
	if a.command, err = c.requests.Build(r); err != nil {
		return a, c.sendError(err)
	}
	patience := c.patience
	if a.async {
		patience = 0
	}
	if a.outcome, err = c.commands.Ask(ctx, a.command, patience); err != nil {
		return a, c.sendError(err)
	}
	if o := a.outcome; o != nil && o.Code != "" {
		p := web.NewProblem(o.Code, o.Detail, o.Errors...)
		if o.Result == repair.Duplicate {
			p = p.With("Idempotent-Replayed", "true")
		}
		return a, p
	}
	return a, nil
}

// granted refuses an actor who lacks a right in the garage's file.
func (c commands) granted(ctx context.Context, garageID string) error {
	right, _ := ctx.Value(rightKey{}).(string)
	if right == "" {
		return nil
	}
	if p, ok := c.garages.Garage(garageID); ok && slices.Contains(p.Integrators, right) {
		return nil
	}
	return notGranted(garageID, right)
}

func notGranted(garages, right string) *web.Problem {
	return forbidden("the garage %s does not let programs do this: its entry in the garage file does not list %s under integrators", garages, right)
}

func (c commands) sendError(err error) error {
	if invalid := new(request.Invalid); errors.As(err, &invalid) {
		return web.NewProblem(web.CodeInvalid, "see errors", invalid.Errors...)
	}
	web.LogFailure(c.log, "send a command", err)
	return web.NewProblem(web.CodeUnavailable, "the request may or may not have been taken: repeat it with the same key").With("Retry-After", "1")
}

// reply answers with a body around the common part.
func reply[T any](a answered, location string, body func(CommandReply) T) *Reply[T] {
	head := a.command.Head()
	c := CommandReply{CommandID: head.EventID, RepairID: head.AggregateID, Result: readmodel.Pending}
	if a.outcome == nil {
		r := &Reply[T]{Status: http.StatusAccepted, Location: "/v1/commands/" + c.CommandID, Body: body(c)}
		if a.async {
			r.PreferenceApplied = "respond-async"
		}
		return r
	}
	c.Result, c.State, c.Sequence = readmodel.Accepted, a.outcome.State, a.outcome.Sequence
	r := &Reply[T]{Status: http.StatusOK, Body: body(c)}
	if location != "" {
		r.Status, r.Location = http.StatusCreated, location
	}
	if a.outcome.Result == repair.Duplicate {
		r.Replayed = "true"
	}
	return r
}

func plain(c CommandReply) CommandReply { return c }

// bodyOf is a pointer to a B, which is a request's body.
type bodyOf[B any] interface {
	*B
	request.Body
}

// about handles a request about an existing repair that needs nothing of its own.
func about[B any, P bodyOf[B]](c commands) func(context.Context, *struct {
	Existing
	Body B
}) (*Reply[CommandReply], error) {
	return func(ctx context.Context, in *struct {
		Existing
		Body B
	},
	) (*Reply[CommandReply], error) {
		return c.simple(ctx, in.Existing, request.Request{Body: P(&in.Body)})
	}
}

// aboutOptional is about for a body that may be absent.
func aboutOptional[B any, P bodyOf[B]](c commands) func(context.Context, *struct {
	Existing
	Body *B
}) (*Reply[CommandReply], error) {
	return func(ctx context.Context, in *struct {
		Existing
		Body *B
	},
	) (*Reply[CommandReply], error) {
		return c.simple(ctx, in.Existing, request.Request{Body: P(given(in.Body))})
	}
}

// given is the body, or an empty one.
func given[B any](body *B) *B {
	if body == nil {
		return new(B)
	}
	return body
}

func (c commands) simple(ctx context.Context, in Existing, r request.Request) (*Reply[CommandReply], error) {
	a, err := c.within(ctx, in, r)
	if err != nil {
		return nil, err
	}
	return reply(a, "", plain), nil
}

// within asks for a command on an existing repair.
func (c commands) within(ctx context.Context, in Existing, r request.Request) (answered, error) {
	garage, err := c.scope(ctx, in)
	if err != nil {
		return answered{}, err
	}
	r.Garage, r.RepairID = garage, in.ID
	return c.ask(ctx, in.Writing, r)
}

// scope says for which garage the caller acts on a repair. With one garage that
// is clear, and lifecycle says whether the repair is its; with several the read
// model knows, though it may lag a moment behind a repair just started.
func (c commands) scope(ctx context.Context, in Existing) (string, error) {
	caller := web.CallerOf(ctx)
	notFound := web.NewProblem(web.CodeNotFound, "there is no such repair in your garage")
	switch {
	case !repair.ValidID(in.ID):
		return "", notFound
	case in.Garage != "" && !caller.MayUse(in.Garage):
		return "", notFound
	case in.Garage != "":
		return in.Garage, nil
	case len(caller.Garages) == 1:
		return caller.Garages[0], nil
	}
	if garage, _ := c.commands.Newest(in.ID); caller.MayUse(garage) {
		return garage, nil
	}
	v, err := c.read(ctx, ReadOne{ID: in.ID, After: 1}, begun)
	if err != nil {
		return "", err
	}
	return v.GarageID, nil
}

func (c commands) startRepair(ctx context.Context, in *struct {
	Writing
	Body request.StartRepair
},
) (*Reply[CommandReply], error) {
	caller, garage := web.CallerOf(ctx), in.Body.Garage
	if garage == "" {
		garage = in.Garage
	}
	switch {
	case garage == "" && len(caller.Garages) == 1:
		garage = caller.Garages[0]
	case garage == "":
		return nil, web.NewProblem(web.CodeInvalid, "see errors", repair.FieldError{
			Pointer: "/garage", Detail: "is missing: your token names " + strings.Join(caller.Garages, ", "),
		})
	case in.Garage != "" && in.Garage != garage:
		return nil, web.NewProblem(web.CodeInvalid, "see errors", repair.FieldError{
			Pointer: "/garage", Detail: fmt.Sprintf("is %q in the body and %q in the address: give it once", garage, in.Garage),
		})
	case !caller.MayUse(garage):
		return nil, web.NewProblem(web.CodeForbidden, "your token does not name the garage "+garage)
	}
	a, err := c.ask(ctx, in.Writing, request.Request{Garage: garage, Body: &in.Body})
	if err != nil {
		return nil, err
	}
	return reply(a, "/v1/repairs/"+a.command.Head().AggregateID, plain), nil
}

// QuoteReply adds the revision and its price.
type QuoteReply struct {
	CommandReply
	Revision int32            `json:"revision,omitempty"`
	Currency string           `json:"currency,omitempty"`
	Total    *int64           `json:"total,omitempty"`
	VAT      *[]readmodel.VAT `json:"vat,omitempty"`
	Lines    []LineTotal      `json:"lines,omitempty"`
}

// LineTotal is what one line comes to.
type LineTotal struct {
	Line  int32 `json:"line"`
	Total int64 `json:"total"`
}

func (c commands) requestApproval(ctx context.Context, in *struct {
	Existing
	Body request.RequestApproval
},
) (*Reply[QuoteReply], error) {
	a, err := c.within(ctx, in.Existing, request.Request{Body: &in.Body})
	if err != nil {
		return nil, err
	}
	if a.outcome == nil {
		return reply(a, "", func(c CommandReply) QuoteReply { return QuoteReply{CommandReply: c} }), nil
	}
	revision := a.outcome.Revision
	price, err := a.command.(*repair.RequestApproval).Work.Price()
	if err != nil { // lifecycle computed the same
		return nil, web.NewProblem(web.CodeInternal, "")
	}
	return reply(a, fmt.Sprintf("/v1/repairs/%s/quotes/%d", in.ID, revision), func(c CommandReply) QuoteReply {
		vat := []readmodel.VAT{}
		for _, v := range price.VAT {
			vat = append(vat, readmodel.VAT{Rate: v.Rate, Amount: v.Amount})
		}
		q := QuoteReply{CommandReply: c, Revision: revision, Currency: price.Currency, Total: &price.Total, VAT: &vat}
		for _, l := range price.Lines {
			q.Lines = append(q.Lines, LineTotal{l.Number, l.Total})
		}
		return q
	}), nil
}

func (c commands) withdrawQuote(ctx context.Context, in *struct {
	Quoted
	Body *request.WithdrawQuote
},
) (*Reply[CommandReply], error) {
	return c.simple(ctx, in.Existing, request.Request{Revision: in.Revision, Body: given(in.Body)})
}

// DecisionReply adds what the answers come to.
type DecisionReply struct {
	CommandReply
	Decision      repair.Decision `json:"decision,omitempty" enum:"approved,partly_approved,rejected"`
	ApprovedTotal *int64          `json:"approved_total,omitempty"`
}

func (c commands) decideQuote(ctx context.Context, in *struct {
	Quoted
	Body request.DecideQuote
},
) (*Reply[DecisionReply], error) {
	a, err := c.within(ctx, in.Existing, request.Request{Revision: in.Revision, Body: &in.Body})
	if err != nil {
		return nil, err
	}
	return reply(a, "", func(c CommandReply) DecisionReply {
		d := DecisionReply{CommandReply: c}
		if a.outcome != nil {
			d.Decision, d.ApprovedTotal = a.outcome.Decision, &a.outcome.ApprovedTotal
		}
		return d
	}), nil
}

// requestLink answers 202 also to what was accepted: the mail is still to be sent.
func (c commands) requestLink(ctx context.Context, in *struct {
	Existing
	Body *request.RequestLink
},
) (*Reply[CommandReply], error) {
	r, err := c.simple(ctx, in.Existing, request.Request{Body: given(in.Body)})
	if err != nil {
		return nil, err
	}
	r.Status = http.StatusAccepted
	return r, nil
}

// revokeLinks takes a key, and needs none: repeated, it ends what ended.
func (c commands) revokeLinks(ctx context.Context, in *struct {
	ID     string `path:"id" doc:"The repair's id."`
	Key    string `header:"Idempotency-Key" maxLength:"200" doc:"Names the request; absent: every request is another."`
	Prefer string `header:"Prefer" doc:"respond-async: answer 202 at once."`
	Garage string `query:"garage" doc:"Which of the token's garages; needed only when it names several."`
},
) (*Reply[CommandReply], error) {
	writing := Writing{Key: cmp.Or(strings.TrimSpace(in.Key), rand.Text()), Prefer: in.Prefer, Garage: in.Garage}
	return c.simple(ctx, Existing{writing, in.ID}, request.Request{Body: new(request.RevokeLinks)})
}

func (c commands) postMessage(ctx context.Context, in *struct {
	Existing
	Body request.PostMessage
},
) (*Reply[CommandReply], error) {
	a, err := c.within(ctx, in.Existing, request.Request{Body: &in.Body})
	if err != nil {
		return nil, err
	}
	return reply(a, "/v1/repairs/"+in.ID+"/timeline", plain), nil
}
