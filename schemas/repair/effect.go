package repair

import "cmp"

// Effect is what an event does to the state of a repair and the status of its quotes.
type Effect struct {
	// State is the repair's new state; NotStarted: the event does not change it.
	State State
	// Quote is the new status of the open revision; empty: it stays open. At most
	// one revision of a repair is open, so an event never closes any other.
	Quote QuoteStatus
}

// EffectOf returns the effect of an event. It depends on the event's type only: an
// empty event of the type has the same effect.
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

// After returns the state that an event moves a repair in state s to.
func (s State) After(e Event) State { return cmp.Or(EffectOf(e).State, s) }
