package repair

import (
	"fmt"
	"reflect"
	"time"
)

// What a repair may pile up. A repair of a garage has a few dozen events and some
// thousand bytes of text; but the state that a processor keeps of it, with every mail
// that waits for a relay that is away, must fit in one record of the log.
const (
	maxEvents    = 500
	maxRevisions = 50
	maxTexts     = 250_000 // bytes, as weigh counts them
)

// What the customer's side may write of it. A link can be in anybody's hands, and whoever
// holds it must not be able to use up what the garage needs.
const (
	maxSaid      = 200
	maxSaidTexts = 60_000 // bytes
)

// What is never refused for what was before: spareEvents more for each step of what a
// garage reaches a customer by, corrections last; and an answer, or an end, with a text of
// so many bytes. An answer through a page has a name, an address and a browser, which are
// at most 1,500.
const (
	spareEvents = 100
	spareText   = 2_000
)

// Bounds of what is kept of one contact, and of what a header says of its sender. Both are
// replaced by what comes later, and do not pile up.
const (
	maxContact = 4_000 // bytes
	maxName    = 255   // bytes
)

// full refuses an event that a repair has no room for: of those that anybody can repeat for
// ever, once there is enough of what follows from them. What ends or decides something is
// refused for its text only, and taken without it.
func (h *handling) full(e Event) *Verdict {
	switch e := e.(type) {
	case *RepairStarted, *MessagePosted:
		return h.crowded(e, maxEvents)
	case *ApprovalRequested:
		if len(h.Revisions) >= maxRevisions {
			return refuse(IllegalState, "the repair has had %d quotes, and takes no more: start another repair for what is still to be done", maxRevisions)
		}
		return h.crowded(e, maxEvents)
	case *ReadyTimeChanged:
		return h.crowded(e, maxEvents+spareEvents)
	case *LinkRequested:
		return h.crowded(e, maxEvents+2*spareEvents)
	case *LinksRevoked:
		return h.crowded(e, maxEvents+3*spareEvents)
	case *ContactCorrected: // there are 100 more than everything before can use up
		return h.crowded(e, maxEvents+5*spareEvents)
	case *QuoteDecided:
		return h.wordy(e, e.Evidence, "leave the remarks out")
	case *QuoteWithdrawn:
		return h.wordy(e, e.Reason, "shorten the reason")
	case *RepairCompleted:
		return h.wordy(e, e.Reason, "shorten the reason")
	case *RepairCancelled:
		return h.wordy(e, e.Reason, "shorten the reason")
	case *QuoteExpired, *QuoteViewed, *VehicleCollected: // as few as the quotes, and wordless
	}
	return nil
}

// crowded refuses an event where there are so many before it, or where it does not fit.
func (h *handling) crowded(e Event, most int64) *Verdict {
	if h.Sequence >= most {
		return refuse(IllegalState, "the repair has had %d events, and takes no more messages, quotes or changes: start another repair for what is still to be done", h.Sequence)
	}
	text := textsOf(e)
	switch {
	case text == 0:
		return nil
	case text > maxTexts:
		return invalid([]FieldError{{"", "its texts take more than a repair may have: shorten them"}})
	case e.Head().Actor.Role.CustomerSide() && (h.Said >= maxSaid || h.SaidTexts+text > maxSaidTexts):
		return refuse(IllegalState, "the customer has written %d messages, and %d bytes with the remarks on quotes, and the conversation takes no more of them: call the garage", h.Said, h.SaidTexts)
	case h.Texts+text > maxTexts:
		return refuse(IllegalState, "the texts of the repair take %d bytes of at most %d, and %d more do not fit: shorten them, or start another repair for what is still to be done",
			h.Texts, maxTexts, text)
	}
	return nil
}

// wordy refuses the text of an answer or an end where it does not fit.
func (h *handling) wordy(e Event, words Personal, instead string) *Verdict {
	text := textsOf(e)
	switch {
	case len(words.KeyID)+len(words.Bytes) <= spareText:
		return nil
	case e.Head().Actor.Role.CustomerSide() && h.SaidTexts+text > maxSaidTexts, h.Texts+text > maxTexts:
		return refuse(IllegalState, "its text of %d bytes does not fit: the texts of the repair take %d of at most %d, those of the customer %d of at most %d; %s, since %d bytes always fit",
			len(words.Bytes), h.Texts, maxTexts, h.SaidTexts, maxSaidTexts, instead, spareText)
	}
	return nil
}

// textsOf returns what an event adds to what processors keep of its repair, in bytes. What
// takes the place of something before it adds nothing.
func textsOf(e Event) int64 {
	switch e := e.(type) {
	case *RepairStarted, *ApprovalRequested, *MessagePosted, *QuoteDecided, *QuoteWithdrawn, *RepairCompleted, *RepairCancelled:
		return weigh(reflect.ValueOf(e)) + weigh(reflect.ValueOf(e.Head().Actor))
	case *ContactCorrected, *ReadyTimeChanged, *LinkRequested, *LinksRevoked, *QuoteExpired, *QuoteViewed, *VehicleCollected:
	}
	return 0
}

// weigh returns about how many bytes a value takes in a record: at least as many as it
// does, as long as its numbers are those of a repair. Of an event it leaves out what every
// event has.
func weigh(v reflect.Value) (n int64) {
	const short = 2 // the length of a text, or of a list
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			n = weigh(v.Elem())
		}
		return n + 1
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return 10
		}
		for i := range v.NumField() {
			if f := v.Type().Field(i).Type; f != reflect.TypeFor[Header]() && f != reflect.TypeFor[Fact]() {
				n += weigh(v.Field(i))
			}
		}
		return n
	case reflect.String:
		return int64(v.Len()) + short
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return int64(v.Len()) + short
		}
		for i := range v.Len() {
			n += weigh(v.Index(i))
		}
		return n + short
	case reflect.Bool:
		return 1
	default: // amounts stay below maxTotal
		return 6
	}
}

// check returns what is wrong with what a header says of its sender.
func (h *Header) check() (errs []FieldError) {
	for _, x := range []struct {
		pointer, text string
		most          int
	}{
		{"/correlation_id", h.CorrelationID, IDBytes},
		{"/garage_id", h.GarageID, maxName},
		{"/actor/id", h.Actor.ID, maxName},
		{"/actor/role", string(h.Actor.Role), maxName},
	} {
		if len(x.text) > x.most {
			errs = append(errs, FieldError{x.pointer, fmt.Sprintf("takes %d bytes, more than %d", len(x.text), x.most)})
		}
	}
	return errs
}

// check returns what is wrong with a contact, with pointers to it at.
func (c Contact) check(at string) []FieldError {
	if n := weigh(reflect.ValueOf(c)); n > maxContact {
		return []FieldError{{at, fmt.Sprintf("takes %d bytes, more than %d", n, maxContact)}}
	}
	return nil
}
