package latency

import (
	"hash/fnv"
	"slices"

	"pitstop/schemas/record"
)

// notice adds a fact about a notification and emits its row if that changes it.
// Once it was accepted, only a hash of its id is kept.
func (s step) notice(of record.Notice, fact func(*Notice)) {
	key := hash(of.NotificationID)
	if slices.Contains(s.Accepted, key) {
		return
	}
	i := slices.IndexFunc(s.Notices, func(n Notice) bool { return n.ID == of.NotificationID })
	if i < 0 {
		i, s.Notices = len(s.Notices), append(s.Notices, Notice{
			ID: of.NotificationID, Kind: of.Kind, Revision: of.Revision, Channel: of.Channel,
		})
	}
	n := &s.Notices[i]
	before := n.row()
	fact(n)
	row := n.row()
	if row.Version != before.Version {
		s.emit(row, n.ID)
	}
	switch {
	case row.Version == accepted:
		s.Accepted = append(s.Accepted, key)
		fallthrough
	case n.unknown():
		s.Notices = slices.Delete(s.Notices, i, i+1)
	}
}

func (n *Notice) requested(r *record.NotificationRequested) {
	if n.RequestedAt.IsZero() {
		n.RequestedAt, n.Mechanic = r.FirstRequestedAt, r.Mechanic.ID
	}
}

// unknown reports whether nothing that counts is known about the notification. For
// one that was suppressed and never requested, nobody waited.
func (n *Notice) unknown() bool {
	return n.RequestedAt.IsZero() && n.AcceptedAt.IsZero() && n.FailedAt.IsZero()
}

// row returns the row of the notification's delivery; its version is 0 while the
// request is not known.
func (n *Notice) row() record.Latency {
	row := record.Latency{
		Measure: record.MeasureDelivery, Version: open, StartedAt: n.RequestedAt,
		Kind: n.Kind, Revision: n.Revision, Channel: n.Channel, Mechanic: n.Mechanic,
	}
	switch {
	case n.RequestedAt.IsZero():
		return record.Latency{}
	case !n.AcceptedAt.IsZero():
		return until(n.AcceptedAt, "accepted", accepted, row)
	case !n.FailedAt.IsZero():
		return until(n.FailedAt, "failed", failed, row)
	case !n.SuppressedAt.IsZero():
		return until(n.SuppressedAt, "suppressed", ended, row)
	}
	return row
}

func hash(id string) int64 {
	h := fnv.New64a()
	h.Write([]byte(id))
	return int64(h.Sum64())
}
