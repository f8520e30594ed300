package simulate

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"

	"pitstop/schemas/garage"
	"pitstop/schemas/locale"
	"pitstop/schemas/readmodel"
	"pitstop/schemas/repair"
	"pitstop/schemas/request"
)

// order is a live repair as the staff of its garage handle it.
type order struct {
	*Live
	*rand.Rand
	garage         *garage.Profile
	scene          *scene // nil: none
	id             string
	mechanic, desk repair.Actor
	// What kind of repair it is: the same when it is resumed.
	quotes   int           // it will have
	patience time.Duration // with an open quote

	asked int   // requests so far
	seen  int64 // the latest sequence seen
}

func (l *Live) order(g *garage.Profile, id string, seen int64) *order {
	rng := l.rngFor(id)
	o := &order{
		Live: l, Rand: rand.New(rand.NewPCG(rng.Uint64(), uint64(l.Now().UnixNano()))), //nolint:gosec // not secret
		garage: g, id: id, seen: seen, mechanic: mechanicOf(rng, g), desk: deskOf(g),
		patience: about(rng, 75*time.Second, 0.5),
	}
	switch x := rng.Float64(); {
	case x < 0.1:
		o.quotes = 2
	case x < 0.8:
		o.quotes = 1
	}
	return o
}

// begin brings a customer's car in and works on it.
func (l *Live) begin(ctx context.Context, g *garage.Profile, ref string, c customer, s *scene) {
	o := l.order(g, repair.RepairID(g.ID, "external_ref", ref), 0)
	if s != nil {
		o.scene, o.quotes, o.patience = s, 1, forever
	}
	w, _ := price(g, c.lang, c.approver == nil, some(o.Rand, agreedJobs, 1+o.IntN(2)))
	ready := l.Now().Add(3 * time.Hour).Truncate(15 * time.Minute)
	if o.ask(ctx, o.mechanic, 0, &request.StartRepair{
		ExternalRef: ref, Vehicle: c.Vehicle, Customer: c.Person, Approver: c.approver,
		Agreed: requested(w), Bay: bay(o.Rand), ReadyAt: &ready,
	}) {
		o.work(ctx)
	}
}

// liveCustomers is above the number of any customer of a history.
const liveCustomers = 1_000_000

// work continues until the repair is over: read its state, do what is next.
func (o *order) work(ctx context.Context) {
	for sleep(ctx, o.pause()) {
		var v readmodel.Repair
		if !o.get(ctx, o.garage, fmt.Sprintf("/v1/repairs/%s?after=%d", o.id, o.seen), &v) || v.Sequence < o.seen {
			continue // the read model lags
		}
		if over := o.next(ctx, v); over {
			return
		}
	}
}

// next does what is next; it reports whether the repair is over.
func (o *order) next(ctx context.Context, v readmodel.Repair) (over bool) {
	if n := len(v.Messages); n > 0 && v.Messages[n-1].From.CustomerSide() && v.Messages[n-1].Kind == repair.Text {
		o.ask(ctx, o.desk, 0, &request.PostMessage{Kind: repair.Text, Text: pick(o.Rand, questions).reply.In(locale.Fold(v.Customer.Language))})
		return false
	}
	switch v.State {
	case repair.AwaitingApproval:
		o.wait(ctx, v)
	case repair.InProgress:
		o.progress(ctx, v)
	case repair.Completed:
		o.ask(ctx, o.desk, 0, new(request.CollectVehicle))
	default:
		return true
	}
	return false
}

func (o *order) progress(ctx context.Context, v readmodel.Repair) {
	x := o.Float64()
	if o.scene != nil {
		x = 1
	}
	switch {
	case x < 0.02:
		o.ask(ctx, o.desk, 0, &request.CancelRepair{Reason: "Klant ziet ervan af"})
	case x < 0.1:
		later := o.Now().Add(5 * time.Hour).Truncate(15 * time.Minute)
		o.ask(ctx, o.mechanic, 0, &request.Change{ReadyAt: &later})
	case len(v.Quotes) < o.quotes:
		w, _ := price(o.garage, locale.Fold(v.Customer.Language), v.Approver == nil, some(o.Rand, extraJobs, 1+o.IntN(3)))
		o.ask(ctx, o.mechanic, 0, &request.RequestApproval{Work: requested(w), ExpiresAt: o.expiry()})
	default:
		total := v.Agreed.Total
		for _, q := range v.Quotes {
			total += q.ApprovedTotal
		}
		o.ask(ctx, o.mechanic, 0, &request.CompleteRepair{Total: &total})
	}
}

// wait leaves an open quote alone for a while; then somebody calls, or withdraws
// it.
func (o *order) wait(ctx context.Context, v readmodel.Repair) {
	q, who := v.Quotes[len(v.Quotes)-1], v.Customer
	if v.Approver != nil {
		who = *v.Approver
	}
	call := who.Email == "" || len(v.Messages) > 0 && v.Messages[len(v.Messages)-1].Kind == repair.Callback
	if !call && o.Now().Sub(q.RequestedAt) < o.patience {
		return
	}
	if o.Float64() < 0.15 {
		o.ask(ctx, o.mechanic, q.Revision, &request.WithdrawQuote{Reason: pick(o.Rand, withdrawals)})
		return
	}
	body := &request.DecideQuote{Method: repair.ByPhone, Name: who.Name, TotalSeen: new(int64)}
	for _, line := range q.Lines {
		a := request.Answer{Line: line.Line, Answer: repair.Approve}
		if o.Float64() < 0.3 {
			a.Answer, a.Reason = repair.Reject, repair.ReasonLater
		} else {
			*body.TotalSeen += line.Total
		}
		body.Lines = append(body.Lines, a)
	}
	o.ask(ctx, o.desk, q.Revision, body)
}

// tooLate are the refusals of a request that came just too late.
var tooLate = map[repair.Code]bool{
	repair.IllegalState: true, repair.Superseded: true, repair.Expired: true, repair.Withdrawn: true, repair.AlreadyDecided: true,
}

// ask sends a request; it reports whether it was accepted.
func (o *order) ask(ctx context.Context, who repair.Actor, revision int32, body request.Body) bool {
	o.asked++
	s := Step{Request: request.Request{
		Garage: o.garage.ID, RepairID: o.id, Revision: revision, Actor: who, Body: body,
		// The time tells keys apart from those before a restart.
		Key: fmt.Sprintf("%s%d-%d", liveRef, o.Now().UnixMilli(), o.asked),
	}}
	a, err := o.Client.ask(ctx, s, Repair{})
	var reply struct{ Sequence int64 }
	switch {
	case ctx.Err() != nil:
		return false
	case err != nil:
		o.Client.Stats.unexpected("ask")
		o.Client.Log.ErrorContext(ctx, "staff cannot ask", "garage", o.garage.ID, "error", err)
		return false
	case tooLate[a.code]:
		return false
	case a.code != "" || json.Unmarshal(a.body, &reply) != nil:
		o.Client.unexpected(s, a)
		return false
	}
	o.seen = max(o.seen, reply.Sequence)
	return true
}
