package repair

import (
	"fmt"
	"slices"
)

// Holder is what the state machine remembers of somebody who gets links to a repair.
type Holder struct {
	// The contact as it is now; absent: not known, in a repair that an earlier version started.
	Contact *Contact `avro:"contact"`
	// Links made before this sequence have ended; 0: none has.
	Since int64 `avro:"since"`
}

// correct replaces the contact, and ends the links that went to another address.
func (h *Holder) correct(e *ContactCorrected) {
	h.Contact = &e.Contact
	if !e.SameAddress {
		h.Since = e.Sequence
	}
}

// holder returns the holder of a contact's links, nil where the repair has no such contact.
func (r *Repair) holder(p Party) *Holder {
	if p == TheApprover {
		return r.Approver
	}
	return &r.Customer
}

// ended reports whether the link through which a command came has ended.
func (r *Repair) ended(c Command) bool {
	by := c.Head().Actor.Role
	if !by.CustomerSide() {
		return false
	}
	holder := r.holder(Party(by))
	return holder != nil && c.ask().LinkSequence < holder.Since
}

// correct merges a correction into the contact that is known.
func (h *handling) correct(c *CorrectContact) *Verdict {
	if h.State.Final() {
		return h.illegal("the repair is over")
	}
	if !c.Party.known() {
		return invalid([]FieldError{{"/party", "must be customer or approver"}})
	}
	var before Contact
	needed := []ContactField{ContactName} // of an approver that there was not
	if holder := h.holder(c.Party); holder != nil {
		if holder.Contact != nil {
			before, needed = *holder.Contact, nil
		} else {
			needed = append(needed, ContactEmail, ContactPhone)
		}
	}
	errs := c.Contact.check("/contact")
	for i, f := range c.Fields {
		if !slices.Contains(contactFields, f) {
			errs = append(errs, FieldError{fmt.Sprintf("/fields/%d", i), "must be id, language, name, email or phone"})
		}
	}
	for _, f := range needed {
		if len(c.Fields) > 0 && !slices.Contains(c.Fields, f) {
			errs = append(errs, FieldError{"/contact/" + string(f), "is missing: of this contact it is not known"})
		}
	}
	if v := invalid(errs); v != nil {
		return v
	}
	e := &ContactCorrected{Party: c.Party, Contact: before.merge(c.Contact, c.Fields)}
	// An address of which no digest is known is another one.
	e.SameAddress = len(needed) == 0 && (before.Address != "" && before.Address == e.Contact.Address ||
		len(c.Fields) > 0 && !slices.Contains(c.Fields, ContactEmail))
	h.emit(e)
	return nil
}
