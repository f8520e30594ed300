package latency

import (
	"cmp"
	"slices"
	"strconv"

	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// event ends and begins the waits between events. Events come in the order of
// their sequence; a repeated one changes nothing.
func (s step) event(event repair.Event) {
	seq, at := repair.SequenceOf(event), event.Head().OccurredAt
	if seq <= s.Sequence {
		return
	}
	s.Sequence = seq
	if by := event.Head().Actor; by.Role == repair.Mechanic {
		s.works(by.ID)
	}
	if resumes(event) {
		s.end(record.MeasureResume, "resumed")
	}
	effect := repair.EffectOf(event)
	switch e := event.(type) {
	case *repair.RepairStarted:
		s.begin(Wait{Measure: record.MeasureTurnaround, Mechanic: s.Mechanic})

	case *repair.ApprovalRequested:
		s.closed(effect.Quote, "")
		if _, waiting := s.waiting(record.MeasureCustomerWait); !waiting {
			s.begin(Wait{Measure: record.MeasureCustomerWait, Revision: e.Revision, Mechanic: e.AskedBy.ID})
		}
		s.begin(Wait{
			Measure: record.MeasureApproval, Revision: e.Revision, Mechanic: e.AskedBy.ID,
			Amount: e.Quote.Total, Currency: e.Quote.Currency,
		})
		s.quote(e.Revision, func(q *Quote) { q.Requested, q.Mechanic = true, e.AskedBy.ID })

	case *repair.QuoteDecided:
		if e.Method == repair.ByPage {
			s.quote(e.Revision, func(q *Quote) { first(&q.ViewedAt, at) })
		}
		asked, _ := s.waiting(record.MeasureApproval)
		s.closed(effect.Quote, string(e.Decision))
		s.end(record.MeasureCustomerWait, string(e.Decision))
		s.begin(Wait{Measure: record.MeasureResume, Revision: e.Revision, Mechanic: asked.Mechanic})

	case *repair.QuoteExpired, *repair.QuoteWithdrawn:
		s.closed(effect.Quote, "")
		s.end(record.MeasureCustomerWait, string(effect.Quote))

	case *repair.QuoteViewed:
		s.quote(e.Revision, func(q *Quote) { first(&q.ViewedAt, at) })

	case *repair.MessagePosted:
		s.message(e)

	case *repair.RepairCompleted:
		s.over(effect.State)

	case *repair.VehicleCollected, *repair.RepairCancelled:
		s.closed(effect.Quote, "")
		s.over(effect.State)
		s.Over, s.Mechanic = true, ""

	case *repair.ReadyTimeChanged, *repair.ContactCorrected, *repair.LinkRequested, *repair.LinksRevoked: // at most somebody's next action
	}
}

// works records who works on the car. The turnaround of a repair that the garage's
// own system started concerns the first mechanic who acts.
func (s step) works(mechanic string) {
	s.Mechanic = mechanic
	for i := range s.Waits {
		if w := &s.Waits[i]; w.Measure == record.MeasureTurnaround && w.Mechanic == "" {
			w.Mechanic = mechanic
		}
	}
}

// resumes reports whether an event shows that a mechanic resumed work: anything that
// a mechanic does, or the garage's own system on their behalf; and, whoever did it,
// another request for approval and completion. Collection and cancellation never do.
func resumes(event repair.Event) bool {
	switch event.(type) {
	case *repair.ApprovalRequested, *repair.RepairCompleted:
		return true
	case *repair.RepairCancelled, *repair.VehicleCollected:
		return false
	case *repair.RepairStarted, *repair.QuoteDecided, *repair.QuoteExpired, *repair.QuoteWithdrawn, *repair.QuoteViewed,
		*repair.ReadyTimeChanged, *repair.ContactCorrected, *repair.MessagePosted,
		*repair.LinkRequested, *repair.LinksRevoked: // it depends on who did it
	}
	by := event.Head().Actor.Role
	return by == repair.Mechanic || by == repair.Integrator
}

// message begins a staff_response with the customer's first unanswered message, and
// ends it with the first reply. Notes are not for the customer, and what follows
// once the repair is over ("thanks!") makes nobody wait.
func (s step) message(e *repair.MessagePosted) {
	switch {
	case e.Actor.Role.CustomerSide():
		if asked, open := s.waiting(record.MeasureApproval); open {
			s.quote(asked.Revision, func(q *Quote) {
				first(&q.ViewedAt, e.OccurredAt)
				q.WroteAt = append(q.WroteAt, e.OccurredAt)
			})
		}
		if _, waiting := s.waiting(record.MeasureStaffResponse); !waiting && !s.Over {
			s.begin(Wait{Measure: record.MeasureStaffResponse, Mechanic: s.Mechanic})
		}
	case e.Kind == repair.Text:
		s.end(record.MeasureStaffResponse, "replied")
	}
}

// closed ends the wait for the open revision, if the event closes it. Its outcome is
// the decision, or what else became of the quote.
func (s step) closed(as repair.QuoteStatus, decision string) {
	w, open := s.waiting(record.MeasureApproval)
	if !open || as == "" {
		return
	}
	s.end(w.Measure, cmp.Or(decision, string(as)))
	s.quote(w.Revision, func(q *Quote) { q.ClosedAt, q.Closed = s.Time(), as })
}

// over ends every wait.
func (s step) over(as repair.State) {
	for _, m := range record.Measures {
		s.end(m, string(as))
	}
}

func (s step) waiting(m record.Measure) (Wait, bool) {
	i := slices.IndexFunc(s.Waits, func(w Wait) bool { return w.Measure == m })
	if i < 0 {
		return Wait{}, false
	}
	return s.Waits[i], true
}

// begin opens a wait at the event being handled. A measure has one at a time.
func (s step) begin(w Wait) {
	w.Sequence, w.StartedAt = s.Sequence, s.Time()
	s.Waits = append(s.Waits, w)
	s.emit(w.row(), w.identity())
}

// end closes the measure's open wait, if there is one, at the event being handled.
func (s step) end(m record.Measure, outcome string) {
	w, open := s.waiting(m)
	if !open {
		return
	}
	s.Waits = slices.DeleteFunc(s.Waits, func(w Wait) bool { return w.Measure == m })
	s.emit(until(s.Time(), outcome, ended, w.row()), w.identity())
}

func (w Wait) identity() string { return strconv.FormatInt(w.Sequence, 10) }

func (w Wait) row() record.Latency {
	return record.Latency{
		Measure: w.Measure, Version: open, StartedAt: w.StartedAt,
		Mechanic: w.Mechanic, Revision: w.Revision, Amount: w.Amount, Currency: w.Currency,
	}
}
