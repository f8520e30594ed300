package latency

import (
	"slices"
	"strconv"
	"time"

	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// requestAccepted records that a mail server accepted a request for approval.
func (s step) requestAccepted(r *record.DeliveryAccepted) {
	if r.Kind != record.NotifyApprovalRequired {
		return
	}
	s.quote(r.Revision, func(q *Quote) {
		if q.AcceptedAt.IsZero() {
			q.AcceptedAt, q.Channel = s.Time(), r.Channel
		}
	})
}

// quote adds a fact about a revision and emits the rows that it changes. Once nothing
// can change them, only the revision's number is kept.
func (s step) quote(revision int32, fact func(*Quote)) {
	if slices.Contains(s.Answered, revision) {
		return
	}
	i := slices.IndexFunc(s.Quotes, func(q Quote) bool { return q.Revision == revision })
	if i < 0 {
		i, s.Quotes = len(s.Quotes), append(s.Quotes, Quote{Revision: revision})
	}
	q := &s.Quotes[i]
	before := q.rows()
	fact(q)
	for n, row := range q.rows() {
		if len(before) == 0 || before[n].Version != row.Version {
			s.emit(row, strconv.Itoa(int(revision)))
		}
	}
	if q.Requested && !q.AcceptedAt.IsZero() && !q.ClosedAt.IsZero() {
		s.Quotes = slices.Delete(s.Quotes, i, i+1)
		s.Answered = append(s.Answered, revision)
	}
}

// rows returns the revision's view and response; none while it is not known who asked
// or when the request was accepted.
func (q *Quote) rows() []record.Latency {
	if !q.Requested || q.AcceptedAt.IsZero() {
		return nil
	}
	row := record.Latency{Version: open, StartedAt: q.AcceptedAt, Mechanic: q.Mechanic, Revision: q.Revision}
	view, response := row, row
	view.Measure, view.Channel = record.MeasureView, q.Channel
	response.Measure = record.MeasureResponse

	otherwise := string(q.Closed)
	if q.ClosedAt.Before(q.AcceptedAt) {
		otherwise = void // the customer had nothing yet
	}
	wrote := slices.IndexFunc(q.WroteAt, func(t time.Time) bool { return !t.Before(q.AcceptedAt) })
	switch {
	case !q.ViewedAt.IsZero():
		view = until(q.ViewedAt, "viewed", ended, view)
	case !q.ClosedAt.IsZero():
		view = until(q.ClosedAt, otherwise, ended, view)
	}
	switch {
	case wrote >= 0:
		response = until(q.WroteAt[wrote], "message", ended, response)
	case q.Closed == repair.StatusDecided && otherwise != void:
		response = until(q.ClosedAt, "decided", ended, response)
	case !q.ClosedAt.IsZero():
		response = until(q.ClosedAt, otherwise, ended, response)
	}
	return []record.Latency{view, response}
}
