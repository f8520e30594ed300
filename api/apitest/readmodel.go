package apitest

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"pitstop/schemas/avro"
	"pitstop/schemas/readmodel"
	"pitstop/schemas/repair"
)

// The read model.

func (w *World) Repair(_ context.Context, sight readmodel.Sight, id string) (*readmodel.Repair, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	v := w.views[id]
	switch {
	case w.Broken != nil:
		return nil, w.Broken
	case v == nil || !sight.Sees(v.GarageID):
		return nil, readmodel.ErrNotFound
	}
	c := *v
	c.Quotes, c.Messages = slices.Clone(v.Quotes), slices.Clone(v.Messages)
	sight.Repair(&c)
	return &c, nil
}

func (w *World) Sequence(_ context.Context, id string) (int64, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if v := w.views[id]; v != nil {
		return v.Sequence, w.Broken
	}
	return 0, w.Broken
}

func (w *World) Repairs(_ context.Context, f readmodel.RepairFilter) (readmodel.Page[readmodel.RepairItem], error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.Asked = append(w.Asked, f)
	if f.Cursor != "" {
		return readmodel.Page[readmodel.RepairItem]{}, readmodel.ErrCursor
	}
	page := readmodel.Page[readmodel.RepairItem]{AsOf: w.now}
	for _, v := range w.views {
		if slices.Contains(f.Garages, v.GarageID) && (f.States == nil || slices.Contains(f.States, v.State)) && (f.Plate == "" || f.Plate == v.Vehicle.Plate) {
			page.Items = append(page.Items, readmodel.RepairItem{RepairID: v.RepairID, GarageID: v.GarageID, State: v.State, WaitingFor: v.WaitingFor})
		}
	}
	return page, w.Broken
}

func (w *World) Timeline(_ context.Context, sight readmodel.Sight, id string) (*readmodel.Timeline, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	t := &readmodel.Timeline{RepairID: id, AsOf: w.now}
	for _, e := range w.events {
		if e.RepairID == id && sight.Sees(e.GarageID) {
			entry := readmodel.TimelineEntry{At: e.OccurredAt, Kind: e.Type, Actor: e.Actor}
			if err := json.Unmarshal(e.Data, &entry.Data); err != nil {
				return nil, err
			}
			t.Entries = append(t.Entries, entry)
		}
	}
	sight.Timeline(t)
	return t, w.Broken
}

func (w *World) Conversations(_ context.Context, f readmodel.ConversationFilter) (readmodel.Page[readmodel.Conversation], error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.Asked = append(w.Asked, f)
	return readmodel.Page[readmodel.Conversation]{AsOf: w.now}, w.Broken
}

func (w *World) Latencies(_ context.Context, q readmodel.LatencyQuery) (*readmodel.Latencies, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.Asked = append(w.Asked, q)
	return &readmodel.Latencies{Measure: q.Measure, AsOf: w.now}, w.Broken
}

func (w *World) Outcome(_ context.Context, id string) (*readmodel.CommandOutcome, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	o := w.done[id]
	if o == nil || w.Lagging {
		return nil, readmodel.ErrNotFound
	}
	return &readmodel.CommandOutcome{
		CommandID: id, RepairID: o.AggregateID, Result: readmodel.Result(o.Result), Code: o.Code, Detail: o.Detail,
		State: o.State, Sequence: o.Sequence, Sender: o.Actor, GarageID: o.GarageID,
	}, w.Broken
}

func (w *World) AsOf(context.Context) (time.Time, error) { return w.clock(), w.Broken }

// project applies the events that the views lack.
func (w *World) project() {
	ctx := context.Background()
	for _, e := range w.behind {
		h := e.Head()
		v := w.views[h.AggregateID]
		if v == nil {
			v = &readmodel.Repair{RepairID: h.AggregateID, GarageID: h.GarageID, StartedAt: h.OccurredAt, Mechanic: h.Actor.ID, Quotes: []readmodel.Quote{}, Messages: []readmodel.Message{}}
			w.views[h.AggregateID] = v
		}
		quote := func(n int32) *readmodel.Quote { return &v.Quotes[n-1] }
		at := h.OccurredAt
		if closed := repair.EffectOf(e).Quote; closed != "" {
			for i, q := range v.Quotes {
				if q.Status == repair.StatusOpen {
					v.Quotes[i].Status, v.Quotes[i].ClosedAt = closed, &at
				}
			}
		}
		switch e := e.(type) {
		case *repair.RepairStarted:
			car, _ := avro.Open[repair.VehicleDetails](ctx, w.Codec, e.Vehicle)
			v.Vehicle = readmodel.Vehicle{Plate: car.Plate, Country: car.Country, Description: car.Description}
			v.Customer = *w.person(&e.Customer)
			v.Approver = w.person(e.Approver)
			if v.ExternalRef, v.Bay = e.ExternalRef, e.Bay; !e.ReadyAt.IsZero() {
				v.ReadyAt = &e.ReadyAt
			}
			v.Agreed = workOf(e.Agreed)
		case *repair.ApprovalRequested:
			q := readmodel.Quote{Revision: e.Revision, Status: repair.StatusOpen, Work: workOf(e.Quote), RequestedAt: at, AskedBy: e.AskedBy.ID, ExpiresAt: e.ExpiresAt}
			if !e.AnswerBy.IsZero() {
				q.AnswerBy = &e.AnswerBy
			}
			v.Quotes = append(v.Quotes, q)
		case *repair.QuoteViewed:
			quote(e.Revision).ViewedAt = &at
		case *repair.QuoteDecided:
			q := quote(e.Revision)
			q.Lines = slices.Clone(q.Lines)
			q.Decision, q.ApprovedTotal, q.Method = e.Decision, e.ApprovedTotal, e.Method
			ev, _ := avro.Open[repair.Evidence](ctx, w.Codec, e.Evidence)
			q.DecidedBy = ev.Name
			for _, a := range e.Answers {
				q.Lines[a.Line-1].Answer, q.Lines[a.Line-1].Reason = a.Answer, a.Reason
			}
			for _, x := range ev.Texts {
				q.Lines[x.Line-1].Text = x.Text
			}
		case *repair.ReadyTimeChanged:
			v.ReadyAt = &e.ReadyAt
		case *repair.ContactCorrected:
			if e.Party == repair.TheCustomer {
				v.Customer = *w.person(&e.Contact)
			} else {
				v.Approver = w.person(&e.Contact)
			}
			if !e.SameAddress {
				*v.LinksSince.Of(e.Party) = e.Sequence
			}
		case *repair.LinksRevoked:
			v.LinksSince = readmodel.LinksSince{Customer: e.Sequence, Approver: e.Sequence}
		case *repair.RepairCompleted:
			reason, _ := avro.Open[repair.FreeText](ctx, w.Codec, e.Reason)
			v.CompletedAt, v.Total, v.TotalReason = &at, &e.Total, reason.Text
		case *repair.MessagePosted:
			text, _ := avro.Open[repair.FreeText](ctx, w.Codec, e.Text)
			v.Messages = append(v.Messages, readmodel.Message{At: at, Kind: e.Kind, From: h.Actor.Role, By: h.Actor.ID, Text: text.Text})
		}
		v.Sequence, v.State, v.AsOf = repair.SequenceOf(e), w.repairs[h.AggregateID].State, at
		v.WaitingFor = map[bool]readmodel.WaitingFor{true: readmodel.ForMechanic, false: readmodel.ForNobody}[v.State == repair.InProgress]
		if v.State == repair.AwaitingApproval {
			v.WaitingFor = readmodel.ForCustomer
		}
	}
	w.behind = nil
}

func (w *World) person(c *repair.Contact) *readmodel.Person {
	if c == nil {
		return nil
	}
	d, _ := avro.OpenContact(context.Background(), w.Codec, *c)
	return &readmodel.Person{ID: c.ID, Name: d.Name, Email: d.Email, Phone: d.Phone, Language: c.Language}
}

func workOf(q repair.Quote) readmodel.Work {
	work := readmodel.Work{Currency: q.Currency, PricesIncludeVAT: q.PricesIncludeVAT, Total: q.Total}
	for _, a := range q.VAT {
		work.VAT = append(work.VAT, readmodel.VAT{Rate: a.Rate, Amount: a.Amount})
	}
	for _, l := range q.Lines {
		line := readmodel.Line{Line: l.Number, Title: l.Title, Urgency: l.Urgency, Consequence: l.Consequence, Total: l.Total}
		for _, d := range l.Details {
			line.Details = append(line.Details, readmodel.Detail{Kind: d.Kind, Description: d.Description, Quantity: d.Quantity, UnitPrice: d.UnitPrice, VAT: d.VAT})
		}
		work.Lines = append(work.Lines, line)
	}
	return work
}
