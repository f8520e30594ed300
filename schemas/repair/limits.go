package repair

// What a repair may pile up. A repair of a garage has a few dozen events and some
// thousand bytes of text; but the state that a processor keeps of it, with every mail
// that waits for a relay that is away, must fit in one record of the log.
const (
	maxEvents    = 500
	maxRevisions = 50
	maxTexts     = 250_000 // bytes
)

// What the customer's side may write of it. A link can be in anybody's hands, and whoever
// holds it must not be able to use up what the garage needs.
const (
	maxSaid      = 200
	maxSaidTexts = 60_000 // bytes
)

// What else is kept for the garage to reach the customer by: another address, a fresh
// link, another promise; and as much again to end the links.
const (
	spareEvents = 100
	spareTexts  = 50_000 // bytes
)

// full refuses the commands that anybody can repeat for ever, once the repair has enough
// of what follows from them. Those that end or decide something are never refused for it:
// they are as few as the quotes.
func (h *handling) full() *Verdict {
	events, texts := int64(maxEvents), int64(maxTexts)
	var text int64
	switch c := h.cmd.(type) {
	case *StartRepair:
		if h.State != NotStarted {
			return nil
		}
		text = c.Agreed.text()
	case *RequestApproval:
		if len(h.Revisions) >= maxRevisions {
			return refuse(IllegalState, "the repair has had %d quotes, and takes no more: start another repair for what is still to be done", maxRevisions)
		}
		text = c.Work.text()
	case *PostMessage:
		text = int64(len(c.Text.Bytes))
		if c.Actor.Role.CustomerSide() && (h.Said >= maxSaid || h.SaidTexts+text > maxSaidTexts) {
			return refuse(IllegalState, "the customer has written %d messages of %d bytes, and the conversation takes no more of them: call the garage", h.Said, h.SaidTexts)
		}
	case *CorrectContact:
		text = int64(len(c.Contact.Personal.Bytes))
		events, texts = events+spareEvents, texts+spareTexts
	case *ChangeReadyTime, *RequestLink:
		events, texts = events+spareEvents, texts+spareTexts
	case *RevokeLinks:
		events += 2 * spareEvents
	case *DecideQuote, *WithdrawQuote, *CompleteRepair, *CollectVehicle, *CancelRepair, *RecordView:
		return nil
	}
	switch {
	case h.Sequence >= events:
		return refuse(IllegalState, "the repair has had %d events, and takes no more messages, quotes or changes: start another repair for what is still to be done", h.Sequence)
	case text > maxTexts:
		return invalid([]FieldError{{"", "its texts take more than a repair may have: shorten them"}})
	case h.Texts+text > texts:
		return refuse(IllegalState, "the texts of the repair take %d bytes of at most %d, and %d more do not fit: shorten them, or start another repair for what is still to be done",
			h.Texts, texts, text)
	}
	return nil
}

// textsOf returns the bytes of text that an event adds to its repair.
func textsOf(e Event) int64 {
	switch e := e.(type) {
	case *RepairStarted:
		return e.Agreed.text()
	case *ApprovalRequested:
		return e.Quote.text()
	case *MessagePosted:
		return int64(len(e.Text.Bytes))
	case *ContactCorrected:
		return int64(len(e.Contact.Personal.Bytes))
	case *QuoteWithdrawn:
		return int64(len(e.Reason.Bytes))
	case *RepairCompleted:
		return int64(len(e.Reason.Bytes))
	case *RepairCancelled:
		return int64(len(e.Reason.Bytes))
	case *QuoteDecided, *QuoteExpired, *QuoteViewed, *ReadyTimeChanged, *VehicleCollected, *LinkRequested, *LinksRevoked:
	}
	return 0
}

func (w Work) text() (n int64) {
	for _, l := range w.Lines {
		n += l.text()
	}
	return n
}

func (q Quote) text() (n int64) {
	for _, l := range q.Lines {
		n += l.text()
	}
	return n
}

func (l Line) text() int64 {
	n := len(l.Title) + len(l.Consequence)
	for _, d := range l.Details {
		n += len(d.Description) + len(d.Quantity)
	}
	return int64(n)
}
