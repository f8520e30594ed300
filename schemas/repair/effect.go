package repair

import "cmp"

// Effect is what an event does to where a repair and its quotes stand.
type Effect struct {
	// State is the repair's state from then on; NotStarted: the event does not change it.
	State State
	// Quote is what becomes of the revision that is open; empty: it stays open. Of
	// the revisions of a repair at most one is, so an event never closes another.
	Quote QuoteStatus
}

// EffectOf returns what an event does to where a repair and its quotes stand. That
// depends on the event's type only: an empty event of the type has the same effect.
func EffectOf(e Event) Effect {
	switch e.(type) {
	case *RepairStarted:
		return Effect{State: InProgress}
	case *ApprovalRequested: // and opens a revision
		return Effect{AwaitingApproval, StatusReplaced}
	case *QuoteDecided:
		return Effect{InProgress, StatusDecided}
	case *QuoteExpired:
		return Effect{InProgress, StatusExpired}
	case *QuoteWithdrawn:
		return Effect{InProgress, StatusWithdrawn}
	case *RepairCompleted:
		return Effect{State: Completed}
	case *VehicleCollected:
		return Effect{State: Collected}
	case *RepairCancelled:
		return Effect{Cancelled, StatusCancelled}
	case *QuoteViewed, *ReadyTimeChanged, *ContactCorrected, *MessagePosted:
	}
	return Effect{}
}

// After returns the state of a repair that was in s, after an event.
func (s State) After(e Event) State { return cmp.Or(EffectOf(e).State, s) }
